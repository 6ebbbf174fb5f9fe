/*
 * clock: the system's two clocks, and one that stands still.
 *
 * DIAGNOSTICS
 * clock_gettime() cannot fail for these clocks on any kernel the project runs
 * on; if it did, the time would read 0, which is in the past for everybody.
 */
#include "base/clock.h"

#include <time.h>

static int64_t milliseconds(clockid_t id)
{
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t system_wall(const struct clock *c)
{
    (void)c;
    return milliseconds(CLOCK_REALTIME);
}

static int64_t system_boot(const struct clock *c)
{
    (void)c;
    return milliseconds(CLOCK_BOOTTIME);
}

const struct clock *clock_system(void)
{
    static const struct clock system = {.wall = system_wall, .boot = system_boot};
    return &system;
}

/* The fake's clock is its first member. */
static int64_t fake_wall(const struct clock *c)
{
    return ((const struct fake_clock *)c)->wall_ms;
}

static int64_t fake_boot(const struct clock *c)
{
    return ((const struct fake_clock *)c)->boot_ms;
}

void fake_clock_init(struct fake_clock *c, int64_t wall_ms)
{
    *c = (struct fake_clock){.clock = {.wall = fake_wall, .boot = fake_boot}, .wall_ms = wall_ms};
}

void fake_clock_advance(struct fake_clock *c, int64_t ms)
{
    c->wall_ms += ms;
    c->boot_ms += ms;
}

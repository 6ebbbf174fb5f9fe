/*
 * clock: the only reader of time. Logic takes times as arguments; the edge asks a clock.
 *
 * wall: milliseconds since the epoch, may jump. boot: CLOCK_BOOTTIME milliseconds,
 * for waits: never jumps, goes on through suspend.
 */
#ifndef NT_BASE_CLOCK_H
#define NT_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall)(const struct clock *c);
    int64_t (*boot)(const struct clock *c);
};

/* The system's; static. */
const struct clock *clock_system(void);

static inline int64_t clock_wall(const struct clock *c) { return c->wall(c); }
static inline int64_t clock_boot(const struct clock *c) { return c->boot(c); }

/* A clock that stands still until told. For tests. */
struct fake_clock {
    struct clock clock;
    int64_t wall_ms, boot_ms;
};
void fake_clock_init(struct fake_clock *c, int64_t wall_ms);
void fake_clock_advance(struct fake_clock *c, int64_t ms);

#endif

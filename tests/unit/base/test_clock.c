/* clock: the fake one stands still, the system's goes. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

static void test_clock__fake_moves_only_when_told(void **state)
{
    (void)state;
    struct fake_clock fake;
    fake_clock_init(&fake, 1700000000000);
    assert_int_equal(clock_wall(&fake.clock), 1700000000000);
    int64_t boot = clock_boot(&fake.clock);
    fake_clock_advance(&fake, 1500);
    assert_int_equal(clock_wall(&fake.clock), 1700000001500);
    assert_int_equal(clock_boot(&fake.clock), boot + 1500);
    fake.wall_ms -= 3600000; /* somebody sets the clock: waits do not care */
    assert_int_equal(clock_boot(&fake.clock), boot + 1500);
}

static void test_clock__system_is_in_milliseconds(void **state)
{
    (void)state;
    const struct clock *clock = clock_system();
    int64_t wall = clock_wall(clock), boot = clock_boot(clock);
    assert_true(llabs((long long)(wall / 1000 - time(NULL))) <= 1);
    struct timespec pause = {.tv_nsec = 5000000};
    nanosleep(&pause, NULL);
    int64_t slept = clock_boot(clock) - boot;
    assert_true(slept >= 4 && slept < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__fake_moves_only_when_told),
        cmocka_unit_test(test_clock__system_is_in_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

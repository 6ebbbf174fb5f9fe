#include "throttle/pacing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_pacing__waits_for_what_was_sent(void **state)
{
    (void)state;
    struct pacing p;
    pacing_init(&p, 10);
    assert_int_equal(pacing_wait(&p, 0), 0);
    pacing_take(&p, 2, 0);
    assert_int_equal(pacing_wait(&p, 0), 200);
    assert_int_equal(pacing_wait(&p, 150), 50);
    assert_int_equal(pacing_wait(&p, 200), 0);
    pacing_take(&p, 1, 200);
    assert_int_equal(pacing_wait(&p, 200), 100);
    pacing_take(&p, 0, 10000); /* idle for long: nothing was saved up; nothing counts as one */
    assert_int_equal(pacing_wait(&p, 10000), 100);
    pacing_take(&p, 1, 10000); /* early: the debt adds up */
    assert_int_equal(pacing_wait(&p, 10000), 200);
}

static void test_pacing__rounds_up_to_whole_milliseconds(void **state)
{
    (void)state;
    struct pacing p;
    pacing_init(&p, 3);
    pacing_take(&p, 1, 0);
    assert_int_equal(pacing_wait(&p, 0), 334);
    assert_int_equal(pacing_wait(&p, 333), 1);
    assert_int_equal(pacing_wait(&p, 334), 0);
}

static void test_pacing__rates_beyond_the_clock(void **state)
{
    (void)state;
    struct pacing p;
    pacing_init(&p, 4000);
    for (int64_t now = 1000; now < 1100; now++) {
        int n = 0;
        for (; pacing_wait(&p, now) == 0; n++)
            pacing_take(&p, 1, now);
        assert_int_equal(n, 4);
        assert_int_equal(pacing_wait(&p, now), 1);
    }
}

static void test_pacing__a_rate_that_is_none_counts_as_one(void **state)
{
    (void)state;
    const double rates[] = {0, -5, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct pacing p;
        pacing_init(&p, rates[i]);
        pacing_take(&p, 1, 0);
        assert_int_equal(pacing_wait(&p, 0), 1000);
    }
    struct pacing p;
    pacing_init(&p, 1e-300);
    pacing_take(&p, 1, 0);
    assert_true(pacing_wait(&p, 0) > 1000000);
}

/* A day's worth of a sender that always has something to send, looked at with delays of up to `late` ms. */
static void run(double rate, int segments, int late)
{
    struct pacing p;
    int64_t now = 1000000, start = now, sent = 0, first_late = 0;
    uint32_t noise = 12345;
    pacing_init(&p, rate);
    for (int i = 0; i < 20000; i++) {
        now += pacing_wait(&p, now);
        noise = noise * 1103515245 + 12345;
        if (late)
            now += (noise >> 16) % (uint32_t)(late + 1);
        if (i == 0)
            start = first_late = now;
        pacing_take(&p, segments, now);
        sent += segments;
        /* never over, with one message at the beginning */
        if ((double)sent > (double)(now - start) / 1000 * rate + segments + 1e-6)
            fail_msg("rate %g, %d segments: %lld sent in %lld ms", rate, segments, (long long)sent,
                     (long long)(now - start));
    }
    double busy = (double)sent / rate * 1000 / ((double)(now - first_late) + segments / rate * 1000);
    if (busy < 0.98)
        fail_msg("rate %g, %d segments, %d ms late: busy %g", rate, segments, late, busy);
}

static void test_pacing__is_busy_and_never_over(void **state)
{
    (void)state;
    static const double rates[] = {0.1, 1, 3, 10, 30, 100};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        for (int segments = 1; segments <= 3; segments++) {
            run(rates[i], segments, 0);
            run(rates[i], segments, 3);
        }
    }
    run(300, 1, 0);
    run(1, 1, 20); /* 2 % of a second */
    run(20, 1, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pacing__waits_for_what_was_sent),
        cmocka_unit_test(test_pacing__rounds_up_to_whole_milliseconds),
        cmocka_unit_test(test_pacing__rates_beyond_the_clock),
        cmocka_unit_test(test_pacing__a_rate_that_is_none_counts_as_one),
        cmocka_unit_test(test_pacing__is_busy_and_never_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

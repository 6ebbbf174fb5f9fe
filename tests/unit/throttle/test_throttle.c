#include "throttle/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { S = 1000, M = 60 * S, H = 60 * M };

#define NOW INT64_C(1700000000000)

static struct config_tier urgent[] = {{3, M}, {10, 15 * M}, {30, 3 * H}};
static struct config_tier routine[] = {{1, M}, {5, 15 * M}, {20, 3 * H}};

#define TIERS(t) (&(const struct config_tiers){t, sizeof(t) / sizeof *(t)})

static void test_throttle__each_tier_holds(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct config_tier tier[3];
        size_t tiers;
        int64_t sent[6]; /* ms before now */
        size_t n;
        int64_t wait;
    } t[] = {
        {"no history", {{1, M}}, 1, {0}, 0, 0},
        {"no tiers", {{0, 0}}, 0, {1, 1, 1}, 3, 0},
        {"just sent", {{1, M}}, 1, {0}, 1, M},
        {"almost a minute ago", {{1, M}}, 1, {M - 1}, 1, 1},
        {"a minute ago to the millisecond", {{1, M}}, 1, {M}, 1, 0},
        {"two of three", {{3, M}}, 1, {10 * S, 5 * S}, 2, 0},
        {"three of three", {{3, M}}, 1, {30 * S, 20 * S, 10 * S}, 3, 30 * S},
        {"the fourth last does not count", {{3, M}}, 1, {50 * S, 30 * S, 20 * S, 10 * S}, 4, 30 * S},
        {"the longer tier waits longer", {{2, M}, {3, 15 * M}}, 2, {5 * M, 20 * S, 10 * S}, 3, 10 * M},
        {"the shorter tier waits longer", {{1, M}, {9, 15 * M}}, 2, {5 * M, 20 * S, 10 * S}, 3, 50 * S},
        {"the future counts as now", {{1, M}}, 1, {-H}, 1, M},
        {"nothing allowed", {{0, M}}, 1, {0}, 0, M},
        {"a tier without length", {{1, 0}}, 1, {0}, 1, 0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int64_t sent[6];
        for (size_t k = 0; k < t[i].n; k++)
            sent[k] = NOW - t[i].sent[k];
        struct config_tier tier[3] = {t[i].tier[0], t[i].tier[1], t[i].tier[2]};
        struct config_tiers tiers = {tier, t[i].tiers};
        int64_t next = throttle_next(&tiers, sent, t[i].n, NOW);
        if (next - NOW != t[i].wait)
            fail_msg("%s: waits %lld", t[i].what, (long long)(next - NOW));
    }
}

/* With more to say than may be said: a burst, then evenly, as often as the tiers bear. */
static void test_throttle__bursts_and_then_smooths(void **state)
{
    (void)state;
    static const int minutes_routine[] = {0,  1,  2,  3,  4,  15, 16, 17, 18, 19,  30,
                                          31, 32, 33, 34, 45, 46, 47, 48, 49, 180, 181};
    int64_t sent[64], now = NOW;
    size_t n = 0;
    for (size_t i = 0; i < sizeof minutes_routine / sizeof *minutes_routine; i++) {
        now = throttle_next(TIERS(routine), sent, n, now);
        assert_int_equal(now, NOW + (int64_t)minutes_routine[i] * M);
        sent[n++] = now;
    }
    static const int minutes_urgent[] = {0,  0,  0,  1,  1,  1,  2,  2,  2,  3,  15, 15, 15, 16, 16, 16,
                                         17, 17, 17, 18, 30, 30, 30, 31, 31, 31, 32, 32, 32, 33, 180};
    now = NOW;
    n = 0;
    for (size_t i = 0; i < sizeof minutes_urgent / sizeof *minutes_urgent; i++) {
        now = throttle_next(TIERS(urgent), sent, n, now);
        assert_int_equal(now, NOW + (int64_t)minutes_urgent[i] * M);
        sent[n++] = now;
    }
}

static uint64_t seed = 88172645463325252u;

static uint64_t any(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static bool allowed(const struct config_tiers *tiers, const int64_t *sent, size_t n, int64_t at)
{
    for (size_t i = 0; i < tiers->n; i++) {
        int in_window = 1;
        for (size_t k = 0; k < n; k++)
            in_window += sent[k] > at - tiers->tier[i].per && sent[k] <= at;
        if (in_window > tiers->tier[i].pages)
            return false;
    }
    return true;
}

/* Against trying every millisecond in turn. */
static void test_throttle__is_the_first_moment_that_breaks_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct config_tier tier[3];
        struct config_tiers tiers = {tier, any(4)};
        int64_t sent[12], at = 1000;
        size_t n = any(13);
        for (size_t i = 0; i < tiers.n; i++)
            tier[i] = (struct config_tier){(int)any(5) + 1, (int64_t)any(80) + 1};
        for (size_t i = 0; i < n; i++)
            sent[i] = at += (int64_t)any(30);
        int64_t now = at + (int64_t)any(40), want = now;
        while (!allowed(&tiers, sent, n, want))
            want++;
        assert_int_equal(throttle_next(&tiers, sent, n, now), want);
    }
}

static void test_throttle__knows_how_far_back_it_looks(void **state)
{
    (void)state;
    assert_int_equal(throttle_span(TIERS(urgent)), 3 * H);
    assert_int_equal(throttle_span(&(const struct config_tiers){NULL, 0}), 0);
    struct config_tier endless[] = {{1, INT64_MAX}};
    int64_t sent = NOW;
    assert_int_equal(throttle_next(TIERS(endless), &sent, 1, NOW), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_throttle__each_tier_holds),
        cmocka_unit_test(test_throttle__bursts_and_then_smooths),
        cmocka_unit_test(test_throttle__is_the_first_moment_that_breaks_nothing),
        cmocka_unit_test(test_throttle__knows_how_far_back_it_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "throttle/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct line {
    enum alert_event event;
    const char *state, *severity;
    int64_t time;
};

static struct alert *alert_of(const struct line *l)
{
    struct alert *a = alert_new();
    assert_non_null(a);
    a->event = l->event;
    a->time = l->time;
    assert_int_equal(alert_set(&a->state, l->state), NT_OK);
    assert_int_equal(alert_set(&a->severity, l->severity), NT_OK);
    return a;
}

static void test_digest__ranks_what_is_still_wrong(void **state)
{
    (void)state;
    /* from the worst to what is no longer bad; equal ranks stand on one line */
    static const struct line order[][3] = {
        {{EVENT_PROBLEM, "PROBLEM", "disaster", 0}},
        {{EVENT_PROBLEM, "CRITICAL", "critical", 0},
         {EVENT_PROBLEM, "DOWN", "critical", 0},
         {EVENT_PROBLEM, "CRITICAL", "", 0}},
        {{EVENT_PROBLEM, "PROBLEM", "high", 0}},
        {{EVENT_PROBLEM, "UNKNOWN", "unknown", 0},
         {EVENT_PROBLEM, "ON FIRE", "", 0},
         {EVENT_CUSTOM, "UNREACHABLE", "unknown", 0}},
        {{EVENT_PROBLEM, "PROBLEM", "average", 0}},
        {{EVENT_PROBLEM, "WARNING", "warning", 0}, {EVENT_ACKNOWLEDGEMENT, "WARNING", "warning", 0}},
        {{EVENT_PROBLEM, "PROBLEM", "information", 0}},
        {{EVENT_RECOVERY, "OK", "disaster", 0}, {EVENT_DOWNTIME, "UP", "ok", 0}, {EVENT_RECOVERY, "", "", 0}},
    };
    int last = 1000;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        int rank = -1;
        for (size_t k = 0; k < 3 && order[i][k].state; k++) {
            struct alert *a = alert_of(&order[i][k]);
            int badness = digest_badness(a);
            if (k == 0)
                rank = badness;
            assert_int_equal(badness, rank);
            alert_free(a);
        }
        assert_true(rank < last);
        last = rank;
    }
    assert_int_equal(last, 0);
}

static void test_digest__names_the_worst_first(void **state)
{
    (void)state;
    static const struct line given[] = {
        {EVENT_RECOVERY, "OK", "ok", 9},
        {EVENT_PROBLEM, "WARNING", "warning", 5},
        {EVENT_ACKNOWLEDGEMENT, "CRITICAL", "critical", 8},
        {EVENT_PROBLEM, "CRITICAL", "critical", 1},
        {EVENT_PROBLEM, "CRITICAL", "critical", 2},
        {EVENT_PROBLEM, "UNKNOWN", "unknown", 3},
    };
    static const int64_t want[] = {2, 1, 8, 3, 5, 9};
    enum { N = sizeof given / sizeof *given };
    struct alert *own[N];
    const struct alert *list[N];
    for (size_t i = 0; i < N; i++)
        list[i] = own[i] = alert_of(&given[i]);
    digest_order(list, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(list[i]->time, want[i]);
    digest_order(list, 0);
    digest_order(NULL, 0);
    for (size_t i = 0; i < N; i++)
        alert_free(own[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__ranks_what_is_still_wrong),
        cmocka_unit_test(test_digest__names_the_worst_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* moment: epochs, durations and ages, and the nonsense that stands in their place. */
#include "ingest/moment.h"

#include "given.h"

enum { NOW = 1795425600 };

static void test_moment__an_implausible_epoch_is_now(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t expected;
    } rows[] = {
        {"1795425548", 1795425548},
        {"1795425548.872", 1795425548},
        {"1795425600", NOW},
        {"1795425601", NOW},
        {"1000000000", 1000000000},
        {"999999999", NOW},
        {"0", NOW},
        {"", NOW},
        {"-1795425548", NOW},
        {"Mon Nov 23 09:19:08 UTC 2026", NOW},
        {"1795425548x", NOW},
        {"1795425548.8.7", NOW},
        {" 1795425548", NOW},
        {"9223372036854775808", NOW},
        {"99999999999999999999999999999", NOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(moment_epoch(rows[i].text, NOW), rows[i].expected);
}

static void test_moment__durations_reach_no_further_than_monitors(void **state)
{
    (void)state;
    assert_int_equal(moment_duration("0", NOW), 0);
    assert_int_equal(moment_duration("7500", NOW), 7500);
    /* "Since the epoch" is what Nagios says of a host that was never checked. */
    assert_int_equal(moment_duration("1795425548", NOW), -1);
    assert_int_equal(moment_duration("795425600", NOW), 795425600);
    assert_int_equal(moment_duration("795425601", NOW), -1);
    assert_int_equal(moment_duration("", NOW), -1);
    assert_int_equal(moment_duration("0d 0h 1m", NOW), -1);
    assert_int_equal(moment_since("1795425000", NOW), 600);
    assert_int_equal(moment_since("0", NOW), -1);
    assert_int_equal(moment_since("1795425601", NOW), -1);
}

static void test_moment__reads_zabbixs_ages(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"10s", 10},
        {"0s", 0},
        {"2h 5m", 7500},
        {"1d 2h 3m", 93780},
        {"1M 1d", 31 * 86400},
        {"1y 2M", (365 + 60) * 86400},
        {"1m  5s", 65},
        {"", -1},
        {"10", -1},
        {"s", -1},
        {"10s5m", -1},
        {"2 h", -1},
        {"-10s", -1},
        {"9999999s", -1},
        {"10x", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(moment_age(rows[i].text), rows[i].seconds);
}

static void test_moment__reads_stamps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"2026-11-23T09:19:08Z", 1795425548},
        {"2026-11-23T09:19:08.445439055Z", 1795425548},
        {"2026-11-23t10:19:08+01:00", 1795425548},
        {"2026-11-23 04:49:08-04:30", 1795425548},
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T23:59:59Z", 951868799},
        {"2024-12-31T23:59:60Z", 1735689600},
        {"1970-01-01T00:00:00+01:00", -1},
        {"0001-01-01T00:00:00Z", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-00-01T00:00:00Z", -1},
        {"2026-01-32T00:00:00Z", -1},
        {"2026-01-01T24:00:00Z", -1},
        {"2026-01-01T00:60:00Z", -1},
        {"2026-01-01T00:00:00", -1},
        {"2026-01-01T00:00:00Zz", -1},
        {"2026-01-01T00:00:00+0100", -1},
        {"2026-01-01T00:00:00+24:00", -1},
        {"2026-01-01", -1},
        {"26-01-01T00:00:00Z", -1},
        {"2026-01-01T00:00", -1},
        {"1795425548", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(moment_stamp(rows[i].text), rows[i].seconds);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moment__an_implausible_epoch_is_now),
        cmocka_unit_test(test_moment__durations_reach_no_further_than_monitors),
        cmocka_unit_test(test_moment__reads_zabbixs_ages),
        cmocka_unit_test(test_moment__reads_stamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

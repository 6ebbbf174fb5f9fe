/* date: RFC 2822 and HTTP dates, and nothing else. */
#include "twilio/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_date__reads_what_twilio_and_http_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } table[] = {
        {"Thu, 01 Jan 1970 00:00:00 +0000", 0},          {"Wed, 18 Aug 2010 20:01:40 +0000", 1282161700},
        {"Wed, 18 Aug 2010 22:01:40 +0200", 1282161700}, {"Wed, 18 Aug 2010 14:31:40 -0530", 1282161700},
        {"18 Aug 2010 20:01:40 +0000", 1282161700},      {"Wed, 21 Oct 2015 07:28:00 GMT", 1445412480},
        {"Sat, 29 Feb 2020 12:00:00 UTC", 1582977600},   {"Mon, 9 Nov 2020 09:05 Z", 1604912700},
        {"wed, 18 aug 2010 20:01:40 gmt", 1282161700},   {"Sat, 31 Dec 2016 23:59:60 +0000", 1483228800},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t ms = -1;
        assert_true(date_parse(table[i].text, &ms));
        assert_int_equal(ms, table[i].seconds * 1000);
    }
}

static void test_date__refuses_the_rest(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "now",
        "2010-08-18T20:01:40Z",
        "Wed, 18 Aug 2010",
        "Wed, 18 Aug 2010 20:01:40",
        "Wed, 18 Aug 2010 20:01:40 ",
        "Wed, 18 Aug 2010 20:01:40 PST",
        "Wed, 18 Aug 2010 20:01:40 +0000 and more",
        "Wed, 18 Aug 2010 20:01:40 +2000",
        "Wed, 18 Aug 2010 24:01:40 +0000",
        "Wed, 18 Aug 2010 20:60:40 +0000",
        "Wed, 18 Aug 2010 20:01:61 +0000",
        "Sun, 29 Feb 2021 12:00:00 GMT",
        "Wed, 31 Jun 2010 20:01:40 +0000",
        "Wed, 00 Jun 2010 20:01:40 +0000",
        "Wed, 18 Foo 2010 20:01:40 +0000",
        "Wed, 18 Aug 10 20:01:40 +0000",
        "Wed, 18 Aug 1969 20:01:40 +0000",
        "Wed, 18 Aug 20100 20:01:40 +0000",
        "Wed, -1 Aug 2010 20:01:40 +0000",
        "Wed, 18 Aug 2010 9:01:40 +0000",
        "Wed, 18 Aug 2010 20.01.40 +0000",
        "Wed, 18 Aug 2010 20:1:40 +0000",
        "Wed, 18 Aug 2010 20:01:4 +0000",
        "Wed, 18 Aug 2010 20:01: +0000",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t ms = 42;
        assert_false(date_parse(table[i], &ms));
        assert_int_equal(ms, 42);
    }
}

static void test_date__names_the_day_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *day;
    } table[] = {
        {0, "1970-01-01"},  {1282161700000, "2010-08-18"}, {1582934399999, "2020-02-28"}, {1582934400000, "2020-02-29"},
        {-5, "1970-01-01"}, {INT64_MAX, "9999-12-31"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char day[DATE_DAY];
        date_day(table[i].ms, day);
        assert_string_equal(day, table[i].day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date__reads_what_twilio_and_http_write),
        cmocka_unit_test(test_date__refuses_the_rest),
        cmocka_unit_test(test_date__names_the_day_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Thresholds as the monitoring plugins write them. */
#include "notify/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_range__alerts(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
        bool alerts;
    } cases[] = {
        {"10", -1, true},    {"10", 0, false},     {"10", 10, false},    {"10", 11, true},     {"10:", 9, true},
        {"10:", 10, false},  {"~:10", -99, false}, {"~:10", 11, true},   {"10:20", 9, true},   {"10:20", 20, false},
        {"10:20", 21, true}, {"@10:20", 9, false}, {"@10:20", 10, true}, {"@10:20", 20, true}, {"@10:20", 21, false},
        {"@5", 5, true},     {"@5", 6, false},     {"-5:-1", -3, false}, {"-5:-1", 0, true},   {"0", 0, false},
        {"0", 1, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct range r;
        assert_true(range_parse(cases[i].text, &r));
        assert_string_equal(range_text(&r), cases[i].text);
        assert_int_equal(range_alerts(&r, cases[i].value), cases[i].alerts);
    }
}

static void test_range__none(void **state)
{
    const struct range r = {.text = NULL};
    (void)state;
    assert_false(range_alerts(&r, INT64_MAX));
    assert_string_equal(range_text(&r), "");
}

static void test_range__not_one(void **state)
{
    static const char *const cases[] = {"",
                                        "@",
                                        ":",
                                        ":5",
                                        "x",
                                        "5x",
                                        "5:4",
                                        "1:2:3",
                                        "~",
                                        "~5",
                                        "--5",
                                        "- 5",
                                        " 5",
                                        "+5",
                                        "5 ",
                                        "1e3",
                                        "@@5",
                                        "99999999999999999999",
                                        "5:99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct range r;
        assert_false(range_parse(cases[i], &r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range__alerts),
        cmocka_unit_test(test_range__none),
        cmocka_unit_test(test_range__not_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

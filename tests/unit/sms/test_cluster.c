/* cluster: what Twilio's calculator keeps together. The contract test compares with the calculator itself. */
#include "sms/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_cluster__splits_as_the_calculator_does(void **state)
{
    (void)state;
    static const struct {
        const char *text, *units;
    } cases[] = {
        {"abc", "1 1 1 "},
        {"\r\n", "1 1 "},
        {"e\u0301x", "2 1 "},
        {"\u0301\u0301", "2 "},
        {"😀😀", "2 2 "},
        {"👍🏿", "4 "},
        {"👍\uFE0F🏿", "5 "},
        {"👍\uFE0F\uFE0F🏿", "4 2 "},                         /* a tone joins across one Extend only */
        {"👨\u200D👩\u200D👧", "8 "},                                /* all joined */
        {"🧑\u200D🤝", "3 2 "},                               /* too new for that Unicode */
        {"🇩🇪🇫🇷", "4 4 "},                                         /* flags are pairs */
        {"🇩🇪\u200D\u200D", "5 1 "},                               /* a pair takes one more thing */
        {"🇩\u200D\u200D", "4 "},                                  /* half a pair any number */
        {"\u1100\u1161\u11A8\uAC00\u11A8\uAC01\u11A8", "3 2 2 "}, /* Hangul */
        {"\u0915\u0903x", "2 1 "},
        {"\u0600a", "2 "},
        {"\u200B\u0301", "1 1 "},
        {"a\n\u0301", "1 1 1 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char found[64] = "";
        size_t len = strlen(cases[i].text), units;
        for (size_t at = 0; at < len;) {
            at += cluster_next(cases[i].text + at, len - at, &units);
            snprintf(found + strlen(found), sizeof found - strlen(found), "%zu ", units);
        }
        assert_string_equal(found, cases[i].units);
    }
}

static void test_cluster__gets_past_invalid_bytes(void **state)
{
    (void)state;
    size_t units;
    assert_int_equal(cluster_next("\xff\xcc\x81", 3, &units), 1);
    assert_int_equal(units, 1);
    assert_int_equal(cluster_next("a\xcc", 2, &units), 1);
    assert_int_equal(cluster_next("\xf0\x9f", 2, &units), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cluster__splits_as_the_calculator_does),
        cmocka_unit_test(test_cluster__gets_past_invalid_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

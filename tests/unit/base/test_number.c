/* number: what people write for E.164, and what is none. */
#include "base/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_number__parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *number; /* NULL: refused */
    } cases[] = {
        {"+15005550001", "+15005550001"},
        {"+49 (151) 23-45 67", "+49151234567"},
        {"0049 151 234567", "+49151234567"},
        {"0049/151/234567", "+49151234567"},
        {"+1.500.555.0001", "+15005550001"},
        {" +1 (500) 555-0001 ", "+15005550001"},
        {"(+49) 151 234567", "+49151234567"},
        {"+49 (0)151 234567", "+49151234567"},
        {"+49 (0) 151 234567", "+49151234567"},
        {"+1234567", "+1234567"},
        {"+123456789012345", "+123456789012345"},
        {"00123456789012345", "+123456789012345"},
        {"+1234567890123456", NULL},
        {"001234567890123456", NULL},
        {"+123456", NULL},
        {"", NULL},
        {"+", NULL},
        {"00", NULL},
        {"0", NULL},
        {"15005550001", NULL},
        {"0151234567", NULL},
        {"+0151234567", NULL},
        {"000151234567", NULL},
        {"+1500555CALL", NULL},
        {"alice", NULL},
        {"++15005550001", NULL},
        {"1+5005550001", NULL},
        {"+1500555,0001", NULL},
        {"+1500\n5550001", NULL},
        {"+١٢٣٤٥٦٧٨", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[NUMBER_MAX] = "untouched";
        enum nt_status status = number_parse(cases[i].text, strlen(cases[i].text), out);
        assert_int_equal(status, cases[i].number ? NT_OK : NT_EINVAL);
        assert_string_equal(out, cases[i].number ? cases[i].number : "untouched");
        if (cases[i].number)
            assert_true(number_is_e164(out));
    }
}

static void test_number__nul_inside_is_refused(void **state)
{
    (void)state;
    char out[NUMBER_MAX];
    assert_int_equal(number_parse("+1500555\0"
                                  "0001",
                                  13, out),
                     NT_EINVAL);
}

static void test_number__is_e164(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"+1234567", true},   {"+123456789012345", true},
        {"+123456", false},   {"+1234567890123456", false},
        {"+0234567", false},  {"1234567", false},
        {"+1 234567", false}, {"+12345678 ", false},
        {"", false},          {"+", false},
        {"+1234567x", false}, {"+12345678901234567890", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(number_is_e164(cases[i].text), cases[i].good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number__parse),
        cmocka_unit_test(test_number__nul_inside_is_refused),
        cmocka_unit_test(test_number__is_e164),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

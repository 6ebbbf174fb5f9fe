/* output: where the first line ends. */
#include "ingest/output.h"

#include "given.h"
#include "ingest/macros.h"

static const struct {
    const char *first, *rest;
    bool escaped;
    const char *output, *long_output;
} rows[] = {
    {"CRITICAL - 5xx", "", false, "CRITICAL - 5xx", ""},
    {"one\ntwo\nthree", "", false, "one", "two\nthree"},
    {"one", "two\nthree\n", false, "one", "two\nthree"},
    {"one\r\ntwo\r\n", "", false, "one", "two"},
    {"\n \r\n\t\n  one  \n  two", "", false, "  one", "  two"},
    {"", "two\nthree", false, "two", "three"},
    {"", "", false, "", ""},
    {"\n\n", " \n", false, "", ""},
    {"one\\ntwo", "", false, "one\\ntwo", ""},
    /* Nagios */
    {"one\\ntwo", "three\\nfour", true, "one", "two\nthree\nfour"},
    {"one\ntwo", "", true, "one", "two"},
    {"one", "a path C:\\\\new\\nnext", true, "one", "a path C:\\new\nnext"},
    {"one", "a\\\\nb", true, "one", "a\\nb"},
    {"one", "odd \\x end \\", true, "one", "odd \\x end \\"},
    {"log C:\\nagios\\new.log grew\\nby far", "", true, "log C:\\nagios\\new.log grew", "by far"},
    {"(c:\\new)\\nnext", "", true, "(c:\\new)\\nnext", ""},
    {"drive C:\\\\nnext", "", true, "drive C:\\", "next"},
    {"disk low\\nC: 91 %", "", true, "disk low", "C: 91 %"},
    {"abc:\\next", "", true, "abc:", "ext"},
    {"\\n\\nlate", "", true, "late", ""},
    {"\\n", "", true, "", ""},
};

static void test_output__splits_where_the_monitor_meant_it(void **state)
{
    (void)state;
    struct alert *a = alert_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(output_set(a, rows[i].first, rows[i].rest, rows[i].escaped), NT_OK);
        assert_string_equal(a->output, rows[i].output);
        assert_string_equal(a->long_output, rows[i].long_output);
    }
    alert_free(a);
}

static void test_output__is_bounded(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *big = mem_alloc(SIZE + 1);
    memset(big, '\\', SIZE);
    for (int i = 1; i < SIZE; i += 2)
        big[i] = 'n';
    big[0] = 'x';
    big[SIZE] = '\0';
    struct alert *a = alert_new();
    assert_int_equal(output_set(a, big, big, true), NT_OK);
    assert_true(strlen(a->output) <= MACRO_VALUE_MAX && strlen(a->long_output) <= MACRO_VALUE_MAX);
    memset(big, 'y', SIZE);
    assert_int_equal(output_set(a, big, big, false), NT_OK);
    assert_int_equal(strlen(a->output), MACRO_VALUE_MAX);
    assert_int_equal(strlen(a->long_output), MACRO_VALUE_MAX);
    alert_free(a);
    mem_free(big);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output__splits_where_the_monitor_meant_it),
        cmocka_unit_test(test_output__is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

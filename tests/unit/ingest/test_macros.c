/* macros: what is kept of them, and how fields are filled. */
#include "ingest/macros.h"

#include "given.h"

static void test_macros__cuts_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max, kept;
    } rows[] = {
        {"abcdef", 10, 6},
        {"abcdef", 6, 6},
        {"abcdef", 3, 3},
        {"ab\xC3\xBC", 3, 2},
        {"ab\xC3\xBC", 4, 4},
        {"a\xF0\x9F\x92\xA9z", 4, 1},
        {"a\xF0\x9F\x92\xA9z", 5, 5},
        {"\x80\x80\x80\x80\x80\x80", 5, 5},
        {"\xC3\xBC", 1, 1},
        {"abc", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(macros_cut(rows[i].text, strlen(rows[i].text), rows[i].max), rows[i].kept);
}

static void test_macros__keeps_what_can_be_stored(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    char big[MACRO_VALUE_MAX + 100], name[MACRO_NAME_MAX + 2];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    memset(name, 'N', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(macros_put(&kv, "EMPTY", 5, ""), NT_OK);
    assert_int_equal(macros_put(&kv, "@host", 5, "x"), NT_OK);
    assert_int_equal(macros_put(&kv, "A=B", 3, "x"), NT_OK);
    assert_int_equal(macros_put(&kv, "", 0, "x"), NT_OK);
    assert_int_equal(macros_put(&kv, name, sizeof name - 1, "x"), NT_OK);
    assert_int_equal(kv.n, 0);
    assert_int_equal(macros_put(&kv, name, MACRO_NAME_MAX, "x"), NT_OK);
    assert_int_equal(macros_put(&kv, "BIG", 3, big), NT_OK);
    assert_int_equal(kv.n, 2);
    assert_int_equal(strlen(kv_text(&kv, "BIG")), MACRO_VALUE_MAX);
    /* An empty value that comes later still wins. */
    assert_int_equal(macros_put(&kv, "BIG", 3, ""), NT_OK);
    assert_string_equal(kv_get(&kv, "BIG"), "");
    kv_clean(&kv);
}

static void test_macros__ten_thousand_are_kept(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "nagios", LIST("HOSTNAME=web01", "HOSTSTATE=DOWN"), NULL);
    for (int i = 0; i < 10000; i++) {
        char name[32];
        snprintf(name, sizeof name, "NAGIOS__HOSTM%d", i);
        assert_int_equal(kv_put(&g.env, name, "value"), NT_OK);
    }
    const struct alert *a = given_read(&g);
    assert_string_equal(kv_text(&a->macros, "_HOSTM9999"), "value");
    assert_int_equal(a->macros.n, 10002);
    given_clean(&g);
}

static void test_macros__numbers_and_links(void **state)
{
    (void)state;
    assert_int_equal(macros_number("0"), 0);
    assert_int_equal(macros_number("17"), 17);
    assert_int_equal(macros_number("999999999"), 999999999);
    assert_int_equal(macros_number("1000000000"), -1);
    assert_int_equal(macros_number("-1"), -1);
    assert_int_equal(macros_number("1a"), -1);
    assert_int_equal(macros_number(""), -1);
    assert_true(macros_is_link("https://x"));
    assert_true(macros_is_link("HTTP://x"));
    assert_false(macros_is_link("website_url not set/cgi-bin/extinfo.cgi"));
    assert_false(macros_is_link("ftp://x"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_macros__cuts_between_characters),
        cmocka_unit_test(test_macros__keeps_what_can_be_stored),
        cmocka_unit_test(test_macros__ten_thousand_are_kept),
        cmocka_unit_test(test_macros__numbers_and_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* frame: what fits, what is cut and where, and damage. */
#include "handover/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char memory[FRAME_MAX];

static void test_frame__writes_the_packed_form(void **state)
{
    (void)state;
    struct frame f;
    frame_init(&f, memory);
    assert_true(frame_put(&f, "notify_twilio", "1"));
    assert_true(frame_put(&f, "A", ""));
    assert_true(frame_putn(&f, "KEYS", 3, "x=yz", 3));
    assert_false(f.cut);
    static const char expected[] = "notify_twilio=1\0A=\0KEY=x=y";
    assert_int_equal(f.len, sizeof expected);
    assert_memory_equal(f.data, expected, sizeof expected);
}

static void test_frame__pairs_that_cannot_be_are_left_out(void **state)
{
    (void)state;
    char long_key[FRAME_KEY_MAX + 2];
    memset(long_key, 'k', sizeof long_key);
    static const struct {
        const char *key;
        size_t len;
    } cases[] = {{"", 0}, {"a=b", 3}, {"a\0b", 3}};
    struct frame f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        frame_init(&f, memory);
        assert_false(frame_putn(&f, cases[i].key, cases[i].len, "v", 1));
        assert_true(f.cut);
        assert_int_equal(f.len, 0);
    }
    frame_init(&f, memory);
    assert_false(frame_putn(&f, long_key, FRAME_KEY_MAX + 1, "v", 1));
    assert_true(frame_putn(&f, long_key, FRAME_KEY_MAX, "v", 1));
}

static void test_frame__values_are_cut_at_a_character(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        size_t lead, kept;
    } cases[] = {
        {"x", 0, FRAME_VALUE_MAX},     {"ü", 0, FRAME_VALUE_MAX},     {"ü", 1, FRAME_VALUE_MAX - 1},
        {"€", 0, FRAME_VALUE_MAX - 1}, {"€", 1, FRAME_VALUE_MAX},     {"€", 2, FRAME_VALUE_MAX - 2},
        {"😀", 0, FRAME_VALUE_MAX},     {"😀", 1, FRAME_VALUE_MAX - 3}, {"😀", 3, FRAME_VALUE_MAX - 1},
        {"\x80", 0, FRAME_VALUE_MAX},
    };
    static char value[FRAME_VALUE_MAX + 8];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct frame f;
        size_t unit = strlen(cases[i].unit);
        memset(value, 'a', sizeof value);
        for (size_t at = cases[i].lead; at + unit <= sizeof value; at += unit)
            memcpy(value + at, cases[i].unit, unit);
        frame_init(&f, memory);
        assert_true(frame_putn(&f, "k", 1, value, sizeof value));
        assert_true(f.cut);
        assert_int_equal(f.len, cases[i].kept + 3);
        frame_init(&f, memory);
        assert_true(frame_putn(&f, "k", 1, value, FRAME_VALUE_MAX));
        assert_false(f.cut);
    }
}

static void test_frame__a_value_ends_at_nul(void **state)
{
    (void)state;
    struct frame f;
    frame_init(&f, memory);
    assert_true(frame_putn(&f, "k", 1, "ab\0cd", 5));
    assert_true(f.cut);
    assert_int_equal(f.len, 5);
    assert_string_equal(f.data, "k=ab");
}

static void test_frame__a_full_frame_leaves_out_the_rest(void **state)
{
    (void)state;
    static char value[FRAME_VALUE_MAX + 1];
    struct frame f;
    memset(value, 'v', FRAME_VALUE_MAX);
    frame_init(&f, memory);
    int n = 0;
    while (frame_put(&f, "k", value))
        n++;
    assert_int_equal(n, FRAME_MAX / (FRAME_VALUE_MAX + 3));
    assert_true(f.cut);
    size_t room = FRAME_MAX - f.len;
    value[room - 3] = '\0';
    assert_true(frame_put(&f, "k", value)); /* to the last byte */
    assert_int_equal(f.len, FRAME_MAX);
    assert_false(frame_put(&f, "k", ""));
}

static void test_frame__reads_back(void **state)
{
    (void)state;
#define FRAME(text) text, sizeof text - 1
    static const struct {
        const char *data;
        size_t len;
        const char *pairs;
        bool bad;
    } cases[] = {
        {FRAME(""), "", false},
        {FRAME("a=1\0b=\0c==x\0"), "a:1;b:;c:=x;", false},
        {FRAME("a=1\0b=2"), "a:1;", true},
        {FRAME("a=1\0b\0c=3\0"), "a:1;", true},
        {FRAME("a=1\0=2\0"), "a:1;", true},
        {FRAME("\0"), "", true},
        {FRAME("a=1\0\0"), "a:1;", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100] = "";
        const char *key, *value;
        size_t at = 0, key_len, value_len;
        bool bad = true;
        while (frame_next(cases[i].data, cases[i].len, &at, &key, &key_len, &value, &value_len, &bad)) {
            assert_int_equal(value_len, strlen(value));
            snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s:%s;", (int)key_len, key, value);
        }
        assert_string_equal(text, cases[i].pairs);
        assert_int_equal(bad, cases[i].bad);
    }
}

static void test_frame__a_key_too_long_is_damage(void **state)
{
    (void)state;
    char data[FRAME_KEY_MAX + 10];
    for (size_t len = FRAME_KEY_MAX; len <= FRAME_KEY_MAX + 1; len++) {
        const char *key, *value;
        size_t at = 0, key_len, value_len;
        bool bad;
        memset(data, 'k', sizeof data);
        memcpy(data + len, "=v", 3);
        bool good = frame_next(data, len + 3, &at, &key, &key_len, &value, &value_len, &bad);
        assert_int_equal(good, len == FRAME_KEY_MAX);
        assert_int_equal(bad, !good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame__writes_the_packed_form),
        cmocka_unit_test(test_frame__pairs_that_cannot_be_are_left_out),
        cmocka_unit_test(test_frame__values_are_cut_at_a_character),
        cmocka_unit_test(test_frame__a_value_ends_at_nul),
        cmocka_unit_test(test_frame__a_full_frame_leaves_out_the_rest),
        cmocka_unit_test(test_frame__reads_back),
        cmocka_unit_test(test_frame__a_key_too_long_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

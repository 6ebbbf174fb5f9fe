/* json: commas, escapes, depth; whatever goes in, what comes out is JSON. */
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_json__commas(void **state)
{
    (void)state;
    struct buf b;
    struct json j;
    buf_init(&b, 1000);
    json_begin(&j, &b);
    json_object(&j);
    json_key(&j, "id");
    json_int(&j, INT64_MIN);
    json_key(&j, "sid");
    json_string(&j, NULL);
    json_key(&j, "media");
    json_array(&j);
    json_end(&j);
    json_key(&j, "form");
    json_array(&j);
    json_array(&j);
    json_string(&j, "To");
    json_string(&j, "+1");
    json_end(&j);
    json_object(&j);
    json_end(&j);
    json_bool(&j, false);
    json_end(&j);
    json_key(&j, "raw");
    json_raw(&j, "[1,2]");
    json_key(&j, "end");
    json_bool(&j, true);
    json_end(&j);
    assert_int_equal(buf_status(&b), NT_OK);
    assert_string_equal(buf_text(&b),
                        "{\"id\":-9223372036854775808,\"sid\":null,\"media\":[],\"form\":[[\"To\",\"+1\"],{},"
                        "false],\"raw\":[1,2],\"end\":true}");
    buf_clean(&b);
}

static void test_json__strings(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } cases[] = {
        {"", 0, "\"\""},
        {"plain \xC3\xBC \xF0\x9F\x98\x80", 13, "\"plain \xC3\xBC \xF0\x9F\x98\x80\""},
        {"\"\\/", 3, "\"\\\"\\\\/\""},
        {"\b\f\n\r\t\x1F\x7F", 7, "\"\\b\\f\\n\\r\\t\\u001f\x7F\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xFF\xC3", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80x", 4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        struct json j;
        buf_init(&b, 1000);
        json_begin(&j, &b);
        json_stringn(&j, cases[i].in, cases[i].len);
        assert_int_equal(buf_status(&b), NT_OK);
        assert_string_equal(buf_text(&b), cases[i].out);
        buf_clean(&b);
    }
}

static void test_json__any_bytes_give_valid_text(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        char in[24];
        for (size_t i = 0; i < sizeof in; i++) {
            seed = seed * 1103515245 + 12345;
            in[i] = (char)(seed >> 16);
        }
        struct buf b;
        struct json j;
        buf_init(&b, 1000);
        json_begin(&j, &b);
        json_stringn(&j, in, sizeof in);
        assert_true(utf8_valid(buf_text(&b), b.len));
        for (size_t i = 0; i < b.len; i++)
            assert_true((unsigned char)buf_text(&b)[i] >= 0x20);
        buf_clean(&b);
    }
}

static void test_json__depth_is_bounded(void **state)
{
    (void)state;
    struct buf b;
    struct json j;
    buf_init(&b, 1000);
    json_begin(&j, &b);
    for (int i = 0; i < JSON_DEPTH; i++)
        json_array(&j);
    assert_int_equal(buf_status(&b), NT_OK);
    json_object(&j);
    assert_int_equal(buf_status(&b), NT_ETOOBIG);
    for (int i = 0; i < 2 * JSON_DEPTH; i++)
        json_end(&j);
    assert_int_equal(buf_status(&b), NT_ETOOBIG);
    buf_reset(&b);
    json_begin(&j, &b);
    json_end(&j);
    assert_int_equal(buf_status(&b), NT_EINVAL);
    buf_clean(&b);
}

static void test_json__out_of_memory_sticks(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct buf b;
        struct json j;
        buf_init(&b, 10000);
        mem_fail_at(n);
        json_begin(&j, &b);
        json_array(&j);
        for (int i = 0; i < 100; i++)
            json_string(&j, "a\nb");
        json_end(&j);
        mem_fail_at(0);
        assert_int_equal(buf_status(&b), mem_failed() ? NT_ENOMEM : NT_OK);
        buf_clean(&b);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__commas),
        cmocka_unit_test(test_json__strings),
        cmocka_unit_test(test_json__any_bytes_give_valid_text),
        cmocka_unit_test(test_json__depth_is_bounded),
        cmocka_unit_test(test_json__out_of_memory_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

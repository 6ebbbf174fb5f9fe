/* channel_answer: exactly the lines that each dialect expects. */
#include "notify/channel_answer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_channel_answer__is_one_line_in_the_dialect_of_the_request(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(channel_answer_done(&out, CHANNEL_JSONRPC, "0"), NT_OK);
    assert_int_equal(channel_answer_done(&out, CHANNEL_PLAIN, "2"), NT_OK);
    assert_int_equal(channel_answer_error(&out, CHANNEL_JSONRPC, "\"a\"", CHANNEL_NO_METHOD, "no \"x\"\n"), NT_OK);
    assert_int_equal(channel_answer_error(&out, CHANNEL_PLAIN, "null", CHANNEL_NO_JSON, "\xff"), NT_OK);
    assert_string_equal(
        buf_text(&out),
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":null}\n"
        "{\"id\":2}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"error\":{\"code\":-32601,\"message\":\"no \\\"x\\\"\\n\"}}\n"
        "{\"id\":null,\"error\":\"\xef\xbf\xbd\"}\n");
    buf_clean(&out);
}

static void test_channel_answer__describes_each_setting(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 16384);
    assert_int_equal(channel_answer_info(&out, CHANNEL_PLAIN, "1"), NT_OK);
    const char *text = buf_text(&out);
    assert_memory_equal(text, "{\"id\":1,\"result\":{\"name\":", 24);
    static const char *const parts[] = {
        "{\"name\":\"config\",\"type\":\"string\",\"label\":{\"en_US\":",
        "{\"name\":\"from\",\"type\":\"string\",\"label\":{\"en_US\":",
        "{\"name\":\"max_segments\",\"type\":\"number\",\"label\":{\"en_US\":",
        "\"min\":1,\"max\":10}",
        "{\"name\":\"wait\",\"type\":\"number\",\"label\":{\"en_US\":",
        "\"default\":\"10\",\"min\":0,\"max\":60}]}}\n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text = strstr(text, parts[i]); /* in this order */
        assert_non_null(text);
    }
    assert_string_equal(text, parts[sizeof parts / sizeof *parts - 1]);
    buf_clean(&out);
}

static void test_channel_answer__is_whole_or_not_there(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 60);
    assert_int_equal(channel_answer_done(&out, CHANNEL_PLAIN, "1"), NT_OK);
    assert_int_equal(channel_answer_info(&out, CHANNEL_PLAIN, "2"), NT_ETOOBIG);
    assert_int_equal(channel_answer_done(&out, CHANNEL_PLAIN, "3"), NT_OK);
    assert_string_equal(buf_text(&out), "{\"id\":1}\n{\"id\":3}\n");
    buf_clean(&out);
    unsigned long n = 1;
    for (;; n++) {
        buf_init(&out, 16384);
        mem_fail_at(n);
        enum nt_status status = channel_answer_info(&out, CHANNEL_JSONRPC, "0");
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        assert_int_equal(failed ? out.len : 0, 0);
        buf_clean(&out);
        if (!failed)
            break;
    }
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_answer__is_one_line_in_the_dialect_of_the_request),
        cmocka_unit_test(test_channel_answer__describes_each_setting),
        cmocka_unit_test(test_channel_answer__is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

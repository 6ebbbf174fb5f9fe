/* consent: only "ok":true of the answer itself is a yes. */
#include "neb/consent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_consent__is_said_by_the_answer_itself(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        bool whole, given;
    } t[] = {
        {"{\"ok\":true,\"exit\":0,\"pages\":[{\"id\":1,\"body\":\"a } b\"}],\"notes\":\"\"}", true, true},
        {"{\"ok\":true}", true, true},
        {" { \"ok\" : true } \n", true, true},
        {"{\"pages\":[{\"ok\":false}],\"ok\":true}", true, true},
        {"{\"exit\":0,\"ok\":true,\"pages\":[", false, true}, /* a long answer's beginning */
        {"{\"ok\":true,\"pages\":[", true, false},
        {"{\"ok\":false,\"exit\":65,\"error\":\"nobody\"}", true, false},
        {"{\"error\":\"\\\"ok\\\":true\",\"ok\":false}", true, false},
        {"{\"error\":\"x\\\\\",\"ok\":true}", true, true},
        {"{\"pages\":[{\"ok\":true}]}", true, false},
        {"{\"what\":{\"ok\":true}}", true, false},
        {"{\"oK\":true}", true, false},
        {"{\"ok\":\"true\"}", true, false},
        {"{\"ok\":truely}", true, false},
        {"{\"ok\":true", false, false},
        {"{\"ok\"", false, false},
        {"{\"ok\":", false, false},
        {"{\"x\":\"ok\":true}", true, false},
        {"[\"ok\",true]", true, false},
        {"[{\"ok\":true}]", true, false},
        {"{}\"ok\":true}", true, false},
        {"{\"ok\":true}{", true, false},
        {"{\"ok\":true} {\"ok\":false}", true, false},
        {"\"ok\":true", true, false},
        {"ok", true, false},
        {"true", true, false},
        {"", true, false},
        {"{", true, false},
        {"}}}}", true, false},
        {"{\"", true, false},
        {"{\"\\", true, false},
        {"\xFF\xFE{\"ok\":true}", true, false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (consent_given(t[i].answer, t[i].whole) != t[i].given)
            fail_msg("%s", t[i].answer);
}

static void test_consent__the_error_fits_a_log_line(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *error;
    } t[] = {
        {"{\"ok\":false,\"error\":\"nobody to page\"}", "nobody to page"},
        {"{\"ok\":false,\"error\":\"a \\\"b\\\" c\"}", "a \"b\" c"},
        {"{\"ok\":false,\"error\":\"a\nb\x01\"}", "a?b?"},
        {"{\"ok\":false,\"error\":\"für\"}", "für"},
        {"{\"ok\":false,\"error\":\"0123456789012345678901234567890123456789\"}", "0123456789012345678901234567890"},
        {"{\"ok\":false,\"error\":17}", ""},
        {"{\"ok\":false}", ""},
        {"{\"error\":\"", ""},
        {"{\"error\":\"x\\", ""},
        {"garbage \"error\":\"x\"", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char error[32];
        consent_error(t[i].answer, error, sizeof error);
        assert_string_equal(error, t[i].error);
    }
}

/* Cut anywhere, it is no consent, and nothing beyond its end is read. */
static void test_consent__half_an_answer_is_none(void **state)
{
    (void)state;
    static const char answer[] = "{\"exit\":0,\"pages\":[{\"body\":\"a \\\"quoted\\\" \\u00e9\"}],\"ok\":true}";
    for (size_t n = 0; n < sizeof answer - 1; n++) {
        char cut[sizeof answer], error[16];
        snprintf(cut, sizeof cut, "%.*s", (int)n, answer);
        assert_false(consent_given(cut, true));
        assert_false(consent_given(cut, false));
        consent_error(cut, error, sizeof error);
        assert_string_equal(error, "");
    }
    assert_true(consent_given(answer, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consent__is_said_by_the_answer_itself),
        cmocka_unit_test(test_consent__the_error_fits_a_log_line),
        cmocka_unit_test(test_consent__half_an_answer_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

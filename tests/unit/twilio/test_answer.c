/* answer: two headers, a bounded body, hostile servers. */
#include "twilio/answer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60000 };
#define NOW INT64_C(1445412480000) /* Wed, 21 Oct 2015 07:28:00 GMT */

static bool feed(struct answer *a, const char *line)
{
    return answer_header(a, line, strlen(line), NOW);
}

static void test_answer__reads_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t ms;
    } table[] = {
        {"Retry-After: 120\r\n", 2 * MINUTE},
        {"retry-after:120", 2 * MINUTE},
        {"Retry-After:  0 \r\n", 0},
        {"Retry-After: Wed, 21 Oct 2015 07:29:00 GMT\r\n", MINUTE},
        {"Retry-After: Wed, 21 Oct 2015 07:00:00 GMT\r\n", 0},
        {"Retry-After: 99999999999999999999999\r\n", INT64_C(999999999000)},
        {"Retry-After: -5\r\n", -1},
        {"Retry-After: soon\r\n", -1},
        {"Retry-After:\r\n", -1},
        {"Retry-After: 1.5\r\n", -1},
        {"X-Retry-After: 5\r\n", -1},
        {"Retry-After-Not: 5\r\n", -1},
        {"\r\n", -1},
        {"", -1},
    };
    struct answer a;
    answer_init(&a);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_true(feed(&a, "HTTP/1.1 429 Too Many Requests\r\n"));
        assert_true(feed(&a, table[i].line));
        assert_int_equal(a.retry_after, table[i].ms);
    }
    answer_clean(&a);
}

static void test_answer__reads_the_request_id(void **state)
{
    (void)state;
    struct answer a;
    answer_init(&a);
    assert_true(feed(&a, "Twilio-Request-Id: RQ0123\r\n"));
    assert_string_equal(a.request_id, "RQ0123");
    /* Longer than any real one: not taken, and not cut to something that looks like one. */
    char line[200] = "Twilio-Request-Id: ";
    memset(line + strlen(line), 'x', 100);
    assert_true(feed(&a, line));
    assert_string_equal(a.request_id, "RQ0123");
    answer_clean(&a);
}

static void test_answer__starts_anew_with_each_status_line(void **state)
{
    (void)state;
    struct answer a;
    answer_init(&a);
    assert_true(feed(&a, "HTTP/1.1 100 Continue\r\n"));
    assert_true(feed(&a, "Retry-After: 7\r\n"));
    assert_true(feed(&a, "Twilio-Request-Id: RQ1\r\n"));
    assert_true(feed(&a, "HTTP/1.1 201 Created\r\n"));
    assert_int_equal(a.retry_after, -1);
    assert_string_equal(a.request_id, "");
    answer_clean(&a);
}

static void test_answer__bounds_headers_and_body(void **state)
{
    (void)state;
    struct answer a;
    answer_init(&a);
    char line[1000];
    memset(line, 'x', sizeof line);
    int n = 0;
    while (answer_header(&a, line, sizeof line, NOW))
        n++;
    assert_int_equal(n, ANSWER_HEADER_MAX / sizeof line);

    answer_reset(&a);
    n = 0;
    while (answer_body(&a, line, sizeof line))
        n++;
    assert_int_equal(n, ANSWER_BODY_MAX / sizeof line);
    assert_int_equal(buf_status(&a.body), NT_ETOOBIG);

    answer_reset(&a);
    assert_int_equal(a.body.len, 0);
    assert_true(answer_body(&a, "ok", 2));
    assert_string_equal(buf_text(&a.body), "ok");
    answer_clean(&a);
}

static void test_answer__reports_missing_memory(void **state)
{
    (void)state;
    struct answer a;
    answer_init(&a);
    mem_fail_at(1);
    assert_false(answer_body(&a, "x", 1));
    mem_fail_at(0);
    assert_int_equal(buf_status(&a.body), NT_ENOMEM);
    answer_clean(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer__reads_retry_after),
        cmocka_unit_test(test_answer__reads_the_request_id),
        cmocka_unit_test(test_answer__starts_anew_with_each_status_line),
        cmocka_unit_test(test_answer__bounds_headers_and_body),
        cmocka_unit_test(test_answer__reports_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

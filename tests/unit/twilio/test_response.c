/* response: what answers mean, and that no body does harm. */
#include "twilio/response.h"

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

enum { NO_MEDIA = 0, MEDIA = 1, CALLBACK = 2 };

static struct outcome judge(long status, const char *body, unsigned carried)
{
    struct http_result r = {.end = HTTP_ANSWERED,
                            .status = status,
                            .body = body,
                            .body_len = strlen(body),
                            .retry_after = -1,
                            .request_id = "RQ1",
                            .error = ""};
    struct outcome o;
    response_outcome(&r, carried & MEDIA, carried & CALLBACK, &o);
    assert_string_equal(o.request_id, "RQ1");
    return o;
}

static void test_response__takes_a_created_message(void **state)
{
    (void)state;
    struct outcome o =
        judge(201,
              "{\"sid\":\"SM0123456789abcdef0123456789abcdef\",\"status\":\"accepted\",\"error_code\":null,"
              "\"num_segments\":\"2\",\"price\":null,\"from\":null}",
              0);
    assert_int_equal(o.kind, OUTCOME_SENT);
    assert_string_equal(o.sid, "SM0123456789abcdef0123456789abcdef");
    assert_string_equal(o.status, "accepted");
    assert_int_equal(o.segments, 2);
    assert_int_equal(o.code, 0);
    assert_int_equal(o.http_status, 201);
    assert_int_equal(o.retry_after, -1);
    assert_string_equal(o.message, "");

    o = judge(200, "{\"sid\":\"MM1\",\"status\":null,\"num_segments\":3}", MEDIA);
    assert_int_equal(o.kind, OUTCOME_SENT);
    assert_string_equal(o.sid, "MM1");
    assert_string_equal(o.status, "");
    assert_int_equal(o.segments, 3);
}

static void test_response__takes_nothing_else_for_sent(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "OK",
        "null",
        "[]",
        "{}",
        "{\"sid\":null}",
        "{\"sid\":5}",
        "{\"sid\":\"\"}",
        "{\"sid\":\"SM1/../x\"}",
        "{\"sid\":\"SM0123456789012345678901234567890123456789012345678901234567890123456789\"}",
        "{\"sid\":\"SM1\"",
        "{\"code\":21610,\"message\":\"x\",\"status\":400}",
        "<html>welcome to the hotel's network</html>",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct outcome o = judge(201, table[i], 0);
        assert_int_equal(o.kind, OUTCOME_AMBIGUOUS);
        assert_string_equal(o.sid, "");
        assert_true(o.message[0]);
    }
}

static void test_response__judges_errors(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *code; /* "" = no JSON */
        unsigned carried;
        enum outcome_kind kind;
        bool alarm;
    } table[] = {
        {400, "21211", 0, OUTCOME_REFUSED, false},
        {400, "\"21211\"", 0, OUTCOME_REFUSED, false},
        {400, "21606", 0, OUTCOME_NEXT_SENDER, true},
        {400, "21612", 0, OUTCOME_NEXT_SENDER, false},
        {403, "21408", 0, OUTCOME_REFUSED, true},
        {400, "21610", 0, OUTCOME_REFUSED, false},
        {429, "21611", 0, OUTCOME_RETRY, false},
        {429, "20429", 0, OUTCOME_RETRY, false},
        {429, "63038", 0, OUTCOME_ACCOUNT, true},
        {400, "21620", MEDIA, OUTCOME_TEXT_ONLY, false},
        {400, "21620", CALLBACK, OUTCOME_REFUSED, false},
        {400, "21609", CALLBACK, OUTCOME_NO_CALLBACK, true},
        {400, "21609", MEDIA, OUTCOME_REFUSED, true},
        {400, "30003", 0, OUTCOME_RETRY, false},
        {401, "20003", 0, OUTCOME_ACCOUNT, true},
        {401, "21211", 0, OUTCOME_ACCOUNT, true},
        {401, "", 0, OUTCOME_ACCOUNT, true},
        {403, "20403", 0, OUTCOME_ACCOUNT, true},
        {403, "29999", 0, OUTCOME_REFUSED, true},
        {403, "", 0, OUTCOME_ACCOUNT, true},
        {404, "20404", 0, OUTCOME_ACCOUNT, true},
        {404, "", 0, OUTCOME_ACCOUNT, true},
        {402, "", 0, OUTCOME_ACCOUNT, true},
        {407, "", 0, OUTCOME_ACCOUNT, true},
        {408, "", 0, OUTCOME_AMBIGUOUS, false},
        {425, "", 0, OUTCOME_RETRY, false},
        {429, "", 0, OUTCOME_RETRY, false},
        {429, "29999", 0, OUTCOME_RETRY, false},
        {400, "", 0, OUTCOME_REFUSED, true},
        {400, "29999", 0, OUTCOME_REFUSED, true},
        {422, "1e400", 0, OUTCOME_REFUSED, true},
        {400, "-21610", 0, OUTCOME_REFUSED, true},
        {400, "20500", 0, OUTCOME_AMBIGUOUS, false},
        {500, "20500", 0, OUTCOME_AMBIGUOUS, false},
        {500, "21211", 0, OUTCOME_AMBIGUOUS, false},
        {502, "", 0, OUTCOME_AMBIGUOUS, false},
        {503, "20503", 0, OUTCOME_AMBIGUOUS, false},
        {599, "", 0, OUTCOME_AMBIGUOUS, false},
        {301, "", 0, OUTCOME_ACCOUNT, true},
        {307, "", 0, OUTCOME_ACCOUNT, true},
        {100, "", 0, OUTCOME_ACCOUNT, true},
        {0, "", 0, OUTCOME_ACCOUNT, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char body[200] = "<html>no JSON</html>";
        if (*table[i].code)
            snprintf(body, sizeof body, "{\"code\":%s,\"message\":\"Twilio's words\",\"status\":%ld}", table[i].code,
                     table[i].status);
        struct outcome o = judge(table[i].status, body, table[i].carried);
        if (o.kind != table[i].kind || o.alarm != table[i].alarm)
            print_error("%ld %s\n", table[i].status, table[i].code);
        assert_int_equal(o.kind, table[i].kind);
        assert_int_equal(o.alarm, table[i].alarm);
        assert_int_equal(o.opted_out, strcmp(table[i].code, "21610") == 0);
        assert_true(o.message[0]);
    }
}

static void test_response__explains_in_words(void **state)
{
    (void)state;
    struct outcome o = judge(400, "{\"code\":21610,\"message\":\"Attempt to send to unsubscribed recipient\"}", 0);
    assert_int_equal(o.code, 21610);
    assert_string_equal(o.message, "the recipient has opted out (STOP): Attempt to send to unsubscribed recipient "
                                   "(Twilio 21610, HTTP 400)");
    o = judge(400, "{\"code\":29999,\"message\":\"Something\\nnew \\u0007\"}", 0);
    assert_string_equal(o.message, "Something new   (Twilio 29999, HTTP 400)");
    o = judge(502, "<html>", 0);
    assert_int_equal(o.code, 0);
    assert_string_equal(o.message, "an error inside Twilio or a server in between (HTTP 502)");
    o = judge(302, "", 0);
    assert_string_equal(o.message, "a redirection, which is not followed: base_url is wrong (HTTP 302)");

    /* Longer than the record, of two-byte letters: cut between letters, and the numbers stay. */
    char body[2000] = "{\"code\":21211,\"message\":\"";
    for (int i = 0; i < 700; i++)
        strcat(body, "\xc3\xa9");
    strcat(body, "\"}");
    o = judge(400, body, 0);
    assert_true(strlen(o.message) < OUTCOME_MESSAGE);
    assert_true(utf8_valid(o.message, strlen(o.message)));
    assert_non_null(strstr(o.message, "(Twilio 21211, HTTP 400)"));
    /* Bytes that are no text. */
    o = judge(400, "{\"code\":21211,\"message\":\"a\xff\xc3z\"}", 0);
    assert_non_null(strstr(o.message, ": a??z ("));
}

static void test_response__judges_what_has_no_answer(void **state)
{
    (void)state;
    struct http_result r = {.end = HTTP_NEVER_SENT, .retry_after = -1, .request_id = "", .error = "no route"};
    struct outcome o;
    response_outcome(&r, false, false, &o);
    assert_int_equal(o.kind, OUTCOME_RETRY);
    assert_false(o.alarm);
    assert_string_equal(o.message, "no route");
    assert_int_equal(o.http_status, 0);

    r.trust = true;
    r.error = NULL;
    r.request_id = NULL;
    response_outcome(&r, false, false, &o);
    assert_int_equal(o.kind, OUTCOME_RETRY);
    assert_true(o.alarm);
    assert_string_equal(o.message, "no connection");

    /* A status line alone is no answer. */
    r = (struct http_result){
        .end = HTTP_UNKNOWN, .status = 201, .body = "{\"sid\":\"SM1\"}", .body_len = 13, .error = ""};
    response_outcome(&r, false, false, &o);
    assert_int_equal(o.kind, OUTCOME_AMBIGUOUS);
    assert_string_equal(o.sid, "");
    assert_string_equal(o.message, "no answer");
}

static void test_response__bounds_retry_after(void **state)
{
    (void)state;
    static const struct {
        int64_t given, taken;
    } table[] = {{-1, -1}, {0, 0}, {5000, 5000}, {3600000, 3600000}, {3600001, 3600000}, {INT64_MAX, 3600000}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct http_result r = {
            .end = HTTP_ANSWERED, .status = 429, .body = "", .retry_after = table[i].given, .request_id = ""};
        struct outcome o;
        response_outcome(&r, false, false, &o);
        assert_int_equal(o.kind, OUTCOME_RETRY);
        assert_int_equal(o.retry_after, table[i].taken);
    }
}

static void test_response__reads_a_list(void **state)
{
    (void)state;
    static const char text[] =
        "{\"messages\":["
        "{\"sid\":\"SM2\",\"status\":\"undelivered\",\"from\":\"+15005550006\",\"to\":\"+15005550001\",\"body\":"
        "\"b\\n2\","
        "\"messaging_service_sid\":\"MG1\",\"error_code\":30003,\"error_message\":\"off\",\"num_segments\":\"1\","
        "\"date_created\":\"Wed, 18 Aug 2010 20:01:40 +0000\"},"
        "{\"sid\":\"SM1\",\"status\":null,\"from\":null,\"to\":7,\"body\":null,\"error_code\":\"30005\",\"date_"
        "created\":\"?\"},"
        "{\"status\":\"sent\"},null,5,\"x\",[]],"
        "\"next_page_uri\":\"/2010-04-01/next\"}";
    struct message_list list;
    assert_int_equal(response_list(text, sizeof text - 1, &list), NT_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.next_page_uri, "/2010-04-01/next");
    const struct message *m = &list.item[0];
    assert_string_equal(m->sid, "SM2");
    assert_string_equal(m->status, "undelivered");
    assert_string_equal(m->from, "+15005550006");
    assert_string_equal(m->to, "+15005550001");
    assert_string_equal(m->body, "b\n2");
    assert_string_equal(m->messaging_service_sid, "MG1");
    assert_string_equal(m->error_message, "off");
    assert_int_equal(m->error_code, 30003);
    assert_int_equal(m->segments, 1);
    assert_int_equal(m->date_created, INT64_C(1282161700000));
    m = &list.item[1];
    assert_string_equal(m->sid, "SM1");
    assert_string_equal(m->status, "");
    assert_string_equal(m->from, "");
    assert_string_equal(m->to, "");
    assert_string_equal(m->body, "");
    assert_string_equal(m->messaging_service_sid, "");
    assert_int_equal(m->error_code, 30005);
    assert_int_equal(m->date_created, 0);
    message_list_clean(&list);
    message_list_clean(&list);

    assert_int_equal(response_list("{\"messages\":[],\"next_page_uri\":null}", 36, &list), NT_OK);
    assert_int_equal(list.n, 0);
    assert_string_equal(list.next_page_uri, "");
    message_list_clean(&list);
}

static void test_response__refuses_what_is_no_list(void **state)
{
    (void)state;
    static const char *const table[] = {"",
                                        "x",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"messages\":null}",
                                        "{\"messages\":{}}",
                                        "{\"messages\":[",
                                        "\"messages\"",
                                        "{\"messages\":[]"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct message_list list;
        assert_int_equal(response_list(table[i], strlen(table[i]), &list), NT_EINVAL);
        assert_int_equal(list.n, 0);
        message_list_clean(&list);
        assert_int_equal(response_message(table[i], strlen(table[i]), &list), NT_EINVAL);
        message_list_clean(&list);
    }
}

static void test_response__survives_deep_nesting(void **state)
{
    (void)state;
    size_t n = 200000;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, '[', n);
    struct message_list list;
    assert_int_equal(response_list(text, n, &list), NT_EINVAL);
    free(text);
}

static void test_response__reads_one_message(void **state)
{
    (void)state;
    static const char text[] = "{\"sid\":\"SM1\",\"status\":\"delivered\",\"next_page_uri\":\"/x\",\"num_segments\":2}";
    struct message_list list;
    assert_int_equal(response_message(text, sizeof text - 1, &list), NT_OK);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.item[0].status, "delivered");
    assert_int_equal(list.item[0].segments, 2);
    assert_string_equal(list.next_page_uri, "");
    message_list_clean(&list);
}

static void test_response__survives_missing_memory(void **state)
{
    (void)state;
    static const char text[] = "{\"messages\":[{\"sid\":\"SM1\"},{\"sid\":\"SM2\"}]}";
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        struct message_list list;
        mem_fail_at(n);
        enum nt_status status = response_list(text, sizeof text - 1, &list);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        assert_int_equal(list.n, failed ? 0 : 2);
        message_list_clean(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response__takes_a_created_message),
        cmocka_unit_test(test_response__takes_nothing_else_for_sent),
        cmocka_unit_test(test_response__judges_errors),
        cmocka_unit_test(test_response__explains_in_words),
        cmocka_unit_test(test_response__judges_what_has_no_answer),
        cmocka_unit_test(test_response__bounds_retry_after),
        cmocka_unit_test(test_response__reads_a_list),
        cmocka_unit_test(test_response__refuses_what_is_no_list),
        cmocka_unit_test(test_response__survives_deep_nesting),
        cmocka_unit_test(test_response__reads_one_message),
        cmocka_unit_test(test_response__survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

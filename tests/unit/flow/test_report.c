/* A page as JSON. */
#include "flow/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct page *some_page(void)
{
    struct page *p = page_new();
    assert_non_null(p);
    p->id = 7;
    snprintf(p->number, sizeof p->number, "+15005550001");
    p->class = CLASS_URGENT;
    p->event = EVENT_PROBLEM;
    p->state = PAGE_QUEUED;
    p->segments = 1;
    p->created = INT64_C(1700000000999);
    p->due = INT64_C(1700000060000);
    assert_int_equal(page_set(&p->contact, "alice"), NT_OK);
    assert_int_equal(page_set(&p->body, "DOWN \"web01\"\n\xff"), NT_OK);
    assert_int_equal(page_set(&p->host, "web01"), NT_OK);
    assert_int_equal(page_set(&p->service, "HTTP"), NT_OK);
    assert_int_equal(page_set(&p->alert_state, "CRITICAL"), NT_OK);
    return p;
}

static void assert_json(const struct page *p, const char *want)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_begin(&j, &b);
    report_page_json(&j, p);
    assert_string_equal(buf_text(&b), want);
    buf_clean(&b);
}

static void test_report__json_queued(void **state)
{
    (void)state;
    struct page *p = some_page();
    assert_json(p, "{\"id\":7,\"to\":\"+15005550001\",\"contact\":\"alice\",\"class\":\"urgent\",\"event\":\"problem\","
                   "\"state\":\"queued\",\"sid\":null,\"error\":null,\"body\":\"DOWN \\\"web01\\\"\\n\xef\xbf\xbd\","
                   "\"encoding\":\"GSM-7\",\"segments\":1,\"truncated\":false,\"media\":[],\"attempts\":0,"
                   "\"next_attempt\":1700000060,\"created\":1700000000}");
    page_free(p);
}

static void test_report__json_sent_by_a_bare_number(void **state)
{
    (void)state;
    struct page *p = some_page();
    p->id = 0;
    p->state = PAGE_FAILED;
    p->class = CLASS_ROUTINE;
    p->flags = PAGE_UCS2 | PAGE_TRUNCATED | PAGE_DIGEST;
    p->segments = 2;
    p->attempts = 3;
    p->error_code = 21211;
    assert_int_equal(page_set(&p->contact, ""), NT_OK);
    assert_int_equal(page_set(&p->body, "x"), NT_OK);
    assert_int_equal(page_set(&p->sid, "SM1"), NT_OK);
    assert_int_equal(page_set(&p->error_message, "no such number"), NT_OK);
    assert_int_equal(strlist_add(&p->media, "https://a/b"), NT_OK);
    assert_json(p,
                "{\"id\":null,\"to\":\"+15005550001\",\"contact\":null,\"class\":\"routine\",\"event\":\"digest\","
                "\"state\":\"failed\",\"sid\":\"SM1\",\"error\":{\"code\":21211,\"message\":\"no such number\"},"
                "\"body\":\"x\",\"encoding\":\"UCS-2\",\"segments\":2,\"truncated\":true,\"media\":[\"https://a/b\"],"
                "\"attempts\":3,\"next_attempt\":null,\"created\":1700000000}");
    p->error_code = 0;
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_begin(&j, &b);
    report_page_json(&j, p);
    assert_non_null(strstr(buf_text(&b), "\"error\":{\"code\":null,\"message\":\"no such number\"}"));
    buf_clean(&b);
    page_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report__json_queued),
        cmocka_unit_test(test_report__json_sent_by_a_bare_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* http, asked of servers that are not Twilio's: headers, uploads, redirects, bodies that are taken as they come. */
#include "client.h"
#include "server.h"

#include "base/mem.h"
#include "twilio/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool take(void *arg, const char *data, size_t len)
{
    struct seen *s = arg;
    (void)data;
    s->taken += len;
    return !s->enough || s->taken <= s->enough;
}

static struct http_request request(const char *method, const struct server *server, struct seen *s, char url[100])
{
    memset(s, 0, sizeof *s);
    snprintf(url, 100, "http://127.0.0.1:%d/first", server_port(server));
    return (struct http_request){.method = method,
                                 .url = url,
                                 .foreign = true,
                                 .keep_head = true,
                                 .body_max = 1000,
                                 .done = client_keep,
                                 .arg = s};
}

static void run(struct http *h, const struct http_request *r, struct seen *s)
{
    assert_int_equal(http_start(h, r), NT_OK);
    client_finish(h);
    assert_int_equal(s->calls, 1);
}

static ssize_t read_text(void *arg, size_t offset, void *out, size_t size)
{
    const char *text = arg;
    size_t len = strlen(text);
    if (offset >= len)
        return 0;
    if (size > 7) /* in pieces */
        size = 7;
    if (size > len - offset)
        size = len - offset;
    memcpy(out, text + offset, size);
    return (ssize_t)size;
}

static ssize_t read_nothing(void *arg, size_t offset, void *out, size_t size)
{
    (void)arg;
    (void)offset;
    (void)out;
    (void)size;
    return -1;
}

static void test_http_foreign__uploads(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    static const char text[] = "a picture of more than seven bytes";
    char *lines[] = {(char[]){"Content-Type: image/png"}, (char[]){"X-Token: hush"}, (char[]){"Expect: 100-continue"}};
    const struct strlist headers = {lines, 2, 2};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    char url[100];
    struct http_request r = request("PUT", server, &s, url);
    r.headers = &headers;
    r.read = read_text;
    r.read_arg = (void *)(uintptr_t)text;
    r.read_len = sizeof text - 1;
    run(h, &r, &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(s.status, 201);
    const char *got = server_last(server);
    assert_ptr_equal(strstr(got, "PUT /first HTTP/1.1\r\n"), got);
    assert_non_null(strstr(got, "\r\nContent-Type: image/png\r\n"));
    assert_non_null(strstr(got, "\r\nX-Token: hush\r\n"));
    assert_non_null(strstr(got, "\r\nContent-Length: 34\r\n"));
    assert_null(strstr(got, "\r\nExpect"));
    assert_non_null(strstr(got, "\r\n\r\na picture of more than seven bytes"));

    /* the same handle afterwards: nothing of it is left */
    r = request("GET", server, &s, url);
    r.foreign = r.keep_head = false;
    r.body_max = 0;
    run(h, &r, &s);
    got = server_last(server);
    assert_ptr_equal(strstr(got, "GET /first HTTP/1.1\r\n"), got);
    assert_null(strstr(got, "X-Token"));
    assert_null(strstr(got, "Content-"));
    r = request("POST", server, &s, url);
    r.form = "a=b";
    r.form_len = 3;
    run(h, &r, &s);
    got = server_last(server);
    assert_non_null(strstr(got, "\r\n\r\na=b"));
    assert_null(strstr(got, "X-Token"));
    r = request("DELETE", server, &s, url);
    run(h, &r, &s);
    assert_ptr_equal(strstr(server_last(server), "DELETE /first"), server_last(server));
    r = request("POST", server, &s, url);
    run(h, &r, &s);
    assert_ptr_equal(strstr(server_last(server), "POST /first"), server_last(server));

    /* a body that cannot be read is no upload */
    int before = server_requests(server);
    r = request("PUT", server, &s, url);
    r.read = read_nothing;
    r.read_len = 10;
    run(h, &r, &s);
    assert_int_not_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(server_requests(server), before);
    http_free(h);
    server_stop(server);
}

static void test_http_foreign__takes_as_it_comes(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_HUGE, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    char url[100];
    struct http_request r = request("GET", server, &s, url);
    r.take = take;
    run(h, &r, &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    assert_true(s.taken > 3000000);
    assert_int_equal(s.body_len, 0);
    r = request("GET", server, &s, url);
    r.take = take;
    s.enough = 100000;
    run(h, &r, &s);
    assert_int_equal(s.end, HTTP_UNKNOWN);
    assert_string_equal(s.error, "the rest was not wanted");
    assert_true(s.taken < 300000);
    r = request("GET", server, &s, url); /* without take: the rest is dropped */
    run(h, &r, &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(s.body_len, 1000);
    http_free(h);
    server_stop(server);
}

static void test_http_foreign__error_bodies_are_no_pictures(void **state)
{
    (void)state;
    static const struct server_step steps[] = {
        {ACT_TEXT, "HTTP/1.1 404 No\r\nX-A: b\r\nContent-Length: 4\r\n\r\nnope"},
        {ACT_TEXT,
         "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-A: c\r\nContent-Length: 3\r\n\r\nyes"}};
    struct server *server = server_start(steps, 2, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    char url[100];
    struct http_request r = request("GET", server, &s, url);
    r.take = take;
    run(h, &r, &s);
    assert_int_equal(s.status, 404);
    assert_int_equal(s.taken, 0);
    assert_string_equal(s.body, "nope");
    assert_string_equal(s.head, "HTTP/1.1 404 No\nX-A: b\nContent-Length: 4\n\n");
    r = request("GET", server, &s, url);
    r.take = take;
    run(h, &r, &s);
    assert_int_equal(s.status, 200);
    assert_int_equal(s.taken, 3);
    assert_null(strstr(s.head, "Early"));
    http_free(h);
    server_stop(server);
}

static void test_http_foreign__redirects(void **state)
{
    (void)state;
    char there[200], *lines[] = {(char[]){"X-Token: hush"}};
    const struct strlist headers = {lines, 1, 1};
    static const struct server_step last[] = {{ACT_ANSWER, NULL}};
    struct server *other = server_start(last, 1, false);
    snprintf(there, sizeof there,
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/there\r\nContent-Length: 2\r\n\r\nno",
             server_port(other));
    const struct server_step steps[] = {
        {ACT_TEXT, "HTTP/1.1 301 Moved\r\nLocation: /second\r\nContent-Length: 0\r\n\r\n"}, {ACT_TEXT, there}};
    struct server *server = server_start(steps, 2, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    char url[100];
    struct http_request r = request("GET", server, &s, url);
    r.headers = &headers;
    r.redirects = 5;
    r.take = take;
    run(h, &r, &s);
    assert_int_equal(s.status, 201);
    assert_int_equal(s.taken, 40); /* of the last answer alone */
    /* on the same server they go along, to another they do not */
    assert_non_null(strstr(server_last(server), "GET /second"));
    assert_non_null(strstr(server_last(server), "X-Token: hush"));
    assert_non_null(strstr(server_last(other), "GET /there"));
    assert_null(strstr(server_last(other), "X-Token"));
    http_free(h);
    server_stop(server);
    server_stop(other);
}

static void test_http_foreign__redirects_end(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        const char *method;
        int redirects, requests;
    } table[] = {
        {"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", "GET", 3, 4},
        {"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", "GET", 0, 1},
        {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "GET", 3, 1},
        {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "GET", 3, 1},
        {"HTTP/1.1 302 Found\r\nLocation: http://u:p@127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "GET", 3, 1},
        {"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", "POST", 3, 1},
        {"HTTP/1.1 304 Same\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", "GET", 3, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct server_step steps[] = {{ACT_TEXT, table[i].answer}};
        struct server *server = server_start(steps, 1, false);
        struct http *h = client_make(4, "", "");
        struct seen s;
        char url[100];
        struct http_request r = request(table[i].method, server, &s, url);
        r.redirects = table[i].redirects;
        run(h, &r, &s);
        assert_int_equal(s.end, HTTP_ANSWERED);
        assert_true(s.status == 302 || s.status == 304);
        if (server_requests(server) != table[i].requests)
            fail_msg("%zu: %d requests", i, server_requests(server));
        http_free(h);
        server_stop(server);
    }
}

static void test_http_foreign__cancelled(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    char url[100];
    struct http_request r = request("GET", server, &s, url);
    assert_int_equal(http_start(h, &r), NT_OK);
    while (!server_requests(server))
        assert_int_equal(http_run(h, NULL, NULL, 0, 10), NT_OK);
    assert_true(http_fd(h) >= 0);
    assert_true(http_next(h) >= -1);
    http_cancel(h, &server); /* somebody else's */
    assert_int_equal(http_active(h), 1);
    http_cancel(h, &s);
    assert_int_equal(http_active(h), 0);
    assert_int_equal(http_run(h, NULL, NULL, 0, 0), NT_OK);
    assert_int_equal(s.calls, 0);
    http_free(h);
    server_stop(server);
}

/* Twilio's own requests get none of this by mistake. */
static void test_http_foreign__is_asked_for(void **state)
{
    (void)state;
    struct http *h = client_make(4, "", "");
    struct seen s = {0};
    const struct strlist headers = {NULL, 0, 0};
    const struct http_request refused[] = {
        {.method = "PUT"},
        {.method = "HEAD"},
        {.method = "DELETE"},
        {.method = "GET", .headers = &headers},
        {.method = "GET", .take = take},
        {.method = "GET", .redirects = 1},
        {.method = "GET", .body_max = 1},
        {.method = "GET", .direct = true},
        {.method = "GET", .keep_head = true},
        {.method = "POST", .read = read_text},
        {.method = "GET", .foreign = true, .read = read_text},
        {.method = "PUT", .foreign = true},
        {.method = "GET", .foreign = true, .redirects = 1, .user = "user", .password = "pass"},
        {.method = "BREW", .foreign = true},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct http_request r = refused[i];
        r.url = "http://127.0.0.1:1/";
        r.done = client_keep;
        r.arg = &s;
        if (http_start(h, &r) != NT_EINVAL)
            fail_msg("%zu was taken", i);
    }
    struct http_request far = {.method = "GET", .url = "http://192.0.2.1/", .done = client_keep, .arg = &s};
    assert_int_equal(http_start(h, &far), NT_EINVAL);
    far.foreign = true;
    assert_int_equal(http_start(h, &far), NT_OK);
    http_cancel(h, &s);
    http_free(h);
}

/* A form is given to libcurl once: who makes it ask beyond the end, as a repetition would, ends the request. */
static void test_http_foreign__a_form_is_read_once(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    char *lines[] = {(char[]){"Transfer-Encoding: chunked"}};
    const struct strlist headers = {lines, 1, 1};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(1, "", "");
    struct seen s;
    char url[100];
    struct http_request r = request("POST", server, &s, url);
    r.form = "a=b";
    r.form_len = 3;
    r.headers = &headers;
    run(h, &r, &s);
    assert_int_equal(s.end, HTTP_UNKNOWN);
    assert_string_equal(s.error, "the connection was closed before an answer came");
    http_free(h);
    server_stop(server);
}

static void test_http_foreign__survives_missing_memory(void **state)
{
    (void)state;
    static const struct server_step steps[] = {
        {ACT_TEXT, "HTTP/1.1 200 OK\r\nX-A: a header long enough that the lines need more room than they began with\r\n"
                   "Content-Length: 3\r\n\r\n"}};
    char *lines[] = {(char[]){"X-Token: hush"}};
    const struct strlist headers = {lines, 1, 1};
    struct server *server = server_start(steps, 1, false);
    int unknown = 0;
    for (unsigned long n = 1;; n++) {
        struct http *h = client_make(1, "", "");
        struct seen s;
        char url[100];
        struct http_request r = request("HEAD", server, &s, url);
        r.headers = &headers;
        mem_fail_at(n);
        enum nt_status status = http_start(h, &r);
        if (!status)
            client_finish(h);
        bool failed = mem_failed();
        mem_fail_at(0);
        if (status) {
            assert_int_equal(status, NT_ENOMEM);
            assert_true(failed);
            assert_int_equal(s.calls, 0);
        } else {
            assert_int_equal(s.calls, 1);
            assert_int_equal(s.end, failed ? HTTP_UNKNOWN : HTTP_ANSWERED);
            unknown += failed;
        }
        http_free(h);
        if (!failed)
            break;
    }
    assert_ptr_equal(strstr(server_last(server), "HEAD /first"), server_last(server));
    assert_true(unknown > 0);
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_foreign__uploads),
        cmocka_unit_test(test_http_foreign__takes_as_it_comes),
        cmocka_unit_test(test_http_foreign__error_bodies_are_no_pictures),
        cmocka_unit_test(test_http_foreign__redirects),
        cmocka_unit_test(test_http_foreign__redirects_end),
        cmocka_unit_test(test_http_foreign__cancelled),
        cmocka_unit_test(test_http_foreign__is_asked_for),
        cmocka_unit_test(test_http_foreign__a_form_is_read_once),
        cmocka_unit_test(test_http_foreign__survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

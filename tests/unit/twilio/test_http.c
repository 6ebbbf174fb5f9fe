/* http: what is certain about a request, against a server that misbehaves in every way. */
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
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include <cmocka.h>

static enum nt_status start(struct http *h, const char *method, int port, const char *form, int64_t timeout,
                            struct seen *s)
{
    char url[100];
    *s = (struct seen){0};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/2010-04-01/x?y=1", port);
    struct http_request r = {.method = method,
                             .url = url,
                             .user = "AC1",
                             .password = "hush:hush",
                             .form = form,
                             .form_len = form ? strlen(form) : 0,
                             .timeout = timeout,
                             .done = client_keep,
                             .arg = s};
    return http_start(h, &r);
}

static void post(struct http *h, struct server *server, struct seen *s)
{
    assert_int_equal(start(h, "POST", server_port(server), "Body=x", 0, s), NT_OK);
    client_finish(h);
    assert_int_equal(s->calls, 1);
}

static void test_http__asks_as_it_should(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    post(h, server, &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(s.status, 201);
    assert_string_equal(s.body, "{\"sid\":\"SM0123456789\",\"status\":\"queued\"}");
    assert_string_equal(s.request_id, "RQ1");
    assert_int_equal(s.retry_after, -1);
    assert_string_equal(s.error, "");
    assert_true(s.started > INT64_C(1600000000000));

    const char *request = server_last(server);
    assert_ptr_equal(strstr(request, "POST /2010-04-01/x?y=1 HTTP/1.1\r\n"), request);
    assert_non_null(strstr(request, "\r\nAuthorization: Basic QUMxOmh1c2g6aHVzaA==\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 6\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: test/1\r\n"));
    assert_null(strstr(request, "\r\nExpect"));
    assert_non_null(strstr(request, "\r\n\r\nBody=x"));

    /* A GET after a POST, on the same handle and connection. */
    assert_int_equal(start(h, "GET", server_port(server), NULL, 0, &s), NT_OK);
    client_finish(h);
    assert_int_equal(s.end, HTTP_ANSWERED);
    request = server_last(server);
    assert_ptr_equal(strstr(request, "GET /2010-04-01/x?y=1 HTTP/1.1\r\n"), request);
    assert_null(strstr(request, "Content-"));
    assert_int_equal(server_connections(server), 1);
    post(h, server, &s);
    assert_non_null(strstr(server_last(server), "\r\n\r\nBody=x"));
    http_free(h);
    server_stop(server);
}

static void test_http__sends_large_forms(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(1, "", "");
    char *form = malloc(200001);
    assert_non_null(form);
    memset(form, 'a', 200000);
    form[200000] = '\0';
    struct seen s;
    assert_int_equal(start(h, "POST", server_port(server), form, 0, &s), NT_OK);
    memset(form, 'b', 200000); /* it has been copied */
    client_finish(h);
    assert_int_equal(s.end, HTTP_ANSWERED);
    const char *body = strstr(server_last(server), "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "a"), 200000);
    free(form);
    http_free(h);
    server_stop(server);
}

/* What each misbehaviour of a server amounts to; the request is received once, never twice. */
static void test_http__tells_what_is_certain(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct server_step step;
        enum http_end end;
        long status;
    } table[] = {
        {"answer", {ACT_ANSWER, NULL}, HTTP_ANSWERED, 201},
        {"slow answer", {ACT_SLOW, NULL}, HTTP_ANSWERED, 201},
        {"interim answers", {ACT_INTERIM, NULL}, HTTP_ANSWERED, 201},
        {"error", {ACT_TEXT, "HTTP/1.1 429 No\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"}, HTTP_ANSWERED, 429},
        {"redirect",
         {ACT_TEXT, "HTTP/1.1 307 No\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"},
         HTTP_ANSWERED,
         307},
        {"401 without a challenge", {ACT_TEXT, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"}, HTTP_ANSWERED, 401},
        {"401 with another challenge",
         {ACT_TEXT,
          "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\nContent-Length: 0\r\n\r\n"},
         HTTP_ANSWERED,
         401},
        {"closed", {ACT_CLOSE, NULL}, HTTP_UNKNOWN, 0},
        {"reset", {ACT_RESET, NULL}, HTTP_UNKNOWN, 0},
        {"half an answer", {ACT_HALF, NULL}, HTTP_UNKNOWN, 201},
        {"too large", {ACT_HUGE, NULL}, HTTP_UNKNOWN, 200},
        {"garbage", {ACT_TEXT, "what do you want?\r\n\r\n"}, HTTP_UNKNOWN, 0},
        {"bad chunks",
         {ACT_TEXT, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"},
         HTTP_UNKNOWN,
         201},
        {"impossible length", {ACT_TEXT, "HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n{}"}, HTTP_UNKNOWN, 201},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        /* On a fresh connection, and on one that has answered before. */
        for (int warm = 0; warm < 2; warm++) {
            const struct server_step steps[] = {{warm ? ACT_ANSWER : table[i].step.act, table[i].step.text},
                                                table[i].step};
            struct server *server = server_start(steps, 2, false);
            struct http *h = client_make(4, "", "");
            struct seen s;
            if (warm) {
                post(h, server, &s);
                assert_int_equal(s.end, HTTP_ANSWERED);
            }
            post(h, server, &s);
            if (s.end != table[i].end || server_requests(server) != 1 + warm)
                print_error("%s, %s: %s\n", table[i].what, warm ? "warm" : "fresh", s.error);
            assert_int_equal(s.end, table[i].end);
            assert_int_equal(s.status, table[i].status);
            assert_int_equal(s.error[0] != '\0', s.end != HTTP_ANSWERED);
            assert_false(s.trust);
            assert_int_equal(server_requests(server), 1 + warm);
            http_free(h);
            assert_int_equal(server_requests(server), 1 + warm);
            server_stop(server);
        }
    }
}

static void test_http__does_not_use_a_closed_connection(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER_CLOSE, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(4, "", "");
    struct seen s;
    for (int i = 1; i <= 5; i++) {
        post(h, server, &s);
        assert_int_equal(s.end, HTTP_ANSWERED);
        server_wait_closed(server, i);
        assert_int_equal(server_requests(server), i);
    }
    http_free(h);
    server_stop(server);
}

static void test_http__knows_what_has_never_been_sent(void **state)
{
    (void)state;
    struct http *h = client_make(4, "", "");
    struct seen s;
    /* A port that is surely closed: bound, but nobody listens. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(start(h, "POST", ntohs(address.sin_port), "Body=x", 0, &s), NT_OK);
    client_finish(h);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    assert_int_equal(s.status, 0);
    assert_false(s.trust);
    assert_null(strstr(s.error, "hush"));
    close(fd);

    struct http_request r = {
        .method = "POST", .url = "https://nobody.invalid/", .form = "x", .form_len = 1, .done = client_keep, .arg = &s};
    s = (struct seen){0};
    assert_int_equal(http_start(h, &r), NT_OK);
    client_finish(h);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    http_free(h);
}

static void test_http__a_connection_reset_at_once_is_no_answer(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, true);
    struct http *h = client_make(1, "", "");
    struct seen s;
    /* Whether bytes left before the reset came is a race, so both are right; an answer is not. */
    post(h, server, &s);
    assert_int_not_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(server_requests(server), 0);
    http_free(h);
    server_stop(server);
}

static void test_http__gives_up_in_time(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(1, "", "");
    struct seen first, second;
    assert_int_equal(start(h, "POST", server_port(server), "Body=x", 1500, &first), NT_OK);
    while (!first.calls && server_requests(server) == 0)
        assert_int_equal(http_run(h, NULL, NULL, 0, 1), NT_OK);
    /* The only connection is taken, so this one waits for it, and never leaves. */
    assert_int_equal(start(h, "POST", server_port(server), "Body=y", 50, &second), NT_OK);
    if (!first.calls) {
        assert_int_equal(http_unsent(h), 1);
        assert_true(http_unsent_of(h, &second));
        assert_false(http_unsent_of(h, &first));
    }
    assert_false(http_unsent_of(h, &h)); /* nobody's */
    client_finish(h);
    assert_int_equal(http_unsent(h), 0);
    assert_int_equal(first.end, HTTP_UNKNOWN);
    assert_int_equal(second.end, HTTP_NEVER_SENT);
    assert_int_equal(server_requests(server), 1);
    http_free(h);
    server_stop(server);
}

static void test_http__refuses_odd_requests(void **state)
{
    (void)state;
    struct http *h = client_make(1, "", "");
    static const char *const urls[] = {
        "",
        "http://192.0.2.1/",
        "http://example.org/",
        "http://127.0.0.1.example.org/",
        "https://user:password@example.org/",
        "http://127.0.0.1@example.org/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://example.org/\r\nX: y",
    };
    struct http_request r = {.method = "GET", .done = client_keep};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        r.url = urls[i];
        assert_int_equal(http_start(h, &r), NT_EINVAL);
    }
    r.url = "http://127.0.0.1:1/";
    r.method = "DELETE";
    assert_int_equal(http_start(h, &r), NT_EINVAL);
    assert_int_equal(http_active(h), 0);
    http_free(h);

    struct http_options o = {.ca_file = "", .proxy = "http://us er:hush@proxy:3128", .address_cache = ""};
    assert_int_equal(http_new(&o, &h), NT_EINVAL);
    assert_null(h);
}

static void test_http__many_at_once_share_the_connections(void **state)
{
    (void)state;
    enum { N = 200 };
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    static struct seen s[N];
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(8, "", "");
    for (int i = 0; i < N; i++)
        assert_int_equal(start(h, "POST", server_port(server), "Body=x", 0, &s[i]), NT_OK);
    assert_int_equal(http_active(h), N);
    client_finish(h);
    for (int i = 0; i < N; i++) {
        assert_int_equal(s[i].calls, 1);
        assert_int_equal(s[i].end, HTTP_ANSWERED);
    }
    assert_int_equal(server_requests(server), N);
    assert_in_range(server_connections(server), 1, 8);
    http_free(h);
    server_stop(server);
}

struct chain {
    struct http *http;
    int port, left;
};

static void next(void *arg, const struct http_result *r)
{
    struct chain *c = arg;
    assert_int_equal(r->end, HTTP_ANSWERED);
    if (--c->left <= 0)
        return;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", c->port);
    struct http_request again = {.method = "POST", .url = url, .form = "x", .form_len = 1, .done = next, .arg = c};
    assert_int_equal(http_start(c->http, &again), NT_OK);
    /* What was borrowed is still there. */
    assert_non_null(strstr(r->body, "SM0123456789"));
}

static void test_http__callbacks_may_start_requests(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct chain c = {client_make(1, "", ""), server_port(server), 10};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", c.port);
    struct http_request r = {.method = "POST", .url = url, .form = "x", .form_len = 1, .done = next, .arg = &c};
    assert_int_equal(http_start(c.http, &r), NT_OK);
    client_finish(c.http);
    assert_int_equal(c.left, 0);
    assert_int_equal(server_requests(server), 10);
    assert_int_equal(server_connections(server), 1);
    http_free(c.http);
    server_stop(server);
}

static void test_http__waits_for_the_callers_descriptors_too(void **state)
{
    (void)state;
    struct http *h = client_make(1, "", "");
    int fd[2];
    bool ready = true;
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(http_run(h, fd, &ready, 1, 0), NT_OK);
    assert_false(ready);
    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(http_run(h, fd, &ready, 1, -1), NT_OK);
    assert_true(ready);
    int many[1000];
    for (size_t i = 0; i < 1000; i++)
        many[i] = fd[0];
    assert_int_equal(http_run(h, many, NULL, 1000, 0), NT_ETOOBIG);
    close(fd[0]);
    close(fd[1]);
    http_free(h);
}

static void test_http__freeing_drops_what_is_under_way(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(4, "", "");
    struct seen s[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(start(h, "POST", server_port(server), "Body=x", 0, &s[i]), NT_OK);
    while (server_requests(server) < 3)
        assert_int_equal(http_run(h, NULL, NULL, 0, 1), NT_OK);
    http_free(h);
    for (int i = 0; i < 3; i++)
        assert_int_equal(s[i].calls, 0);
    server_stop(server);
    http_free(NULL);
}

static void test_http__proxies_of_the_environment_do_not_count(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, false);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    struct http *h = client_make(1, "", "");
    struct seen s;
    post(h, server, &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    http_free(h);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    server_stop(server);
}

static void test_http__asks_the_proxy(void **state)
{
    (void)state;
    static const struct server_step steps[] = {
        {ACT_TEXT, "HTTP/1.1 407 Who are you?\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"}};
    struct server *server = server_start(steps, 1, false);
    static const char *const schemes[] = {"http://", ""}; /* as people write it */
    for (int i = 0; i < 2; i++) {
        char proxy[64];
        snprintf(proxy, sizeof proxy, "%sme:hush@127.0.0.1:%d", schemes[i], server_port(server));
        struct http_options o = {.ca_file = "", .proxy = proxy, .timeout = 30000, .address_cache = ""};
        struct http *h;
        assert_int_equal(http_new(&o, &h), NT_OK);
        struct seen s = {0};
        struct http_request r = {.method = "POST",
                                 .url = "https://pager.invalid/",
                                 .form = "x",
                                 .form_len = 1,
                                 .done = client_keep,
                                 .arg = &s};
        assert_int_equal(http_start(h, &r), NT_OK);
        client_finish(h);
        assert_int_equal(s.end, HTTP_NEVER_SENT);
        assert_true(s.trust);
        assert_int_equal(s.retry_after, -1);
        assert_null(strstr(s.error, "hush"));
        assert_int_equal(server_requests(server), i + 1);
        const char *request = server_last(server);
        assert_ptr_equal(strstr(request, "CONNECT pager.invalid:443 HTTP/1.1\r\n"), request);
        assert_non_null(strstr(request, "\r\nProxy-Authorization: Basic bWU6aHVzaA==\r\n"));
        http_free(h);
    }
    server_stop(server);
}

static void test_http__survives_missing_memory(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http_options o = {
        .ca_file = "", .proxy = "", .timeout = 20000, .connections = 1, .address_cache = "", .user_agent = "test/1"};
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        struct http *h = NULL;
        struct seen s = {0};
        mem_fail_at(n);
        enum nt_status status = http_new(&o, &h);
        if (!status)
            status = start(h, "POST", server_port(server), "Body=x", 0, &s);
        if (!status) {
            client_finish(h);
            assert_int_equal(s.calls, 1);
        }
        failed = mem_failed();
        mem_fail_at(0);
        if (!failed) {
            assert_int_equal(status, NT_OK);
            assert_int_equal(s.end, HTTP_ANSWERED);
        } else if (!status) {
            /* The answer found no room: whatever it said is not known. */
            assert_int_equal(s.end, HTTP_UNKNOWN);
        } else {
            assert_int_equal(status, NT_ENOMEM);
        }
        http_free(h);
    }
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http__asks_as_it_should),
        cmocka_unit_test(test_http__sends_large_forms),
        cmocka_unit_test(test_http__tells_what_is_certain),
        cmocka_unit_test(test_http__does_not_use_a_closed_connection),
        cmocka_unit_test(test_http__knows_what_has_never_been_sent),
        cmocka_unit_test(test_http__a_connection_reset_at_once_is_no_answer),
        cmocka_unit_test(test_http__gives_up_in_time),
        cmocka_unit_test(test_http__refuses_odd_requests),
        cmocka_unit_test(test_http__many_at_once_share_the_connections),
        cmocka_unit_test(test_http__callbacks_may_start_requests),
        cmocka_unit_test(test_http__waits_for_the_callers_descriptors_too),
        cmocka_unit_test(test_http__freeing_drops_what_is_under_way),
        cmocka_unit_test(test_http__proxies_of_the_environment_do_not_count),
        cmocka_unit_test(test_http__asks_the_proxy),
        cmocka_unit_test(test_http__survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

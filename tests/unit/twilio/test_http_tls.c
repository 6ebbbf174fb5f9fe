/* http over TLS: whom it trusts, and how it gets along without a name server. */
#include "client.h"
#include "server.h"
#include "tls.h"

#include "base/log.h"
#include "twilio/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct tls tls;

static int set_up(void **state)
{
    (void)state;
    tls_start(&tls);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_stop(&tls);
    return 0;
}

static void begin(struct http *h, const char *host, struct seen *s)
{
    char url[100];
    snprintf(url, sizeof url, "https://%s:%d/", host, tls.port);
    *s = (struct seen){0};
    struct http_request r = {
        .method = "GET", .url = url, .user = "AC1", .password = "hush", .done = client_keep, .arg = s};
    assert_int_equal(http_start(h, &r), NT_OK);
}

static void get(struct http *h, const char *host, struct seen *s)
{
    begin(h, host, s);
    client_finish(h);
    assert_int_equal(s->calls, 1);
}

static void test_http_tls__trusts_the_ca_file(void **state)
{
    (void)state;
    struct http *h = client_make(4, tls.ca_file, "");
    struct seen s;
    for (int i = 0; i < 3; i++) {
        get(h, "localhost", &s);
        assert_int_equal(s.end, HTTP_ANSWERED);
        assert_int_equal(s.status, 200);
    }
    http_free(h);
}

static void test_http_tls__refuses_an_unknown_authority(void **state)
{
    (void)state;
    const char *const ca_files[] = {"", "/nonexistent/ca.pem"};
    for (size_t i = 0; i < 2; i++) {
        struct http *h = client_make(4, ca_files[i], "");
        struct seen s[3];
        for (int k = 0; k < 3; k++)
            begin(h, "localhost", &s[k]);
        client_finish(h);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(s[k].calls, 1);
            assert_int_equal(s[k].end, HTTP_NEVER_SENT);
            assert_true(s[k].trust);
            assert_non_null(strstr(s[k].error, "certificate"));
        }
        http_free(h);
    }
}

static void test_http_tls__refuses_another_host_name(void **state)
{
    (void)state;
    struct http *h = client_make(4, tls.ca_file, "");
    struct seen s;
    get(h, "127.0.0.1", &s);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    assert_true(s.trust);
    /* Having looked for more certificates in vain, it still trusts those it should. */
    get(h, "localhost", &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    http_free(h);
}

static void write_cache(char path[120], const char *host, const char *ip)
{
    snprintf(path, 120, "%s/addresses", tls.folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s %d %s\n", host, tls.port, ip);
    fclose(f);
}

static void test_http_tls__uses_the_last_good_address_when_names_fail(void **state)
{
    (void)state;
    char path[120];
    struct seen s;
    write_cache(path, "pager.invalid", "127.0.0.1");
    struct http *h = client_make(4, tls.ca_file, path);
    get(h, "pager.invalid", &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(s.status, 200);
    get(h, "pager.invalid", &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    /* A name that nobody has ever resolved. */
    get(h, "other.invalid", &s);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    assert_false(s.trust);
    http_free(h);
    unlink(path);
}

static void test_http_tls__an_address_is_not_a_name(void **state)
{
    (void)state;
    char path[120];
    struct seen s;
    /* Somebody wrote our server's address under another name. */
    write_cache(path, "elsewhere.invalid", "127.0.0.1");
    struct http *h = client_make(4, tls.ca_file, path);
    get(h, "elsewhere.invalid", &s);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    assert_true(s.trust);
    http_free(h);
    unlink(path);
}

static void count_complaints(void *arg, enum log_level level, const char *line)
{
    int *n = arg;
    *n += level == LOG_LEVEL_WARNING && strstr(line, "last good addresses") != NULL;
}

/* A dead name server is one line in the log, whatever is asked for. */
static void test_http_tls__complains_once(void **state)
{
    (void)state;
    static const char *const hosts[] = {"pager.invalid", "elsewhere.invalid", "third.invalid"};
    char path[120];
    struct seen s[3];
    int complaints = 0;
    write_cache(path, hosts[0], "127.0.0.1");
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fprintf(f, "%s %d 127.0.0.1\n%s %d 127.0.0.1\n", hosts[1], tls.port, hosts[2], tls.port);
    fclose(f);
    struct http *h = client_make(4, tls.ca_file, path);
    log_tap(count_complaints, &complaints);
    for (int i = 0; i < 3; i++) {
        get(h, hosts[i], &s[i]);
        assert_int_equal(s[i].trust, i > 0); /* all were reached; one is who he should be */
    }
    log_tap(NULL, NULL);
    assert_int_equal(s[0].end, HTTP_ANSWERED);
    assert_int_equal(complaints, 1);
    http_free(h);
    unlink(path);
}

static struct http_request foreign(const char *url, struct seen *s)
{
    *s = (struct seen){0};
    return (struct http_request){
        .method = "GET", .url = url, .foreign = true, .redirects = 3, .done = client_keep, .arg = s};
}

static void test_http_tls__is_led_from_http_to_https(void **state)
{
    (void)state;
    const char *const ca_files[] = {tls.ca_file, ""};
    char answer[200], url[100];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 302 Found\r\nLocation: https://localhost:%d/\r\nContent-Length: 0\r\n\r\n", tls.port);
    const struct server_step steps[] = {{ACT_TEXT, answer}};
    struct server *server = server_start(steps, 1, false);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", server_port(server));
    for (int i = 0; i < 2; i++) {
        struct seen s;
        struct http *h = client_make(4, ca_files[i], "");
        struct http_request r = foreign(url, &s);
        assert_int_equal(http_start(h, &r), NT_OK);
        client_finish(h);
        /* There it trusts whom it always does, and nobody else. */
        assert_int_equal(s.end, i == 0 ? HTTP_ANSWERED : HTTP_NEVER_SENT);
        assert_int_equal(s.status, i == 0 ? 200 : 0);
        assert_int_equal(s.trust, i == 1);
        http_free(h);
    }
    server_stop(server);
}

/* Nor does the host where it does not go get the address of the one that it asked. */
static void test_http_tls__is_not_led_from_https_to_http(void **state)
{
    (void)state;
    struct tls files;
    struct seen s;
    char path[120], url[100], line[100] = "", expected[100];
    tls_start_files(&files);
    snprintf(path, sizeof path, "%s/answer", files.folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("HTTP/1.0 302 Found\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n", f);
    fclose(f);
    snprintf(path, sizeof path, "%s/kept", files.folder);
    snprintf(url, sizeof url, "https://localhost:%d/answer", files.port);
    struct http *h = client_make(4, files.ca_file, path);
    struct http_request r = foreign(url, &s);
    assert_int_equal(http_start(h, &r), NT_OK);
    client_finish(h);
    assert_int_equal(s.end, HTTP_ANSWERED);
    assert_int_equal(s.status, 302);
    http_free(h);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    snprintf(expected, sizeof expected, "localhost %d 127.0.0.1\n", files.port);
    assert_string_equal(line, expected);
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
    tls_stop(&files);
}

static void test_http_tls__keeps_the_address_of_a_success(void **state)
{
    (void)state;
    char path[120], line[100] = "", expected[100];
    struct seen s;
    snprintf(path, sizeof path, "%s/kept", tls.folder);
    struct http *h = client_make(4, tls.ca_file, path);
    get(h, "localhost", &s);
    assert_int_equal(s.end, HTTP_ANSWERED);
    http_free(h);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    snprintf(expected, sizeof expected, "localhost %d 127.0.0.1\n", tls.port);
    assert_string_equal(line, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_tls__trusts_the_ca_file),
        cmocka_unit_test(test_http_tls__refuses_an_unknown_authority),
        cmocka_unit_test(test_http_tls__refuses_another_host_name),
        cmocka_unit_test(test_http_tls__uses_the_last_good_address_when_names_fail),
        cmocka_unit_test(test_http_tls__complains_once),
        cmocka_unit_test(test_http_tls__is_led_from_http_to_https),
        cmocka_unit_test(test_http_tls__is_not_led_from_https_to_http),
        cmocka_unit_test(test_http_tls__an_address_is_not_a_name),
        cmocka_unit_test(test_http_tls__keeps_the_address_of_a_success),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

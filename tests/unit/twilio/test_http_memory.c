/* libcurl without memory: each of its allocations fails once, and every request ends all the same, telling the truth.
 */
#include "client.h"
#include "server.h"

#include "twilio/http_private.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* Allocations until the one that fails, that one included; 0: none does. libcurl's resolver asks from a thread, but the
 * server here has an address for a name. */
static long left;
static bool met;
static const char *victim; /* the first copy of a text with this in it fails; NULL: none */

static bool fails(void)
{
    if (!left || --left)
        return false;
    met = true;
    return true;
}

static void *get(size_t size)
{
    return fails() ? NULL : malloc(size);
}

static void *get_zeroed(size_t n, size_t size)
{
    return fails() ? NULL : calloc(n, size);
}

static void *more(void *p, size_t size)
{
    return fails() ? NULL : realloc(p, size);
}

static char *copy(const char *text)
{
    if (victim && strstr(text, victim)) {
        victim = NULL;
        met = true;
        return NULL;
    }
    return fails() ? NULL : strdup(text);
}

static int begin(void **state)
{
    (void)state;
    __typeof__(curl_global_init_mem) *init_mem = NULL;
    void *curl = dlopen("libcurl.so.4", RTLD_NOW);
    if (!curl)
        return -1;
    *(void **)&init_mem = dlsym(curl, "curl_global_init_mem");
    return init_mem && init_mem(CURL_GLOBAL_DEFAULT, get, free, more, copy, get_zeroed) == CURLE_OK ? 0 : -1;
}

static void test_http_memory__every_request_ends(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct http_options o = {.ca_file = "", .proxy = "", .connections = 1, .address_cache = "", .timeout = 300};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", server_port(server));
    int ended = 0, never_begun = 0;
    for (long n = 1;; n++) {
        struct http *h = NULL;
        struct seen s = {0};
        struct http_request r = {
            .method = "POST", .url = url, .form = "Body=x", .form_len = 6, .done = client_keep, .arg = &s};
        met = false;
        left = n;
        if (http_new(&o, &h) == NT_OK && http_start(h, &r) == NT_OK) {
            client_finish(h);
            assert_int_equal(s.calls, 1);
            ended += s.end != HTTP_ANSWERED;
            if (!met)
                assert_int_equal(s.end, HTTP_ANSWERED);
        } else {
            assert_true(met);
            never_begun++;
        }
        left = 0;
        http_free(h);
        if (!met)
            break;
    }
    server_stop(server);
    assert_true(ended > 10);
    assert_true(never_begun > 10);
}

/* Headers of the caller's: with all of them or not at all. */
static void test_http_memory__headers_are_complete_or_nothing_is_sent(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_ANSWER, NULL}};
    char *lines[] = {(char[]){"X-One: 1"}, (char[]){"X-Two: 2"}};
    const struct strlist headers = {lines, 2, 2};
    struct server *server = server_start(steps, 1, false);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", server_port(server));
    static const char *const victims[] = {"Expect:", "X-One", "X-Two", NULL};
    for (size_t i = 0; i < sizeof victims / sizeof *victims; i++) {
        struct http *h = client_make(1, "", "");
        struct seen s = {0};
        struct http_request r = {
            .method = "GET", .url = url, .foreign = true, .headers = &headers, .done = client_keep, .arg = &s};
        met = false;
        victim = victims[i];
        enum nt_status status = http_start(h, &r);
        assert_int_equal(met, victims[i] != NULL);
        assert_int_equal(status, met ? NT_ENOMEM : NT_OK);
        assert_int_equal(http_active(h), !met);
        /* The next one finds nothing of it. */
        r.headers = NULL;
        client_finish(h);
        assert_int_equal(http_start(h, &r), NT_OK);
        client_finish(h);
        assert_int_equal(s.end, HTTP_ANSWERED);
        assert_null(strstr(server_last(server), "X-"));
        http_free(h);
    }
    assert_int_equal(server_requests(server), 5);
    server_stop(server);
}

/* An answer that leads elsewhere, where there is no memory to go: it is the answer. */
static void test_http_memory__a_redirect_that_cannot_be_followed(void **state)
{
    (void)state;
    static const struct server_step steps[] = {
        {ACT_TEXT, "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"}};
    struct server *server = server_start(steps, 1, false);
    struct http *h = client_make(1, "", "");
    struct seen s = {0};
    char url[64], place[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", server_port(server));
    snprintf(place, sizeof place, "http://127.0.0.1:%d/there", server_port(server));
    struct http_request r = {
        .method = "GET", .url = url, .foreign = true, .redirects = 1, .done = client_keep, .arg = &s};
    for (int i = 0; i < 2; i++) {
        met = false;
        victim = i == 0 ? place : NULL;
        assert_int_equal(http_start(h, &r), NT_OK);
        client_finish(h);
        assert_int_equal(met, i == 0);
        assert_int_equal(s.calls, i + 1);
        assert_int_equal(s.end, HTTP_ANSWERED);
        assert_int_equal(s.status, 302);
        assert_int_equal(server_requests(server), i == 0 ? 1 : 3);
    }
    http_free(h);
    server_stop(server);
}

/* What is handed on to libcurl is not cut on its way: each kind of option keeps its 64 bits, or does not need them. */
static void test_http_memory__options_arrive_whole(void **state)
{
    (void)state;
    struct http *h = client_make(1, "", ""); /* loads it */
    const curl_off_t wide = INT64_C(1) << 40;
    CURL *easy = curl_easy_init();
    CURLM *multi = curl_multi_init();
    char *there = NULL;
    assert_non_null(easy);
    assert_non_null(multi);
    /* less than -1 is refused; its lower half is 0 */
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, wide), CURLE_OK);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, -wide), CURLE_BAD_FUNCTION_ARGUMENT);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_PRIVATE, h), CURLE_OK);
    assert_int_equal(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &there), CURLE_OK);
    assert_ptr_equal(there, h);
    assert_int_equal(curl_multi_setopt(multi, CURLMOPT_CONTENT_LENGTH_PENALTY_SIZE, wide), CURLM_OK);
    assert_int_equal(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 4L), CURLM_OK);
    assert_int_equal(curl_multi_setopt(multi, (CURLMoption)9999, 0L), CURLM_UNKNOWN_OPTION);
    assert_string_equal(curl_easy_strerror(CURLE_OK), "No error");
    curl_multi_cleanup(multi);
    curl_easy_cleanup(easy);
    transfer_free(NULL); /* nothing to free is fine */
    http_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_memory__every_request_ends),
        cmocka_unit_test(test_http_memory__headers_are_complete_or_nothing_is_sent),
        cmocka_unit_test(test_http_memory__a_redirect_that_cannot_be_followed),
        cmocka_unit_test(test_http_memory__options_arrive_whole),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}

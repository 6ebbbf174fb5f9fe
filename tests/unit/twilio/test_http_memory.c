/* libcurl without memory: each of its allocations fails once, and every request ends all the same, telling the truth.
 */
#include "client.h"
#include "server.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* Allocations until the one that fails, that one included; 0: none does. libcurl's resolver asks from a thread, but the
 * server here has an address for a name. */
static long left;
static bool met;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_memory__every_request_ends),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}

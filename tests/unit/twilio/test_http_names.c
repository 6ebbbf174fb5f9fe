/* Names that take long. The resolver of this process is ours: libcurl asks getaddrinfo(), which this executable has. */
#include "client.h"
#include "server.h"
#include "tls.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked;     /* names that were asked for */
static bool answers;  /* names become 127.0.0.1; else they wait until they do, or fail */
static bool given_up; /* … they fail */

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!name || !strstr(name, ".invalid"))
        return real(name, service, hints, out);
    pthread_mutex_lock(&mutex);
    asked++;
    pthread_cond_broadcast(&changed);
    while (!answers && !given_up)
        pthread_cond_wait(&changed, &mutex);
    bool good = answers;
    pthread_mutex_unlock(&mutex);
    return good ? real("127.0.0.1", service, hints, out) : EAI_AGAIN;
}

static void set(bool *what, bool value)
{
    pthread_mutex_lock(&mutex);
    *what = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

/* Begins anew; lets go of who still waits at the end. */
static void quiet_names(void)
{
    set(&answers, false);
    set(&given_up, false);
    asked = 0;
}

static void start(struct http *h, const char *name, int port, struct seen *s)
{
    char url[64];
    snprintf(url, sizeof url, "https://%s.invalid:%d/x", name, port);
    struct http_request r = {.method = "GET", .url = url, .done = client_keep, .arg = s};
    assert_int_equal(http_start(h, &r), NT_OK);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run_for(struct http *h, int64_t ms)
{
    for (int64_t end = now_ms() + ms, left; http_active(h) && (left = end - now_ms()) > 0;)
        assert_int_equal(http_run(h, NULL, NULL, 0, left), NT_OK);
}

/* A name server that is silent costs its patience, and then the last good addresses are as good as an answer. One who
 * has asked later waits his own time. */
static void test_http_names__a_silent_name_server_is_not_waited_for(void **state)
{
    (void)state;
    struct tls tls;
    char cache[] = "/tmp/nt-names-XXXXXX";
    struct seen first = {0}, second = {0};
    tls_start(&tls);
    int fd = mkstemp(cache);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "pager.invalid %d 127.0.0.1\n", tls.port) > 0);
    close(fd);
    quiet_names();
    struct http *h = client_make(4, tls.ca_file, cache);
    int64_t begun = now_ms();
    start(h, "pager", tls.port, &first);
    int64_t next = http_next(h);
    assert_in_range(next, 0, 2000);
    run_for(h, 700);
    assert_int_equal(first.calls, 0);
    start(h, "pager", tls.port, &second);
    client_finish(h);
    assert_int_equal(first.end, HTTP_ANSWERED);
    assert_int_equal(second.end, HTTP_ANSWERED);
    assert_true(now_ms() - begun >= 2000);
    set(&given_up, true);
    http_free(h);
    unlink(cache);
    tls_stop(&tls);
}

/* Resolved, if late: the answer is what is waited for now, and nothing is asked twice. */
static void test_http_names__a_slow_name_is_a_name(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct seen s = {0};
    quiet_names();
    struct http *h = client_make(4, "", "");
    start(h, "slow", server_port(server), &s);
    while (!asked)
        run_for(h, 20);
    set(&answers, true);
    for (int64_t end = now_ms() + 30000; !server_connections(server) && now_ms() < end;)
        run_for(h, 50);
    assert_int_equal(server_connections(server), 1);
    run_for(h, 2500); /* beyond any patience */
    assert_int_equal(s.calls, 0);
    assert_int_equal(http_active(h), 1);
    assert_int_equal(server_connections(server), 1);
    http_free(h);
    server_stop(server);
}

/* Nothing is known of the name: it is waited for to the end, and then surely nothing was sent. */
static void test_http_names__an_unknown_name_without_an_answer(void **state)
{
    (void)state;
    struct seen s = {0};
    quiet_names();
    struct http *h = client_make(4, "", "");
    start(h, "nowhere", 9, &s);
    while (!asked)
        run_for(h, 20);
    run_for(h, 2500);
    assert_int_equal(s.calls, 0);
    set(&given_up, true);
    client_finish(h);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    http_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_names__a_silent_name_server_is_not_waited_for),
        cmocka_unit_test(test_http_names__a_slow_name_is_a_name),
        cmocka_unit_test(test_http_names__an_unknown_name_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

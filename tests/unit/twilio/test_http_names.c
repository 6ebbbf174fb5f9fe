/* Names that take long, and loops that break. The resolver of this process is ours: libcurl asks getaddrinfo(), which
 * this executable has; so is what the poller calls. */
#include "client.h"
#include "server.h"
#include "tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
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

static bool broken; /* no socket is watched any more */

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (broken && operation != EPOLL_CTL_DEL) {
        errno = EBADF;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
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

static void start_near(struct http *h, const struct server *server, int64_t timeout, struct seen *s)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", server_port(server));
    struct http_request r = {.method = "GET", .url = url, .timeout = timeout, .done = client_keep, .arg = s};
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

/* A client that is having a name looked up, which takes long. */
static struct http *looking_up(const struct server *server, struct seen *s)
{
    quiet_names();
    struct http *h = client_make(4, "", "");
    start(h, "slow", server_port(server), s);
    while (!asked)
        run_for(h, 20);
    return h;
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
    struct http *h = looking_up(server, &s);
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

/* Nothing is known of the name: it is waited for to the end, and then surely nothing was sent. Those who wait for
 * something else, or end before, are left alone by all this. */
static void test_http_names__an_unknown_name_without_an_answer(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct seen s = {0}, busy = {0}, brief = {0};
    quiet_names();
    struct http *h = client_make(4, "", "");
    start(h, "nowhere", 9, &s);
    start_near(h, server, 300000, &busy);
    start_near(h, server, 100, &brief);
    while (!asked)
        run_for(h, 20);
    run_for(h, 2500); /* beyond any patience, and beyond what brief is given */
    assert_int_equal(s.calls, 0);
    assert_int_equal(brief.calls, 1);
    assert_int_not_equal(brief.end, HTTP_ANSWERED);
    assert_int_equal(busy.calls, 0);
    assert_int_equal(http_active(h), 2);
    set(&given_up, true);
    for (int64_t end = now_ms() + 60000; !s.calls && now_ms() < end;)
        run_for(h, 50);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.end, HTTP_NEVER_SENT);
    assert_int_equal(busy.calls, 0);
    assert_int_equal(http_active(h), 1);
    http_cancel(h, &busy);
    assert_int_equal(http_active(h), 0);
    http_free(h);
    server_stop(server);
}

/* Until it fails. */
static enum nt_status run_until_broken(struct http *h)
{
    enum nt_status status = NT_OK;
    for (int64_t end = now_ms() + 30000; !status && now_ms() < end;)
        status = http_run(h, NULL, NULL, 0, 50);
    return status;
}

/* A name has come, and the connection to it cannot be watched. */
static void test_http_names__a_loop_that_breaks_says_so(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct seen s = {0};
    struct http *h = looking_up(server, &s);
    broken = true;
    set(&answers, true);
    enum nt_status status = run_until_broken(h);
    broken = false;
    assert_int_equal(status, NT_EIO);
    http_free(h);
    assert_int_equal(s.calls, 0);
    server_stop(server);
}

/* libcurl takes nothing more once a socket of its was refused, not even what it had: whoever waits for a name is told,
 * after the patience, that nothing was sent; others are when they should have ended; then all is well again. */
static void test_http_names__a_broken_loop_ends_what_it_had(void **state)
{
    (void)state;
    static const struct server_step steps[] = {{ACT_STALL, NULL}};
    struct server *server = server_start(steps, 1, false);
    struct tls tls;
    char cache[] = "/tmp/nt-names-XXXXXX";
    struct seen named = {0}, other = {0}, refused = {0}, late = {0};
    tls_start(&tls);
    int fd = mkstemp(cache);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "pager.invalid %d 127.0.0.1\n", tls.port) > 0);
    close(fd);
    quiet_names();
    struct http *h = client_make(4, tls.ca_file, cache);
    start(h, "pager", tls.port, &named);
    start_near(h, server, 1000, &other);
    broken = true;
    assert_int_equal(run_until_broken(h), NT_EIO);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", server_port(server));
    struct http_request r = {.method = "GET", .url = url, .done = client_keep, .arg = &refused};
    assert_int_equal(http_start(h, &r), NT_ENOMEM);
    broken = false;
    for (int64_t end = now_ms() + 60000; http_active(h) && now_ms() < end;)
        (void)!http_run(h, NULL, NULL, 0, 100);
    assert_int_equal(named.calls, 1);
    assert_int_equal(named.end, HTTP_NEVER_SENT);
    assert_int_equal(other.calls, 1);
    assert_int_equal(other.end, HTTP_NEVER_SENT);
    assert_int_equal(refused.calls, 0);
    assert_int_equal(server_requests(server), 0);

    start(h, "pager", tls.port, &late);
    set(&answers, true);
    client_finish(h);
    assert_int_equal(late.end, HTTP_ANSWERED);
    http_free(h);
    unlink(cache);
    tls_stop(&tls);
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_names__a_silent_name_server_is_not_waited_for),
        cmocka_unit_test(test_http_names__a_slow_name_is_a_name),
        cmocka_unit_test(test_http_names__an_unknown_name_without_an_answer),
        cmocka_unit_test(test_http_names__a_loop_that_breaks_says_so),
        cmocka_unit_test(test_http_names__a_broken_loop_ends_what_it_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

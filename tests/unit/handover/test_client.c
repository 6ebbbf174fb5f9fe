/* client: each end there is, and none takes longer than its time. */
#include "handover/client.h"

#include "base/clock.h"
#include "handover/frame.h"
#include "handover/server.h"
#include "socket_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct place place;
static int descriptors;

static int setup(void **state)
{
    (void)state;
    descriptors = open_descriptors();
    return place_make(&place);
}

static int teardown(void **state)
{
    (void)state;
    if (open_descriptors() != descriptors)
        return -1;
    return place_remove(&place);
}

static enum handover_end ask(int64_t timeout, char answer[16])
{
    return handover_ask(place.path, "a=b", 4, timeout, answer, 16);
}

static void test_client__nobody(void **state)
{
    (void)state;
    char answer[16];
    assert_int_equal(ask(1000, answer), HANDOVER_NOBODY);
    assert_int_equal(errno, ENOENT);
    close(bare_listen(place.path, SOCK_SEQPACKET, 1)); /* a dead drainer's */
    assert_int_equal(ask(1000, answer), HANDOVER_NOBODY);
    assert_int_equal(errno, ECONNREFUSED);
    unlink(place.path);
    close(open(place.path, O_CREAT | O_WRONLY, 0600)); /* a file that is no socket */
    assert_int_equal(ask(1000, answer), HANDOVER_NOBODY);
    assert_string_equal(answer, "");
}

static void test_client__denied(void **state)
{
    (void)state;
    char answer[16];
    int fd = bare_listen(place.path, SOCK_SEQPACKET, 1);
    assert_int_equal(chmod(place.path, 0), 0);
    bool root = !geteuid();
    if (root)
        assert_int_equal(seteuid(65534), 0);
    enum handover_end end = ask(1000, answer);
    int error = errno;
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(end, HANDOVER_DENIED);
    assert_int_equal(error, EACCES);
    close(fd);
}

static void test_client__impossible_arguments(void **state)
{
    (void)state;
    char answer[16], longer[200];
    static char frame[FRAME_MAX + 1];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(handover_ask(longer, "a=b", 4, 1000, answer, sizeof answer), HANDOVER_FAILED);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(handover_ask(place.path, frame, sizeof frame, 1000, answer, sizeof answer), HANDOVER_FAILED);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(handover_ask(place.path, frame, 0, 1000, answer, sizeof answer), HANDOVER_FAILED);
    assert_int_equal(handover_ask("", "a=b", 4, 1000, answer, sizeof answer), HANDOVER_FAILED);
    int fd = bare_listen(place.path, SOCK_STREAM, 1);
    assert_int_equal(ask(1000, answer), HANDOVER_FAILED);
    assert_int_equal(errno, EPROTOTYPE);
    close(fd);
}

static void test_client__silence_ends_in_time(void **state)
{
    (void)state;
    char answer[16];
    static const int64_t times[] = {0, 1, 50};
    int fd = bare_listen(place.path, SOCK_SEQPACKET, 10);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t start = clock_boot(clock_system());
        assert_int_equal(ask(times[i], answer), HANDOVER_SILENT);
        int64_t took = clock_boot(clock_system()) - start;
        assert_int_equal(errno, ETIMEDOUT);
        assert_true(took >= times[i] && took < times[i] + 1000);
    }
    close(fd);
}

static void test_client__a_full_backlog_ends_in_time(void **state)
{
    (void)state;
    char answer[16];
    int listening = bare_listen(place.path, SOCK_SEQPACKET, 0), waiting[8], n = 0;
    while (n < 8 && (waiting[n] = bare_connect(place.path)) >= 0)
        n++;
    assert_in_range(n, 1, 7);
    int64_t start = clock_boot(clock_system());
    assert_int_equal(ask(40, answer), HANDOVER_FAILED);
    int64_t took = clock_boot(clock_system()) - start;
    assert_int_equal(errno, EAGAIN);
    assert_true(took >= 40 && took < 1000);
    while (n)
        close(waiting[--n]);
    close(listening);
}

/* Accepts one client, reads its request and goes away without a word. */
static void *hang_up(void *arg)
{
    char byte;
    int fd = accept4(*(int *)arg, NULL, NULL, SOCK_CLOEXEC);
    (void)!recv(fd, &byte, 1, 0);
    close(fd);
    return NULL;
}

static void test_client__a_connection_that_breaks_may_have_been_heard(void **state)
{
    (void)state;
    char answer[16];
    pthread_t thread;
    int fd = bare_listen(place.path, SOCK_SEQPACKET, 1);
    assert_int_equal(pthread_create(&thread, NULL, hang_up, &fd), 0);
    assert_int_equal(ask(5000, answer), HANDOVER_SILENT);
    assert_int_equal(errno, ECONNRESET);
    pthread_join(thread, NULL);
    close(fd);
}

/* The client's connect() comes by here (--wrap). With a door, who has just come in is shown out before he can speak. */
static int door = -1;
int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int result = __real_connect(fd, address, len);
    if (!result && door >= 0)
        close(accept4(door, NULL, NULL, SOCK_CLOEXEC));
    return result;
}

static void test_client__who_goes_before_the_request_raises_no_signal(void **state)
{
    (void)state;
    char answer[16];
    signal(SIGPIPE, SIG_DFL); /* it would kill */
    door = bare_listen(place.path, SOCK_SEQPACKET, 1);
    assert_int_equal(ask(5000, answer), HANDOVER_FAILED);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(door);
    door = -1;
}

struct echo {
    struct handover_server *server;
    int requests;
};

static void on_request(void *arg, struct handover_client *client, const char *frame, size_t len)
{
    struct echo *echo = arg;
    echo->requests--;
    handover_answer(echo->server, client, frame, len);
}

static void *serve(void *arg)
{
    struct echo *echo = arg;
    while (echo->requests > 0) {
        struct pollfd p = {.fd = handover_fd(echo->server), .events = POLLIN};
        if (poll(&p, 1, 10000) != 1 || handover_receive(echo->server, 16, on_request, echo))
            break;
    }
    return NULL;
}

static void test_client__answers_of_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 4096, 65536, 131072, FRAME_MAX};
    static char frame[FRAME_MAX], answer[FRAME_MAX + 1];
    enum { N = sizeof sizes / sizeof *sizes };
    struct echo echo = {.requests = N + 1};
    pthread_t thread;
    assert_int_equal(handover_listen(place.path, -1, &echo.server), NT_OK);
    assert_int_equal(pthread_create(&thread, NULL, serve, &echo), 0);
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(handover_ask(place.path, frame, sizes[i], 5000, answer, sizeof answer), HANDOVER_ANSWERED);
        assert_int_equal(strlen(answer), sizes[i]);
        assert_memory_equal(answer, frame, sizes[i]);
    }
    assert_int_equal(handover_ask(place.path, "too long for it", 15, 5000, answer, 4), HANDOVER_ANSWERED);
    assert_string_equal(answer, "too");
    pthread_join(thread, NULL);
    handover_server_free(echo.server);
}

/* One turn of a server that answers at once: its packets wait before the client asks for them. */
static int answer_ahead(int listening, const char *answer)
{
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && answer)
        assert_int_equal(send(fd, answer, strlen(answer), MSG_NOSIGNAL), strlen(answer));
    return fd;
}

static void test_client__a_link_keeps_its_connection(void **state)
{
    (void)state;
    char answer[16];
    struct handover_link link;
    struct echo echo = {.requests = 3};
    pthread_t thread;
    handover_link_init(&link);
    handover_link_close(&link);
    assert_int_equal(handover_listen(place.path, -1, &echo.server), NT_OK);
    assert_int_equal(pthread_create(&thread, NULL, serve, &echo), 0);
    for (int i = 0; i < 3; i++) {
        int before = link.fd;
        assert_int_equal(handover_link_ask(&link, place.path, "a=b", 4, 30000, answer, sizeof answer),
                         HANDOVER_ANSWERED);
        assert_string_equal(answer, "a=b");
        assert_true(fcntl(link.fd, F_GETFD) & FD_CLOEXEC);
        assert_true(!i || link.fd == before);
    }
    pthread_join(thread, NULL);
    handover_server_free(echo.server);
    /* Nobody is there any more, which is seen before anything is sent. */
    assert_int_equal(handover_link_ask(&link, place.path, "a=b", 4, 1000, answer, sizeof answer), HANDOVER_NOBODY);
    assert_int_equal(link.fd, -1);
}

/* A connection that ended, and one on which something came unasked, are no way to ask; a new one is. */
static void test_client__a_link_does_not_use_a_connection_that_is_not_sound(void **state)
{
    (void)state;
    char answer[16];
    for (int unasked = 0; unasked < 2; unasked++) {
        struct handover_link link = {bare_connect(place.path)};
        assert_int_equal(link.fd, -1);
        int listening = bare_listen(place.path, SOCK_SEQPACKET, 4);
        link.fd = bare_connect(place.path);
        int old = answer_ahead(listening, unasked ? "stale" : NULL);
        if (!unasked) {
            close(old);
            old = -1;
        }
        assert_int_equal(handover_link_ask(&link, place.path, "a=b", 4, 20, answer, sizeof answer), HANDOVER_SILENT);
        assert_string_equal(answer, "");
        assert_int_equal(link.fd, -1); /* a late answer finds nobody */
        int fresh = answer_ahead(listening, NULL);
        assert_int_equal(recv(fresh, answer, sizeof answer, 0), 4);
        close(fresh);
        if (old >= 0)
            close(old);
        close(listening);
        unlink(place.path);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_client__nobody),
        TEST(test_client__denied),
        TEST(test_client__impossible_arguments),
        TEST(test_client__silence_ends_in_time),
        TEST(test_client__a_full_backlog_ends_in_time),
        TEST(test_client__a_connection_that_breaks_may_have_been_heard),
        TEST(test_client__who_goes_before_the_request_raises_no_signal),
        TEST(test_client__answers_of_every_size),
        TEST(test_client__a_link_keeps_its_connection),
        TEST(test_client__a_link_does_not_use_a_connection_that_is_not_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

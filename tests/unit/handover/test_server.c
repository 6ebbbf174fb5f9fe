/* server: many clients, unkind ones, and whose the socket file is. */
#include "handover/server.h"

#include "base/mem.h"
#include "handover/frame.h"
#include "socket_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HELD_MAX = 2048 };

/* What the callback does: answer at once, or keep the clients for later. */
struct desk {
    struct handover_server *server;
    bool hold;
    struct handover_client *held[HELD_MAX];
    int n_held, requests;
    int descriptors; /* open in this process before anybody came */
    char last[64];
    size_t last_len;
};

static struct place place;

static void on_request(void *arg, struct handover_client *client, const char *frame, size_t len)
{
    struct desk *desk = arg;
    desk->requests++;
    desk->last_len = len;
    memset(desk->last, 0, sizeof desk->last);
    memcpy(desk->last, frame, len < sizeof desk->last - 1 ? len : sizeof desk->last - 1);
    if (desk->hold)
        desk->held[desk->n_held++] = client;
    else
        handover_answer(desk->server, client, frame, len < 60000 ? len : 60000);
}

static void pump(struct desk *desk)
{
    struct pollfd p = {.fd = handover_fd(desk->server), .events = POLLIN};
    for (int i = 0; i < 1000 && poll(&p, 1, 0) > 0; i++)
        assert_int_equal(handover_receive(desk->server, 64, on_request, desk), NT_OK);
}

static void answer_held(struct desk *desk)
{
    for (int i = 0; i < desk->n_held; i++)
        handover_answer(desk->server, desk->held[i], "ok", 2);
    desk->n_held = 0;
}

/* Connections that the server has open, when `ours` ends of connections are open at this side. */
static int clients(const struct desk *desk, int ours)
{
    return open_descriptors() - desk->descriptors - ours;
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    *state = desk;
    if (!desk || place_make(&place) || handover_listen(place.path, -1, &desk->server))
        return -1;
    desk->descriptors = open_descriptors();
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    handover_server_free(desk->server);
    free(desk);
    return place_remove(&place);
}

/* Nearly all tests ask more of it than the usual 1,024. */
static int raise_limit(void **state)
{
    (void)state;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return -1;
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect(int fd, const char *text)
{
    char answer[200] = "";
    assert_int_equal(recv(fd, answer, sizeof answer - 1, 0), strlen(text));
    assert_string_equal(answer, text);
}

/* No answer waits: nothing yet, or the connection is over. */
static void expect_nothing(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

static void expect_end(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    assert_true(!n || (n < 0 && errno == ECONNRESET));
}

static void test_server__many_requests_on_a_connection(void **state)
{
    struct desk *desk = *state;
    int fd = bare_connect(place.path);
    for (int i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof text, "request %d", i);
        say(fd, text);
        pump(desk);
        expect(fd, text);
    }
    assert_int_equal(desk->requests, 1000);
    assert_int_equal(clients(desk, 1), 1);
    close(fd);
    pump(desk);
    assert_int_equal(clients(desk, 0), 0);
}

static void test_server__requests_before_answers_are_bounded_not_lost(void **state)
{
    struct desk *desk = *state;
    desk->hold = true;
    int fd = bare_connect(place.path), other = bare_connect(place.path);
    int sent = 0;
    while (sent < 150 && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
        sent++;
    pump(desk);
    assert_in_range(desk->n_held, 1, sent - 1); /* it is not read for ever */
    say(other, "me too");
    pump(desk);
    assert_string_equal(desk->last, "me too");
    for (int answered = 0; answered < sent + 1;) {
        assert_true(desk->n_held > 0);
        answered += desk->n_held;
        answer_held(desk);
        pump(desk);
    }
    for (int i = 0; i < sent; i++)
        expect(fd, "ok");
    expect_nothing(fd);
    expect(other, "ok");
    close(fd);
    close(other);
}

static void test_server__hundreds_at_once(void **state)
{
    struct desk *desk = *state;
    enum { N = 600 };
    static int fd[N];
    desk->hold = true;
    for (int i = 0; i < N; i++) {
        fd[i] = bare_connect(place.path);
        assert_true(fd[i] >= 0);
        say(fd[i], "hello");
    }
    pump(desk);
    assert_int_equal(desk->n_held, N);
    assert_int_equal(clients(desk, N), N);
    answer_held(desk);
    for (int i = 0; i < N; i++) {
        expect(fd[i], "ok");
        close(fd[i]);
    }
    pump(desk);
    assert_int_equal(clients(desk, 0), 0);
}

static void test_server__idle_connections_keep_nobody_out(void **state)
{
    struct desk *desk = *state;
    enum { N = 1100 };
    static int fd[N];
    for (int i = 0; i < N; i++) {
        fd[i] = bare_connect(place.path);
        assert_true(fd[i] >= 0);
        pump(desk);
        if (i == 500)
            say(fd[0], "still here"); /* the oldest, but not the longest unheard of */
    }
    expect(fd[0], "still here");
    int newcomer = bare_connect(place.path);
    say(newcomer, "news");
    pump(desk);
    expect(newcomer, "news");
    say(fd[0], "and still");
    pump(desk);
    expect(fd[0], "and still");
    expect_end(fd[1]);
    assert_in_range(clients(desk, N + 1), 500, 1000);
    close(newcomer);
    for (int i = 0; i < N; i++)
        close(fd[i]);
    pump(desk);
    assert_int_equal(clients(desk, 0), 0);
}

static void test_server__a_crowd_at_work_makes_newcomers_wait(void **state)
{
    struct desk *desk = *state;
    enum { N = 1000 };
    static int fd[N];
    desk->hold = true;
    for (int i = 0; i < N; i++) {
        fd[i] = bare_connect(place.path);
        say(fd[i], "work");
    }
    pump(desk);
    assert_in_range(desk->n_held, 500, N - 1);
    struct pollfd p = {.fd = handover_fd(desk->server), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0); /* nothing can be done now: no busy loop */
    while (desk->n_held) {
        answer_held(desk);
        pump(desk);
    }
    assert_int_equal(desk->requests, N);
    for (int i = 0; i < N; i++) {
        expect(fd[i], "ok");
        close(fd[i]);
    }
}

static void test_server__no_descriptors_left(void **state)
{
    struct desk *desk = *state;
    int working = bare_connect(place.path), late = bare_connect(place.path);
    desk->hold = true;
    say(late, "too late");
    struct rlimit limit, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    say(working, "first");
    /* The lowest free descriptor is the limit: accept has none. */
    int lowest = dup(0);
    close(lowest);
    low = limit;
    low.rlim_cur = (rlim_t)lowest + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    pump(desk);
    assert_int_equal(desk->n_held, 1);
    assert_string_equal(desk->last, "first");
    expect_end(late);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    answer_held(desk);
    expect(working, "ok");
    int again = bare_connect(place.path);
    say(again, "again");
    pump(desk);
    answer_held(desk);
    expect(again, "ok");
    close(again);
    close(working);
    close(late);
}

static void test_server__who_leaves_before_the_answer_is_no_error(void **state)
{
    struct desk *desk = *state;
    desk->hold = true;
    for (int i = 0; i < 10; i++) {
        int fd = bare_connect(place.path);
        say(fd, "one");
        say(fd, "two");
        if (i % 2)
            pump(desk);
        close(fd);
        pump(desk);
    }
    assert_int_equal(desk->requests, 20);
    assert_int_equal(clients(desk, 0), 0);
    /* Half are answered; teardown frees the others. */
    desk->n_held = 10;
    answer_held(desk);
}

static void test_server__sizes(void **state)
{
    struct desk *desk = *state;
    static char packet[FRAME_MAX + 1];
    memset(packet, 'x', sizeof packet);
    int fd = bare_connect(place.path), size = 2 * FRAME_MAX;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    assert_int_equal(send(fd, packet, FRAME_MAX, MSG_NOSIGNAL), FRAME_MAX);
    pump(desk);
    assert_int_equal(desk->last_len, FRAME_MAX);
    assert_int_equal(recv(fd, packet, sizeof packet, 0), 60000);
    assert_int_equal(send(fd, packet, FRAME_MAX + 1, MSG_NOSIGNAL), FRAME_MAX + 1);
    pump(desk);
    assert_int_equal(desk->requests, 1);
    expect(fd, "{\"ok\":false,\"error\":\"the request is over 192 KB\"}");
    say(fd, "smaller");
    pump(desk);
    expect(fd, "smaller");
    /* A packet of nothing cannot be told from the end. */
    assert_int_equal(send(fd, "", 0, MSG_NOSIGNAL), 0);
    pump(desk);
    expect_end(fd);
    close(fd);
}

static void test_server__answers_that_nobody_takes(void **state)
{
    struct desk *desk = *state;
    static char answer[100000];
    int fd = bare_connect(place.path), other = bare_connect(place.path);
    desk->hold = true;
    for (int i = 0; i < 40; i++)
        say(fd, "more");
    pump(desk);
    assert_int_equal(desk->n_held, 40);
    for (int i = 0; i < 40; i++)
        handover_answer(desk->server, desk->held[i], answer, sizeof answer);
    desk->n_held = 0;
    assert_int_equal(clients(desk, 2), 1);
    say(other, "fine");
    pump(desk);
    answer_held(desk);
    expect(other, "ok");
    close(fd);
    close(other);
}

static void test_server__long_answers_arrive_whole(void **state)
{
    struct desk *desk = *state;
    static char answer[600000], back[600000];
    memset(answer, 'a', sizeof answer);
    int fd = bare_connect(place.path);
    desk->hold = true;
    say(fd, "all of it");
    pump(desk);
    handover_answer(desk->server, desk->held[0], answer, 300000);
    ssize_t n = recv(fd, back, sizeof back, 0);
    /* 300 KB is over the usual default, but within the usual limit; where it is not, the connection ends. */
    assert_true(n == 300000 || !n);
    close(fd);
}

static void test_server__descriptors_are_closed_on_exec(void **state)
{
    struct desk *desk = *state;
    int fd = bare_connect(place.path);
    pump(desk);
    assert_int_equal(clients(desk, 1), 1);
    for (int i = 3; i < 64; i++) {
        char link[64], target[64] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", i);
        if (readlink(link, target, sizeof target - 1) > 0 &&
            (!strncmp(target, "socket", 6) || strstr(target, "eventpoll")))
            assert_true(fcntl(i, F_GETFD) & FD_CLOEXEC);
    }
    close(fd);
}

static void test_server__out_of_memory(void **state)
{
    struct desk *desk = *state;
    struct handover_server *second = NULL;
    mem_fail_at(1);
    assert_int_equal(handover_listen(place.path, -1, &second), NT_ENOMEM);
    assert_null(second);
    int fd = bare_connect(place.path);
    mem_fail_at(1);
    pump(desk);
    mem_fail_at(0);
    expect_end(fd); /* rather than left in the dark */
    close(fd);
    fd = bare_connect(place.path);
    say(fd, "now");
    pump(desk);
    expect(fd, "now");
    close(fd);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) ? 0 : st.st_mode & 07777;
}

static void test_server__the_file_is_0660_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        struct place own;
        struct handover_server *s = NULL;
        assert_int_equal(place_make(&own), 0);
        mode_t before = umask(masks[i]);
        assert_int_equal(handover_listen(own.path, -1, &s), NT_OK);
        umask(before);
        assert_int_equal(mode_of(own.path), 0660);
        handover_server_free(s);
        assert_int_equal(access(own.path, F_OK), -1);
        assert_int_equal(rmdir(own.folder), 0);
    }
}

static void test_server__what_is_in_the_way(void **state)
{
    (void)state;
    struct place own;
    struct handover_server *s = NULL, *second = NULL;
    assert_int_equal(place_make(&own), 0);
    /* A dead drainer's socket is replaced. */
    int dead = bare_listen(own.path, SOCK_SEQPACKET, 1);
    close(dead);
    assert_int_equal(handover_listen(own.path, -1, &s), NT_OK);
    /* A living one's is not. */
    assert_int_equal(handover_listen(own.path, -1, &second), NT_EBUSY);
    assert_null(second);
    handover_server_free(s);
    /* Nor a stranger's, living. */
    int stream = bare_listen(own.path, SOCK_STREAM, 1);
    assert_int_equal(handover_listen(own.path, -1, &s), NT_EBUSY);
    close(stream);
    unlink(own.path);
    /* Nor any file that is no socket. */
    int file = open(own.path, O_CREAT | O_WRONLY, 0600);
    close(file);
    assert_int_equal(handover_listen(own.path, -1, &s), NT_EEXIST);
    assert_int_equal(access(own.path, F_OK), 0);
    assert_int_equal(place_remove(&own), 0);
}

static void test_server__removes_only_its_own_file(void **state)
{
    (void)state;
    struct place own;
    struct handover_server *first = NULL, *second = NULL;
    assert_int_equal(place_make(&own), 0);
    assert_int_equal(handover_listen(own.path, -1, &first), NT_OK);
    unlink(own.path);
    assert_int_equal(handover_listen(own.path, -1, &second), NT_OK);
    handover_server_free(first);
    assert_int_equal(access(own.path, F_OK), 0);
    handover_server_free(second);
    assert_int_equal(access(own.path, F_OK), -1);
    assert_int_equal(rmdir(own.folder), 0);
}

static void test_server__paths_that_cannot_be(void **state)
{
    (void)state;
    struct handover_server *s = NULL;
    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(handover_listen("", -1, &s), NT_EINVAL);
    assert_int_equal(handover_listen(longer, -1, &s), NT_ETOOBIG);
    assert_int_equal(handover_listen("/nonexistent/folder/socket", -1, &s), NT_ENOENT);
    struct place own;
    assert_int_equal(place_make(&own), 0);
    bool root = !geteuid();
    assert_int_equal(chmod(own.folder, 0555), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    assert_int_equal(handover_listen(own.path, -1, &s), NT_EACCES);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_null(s);
    assert_int_equal(rmdir(own.folder), 0);
}

static void test_server__a_descriptor_passed_in(void **state)
{
    (void)state;
    struct place own;
    struct desk desk = {0};
    assert_int_equal(place_make(&own), 0);
    int passed = bare_listen(own.path, SOCK_SEQPACKET, 10);
    assert_int_equal(handover_listen(NULL, passed, &desk.server), NT_OK);
    assert_true(fcntl(passed, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(passed, F_GETFD) & FD_CLOEXEC);
    int fd = bare_connect(own.path);
    say(fd, "hello");
    pump(&desk);
    expect(fd, "hello");
    close(fd);
    handover_server_free(desk.server);
    assert_int_equal(access(own.path, F_OK), 0); /* the file is whose it was */
    assert_int_equal(place_remove(&own), 0);

    int wrong[4];
    assert_int_equal(place_make(&own), 0);
    wrong[0] = open("/dev/null", O_RDONLY);
    wrong[1] = bare_listen(own.path, SOCK_STREAM, 1);
    wrong[2] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    wrong[3] = 1000; /* not open */
    struct handover_server *s = NULL;
    for (int i = 0; i < 4; i++) {
        int before = open_descriptors();
        assert_int_equal(handover_listen(NULL, wrong[i], &s), NT_EINVAL);
        assert_null(s);
        assert_int_equal(open_descriptors(), before); /* not ours, so not closed */
    }
    for (int i = 0; i < 3; i++)
        close(wrong[i]);
    assert_int_equal(place_remove(&own), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_server__many_requests_on_a_connection),
        TEST(test_server__requests_before_answers_are_bounded_not_lost),
        TEST(test_server__hundreds_at_once),
        TEST(test_server__idle_connections_keep_nobody_out),
        TEST(test_server__a_crowd_at_work_makes_newcomers_wait),
        TEST(test_server__no_descriptors_left),
        TEST(test_server__who_leaves_before_the_answer_is_no_error),
        TEST(test_server__sizes),
        TEST(test_server__answers_that_nobody_takes),
        TEST(test_server__long_answers_arrive_whole),
        TEST(test_server__descriptors_are_closed_on_exec),
        TEST(test_server__out_of_memory),
        cmocka_unit_test(test_server__the_file_is_0660_whatever_the_umask),
        cmocka_unit_test(test_server__what_is_in_the_way),
        cmocka_unit_test(test_server__removes_only_its_own_file),
        cmocka_unit_test(test_server__paths_that_cannot_be),
        cmocka_unit_test(test_server__a_descriptor_passed_in),
    };
    return cmocka_run_group_tests(tests, raise_limit, NULL);
}

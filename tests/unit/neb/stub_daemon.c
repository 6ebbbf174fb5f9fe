/*
 * stub_daemon: poll() and clock_gettime() of this program come before the C library's, for the module as well.
 */
#include "stub_daemon.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SHOWN __attribute__((visibility("default")))

struct stub_daemon stub_daemon = {.listening = -1, .client = -1, .boot = 1000000, .wall = 1700000000000};

void stub_daemon_start(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int64_t boot = stub_daemon.boot, wall = stub_daemon.wall;
    stub_daemon = (struct stub_daemon){.client = -1, .boot = boot, .wall = wall};
    snprintf(stub_daemon.path, sizeof stub_daemon.path, "%s", path);
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    stub_daemon.listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(stub_daemon.listening >= 0);
    assert_int_equal(bind(stub_daemon.listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(stub_daemon.listening, 8), 0);
}

static void drop_client(void)
{
    if (stub_daemon.client >= 0)
        close(stub_daemon.client);
    stub_daemon.client = -1;
}

void stub_daemon_end(void)
{
    drop_client();
    if (stub_daemon.listening >= 0)
        close(stub_daemon.listening);
    stub_daemon.listening = -1;
}

static void say(const void *data, size_t len)
{
    ssize_t n = send(stub_daemon.client, data, len, MSG_NOSIGNAL);
    assert_true(n == (ssize_t)len || errno == EPIPE);
}

static void answer(void)
{
    static const char yes[] = "{\"ok\":true,\"exit\":0,\"pages\":[],\"notes\":\"\"}";
    static const char no[] = "{\"ok\":false,\"exit\":65,\"error\":\"nobody \\\"known\\\"\"}";
    static const char garbage[] = "HTTP/1.1 200 OK\r\n\r\n\"ok\":true";
    static char text[100 * 1024];
    switch (stub_daemon.manner) {
    case STUB_AGREES:
    case STUB_AGREES_LATE:
        say(yes, sizeof yes - 1);
        break;
    case STUB_AGREES_AND_GOES:
        say(yes, sizeof yes - 1);
        drop_client();
        break;
    case STUB_AGREES_AND_MORE:
        say(yes, sizeof yes - 1);
        say(yes, sizeof yes - 1);
        break;
    case STUB_AGREES_AT_LENGTH:
        memset(text, ' ', sizeof text);
        memcpy(text, yes, sizeof yes - 2);
        text[sizeof text - 1] = '}';
        say(text, sizeof text);
        break;
    case STUB_REFUSES:
        say(no, sizeof no - 1);
        break;
    case STUB_TALKS_GARBAGE:
        say(garbage, sizeof garbage - 1);
        break;
    case STUB_TALKS_BINARY:
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)(i < 64 ? 0 : i * 31);
        say(text, sizeof text);
        break;
    case STUB_HANGS_UP:
        drop_client();
        break;
    case STUB_IS_SILENT:
    case STUB_HANGS_UP_UNREAD:
        break;
    }
}

/* One turn of a daemon's loop. */
static void turn(void)
{
    if (stub_daemon.listening < 0 || stub_daemon.manner == STUB_IS_SILENT)
        return;
    int fd = accept4(stub_daemon.listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        drop_client();
        stub_daemon.client = fd;
        stub_daemon.accepted++;
    }
    if (stub_daemon.client < 0)
        return;
    if (stub_daemon.manner == STUB_HANGS_UP_UNREAD) {
        drop_client();
        return;
    }
    ssize_t n = recv(stub_daemon.client, stub_daemon.frame, sizeof stub_daemon.frame, 0);
    if (!n)
        drop_client();
    if (n > 0) {
        stub_daemon.len = (size_t)n;
        if (strtoll(stub_daemon_value("deadline"), NULL, 10) < stub_daemon.wall) {
            stub_daemon.too_late++; /* as the daemon does */
            return;
        }
        stub_daemon.requests++;
        stub_daemon.heard = stub_daemon.boot;
        if (stub_daemon.manner != STUB_AGREES_LATE)
            answer();
    } else if (stub_daemon.client >= 0 && stub_daemon.manner == STUB_AGREES_LATE &&
               stub_daemon.boot >= stub_daemon.heard + STUB_LATE) {
        answer();
    }
}

SHOWN int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    static const struct timespec at_once;
    assert_true(timeout >= 0); /* never without an end */
    for (;;) {
        turn();
        int ready = ppoll(fds, n, &at_once, NULL);
        if (ready || !timeout)
            return ready;
        timeout--;
        stub_daemon.boot++;
        stub_daemon.wall++;
    }
}

SHOWN int clock_gettime(clockid_t clock, struct timespec *t)
{
    int64_t ms = clock == CLOCK_REALTIME ? stub_daemon.wall : stub_daemon.boot;
    t->tv_sec = (time_t)(ms / 1000);
    t->tv_nsec = (long)(ms % 1000) * 1000000;
    return 0;
}

const char *stub_daemon_value(const char *key)
{
    const char *k, *v;
    size_t at = 0, key_len, value_len;
    bool bad = false;
    while (frame_next(stub_daemon.frame, stub_daemon.len, &at, &k, &key_len, &v, &value_len, &bad))
        if (key_len == strlen(key) && !memcmp(k, key, key_len))
            return v;
    assert_false(bad);
    return "";
}

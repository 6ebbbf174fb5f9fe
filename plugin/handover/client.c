/*
 * client: one request within a time, on a connection of its own or on one that is kept.
 *
 * It runs inside monitors: every call is non-blocking and waits in poll(2) alone,
 * no signal is raised, and the descriptor is closed on exec. The link owns it.
 *
 * DIAGNOSTICS
 * The end and errno. Only after the packet was sent can the request have been
 * taken: whatever goes wrong from there on is HANDOVER_SILENT, before it
 * HANDOVER_NOBODY, HANDOVER_DENIED or HANDOVER_FAILED. EMSGSIZE means that the
 * kernel's limits (net.core.wmem_max) are below the frame.
 */
#include "handover/client.h"

#include "base/clock.h"
#include "handover/frame.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Between two looks at a listener whose backlog is full: poll(2) has no event for that. */
enum { BACKLOG_PAUSE = 2 };

static int remaining(int64_t deadline)
{
    int64_t left = deadline - clock_boot(clock_system());
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* False with errno ETIMEDOUT when the deadline passes first. */
static bool wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int left = remaining(deadline);
        int n = poll(&p, 1, left);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        if (!n && !remaining(deadline)) {
            errno = ETIMEDOUT;
            return false;
        }
    }
}

static bool connect_within(int fd, const struct sockaddr_un *address, int64_t deadline)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof *address)) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return false;
        int left = remaining(deadline);
        if (!left)
            return false;
        poll(NULL, 0, left < BACKLOG_PAUSE ? left : BACKLOG_PAUSE);
    }
    return true;
}

static bool send_within(int fd, const char *frame, size_t len, int64_t deadline)
{
    bool enlarged = false;
    for (;;) {
        ssize_t n = send(fd, frame, len, MSG_NOSIGNAL);
        if (n >= 0)
            return true;
        if (errno == EMSGSIZE && !enlarged) {
            /* A packet goes whole or not at all. The usual default holds a full frame; where it was lowered, ask. */
            int size = FRAME_MAX + 4096;
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
            enlarged = true;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || !wait_for(fd, POLLOUT, deadline))
            return false;
    }
}

static bool receive_within(int fd, char *answer, size_t size, int64_t deadline)
{
    for (;;) {
        ssize_t n = recv(fd, answer, size - 1, 0);
        if (n > 0) {
            answer[n] = '\0';
            return true;
        }
        if (!n) {
            errno = ECONNRESET;
            return false;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || !wait_for(fd, POLLIN, deadline))
            return false;
    }
}

static enum handover_end connect_failed(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return HANDOVER_NOBODY;
    case EACCES:
    case EPERM:
        return HANDOVER_DENIED;
    default:
        return HANDOVER_FAILED;
    }
}

/* Nothing waits on a sound connection between two requests: not the end, and no packet. */
static bool is_sound(int fd)
{
    char byte;
    ssize_t n;
    do
        n = recv(fd, &byte, 1, MSG_PEEK);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN;
}

void handover_link_init(struct handover_link *link)
{
    link->fd = -1;
}

void handover_link_close(struct handover_link *link)
{
    int error = errno;
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    errno = error;
}

static enum handover_end link_open(struct handover_link *link, const struct sockaddr_un *address, int64_t deadline)
{
    link->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return HANDOVER_FAILED;
    return connect_within(link->fd, address, deadline) ? HANDOVER_ANSWERED : connect_failed(errno);
}

enum handover_end handover_link_ask(struct handover_link *link, const char *socket_path, const char *frame, size_t len,
                                    int64_t timeout, char *answer, size_t size)
{
    enum handover_end end = HANDOVER_FAILED;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int64_t now = clock_boot(clock_system());
    int64_t deadline = timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
    if (size)
        answer[0] = '\0';
    if (!len || len > FRAME_MAX || size < 2) {
        errno = EINVAL;
        return end;
    }
    size_t path_len = strlen(socket_path);
    if (!path_len || path_len >= sizeof address.sun_path) {
        errno = path_len ? ENAMETOOLONG : ENOENT;
        return end;
    }
    memcpy(address.sun_path, socket_path, path_len);

    bool sent = false;
    if (link->fd >= 0) {
        /* It may still end between the look and the sending; then nothing has been taken either. */
        sent = is_sound(link->fd) && send_within(link->fd, frame, len, deadline);
        if (!sent)
            handover_link_close(link);
    }
    if (!sent) {
        end = link_open(link, &address, deadline);
        if (end != HANDOVER_ANSWERED)
            goto done;
        end = HANDOVER_FAILED;
        if (!send_within(link->fd, frame, len, deadline))
            goto done;
    }
    end = receive_within(link->fd, answer, size, deadline) ? HANDOVER_ANSWERED : HANDOVER_SILENT;
done:
    if (end != HANDOVER_ANSWERED)
        handover_link_close(link);
    return end;
}

enum handover_end handover_ask(const char *socket_path, const char *frame, size_t len, int64_t timeout, char *answer,
                               size_t size)
{
    struct handover_link link;
    handover_link_init(&link);
    enum handover_end end = handover_link_ask(&link, socket_path, frame, len, timeout, answer, size);
    handover_link_close(&link);
    return end;
}

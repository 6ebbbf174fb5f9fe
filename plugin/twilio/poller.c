/*
 * poller: the waiting of the event loop.
 *
 * libcurl tells once about each of its sockets, so those live in an epoll. The caller's descriptors come with every
 * call and are few; they are polled beside the epoll's own descriptor, so that nothing has to be added and taken away
 * all the time.
 *
 * DIAGNOSTICS: NT_EIO when the kernel gives no descriptor or refuses one; NT_ENOMEM; NT_ETOOBIG for more than POLLED of
 * the caller's descriptors. A signal is no error, but ends the waiting.
 */
#include "twilio/poller.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { POLLED = 256 };

enum nt_status poller_init(struct poller *p)
{
    *p = (struct poller){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (p->epoll >= 0)
        return NT_OK;
    log_error("cannot make an event loop: %s", strerror(errno));
    return NT_EIO;
}

void poller_clean(struct poller *p)
{
    if (p->epoll >= 0)
        close(p->epoll);
    *p = (struct poller){-1};
}

enum nt_status poller_watch(struct poller *p, int fd, bool readable, bool writable)
{
    struct epoll_event e = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u), .data.fd = fd};
    if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
        return NT_OK;
    if (errno == ENOENT && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
        return NT_OK;
    return errno == ENOMEM ? NT_ENOMEM : NT_EIO;
}

void poller_forget(struct poller *p, int fd)
{
    /* Already closed is as good as forgotten. */
    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Waits for the caller's descriptors and the epoll as one. Sets *timeout to 0 when the epoll need not be waited for any
 * more. */
static enum nt_status wait_for_all(struct poller *p, const int *fds, bool *ready, int n, int *timeout, bool *woken)
{
    struct pollfd set[POLLED + 1];
    if (n > POLLED)
        return NT_ETOOBIG;
    set[n] = (struct pollfd){.fd = p->epoll, .events = POLLIN};
    for (int i = 0; i < n; i++) {
        set[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        if (ready)
            ready[i] = false;
    }
    if (poll(set, (nfds_t)n + 1, *timeout) < 0) {
        if (errno != EINTR)
            return NT_EIO;
        *woken = true;
    } else {
        for (int i = 0; i < n; i++) {
            if (!set[i].revents)
                continue;
            *woken = true;
            if (ready)
                ready[i] = true;
        }
    }
    *timeout = 0;
    return NT_OK;
}

enum nt_status poller_wait(struct poller *p, const int *fds, bool *ready, int fds_n, int64_t timeout,
                           struct poller_event out[POLLER_EVENTS], int *n, bool *woken)
{
    int ms = timeout < 0 ? -1 : timeout > INT_MAX ? INT_MAX : (int)timeout;
    *n = 0;
    *woken = false;
    if (fds_n > 0) {
        enum nt_status status = wait_for_all(p, fds, ready, fds_n, &ms, woken);
        if (status)
            return status;
    }
    struct epoll_event events[POLLER_EVENTS];
    int got = epoll_wait(p->epoll, events, POLLER_EVENTS, ms);
    if (got < 0) {
        if (errno != EINTR)
            return NT_EIO;
        *woken = true;
        return NT_OK;
    }
    for (int i = 0; i < got; i++) {
        uint32_t e = events[i].events;
        out[(*n)++] =
            (struct poller_event){events[i].data.fd, e & (EPOLLIN | EPOLLHUP | EPOLLERR), e & EPOLLOUT, e & EPOLLERR};
    }
    return NT_OK;
}

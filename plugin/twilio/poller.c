/*
 * poller: the waiting of the event loop.
 *
 * libcurl tells once about each of its sockets, so those live in an epoll. The caller's descriptors come with every
 * call and are few; they are polled beside the epoll's own descriptor, so that nothing has to be added and taken away
 * all the time. A socket that the kernel will not put into the epoll (a limit of the user's watches, no memory) is
 * polled with them: libcurl would give up all of its requests over the one.
 *
 * DIAGNOSTICS: NT_EIO when the kernel gives no descriptor, or for one that is none; NT_ENOMEM when it refused more than
 * POLLER_REFUSED at once; NT_ETOOBIG for more than POLLED of the caller's descriptors. A signal is no error, but ends
 * the waiting.
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
    *p = (struct poller){.epoll = -1};
}

static void forget_refused(struct poller *p, int fd)
{
    for (int i = 0; i < p->refused_n; i++)
        if (p->refused[i].fd == fd) {
            p->refused[i] = p->refused[--p->refused_n];
            return;
        }
}

enum nt_status poller_watch(struct poller *p, int fd, bool readable, bool writable)
{
    struct epoll_event e = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u), .data.fd = fd};
    forget_refused(p, fd);
    if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
        return NT_OK;
    if (errno == ENOENT && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
        return NT_OK;
    if (errno == EBADF)
        return NT_EIO;
    if (p->refused_n == POLLER_REFUSED)
        return NT_ENOMEM;
    log_warning("a socket is polled, the event loop does not take it: %s", strerror(errno));
    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL); /* what it was watched for before */
    p->refused[p->refused_n].fd = fd;
    p->refused[p->refused_n++].events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    return NT_OK;
}

void poller_forget(struct poller *p, int fd)
{
    forget_refused(p, fd);
    /* Already closed is as good as forgotten. */
    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Waits for the caller's descriptors, those that were refused, and the epoll as one. Sets *timeout to 0 when the epoll
 * need not be waited for any more. */
static enum nt_status wait_for_all(struct poller *p, const int *fds, bool *ready, int fds_n, int *timeout,
                                   struct poller_event *out, int *n, bool *woken)
{
    struct pollfd set[POLLED + POLLER_REFUSED + 1];
    int k = 0;
    if (fds_n > POLLED)
        return NT_ETOOBIG;
    for (; k < fds_n; k++) {
        set[k] = (struct pollfd){.fd = fds[k], .events = POLLIN};
        if (ready)
            ready[k] = false;
    }
    for (int i = 0; i < p->refused_n; i++)
        set[k++] = (struct pollfd){.fd = p->refused[i].fd, .events = p->refused[i].events};
    set[k++] = (struct pollfd){.fd = p->epoll, .events = POLLIN};
    if (poll(set, (nfds_t)k, *timeout) < 0) {
        if (errno != EINTR)
            return NT_EIO;
        *woken = true;
    } else {
        for (int i = 0; i < fds_n; i++) {
            if (!set[i].revents)
                continue;
            *woken = true;
            if (ready)
                ready[i] = true;
        }
        for (int i = fds_n; i < k - 1; i++) {
            short e = set[i].revents;
            if (e)
                out[(*n)++] =
                    (struct poller_event){set[i].fd, e & (POLLIN | POLLHUP | POLLERR), e & POLLOUT, e & POLLERR};
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
    if (fds_n > 0 || p->refused_n) {
        enum nt_status status = wait_for_all(p, fds, ready, fds_n, &ms, out, n, woken);
        if (status)
            return status;
    }
    struct epoll_event events[POLLER_EVENTS];
    int got = epoll_wait(p->epoll, events, POLLER_EVENTS - *n, ms);
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

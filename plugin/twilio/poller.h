/*
 * poller: waits on many descriptors: a lasting set (an epoll), and the caller's of the moment.
 */
#ifndef NT_TWILIO_POLLER_H
#define NT_TWILIO_POLLER_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { POLLER_EVENTS = 64, POLLER_REFUSED = 32 };

struct poller_event {
    int fd;
    bool readable, writable, error;
};

struct poller {
    int epoll;
    struct {
        int fd;
        short events; /* of poll(2) */
    } refused[POLLER_REFUSED]; /* those that the kernel had no room for in the epoll */
    int refused_n;
};

enum nt_status poller_init(struct poller *p) NT_MUST_USE;
void poller_clean(struct poller *p);
/* Puts fd into the lasting set, or changes what it is watched for. */
enum nt_status poller_watch(struct poller *p, int fd, bool readable, bool writable) NT_MUST_USE;
void poller_forget(struct poller *p, int fd);
/*
 * Waits up to timeout ms (−1 for ever). out gets *n events of the lasting set; ready[i] (ready may be NULL) whether
 * fds[i] is readable or at its end, negative ones never; *woken whether one of the caller's is ready, or a signal came.
 */
enum nt_status poller_wait(struct poller *p, const int *fds, bool *ready, int fds_n, int64_t timeout,
                           struct poller_event out[POLLER_EVENTS], int *n, bool *woken) NT_MUST_USE;

#endif

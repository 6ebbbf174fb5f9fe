/*
 * drain: the engine that delivers a store's pages. One a store at a time, by its lock.
 *
 * One loop, one thread: the hand-over socket, requests to Twilio, receipts, and the store. Each turn writes what
 * happened in one transaction (group commit), then answers clients and starts requests: nothing is told before it is on
 * disk, and no request starts before its intent is.
 */
#ifndef NT_FLOW_DRAIN_H
#define NT_FLOW_DRAIN_H

#include "flow/runtime.h"

#include <stdbool.h>
#include <stdint.h>

struct accepted;
struct order;

struct drain_options {
    bool daemon;        /* serve: stays; else it ends when nothing is unsettled */
    bool follow;        /* follow receipts (10 minutes at most unless daemon) */
    bool only_due;      /* queue flush: deliver what is due, then end */
    bool unlocked;      /* the caller could not take the drain lock: it is taken before the store is gone back to */
    int listen_fd;      /* a listening socket passed in, or −1 */
    const char *socket; /* path to listen on when listen_fd is −1; NULL = do not listen */
    int wake_fd; /* −1, or a non-blocking descriptor whose bytes wake the loop up (signal handlers write to it) */
    const volatile int *stop;   /* set by a signal handler: finish what is in flight, then end */
    const volatile int *reload; /* counter: each change reads the configuration again */
    void (*ready)(void *arg);   /* called when listening and delivering */
    void (*turn)(void *arg);    /* called each turn, at least every 5 s: watchdog */
    /* each turn: pages sent and refused since the start, and those that are unsettled */
    void (*progress)(void *arg, int64_t sent, int64_t refused, int64_t unsettled);
    void *arg;

    /* An alert of the caller's own, taken in with the first turn's transaction; NULL: none. */
    struct starter *starter;
};

/*
 * A `send` that drains: its order is accepted by the first turn, it is asked each turn whether it may go, and then the
 * drainer goes on in a child of its own, with what is under way.
 */
enum starter_may {
    STARTER_STAYS,
    STARTER_MAY_GO, /* as soon as no request would be hurt by it */
    STARTER_GOES    /* now */
};

struct starter {
    const struct order *order;
    struct accepted *accepted; /* filled by the first turn */
    struct buf *error;
    enum nt_status status;                 /* of the acceptance; NT_EBUSY until then */
    bool at_once;                          /* nothing is sent before it has gone */
    enum starter_may (*may_go)(void *arg); /* asked after each turn, the first included */
    /* Makes the child: 0 in it, > 0 in the caller, < 0 when none can be made (asked again later). */
    int (*go)(void *arg);
    bool gone; /* set in the caller: drain_run has returned because the child goes on. End soon, without freeing what
                  the runtime holds. */
    void *arg;
};

/* The lock must be held by the caller, unless `unlocked`; the store may be unopened. NT_OK at a clean end; NT_EBUSY
 * when somebody asked us to leave. */
enum nt_status drain_run(struct runtime *r, const struct drain_options *o) NT_MUST_USE;

#endif

/*
 * background: a drainer of our own that outlives the command that started it.
 */
#ifndef NT_NOTIFY_BACKGROUND_H
#define NT_NOTIFY_BACKGROUND_H

#include "flow/runtime.h"

#include <stdbool.h>
#include <sys/types.h>

struct background {
    pid_t pid;
    int progress; /* readable: 'p' after each commit, 's' a page sent, 'f' one refused; end of file: it has ended */
};

/* Forks before the store is opened by the caller: the child has a session, descriptors and a store of its own, takes
 * the drain lock (or waits while somebody else drains and something is unsettled) and begins when background_go() says
 * that pages are stored. With a spare store (in memory) the child inherits it. socket: where to listen. */
enum nt_status background_start(struct runtime *r, const char *socket, struct background *out) NT_MUST_USE;

#endif

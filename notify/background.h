/*
 * background: drainers of our own that outlive the command that started them.
 */
#ifndef NT_NOTIFY_BACKGROUND_H
#define NT_NOTIFY_BACKGROUND_H

#include "flow/runtime.h"

/* Forks a child with a session and standard descriptors of its own: 0 in the child, its pid in the caller, < 0 with
 * errno. */
int background_fork(const struct runtime *r);

/* Set once the child has been asked to end. */
const volatile int *background_stop(void);

/* For the `turn` of the child's drain, with its runtime: once a daemon wants the store's lock, the child is asked to
 * end. Looks once a second. */
void background_make_way(void *runtime);

/* In the child: delivers until nothing is unsettled, waiting for the lock when somebody else has it. */
void background_drain(struct runtime *r, const char *socket);

/*
 * A drainer that stands by: it takes the drain lock as soon as it is free and delivers, as long as anything is
 * unsettled. The store is closed for the fork (SQLite does not survive one) and opened again. socket: where to listen.
 */
enum nt_status background_start(struct runtime *r, const char *socket) NT_MUST_USE;

#endif

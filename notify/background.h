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
    int go;
};

/*
 * Forks. Call it before the store is opened (SQLite does not survive a fork), or with the spare store, which the child
 * inherits. The child takes the drain lock, or stands by while somebody else drains, opens its own store and
 * connections, and waits: so its start costs the caller nothing. socket: where to listen.
 */
enum nt_status background_start(struct runtime *r, const char *socket, struct background *out) NT_MUST_USE;
/* Pages have been stored: deliver. The same happens when the caller dies. */
void background_go(struct background *b);
/* Nothing was stored: the child ends. */
void background_cancel(struct background *b);

#endif

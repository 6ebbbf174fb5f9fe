/* ask: what our own processes ask a drainer over its socket — how it is, or to leave. */
#ifndef NT_FLOW_ASK_H
#define NT_FLOW_ASK_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum ask_what { ASK_STATUS, ASK_LEAVE };

struct drainer_status {
    long pid;
    bool daemon;
    bool spare;
    struct buf trouble, last_good;
};

void drainer_status_init(struct drainer_status *s);
void drainer_status_clean(struct drainer_status *s);

/* timeout in ms. NT_ENOENT: nobody listens; NT_EACCES; NT_ETIMEOUT; NT_EIO: an answer that is none. */
enum nt_status ask_drainer(const char *socket, enum ask_what what, int64_t timeout,
                           struct drainer_status *out) NT_MUST_USE;

#endif

/*
 * channel_page: one notification of a channel on its way: a `send` of our own program, started, watched, and ended when
 * it takes too long.
 */
#ifndef NT_NOTIFY_CHANNEL_PAGE_H
#define NT_NOTIFY_CHANNEL_PAGE_H

#include "base/buf.h"
#include "base/child.h"
#include "ingest/channel_request.h"

#include <stdbool.h>
#include <stdint.h>

struct channel_page {
    bool running;
    struct child child;
    int heard;       /* what it says on stderr; −1 = none */
    struct buf said; /* the beginning of that */
    int64_t until;   /* CLOCK_BOOTTIME ms: how long it may take */
    bool asked;      /* to end */
    enum channel_dialect dialect;
    char id[CHANNEL_ID_MAX];
    bool silent;
    char *object; /* what it is about */
};

/* How `send` is called. config and socket: the command line's, NULL when not given. */
struct channel_way {
    const char *program, *config, *socket;
    const struct channel_settings *settings;
};

/* p: zeroed, or ended. Borrows nothing of r. NT_ENOMEM; NT_EIO and errno when there is no process to be had. */
enum nt_status channel_page_start(struct channel_page *p, const struct channel_way *way,
                                  const struct channel_request *r, int64_t now) NT_MUST_USE;
/* Is it about what r is about? */
bool channel_page_same(const struct channel_page *p, const struct channel_request *r);
/* Listens, asks, and ends what takes too long. True when it has ended: *status is its exit status, −1 when it did not
 * end by itself. */
bool channel_page_turn(struct channel_page *p, int64_t now, int *status);
/* Why it failed, in one line. */
void channel_page_reason(const struct channel_page *p, int status, struct buf *out);
/* Forgets it; a process that still runs goes on by itself. */
void channel_page_clean(struct channel_page *p);

#endif

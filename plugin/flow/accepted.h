/* accepted: what became of an order: its pages, and the words about them. */
#ifndef NT_FLOW_ACCEPTED_H
#define NT_FLOW_ACCEPTED_H

#include "base/buf.h"
#include "base/status.h"
#include "queue/page.h"

#include <stdbool.h>
#include <stddef.h>

struct accepted {
    struct page **page; /* one a recipient, also duplicates, withheld and cancelled ones */
    size_t n, size;
    struct buf notes; /* a line each: unknown recipients, fallback used, nobody woken on purpose … */
    bool muted;       /* nobody was paged because only `routine: false` contacts were asked: no error */
    bool repeated;    /* the request's UUID was known: pages are the stored ones */
};

void accepted_init(struct accepted *a);
void accepted_clean(struct accepted *a);
/* Takes page over; on NT_ENOMEM it stays the caller's (NULL is NT_ENOMEM too). */
enum nt_status accepted_add(struct accepted *a, struct page *page) NT_MUST_USE;

/* The exit status a `send` ends with (sysexits: 0, 69) for these pages. */
int accepted_exit(const struct accepted *a);

#endif

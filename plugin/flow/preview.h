/*
 * preview: what would be sent, without storing or sending: `render` and `send --dry-run`.
 */
#ifndef NT_FLOW_PREVIEW_H
#define NT_FLOW_PREVIEW_H

#include "flow/accept.h"
#include "twilio/request.h"

struct preview_item {
    struct page *page;
    struct form form; /* the request's fields; empty without a sender */
    struct buf url;
};

struct preview {
    struct preview_item *item;
    size_t n, size;
    struct buf notes;
};

void preview_init(struct preview *p);
void preview_clean(struct preview *p);

/* One item a recipient. anonymous: when nobody can be resolved, one item with an empty number instead of NT_ENOBODY
 * (render needs no recipient). */
enum nt_status preview_order(struct runtime *r, const struct order *order, bool anonymous, struct preview *out,
                             struct buf *error) NT_MUST_USE;

#endif

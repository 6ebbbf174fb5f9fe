/*
 * accept: an order → pages, stored. The moment after which an alert cannot be lost.
 */
#ifndef NT_FLOW_ACCEPT_H
#define NT_FLOW_ACCEPT_H

#include "base/buf.h"
#include "flow/accepted.h"
#include "flow/order.h"
#include "flow/runtime.h"
#include "oncall/recipient.h"
#include "queue/page.h"

#include <stddef.h>

/* Everything that needs no store: input → alert. NT_EINVAL with words in error: no usable alert. */
enum nt_status accept_alert(struct runtime *r, const struct order *order, struct alert **out,
                            struct buf *error) NT_MUST_USE;
/* Inside the caller's transaction on r->store: recipients, duplicates, superseding, texts, pages. NT_ENOBODY: nobody to
 * page (error says why). */
enum nt_status accept_store(struct runtime *r, const struct order *order, const struct alert *alert,
                            struct accepted *out, struct buf *error) NT_MUST_USE;
/* Both, in a transaction of its own, falling back to the spare store when the real one fails. What a `send` without a
 * drainer does. */
enum nt_status accept_order(struct runtime *r, const struct order *order, struct accepted *out,
                            struct buf *error) NT_MUST_USE;

/* Who gets it: --to, else the alert's pager, else its contact. As oncall_resolve(). */
enum nt_status accept_recipients(struct runtime *r, const struct order *order, const struct alert *alert,
                                 struct recipients *out, bool *muted, struct buf *notes) NT_MUST_USE;
/* The page for one recipient (NULL: nobody, for a preview), with its text, not yet stored. */
enum nt_status accept_page(struct runtime *r, const struct order *order, const struct alert *alert,
                           const struct strlist *graphs, const struct recipient *to, struct page **out) NT_MUST_USE;

#endif

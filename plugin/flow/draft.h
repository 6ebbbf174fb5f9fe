/*
 * draft: an order → the alert that it tells of, its recipients, their pages. Nothing of it is stored.
 */
#ifndef NT_FLOW_DRAFT_H
#define NT_FLOW_DRAFT_H

#include "base/buf.h"
#include "flow/order.h"
#include "flow/runtime.h"
#include "oncall/recipient.h"
#include "queue/page.h"

/* Everything that needs no store: input → alert. NT_EINVAL with words in error: no usable alert. */
enum nt_status draft_alert(struct runtime *r, const struct order *order, struct alert **out,
                           struct buf *error) NT_MUST_USE;
/* Who gets it: --to, else the alert's pager, else its contact. As oncall_resolve(). */
enum nt_status draft_recipients(struct runtime *r, const struct order *order, const struct alert *alert,
                                struct recipients *out, bool *muted, struct buf *notes) NT_MUST_USE;
/* The page for one recipient (NULL: nobody, for a preview), with its text, not yet stored. */
enum nt_status draft_page(struct runtime *r, const struct order *order, const struct alert *alert,
                          const struct strlist *graphs, const struct recipient *to, struct page **out) NT_MUST_USE;

#endif

/*
 * accept: an order → pages, stored. The moment after which an alert cannot be lost.
 */
#ifndef NT_FLOW_ACCEPT_H
#define NT_FLOW_ACCEPT_H

#include "base/buf.h"
#include "flow/accepted.h"
#include "flow/order.h"
#include "flow/runtime.h"

/* Inside the caller's transaction on r->store: recipients, duplicates, superseding, texts, pages. NT_ENOBODY: nobody to
 * page (error says why). */
enum nt_status accept_store(struct runtime *r, const struct order *order, const struct alert *alert,
                            struct accepted *out, struct buf *error) NT_MUST_USE;
/* Both, in a transaction of its own, falling back to the spare store when the real one fails. What a `send` without a
 * drainer does. */
enum nt_status accept_order(struct runtime *r, const struct order *order, struct accepted *out,
                            struct buf *error) NT_MUST_USE;

#endif

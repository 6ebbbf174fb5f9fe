/*
 * departure: one alert, accepted and delivered by the command itself, until it may go: when its pages are settled, or
 * its `--wait` is over, or it is asked to end. What is left then is a drainer's that outlives it.
 *
 * pages: as accepted, and read anew as far as they were waited for. error: words, when the alert cannot be taken.
 */
#ifndef NT_NOTIFY_DEPARTURE_H
#define NT_NOTIFY_DEPARTURE_H

#include "flow/accept.h"
#include "flow/order.h"
#include "flow/runtime.h"
#include "notify/arguments.h"

/* The drain lock is ours (closed here; −1: there is none, and no store either): accepts and delivers in this process.
 */
enum nt_status departure_drain(struct runtime *r, const struct arguments *a, const struct order *order, int lock,
                               struct accepted *pages, struct buf *error) NT_MUST_USE;
/* Somebody else drains, though he did not answer: stores the alert, and sees that it gets done. When r->spare is set
 * afterwards it is in this process's memory alone, and nobody delivers it: ask him once more, or departure_drain(). */
enum nt_status departure_store(struct runtime *r, const struct arguments *a, const struct order *order,
                               struct accepted *pages, struct buf *error) NT_MUST_USE;

#endif

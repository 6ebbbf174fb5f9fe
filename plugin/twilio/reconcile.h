/*
 * reconcile: which of the number's newest messages at Twilio, if any, is the one whose answer was lost.
 */
#ifndef NT_TWILIO_RECONCILE_H
#define NT_TWILIO_RECONCILE_H

#include "queue/page.h"
#include "twilio/response.h"

#include <stdbool.h>

/* Answers whether a SID belongs to another page of ours. */
typedef bool reconcile_known(void *arg, const char *sid);

/* The index of the match, or -1. Rules: To equals, own sender (From, or the messaging service; a missing from or
 * service matches), created in [started − 60 s, now] (and up to 60 s after now, for clocks that differ; without a date
 * never), a SID not known; bodies compared only where the listed one is not empty, allowing a prefix (trial accounts).
 * Of several the nearest to started. */
long reconcile_find(const struct page *page, const struct message_list *list, int64_t started, int64_t now,
                    reconcile_known *known, void *arg);
/* True when the list reaches back before started − 60 s or has no further page: not finding it then means it is not
 * there. */
bool reconcile_conclusive(const struct message_list *list, int64_t started);

#endif

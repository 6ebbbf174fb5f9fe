/*
 * supersede: what a new alert of an object does to the unsent pages about it, to one number.
 */
#ifndef NT_QUEUE_SUPERSEDE_H
#define NT_QUEUE_SUPERSEDE_H

#include "queue/store.h"

struct supersede_result {
    bool withhold;        /* the new page itself is to be stored as cancelled: a recovery (or end) of which nothing was or may have been sent */
    bool repeat;          /* the number has had, or may have had, a page about this object: PAGE_REPEAT */
    bool problem_sent;    /* a problem page of this object went (or may have gone) to the number: follow-ups reach `routine: false` contacts */
    enum alert_class problem_class; /* class of the last problem page to the number, when has_problem */
    bool has_problem;
    size_t superseded, cancelled; /* pages that were ended */
};

/* Ends the unsent pages (queued, held) of alert->object to number as the rules say (state, step with reason, merged_into = new page's id later by
 * supersede_link), inside the caller's transaction. Called before the new page is put. Members of an unsent digest count as unsent. */
enum nt_status supersede_apply(struct store *s, const struct alert *alert, const char *number, int64_t now,
                               struct supersede_result *out) NT_MUST_USE;

#endif

/*
 * supersede: what a new alert of an object does to the unsent pages about it, to one number.
 */
#ifndef NT_QUEUE_SUPERSEDE_H
#define NT_QUEUE_SUPERSEDE_H

#include "queue/store.h"

enum { SUPERSEDE_LINKS = 16 };

struct supersede_result {
    bool withhold;        /* the new page itself is to be stored as cancelled: a recovery (or end) of which nothing was or may have been sent */
    bool repeat;          /* the number has had, or may have had, a page about this object: PAGE_REPEAT */
    bool problem_sent;    /* a problem page of this object went (or may have gone) to the number: follow-ups reach `routine: false` contacts */
    enum alert_class problem_class; /* class of the last problem page to the number, when has_problem */
    bool has_problem;
    size_t superseded, cancelled; /* pages that were ended */
    int64_t link[SUPERSEDE_LINKS]; /* of these, for supersede_link */
    size_t links;
};

/* What the history says, changing nothing (superseded, cancelled and links are 0). */
enum nt_status supersede_look(struct store *s, const struct alert *alert, const char *number, int64_t now,
                              struct supersede_result *out) NT_MUST_USE;

/* Ends the unsent pages (queued, held) of alert->object to number as the rules say (state, step with reason), inside the caller's
 * transaction. Called before the new page is put. Members of an unsent digest count as unsent. */
enum nt_status supersede_apply(struct store *s, const struct alert *alert, const char *number, int64_t now,
                               struct supersede_result *out) NT_MUST_USE;

/* Once the new page has an id: writes it into merged_into of the pages that it ended (the first SUPERSEDE_LINKS of them). */
enum nt_status supersede_link(struct store *s, const struct supersede_result *result, int64_t id) NT_MUST_USE;

/* Has newer news of the page's object been accepted for its number, so that sending it once more would tell something stale? */
enum nt_status supersede_newer(struct store *s, const struct page *page, bool *newer) NT_MUST_USE;

/* Asked for an unsent page at the moment of sending, inside the caller's transaction: has newer news of its object been accepted meanwhile (it comes back from a
 * failed attempt), or is it a recovery whose problem, as it turned out, never went out? Then the page is ended, with its step, and *stale is true. A member
 * of an unsent digest may be asked about as well: it then leaves the digest. */
enum nt_status supersede_stale(struct store *s, struct page *page, int64_t now, bool *stale) NT_MUST_USE;

#endif

/*
 * store: where alerts, pages and their history live. A backend embeds struct store and fills struct store_ops.
 *
 * Every write happens between begin and commit; a failed commit has rolled back. Strings in visited records are
 * borrowed for the call. A store is used by one thread; any number of processes may use the same one. A visit of pages() may do
 * anything with the store; one of steps, sends and numbers must not begin or end a transaction.
 *
 * DIAGNOSTICS: NT_EBUSY (5 s without getting the write lock), NT_EFULL, NT_EIO, NT_EACCES (also: opened read-only), NT_ENEWER (schema of
 * a newer version; untouched), NT_ECORRUPT (the database is damaged: store_rescue). A single record that makes no sense is as
 * good as none: visits leave it out, page_get and alert_get say NT_ENOENT, each with a line in the log. After an error inside a
 * transaction only rollback is allowed.
 */
#ifndef NT_QUEUE_STORE_H
#define NT_QUEUE_STORE_H

#include "base/status.h"
#include "ingest/alert.h"
#include "queue/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_query_kind {
    PAGES_CHANGED,       /* change > after, order by change */
    PAGES_OF_OBJECT,     /* object and number; newest first */
    PAGES_OF_PROBLEM,    /* object (number ignored); newest first: the CLI's --problem */
    PAGES_OF_ALERT,      /* alert_id = id */
    PAGES_MERGED_INTO,   /* merged_into = id */
    PAGES_OF_LANE,       /* states within number and class, oldest first: a number's queued or held pages */
    PAGES_IN_STATES,     /* states; oldest first */
    PAGES_UNFINISHED,    /* queued, held, sending, oldest first, or created ≥ since; the CLI's list */
    PAGES_ALL,           /* created ≥ since, oldest first */
    PAGES_WATCHED,       /* flag PAGE_WATCH, oldest sent first */
};

struct store_query {
    enum store_query_kind kind;
    unsigned states;      /* PAGE_BIT set; 0 = any */
    const char *object, *number;
    enum alert_class class;
    int64_t id, after, since;
    size_t limit;         /* 0 = none */
};

/* Return true to go on. */
typedef bool store_visit_page(void *arg, const struct page *page);
typedef bool store_visit_step(void *arg, const struct page_step *step);
typedef bool store_visit_send(void *arg, int64_t at, int segments);

struct number_state {
    int64_t opted_out;  /* when Twilio said 21610; 0 = not */
    int64_t last_paged; /* last request that may have reached Twilio */
};
typedef bool store_visit_number(void *arg, const char *number, const struct number_state *state);

struct store_totals {
    int64_t queued, held, sending, watched;
    int64_t oldest_unsettled;  /* created of the oldest queued, held or sending page; 0 none */
    int64_t most_overdue;      /* smallest due of queued pages; 0 none */
    int64_t failed, undelivered, expired; /* within since */
    int64_t opted_out;         /* numbers */
};

struct store_ops {
    const char *name;
    void (*close)(struct store *s);

    enum nt_status (*begin)(struct store *s);
    enum nt_status (*commit)(struct store *s);
    void (*rollback)(struct store *s);

    /* uuid: of the hand-over request, unique; NT_EEXIST with *id of the one that is there. "" = none. */
    enum nt_status (*alert_put)(struct store *s, const struct alert *a, const char *uuid, int64_t *id);
    enum nt_status (*alert_get)(struct store *s, int64_t id, struct alert **out);

    enum nt_status (*page_put)(struct store *s, struct page *p);        /* sets p->id and p->change */
    enum nt_status (*page_save)(struct store *s, struct page *p);       /* everything but id, alert_id, created; sets p->change */
    enum nt_status (*page_get)(struct store *s, int64_t id, struct page **out); /* NT_ENOENT */
    enum nt_status (*pages)(struct store *s, const struct store_query *q, store_visit_page *visit, void *arg);
    enum nt_status (*change)(struct store *s, int64_t *last); /* the change counter; cheap: for watching */

    enum nt_status (*step_put)(struct store *s, int64_t page_id, int64_t at, enum page_state state, const char *reason);
    enum nt_status (*steps)(struct store *s, int64_t page_id, store_visit_step *visit, void *arg);

    /* Requests that may have reached Twilio: the throttle's and the pacing's memory. */
    enum nt_status (*send_put)(struct store *s, const char *number, enum alert_class class, const char *sender, int64_t at, int segments);
    enum nt_status (*sends_of_number)(struct store *s, const char *number, enum alert_class class, int64_t since,
                                      store_visit_send *visit, void *arg); /* oldest first */
    enum nt_status (*sends_of_sender)(struct store *s, const char *sender, int64_t since, store_visit_send *visit, void *arg);

    enum nt_status (*number_get)(struct store *s, const char *number, struct number_state *out); /* zeros when unknown */
    enum nt_status (*number_put)(struct store *s, const char *number, const struct number_state *state);
    enum nt_status (*numbers)(struct store *s, bool opted_out_only, store_visit_number *visit, void *arg);

    /* Small named facts: alarms by cause, the drainer, account trouble. value "" removes. */
    enum nt_status (*mark_put)(struct store *s, const char *name, int64_t at, const char *value);
    enum nt_status (*mark_get)(struct store *s, const char *name, int64_t *at, struct buf *value); /* NT_ENOENT */

    enum nt_status (*totals)(struct store *s, int64_t since, struct store_totals *out);
    /* Deletes at most limit settled pages older than before, with what hangs on them (and alerts, sends, steps that nothing needs). *deleted counts. */
    enum nt_status (*purge)(struct store *s, int64_t before, size_t limit, size_t *deleted);
    /* To be called when there is nothing to do for a moment: housekeeping that would else be done by somebody's commit. Takes
     * some milliseconds when there is some, outside a transaction. */
    void (*idle)(struct store *s);
    /* Is a known Twilio SID ours already? */
    enum nt_status (*sid_known)(struct store *s, const char *sid, bool *known);
};

struct store {
    const struct store_ops *ops;
    bool brief;       /* its user only looks in: upkeep (writing a log back) is left to the drainer */
    int64_t patience; /* ms to wait for others at the write lock, and as long again for those who do not know that lock */
};

enum { STORE_PATIENCE = 5000 };

/* Opens (making folder-level files as needed, migrating the schema) "sqlite:/path". error gets words on failure. */
enum nt_status store_open(const char *url, struct store **out, struct buf *error) NT_MUST_USE;
/* The same for who cannot wait as long: patience (ms) is of opening, and of the store that comes of it. */
enum nt_status store_open_within(const char *url, int64_t patience, struct store **out, struct buf *error) NT_MUST_USE;
/* Read-only use by queue list/show/check: never creates or migrates. NT_ENOENT when there is no store yet. */
enum nt_status store_open_readonly(const char *url, struct store **out, struct buf *error) NT_MUST_USE;
void store_close(struct store *s); /* NULL is fine */

/* Sets a corrupt store aside (path.corrupt-EPOCH), begins a new one and takes over what can still be read: unfinished pages with their alerts,
 * the recent sends, numbers. *taken counts the pages. */
enum nt_status store_rescue(const char *url, int64_t now, struct store **out, size_t *taken, struct buf *error) NT_MUST_USE;

/* The drain lock: flock on queue.lock beside the database. *fd to close() (which unlocks); NT_EBUSY: somebody drains, *holder his pid (0 unknown).
 * wait: block until it is free; a signal ends the wait with NT_EBUSY. */
enum nt_status drain_lock_take(const char *url, bool wait, int *fd, long *holder) NT_MUST_USE;
/* A child that goes on with its parent's lock says so. */
void drain_lock_sign(int fd);
/* Does somebody hold it? *holder: 0 nobody, his pid, or -1 when that is not known (another pid namespace). */
enum nt_status drain_lock_holder(const char *url, long *holder) NT_MUST_USE;
/* Says that a daemon wants the lock, for as long as *fd is open: drainers that hold it for want of one leave, and need no
 * socket to be told. Any number may. */
enum nt_status drain_lock_want(const char *url, int *fd) NT_MUST_USE;
/* Whether somebody does; not when it cannot be found out. */
bool drain_lock_wanted(const char *url);

#endif

/*
 * engine: what the files of the drainer share. Private to flow's drain, claim, gather, settle, lookup, track and
 * intake.
 */
#ifndef NT_FLOW_ENGINE_H
#define NT_FLOW_ENGINE_H

#include "base/strlist.h"
#include "flow/drain.h"
#include "flow/idmap.h"
#include "flow/ready.h"
#include "flow/runtime.h"
#include "flow/sweep.h"
#include "handover/server.h"
#include "throttle/pacing.h"
#include "twilio/http.h"
#include "twilio/outcome.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ENGINE_REASON = 512,       /* a step's words */
    ENGINE_AMBIGUOUS_LANE = 2, /* look-ups of one number that may hold connections */
    ENGINE_LATE = 120,         /* s after which a page shows its age */
    ENGINE_TURN = 16,          /* answers, or requests, from which on a turn takes half of them */
    ENGINE_ALERTS = 8,         /* alerts that it takes in while requests are under way: their answers wait behind it */
};

/* A page that has been claimed: its request, and if need be the search for what became of it. */
enum flight_step {
    FLIGHT_CLAIMED,  /* intent recorded, request not started */
    FLIGHT_ASKED,    /* request under way */
    FLIGHT_ANSWERED, /* outcome known, not recorded yet */
    FLIGHT_UNKNOWN,  /* ambiguous and recorded as such: a look-up is due at look_at */
    FLIGHT_LOOKING,  /* look-up under way */
    FLIGHT_LOOKED,   /* look-up done, not recorded yet */
    FLIGHT_OVER      /* recorded: to be dropped */
};

struct flight {
    struct flight *next;
    struct drainer *d;
    struct page *page; /* as claimed */
    int32_t lane;
    uint64_t object;
    enum flight_step step, step_before; /* step_before: to go back to when the transaction fails */
    struct outcome outcome;
    int64_t started; /* wall ms of the request (attempt_started) */
    int64_t started_boot;
    int64_t look_at; /* boot ms */
    int looks;
    bool looked_ok;          /* the list came and was understood */
    bool shut_out;           /* instead of the list came a 401 */
    bool conclusive;         /* not being in it means not being there */
    char found[OUTCOME_SID]; /* SID of the match */
    char found_status[24];
    bool account_answered;
};

/* A sender's pacing; senders beyond the configured ones (--from) are added as they come. */
struct lane_sender {
    char *name;
    struct pacing pacing; /* in segments */
    struct pacing media;  /* in messages with pictures, whose rate is their own */
};

struct question; /* optin.c */

/* A sent message whose receipt is awaited. */
struct watch {
    int64_t page_id;
    int64_t sent;  /* wall */
    int64_t until; /* boot: give up */
    int64_t next;  /* boot: look again */
    int looks;
    char sid[OUTCOME_SID];
    char status[24]; /* news not recorded yet; "" none */
    int error_code;
    bool asked, over;
    bool alone; /* too old for the list of the newest: asked about one by one */
};

struct intake;   /* hand-over requests of this turn */
struct pictures; /* pictures.c */

/* There is one of it: its members stand together by what they are about, not by their sizes. */
struct drainer { /* NOLINT(clang-analyzer-optin.performance.Padding) */
    struct runtime *r;
    const struct drain_options *o;
    struct http *http;
    struct handover_server *server;
    struct ready ready;
    int64_t seen; /* the store's change counter up to which ready is in step */
    struct flight *flight;
    int flights, ambiguous; /* of these, UNKNOWN to LOOKED */
    struct {
        struct lane_sender *item;
        size_t n, size;
    } senders;
    struct {
        struct watch *item;
        size_t n, size;
    } watches;
    struct {
        struct question **item;
        size_t n, size;
    } questions;                 /* opted-out numbers being asked about */
    int64_t optin_next;          /* boot */
    char optin_last[NUMBER_MAX]; /* the next round asks about those behind it; "" about the first */
    struct single *singles;      /* receipts being asked for one by one */
    bool watch_list_asked;       /* the batched receipts' list is under way */
    int64_t watch_list_next;     /* boot: no list before, unless it would get too long */
    struct intake *intake;
    struct pictures *pictures; /* NULL until one is wanted */
    struct sweep sweep;        /* of published pictures */
    /* the gate: closed after a failure that is not one page's */
    int gate_failures;  /* in a row; > 0: one probe at a time */
    int64_t gate_until; /* boot */
    bool gate_account;
    int64_t storm_began, storm_last; /* boot: alerts came faster than they were taken; 0 never */
    bool let_in;                     /* what was refused for the account's sake may go */
    int64_t reread;                  /* boot: when the configuration that does not let us in is read again; 0 not */
    /* this turn */
    int64_t now, boot; /* wall and boot ms */
    int64_t pace_next; /* boot ms at which a sender is free; INT64_MAX */
    int holds_left;
    struct {
        int32_t lane;
        int class;
        int64_t until;
        int64_t at;        /* turn's now */
    } held_for;            /* the throttle's last answer, for the pages behind */
    enum nt_status failed; /* first store error of the turn */
    /* clocks */
    int64_t clock_offset; /* wall - boot at the last turn */
    int64_t spare_retry;  /* boot: try the real store again */
    int64_t spare_until;  /* boot: how long nothing but the real store is waited for */
    bool spare_last;      /* nothing else is left to do */
    int lock, lock_wish;  /* the drain lock, and the wish for it, where the caller had none; −1 */
    bool handing_over;    /* another drainer has the lock: nothing more is begun, and what we have becomes his */
    int64_t rescued;      /* boot: when a damaged store was last set aside; 0 never */
    int64_t purge_next, expire_next, reload_seen;
    bool purge_more;                /* the last batch was full */
    bool starter_asked;             /* the starter has gone, or there is none */
    int64_t starter_again;          /* boot: no child could be made; not asked before */
    bool leaving;                   /* somebody asked us to go, or stop */
    int64_t sent, refused;          /* pages since the start */
    int told_sent, told_refused;    /* in this turn */
    bool http_stale;                /* options changed: a new client as soon as the old one is idle */
    bool turn_full;                 /* the turn claimed all that one may */
    bool more;                      /* the turn left work that needs no event */
    int64_t socket_check;           /* boot: is the socket's file still there? */
    struct idmap to_spare, to_real; /* pages of the real store in the spare one, and back */
};

/* claim.c: chooses what goes now and records the intent (inside the turn's transaction). */
enum nt_status claim_pages(struct drainer *d) NT_MUST_USE;
/* Drops claims whose transaction failed. */
void claim_undo(struct drainer *d);

/* gather.c: digests. Makes or refreshes a digest of the lane's held pages. *digest NULL: nothing to merge. */
enum nt_status gather_digest(struct drainer *d, int32_t lane, enum alert_class class, const struct page *first,
                             struct page **digest) NT_MUST_USE;
enum nt_status gather_refresh(struct drainer *d, int32_t lane, struct page *digest, bool *gone) NT_MUST_USE;
enum nt_status gather_return(struct drainer *d, const struct page *digest, const char *why) NT_MUST_USE;

/* settle.c: what outcomes do to pages (inside the turn's transaction). */
enum nt_status settle_flights(struct drainer *d) NT_MUST_USE;
enum nt_status settle_expired(struct drainer *d, struct page *p) NT_MUST_USE;
/* Another page with the same news, to the contact's next number or by the next sender, after `p` has failed. *made
 * false: there is no other way. */
enum nt_status settle_elsewhere(struct drainer *d, const struct page *p, bool next_sender, const char *why,
                                bool *made) NT_MUST_USE;
/* The same without its pictures, to the same number, after Twilio could not use them. *made false: it had none, or has
 * been tried again before. */
enum nt_status settle_as_text(struct drainer *d, const struct page *p, const char *why, bool *made) NT_MUST_USE;
enum nt_status settle_save(struct drainer *d, struct page *p, enum page_state state, const char *format, ...)
    __attribute__((format(printf, 4, 5))) NT_MUST_USE;

/* lookup.c: ambiguous flights. */
void lookup_start(struct drainer *d);
enum nt_status lookup_settle(struct drainer *d, struct flight *f) NT_MUST_USE;
enum nt_status lookup_remnants(struct drainer *d) NT_MUST_USE;
int64_t lookup_next(const struct drainer *d);

/* track.c: receipts. */
enum nt_status track_add(struct drainer *d, const struct page *p) NT_MUST_USE;
/* The pages have other ids now; see idmap_get_of(). */
void track_rename(struct drainer *d, const struct idmap *first, const struct idmap *names);
void track_start(struct drainer *d);
enum nt_status track_settle(struct drainer *d) NT_MUST_USE;
bool track_news(const struct drainer *d);
/* Its requests under way. */
int track_asking(const struct drainer *d);
int64_t track_next(const struct drainer *d);
/* Nobody will ever answer what has been asked: it is asked again. */
void track_lost(struct drainer *d);
void track_clean(struct drainer *d);

/* optin.c: numbers that said STOP, and START since. */
void optin_start(struct drainer *d);
bool optin_news(const struct drainer *d);
enum nt_status optin_settle(struct drainer *d) NT_MUST_USE;
/* Drops the questions; those under way must have been dropped by the HTTP client before. */
void optin_clean(struct drainer *d);

/* intake.c: hand-over requests. */
enum nt_status intake_new(struct intake **out) NT_MUST_USE;
void intake_free(struct intake *in);
/* The starter's own order, as if it had been handed over. */
enum nt_status intake_starter(struct drainer *d) NT_MUST_USE;
void intake_receive(struct drainer *d);
bool intake_waiting(const struct drainer *d);
enum nt_status intake_store(struct drainer *d) NT_MUST_USE;
void intake_answer(struct drainer *d, enum nt_status turn);
/* Of the answers that wait for a store, those that need not wait any longer; and the store's other names for their
 * pages. */
void intake_late(struct drainer *d);
void intake_rename(struct drainer *d, const struct idmap *first, const struct idmap *names);

/* reply.c: what stands in an answer; the buffer's status says whether it fits. bodies: with the texts of the pages. */
void reply_accepted(const struct accepted *a, struct buf *out, bool bodies);
void reply_error(const char *error, int exit_status, struct buf *out);
void reply_status(const struct drainer *d, struct buf *out);

/* spare.c: going on without the store, and coming back to it. */
enum nt_status spare_enter(struct drainer *d, enum nt_status why) NT_MUST_USE;
/* The store is in memory all at once, and empty: nothing that is under way is known there. */
void spare_strand(struct drainer *d);
void spare_begin(struct drainer *d);
/* While it lasts: tries to come back when it is time. idle: there is nothing else to do. */
void spare_turn(struct drainer *d, bool idle);
/* One try. patience: ms at the locks of the store. */
void spare_leave(struct drainer *d, int64_t patience);
/* Are there pages of the real store in memory? As long as it does not know what became of them, whoever drains next
 * would send them again. */
bool spare_owes(const struct drainer *d);

/* Of so many answers to record, or connections to use, those that a turn takes: the first are on their way again before
 * the last are looked at, and next time they do not come all at once. */
static inline int engine_share(int n)
{
    return n <= ENGINE_TURN ? n : n / 2 > ENGINE_TURN ? n / 2 : ENGINE_TURN;
}

/* flights.c: in the order in which they were claimed */
struct flight *flight_new(struct drainer *d, const struct page *page);
void flight_free(struct flight *f);
bool flight_same_object(const struct drainer *d, int32_t lane, uint64_t object);
/* Nobody will ever tell what became of its request. */
void flight_lost(struct flight *f, const char *why);
/* The requests of what was claimed; after the commit. */
void flights_start(struct drainer *d);
/* After a turn: what was recorded stays, what is over goes, and the lanes are counted anew. */
void flights_sweep(struct drainer *d);
/* How many have an outcome that is not recorded yet. */
int flights_finished(const struct drainer *d);
bool flights_asked(const struct drainer *d);

/* line.c */
enum nt_status line_open(struct drainer *d) NT_MUST_USE;
void line_clean(struct drainer *d);
/* wait: boot ms; 0 = as the back-off says. */
void line_close(struct drainer *d, bool account, int64_t wait);
/* The sender's pacing, of messages with pictures or of others; NULL = no memory. */
struct pacing *line_pacing(struct drainer *d, const char *sender, bool media);
/* None of the configured senders is free; pace_next knows when one is. */
bool line_busy(struct drainer *d, bool media);

/* pictures.c: pages that wait for pictures. A page was seen in the store: */
enum nt_status pictures_note(struct drainer *d, const struct page *page) NT_MUST_USE;
/* Begins, goes on, and ends what has taken too long. Outside of transactions. */
void pictures_turn(struct drainer *d);
/* Is there a result to be recorded? */
bool pictures_news(const struct drainer *d);
bool pictures_busy(const struct drainer *d);
enum nt_status pictures_settle(struct drainer *d) NT_MUST_USE;
/* After the transaction. */
void pictures_sweep(struct drainer *d, bool committed);
/* The page's time was over before anybody could begin. */
enum nt_status pictures_give_up(struct drainer *d, struct page *p) NT_MUST_USE;
/* Descriptors to wait for, at most DARKROOM_FDS; and when to look without them, boot ms. */
int pictures_fds(const struct drainer *d, int *out);
int64_t pictures_next(const struct drainer *d);
/* What is under way is dropped, and begins anew at the next turn. */
void pictures_stop(struct drainer *d);
/* Another store, or another look at it: pages are noted anew. */
void pictures_forget(struct drainer *d);
void pictures_clean(struct drainer *d);

/* mirror.c: everything (all), or what has changed. */
enum nt_status mirror_sync(struct drainer *d, bool all) NT_MUST_USE;
bool mirror_behind(const struct drainer *d);

/* timely.c */
enum nt_status timely_expire(struct drainer *d) NT_MUST_USE;
enum nt_status timely_shift(struct drainer *d, int64_t by) NT_MUST_USE;
/* Twilio lets us in again, or may do: what it has refused for the account's sake need not wait any longer. */
enum nt_status timely_let_in(struct drainer *d) NT_MUST_USE;
enum nt_status timely_purge(struct drainer *d) NT_MUST_USE;

/* reload.c */
void reload_now(struct drainer *d);

/* listening.c */
void listening_start(struct drainer *d);
void listening_check(struct drainer *d);

/* starter.c */
bool starter_may_leave(struct drainer *d);
/* True in the process that is to return: the starter that is gone, or one without any store. */
bool starter_leave(struct drainer *d);

/* settle.c: ms to wait after so many failures in a row. */
int64_t drain_backoff(int failures);

#endif

/*
 * page: one message to one number, the unit of the queue (a record).
 *
 * Strings are owned and never NULL. Times are milliseconds since the epoch, 0 = none.
 */
#ifndef NT_QUEUE_PAGE_H
#define NT_QUEUE_PAGE_H

#include "base/number.h"
#include "base/status.h"
#include "base/strlist.h"
#include "ingest/alert.h"

#include <stdbool.h>
#include <stdint.h>

/* The values are stored: never renumber. */
enum page_state {
    PAGE_QUEUED = 0,
    PAGE_HELD = 1, /* throttled */
    PAGE_SENDING = 2,
    PAGE_SENT = 3,
    PAGE_DELIVERED = 4,
    PAGE_UNDELIVERED = 5,
    PAGE_FAILED = 6,
    PAGE_EXPIRED = 7,
    PAGE_SUPERSEDED = 8,
    PAGE_CANCELLED = 9,
    PAGE_MERGED = 10,
    PAGE_DUPLICATE = 11,
};

/* A set of states. */
#define PAGE_BIT(state) (1u << (state))
#define PAGE_UNSENT (PAGE_BIT(PAGE_QUEUED) | PAGE_BIT(PAGE_HELD))
#define PAGE_UNSETTLED (PAGE_UNSENT | PAGE_BIT(PAGE_SENDING))

enum page_flag {
    PAGE_TEXT_ONLY = 1,      /* Twilio refused the media */
    PAGE_NO_CALLBACK = 2,    /* Twilio refused the callback URL */
    PAGE_DIGEST = 4,         /* stands for its members (merged_into = this id) */
    PAGE_REPEAT = 8,         /* not the number's first page about the object */
    PAGE_AMBIGUOUS = 16,     /* sending, and nobody knows whether it arrived: being looked up */
    PAGE_TRUNCATED = 32,     /* the text was shortened */
    PAGE_UCS2 = 64,          /* the text's encoding; else GSM-7 */
    PAGE_MAY_HAVE_SENT = 128, /* at least one request may have reached Twilio (stays set) */
    PAGE_WATCH = 256,        /* sent, and its receipt is still followed */
    PAGE_COUNTED = 512,      /* in the send history already: a further attempt is not another page */
    PAGE_ALONE = 1024,       /* its digest was refused: goes by itself */
    PAGE_AGAIN = 2048,       /* repeats one that was not delivered: not repeated once more */
    PAGE_PICTURE = 8192,     /* waits for its pictures: among media are names of graphs yet (PAGE_GRAPH) */
    PAGE_LINKED = 16384,     /* the last line of its text is the address of a picture that it may not carry */
    PAGE_ASIDE = 4096,       /* only a record of why nobody was paged: ends nothing else */
};

/* In media this begins the name of a graph, in the place of the address that it will have. It is never sent. */
#define PAGE_GRAPH "graph:"

struct page {
    int64_t id;
    int64_t alert_id;      /* 0 for a digest */
    int64_t created;
    int64_t change;        /* the store's change counter at the last save; set by the store */
    enum page_state state;
    enum alert_class class;
    unsigned flags;        /* enum page_flag */
    char number[NUMBER_MAX];
    char *contact;         /* "" for a bare number */
    struct strlist others; /* the contact's further numbers, failover */
    /* the alert in short, for deduplication, superseding and lists */
    char *object;
    char *identity;
    enum alert_source source;
    enum alert_event event;
    enum alert_phase phase;
    char *alert_state;     /* the monitor's word */
    char *host, *service;
    long notification_number;
    /* the text */
    char *body;
    int segments;
    struct strlist media;
    char *template_name;   /* -T; "" = the event's */
    int max_segments;      /* --max-segments; 0 = the config's */
    /* delivery */
    char *from;            /* --from; "" = the config's senders */
    int sender_skip;       /* how many of the config's senders have been ruled out, in order */
    int64_t due;           /* not before */
    int64_t expire;        /* not after */
    int attempts;
    int64_t attempt_started; /* of the last attempt */
    char *sender;          /* From or MG… of the last attempt */
    char *sid;
    int error_code;        /* Twilio's, or the HTTP status; 0 none */
    char *error_message;
    int64_t sent;          /* when Twilio accepted it */
    int64_t merged_into;   /* the digest's, original's (duplicate) or newer page's (superseded) id */
};

/* Everything empty or 0. NULL = no memory. */
struct page *page_new(void);
void page_free(struct page *p);
enum nt_status page_set(char **field, const char *value) NT_MUST_USE;
/* NULL = no memory. */
struct page *page_copy(const struct page *p);
/* Makes the first of others the number. False: there is none. */
bool page_next_number(struct page *p);
const char *page_state_name(enum page_state s);
/* True for states that no longer change by themselves (sent counts as settled: a receipt may still come). */
bool page_settled(enum page_state s);

/* One step in a page's life. */
struct page_step {
    int64_t page_id, at;
    enum page_state state;
    const char *reason; /* borrowed */
};

#endif

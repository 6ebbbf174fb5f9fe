/*
 * ready: the unsent pages of the store, in memory, in the order in which they should go.
 *
 * The store is the truth; this is its mirror, fed with every page whose change counter has moved. It holds no text:
 * about sixty bytes a page. A lane is one number.
 *
 * Order: urgent before routine, then a number's first page about an object before repeats, then the number paged
 * longest ago, then a number with a single page before one with several (which is in a storm, and has the next page
 * coming), then the older page. Within a lane the older page of the same rank goes first.
 */
#ifndef NT_FLOW_READY_H
#define NT_FLOW_READY_H

#include "queue/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { READY_NONE = -1 };

struct ready_entry {
    int64_t id, due, expire;    /* ms since the epoch */
    uint32_t object;            /* hash: two that collide do not go at the same time, no more */
    int32_t lane, next, before; /* in its list; free entries are chained by next */
    uint8_t class, repeat, held, taken;
    bool used, chosen; /* chosen: its sender was chosen with it (--from) */
    bool media;        /* goes as MMS, at the pace of those */
};

struct ready_lane {
    uint64_t number; /* the digits */
    int64_t last_paged;
    int64_t blocked[2];             /* a class of the lane has nothing to offer before this; 0 = look */
    int32_t head[2][2], tail[2][2]; /* [class][repeat] */
    int32_t waiting[2];             /* unsent pages by class */
    int32_t held[2];                /* of these, held back by the throttle */
    int32_t flights;                /* requests and look-ups under way */
    int32_t ambiguous;              /* of these, look-ups */
};

struct ready {
    struct ready_entry *entry;
    size_t entries, entry_size;
    int32_t free_entry;
    struct ready_lane *lane;
    size_t lanes, lane_size;
    uint32_t *lane_slot, *id_slot; /* open addressing, index + 1 */
    size_t lane_slots, id_slots, id_used;
    size_t waiting; /* unsent pages in all */
    size_t skipped; /* while picking */
    int32_t *heap;  /* lanes that have something to offer, while picking */
    size_t heap_n, heap_size;
};

void ready_init(struct ready *q);
void ready_clean(struct ready *q);

/* Takes the page's present state over: enters it, moves it or takes it out. */
enum nt_status ready_update(struct ready *q, const struct page *page) NT_MUST_USE;
/* The lane of a number, made when missing; READY_NONE: no memory. */
int32_t ready_lane(struct ready *q, const char *number);
/* What may be under way only once a number: the object as a hash; a digest, which has none, is alone. */
uint32_t ready_object(const struct page *page);

/* May this entry go now? Asked for each candidate, in order. */
enum ready_verdict {
    READY_TAKE, /* taken: offer the next one */
    READY_SKIP, /* not this one (its object is under way): try the lane's next */
    READY_BLOCK /* nothing of this lane and class now: the callee has set lane->blocked or will call again */
};
typedef enum ready_verdict ready_offer(void *arg, struct ready_lane *lane, struct ready_entry *entry);

/* How many may be taken. */
struct ready_room {
    int limit;     /* in all */
    int crowded;   /* after so many, no more of numbers with several pages, unless those have waited for 2 s */
    int ambiguous; /* lanes with so many look-ups are left out */
};

/* Offers entries that are due, in order, until there is no more room or nothing is left. */
enum nt_status ready_pick(struct ready *q, int64_t now, const struct ready_room *room, ready_offer *offer,
                          void *arg) NT_MUST_USE;

/* The entries of a lane and class, first pages first, oldest first: for digests. Stops when visit returns false. */
typedef bool ready_visit(void *arg, struct ready_entry *entry);
void ready_each(struct ready *q, int32_t lane, enum alert_class class, ready_visit *visit, void *arg);
/* Every unsent page. */
void ready_all(struct ready *q, ready_visit *visit, void *arg);

/* Pages that are due now and not taken. */
size_t ready_due(const struct ready *q, int64_t now);
/* The earliest moment after now at which a lane that has nothing due may have something; INT64_MAX when there is none.
 * A lane that is blocked counts from its blocked time. */
int64_t ready_next(const struct ready *q, int64_t now);

#endif

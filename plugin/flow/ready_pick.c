/*
 * ready_pick: which of the waiting pages go now, in the order that ready.h tells.
 *
 * The heads of the lanes compete in a heap, a class after the other. What a turn costs must not grow with a lane's
 * length: a pick walks it once at most, and not at all while the lane is blocked.
 *
 * DIAGNOSTICS: NT_ENOMEM, before anything was offered.
 */
#include "flow/ready.h"

#include "base/mem.h"

enum { PATIENCE = 2000 }; /* ms for which the pages of a storm give way */

/* The first entry of the lane and class behind `last` (READY_NONE: of all) that is due and not taken; READY_NONE, and
 * in *next the moment when there may be one. */
static int32_t lane_best(const struct ready *q, const struct ready_lane *l, int class, int32_t last, int64_t now,
                         int64_t *next)
{
    int first = last == READY_NONE ? 0 : q->entry[last].repeat;
    *next = INT64_MAX;
    for (int repeat = first; repeat < 2; repeat++)
        for (int32_t i = last != READY_NONE && repeat == first ? q->entry[last].next : l->head[class][repeat];
             i != READY_NONE; i = q->entry[i].next) {
            const struct ready_entry *e = &q->entry[i];
            if (e->taken)
                continue;
            if (e->due <= now)
                return i;
            if (e->due < *next)
                *next = e->due;
        }
    return READY_NONE;
}

/* Is its number in a storm? A storm's pages give way to the single ones of quiet numbers, but not for ever. */
static bool crowded(const struct ready *q, const struct ready_entry *e, int64_t now)
{
    return q->lane[e->lane].waiting[e->class] > 1 && now - e->due < PATIENCE;
}

/* A picking: each lane's best entry, and the heap of the lanes that have one. */
struct picking {
    struct ready *q;
    int32_t *best;
    int64_t now;
};

/* Which of two lanes goes first, by the entries at their heads. */
static bool goes_before(const struct picking *k, int32_t a, int32_t b)
{
    const struct ready *q = k->q;
    const struct ready_entry *x = &q->entry[k->best[a]], *y = &q->entry[k->best[b]];
    if (x->repeat != y->repeat)
        return x->repeat < y->repeat;
    if (q->lane[a].last_paged != q->lane[b].last_paged)
        return q->lane[a].last_paged < q->lane[b].last_paged;
    bool x_crowded = crowded(q, x, k->now), y_crowded = crowded(q, y, k->now);
    if (x_crowded != y_crowded)
        return y_crowded;
    return x->id < y->id;
}

static void heap_down(const struct picking *k, size_t i)
{
    struct ready *q = k->q;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= q->heap_n)
            return;
        if (child + 1 < q->heap_n && goes_before(k, q->heap[child + 1], q->heap[child]))
            child++;
        if (!goes_before(k, q->heap[child], q->heap[i]))
            return;
        int32_t t = q->heap[i];
        q->heap[i] = q->heap[child];
        q->heap[child] = t;
        i = child;
    }
}

static enum nt_status pick_class(struct ready *q, int class, int64_t now, struct ready_room *room, ready_offer *offer,
                                 void *arg)
{
    if (q->heap_size < q->lanes) {
        int32_t *heap = mem_resize(q->heap, q->lanes * 2 * sizeof *heap);
        if (!heap)
            return NT_ENOMEM;
        q->heap = heap;
        q->heap_size = q->lanes;
    }
    int32_t *best = q->heap + q->heap_size; /* second half of the block: each lane's head */
    q->heap_n = 0;
    for (size_t i = 0; i < q->lanes; i++) {
        struct ready_lane *l = &q->lane[i];
        if (!l->waiting[class] || l->blocked[class] > now || l->ambiguous >= room->ambiguous)
            continue;
        best[i] = lane_best(q, l, class, READY_NONE, now, &l->blocked[class]);
        if (best[i] != READY_NONE) {
            l->blocked[class] = 0;
            q->heap[q->heap_n++] = (int32_t)i;
        }
    }
    const struct picking k = {q, best, now};
    for (size_t i = q->heap_n / 2; i-- > 0;)
        heap_down(&k, i);

    while (q->heap_n && room->limit > 0) {
        int32_t lane = q->heap[0];
        struct ready_lane *l = &q->lane[lane];
        struct ready_entry *e = &q->entry[best[lane]];
        bool in_storm = crowded(q, e, now);
        enum ready_verdict v = in_storm && room->crowded <= 0 ? READY_BLOCK : offer(arg, l, e);
        if (v == READY_TAKE) {
            room->limit--;
            room->crowded--;
        }
        if (v == READY_BLOCK) {
            best[lane] = READY_NONE;
        } else {
            int64_t next;
            e->taken = 1;                                                /* a skipped one is given back below */
            best[lane] = lane_best(q, l, class, best[lane], now, &next); /* all before it have been offered */
            if (v == READY_SKIP) {
                e->taken = 2;
                q->skipped++;
            }
        }
        if (best[lane] == READY_NONE)
            q->heap[0] = q->heap[--q->heap_n];
        heap_down(&k, 0);
    }
    return NT_OK;
}

enum nt_status ready_pick(struct ready *q, int64_t now, const struct ready_room *room, ready_offer *offer, void *arg)
{
    enum nt_status st = NT_OK;
    struct ready_room left = *room;
    if (!q->waiting || left.limit <= 0)
        return NT_OK;
    for (int class = 0; st == NT_OK && class < 2; class ++)
        st = pick_class(q, class, now, &left, offer, arg);
    for (size_t i = 0; q->skipped && i < q->entries; i++)
        if (q->entry[i].taken == 2) {
            q->entry[i].taken = 0;
            q->skipped--;
        }
    return st;
}

/* When a look at the lane is worth while; INT64_MAX: what it has is due already, and waits for something else. */
static int64_t lane_next(const struct ready *q, const struct ready_lane *l, int class, int64_t now)
{
    int64_t next = INT64_MAX;
    if (l->blocked[class] > now)
        return l->blocked[class];
    for (int repeat = 0; repeat < 2; repeat++)
        for (int32_t i = l->head[class][repeat]; i != READY_NONE; i = q->entry[i].next) {
            const struct ready_entry *e = &q->entry[i];
            if (e->taken)
                continue;
            if (e->due <= now)
                return INT64_MAX;
            if (e->due < next)
                next = e->due;
        }
    return next;
}

int64_t ready_next(const struct ready *q, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < q->lanes; i++)
        for (int class = 0; class < 2; class ++) {
            int64_t at = q->lane[i].waiting[class] ? lane_next(q, &q->lane[i], class, now) : INT64_MAX;
            if (at < next)
                next = at;
        }
    return next;
}

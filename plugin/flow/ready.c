/*
 * ready: the mirror itself: lanes and lists. What goes first: ready_pick.c.
 *
 * Owner of its arrays only. Entries and lanes are named by index, since the arrays move when they grow. Lanes are never
 * taken out: there are as many as numbers that were paged since the start.
 *
 * DIAGNOSTICS: NT_ENOMEM, with nothing changed.
 */
#include "flow/ready.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/vector.h"

#include <stdlib.h>
#include <string.h>

void ready_init(struct ready *q)
{
    memset(q, 0, sizeof *q);
    q->free_entry = READY_NONE;
}

void ready_clean(struct ready *q)
{
    mem_free(q->entry);
    mem_free(q->lane);
    mem_free(q->lane_slot);
    mem_free(q->id_slot);
    mem_free(q->heap);
    ready_init(q);
}

uint32_t ready_object(const struct page *page)
{
    uint64_t h = page->flags & PAGE_DIGEST ? hash_add(HASH_START, &page->id, sizeof page->id) : hash_text(page->object);
    return (uint32_t)(h ^ h >> 32);
}

/* ---- open addressing: two tables of indexes, by number and by page id ---- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    return x ^ (x >> 29);
}

static uint64_t key_of(const struct ready *q, bool by_id, uint32_t index)
{
    return by_id ? (uint64_t)q->entry[index].id : q->lane[index].number;
}

/* The slot that holds key, or the free one where it belongs. */
static size_t find_slot(const struct ready *q, bool by_id, uint64_t key)
{
    const uint32_t *slot = by_id ? q->id_slot : q->lane_slot;
    size_t mask = (by_id ? q->id_slots : q->lane_slots) - 1;
    size_t i = mix(key) & mask;
    while (slot[i] && key_of(q, by_id, slot[i] - 1) != key)
        i = (i + 1) & mask;
    return i;
}

static enum nt_status grow_slots(struct ready *q, bool by_id, size_t want)
{
    uint32_t **slot = by_id ? &q->id_slot : &q->lane_slot;
    size_t *slots = by_id ? &q->id_slots : &q->lane_slots;
    if (want * 2 <= *slots)
        return NT_OK;
    size_t size = *slots ? *slots : 64;
    while (want * 2 > size)
        size *= 2;
    uint32_t *old = *slot, *fresh = mem_array(size, sizeof *fresh);
    size_t old_size = *slots;
    if (!fresh)
        return NT_ENOMEM;
    *slot = fresh;
    *slots = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            fresh[find_slot(q, by_id, key_of(q, by_id, old[i] - 1))] = old[i];
    mem_free(old);
    return NT_OK;
}

/* Takes the id that slot i holds out and closes the gap, so that no run of slots is broken. */
static void forget_id(struct ready *q, size_t i)
{
    size_t mask = q->id_slots - 1, j = i;
    q->id_slot[i] = 0;
    q->id_used--;
    while (q->id_slot[j = (j + 1) & mask]) {
        uint32_t moved = q->id_slot[j];
        q->id_slot[j] = 0;
        q->id_slot[find_slot(q, true, key_of(q, true, moved - 1))] = moved;
    }
}

/* ---- lanes and lists ---- */

int32_t ready_lane(struct ready *q, const char *number)
{
    uint64_t digits = strtoull(*number == '+' ? number + 1 : number, NULL, 10);
    if (grow_slots(q, false, q->lanes + 1) != NT_OK)
        return READY_NONE;
    size_t i = find_slot(q, false, digits);
    if (q->lane_slot[i])
        return (int32_t)(q->lane_slot[i] - 1);
    struct {
        struct ready_lane *lane;
        size_t n, size;
    } v = {q->lane, q->lanes, q->lane_size};
    if (q->lanes >= INT32_MAX || !VECTOR_GROW(&v, lane))
        return READY_NONE;
    q->lane = v.lane;
    q->lane_size = v.size;
    struct ready_lane *l = &q->lane[q->lanes];
    memset(l, 0, sizeof *l);
    l->number = digits;
    memset(l->head, 0xff, sizeof l->head); /* READY_NONE */
    memset(l->tail, 0xff, sizeof l->tail);
    q->lane_slot[i] = (uint32_t)++q->lanes;
    return (int32_t)(q->lanes - 1);
}

static void list_out(struct ready *q, int32_t index)
{
    struct ready_entry *e = &q->entry[index];
    struct ready_lane *l = &q->lane[e->lane];
    if (e->before == READY_NONE)
        l->head[e->class][e->repeat] = e->next;
    else
        q->entry[e->before].next = e->next;
    if (e->next == READY_NONE)
        l->tail[e->class][e->repeat] = e->before;
    else
        q->entry[e->next].before = e->before;
    l->waiting[e->class]--;
    l->held[e->class] -= e->held;
    l->blocked[e->class] = 0;
    q->waiting--;
}

/* In order of id; new pages come last, so the walk is short. */
static void list_in(struct ready *q, int32_t index)
{
    struct ready_entry *e = &q->entry[index];
    struct ready_lane *l = &q->lane[e->lane];
    int32_t after = l->tail[e->class][e->repeat];
    while (after != READY_NONE && q->entry[after].id > e->id)
        after = q->entry[after].before;
    e->before = after;
    if (after == READY_NONE) {
        e->next = l->head[e->class][e->repeat];
        l->head[e->class][e->repeat] = index;
    } else {
        e->next = q->entry[after].next;
        q->entry[after].next = index;
    }
    if (e->next == READY_NONE)
        l->tail[e->class][e->repeat] = index;
    else
        q->entry[e->next].before = index;
    l->waiting[e->class]++;
    l->held[e->class] += e->held;
    l->blocked[e->class] = 0;
    q->waiting++;
}

static int32_t entry_new(struct ready *q, int64_t id)
{
    int32_t index = q->free_entry;
    if (grow_slots(q, true, q->id_used + 1) != NT_OK)
        return READY_NONE;
    if (index != READY_NONE) {
        q->free_entry = q->entry[index].next;
    } else {
        struct {
            struct ready_entry *entry;
            size_t n, size;
        } v = {q->entry, q->entries, q->entry_size};
        if (q->entries >= INT32_MAX || !VECTOR_GROW(&v, entry))
            return READY_NONE;
        q->entry = v.entry;
        q->entry_size = v.size;
        index = (int32_t)q->entries++;
    }
    memset(&q->entry[index], 0, sizeof q->entry[index]);
    q->entry[index].id = id;
    q->entry[index].used = 1;
    q->id_slot[find_slot(q, true, (uint64_t)id)] = (uint32_t)index + 1;
    q->id_used++;
    return index;
}

enum nt_status ready_update(struct ready *q, const struct page *page)
{
    bool unsent = page->state == PAGE_QUEUED || page->state == PAGE_HELD;
    int32_t index = READY_NONE, lane = READY_NONE;
    size_t slot = 0;
    if (unsent && (lane = ready_lane(q, page->number)) == READY_NONE)
        return NT_ENOMEM;
    if (q->id_slots) {
        slot = find_slot(q, true, (uint64_t)page->id);
        if (q->id_slot[slot])
            index = (int32_t)(q->id_slot[slot] - 1);
    }
    if (index != READY_NONE)
        list_out(q, index);
    if (!unsent) {
        if (index != READY_NONE) {
            forget_id(q, slot);
            q->entry[index].used = 0;
            q->entry[index].next = q->free_entry;
            q->free_entry = index;
        }
        return NT_OK;
    }
    if (index == READY_NONE && (index = entry_new(q, page->id)) == READY_NONE)
        return NT_ENOMEM;
    struct ready_entry *e = &q->entry[index];
    e->due = page->due;
    e->expire = page->expire;
    e->object = ready_object(page);
    e->lane = lane;
    e->class = page->class == CLASS_ROUTINE;
    e->repeat = (page->flags & PAGE_REPEAT) != 0;
    e->held = page->state == PAGE_HELD;
    e->chosen = *page->from != '\0';
    e->media = page->media.n && !(page->flags & (PAGE_TEXT_ONLY | PAGE_PICTURE));
    e->taken = 0;
    list_in(q, index);
    return NT_OK;
}

void ready_each(struct ready *q, int32_t lane, enum alert_class class, ready_visit *visit, void *arg)
{
    int c = class == CLASS_ROUTINE;
    for (int repeat = 0; repeat < 2; repeat++)
        for (int32_t i = q->lane[lane].head[c][repeat], next; i != READY_NONE; i = next) {
            next = q->entry[i].next;
            if (!visit(arg, &q->entry[i]))
                return;
        }
}

void ready_all(struct ready *q, ready_visit *visit, void *arg)
{
    for (size_t i = 0; i < q->entries; i++)
        if (q->entry[i].used && !visit(arg, &q->entry[i]))
            return;
}

size_t ready_due(const struct ready *q, int64_t now)
{
    size_t n = 0;
    for (size_t i = 0; i < q->entries; i++)
        n += q->entry[i].used && !q->entry[i].taken && q->entry[i].due <= now;
    return n;
}

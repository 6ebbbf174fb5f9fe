/* The order of pages: known cases, and chance against a naive model. */
#include "flow/ready.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TAKEN_MAX = 4096 };

struct given {
    int64_t id, due;
    const char *number, *object;
    enum alert_class class;
    bool repeat;
    enum page_state state;
};

static void update(struct ready *q, const struct given *g)
{
    struct page *p = page_new();
    assert_non_null(p);
    p->id = g->id;
    p->due = g->due;
    p->expire = g->due + 3600000;
    p->class = g->class;
    p->state = g->state;
    p->flags = g->repeat ? PAGE_REPEAT : 0;
    snprintf(p->number, sizeof p->number, "%s", g->number);
    assert_int_equal(page_set(&p->object, g->object), NT_OK);
    assert_int_equal(ready_update(q, p), NT_OK);
    page_free(p);
}

/* Takes what is offered, notes the order. */
struct taker {
    int64_t id[TAKEN_MAX];
    size_t n;
    int64_t now;
    enum ready_verdict (*judge)(const struct ready_entry *e);
};

static enum ready_verdict take(void *arg, struct ready_lane *lane, struct ready_entry *e)
{
    struct taker *t = arg;
    enum ready_verdict v = t->judge ? t->judge(e) : READY_TAKE;
    if (v == READY_TAKE) {
        assert_true(t->n < TAKEN_MAX);
        t->id[t->n++] = e->id;
        lane->last_paged = t->now;
    }
    return v;
}

static void assert_order(struct ready *q, int64_t now, const int64_t *ids, size_t n,
                         enum ready_verdict (*judge)(const struct ready_entry *e))
{
    static struct taker t;
    t = (struct taker){.now = now, .judge = judge};
    assert_int_equal(ready_pick(q, now, &(struct ready_room){TAKEN_MAX, TAKEN_MAX, 2}, take, &t), NT_OK);
    assert_int_equal(t.n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(t.id[i], ids[i]);
}

#define A "+15005550001"
#define B "+15005550002"
#define C "+15005550003"

static void test_ready__urgent_first_pages_then_longest_ago(void **state)
{
    (void)state;
    static const struct given given[] = {
        {1, 0, A, "x", CLASS_ROUTINE, false, PAGE_QUEUED}, {2, 0, A, "y", CLASS_URGENT, true, PAGE_QUEUED},
        {3, 0, B, "x", CLASS_URGENT, false, PAGE_QUEUED},  {4, 0, A, "z", CLASS_URGENT, false, PAGE_QUEUED},
        {5, 0, C, "x", CLASS_URGENT, true, PAGE_HELD},     {6, 500, C, "y", CLASS_URGENT, false, PAGE_QUEUED},
        {7, 0, B, "y", CLASS_URGENT, false, PAGE_SENDING},
    };
    struct ready q;
    ready_init(&q);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        update(&q, &given[i]);
    q.lane[ready_lane(&q, A)].last_paged = 5;
    q.lane[ready_lane(&q, B)].last_paged = 9;
    assert_int_equal(q.waiting, 6);
    assert_int_equal(ready_due(&q, 100), 5);
    assert_true(ready_next(&q, 100) == INT64_MAX); /* each lane has something due: no clock is waited for */
    /* 4 and 3 are first pages: A was paged longer ago; then 5, C never was; then 2; then the routine one */
    static const int64_t order[] = {4, 3, 5, 2, 1};
    assert_order(&q, 100, order, 5, NULL);
    assert_int_equal(ready_next(&q, 100), 500); /* what was due is taken: the sixth page is next */
    assert_order(&q, 100, NULL, 0, NULL);
    assert_int_equal(ready_next(&q, 100), 500);
    assert_true(ready_next(&q, 500) == INT64_MAX);
    ready_clean(&q);
}

static enum ready_verdict block_two(const struct ready_entry *e)
{
    return e->id == 2 ? READY_BLOCK : e->id == 5 ? READY_SKIP : READY_TAKE;
}

static void test_ready__blocked_lanes_and_skipped_pages(void **state)
{
    (void)state;
    static const struct given given[] = {
        {1, 0, A, "w", CLASS_URGENT, false, PAGE_QUEUED}, {2, 0, A, "x", CLASS_URGENT, false, PAGE_QUEUED},
        {3, 0, A, "y", CLASS_URGENT, false, PAGE_QUEUED}, {4, 0, A, "z", CLASS_ROUTINE, false, PAGE_QUEUED},
        {5, 0, B, "w", CLASS_URGENT, false, PAGE_QUEUED}, {6, 0, B, "x", CLASS_URGENT, false, PAGE_QUEUED},
    };
    struct ready q;
    ready_init(&q);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        update(&q, &given[i]);
    static const int64_t first[] = {1, 6, 4};
    assert_order(&q, 1000, first, 3, block_two);
    /* nothing is lost of what was skipped or blocked */
    static const int64_t second[] = {2, 5, 3};
    assert_order(&q, 1001, second, 3, NULL);
    ready_clean(&q);
}

static void test_ready__lanes_with_many_lookups_are_left_out(void **state)
{
    (void)state;
    struct ready q;
    ready_init(&q);
    update(&q, &(struct given){1, 0, A, "x", CLASS_URGENT, false, PAGE_QUEUED});
    update(&q, &(struct given){2, 0, B, "x", CLASS_URGENT, false, PAGE_QUEUED});
    q.lane[ready_lane(&q, A)].ambiguous = 2;
    static const int64_t order[] = {2};
    assert_order(&q, 10, order, 1, NULL);
    ready_clean(&q);
}

static void test_ready__limit(void **state)
{
    (void)state;
    struct ready q;
    struct taker t = {0};
    ready_init(&q);
    for (int i = 1; i <= 10; i++)
        update(&q, &(struct given){i, 0, A, "x", CLASS_URGENT, false, PAGE_QUEUED});
    assert_int_equal(ready_pick(&q, 1, &(struct ready_room){3, 3, 2}, take, &t), NT_OK);
    assert_int_equal(t.n, 3);
    assert_int_equal(ready_pick(&q, 1, &(struct ready_room){0, 0, 2}, take, &t), NT_OK);
    assert_int_equal(t.n, 3);
    ready_clean(&q);
}

/* Of numbers that nobody has paged yet, those in a storm give way, and not for ever. */
static void test_ready__a_storm_gives_way(void **state)
{
    (void)state;
    enum { LATER = 5000 };
    static const struct {
        int64_t now;
        int limit, crowded;
        int64_t order[4];
        size_t n;
    } cases[] = {
        {0, 9, 9, {3, 1, 2, 4}, 4}, /* alone, then the storm by age */
        {0, 9, 2, {3, 1}, 2},       /* no more of those than two, whoever goes */
        {0, 9, 0, {3}, 1},          /* the quiet one goes in any case */
        {0, 9, -5, {3}, 1},
        {0, 1, 1, {3}, 1},
        {LATER, 9, 0, {1, 2, 3, 4}, 4}, /* they have waited long enough */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct taker t;
        struct ready q;
        ready_init(&q);
        update(&q, &(struct given){1, 0, A, "x", CLASS_URGENT, false, PAGE_QUEUED});
        update(&q, &(struct given){2, 0, B, "x", CLASS_URGENT, false, PAGE_QUEUED});
        update(&q, &(struct given){3, 0, C, "x", CLASS_URGENT, false, PAGE_QUEUED});
        update(&q, &(struct given){4, 0, A, "y", CLASS_URGENT, false, PAGE_QUEUED});
        update(&q, &(struct given){5, 90000, B, "y", CLASS_URGENT, false, PAGE_HELD});
        update(&q, &(struct given){6, 90000, C, "y", CLASS_ROUTINE, false, PAGE_QUEUED}); /* another class */
        t = (struct taker){.now = cases[i].now};
        const struct ready_room room = {cases[i].limit, cases[i].crowded, 2};
        assert_int_equal(ready_pick(&q, cases[i].now, &room, take, &t), NT_OK);
        assert_int_equal(t.n, cases[i].n);
        for (size_t j = 0; j < t.n; j++)
            assert_int_equal(t.id[j], cases[i].order[j]);
        ready_clean(&q);
    }
}

static void test_ready__thousands_of_lanes(void **state)
{
    (void)state;
    enum { LANES = 3000 };
    static struct taker t;
    struct ready q;
    ready_init(&q);
    for (int i = 0; i < LANES; i++) {
        char number[NUMBER_MAX];
        snprintf(number, sizeof number, "+1500%06d", i);
        update(&q, &(struct given){i + 1, 0, number, "x", CLASS_URGENT, false, PAGE_QUEUED});
        q.lane[ready_lane(&q, number)].last_paged = (i * 7919) % LANES;
    }
    assert_int_equal(q.lanes, LANES);
    t = (struct taker){.now = 1};
    assert_int_equal(ready_pick(&q, 1, &(struct ready_room){LANES, LANES, 2}, take, &t), NT_OK);
    assert_int_equal(t.n, LANES);
    for (size_t i = 1; i < t.n; i++) /* the number paged longest ago first */
        assert_true(((t.id[i] - 1) * 7919) % LANES > ((t.id[i - 1] - 1) * 7919) % LANES);
    ready_clean(&q);
}

/* ---- against a model ---- */

enum { MODEL = 60, NUMBERS = 7 };

struct model {
    struct given page[MODEL];
    bool skipped[MODEL];
    int64_t last_paged[NUMBERS];
    bool blocked[NUMBERS];
    int waiting[NUMBERS]; /* pages of the class, at the beginning of the picking */
    int64_t now;
    char number[NUMBERS][NUMBER_MAX];
    int64_t offered[TAKEN_MAX];
    size_t n;
    uint64_t random;
};

static unsigned chance(struct model *m, unsigned n)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (unsigned)(m->random >> 9) % n;
}

/* What becomes of a page when it is offered: told by its id and due time alone, so that both sides agree. */
static enum ready_verdict verdict(int64_t id, int64_t due)
{
    unsigned x = (unsigned)(id * 31 + due * 17) % 10;
    return x < 6 ? READY_TAKE : x < 8 ? READY_SKIP : READY_BLOCK;
}

static int lane_of(const struct model *m, const char *number)
{
    for (int i = 0; i < NUMBERS; i++)
        if (!strcmp(m->number[i], number))
            return i;
    return -1;
}

static bool in_storm(const struct model *m, const struct given *g)
{
    return m->waiting[lane_of(m, g->number)] > 1 && m->now - g->due < 2000;
}

static bool before(const struct model *m, const struct given *a, const struct given *b)
{
    if (a->repeat != b->repeat)
        return a->repeat < b->repeat;
    int64_t at_a = m->last_paged[lane_of(m, a->number)], at_b = m->last_paged[lane_of(m, b->number)];
    if (at_a != at_b)
        return at_a < at_b;
    if (in_storm(m, a) != in_storm(m, b))
        return in_storm(m, b);
    return a->id < b->id;
}

/* The page with which a number takes part. */
static int head_of(const struct model *m, int lane, int class, int64_t now)
{
    int head = -1;
    for (int i = 0; i < MODEL; i++) {
        const struct given *g = &m->page[i];
        if (!g->id || (g->state != PAGE_QUEUED && g->state != PAGE_HELD) || g->due > now || m->skipped[i] ||
            (g->class == CLASS_ROUTINE) != class || lane_of(m, g->number) != lane)
            continue;
        if (head < 0 || g->repeat < m->page[head].repeat ||
            (g->repeat == m->page[head].repeat && g->id < m->page[head].id))
            head = i;
    }
    return head;
}

static void count_waiting(struct model *m, int class)
{
    memset(m->waiting, 0, sizeof m->waiting);
    for (int i = 0; i < MODEL; i++) {
        const struct given *g = &m->page[i];
        if (g->id && (g->state == PAGE_QUEUED || g->state == PAGE_HELD) && (g->class == CLASS_ROUTINE) == class)
            m->waiting[lane_of(m, g->number)]++;
    }
}

static void pick_naive(struct model *m, int64_t now, int limit, int crowded)
{
    m->n = 0;
    m->now = now;
    memset(m->skipped, 0, sizeof m->skipped);
    for (int class = 0; class < 2; class ++) {
        memset(m->blocked, 0, sizeof m->blocked);
        count_waiting(m, class);
        while (limit > 0) {
            int best = -1;
            for (int lane = 0; lane < NUMBERS; lane++) {
                int head = m->blocked[lane] ? -1 : head_of(m, lane, class, now);
                if (head >= 0 && (best < 0 || before(m, &m->page[head], &m->page[best])))
                    best = head;
            }
            if (best < 0)
                break;
            struct given *g = &m->page[best];
            if (in_storm(m, g) && crowded <= 0) {
                m->blocked[lane_of(m, g->number)] = true;
                continue;
            }
            m->offered[m->n++] = g->id;
            switch (verdict(g->id, g->due)) {
            case READY_TAKE:
                limit--;
                crowded--;
                m->skipped[best] = true;
                m->last_paged[lane_of(m, g->number)] = now;
                g->state = PAGE_SENDING;
                break;
            case READY_SKIP:
                m->skipped[best] = true;
                break;
            case READY_BLOCK:
                m->blocked[lane_of(m, g->number)] = true;
                break;
            }
        }
    }
}

struct offered {
    int64_t id[TAKEN_MAX];
    size_t n;
    int64_t now;
};

static enum ready_verdict note(void *arg, struct ready_lane *lane, struct ready_entry *e)
{
    struct offered *o = arg;
    enum ready_verdict v = verdict(e->id, e->due);
    o->id[o->n++] = e->id;
    if (v == READY_TAKE)
        lane->last_paged = o->now;
    return v;
}

static void random_page(struct model *m, struct ready *q, int64_t now, int64_t *next_id)
{
    static const char *const objects[] = {"x", "y", "z"};
    struct given *g = &m->page[chance(m, MODEL)];
    if (!g->id || (g->state != PAGE_QUEUED && g->state != PAGE_HELD && chance(m, 2)))
        g->id = ++*next_id;
    g->number = g->number && g->id != *next_id ? g->number : m->number[chance(m, NUMBERS)];
    g->due = now + (int64_t)chance(m, 40) - 25 - (chance(m, 4) ? 0 : 2000);
    g->object = objects[chance(m, 3)];
    g->class = chance(m, 3) ? CLASS_URGENT : CLASS_ROUTINE;
    g->repeat = chance(m, 2);
    static const enum page_state states[] = {PAGE_QUEUED, PAGE_QUEUED, PAGE_HELD, PAGE_SENT};
    g->state = states[chance(m, 4)];
    update(q, g);
}

static void test_ready__as_the_naive_model(void **state)
{
    (void)state;
    static struct model m;
    static struct offered o;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct ready q;
        int64_t now = 10000, next_id = 0;
        memset(&m, 0, sizeof m);
        m.random = seed * UINT64_C(0x9e3779b97f4a7c15);
        ready_init(&q);
        for (int i = 0; i < NUMBERS; i++)
            snprintf(m.number[i], sizeof m.number[i], "+1500555000%d", i);
        for (int turn = 0; turn < 60; turn++) {
            for (unsigned n = chance(&m, 12); n; n--)
                random_page(&m, &q, now, &next_id);
            int limit = (int)chance(&m, 9), crowded = chance(&m, 2) ? limit : (int)chance(&m, 5) - 1;
            o = (struct offered){.now = now};
            assert_int_equal(ready_pick(&q, now, &(struct ready_room){limit, crowded, 2}, note, &o), NT_OK);
            pick_naive(&m, now, limit, crowded);
            assert_int_equal(o.n, m.n);
            for (size_t i = 0; i < o.n; i++)
                assert_int_equal(o.id[i], m.offered[i]);
            size_t waiting = 0, due = 0;
            for (int i = 0; i < MODEL; i++) {
                if (m.page[i].id && m.page[i].state == PAGE_SENDING)
                    update(&q, &m.page[i]); /* as the engine does once it is recorded */
                bool waits = m.page[i].id && (m.page[i].state == PAGE_QUEUED || m.page[i].state == PAGE_HELD);
                waiting += waits;
                due += waits && m.page[i].due <= now;
            }
            assert_int_equal(q.waiting, waiting);
            assert_int_equal(ready_due(&q, now), due);
            now += chance(&m, 10);
        }
        ready_clean(&q);
    }
}

static bool count_entry(void *arg, struct ready_entry *e)
{
    (void)e;
    return --*(int *)arg > 0;
}

static void test_ready__visits_stop_when_told(void **state)
{
    (void)state;
    struct ready q;
    int left = 2;
    ready_init(&q);
    for (int i = 1; i <= 5; i++)
        update(&q, &(struct given){i, 0, A, "x", CLASS_URGENT, i % 2, PAGE_QUEUED});
    ready_each(&q, ready_lane(&q, A), CLASS_URGENT, count_entry, &left);
    assert_int_equal(left, 0);
    left = 100;
    ready_all(&q, count_entry, &left);
    assert_int_equal(left, 95);
    ready_clean(&q);
}

static void test_ready__no_memory_changes_nothing(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 20; n++) {
        struct ready q;
        struct page *p = page_new();
        assert_non_null(p);
        p->id = 1;
        snprintf(p->number, sizeof p->number, "%s", A);
        ready_init(&q);
        mem_fail_at(n);
        enum nt_status st = ready_update(&q, p);
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        assert_int_equal(q.waiting, failed ? 0 : 1);
        assert_int_equal(ready_update(&q, p), NT_OK);
        assert_int_equal(q.waiting, 1);
        page_free(p);
        ready_clean(&q);
        if (!failed)
            return;
    }
    fail_msg("still failing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready__urgent_first_pages_then_longest_ago),
        cmocka_unit_test(test_ready__blocked_lanes_and_skipped_pages),
        cmocka_unit_test(test_ready__lanes_with_many_lookups_are_left_out),
        cmocka_unit_test(test_ready__limit),
        cmocka_unit_test(test_ready__a_storm_gives_way),
        cmocka_unit_test(test_ready__thousands_of_lanes),
        cmocka_unit_test(test_ready__as_the_naive_model),
        cmocka_unit_test(test_ready__visits_stop_when_told),
        cmocka_unit_test(test_ready__no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

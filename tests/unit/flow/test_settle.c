/* What outcomes, receipts and time do to pages, with everything that can fail on the way. */
#include "bench.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct page *asked; /* as it was claimed */
static struct outcome outcome;

/* A request for it is answered. */
static enum nt_status settle(struct bench *b)
{
    struct flight *f = flight_new(&b->d, asked);
    if (!f)
        return NT_ENOMEM;
    f->outcome = outcome;
    f->started = b->d.now;
    f->step = FLIGHT_ANSWERED;
    b->d.gate_account = true;
    return settle_flights(&b->d);
}

static void settle_in_earnest(struct bench *b)
{
    bench_begin(b);
    assert_int_equal(settle(b), NT_OK);
    bench_commit(b);
}

/* A page whose request was answered like this. */
static int64_t answered(struct bench *b, enum outcome_kind kind, unsigned flags)
{
    int64_t id = bench_page(b, ALICE, "web01", PAGE_SENDING, flags, 0);
    asked = world_page(b->w, id);
    outcome = (struct outcome){.kind = kind, .retry_after = -1, .alarm = true, .http_status = 400};
    snprintf(outcome.message, sizeof outcome.message, "because");
    snprintf(outcome.sid, sizeof outcome.sid, "SM00000000000000000000000000000001");
    return id;
}

static void test_settle__each_outcome(void **state)
{
    (void)state;
    static const struct {
        enum outcome_kind kind;
        unsigned flags;
        bool opted_out;
        enum page_state becomes;
    } cases[] = {
        {OUTCOME_SENT, 0, false, PAGE_SENT},
        {OUTCOME_RETRY, 0, false, PAGE_QUEUED},
        {OUTCOME_ACCOUNT, 0, false, PAGE_QUEUED},
        {OUTCOME_NEXT_SENDER, 0, false, PAGE_FAILED}, /* there is no other */
        {OUTCOME_TEXT_ONLY, 0, false, PAGE_QUEUED},
        {OUTCOME_TEXT_ONLY, PAGE_TEXT_ONLY, false, PAGE_FAILED},
        {OUTCOME_NO_CALLBACK, 0, false, PAGE_QUEUED},
        {OUTCOME_NO_CALLBACK, PAGE_NO_CALLBACK, false, PAGE_FAILED},
        {OUTCOME_REFUSED, 0, false, PAGE_FAILED},
        {OUTCOME_REFUSED, 0, true, PAGE_FAILED},
        {OUTCOME_AMBIGUOUS, 0, false, PAGE_SENDING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        struct number_state number;
        bench_open(&b, &(struct world_options){0});
        int64_t id = answered(&b, cases[i].kind, cases[i].flags);
        outcome.opted_out = cases[i].opted_out;
        bench_each_failure(&b, settle, 1);
        assert_page(b.w, id, PAGE_SENDING);
        settle_in_earnest(&b);
        assert_page(b.w, id, cases[i].becomes);
        struct store *s = b.d.r->store;
        assert_int_equal(s->ops->number_get(s, ALICE, &number), NT_OK);
        assert_int_equal(number.opted_out != 0, cases[i].opted_out);
        page_free(asked);
        bench_close(&b);
    }
}

/* ---- time ---- */

/* A page that is in the mirror, and not in the store (any more). */
static void mirror_ghost(struct bench *b, struct page *like)
{
    like->id = 99999;
    assert_int_equal(ready_update(&b->d.ready, like), NT_OK);
}

static enum nt_status expire(struct bench *b)
{
    return timely_expire(&b->d);
}

static void test_settle__a_page_expires(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    int64_t id = bench_page(&b, ALICE, "web01", PAGE_QUEUED, 0, 0);
    fake_clock_advance(&b.w->clock, 2 * HOUR);
    bench_look(&b);
    bench_each_failure(&b, expire, 0);
    assert_page(b.w, id, PAGE_QUEUED);
    struct page *p = world_page(b.w, id);
    ready_clean(&b.d.ready);
    mirror_ghost(&b, p); /* first of all: nobody's, and in nobody's way */
    p->id = id;
    assert_int_equal(ready_update(&b.d.ready, p), NT_OK);
    page_free(p);
    bench_begin(&b);
    assert_int_equal(timely_expire(&b.d), NT_OK);
    bench_commit(&b);
    assert_page(b.w, id, PAGE_EXPIRED);
    bench_close(&b);
}

static enum nt_status shift(struct bench *b)
{
    return timely_shift(&b->d, HOUR);
}

/* The clock was set: a page, a digest and its member go along, or nothing does. */
static void test_settle__waits_go_along_with_the_clock(void **state)
{
    (void)state;
    struct bench b;
    int64_t id[3];
    bench_open(&b, &(struct world_options){0});
    id[0] = bench_page(&b, ALICE, "web01", PAGE_QUEUED, 0, 0);
    id[1] = bench_page(&b, ALICE, "web02", PAGE_QUEUED, PAGE_DIGEST, 0);
    id[2] = bench_page(&b, ALICE, "web03", PAGE_MERGED, 0, id[1]);
    int64_t due = b.w->clock.wall_ms;
    bench_look(&b);
    bench_each_failure(&b, shift, 0);
    struct page *p = world_page(b.w, id[0]);
    ready_clean(&b.d.ready);
    mirror_ghost(&b, p); /* first of all: nobody's, and in nobody's way */
    page_free(p);
    for (size_t i = 0; i < 2; i++) {
        p = world_page(b.w, id[i]);
        assert_int_equal(ready_update(&b.d.ready, p), NT_OK);
        page_free(p);
    }
    bench_begin(&b);
    assert_int_equal(shift(&b), NT_OK);
    bench_commit(&b);
    for (size_t i = 0; i < 3; i++) {
        p = world_page(b.w, id[i]);
        assert_int_equal(p->due, due + HOUR);
        page_free(p);
    }
    bench_close(&b);
}

static enum nt_status let_in(struct bench *b)
{
    return timely_let_in(&b->d);
}

/* Put off for the account's sake: due now. One that is gone from the store is nobody's. */
static void test_settle__put_off_pages_are_let_in(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    struct store *s = b.d.r->store;
    int64_t id = bench_page(&b, ALICE, "web01", PAGE_QUEUED, 0, 0);
    struct page *p = world_page(b.w, id);
    p->due += HOUR;
    p->error_code = 20003;
    bench_begin(&b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(&b);
    bench_look(&b);
    bench_each_failure(&b, let_in, 0);
    mirror_ghost(&b, p);
    page_free(p);
    bench_begin(&b);
    assert_int_equal(let_in(&b), NT_OK);
    bench_commit(&b);
    p = world_page(b.w, id);
    assert_int_equal(p->due, b.d.now);
    page_free(p);
    bench_close(&b);
}

static enum nt_status look(struct bench *b)
{
    return mirror_sync(&b->d, true);
}

/* A page that waits for pictures, and one whose receipt does. */
static void test_settle__what_waits_is_noted(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    b.o.follow = true;
    struct store *s = b.d.r->store;
    int64_t id = world_problem(b.w, ALICE, "web01", "CRITICAL");
    (void)bench_page(&b, BOB, "web01", PAGE_SENT, PAGE_WATCH, 0);
    struct page *p = world_page(b.w, id);
    p->flags |= PAGE_PICTURE;
    assert_int_equal(strlist_add(&p->media, PAGE_GRAPH "cpu"), NT_OK);
    bench_begin(&b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(&b);
    page_free(p);
    for (unsigned long n = 1;; n++) { /* from nothing each time */
        pictures_clean(&b.d);
        track_clean(&b.d);
        mem_fail_at(n);
        enum nt_status st = look(&b);
        mem_fail_at(0);
        assert_int_equal(st, mem_failed() ? NT_ENOMEM : NT_OK);
        if (!mem_failed())
            break;
    }
    assert_true(pictures_busy(&b.d));
    assert_int_equal(b.d.watches.n, 1);
    bench_close(&b);
}

/* ---- receipts ---- */

static enum nt_status receipt(struct bench *b)
{
    return track_settle(&b->d);
}

static void test_settle__each_receipt(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        int code;
        enum page_state becomes;
        const char *why;
    } cases[] = {{"delivered", 0, PAGE_DELIVERED, "delivered"},
                 {"undelivered", 30003, PAGE_UNDELIVERED, "(30003)"},
                 {"failed", 1, PAGE_FAILED, "no reason in words (1)"},
                 {"failed", 0, PAGE_FAILED, "no reason given"},
                 {"canceled", 0, PAGE_FAILED, "cancelled at Twilio"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        bench_open(&b, &(struct world_options){0});
        b.o.follow = true;
        int64_t id = bench_page(&b, ALICE, "web01", PAGE_SENT, PAGE_WATCH, 0);
        bench_look(&b);
        assert_int_equal(b.d.watches.n, 1);
        struct watch *w = &b.d.watches.item[0];
        snprintf(w->status, sizeof w->status, "%s", cases[i].status);
        w->error_code = cases[i].code;
        bench_each_failure(&b, receipt, 0);
        assert_page(b.w, id, PAGE_SENT);
        bench_begin(&b);
        assert_int_equal(track_settle(&b.d), NT_OK);
        bench_commit(&b);
        assert_page(b.w, id, cases[i].becomes);
        assert_true(world_told(b.w, id, cases[i].why));
        bench_close(&b);
    }
}

/* When it is recorded that they did not arrive, the text is there to be sent. */
static enum nt_status receipt_of_pictures(struct bench *b)
{
    enum nt_status st = track_settle(&b->d);
    mem_fail_at(0);
    b->w->frail.fail_at = 0;
    if (st == NT_OK)
        assert_int_not_equal(world_newest(b->w, ALICE, PAGE_AGAIN | PAGE_TEXT_ONLY), 0);
    return st;
}

/* Its pictures did not arrive: it goes once more without them, or stays as it was. */
static void test_settle__pictures_that_did_not_arrive(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    b.o.follow = true;
    struct store *s = b.d.r->store;
    int64_t id = bench_page(&b, ALICE, "web01", PAGE_SENT, PAGE_WATCH, 0);
    struct page *p = world_page(b.w, id);
    assert_int_equal(strlist_add(&p->media, "https://example.org/graph.png"), NT_OK);
    bench_begin(&b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(&b);
    page_free(p);
    bench_look(&b);
    struct watch *w = &b.d.watches.item[0];
    snprintf(w->status, sizeof w->status, "undelivered");
    w->error_code = 30019;
    bench_each_failure(&b, receipt_of_pictures, 0);
    assert_page(b.w, id, PAGE_SENT);
    assert_int_equal(world_count(b.w, PAGE_BIT(PAGE_QUEUED)), 0);
    bench_begin(&b);
    assert_int_equal(track_settle(&b.d), NT_OK);
    bench_commit(&b);
    assert_page(b.w, id, PAGE_UNDELIVERED);
    p = world_page(b.w, world_newest(b.w, ALICE, PAGE_AGAIN | PAGE_TEXT_ONLY));
    assert_int_equal(p->state, PAGE_QUEUED);
    assert_true(world_told(b.w, p->id, "tried without its pictures"));
    assert_int_equal(world_count(b.w, PAGE_BIT(PAGE_QUEUED)), 1);
    page_free(p);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settle__each_outcome),
        cmocka_unit_test(test_settle__a_page_expires),
        cmocka_unit_test(test_settle__waits_go_along_with_the_clock),
        cmocka_unit_test(test_settle__put_off_pages_are_let_in),
        cmocka_unit_test(test_settle__what_waits_is_noted),
        cmocka_unit_test(test_settle__each_receipt),
        cmocka_unit_test(test_settle__pictures_that_did_not_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

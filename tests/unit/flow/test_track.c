/* Receipts: what is asked for, what an answer is the answer to, and the same when the store has changed. */
#include "bench.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static const char same_sid[] = "SM00000000000000000000000000000042";

/* An alert's page that Twilio took just now, as sid (NULL: one of its own). */
static int64_t sent_page(struct bench *b, const char *number, const char *host, const char *sid)
{
    struct store *s = b->d.r->store;
    int64_t id = world_problem(b->w, number, host, "CRITICAL");
    struct page *p = world_page(b->w, id);
    char own[OUTCOME_SID];
    p->state = PAGE_SENT;
    p->flags |= PAGE_WATCH | PAGE_COUNTED;
    p->sent = b->w->clock.wall_ms;
    snprintf(own, sizeof own, "SM%032lld", (long long)id);
    assert_int_equal(page_set(&p->sid, sid ? sid : own), NT_OK);
    bench_begin(b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(b);
    page_free(p);
    return id;
}

static void followed(struct bench *b)
{
    bench_open(b, &(struct world_options){0});
    b->o.follow = true;
    b->w->run_until = b->w->clock.boot_ms + HOUR;
}

static void over(struct bench *b)
{
    http_free(b->d.http);
    b->d.http = NULL;
    bench_close(b);
}

/* As much later as the next look is due. */
static void look_again(struct bench *b)
{
    fake_clock_advance(&b->w->clock, track_next(&b->d) - b->d.boot);
    b->d.now = runtime_now(b->d.r);
    b->d.boot = clock_boot(b->d.r->clock);
}

static enum nt_status receipt(struct bench *b)
{
    return track_settle(&b->d);
}

/* Whether its alert is still news cannot be read: nothing is said of the receipt, until it can. */
static void test_track__not_delivered(void **state)
{
    (void)state;
    struct bench b;
    followed(&b);
    int64_t id = sent_page(&b, ALICE, "web01", NULL);
    bench_look(&b);
    assert_int_equal(b.d.watches.n, 1);
    snprintf(b.d.watches.item[0].status, sizeof b.d.watches.item[0].status, "undelivered");
    b.d.watches.item[0].error_code = 30005;
    bench_each_failure(&b, receipt, 0);
    assert_page(b.w, id, PAGE_SENT);
    bench_begin(&b);
    assert_int_equal(track_settle(&b.d), NT_OK);
    bench_commit(&b);
    assert_page(b.w, id, PAGE_UNDELIVERED);
    assert_true(world_alarmed(b.w, "was not delivered") > 0);
    bench_close(&b);
}

/* Its page has come to an end in the store while the question was under way: that end stays, and nobody is alarmed. */
static void test_track__ended_another_way(void **state)
{
    (void)state;
    struct bench b;
    followed(&b);
    int64_t id = sent_page(&b, ALICE, "web01", NULL);
    bench_look(&b);
    assert_int_equal(b.d.watches.n, 1);
    snprintf(b.d.watches.item[0].status, sizeof b.d.watches.item[0].status, "undelivered");
    struct store *s = b.d.r->store;
    struct page *p = world_page(b.w, id);
    p->state = PAGE_DELIVERED;
    bench_begin(&b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    assert_int_equal(track_settle(&b.d), NT_OK);
    bench_commit(&b);
    page_free(p);
    assert_true(b.d.watches.item[0].over);
    assert_page(b.w, id, PAGE_DELIVERED);
    assert_int_equal(world_alarmed(b.w, "was not delivered"), 0);
    bench_close(&b);
}

/* The list cannot be asked for, there being no memory: nobody is taken to be asked about, and it is tried again after
 * the pause between two lists. */
static void test_track__a_list_without_memory(void **state)
{
    (void)state;
    struct bench b;
    struct drainer *d = &b.d;
    unsigned long n = 0;
    followed(&b);
    for (int i = 0; i < 8; i++) {
        char host[16];
        snprintf(host, sizeof host, "web%02d", i);
        (void)sent_page(&b, ALICE, host, NULL);
    }
    assert_int_equal(line_open(d), NT_OK);
    bench_look(&b);
    assert_int_equal(d->watches.n, 8);
    look_again(&b);
    while (!track_asking(d)) {
        mem_fail_at(++n);
        track_start(d);
        mem_fail_at(0);
        for (size_t i = 0; i < d->watches.n; i++)
            assert_int_equal(d->watches.item[i].asked, track_asking(d));
        if (track_asking(d))
            break;
        assert_true(mem_failed());
        assert_int_equal(track_next(d), d->boot + SECOND);
        track_start(d); /* not at once */
        assert_int_equal(track_asking(d), 0);
        look_again(&b);
    }
    assert_true(n >= 3);
    assert_int_equal(b.w->twilio.lists, 1);
    over(&b);
}

/* Two pages with one SID, as nobody should make them: each has a question of its own, and each of the answers, which
 * come together, is the answer to one. */
static void test_track__one_sid_twice(void **state)
{
    (void)state;
    struct bench b;
    struct drainer *d = &b.d;
    followed(&b);
    (void)sent_page(&b, ALICE, "web01", same_sid);
    (void)sent_page(&b, BOB, "web01", same_sid);
    assert_int_equal(line_open(d), NT_OK);
    bench_look(&b);
    look_again(&b);
    track_start(d);
    assert_int_equal(track_asking(d), 2);
    while (http_active(d->http)) /* no such message */
        assert_int_equal(http_run(d->http, NULL, NULL, 0, MINUTE), NT_OK);
    assert_int_equal(track_asking(d), 0);
    for (size_t i = 0; i < d->watches.n; i++) {
        assert_false(d->watches.item[i].asked);
        assert_int_equal(d->watches.item[i].looks, 1);
    }
    over(&b);
}

/* What is sent from memory has a smaller id there, and a larger one in the store, than what was sent before: both are
 * followed once, before and after. */
static void test_track__there_and_back(void **state)
{
    (void)state;
    struct bench b;
    struct drainer *d = &b.d;
    followed(&b);
    int64_t before = sent_page(&b, ALICE, "web01", NULL);
    int64_t later = bench_page(&b, BOB, "web02", PAGE_QUEUED, 0, 0);
    bench_look(&b);
    assert_true(before < later);
    assert_int_equal(spare_enter(d, NT_EIO), NT_OK);
    assert_int_equal(mirror_sync(d, true), NT_OK);
    assert_int_equal(d->watches.n, 1);
    int64_t then = idmap_get(&d->to_spare, later);
    assert_int_equal(d->watches.item[0].page_id, idmap_get(&d->to_spare, before));
    assert_true(then && then < d->watches.item[0].page_id);
    struct page *p = NULL;
    struct store *s = d->r->store;
    assert_int_equal(s->ops->page_get(s, then, &p), NT_OK);
    p->state = PAGE_SENT;
    p->flags |= PAGE_WATCH;
    p->sent = b.w->clock.wall_ms;
    assert_int_equal(page_set(&p->sid, same_sid), NT_OK);
    bench_begin(&b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(&b);
    page_free(p);
    assert_int_equal(mirror_sync(d, false), NT_OK);
    assert_int_equal(d->watches.n, 2);
    spare_leave(d, STORE_PATIENCE);
    assert_false(d->r->spare);
    assert_int_equal(d->watches.n, 2);
    assert_int_equal(d->watches.item[0].page_id, before);
    assert_int_equal(d->watches.item[1].page_id, later);
    assert_string_equal(d->watches.item[1].sid, same_sid);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_track__not_delivered),         cmocka_unit_test(test_track__ended_another_way),
        cmocka_unit_test(test_track__a_list_without_memory), cmocka_unit_test(test_track__one_sid_twice),
        cmocka_unit_test(test_track__there_and_back),
    };
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Single moments of a turn, and everything that can fail in each of them. */
#include "bench.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/darkroom.h"
#include "flow/health.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAROL "+15005550003"

static enum nt_status claim(struct bench *b)
{
    return claim_pages(&b->d);
}

/* Claims in earnest. */
static void claim_now(struct bench *b)
{
    bench_begin(b);
    assert_int_equal(claim_pages(&b->d), NT_OK);
    bench_commit(b);
}

/* The text of the only request that there is. */
static const char *claimed(const struct bench *b)
{
    assert_int_equal(b->d.flights, 1);
    return b->d.flight->page->body;
}

/* ---- claims ---- */

static void test_moment__a_late_page(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    int64_t id = world_problem(b.w, ALICE, "web01", "CRITICAL");
    fake_clock_advance(&b.w->clock, 10 * MINUTE);
    bench_look(&b);
    bench_each_failure(&b, claim, 1);
    assert_page(b.w, id, PAGE_QUEUED);
    claim_now(&b);
    assert_non_null(strstr(claimed(&b), "10m"));
    assert_page(b.w, id, PAGE_SENDING);
    bench_close(&b);
}

static void test_moment__a_page_whose_pictures_are_late(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    int64_t id = bench_page(&b, ALICE, "web01", PAGE_QUEUED, PAGE_PICTURE, 0);
    fake_clock_advance(&b.w->clock, 10 * SECOND);
    bench_look(&b);
    bench_each_failure(&b, claim, 1);
    claim_now(&b);
    assert_int_equal(b.d.flight->page->media.n, 0);
    assert_false(b.d.flight->page->flags & PAGE_PICTURE);
    assert_true(world_told(b.w, id, "not there within 5 s"));
    bench_close(&b);
}

static void test_moment__a_number_that_said_stop(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    struct store *s = b.d.r->store;
    int64_t id = world_problem(b.w, ALICE, "web01", "CRITICAL");
    bench_begin(&b);
    assert_int_equal(s->ops->number_put(s, ALICE, &(struct number_state){.opted_out = b.d.now}), NT_OK);
    bench_commit(&b);
    bench_look(&b);
    bench_each_failure(&b, claim, 0);
    assert_page(b.w, id, PAGE_QUEUED);
    claim_now(&b);
    assert_int_equal(b.d.flights, 0);
    assert_page(b.w, id, PAGE_FAILED);
    bench_close(&b);
}

/* Somebody ends a page by hand after the mirror has seen it waiting. */
static void test_moment__a_page_that_somebody_has_cancelled(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    struct store *s = b.d.r->store;
    int64_t id = world_problem(b.w, ALICE, "web01", "CRITICAL");
    bench_look(&b);
    struct page *p = world_page(b.w, id);
    p->state = PAGE_CANCELLED;
    bench_begin(&b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(&b);
    page_free(p);
    assert_int_equal(b.d.ready.waiting, 1);
    claim_now(&b);
    assert_int_equal(b.d.flights, 0);
    assert_page(b.w, id, PAGE_CANCELLED);
    bench_close(&b);
}

/* ---- digests ---- */

/* A page that is in the mirror, and not in the store. */
static void mirror_ghost(struct bench *b)
{
    struct page *p = page_new();
    assert_non_null(p);
    p->id = 99999;
    p->state = PAGE_HELD;
    p->class = CLASS_URGENT;
    p->created = p->due = b->d.now;
    p->expire = b->d.now + HOUR;
    snprintf(p->number, sizeof p->number, "%s", ALICE);
    assert_int_equal(page_set(&p->object, "ghost"), NT_OK);
    assert_int_equal(ready_update(&b->d.ready, p), NT_OK);
    page_free(p);
}

static void test_moment__a_digest_is_made(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    int64_t first = bench_page(&b, ALICE, "web01", PAGE_HELD, 0, 0);
    int64_t second = bench_page(&b, ALICE, "web02", PAGE_HELD, 0, 0);
    int64_t expired = bench_page(&b, ALICE, "web03", PAGE_EXPIRED, 0, 0);
    int64_t told = bench_page(&b, ALICE, "web04", PAGE_EXPIRED, 0, 77);
    int64_t digest = bench_page(&b, ALICE, "5 alerts", PAGE_EXPIRED, PAGE_DIGEST, 0);
    bench_look(&b);
    bench_each_failure(&b, claim, 1);
    assert_page(b.w, first, PAGE_HELD);
    mirror_ghost(&b);
    claim_now(&b);
    assert_int_equal(b.d.flights, 1);
    int64_t made = b.d.flight->page->id;
    static const char *const words[] = {"told in digest", "told in digest", "told in digest", NULL, NULL};
    const int64_t id[] = {first, second, expired, told, digest};
    for (size_t i = 0; i < sizeof id / sizeof *id; i++) {
        struct page *p = world_page(b.w, id[i]);
        if (words[i])
            assert_int_equal(p->merged_into, made);
        else
            assert_int_not_equal(p->merged_into, made);
        assert_int_equal(world_told(b.w, id[i], "told in digest"), words[i] != NULL);
        page_free(p);
    }
    assert_page(b.w, first, PAGE_MERGED);
    assert_page(b.w, expired, PAGE_EXPIRED);
    bench_close(&b);
}

static int64_t expiring(struct bench *b, int64_t digest)
{
    struct store *s = b->d.r->store;
    int64_t id = bench_page(b, ALICE, "web09", PAGE_MERGED, 0, digest);
    struct page *p = world_page(b->w, id);
    p->expire = b->w->clock.wall_ms - 1;
    bench_begin(b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(b);
    page_free(p);
    return id;
}

/* Before its first try, and before a further one: what has ended since is not told any more. */
static void test_moment__a_digest_is_made_anew(void **state)
{
    (void)state;
    static const unsigned flags[] = {PAGE_DIGEST, PAGE_DIGEST | PAGE_COUNTED};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct bench b;
        bench_open(&b, &(struct world_options){0});
        int64_t digest = bench_page(&b, ALICE, "4 alerts", PAGE_QUEUED, flags[i], 0);
        int64_t member = bench_page(&b, ALICE, "web01", PAGE_MERGED, 0, digest);
        int64_t over = bench_page(&b, ALICE, "web02", PAGE_CANCELLED, 0, digest);
        int64_t late = expiring(&b, digest);
        bench_look(&b);
        bench_each_failure(&b, claim, 1);
        claim_now(&b);
        assert_int_equal(b.d.flights, 1);
        assert_int_equal(b.d.flight->page->id, digest);
        assert_page(b.w, member, PAGE_MERGED);
        assert_page(b.w, over, PAGE_CANCELLED);
        assert_page(b.w, late, PAGE_EXPIRED);
        assert_true(world_told(b.w, late, "not sent within its time"));
        bench_close(&b);
    }
}

static void test_moment__a_digest_of_nothing(void **state)
{
    (void)state;
    static const unsigned flags[] = {PAGE_DIGEST, PAGE_DIGEST | PAGE_COUNTED};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct bench b;
        bench_open(&b, &(struct world_options){0});
        int64_t digest = bench_page(&b, ALICE, "2 alerts", PAGE_QUEUED, flags[i], 0);
        (void)bench_page(&b, ALICE, "web01", PAGE_CANCELLED, 0, digest);
        bench_look(&b);
        bench_each_failure(&b, claim, 0);
        claim_now(&b);
        assert_int_equal(b.d.flights, 0);
        assert_page(b.w, digest, PAGE_CANCELLED);
        assert_true(world_told(b.w, digest, "nothing is left to tell"));
        bench_close(&b);
    }
}

/* ---- beginnings ---- */

static enum nt_status remnants(struct bench *b)
{
    return lookup_remnants(&b->d);
}

static void test_moment__remnants_of_a_crash(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, &(struct world_options){0});
    (void)bench_page(&b, ALICE, "web01", PAGE_SENDING, 0, 0);
    (void)bench_page(&b, BOB, "web01", PAGE_SENDING, 0, 0);
    bench_each_failure(&b, remnants, 2);
    for (int i = 0; i < 2; i++) { /* those that are looked for already are not looked for twice */
        assert_int_equal(lookup_remnants(&b.d), NT_OK);
        assert_int_equal(b.d.flights, 2);
    }
    bench_close(&b);
}

static enum nt_status mirror(struct bench *b)
{
    enum nt_status st = lookup_remnants(&b->d);
    if (st == NT_OK)
        st = mirror_sync(&b->d, true);
    if (st == NT_OK) {
        assert_int_equal(b->d.flight->lane, ready_lane(&b->d.ready, CAROL));
        assert_int_equal(b->d.ready.lanes, b->d.ready.waiting + 1);
    }
    return st;
}

/* It is made anew, and what is under way stays: its lane may be nobody else's. */
static void test_moment__the_mirror(void **state)
{
    (void)state;
    for (int waiting = 0; waiting <= 2; waiting += 2) {
        struct bench b;
        bench_open(&b, &(struct world_options){0});
        (void)bench_page(&b, CAROL, "web01", PAGE_SENDING, 0, 0);
        for (int i = 0; i < waiting; i++)
            (void)world_problem(b.w, i ? BOB : ALICE, "web01", "CRITICAL");
        bench_each_failure(&b, mirror, 1);
        assert_int_equal(b.d.ready.waiting, waiting);
        bench_close(&b);
    }
}

/* Without memory for its lane what is under way is still there, and has one as soon as there is some. */
static void test_moment__a_request_without_a_lane(void **state)
{
    (void)state;
    struct bench b;
    struct drainer *d = &b.d;
    bool failed = true;
    int without = 0;
    bench_open(&b, &(struct world_options){0});
    (void)bench_page(&b, CAROL, "web01", PAGE_SENDING, 0, 0);
    assert_int_equal(lookup_remnants(d), NT_OK);
    for (unsigned long n = 1; failed; n++) {
        mem_fail_at(n);
        enum nt_status st = mirror_sync(d, true);
        failed = mem_failed();
        mem_fail_at(0);
        without += d->flight->lane == READY_NONE;
        assert_true(st == NT_OK ? d->flight->lane != READY_NONE : failed);
        flights_sweep(d);
        assert_int_equal(d->flights, 1);
        assert_int_equal(mirror_sync(d, false), NT_OK);
        assert_int_equal(d->flight->lane, ready_lane(&d->ready, CAROL));
        assert_int_not_equal(d->flight->lane, READY_NONE);
        flights_sweep(d);
        assert_int_equal(d->ready.lane[d->flight->lane].flights, 1);
    }
    assert_true(without > 0);
    bench_close(&b);
}

static enum starter_may stays(void *arg)
{
    (void)arg;
    return STARTER_STAYS;
}

struct beginning {
    struct bench b;
    struct order order;
    struct accepted accepted;
    struct buf error;
    struct starter starter;
};

static void begin_open(struct beginning *x)
{
    bench_open(&x->b, &(struct world_options){0});
    order_init(&x->order);
    accepted_init(&x->accepted);
    buf_init(&x->error, 4096);
    assert_int_equal(order_set(&x->order.source, "generic"), NT_OK);
    assert_int_equal(strlist_add(&x->order.to, ALICE), NT_OK);
    assert_int_equal(kv_put(&x->order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&x->order.pairs, "state", "CRITICAL"), NT_OK);
    x->starter = (struct starter){
        .order = &x->order, .accepted = &x->accepted, .error = &x->error, .status = NT_EBUSY, .may_go = stays};
    x->b.o.starter = &x->starter;
    x->b.o.daemon = false;
    x->b.o.socket = NULL;
    x->b.w->kill = true; /* it ends when it would wait for the first time */
}

static void begin_close(struct beginning *x)
{
    order_clean(&x->order);
    accepted_clean(&x->accepted);
    buf_clean(&x->error);
    bench_close(&x->b);
}

/* A drainer that begins: without memory it either says so, with nothing begun, or goes on. */
static void test_moment__a_drainer_begins(void **state)
{
    (void)state;
    bool failed = true;
    int said = 0;
    for (unsigned long n = 1; failed && n < 80; n++) {
        struct beginning x;
        begin_open(&x);
        mem_fail_at(n);
        enum nt_status st = drain_run(&x.b.w->outside, &x.b.o);
        failed = mem_failed();
        mem_fail_at(0);
        if (st == NT_ENOMEM) {
            assert_true(failed);
            assert_int_equal(x.starter.status, NT_EBUSY);
            assert_int_equal(x.b.w->twilio.posts.n, 0);
            said++;
        } else if (st == NT_OK) { /* there was nothing to stay for */
            assert_true(failed);
            assert_int_equal(x.starter.status, NT_ENOMEM);
        } else {
            assert_int_equal(st, NT_EIO); /* as the world's end of a drainer is told */
            assert_int_not_equal(x.starter.status, NT_EBUSY);
        }
        begin_close(&x);
    }
    assert_true(said >= 4);
}

/* Memory is all it has, and that fails as well. */
static void test_moment__a_drainer_without_any_store(void **state)
{
    (void)state;
    struct beginning x;
    begin_open(&x);
    x.b.d.r->spare = true;
    x.b.w->frail.fail_at = 1;
    x.b.w->frail.fail_with = NT_EIO;
    assert_int_equal(drain_run(x.b.d.r, &x.b.o), NT_EIO);
    assert_true(x.b.w->frail.failed);
    assert_int_equal(x.b.w->turns, 0); /* it has not begun */
    x.b.d.r->spare = false;
    begin_close(&x);
}

static void test_moment__no_store_can_be_opened(void **state)
{
    (void)state;
    struct beginning x;
    begin_open(&x);
    store_close(x.b.d.r->store);
    x.b.d.r->store = NULL;
    sqlite3_int64 before = sqlite3_hard_heap_limit64(1);
    enum nt_status st = drain_run(x.b.d.r, &x.b.o);
    sqlite3_hard_heap_limit64(before);
    assert_int_not_equal(st, NT_OK);
    assert_int_equal(x.b.w->turns, 0);
    assert_int_equal(x.starter.status, NT_EBUSY);
    assert_int_equal(runtime_open_store(x.b.d.r), NT_OK);
    assert_false(x.b.d.r->spare);
    begin_close(&x);
}

/* Somebody's hands were in the database: it opens, and cannot be read. That is a finding. */
static void test_moment__health_of_a_store_without_its_tables(void **state)
{
    (void)state;
    static const char *const tables[] = {"page", "mark"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct bench b;
        struct health h;
        char path[128], text[64];
        sqlite3 *db = NULL;
        bench_open(&b, &(struct world_options){0});
        (void)world_problem(b.w, ALICE, "web01", "CRITICAL");
        health_init(&h);
        assert_int_equal(health_read(b.d.r, &h), NT_OK);
        assert_string_equal(buf_text(&h.store), "");
        assert_int_equal(h.totals.queued, 1);
        health_clean(&h);
        snprintf(path, sizeof path, "%s/queue.db", b.w->folder);
        snprintf(text, sizeof text, "DROP TABLE %s", tables[i]);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        health_init(&h);
        assert_int_equal(health_read(b.d.r, &h), NT_OK);
        assert_non_null(strstr(buf_text(&h.store), "the store cannot be read"));
        health_clean(&h);
        bench_close(&b);
    }
}

/* ---- socket and clients ---- */

struct heard {
    const char *words;
    int times;
};

static void hear(void *arg, enum log_level level, const char *line)
{
    struct heard *h = arg;
    (void)level;
    h->times += strstr(line, h->words) != NULL;
}

/* A log that is heard, warnings included. */
static void listen_for(struct heard *h, const char *words)
{
    *h = (struct heard){.words = words};
    assert_int_equal(log_open("test", LOG_LEVEL_WARNING, "/dev/null"), NT_OK);
    log_tap(hear, h);
}

static void test_moment__the_socket_has_no_place(void **state)
{
    (void)state;
    struct bench b;
    struct heard h;
    char folder[160], path[200];
    bench_open(&b, &(struct world_options){0});
    snprintf(folder, sizeof folder, "%s/run", b.w->folder);
    snprintf(path, sizeof path, "%s/s", folder);
    b.o.socket = path;
    listen_for(&h, "cannot listen on");
    listening_check(&b.d);
    assert_null(b.d.server);
    assert_int_equal(h.times, 1);
    assert_int_equal(mkdir(folder, 0700), 0);
    listening_check(&b.d); /* there is one now */
    assert_non_null(b.d.server);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(h.times, 1);
    handover_server_free(b.d.server);
    b.d.server = NULL;
    assert_int_equal(rmdir(folder), 0);
    bench_close(&b);
}

static bool nothing(void *arg, const char *data, size_t len)
{
    (void)arg;
    (void)data;
    (void)len;
    return true;
}

static void count(void *arg, const struct transport_result *result)
{
    (void)result;
    ++*(int *)arg;
}

/* The client for pictures fails: it is said, and whoever waits is left to his own time-out. */
static void test_moment__the_client_for_pictures_fails(void **state)
{
    (void)state;
    struct bench b;
    struct darkroom room;
    struct heard h;
    struct transport_call *call = NULL;
    int done = 0;
    bench_open(&b, &(struct world_options){0});
    assert_int_equal(darkroom_open(&room, b.d.r), NT_OK);
    const struct transport_request request = {
        .method = "GET", .url = "http://127.0.0.1:1/graph.png", .take = nothing, .done = count, .arg = &done};
    assert_int_equal(room.wire.transport.ops->start(&room.wire.transport, &request, &call), NT_OK);
    listen_for(&h, "cannot go on");
    darkroom_turn(&room);
    assert_int_equal(h.times, 0);
    b.w->kill = true;
    darkroom_turn(&room);
    assert_int_equal(h.times, 1);
    assert_int_equal(done, 0);
    room.wire.transport.ops->cancel(&room.wire.transport, call);
    darkroom_close(&room);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moment__a_late_page),
        cmocka_unit_test(test_moment__a_page_whose_pictures_are_late),
        cmocka_unit_test(test_moment__a_number_that_said_stop),
        cmocka_unit_test(test_moment__a_page_that_somebody_has_cancelled),
        cmocka_unit_test(test_moment__a_digest_is_made),
        cmocka_unit_test(test_moment__a_digest_is_made_anew),
        cmocka_unit_test(test_moment__a_digest_of_nothing),
        cmocka_unit_test(test_moment__remnants_of_a_crash),
        cmocka_unit_test(test_moment__the_mirror),
        cmocka_unit_test(test_moment__a_request_without_a_lane),
        cmocka_unit_test(test_moment__a_drainer_begins),
        cmocka_unit_test(test_moment__a_drainer_without_any_store),
        cmocka_unit_test(test_moment__no_store_can_be_opened),
        cmocka_unit_test(test_moment__health_of_a_store_without_its_tables),
        cmocka_unit_test(test_moment__the_socket_has_no_place),
        cmocka_unit_test(test_moment__the_client_for_pictures_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

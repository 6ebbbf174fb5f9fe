/* What is under way while the store is exchanged for another, and there is no memory for it. */
#include "bench.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

/* Some pages have been here before: the store's count of changes is far ahead of an empty one's. */
static void worn_in(struct bench *b)
{
    for (int i = 0; i < 20; i++)
        (void)bench_page(b, BOB, "web09", PAGE_CANCELLED, 0, 0);
}

/* The store is gone, and all at once it is an empty one in memory. Its pages have small numbers and so have its
 * changes: whoever still had the old ones would take them for others, or for nothing new. */
static void test_stranded__without_memory(void **state)
{
    (void)state;
    bool failed = true;
    int without = 0;
    for (unsigned long n = 1; failed; n++) {
        struct bench b;
        struct drainer *d = &b.d;
        bench_open(&b, &(struct world_options){0});
        worn_in(&b);
        (void)bench_page(&b, ALICE, "web01", PAGE_SENDING, 0, 0);
        bench_look(&b);
        assert_int_equal(lookup_remnants(d), NT_OK);
        int64_t seen = d->seen;
        assert_true(seen > 20);
        assert_int_equal(runtime_use_spare(d->r, "a test"), NT_OK);
        mem_fail_at(n);
        spare_strand(d);
        failed = mem_failed();
        mem_fail_at(0);
        without += failed;
        assert_int_equal(d->flight->page->id, 0);
        assert_int_equal(d->seen, 0);
        int64_t id = bench_page(&b, ALICE, "web02", PAGE_QUEUED, 0, 0);
        assert_int_equal(mirror_sync(d, false), NT_OK); /* sees it, and knows that another is under way to her */
        assert_int_equal(d->ready.waiting, 1);
        assert_int_equal(d->flight->lane, ready_lane(&d->ready, ALICE));
        assert_int_not_equal(d->flight->page->id, id);
        bench_close(&b);
    }
    assert_true(without > 0);
}

static void hear(void *arg, enum log_level level, const char *line)
{
    *(int *)arg += level == LOG_LEVEL_ERROR && strstr(line, "wait for the next drainer") != NULL;
}

/* A request was under way when the store could not even be read. When that works again, each allocation fails once:
 * either it is not gone back to yet, or what became of the request is asked now, or it is said that the next drainer
 * will, and he does. */
static void test_stranded__back_without_memory(void **state)
{
    (void)state;
    bool failed = true;
    int asked = 0, not_asked = 0, not_yet = 0;
    for (unsigned long n = 1; failed; n++) {
        struct bench b;
        struct drainer *d = &b.d;
        int told = 0;
        bench_open(&b, &(struct world_options){0});
        int64_t id = bench_page(&b, ALICE, "web01", PAGE_SENDING, 0, 0);
        bench_look(&b);
        b.w->frail.trouble = NT_EIO;
        b.w->frail.unreadable = true;
        assert_int_equal(spare_enter(d, NT_EIO), NT_OK);
        assert_true(d->r->spare);
        assert_int_equal(d->to_real.n, 0);
        log_tap(hear, &told);
        mem_fail_at(n);
        spare_leave(d, STORE_PATIENCE);
        failed = mem_failed();
        mem_fail_at(0);
        log_tap(NULL, NULL);
        flights_sweep(d);
        if (d->r->spare) { /* at the next try */
            assert_true(failed);
            assert_int_equal(d->flights, 0);
            assert_int_equal(told, 0);
            not_yet++;
            spare_leave(d, STORE_PATIENCE);
            assert_false(d->r->spare);
            flights_sweep(d);
        }
        assert_page(b.w, id, PAGE_SENDING);
        asked += !told;
        if (told) {
            assert_true(failed);
            assert_int_equal(told, 1);
            assert_int_equal(d->flights, 0);
            not_asked++;
            assert_int_equal(lookup_remnants(d), NT_OK); /* as he does */
            flights_sweep(d);
        }
        assert_int_equal(d->flights, 1);
        assert_int_equal(d->flight->page->id, id);
        assert_int_equal(d->flight->step, FLIGHT_UNKNOWN);
        bench_close(&b);
    }
    assert_true(asked > 0 && not_asked > 0 && not_yet > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stranded__without_memory),
        cmocka_unit_test(test_stranded__back_without_memory),
    };
    assert_int_equal(log_open("test", LOG_LEVEL_WARNING, "/dev/null"), NT_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

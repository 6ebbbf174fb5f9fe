/* bench: see the header. */
#include "bench.h"

#include "base/mem.h"
#include "handover/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void use_frail(struct bench *b)
{
    b->w->outside.store = frail_store_new(b->w->outside.store, &b->w->frail);
    assert_non_null(b->w->outside.store);
}

void bench_open(struct bench *b, const struct world_options *o)
{
    memset(b, 0, sizeof *b);
    b->w = world_new(o);
    use_frail(b);
    b->o = (struct drain_options){.daemon = true, .listen_fd = -1, .socket = b->w->socket, .wake_fd = -1};
    struct drainer *d = &b->d;
    d->r = &b->w->outside;
    d->o = &b->o;
    d->lock = d->lock_wish = -1;
    d->starter_asked = true;
    ready_init(&d->ready);
    assert_int_equal(intake_new(&d->intake), NT_OK);
    bench_look(b);
}

static void drop_flights(struct drainer *d)
{
    while (d->flight) {
        struct flight *next = d->flight->next;
        flight_free(d->flight);
        d->flight = next;
    }
    d->flights = 0;
}

void bench_close(struct bench *b)
{
    struct drainer *d = &b->d;
    drop_flights(d);
    intake_free(d->intake);
    handover_server_free(d->server);
    line_clean(d);
    track_clean(d);
    optin_clean(d);
    pictures_clean(d);
    ready_clean(&d->ready);
    world_free(b->w);
}

void bench_look(struct bench *b)
{
    struct drainer *d = &b->d;
    drop_flights(d);
    line_clean(d);
    d->now = runtime_now(d->r);
    d->boot = clock_boot(d->r->clock);
    d->failed = NT_OK;
    assert_int_equal(mirror_sync(d, true), NT_OK);
}

void bench_begin(struct bench *b)
{
    assert_int_equal(b->d.r->store->ops->begin(b->d.r->store), NT_OK);
}

void bench_commit(struct bench *b)
{
    assert_int_equal(b->d.r->store->ops->commit(b->d.r->store), NT_OK);
}

int64_t bench_page(struct bench *b, const char *number, const char *host, enum page_state state, unsigned flags,
                   int64_t merged_into)
{
    struct store *s = b->d.r->store;
    struct page *p = page_new();
    assert_non_null(p);
    snprintf(p->number, sizeof p->number, "%s", number);
    p->state = state;
    p->flags = flags;
    p->event = EVENT_PROBLEM;
    p->class = CLASS_URGENT;
    p->created = p->due = b->w->clock.wall_ms;
    p->expire = p->created + HOUR;
    p->segments = 1;
    p->merged_into = merged_into;
    assert_int_equal(page_set(&p->host, host), NT_OK);
    assert_int_equal(page_set(&p->object, host), NT_OK);
    assert_int_equal(page_set(&p->alert_state, "CRITICAL"), NT_OK);
    assert_int_equal(page_set(&p->body, host), NT_OK);
    if (flags & PAGE_PICTURE)
        assert_int_equal(strlist_add(&p->media, PAGE_GRAPH "cpu"), NT_OK);
    bench_begin(b);
    assert_int_equal(s->ops->page_put(s, p), NT_OK);
    bench_commit(b);
    int64_t id = p->id;
    page_free(p);
    return id;
}

char *bench_answer(int connection)
{
    char *answer = mem_zalloc(FRAME_MAX);
    assert_non_null(answer);
    if (recv(connection, answer, FRAME_MAX - 1, MSG_DONTWAIT) >= 0 || errno == ECONNRESET)
        return answer;
    mem_free(answer);
    return NULL;
}

static void fail_each(struct bench *b, bench_part *part, int flights, bool memory)
{
    struct drainer *d = &b->d;
    int said = 0;
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        bench_begin(b);
        b->w->frail.failed = false;
        b->w->frail.fail_with = NT_EIO;
        if (memory)
            mem_fail_at(n);
        else
            b->w->frail.fail_at = (long)n;
        enum nt_status st = part(b);
        failed = memory ? mem_failed() : b->w->frail.failed;
        mem_fail_at(0);
        b->w->frail.fail_at = 0;
        d->r->store->ops->rollback(d->r->store);
        if (st != NT_OK) {
            assert_true(failed);
            assert_int_equal(st, memory ? NT_ENOMEM : NT_EIO);
            said++;
        } else {
            assert_int_equal(d->flights, flights);
        }
        claim_undo(d);
        flights_sweep(d);
        bench_look(b);
    }
    assert_true(said > 0);
}

void bench_each_failure(struct bench *b, bench_part *part, int flights)
{
    fail_each(b, part, flights, false);
    fail_each(b, part, flights, true);
}

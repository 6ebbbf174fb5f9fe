/*
 * spare: going on without the store, and coming back to it.
 *
 * When the store cannot be written, the unsettled pages that can still be read are copied into a store in memory and
 * everything goes on there. Every 15 s the real one is tried, for a moment; when it works again, what became of its
 * pages and what was accepted meanwhile is written back in one transaction. A corrupt store is set aside and goes on
 * as a new one with what could be read of it; only where that fails is it left for memory.
 *
 * What this costs is said in the log: while it lasts, a crash of this process forgets what it has sent since.
 *
 * Who could not have the drain lock takes it first: two that deliver from one store would each keep the senders' pace,
 * and both together would not. Is somebody else at it meanwhile, a daemon asks him to leave; any other drainer begins
 * nothing more, and when its last request is over it writes back what it has, and ends.
 *
 * DIAGNOSTICS: pages that cannot be read or written back are logged one by one; the rest goes on.
 */
#include "flow/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "flow/alarm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A look at the real store may keep nothing that is being delivered waiting for long. */
enum { RESCUE_AGAIN = 60000, OWE_AT_MOST = 600000, RETRY = 15000, OWED_RETRY = 1000, LOOK_PATIENCE = 250 };

struct copy {
    struct page **page;
    size_t n, size;
    enum nt_status status;
};

static bool copy_page(void *arg, const struct page *page)
{
    struct copy *c = arg;
    struct page *p = page_copy(page);
    if (!p || !VECTOR_GROW(c, page)) {
        page_free(p);
        c->status = NT_ENOMEM;
        return false;
    }
    c->page[c->n++] = p;
    return true;
}

static void copy_clean(struct copy *c)
{
    for (size_t i = 0; i < c->n; i++)
        page_free(c->page[i]);
    mem_free(c->page);
}

/* The alert of a page, once an alert; 0 when there is none to read. */
static enum nt_status copy_alert(struct store *from, struct store *to, struct idmap *alerts, int64_t id,
                                 int64_t *copied)
{
    struct alert *a = NULL;
    *copied = id ? idmap_get(alerts, id) : 0;
    if (!id || *copied)
        return NT_OK;
    enum nt_status st = from->ops->alert_get(from, id, &a);
    if (st != NT_OK)
        return st == NT_ENOMEM ? st : NT_OK;
    st = to->ops->alert_put(to, a, "", copied);
    if (st == NT_OK)
        st = idmap_add(alerts, id, *copied);
    alert_free(a);
    return st;
}

static bool copy_number(void *arg, const char *number, const struct number_state *state)
{
    struct store *to = arg;
    return to->ops->number_put(to, number, state) == NT_OK;
}

struct sends {
    struct store *to;
    const struct page *page;
};

static bool copy_send(void *arg, int64_t at, int segments)
{
    const struct sends *s = arg;
    return s->to->ops->send_put(s->to, s->page->number, s->page->class, s->page->sender, at, segments) == NT_OK;
}

static enum nt_status remember(struct drainer *d, int64_t spare, int64_t real)
{
    enum nt_status st = idmap_add(&d->to_spare, real, spare);
    return st == NT_OK ? idmap_add(&d->to_real, spare, real) : st;
}

static void read_all(struct store *from, struct copy *c)
{
    unsigned states = PAGE_UNSETTLED | PAGE_BIT(PAGE_MERGED);
    enum nt_status st =
        from->ops->pages(from, &(struct store_query){.kind = PAGES_IN_STATES, .states = states}, copy_page, c);
    if (st == NT_OK)
        st = from->ops->pages(from, &(struct store_query){.kind = PAGES_WATCHED}, copy_page, c);
    if (st == NT_OK)
        st = c->status;
    if (st != NT_OK)
        log_error("the store cannot be read to its end: %s; %zu pages were read", nt_status_text(st), c->n);
}

/* Copies what is unsettled into the spare store; the map remembers which is which. */
static enum nt_status fill(struct drainer *d, struct store *from, struct store *to)
{
    struct copy c = {0};
    struct idmap alerts = {0}, lanes = {0};
    read_all(from, &c);
    enum nt_status st = to->ops->begin(to);
    for (size_t i = 0; st == NT_OK && i < c.n; i++) {
        struct page *p = c.page[i];
        int64_t real = p->id, lane = strtoll(p->number, NULL, 10) * 2 + (p->class == CLASS_ROUTINE);
        st = copy_alert(from, to, &alerts, p->alert_id, &p->alert_id);
        p->id = 0;
        if (st == NT_OK)
            st = to->ops->page_put(to, p);
        if (st == NT_OK)
            st = remember(d, p->id, real);
        if (st == NT_OK && !idmap_get(&lanes, lane)) { /* the throttle's memory of each number, once */
            struct sends s = {to, p};
            (void)from->ops->sends_of_number(from, p->number, p->class, d->now - 86400000, copy_send, &s);
            st = idmap_add(&lanes, lane, 1);
        }
    }
    if (st == NT_OK)
        (void)from->ops->numbers(from, true, copy_number, to);
    /* digests name their members by id */
    for (size_t i = 0; st == NT_OK && i < c.n; i++) {
        if (c.page[i]->merged_into) {
            c.page[i]->merged_into = idmap_get(&d->to_spare, c.page[i]->merged_into);
            st = to->ops->page_save(to, c.page[i]);
        }
    }
    if (st == NT_OK)
        st = to->ops->commit(to);
    else
        to->ops->rollback(to);
    copy_clean(&c);
    idmap_clean(&alerts);
    idmap_clean(&lanes);
    return st;
}

/* Requests and receipts under way go on under the other store's ids. */
static void rename_flights(struct drainer *d, const struct idmap *first, const struct idmap *names)
{
    for (struct flight *f = d->flight; f; f = f->next)
        f->page->id = idmap_get_of(first, names, f->page->id);
    track_rename(d, first, names);
}

enum nt_status spare_enter(struct drainer *d, enum nt_status why)
{
    struct runtime *r = d->r;
    if (r->spare)
        return why; /* memory itself fails: nothing to go on to */
    /* damaged again at once, or no place for a new one: memory it is */
    if (why == NT_ECORRUPT && (!d->rescued || d->boot - d->rescued > RESCUE_AGAIN)) {
        d->rescued = d->boot;
        if (runtime_rescue_store(r) == NT_OK) {
            alarm_raise(r, "store", false, "the store %s was corrupt; it was set aside and a new one begun",
                        r->config->store);
            return NT_OK;
        }
    }
    struct store *real = r->store;
    r->store = NULL; /* kept open for reading until its pages are copied */
    enum nt_status st = runtime_use_spare(r, nt_status_text(why));
    if (st != NT_OK) {
        r->store = real;
        return st;
    }
    idmap_clean(&d->to_spare);
    idmap_clean(&d->to_real);
    st = fill(d, real, r->store);
    if (st != NT_OK) {
        /* The names in the maps are nobody's now, and others would get them: the next turn tries again. */
        store_close(r->store);
        r->store = real;
        r->spare = false;
        buf_reset(&r->store_trouble);
        idmap_clean(&d->to_spare);
        idmap_clean(&d->to_real);
        return st;
    }
    store_close(real);
    rename_flights(d, NULL, &d->to_spare);
    spare_begin(d);
    d->spare_until = d->boot + OWE_AT_MOST;
    alarm_raise(r, "store", false, "the store %s cannot be used: %s; pages go out without it", r->config->store,
                nt_status_text(why));
    return st;
}

/* Were they left with their ids, a new page in memory would have one of them, and be taken for another. */
void spare_strand(struct drainer *d)
{
    const struct idmap none = {0};
    rename_flights(d, NULL, &none);
    spare_begin(d);
    if (mirror_sync(d, true) != NT_OK)
        d->seen = 0;
}

/* Ended in the real store since we left it (by newer news, or by hand), and not told from here: it stays ended. */
static bool ended_meanwhile(struct store *spare, const struct page *p, const struct page *original)
{
    struct page *digest = NULL;
    unsigned state = PAGE_BIT(p->state);
    if (original->state != PAGE_SUPERSEDED && original->state != PAGE_CANCELLED)
        return false;
    if (p->state == PAGE_MERGED && spare->ops->page_get(spare, p->merged_into, &digest) == NT_OK)
        state = PAGE_BIT(digest->state);
    page_free(digest);
    return state & PAGE_UNSENT;
}

/* Writes one page of the spare store back: onto its original, or as a new one, which is noted in made: it counts only
 * once it is committed, since after a rollback its id is somebody else's. */
static enum nt_status write_back(struct drainer *d, struct store *spare, struct store *real, struct idmap *alerts,
                                 struct idmap *made, struct page *p)
{
    struct page *original = NULL;
    int64_t spare_id = p->id, real_id = idmap_get(&d->to_real, p->id);
    enum nt_status st = NT_OK;
    if (real_id) {
        st = real->ops->page_get(real, real_id, &original);
        if (st == NT_ENOENT)
            real_id = 0;
        else if (st != NT_OK)
            return st;
    }
    if (real_id && ended_meanwhile(spare, p, original)) {
        p->merged_into = 0; /* nothing is left to be written of it */
        goto done;
    }
    if (real_id) {
        p->id = real_id;
        p->alert_id = original->alert_id;
        p->created = original->created;
        st = real->ops->page_save(real, p);
    } else {
        st = copy_alert(spare, real, alerts, p->alert_id, &p->alert_id);
        p->id = 0;
        if (st == NT_OK)
            st = real->ops->page_put(real, p);
        if (st == NT_OK)
            st = idmap_add(made, spare_id, p->id);
    }
    if (st == NT_OK)
        st = real->ops->step_put(real, p->id, d->now, p->state,
                                 "the store works again: what became of this page meanwhile");
    bool counted = original && original->flags & PAGE_COUNTED; /* before we left */
    if (st == NT_OK && !counted && p->flags & PAGE_COUNTED && p->attempt_started)
        st = real->ops->send_put(real, p->number, p->class, p->sender, p->attempt_started, p->segments);
done:
    page_free(original);
    return st;
}

static bool set_aside(struct drainer *d)
{
    struct store *fresh = NULL;
    size_t taken = 0;
    if (d->rescued && d->boot - d->rescued <= RESCUE_AGAIN)
        return false;
    d->rescued = d->boot;
    if (store_rescue(d->r->config->store, d->now, &fresh, &taken, NULL) != NT_OK)
        return false;
    store_close(fresh);
    return true;
}

bool spare_owes(const struct drainer *d)
{
    return d->r->spare && d->to_real.n && d->boot < d->spare_until;
}

/* May the store be gone back to? */
static bool lock_first(struct drainer *d)
{
    const char *store = d->r->config->store;
    long holder = 0;
    if (!d->o->unlocked || d->lock >= 0 || d->leaving)
        return true;
    enum nt_status st = drain_lock_take(store, false, &d->lock, &holder);
    if (st == NT_OK && d->lock_wish >= 0) {
        close(d->lock_wish);
        d->lock_wish = -1;
    }
    if (st == NT_OK)
        d->handing_over = false;
    if (st != NT_EBUSY) /* where there is no lock to be had, nobody else has it */
        return true;
    if (d->o->daemon) {
        if (d->lock_wish < 0 && drain_lock_want(store, &d->lock_wish) != NT_OK)
            log_warning("whoever drains %s cannot be told to leave", store);
        d->spare_retry = d->boot + OWED_RETRY;
        return false;
    }
    if (!d->handing_over)
        log_warning("process %ld delivers from the store %s by now: what is here goes over to it", holder, store);
    d->handing_over = true;
    d->spare_retry = d->boot + OWED_RETRY;
    return !d->flight;
}

void spare_leave(struct drainer *d, int64_t patience)
{
    struct runtime *r = d->r;
    struct store *real = NULL;
    struct copy c = {0};
    struct idmap alerts = {0}, made = {0};
    struct buf error;
    buf_init(&error, 1024);
    enum nt_status st = store_open_within(r->config->store, patience, &real, &error);
    if (st == NT_OK && !lock_first(d))
        goto done;
    if (st == NT_OK)
        st = real->ops->begin(real);
    if (st != NT_OK) {
        log_warning("the store %s still cannot be used: %s", r->config->store,
                    error.len ? buf_text(&error) : nt_status_text(st));
        goto done;
    }
    st = r->store->ops->pages(r->store, &(struct store_query){.kind = PAGES_ALL}, copy_page, &c);
    if (st == NT_OK)
        st = c.status;
    for (size_t i = 0; st == NT_OK && i < c.n; i++)
        st = write_back(d, r->store, real, &alerts, &made, c.page[i]);
    for (size_t i = 0; st == NT_OK && i < c.n; i++)
        if (c.page[i]->merged_into) {
            int64_t digest = idmap_get(&made, c.page[i]->merged_into);
            c.page[i]->merged_into = digest ? digest : idmap_get(&d->to_real, c.page[i]->merged_into);
            st = real->ops->page_save(real, c.page[i]);
        }
    if (st == NT_OK)
        (void)r->store->ops->numbers(r->store, true, copy_number, real);
    if (st == NT_OK)
        st = real->ops->commit(real);
    else
        real->ops->rollback(real);
    if (st != NT_OK) {
        log_error("the store %s works again, but cannot be written: %s", r->config->store, nt_status_text(st));
        goto done;
    }
    rename_flights(d, &made, &d->to_real);
    intake_rename(d, &made, &d->to_real);
    store_close(r->store);
    r->store = real;
    r->store->patience = STORE_PATIENCE;
    real = NULL;
    r->spare = false;
    d->leaving |= d->handing_over;
    intake_late(d);
    buf_reset(&r->store_trouble);
    idmap_clean(&d->to_spare);
    idmap_clean(&d->to_real);
    log_warning("the store %s works again: %zu pages written back", r->config->store, c.n);
    if (mirror_sync(d, true) != NT_OK)
        d->seen = 0;
    /* what could not be read when it was left: nobody else asks what became of it as long as we live */
    if (lookup_remnants(d) != NT_OK)
        log_error("pages that were being sent when the store failed wait for the next drainer");
done:
    store_close(real);
    if (st != NT_OK) /* nobody can be handed anything: pages go on from here */
        d->handing_over = false;
    if (st == NT_ECORRUPT && set_aside(d)) /* the next try finds the new one */
        d->spare_retry = d->boot;
    copy_clean(&c);
    idmap_clean(&alerts);
    idmap_clean(&made);
    buf_clean(&error);
}

void spare_begin(struct drainer *d)
{
    d->spare_retry = d->boot + RETRY;
}

/* A drainer that would end, but owes the store something, tries at once, and then again and again. */
void spare_turn(struct drainer *d, bool idle)
{
    bool last = idle && spare_owes(d);
    if (last && !d->spare_last)
        d->spare_retry = d->boot;
    d->spare_last = last;
    if (d->boot < d->spare_retry)
        return;
    d->spare_retry = d->boot + (last ? OWED_RETRY : RETRY); /* spare_leave() may have a better idea */
    spare_leave(d, LOOK_PATIENCE);
}

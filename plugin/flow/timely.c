/*
 * timely: what happens because time passes — expiry, the clock being set, old pages going — or need not pass.
 */
#include "flow/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "twilio/response.h"

enum { PURGE_AT_ONCE = 200 };

struct id_list {
    int64_t *item;
    size_t n, size;
    int64_t now;
    bool all, failed;
};

static bool list_add(struct id_list *l, int64_t id)
{
    if (!VECTOR_GROW(l, item)) {
        l->failed = true;
        return false;
    }
    l->item[l->n++] = id;
    return true;
}

static bool list_expired(void *arg, struct ready_entry *e)
{
    struct id_list *l = arg;
    return (!l->all && e->expire > l->now) || list_add(l, e->id);
}

enum nt_status timely_expire(struct drainer *d)
{
    struct id_list due = {.now = d->now};
    enum nt_status st = NT_OK;
    ready_all(&d->ready, list_expired, &due);
    for (size_t i = 0; st == NT_OK && i < due.n; i++) {
        struct page *p = NULL;
        st = d->r->store->ops->page_get(d->r->store, due.item[i], &p);
        if (st == NT_OK && (p->state == PAGE_QUEUED || p->state == PAGE_HELD) && p->expire <= d->now)
            st = settle_expired(d, p);
        else if (st == NT_ENOENT)
            st = NT_OK;
        page_free(p);
    }
    mem_free(due.item);
    return st;
}

static bool list_member(void *arg, const struct page *p)
{
    return list_add(arg, p->id);
}

/* Its moments move along; a digest's members are put on the list. */
static enum nt_status shift_page(struct drainer *d, int64_t id, int64_t by, struct id_list *all)
{
    struct page *p = NULL;
    struct store *s = d->r->store;
    enum nt_status st = s->ops->page_get(s, id, &p);
    if (st == NT_ENOENT || st == NT_EINVAL)
        return NT_OK;
    if (st == NT_OK && PAGE_BIT(p->state) & (PAGE_UNSETTLED | PAGE_BIT(PAGE_MERGED))) {
        p->due += by;
        p->expire += by;
        if (p->state == PAGE_SENDING) /* whoever looks for it after us has this alone to tell how long ago it was */
            p->attempt_started += by;
        st = settle_save(d, p, p->state, "the clock jumped by %lld s; waits go along", (long long)(by / 1000));
        if (st == NT_OK && p->flags & PAGE_DIGEST) {
            struct store_query members = {.kind = PAGES_MERGED_INTO, .id = id, .states = PAGE_BIT(PAGE_MERGED)};
            st = s->ops->pages(s, &members, list_member, all);
        }
    }
    page_free(p);
    return st;
}

/*
 * The clock was set: what was to happen in 30 s still happens in 30 s. Moments stored by the old clock move along with
 * it, or a jump of a day ahead would expire everything and one of a day back would hold everything for a day: those of
 * the pages that wait, of those being sent, and of the members of digests. The mirror holds what was stored before the
 * jump; what comes from now on has the new time already.
 */
enum nt_status timely_shift(struct drainer *d, int64_t by)
{
    struct id_list all = {.all = true};
    enum nt_status st = NT_OK;
    log_warning("the clock jumped by %lld s: waits and expiry of %zu pages go along", (long long)(by / 1000),
                d->ready.waiting);
    ready_all(&d->ready, list_expired, &all);
    for (struct flight *f = d->flight; st == NT_OK && f; f = f->next)
        if (f->step != FLIGHT_OVER)
            st = list_member(&all, f->page) ? NT_OK : NT_ENOMEM;
    for (size_t i = 0; st == NT_OK && i < all.n; i++) /* grows on the way */
        st = shift_page(d, all.item[i], by, &all);
    if (st == NT_OK && all.failed)
        st = NT_ENOMEM;
    mem_free(all.item);
    return st;
}

static bool list_put_off(void *arg, struct ready_entry *e)
{
    struct id_list *l = arg;
    return e->due <= l->now || e->held || e->taken || list_add(l, e->id);
}

enum nt_status timely_let_in(struct drainer *d)
{
    struct id_list put_off = {.now = d->now};
    enum nt_status st = NT_OK;
    ready_all(&d->ready, list_put_off, &put_off);
    for (size_t i = 0; st == NT_OK && i < put_off.n; i++) {
        struct page *p = NULL;
        st = d->r->store->ops->page_get(d->r->store, put_off.item[i], &p);
        if (st == NT_ENOENT) {
            st = NT_OK;
        } else if (st == NT_OK && p->state == PAGE_QUEUED && p->due > d->now && error_of_account(p->error_code)) {
            p->due = d->now;
            st = settle_save(d, p, PAGE_QUEUED, "Twilio may let us in now: tried at once");
        }
        page_free(p);
    }
    if (st == NT_OK && put_off.failed)
        st = NT_ENOMEM;
    mem_free(put_off.item);
    return st;
}

enum nt_status timely_purge(struct drainer *d)
{
    size_t deleted = 0;
    enum nt_status st = d->r->store->ops->purge(d->r->store, d->now - d->r->config->retain, PURGE_AT_ONCE, &deleted);
    d->purge_more = deleted >= PURGE_AT_ONCE;
    return st;
}

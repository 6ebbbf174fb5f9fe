/*
 * timely: what happens because time passes — expiry, the clock being set, old pages going.
 */
#include "flow/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"

#include <stdlib.h>

enum { PURGE_AT_ONCE = 200 };

struct id_list {
    int64_t *item;
    size_t n, size;
    int64_t now;
    bool all, failed;
};

static bool list_expired(void *arg, struct ready_entry *e)
{
    struct id_list *l = arg;
    if (!l->all && e->expire > l->now)
        return true;
    if (!VECTOR_GROW(l, item)) {
        l->failed = true;
        return false;
    }
    l->item[l->n++] = e->id;
    return true;
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

/*
 * The clock was set: what was to happen in 30 s still happens in 30 s. Moments stored by the old clock move along with
 * it, or a jump of a day ahead would expire everything and one of a day back would hold everything for a day.
 */
enum nt_status timely_shift(struct drainer *d, int64_t by)
{
    struct id_list all = {.all = true};
    enum nt_status st = NT_OK;
    log_warning("the clock jumped by %lld s: waits and expiry of %zu pages go along", (long long)(by / 1000),
                d->ready.waiting);
    ready_all(&d->ready, list_expired, &all);
    for (size_t i = 0; st == NT_OK && i < all.n; i++) {
        struct page *p = NULL;
        st = d->r->store->ops->page_get(d->r->store, all.item[i], &p);
        /* a page stored after the jump already has the new time */
        if (st == NT_OK && (p->state == PAGE_QUEUED || p->state == PAGE_HELD) &&
            llabs(p->created + by - d->now) < llabs(p->created - d->now)) {
            p->created += by;
            p->due += by;
            p->expire += by;
            st = settle_save(d, p, p->state, "the clock jumped by %lld s; waits go along", (long long)(by / 1000));
        } else if (st == NT_ENOENT) {
            st = NT_OK;
        }
        page_free(p);
    }
    mem_free(all.item);
    return st;
}

enum nt_status timely_purge(struct drainer *d)
{
    size_t deleted = 0;
    return d->r->store->ops->purge(d->r->store, d->now - d->r->config->retain, PURGE_AT_ONCE, &deleted);
}

/*
 * mirror: keeping `ready` and the watched receipts in step with the store.
 */
#include "flow/engine.h"

struct sync {
    struct drainer *d;
    enum nt_status status;
    int64_t last;
};

static bool sync_page(void *arg, const struct page *page)
{
    struct sync *y = arg;
    struct drainer *d = y->d;
    y->status = ready_update(&d->ready, page);
    if (y->status == NT_OK)
        y->status = track_add(d, page);
    if (y->status == NT_OK)
        y->status = pictures_note(d, page);
    if (page->change > y->last)
        y->last = page->change;
    return y->status == NT_OK;
}

/* A flight without a lane is not seen by what goes to the same number: nothing may be claimed then. */
static enum nt_status give_lanes(struct drainer *d)
{
    enum nt_status st = NT_OK;
    for (struct flight *f = d->flight; f; f = f->next)
        if (f->lane == READY_NONE && (f->lane = ready_lane(&d->ready, f->page->number)) == READY_NONE)
            st = NT_ENOMEM;
    return st;
}

/* Everything at first, then what has changed. */
enum nt_status mirror_sync(struct drainer *d, bool all)
{
    struct store *s = d->r->store;
    struct sync y = {.d = d, .last = d->seen};
    enum nt_status st;
    if (all) {
        int64_t change = 0;
        if ((st = s->ops->change(s, &change)) != NT_OK)
            return st;
        ready_clean(&d->ready);
        for (struct flight *f = d->flight; f; f = f->next)
            f->lane = READY_NONE; /* theirs went with the others */
        pictures_forget(d);
        st = s->ops->pages(s, &(struct store_query){.kind = PAGES_IN_STATES, .states = PAGE_UNSENT}, sync_page, &y);
        if (st == NT_OK && y.status == NT_OK)
            st = s->ops->pages(s, &(struct store_query){.kind = PAGES_WATCHED}, sync_page, &y);
        y.last = change;
    } else {
        st = s->ops->pages(s, &(struct store_query){.kind = PAGES_CHANGED, .after = d->seen}, sync_page, &y);
    }
    if (st == NT_OK)
        st = y.status;
    enum nt_status lanes = give_lanes(d);
    if (st == NT_OK)
        st = lanes;
    if (st == NT_OK)
        d->seen = y.last;
    return st;
}

bool mirror_behind(const struct drainer *d)
{
    int64_t last = 0;
    return d->r->store->ops->change(d->r->store, &last) == NT_OK && last != d->seen;
}

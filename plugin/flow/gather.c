/*
 * gather: digests — one page that stands for the several held back for a number and class.
 *
 * A digest is made at the moment when its slot comes, from what is held then, and made anew from what is still true
 * each time it is tried again. Its members are `merged` into it and end with it; when it is refused or expires they are
 * back in the queue, each to go by itself.
 *
 * DIAGNOSTICS: store errors and NT_ENOMEM are returned, the caller's transaction is rolled back. A member whose alert
 * cannot be read is still counted.
 */
#include "flow/engine.h"

#include "base/mem.h"
#include "base/vector.h"
#include "flow/compose.h"
#include "throttle/digest.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAMED_MAX = 256,        /* alerts that are looked at for naming; no text names that many */
    EXPIRED_TOLD = 86400000 /* ms: what expired longer ago is no news any more */
};

struct members {
    struct page **page;
    size_t n, size;
    struct drainer *d;
    enum nt_status status;
};

static void members_clean(struct members *m)
{
    for (size_t i = 0; i < m->n; i++)
        page_free(m->page[i]);
    mem_free(m->page);
    memset(m, 0, sizeof *m);
}

static bool member_add(struct members *m, struct page *p)
{
    if (!p || !VECTOR_GROW(m, page)) {
        page_free(p);
        m->status = NT_ENOMEM;
        return false;
    }
    m->page[m->n++] = p;
    return true;
}

static bool member_copy(void *arg, const struct page *page)
{
    struct members *m = arg;
    if (page->state != PAGE_MERGED && page->state != PAGE_EXPIRED)
        return true;
    return member_add(m, page_copy(page));
}

/* Held pages, and those that are due now and would be held. */
static bool entry_member(void *arg, struct ready_entry *e)
{
    struct members *m = arg;
    struct drainer *d = m->d;
    struct page *p = NULL;
    if (e->taken || (!e->held && e->due > d->now) || flight_same_object(d, e->lane, e->object))
        return true;
    enum nt_status st = d->r->store->ops->page_get(d->r->store, e->id, &p);
    if (st == NT_ENOENT)
        return true;
    if (st != NT_OK) {
        m->status = st;
        return false;
    }
    if ((p->state != PAGE_HELD && p->state != PAGE_QUEUED) || p->flags & (PAGE_DIGEST | PAGE_ALONE) ||
        p->expire <= d->now || *p->from) {
        page_free(p);
        return true;
    }
    e->taken = 1;
    return member_add(m, p);
}

/* Gives the entries back that were taken for a digest which is not made. */
static bool entry_untake(void *arg, struct ready_entry *e)
{
    const struct members *m = arg;
    for (size_t i = 0; i < m->n; i++)
        if (m->page[i]->id == e->id)
            e->taken = 0;
    return true;
}

static bool is_bad(const struct drainer *d, const struct page *p)
{
    return p->event == EVENT_PROBLEM && strlist_has(&d->r->config->urgent_states, p->alert_state);
}

static struct drainer *order_for;

static int by_weight(const void *a, const void *b)
{
    const struct page *x = *(struct page *const *)a, *y = *(struct page *const *)b;
    int bad = is_bad(order_for, y) - is_bad(order_for, x);
    return bad ? bad : (x->created < y->created) - (x->created > y->created);
}

/* The text, from the members' alerts: worst first. */
static enum nt_status write_text(struct drainer *d, struct page *digest, struct members *m)
{
    const struct alert *alert[NAMED_MAX];
    struct sms_text text;
    size_t n = 0;
    enum nt_status st = NT_OK;
    if (m->n > NAMED_MAX) {
        order_for = d;
        qsort(m->page, m->n, sizeof *m->page, by_weight);
    }
    for (size_t i = 0; i < m->n && n < NAMED_MAX; i++) {
        struct alert *a = NULL;
        st = d->r->store->ops->alert_get(d->r->store, m->page[i]->alert_id, &a);
        if (st == NT_OK)
            alert[n++] = a;
        else if (st != NT_ENOENT)
            break;
        st = NT_OK;
    }
    sms_text_init(&text);
    if (st == NT_OK) {
        digest_order(alert, n);
        st = compose_digest(d->r, alert, n, m->n, digest, &text);
    }
    if (st == NT_OK)
        st = compose_into(digest, &text);
    sms_text_clean(&text);
    for (size_t i = 0; i < n; i++)
        alert_free((struct alert *)(uintptr_t)alert[i]);
    return st;
}

static enum nt_status merge(struct drainer *d, const struct page *digest, struct members *m)
{
    enum nt_status st = NT_OK;
    for (size_t i = 0; st == NT_OK && i < m->n; i++) {
        struct page *p = m->page[i];
        if (p->merged_into == digest->id)
            continue;
        p->merged_into = digest->id;
        if (p->state == PAGE_EXPIRED)
            st = settle_save(d, p, PAGE_EXPIRED, "told in digest %lld", (long long)digest->id);
        else
            st = settle_save(d, p, PAGE_MERGED, "told in digest %lld, with %zu more", (long long)digest->id, m->n - 1);
    }
    return st;
}

/* Urgent pages to this number that expired unsent are told with the next digest. */
static bool expired_member(void *arg, const struct page *page)
{
    struct members *m = arg;
    if (page->merged_into || page->flags & PAGE_DIGEST)
        return true;
    return member_add(m, page_copy(page));
}

static enum nt_status add_expired(struct members *m, const char *number)
{
    struct store *s = m->d->r->store;
    struct store_query q = {.kind = PAGES_OF_LANE,
                            .number = number,
                            .class = CLASS_URGENT,
                            .states = PAGE_BIT(PAGE_EXPIRED),
                            .since = m->d->now - EXPIRED_TOLD};
    enum nt_status st = s->ops->pages(s, &q, expired_member, m);
    return st == NT_OK ? m->status : st;
}

static void span_of(struct page *digest, const struct members *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->page[i]->state != PAGE_EXPIRED && m->page[i]->expire > digest->expire)
            digest->expire = m->page[i]->expire;
}

enum nt_status gather_digest(struct drainer *d, int32_t lane, enum alert_class class, const struct page *first,
                             struct page **digest)
{
    struct members m = {.d = d};
    struct page *p = NULL;
    enum nt_status st = NT_OK;
    *digest = NULL;
    ready_each(&d->ready, lane, class, entry_member, &m);
    if ((st = m.status) != NT_OK)
        goto done;
    if (m.n < 2) {
        ready_each(&d->ready, lane, class, entry_untake, &m);
        goto done;
    }
    if (class == CLASS_URGENT && (st = add_expired(&m, first->number)) != NT_OK)
        goto done;
    if (!(p = page_new())) {
        st = NT_ENOMEM;
        goto done;
    }
    memcpy(p->number, first->number, sizeof p->number);
    p->class = class;
    p->flags = PAGE_DIGEST;
    p->event = EVENT_PROBLEM;
    p->source = first->source;
    p->notification_number = -1;
    p->created = p->due = d->now;
    span_of(p, &m);
    if ((st = page_set(&p->contact, first->contact)) != NT_OK || (st = write_text(d, p, &m)) != NT_OK ||
        (st = settle_save(d, p, PAGE_QUEUED, "digest of %zu pages that were held", m.n)) != NT_OK ||
        (st = merge(d, p, &m)) != NT_OK)
        goto done;
    *digest = p;
    p = NULL;
done:
    page_free(p);
    members_clean(&m);
    return st;
}

static enum nt_status members_of(struct drainer *d, const struct page *digest, struct members *m)
{
    struct store *s = d->r->store;
    struct store_query q = {.kind = PAGES_MERGED_INTO, .id = digest->id};
    enum nt_status st = s->ops->pages(s, &q, member_copy, m);
    return st == NT_OK ? m->status : st;
}

enum nt_status gather_refresh(struct drainer *d, int32_t lane, struct page *digest, bool *gone)
{
    struct members m = {.d = d};
    enum nt_status st = members_of(d, digest, &m);
    size_t living = 0, had = m.n;
    *gone = false;
    if (st != NT_OK)
        goto done;
    for (size_t i = 0; st == NT_OK && i < m.n; i++) {
        if (m.page[i]->state == PAGE_MERGED && m.page[i]->expire <= d->now)
            st = settle_expired(d, m.page[i]);
        living += m.page[i]->state == PAGE_MERGED;
    }
    if (st != NT_OK)
        goto done;
    /* what has been held since goes along */
    ready_each(&d->ready, lane, digest->class, entry_member, &m);
    if ((st = m.status) != NT_OK)
        goto done;
    living += m.n - had;
    if (!living) {
        *gone = true;
        st = settle_save(d, digest, PAGE_CANCELLED, "nothing is left to tell");
        goto done;
    }
    span_of(digest, &m);
    if ((st = write_text(d, digest, &m)) == NT_OK)
        st = merge(d, digest, &m);
done:
    members_clean(&m);
    return st;
}

enum nt_status gather_return(struct drainer *d, const struct page *digest, const char *why)
{
    struct members m = {.d = d};
    enum nt_status st = members_of(d, digest, &m);
    for (size_t i = 0; st == NT_OK && i < m.n; i++) {
        struct page *p = m.page[i];
        p->merged_into = 0;
        if (p->state == PAGE_EXPIRED) { /* to be told in the next one */
            st = settle_save(d, p, PAGE_EXPIRED, "digest %lld did not go (%s)", (long long)digest->id, why);
            continue;
        }
        p->flags |= PAGE_ALONE;
        p->due = d->now;
        st = settle_save(d, p, PAGE_QUEUED, "digest %lld did not go (%s): back in the queue", (long long)digest->id,
                         why);
    }
    members_clean(&m);
    return st;
}

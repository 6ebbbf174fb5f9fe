/*
 * repair: what an admin does to pages by hand.
 *
 * A repaired page begins anew: attempts, errors, ruled out senders and what Twilio refused of it are forgotten, its
 * time to live starts now. What stays is what protects others: its creation (its text tells its age when it goes),
 * PAGE_MAY_HAVE_SENT (a recovery must not be withheld), and the SID of an earlier message, so that a look into Twilio's
 * list does not take that one for the new one. Throttles hold for it as for any page.
 *
 * DIAGNOSTICS: NT_EREFUSED with words; the store's errors, after which the caller rolls back.
 */
#include "flow/repair.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "queue/supersede.h"

#include <string.h>

#define ENDED (PAGE_BIT(PAGE_FAILED) | PAGE_BIT(PAGE_UNDELIVERED) | PAGE_BIT(PAGE_EXPIRED))

/* Everything that a fresh start forgets. */
#define FORGOTTEN                                                                                                      \
    ((unsigned)(PAGE_TEXT_ONLY | PAGE_NO_CALLBACK | PAGE_AMBIGUOUS | PAGE_WATCH | PAGE_COUNTED | PAGE_AGAIN))

void id_array_clean(struct id_array *l)
{
    mem_free(l->item);
    memset(l, 0, sizeof *l);
}

enum nt_status id_array_add(struct id_array *l, int64_t id)
{
    if (!VECTOR_GROW(l, item))
        return NT_ENOMEM;
    l->item[l->n++] = id;
    return NT_OK;
}

static enum nt_status save(struct runtime *r, struct page *p, enum page_state state, const char *reason)
{
    struct store *s = r->store;
    p->state = state;
    enum nt_status st = s->ops->page_save(s, p);
    if (st == NT_OK)
        st = s->ops->step_put(s, p->id, runtime_now(r), state, reason);
    if (st == NT_OK)
        log_info("page %lld to %s: %s: %s", (long long)p->id, p->number, page_state_name(state), reason);
    return st;
}

/* Why a page in this state is not sent again. */
static bool refuse_state(const struct page *p, struct buf *words)
{
    switch (p->state) {
    case PAGE_SENDING:
        buf_adds(words, p->flags & PAGE_AMBIGUOUS
                            ? "nobody knows yet whether it arrived; it is being looked up, and sent again if not"
                            : "it is being sent right now");
        break;
    case PAGE_SENT:
        buf_adds(words, "it was sent; its receipt has not come");
        break;
    case PAGE_DELIVERED:
        buf_adds(words, "it was delivered");
        break;
    case PAGE_MERGED:
        buf_addf(words, "it is told in the digest %lld: retry that", (long long)p->merged_into);
        break;
    case PAGE_DUPLICATE:
        buf_addf(words, "it is a duplicate of page %lld: retry that", (long long)p->merged_into);
        break;
    case PAGE_QUEUED:
    case PAGE_HELD:
    case PAGE_UNDELIVERED:
    case PAGE_FAILED:
    case PAGE_EXPIRED:
    case PAGE_SUPERSEDED:
    case PAGE_CANCELLED:
        return false;
    }
    return true;
}

static enum nt_status forget_opt_out(struct runtime *r, const struct page *p, bool *forgotten)
{
    struct store *s = r->store;
    struct number_state number;
    enum nt_status st = s->ops->number_get(s, p->number, &number);
    *forgotten = st == NT_OK && number.opted_out;
    if (!*forgotten)
        return st;
    number.opted_out = 0;
    log_info("%s is no longer marked as opted out: page %lld asks again", p->number, (long long)p->id);
    return s->ops->number_put(s, p->number, &number);
}

struct members {
    struct runtime *r;
    int64_t expire;
    size_t n;
    enum nt_status status;
};

/* A digest is made anew from the members that are still alive: give them time, too. */
static bool revive_member(void *arg, const struct page *page)
{
    struct members *m = arg;
    struct store *s = m->r->store;
    if (page->state != PAGE_MERGED)
        return true;
    struct page *p = page_copy(page);
    if (!p) {
        m->status = NT_ENOMEM;
        return false;
    }
    m->n++;
    if (p->expire < m->expire) {
        p->expire = m->expire;
        m->status = s->ops->page_save(s, p);
    }
    page_free(p);
    return m->status == NT_OK;
}

static enum nt_status revive_members(struct runtime *r, const struct page *digest, size_t *n)
{
    struct store *s = r->store;
    struct members m = {.r = r, .expire = digest->expire};
    struct store_query q = {.kind = PAGES_MERGED_INTO, .id = digest->id};
    enum nt_status st = s->ops->pages(s, &q, revive_member, &m);
    *n = m.n;
    return st == NT_OK ? m.status : st;
}

static enum nt_status refuse_stale(struct runtime *r, const struct page *p, struct buf *words)
{
    bool newer = false;
    enum nt_status st = supersede_newer(r->store, p, &newer);
    if (st == NT_OK && newer) {
        buf_adds(words, "newer news of its object has come since");
        if (p->state == PAGE_SUPERSEDED && p->merged_into)
            buf_addf(words, " (page %lld)", (long long)p->merged_into);
        st = NT_EREFUSED;
    }
    return st;
}

enum nt_status repair_retry(struct runtime *r, int64_t id, struct page **out, struct buf *words)
{
    struct store *s = r->store;
    struct page *p = NULL;
    int64_t now = runtime_now(r);
    bool opted_out = false;
    *out = NULL;
    enum nt_status st = s->ops->page_get(s, id, &p);
    if (st != NT_OK)
        goto done;
    if (refuse_state(p, words)) {
        st = NT_EREFUSED;
        goto done;
    }
    if ((st = refuse_stale(r, p, words)) != NT_OK)
        goto done;
    p->flags &= ~FORGOTTEN;
    p->due = now;
    p->expire = now + (p->class == CLASS_URGENT ? r->config->expire_urgent : r->config->expire_routine);
    p->attempts = p->sender_skip = p->error_code = 0;
    p->merged_into = 0;
    if (p->flags & PAGE_DIGEST) {
        size_t alive = 0;
        if ((st = revive_members(r, p, &alive)) == NT_OK && !alive) {
            buf_adds(words, "none of its pages is left in it; they went on by themselves");
            st = NT_EREFUSED;
        }
        if (st != NT_OK)
            goto done;
    }
    if ((st = page_set(&p->error_message, "")) != NT_OK || (st = forget_opt_out(r, p, &opted_out)) != NT_OK ||
        (st = save(r, p, PAGE_QUEUED,
                   opted_out ? "queued again by hand; its number is asked again though it had opted out"
                             : "queued again by hand")) != NT_OK)
        goto done;
    *out = p;
    p = NULL;
done:
    page_free(p);
    return st;
}

enum nt_status repair_drop(struct runtime *r, int64_t id, struct page **out, struct buf *words)
{
    struct page *p = NULL;
    *out = NULL;
    enum nt_status st = r->store->ops->page_get(r->store, id, &p);
    if (st != NT_OK)
        goto done;
    if (p->state != PAGE_QUEUED && p->state != PAGE_HELD) {
        if (p->state == PAGE_SENDING)
            buf_adds(words, "its request is under way, or nobody knows whether it arrived: too late to drop it");
        else
            buf_addf(words, "it is %s, not waiting", page_state_name(p->state));
        st = NT_EREFUSED;
        goto done;
    }
    if ((st = save(r, p, PAGE_CANCELLED, "dropped by hand")) != NT_OK)
        goto done;
    *out = p;
    p = NULL;
done:
    page_free(p);
    return st;
}

/* ---- looking ---- */

struct search {
    struct runtime *r;
    struct id_array *out;
    const struct page *head; /* whose other ways are looked for */
    bool carried;
    int64_t since, now;
    enum nt_status status;
};

/* A page that went on where the head failed, and has not failed as well. */
static bool find_carrier(void *arg, const struct page *p)
{
    struct search *f = arg;
    bool same = *p->contact ? !strcmp(p->contact, f->head->contact) : !strcmp(p->number, f->head->number);
    f->carried = same && p->flags & PAGE_AGAIN && p->id > f->head->id && !(PAGE_BIT(p->state) & ENDED);
    return !f->carried;
}

static enum nt_status wanted(struct search *f, const struct page *p, bool *yes)
{
    struct store *s = f->r->store;
    struct number_state number;
    bool newer = false;
    *yes = false;
    if (p->created < f->since || p->flags & (PAGE_AGAIN | PAGE_DIGEST))
        return NT_OK;
    enum nt_status st = s->ops->number_get(s, p->number, &number);
    if (st != NT_OK || number.opted_out)
        return st;
    if ((st = supersede_newer(s, p, &newer)) != NT_OK || newer)
        return st;
    if (p->alert_id) {
        struct store_query q = {.kind = PAGES_OF_ALERT, .id = p->alert_id};
        f->head = p;
        f->carried = false;
        if ((st = s->ops->pages(s, &q, find_carrier, f)) != NT_OK || f->carried)
            return st;
    }
    /* an expired page that a digest has told meanwhile is no loss */
    *yes = !p->merged_into;
    return NT_OK;
}

static bool visit_ended(void *arg, const struct page *p)
{
    struct search *f = arg;
    bool yes = false;
    f->status = wanted(f, p, &yes);
    if (f->status == NT_OK && yes)
        f->status = id_array_add(f->out, p->id);
    return f->status == NT_OK;
}

enum nt_status repair_candidates(struct runtime *r, int64_t since, struct id_array *out)
{
    struct search f = {.r = r, .out = out, .since = since};
    struct store_query q = {.kind = PAGES_ALL, .states = ENDED, .since = since};
    enum nt_status st = r->store->ops->pages(r->store, &q, visit_ended, &f);
    return st == NT_OK ? f.status : st;
}

static bool visit_due(void *arg, const struct page *p)
{
    struct search *f = arg;
    if (p->state != PAGE_SENDING && p->due > f->now)
        return true;
    f->status = id_array_add(f->out, p->id);
    return f->status == NT_OK;
}

enum nt_status repair_due(struct store *s, int64_t now, struct id_array *out)
{
    struct search f = {.out = out, .now = now};
    struct store_query q = {.kind = PAGES_IN_STATES, .states = PAGE_UNSETTLED};
    enum nt_status st = s->ops->pages(s, &q, visit_due, &f);
    return st == NT_OK ? f.status : st;
}

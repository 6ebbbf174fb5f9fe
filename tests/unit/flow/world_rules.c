/* world_rules: see the header. */
#include "world_rules.h"

#include "base/mem.h"
#include "base/vector.h"
#include "throttle/throttle.h"
#include "twilio/request.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEVER_BEFORE = 30000, TOLERANCE = 1000 };

/* ---- at each request ---- */

/* The clock was set within ms before: what the history says of then is not what was. */
static bool jumped(const struct world *w, int64_t boot, int64_t ms)
{
    for (size_t i = 0; i < w->jumps; i++)
        if (w->jump[i] <= boot && w->jump[i] > boot - ms)
            return true;
    return false;
}

struct sending {
    struct world *w;
    struct tw_post *post;
    int n;
    int same; /* pages about the post's object to its number */
    char object[600];
};

static bool matches(const struct sending *x, const struct page *p)
{
    if (strcmp(p->number, x->post->to) != 0 || strcmp(p->body, x->post->body) != 0 ||
        strcmp(p->sender, x->post->sender) != 0 || p->attempt_started != x->post->wall)
        return false;
    const struct fake_twilio *t = &x->w->twilio;
    for (size_t i = 0; i + 1 < t->posts.n; i++)
        if (t->posts.item[i].page == p->id && t->posts.item[i].boot == x->post->boot)
            return false; /* that one's */
    return true;
}

static bool look_sending(void *arg, const struct page *p)
{
    struct sending *x = arg;
    x->n++;
    if (!x->post->page && matches(x, p)) {
        x->post->page = p->id;
        x->post->flags = p->flags;
        x->post->class = (int)p->class;
        x->post->attempt = p->attempts;
        snprintf(x->object, sizeof x->object, "%s", p->object);
    }
    return true;
}

static bool look_same(void *arg, const struct page *p)
{
    struct sending *x = arg;
    x->same += *x->object && !strcmp(p->object, x->object) && !strcmp(p->number, x->post->to);
    return true;
}

/* Another sender's pacing is another queue. */
static bool same_sender(const struct sending *x, const struct page *p)
{
    const struct config_twilio *t = &x->w->inside.config->twilio;
    int i = request_sender(t, p->number, p->sender_skip);
    return i >= 0 &&
           !strcmp(*t->sender[i].from ? t->sender[i].from : t->sender[i].messaging_service_sid, x->post->sender);
}

/* An urgent page of the number that could have gone instead. */
static bool look_urgent(void *arg, const struct page *p)
{
    struct sending *x = arg;
    int64_t now = x->w->clock.wall_ms;
    if (p->class != CLASS_URGENT || p->due > now || p->created >= now - TOLERANCE ||
        strcmp(p->number, x->post->to) != 0 || !same_sender(x, p))
        return true;
    snprintf(x->object, sizeof x->object, "%s", p->object);
    x->same = 0;
    struct store *s = world_store(x->w);
    enum nt_status st = s->ops->pages(
        s, &(struct store_query){.kind = PAGES_IN_STATES, .states = PAGE_BIT(PAGE_SENDING)}, look_same, x);
    if (st == NT_OK && !x->same)
        world_break(x->w, "routine page %lld goes to %s before urgent page %lld", (long long)x->post->page, p->number,
                    (long long)p->id);
    return true;
}

void world_rules_post(struct world *w, struct tw_post *post)
{
    struct store *s = world_store(w);
    const struct fake_twilio *t = &w->twilio;
    struct sending x = {.w = w, .post = post};
    struct store_query sending = {.kind = PAGES_IN_STATES, .states = PAGE_BIT(PAGE_SENDING)};
    if (w->inside.spare) { /* its pages have other ids */
        w->spared = true;
        return;
    }
    enum nt_status st = s->ops->pages(s, &sending, look_sending, &x);
    if (st == NT_OK && post->page)
        st = s->ops->pages(s, &sending, look_same, &x);
    if (st == NT_ENOMEM && mem_failed()) { /* the failure that the test asked for was ours */
        w->spared = true;
        return;
    }
    if (st != NT_OK)
        world_break(w, "the store cannot be read: %s", nt_status_text(st));
    else if (!post->page)
        world_break(w, "a request to %s without its intent on record: %s", post->to, post->body);
    else if (x.same > 1)
        world_break(w, "%d pages about %s are sending to %s", x.same, x.object, post->to);
    if (x.n > w->inside.config->twilio.connections)
        world_break(w, "%d pages sending with %d connections", x.n, w->inside.config->twilio.connections);
    for (size_t i = t->posts.n - 1; i-- > 0;) {
        const struct tw_post *before = &t->posts.item[i];
        if (before->page != post->page || !post->page)
            continue;
        bool sure = before->settled;
        /* a drainer that follows a dead one knows the start by the wall clock alone */
        bool misled = before->starts != post->starts && jumped(w, post->boot, post->boot - before->boot);
        post->misled = misled && !sure;
        if (!sure && !misled && post->boot - before->boot < NEVER_BEFORE)
            world_break(w, "page %lld is sent again %lld ms after a request of which nobody knows",
                        (long long)post->page, (long long)(post->boot - before->boot));
        break;
    }
    if (post->class == CLASS_ROUTINE) {
        struct sending y = {.w = w, .post = post};
        st = s->ops->pages(s, &(struct store_query){.kind = PAGES_IN_STATES, .states = PAGE_BIT(PAGE_QUEUED)},
                           look_urgent, &y);
    }
}

void world_rules_message(struct world *w, const struct tw_message *m, const struct tw_post *p)
{
    size_t n = p->page ? fake_twilio_of_page(&w->twilio, p->page) : 0;
    for (size_t i = 0; i < w->twilio.posts.n; i++)
        if (w->twilio.posts.item[i].page == p->page && w->twilio.posts.item[i].misled)
            return; /* see above: the second one may overtake the first */
    if (n > 1)
        world_break(w, "page %lld arrived twice at Twilio: %s", (long long)p->page, m->body);
}

/* ---- at the end ---- */

struct all {
    struct world *w;
    struct page **page;
    size_t n, size;
    bool failed;
};

static bool keep(void *arg, const struct page *p)
{
    struct all *a = arg;
    struct page *copy = page_copy(p);
    if (!copy || !VECTOR_GROW(a, page)) {
        page_free(copy);
        a->failed = true;
        return false;
    }
    a->page[a->n++] = copy;
    return true;
}

static const struct page *by_id(const struct all *a, int64_t id)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->page[i]->id == id)
            return a->page[i];
    return NULL;
}

static bool reached(const struct page *p)
{
    return p->state == PAGE_SENT || p->state == PAGE_DELIVERED || p->state == PAGE_UNDELIVERED;
}

/* It went, or its end is known to the admin. */
static bool told(const struct all *a, const struct page *p)
{
    if (reached(p) || p->state == PAGE_FAILED || p->state == PAGE_EXPIRED)
        return true;
    if (p->state == PAGE_MERGED) {
        const struct page *digest = by_id(a, p->merged_into);
        return digest && (reached(digest) || (digest->state == PAGE_FAILED && *digest->sid));
    }
    if (p->state == PAGE_DUPLICATE) {
        const struct page *original = by_id(a, p->merged_into);
        return original && original->state != PAGE_DUPLICATE && told(a, original);
    }
    return false;
}

static bool is_good(const struct page *p)
{
    return p->event == EVENT_RECOVERY;
}

/* The newest news of a problem must be told; what is left behind must have been left for newer news. */
static void judge_page(const struct all *a, const struct page *p)
{
    struct world *w = a->w;
    long long id = (long long)p->id;
    bool newer = false;
    switch (p->state) {
    case PAGE_QUEUED:
    case PAGE_HELD:
    case PAGE_SENDING:
        world_break(w, "page %lld is %s at the end", id, page_state_name(p->state));
        return;
    case PAGE_MERGED:
        if (!told(a, p))
            world_break(w, "page %lld is merged into %lld, which was not told", id, (long long)p->merged_into);
        return;
    case PAGE_DUPLICATE:
        if (!by_id(a, p->merged_into))
            world_break(w, "page %lld repeats nothing", id);
        return;
    case PAGE_SUPERSEDED:
    case PAGE_CANCELLED:
        break;
    case PAGE_SENT:
    case PAGE_DELIVERED:
    case PAGE_UNDELIVERED:
        if (fake_twilio_of_page(&w->twilio, p->id) != 1 && !w->jumps && !w->spared)
            world_break(w, "page %lld is %s, but Twilio has %zu messages of it", id, page_state_name(p->state),
                        fake_twilio_of_page(&w->twilio, p->id));
        return;
    case PAGE_FAILED:
    case PAGE_EXPIRED:
        return;
    }
    if (fake_twilio_of_page(&w->twilio, p->id))
        world_break(w, "page %lld is %s, but Twilio has it", id, page_state_name(p->state));
    for (size_t i = 0; i < a->n; i++)
        newer |= a->page[i]->alert_id > p->alert_id && !strcmp(a->page[i]->object, p->object) &&
                 !strcmp(a->page[i]->number, p->number) && a->page[i]->state != PAGE_DUPLICATE;
    bool closing = p->state == PAGE_CANCELLED && is_good(p);
    if (!newer && !closing && !(p->flags & PAGE_DIGEST) && strcmp(p->contact, "muted") != 0)
        world_break(w, "page %lld is %s, but nothing newer is known of its object", id, page_state_name(p->state));
    if (!closing)
        return;
    /* withheld: nothing of what went before may be known to the number, since the last recovery that was told */
    for (size_t i = a->n; i-- > 0;) {
        const struct page *q = a->page[i];
        if (q->alert_id >= p->alert_id || strcmp(q->object, p->object) != 0 || strcmp(q->number, p->number) != 0)
            continue;
        const struct page *carrier = q->state == PAGE_MERGED ? by_id(a, q->merged_into) : q;
        if (is_good(q) && carrier && fake_twilio_of_page(&w->twilio, carrier->id))
            break;
        if (carrier && q->event == EVENT_PROBLEM && fake_twilio_of_page(&w->twilio, carrier->id))
            world_break(w, "recovery %lld was withheld, but %s had been told by page %lld", id, p->number,
                        (long long)carrier->id);
    }
}

/* No step back in a page's life. */
struct life {
    struct world *w;
    enum page_state last;
    bool any;
};

static unsigned after(enum page_state s)
{
    switch (s) {
    case PAGE_QUEUED:
    case PAGE_HELD:
        return ~(PAGE_BIT(PAGE_DELIVERED) | PAGE_BIT(PAGE_UNDELIVERED) | PAGE_BIT(PAGE_DUPLICATE) |
                 PAGE_BIT(PAGE_SENT));
    case PAGE_SENDING:
        return PAGE_BIT(PAGE_QUEUED) | PAGE_BIT(PAGE_SENDING) | PAGE_BIT(PAGE_SENT) | PAGE_BIT(PAGE_FAILED) |
               PAGE_BIT(PAGE_EXPIRED);
    case PAGE_SENT:
        return PAGE_BIT(PAGE_SENT) | PAGE_BIT(PAGE_DELIVERED) | PAGE_BIT(PAGE_UNDELIVERED) | PAGE_BIT(PAGE_FAILED);
    case PAGE_MERGED:
        return PAGE_BIT(PAGE_QUEUED) | PAGE_BIT(PAGE_EXPIRED) | PAGE_BIT(PAGE_SUPERSEDED) | PAGE_BIT(PAGE_CANCELLED) |
               PAGE_BIT(PAGE_MERGED);
    case PAGE_EXPIRED:
        return PAGE_BIT(PAGE_EXPIRED); /* told in a digest */
    case PAGE_DELIVERED:
    case PAGE_UNDELIVERED:
    case PAGE_FAILED:
    case PAGE_SUPERSEDED:
    case PAGE_CANCELLED:
    case PAGE_DUPLICATE:
        return 0;
    }
    return 0;
}

static bool look_life(void *arg, const struct page_step *step)
{
    struct life *l = arg;
    bool from_spare = strstr(step->reason, "the store works again") != NULL; /* steps between were not kept */
    if (l->any && !from_spare && !(after(l->last) & PAGE_BIT(step->state)))
        world_break(l->w, "page %lld went from %s to %s", (long long)step->page_id, page_state_name(l->last),
                    page_state_name(step->state));
    l->any = true;
    l->last = step->state;
    return true;
}

/* How many hops a page's news may have gone: by receipts and failover. */
static void judge_copies(const struct all *a, const struct page *p)
{
    if (!p->alert_id || p->state == PAGE_DUPLICATE || p->flags & PAGE_AGAIN)
        return;
    for (size_t i = 0; i < a->n; i++) {
        const struct page *q = a->page[i];
        if (q->alert_id == p->alert_id && q->id > p->id && !strcmp(q->number, p->number) &&
            q->state != PAGE_DUPLICATE && !(q->flags & PAGE_AGAIN))
            world_break(a->w, "pages %lld and %lld tell %s the same", (long long)p->id, (long long)q->id, p->number);
    }
}

static const struct config_tiers *tiers_of(const struct world *w, const struct tw_post *p)
{
    const struct config_throttle *t = &w->inside.config->throttle;
    return p->class == CLASS_URGENT ? &t->urgent : &t->routine;
}

/* The oldest of what a page tells, to know whether hold_max had passed. */
static int64_t waiting_since(const struct all *a, const struct page *p)
{
    int64_t oldest = p->created;
    for (size_t i = 0; i < a->n; i++)
        if (a->page[i]->merged_into == p->id && a->page[i]->created < oldest)
            oldest = a->page[i]->created;
    return oldest;
}

/* The request with which its page began to count: the first that may have reached Twilio. A further attempt for a page
 * that did not arrive is not another page. What a drainer did not live to record does not count. */
static bool counts(const struct fake_twilio *t, size_t i)
{
    const struct tw_post *p = &t->posts.item[i];
    bool refused = p->kind == FAULT_ANSWER && p->settled;
    if (!p->page || p->kind == FAULT_DEAD || refused)
        return false;
    for (size_t j = 0; j < t->posts.n; j++) {
        const struct tw_post *q = &t->posts.item[j];
        if (q->page == p->page && (!q->answered || q->starts != p->starts ||
                                   (j < i && q->kind != FAULT_DEAD && !(q->kind == FAULT_ANSWER && q->settled))))
            return false;
    }
    return true;
}

/* Pages a number and class: no tier broken except after hold_max. */
static void judge_tiers(const struct all *a)
{
    struct world *w = a->w;
    const struct fake_twilio *t = &w->twilio;
    for (size_t i = 0; i < t->posts.n; i++) {
        const struct tw_post *p = &t->posts.item[i];
        const struct page *page = by_id(a, p->page);
        if (!page || !counts(t, i))
            continue;
        const struct config_tiers *tiers = tiers_of(w, p);
        int64_t hold_max =
            p->class == CLASS_URGENT ? w->inside.config->hold_max_urgent : w->inside.config->hold_max_routine;
        for (size_t k = 0; k < tiers->n; k++) {
            int n = 0;
            for (size_t j = 0; j < i; j++) {
                const struct tw_post *q = &t->posts.item[j];
                n += counts(t, j) && q->class == p->class && !strcmp(q->to, p->to) &&
                     q->boot > p->boot - tiers->tier[k].per;
            }
            if (n >= tiers->tier[k].pages && !jumped(w, p->boot, tiers->tier[k].per + hold_max) &&
                p->wall - waiting_since(a, page) < hold_max - TOLERANCE)
                world_break(w, "page %lld to %s is number %d within %lld s", (long long)p->page, p->to, n + 1,
                            (long long)(tiers->tier[k].per / 1000));
        }
    }
}

void world_rules_end(struct world *w)
{
    struct all a = {.w = w};
    struct store *s = world_store(w);
    enum nt_status st = s->ops->pages(s, &(struct store_query){.kind = PAGES_ALL}, keep, &a);
    if (st != NT_OK || a.failed)
        world_break(w, "the store cannot be read");
    for (size_t i = 0; i < a.n; i++) {
        struct life life = {.w = w};
        judge_page(&a, a.page[i]);
        judge_copies(&a, a.page[i]);
        st = s->ops->steps(s, a.page[i]->id, look_life, &life);
        if (st != NT_OK)
            world_break(w, "a history cannot be read");
    }
    judge_tiers(&a);
    for (size_t i = 0; i < a.n; i++)
        page_free(a.page[i]);
    mem_free(a.page);
}

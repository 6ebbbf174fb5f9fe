/*
 * supersede: newer news of an object ends what is still unsent about it, to one number.
 *
 * What ends what:
 *   a problem, a recovery, flapping, a downtime    every unsent page of the object
 *   an acknowledgement                             unsent problem pages
 *   a custom or test notification                  an unsent one with the same words: a note takes no problem away
 * Unsent is queued or held, or merged into a digest that is. What is being sent is never touched. Whether the new
 * page itself is withheld is news.c's to say; what it ends is then cancelled, else superseded.
 *
 * Which news is newer is told by the alert, not by the page: a page that tries another way for one that failed carries
 * old news under a new id.
 *
 * DIAGNOSTICS: the store's, and NT_ENOMEM; the caller rolls back.
 */
#include "queue/supersede.h"

#include "base/mem.h"
#include "queue/news.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_BACK = 16, REASON_MAX = 400 };

/* ---- ending ---- */

static void describe(const struct news *n, char *out, size_t size)
{
    char name[220];
    snprintf(name, sizeof name, "%.100s%s%.100s", *n->host ? n->host : "it", *n->service ? "/" : "", n->service);
    const char *state = *n->state ? n->state : "unknown";
    switch (n->event) {
    case EVENT_PROBLEM:
    case EVENT_RECOVERY:
        snprintf(out, size, "%s is now %.40s", name, state);
        break;
    case EVENT_ACKNOWLEDGEMENT:
        snprintf(out, size, "%s has been acknowledged", name);
        break;
    case EVENT_FLAPPING:
    case EVENT_DOWNTIME:
        snprintf(out, size, "%s: %s %s, %.40s", name, alert_event_name(n->event), alert_phase_name(n->phase), state);
        break;
    case EVENT_CUSTOM:
    case EVENT_TEST:
        snprintf(out, size, "%s: the same was said again", name);
        break;
    }
}

static enum nt_status end_page(struct store *s, struct page *p, enum page_state state, int64_t by, int64_t now,
                               const char *reason)
{
    p->state = state;
    p->merged_into = by;
    enum nt_status status = s->ops->page_save(s, p);
    return status ? status : s->ops->step_put(s, p->id, now, state, reason);
}

static bool stop(void *arg, const struct page *p)
{
    (void)p;
    *(bool *)arg = true;
    return false;
}

/* A digest that has nobody left to speak for does not go. */
static enum nt_status end_empty_digest(struct store *s, int64_t id, int64_t now)
{
    bool some = false;
    struct page *digest = NULL;
    struct store_query q = {.kind = PAGES_MERGED_INTO, .id = id, .states = PAGE_BIT(PAGE_MERGED), .limit = 1};
    enum nt_status status = s->ops->pages(s, &q, stop, &some);
    if (status || some)
        return status;
    status = s->ops->page_get(s, id, &digest);
    if (status == NT_OK && (PAGE_BIT(digest->state) & PAGE_UNSENT))
        status = end_page(s, digest, PAGE_SUPERSEDED, 0, now, "superseded: nothing is left for it to tell");
    page_free(digest);
    return status;
}

struct ending {
    struct store *s;
    const struct news *news;
    int64_t before;
    enum page_state state;
    int64_t by;
    int64_t now;
    const char *reason;
    struct supersede_result *out; /* NULL: nobody counts */
    enum nt_status status;
};

static bool end_one(void *arg, const struct page *page)
{
    struct ending *e = arg;
    struct news_fate fate;
    if (page->alert_id >= e->before || !news_supersedes(e->news, page))
        return true;
    e->status = news_fate(e->s, page, &fate);
    if (e->status || !fate.unsent)
        return e->status == NT_OK;
    struct page *p = page_copy(page);
    if (!p) {
        e->status = NT_ENOMEM;
        return false;
    }
    int64_t digest = p->state == PAGE_MERGED ? p->merged_into : 0;
    e->status = end_page(e->s, p, e->state, e->by, e->now, e->reason);
    if (e->status == NT_OK && digest)
        e->status = end_empty_digest(e->s, digest, e->now);
    if (e->status == NT_OK && e->out) {
        if (e->state == PAGE_CANCELLED)
            e->out->cancelled++;
        else
            e->out->superseded++;
        if (e->out->links < SUPERSEDE_LINKS)
            e->out->link[e->out->links++] = p->id;
    }
    page_free(p);
    return e->status == NT_OK;
}

static enum nt_status end_unsent(struct ending *e, const char *object, const char *number)
{
    static const unsigned sets[] = {PAGE_UNSENT, PAGE_BIT(PAGE_MERGED)}; /* apart, since each has an index of its own */
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct store_query q = {.kind = PAGES_OF_OBJECT, .object = object, .number = number, .states = sets[i]};
        enum nt_status status = e->s->ops->pages(e->s, &q, end_one, e);
        if (status == NT_OK)
            status = e->status;
        if (status)
            return status;
    }
    return NT_OK;
}

static void reason_of(const struct news *news, bool withhold, int64_t by, char out[REASON_MAX])
{
    char what[REASON_MAX - 100];
    describe(news, what, sizeof what);
    if (withhold)
        snprintf(out, REASON_MAX, "cancelled: %s, and nothing about it had been sent", what);
    else if (by)
        snprintf(out, REASON_MAX, "superseded by page %lld: %s", (long long)by, what);
    else
        snprintf(out, REASON_MAX, "superseded: %s", what);
}

/* ---- the ways in ---- */

enum nt_status supersede_look(struct store *s, const struct alert *alert, const char *number, int64_t now,
                              struct supersede_result *out)
{
    struct news news = news_of_alert(alert);
    (void)now; /* order is told by alerts, not by clocks */
    return news_look_back(s, &news, alert->object, number, INT64_MAX, out);
}

enum nt_status supersede_apply(struct store *s, const struct alert *alert, const char *number, int64_t now,
                               struct supersede_result *out)
{
    char reason[REASON_MAX];
    struct news news = news_of_alert(alert);
    enum nt_status status = supersede_look(s, alert, number, now, out);
    if (status)
        return status;
    reason_of(&news, out->withhold, 0, reason);
    struct ending e = {.s = s,
                       .news = &news,
                       .before = INT64_MAX,
                       .state = out->withhold ? PAGE_CANCELLED : PAGE_SUPERSEDED,
                       .now = now,
                       .reason = reason,
                       .out = out};
    return end_unsent(&e, alert->object, number);
}

enum nt_status supersede_link(struct store *s, const struct supersede_result *result, int64_t id)
{
    enum nt_status status = NT_OK;
    for (size_t i = 0; status == NT_OK && i < result->links; i++) {
        struct page *p = NULL;
        status = s->ops->page_get(s, result->link[i], &p);
        if (status == NT_OK && (p->state == PAGE_SUPERSEDED || p->state == PAGE_CANCELLED)) {
            p->merged_into = id;
            status = s->ops->page_save(s, p);
        }
        page_free(p);
    }
    return status;
}

struct newest {
    const struct page *page;
    struct page *found; /* the newest news after the page's own */
    enum nt_status status;
};

static bool find_newer(void *arg, const struct page *p)
{
    struct newest *n = arg;
    const struct news news = news_of_page(p);
    if (p->alert_id > n->page->alert_id && !(p->flags & PAGE_ASIDE) && news_supersedes(&news, n->page) &&
        (!n->found || p->alert_id > n->found->alert_id)) {
        page_free(n->found);
        n->found = page_copy(p);
        if (!n->found) {
            n->status = NT_ENOMEM;
            return false;
        }
    }
    /* What was accepted before an ordinary page is older news. */
    return p->id > n->page->id || (n->page->flags & PAGE_AGAIN);
}

static enum nt_status look_for_newer(struct store *s, struct newest *n)
{
    struct store_query q = {.kind = PAGES_OF_OBJECT,
                            .object = n->page->object,
                            .number = n->page->number,
                            .states = ~PAGE_BIT(PAGE_DUPLICATE),
                            .limit = LOOK_BACK};
    enum nt_status status = s->ops->pages(s, &q, find_newer, n);
    return status ? status : n->status;
}

enum nt_status supersede_newer(struct store *s, const struct page *page, bool *newer)
{
    struct newest n = {.page = page};
    enum nt_status status = NT_OK;
    if (page->alert_id && !(page->flags & PAGE_DIGEST))
        status = look_for_newer(s, &n);
    *newer = n.found != NULL;
    page_free(n.found);
    return status;
}

enum nt_status supersede_stale(struct store *s, struct page *page, int64_t now, bool *stale)
{
    char reason[REASON_MAX];
    struct supersede_result record;
    struct newest n = {.page = page};
    struct news own = news_of_page(page);
    int64_t digest = page->state == PAGE_MERGED ? page->merged_into : 0;
    *stale = false;
    if (!page->alert_id || page->flags & PAGE_DIGEST)
        return NT_OK;
    enum nt_status status = look_for_newer(s, &n);
    if (status)
        goto done;
    if (n.found) {
        struct news newer = news_of_page(n.found);
        bool withheld = n.found->state == PAGE_CANCELLED && news_closes(&newer);
        reason_of(&newer, withheld, n.found->id, reason);
        status = end_page(s, page, withheld ? PAGE_CANCELLED : PAGE_SUPERSEDED, n.found->id, now, reason);
        *stale = true;
    } else if (news_closes(&own) && !(page->flags & PAGE_MAY_HAVE_SENT)) {
        status = news_look_back(s, &own, page->object, page->number, page->alert_id, &record);
        if (status || !record.withhold)
            goto done;
        reason_of(&own, true, 0, reason);
        struct ending e = {.s = s,
                           .news = &own,
                           .before = page->alert_id,
                           .state = PAGE_CANCELLED,
                           .by = page->id,
                           .now = now,
                           .reason = reason};
        status = end_unsent(&e, page->object, page->number);
        if (status == NT_OK)
            status = end_page(s, page, PAGE_CANCELLED, 0, now, reason);
        *stale = true;
    }
    if (status == NT_OK && *stale && digest)
        status = end_empty_digest(s, digest, now);
done:
    page_free(n.found);
    return status;
}

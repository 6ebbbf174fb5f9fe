/*
 * news: what a page tells, what became of it, and what the number therefore knows.
 *
 * A recovery is withheld when it would tell of the end of something of which the number never heard. That needs
 * evidence: since the last recovery that went out there is a problem on record, and nothing on record (tests apart)
 * went out or may have:
 *
 *     problem held     recovery          the problem is cancelled, the recovery withheld
 *     problem sent     recovery          the recovery goes
 *     problem sent, problem held, recovery
 *                                        the second problem is superseded, the recovery goes
 *     problem sent, recovery held, problem held, recovery
 *                                        the first problem was told and its end was not: the recovery goes
 *     (no record)      recovery          the recovery goes
 *
 * May have gone: sending, ambiguous, or failed (a failed page may have gone to the contact's next number). The end of
 * flapping or of a downtime is withheld likewise with its start, but only when the state is good: else it is the only
 * news of a bad state.
 *
 * DIAGNOSTICS: the store's.
 */
#include "queue/news.h"

#include <string.h>
#include <strings.h>

enum { LOOK_SHORT = 16, LOOK_LONG = 256 };

struct news news_of_alert(const struct alert *a)
{
    return (struct news){a->event, a->phase, a->identity, a->state, a->host, a->service};
}

struct news news_of_page(const struct page *p)
{
    return (struct news){p->event, p->phase, p->identity, p->alert_state, p->host, p->service};
}

static bool is_good(const char *state)
{
    return strcasecmp(state, "OK") == 0 || strcasecmp(state, "UP") == 0;
}

static bool is_end(const struct news *n)
{
    return n->phase == PHASE_END || n->phase == PHASE_CANCELLED;
}

bool news_closes(const struct news *n)
{
    return n->event == EVENT_RECOVERY ||
           ((n->event == EVENT_FLAPPING || n->event == EVENT_DOWNTIME) && is_end(n) && is_good(n->state));
}

static bool is_problem(const struct page *p)
{
    return p->event == EVENT_PROBLEM || (p->event == EVENT_FLAPPING && p->phase == PHASE_START);
}

bool news_supersedes(const struct news *newer, const struct page *p)
{
    switch (newer->event) {
    case EVENT_PROBLEM:
    case EVENT_RECOVERY:
    case EVENT_FLAPPING:
    case EVENT_DOWNTIME:
        return true;
    case EVENT_ACKNOWLEDGEMENT:
        return p->event == EVENT_PROBLEM;
    case EVENT_CUSTOM:
    case EVENT_TEST:
        break;
    }
    return p->event == newer->event && strcmp(p->identity, newer->identity) == 0;
}

/* ---- what became of a page ---- */

static struct news_fate fate_of_state(enum page_state state, unsigned flags)
{
    struct news_fate f = {.may = flags & PAGE_MAY_HAVE_SENT};
    switch (state) {
    case PAGE_QUEUED:
    case PAGE_HELD:
        f.unsent = true;
        break;
    case PAGE_SENT:
    case PAGE_DELIVERED:
        f.may = f.surely = true;
        break;
    case PAGE_SENDING:
    case PAGE_UNDELIVERED:
    case PAGE_FAILED:
        f.may = true;
        break;
    case PAGE_EXPIRED:
    case PAGE_SUPERSEDED:
    case PAGE_CANCELLED:
    case PAGE_MERGED:
    case PAGE_DUPLICATE:
        break;
    }
    return f;
}

/* A page that a digest tells of shares the digest's fate; an expired one only that it was told. */
enum nt_status news_fate(struct store *s, const struct page *p, struct news_fate *out)
{
    *out = fate_of_state(p->state, p->flags);
    if (!p->merged_into || (p->state != PAGE_MERGED && p->state != PAGE_EXPIRED))
        return NT_OK;
    struct page *digest = NULL;
    enum nt_status status = s->ops->page_get(s, p->merged_into, &digest);
    if (status == NT_ENOENT) {
        out->may = true; /* nobody knows any more */
        return NT_OK;
    }
    if (status)
        return status;
    struct news_fate f = fate_of_state(digest->state, digest->flags);
    out->may = out->may || f.may;
    out->surely = f.surely;
    out->unsent = p->state == PAGE_MERGED && f.unsent;
    page_free(digest);
    return NT_OK;
}

/* ---- looking back ---- */

struct look {
    struct store *s;
    struct news news;
    int64_t before; /* only pages of alerts before this one */
    struct supersede_result *out;
    size_t seen;
    bool evidence; /* the start of what the news ends is on record */
    bool told;     /* something went out, or may have, since the last end that did */
    bool over;     /* nothing further back matters */
    enum nt_status status;
};

static bool is_start_of(const struct news *end, const struct page *p)
{
    if (end->event == EVENT_RECOVERY)
        return is_problem(p);
    return p->event == end->event && p->phase == PHASE_START;
}

/* An end that was told: what lies before is another story. */
static bool is_last_end(const struct news *news, const struct page *p)
{
    const struct news n = news_of_page(p);
    return p->event == EVENT_RECOVERY || (news_closes(news) && p->event == news->event && is_end(&n));
}

static bool look_at(void *arg, const struct page *p)
{
    struct look *l = arg;
    struct news_fate fate;
    l->seen++;
    if (p->alert_id >= l->before)
        return true;
    l->status = news_fate(l->s, p, &fate);
    if (l->status)
        return false;
    if (fate.may)
        l->out->repeat = true;
    if (fate.surely && is_last_end(&l->news, p)) {
        l->over = true;
        return false;
    }
    if (is_start_of(&l->news, p))
        l->evidence = true;
    if (fate.may && p->event != EVENT_TEST)
        l->told = true;
    if (is_problem(p)) {
        if (!l->out->has_problem) {
            l->out->has_problem = true;
            l->out->problem_class = p->class;
        }
        if (fate.may) {
            l->out->problem_sent = true;
            l->over = true; /* all questions are answered */
        }
    }
    return !l->over;
}

/* Looks a little back, and far back only when that does not answer. */
enum nt_status news_look_back(struct store *s, const struct news *news, const char *object, const char *number,
                              int64_t before, struct supersede_result *out)
{
    struct look l;
    size_t limit = LOOK_SHORT;
    for (;;) {
        *out = (struct supersede_result){0};
        l = (struct look){.s = s, .news = *news, .before = before, .out = out};
        struct store_query q = {.kind = PAGES_OF_OBJECT,
                                .object = object,
                                .number = number,
                                .states = ~PAGE_BIT(PAGE_DUPLICATE),
                                .limit = limit};
        enum nt_status status = s->ops->pages(s, &q, look_at, &l);
        if (status == NT_OK)
            status = l.status;
        if (status)
            return status;
        if (l.over || l.seen < limit)
            break;
        if (limit == LOOK_LONG) {
            l.told = true; /* further than anybody looks: no evidence */
            break;
        }
        limit = LOOK_LONG;
    }
    out->withhold = news_closes(news) && l.evidence && !l.told;
    return NT_OK;
}

/*
 * lookup: what became of a request that got no answer — found out by looking at Twilio's list, never by guessing.
 *
 * The list of the number's newest messages is asked for at once (a lost answer is found there within a second), again
 * after 5 s and 15 s, and from 30 s after the start on once more, then with back-off: only a look that late (and a
 * second later, so that the 30 s hold at Twilio's end too), at a list that reaches back far enough, may conclude that
 * the message does not exist. Pages found `sending` at the start of a drainer are remnants of a crash: the same is done
 * for them.
 *
 * DIAGNOSTICS: a list that does not come or is not understood only means looking again.
 */
#include "flow/engine.h"

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "twilio/reconcile.h"
#include "twilio/request.h"
#include "twilio/response.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_URL = 4096, LOOK_PAGE = 50, LOOK_PAGE_LARGE = 1000, LOOK_CONCLUSIVE = 31000, LONG_AGO = 300000 };

static int64_t look_after(const struct flight *f)
{
    static const int64_t since_start[] = {500, 5000, 15000, LOOK_CONCLUSIVE};
    if (f->looks < (int)(sizeof since_start / sizeof *since_start))
        return f->started_boot + since_start[f->looks];
    return f->d->boot + drain_backoff(f->looks - 2);
}

/* A store that cannot tell makes a look that tells nothing: another page's message must not be taken for this one's. */
static bool known(void *arg, const char *sid)
{
    struct flight *f = arg;
    bool is = false;
    struct store *s = f->d->r->store;
    if (s->ops->sid_known(s, sid, &is) != NT_OK)
        f->looked_ok = false;
    /* another look-up of this turn may have found it first */
    for (const struct flight *o = f->d->flight; !is && o; o = o->next)
        is = o != f && !strcmp(o->found, sid);
    return is;
}

static void listed(void *arg, const struct http_result *r)
{
    struct flight *f = arg;
    struct message_list list = {0};
    f->step = f->step_before = FLIGHT_LOOKED;
    (void)fault_point("lookup.answered");
    f->looked_ok = f->conclusive = false;
    f->account_answered = r->end == HTTP_ANSWERED;
    f->shut_out = r->end == HTTP_ANSWERED && r->status == 401;
    if (r->end != HTTP_ANSWERED || r->status != 200 || response_list(r->body, r->body_len, &list) != NT_OK) {
        log_warning("page %lld to %s: Twilio's list did not come (%s); looking again later", (long long)f->page->id,
                    f->page->number, r->end == HTTP_ANSWERED ? "unexpected answer" : r->error);
        return;
    }
    f->looked_ok = true;
    /* The clock may have been set since the request: how long ago that was is told by the one that nobody sets. */
    int64_t ago = f->d->boot - f->started_boot, from = f->started, to = f->d->now > r->started ? f->d->now : r->started;
    if (from > f->d->now - ago)
        from = f->d->now - ago;
    if (to < f->started + ago)
        to = f->started + ago;
    long i = reconcile_find(f->page, &list, from, to, known, f);
    if (f->looked_ok && i >= 0) {
        snprintf(f->found, sizeof f->found, "%s", list.item[i].sid);
        snprintf(f->found_status, sizeof f->found_status, "%s", list.item[i].status);
    }
    bool asked_late =
        f->d->boot >= f->started_boot + LOOK_CONCLUSIVE && f->look_at >= f->started_boot + LOOK_CONCLUSIVE;
    f->conclusive = f->looked_ok && asked_late && reconcile_conclusive(&list, from);
    message_list_clean(&list);
}

static void look(struct flight *f)
{
    struct drainer *d = f->d;
    struct buf url;
    buf_init(&url, LOOK_URL);
    /* the first looks are short; when the list was too short to conclude, the longest Twilio gives */
    int size = f->looks > 3 ? LOOK_PAGE_LARGE : LOOK_PAGE;
    enum nt_status st = request_list_url(&d->r->config->twilio, f->page->number, size, &url);
    f->looks++;
    if (st == NT_OK) {
        struct http_request r = {.method = "GET", .url = buf_text(&url), .done = listed, .arg = f};
        request_credentials(&d->r->config->twilio, &r.user, &r.password);
        f->step = f->step_before = FLIGHT_LOOKING;
        st = http_start(d->http, &r);
        (void)fault_point("lookup.started");
    }
    if (st != NT_OK) {
        f->step = f->step_before = FLIGHT_UNKNOWN;
        f->look_at = d->boot + 1000;
    }
    buf_clean(&url);
}

void lookup_start(struct drainer *d)
{
    for (struct flight *f = d->flight; f; f = f->next) {
        if (f->step != FLIGHT_UNKNOWN)
            continue;
        if (!f->look_at)
            f->look_at = look_after(f);
        if (f->look_at <= d->boot)
            look(f);
    }
}

int64_t lookup_next(const struct drainer *d)
{
    int64_t next = INT64_MAX;
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->step == FLIGHT_UNKNOWN) {
            int64_t at = f->look_at ? f->look_at : look_after(f);
            if (at < next)
                next = at;
        }
    return next;
}

struct remnants {
    struct drainer *d;
    enum nt_status status;
};

static bool remnant(void *arg, const struct page *page)
{
    struct remnants *r = arg;
    struct drainer *d = r->d;
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->page->id == page->id)
            return true;
    struct flight *f = flight_new(d, page);
    if (!f) {
        r->status = NT_ENOMEM;
        return false;
    }
    /*
     * A start in the future (the clock went back) counts as now; one long ago has had its 30 s. In between the clock
     * may have been set since the crash by as much as it shows, so the 30 s count from now: a message that is there is
     * found earlier.
     */
    int64_t ago = d->now - page->attempt_started;
    f->started = page->attempt_started < d->now ? page->attempt_started : d->now;
    f->started_boot = d->boot - (ago > LONG_AGO ? ago : 0);
    f->step = f->step_before = FLIGHT_UNKNOWN;
    log_warning("page %lld to %s was being sent when its drainer died: looking at Twilio's list for what became of it",
                (long long)page->id, page->number);
    return true;
}

enum nt_status lookup_remnants(struct drainer *d)
{
    struct remnants r = {.d = d};
    struct store *s = d->r->store;
    struct store_query q = {.kind = PAGES_IN_STATES, .states = PAGE_BIT(PAGE_SENDING)};
    enum nt_status st = s->ops->pages(s, &q, remnant, &r);
    return st == NT_OK ? r.status : st;
}

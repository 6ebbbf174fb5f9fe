/*
 * flights: the requests of what was claimed: how they start, which are under way, and how many of them each lane has.
 *
 * Owner of the list. A flight's step is what the loop knows; step_before is what the store knows: a failed transaction
 * goes back to it.
 */
#include "flow/engine.h"

#include "base/fault.h"
#include "base/mem.h"
#include "flow/media.h"
#include "twilio/request.h"
#include "twilio/response.h"

#include <stdio.h>
#include <string.h>

enum { FORM_MAX = 128 * 1024, URL_MAX = 4096 };

struct flight *flight_new(struct drainer *d, const struct page *page)
{
    int32_t lane = ready_lane(&d->ready, page->number);
    struct flight *f = mem_zalloc(sizeof *f);
    if (!f || lane == READY_NONE || !(f->page = page_copy(page))) {
        flight_free(f);
        return NULL;
    }
    f->d = d;
    f->lane = lane;
    f->object = ready_object(page);
    struct flight **end = &d->flight;
    while (*end)
        end = &(*end)->next;
    *end = f;
    d->flights++;
    return f;
}

void flight_free(struct flight *f)
{
    if (!f)
        return;
    page_free(f->page);
    mem_free(f);
}

bool flight_same_object(const struct drainer *d, int32_t lane, uint64_t object)
{
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->lane == lane && f->object == object && f->step != FLIGHT_OVER)
            return true;
    return false;
}

static void answered(void *arg, const struct http_result *result)
{
    struct flight *f = arg;
    (void)fault_point("request.answered");
    response_outcome(result, media_travels(f->page),
                     *f->d->r->config->twilio.status_callback && !(f->page->flags & PAGE_NO_CALLBACK), &f->outcome);
    f->step = f->step_before = FLIGHT_ANSWERED;
    f->account_answered = result->end == HTTP_ANSWERED;
}

/* It ends without an answer of Twilio's. */
static void end_as(struct flight *f, enum outcome_kind kind, const char *before, const char *why)
{
    memset(&f->outcome, 0, sizeof f->outcome);
    f->outcome.kind = kind;
    f->outcome.retry_after = -1;
    snprintf(f->outcome.message, sizeof f->outcome.message, "%s%s", before, why);
    f->step = f->step_before = FLIGHT_ANSWERED;
}

static enum nt_status start(struct flight *f)
{
    const struct config *c = f->d->r->config;
    struct form form;
    struct buf body, url;
    form_init(&form);
    buf_init(&body, FORM_MAX);
    buf_init(&url, URL_MAX);
    enum nt_status st = request_form(c, f->page, f->page->sender, f->d->now, &form);
    if (st == NT_OK)
        st = form_encode(&form, &body);
    if (st == NT_OK)
        st = request_messages_url(&c->twilio, &url);
    if (st == NT_OK) {
        struct http_request r = {.method = "POST",
                                 .url = buf_text(&url),
                                 .form = buf_text(&body),
                                 .form_len = body.len,
                                 .done = answered,
                                 .arg = f};
        request_credentials(&c->twilio, &r.user, &r.password);
        f->step = FLIGHT_ASKED;
        f->started = f->page->attempt_started;
        f->started_boot = f->d->boot;
        st = http_start(f->d->http, &r);
    }
    form_clean(&form);
    buf_clean(&body);
    buf_clean(&url);
    return st;
}

void flights_start(struct drainer *d)
{
    for (struct flight *f = d->flight; f; f = f->next) {
        if (f->step != FLIGHT_CLAIMED)
            continue;
        (void)fault_point("request.before");
        enum nt_status st = start(f);
        if (st != NT_OK) /* it cannot even be built or queued: nothing has left */
            end_as(f, OUTCOME_RETRY, "the request could not be started: ", nt_status_text(st));
        (void)fault_point("request.started");
    }
}

/* After a turn: what was recorded stays, what is over goes, and the lanes are counted anew. */
void flights_sweep(struct drainer *d)
{
    for (struct flight *f = d->flight; f; f = f->next)
        if (f->lane != READY_NONE)
            d->ready.lane[f->lane].flights = d->ready.lane[f->lane].ambiguous = 0;
    d->flights = d->ambiguous = 0;
    for (struct flight **at = &d->flight; *at;) {
        struct flight *f = *at;
        if (f->step == FLIGHT_OVER) {
            *at = f->next;
            flight_free(f);
            continue;
        }
        if (f->step_before != f->step && f->step == FLIGHT_UNKNOWN)
            f->look_at = 0;
        f->step_before = f->step;
        bool searching = f->step == FLIGHT_UNKNOWN || f->step == FLIGHT_LOOKING || f->step == FLIGHT_LOOKED;
        if (f->lane != READY_NONE) { /* else there was no memory for one: the mirror gives it another */
            struct ready_lane *l = &d->ready.lane[f->lane];
            l->flights++;
            l->ambiguous += searching;
        }
        d->flights++;
        d->ambiguous += searching;
        at = &f->next;
    }
}

int flights_finished(const struct drainer *d)
{
    int n = 0;
    for (const struct flight *f = d->flight; f; f = f->next)
        n += f->step == FLIGHT_ANSWERED || f->step == FLIGHT_LOOKED;
    return n;
}

bool flights_asked(const struct drainer *d)
{
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->step == FLIGHT_ASKED || f->step == FLIGHT_ANSWERED || f->step == FLIGHT_CLAIMED)
            return true;
    return false;
}

/* Nobody will ever tell what became of its request. */
void flight_lost(struct flight *f, const char *why)
{
    end_as(f, OUTCOME_AMBIGUOUS, "", why);
}

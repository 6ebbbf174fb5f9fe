/*
 * claim: which pages go now, and the record of the intent to send them.
 *
 * Each candidate comes from `ready` in order. It must still be wanted (not expired, not opted out), its number's tiers
 * must allow it (else it is held, or several go as a digest), its sender must be free. Then it becomes `sending`, with
 * attempt, sender and start time, in the turn's transaction; the request starts after the commit, never before.
 *
 * DIAGNOSTICS: store errors end the turn (d->failed): nothing was claimed then.
 */
#include "flow/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/alarm.h"
#include "flow/compose.h"
#include "flow/media.h"
#include "queue/supersede.h"
#include "throttle/throttle.h"
#include "twilio/request.h"

#include <stdio.h>
#include <string.h>

enum { HISTORY_MAX = 4096, HOLDS_A_TURN = 256 };

enum {
    STORM_LOOK = 10,   /* ms */
    STORM_PAUSE = 100, /* ms without one after which a storm is over */
};

/* The tiers that hold for a page: its contact's own, else the global ones. */
static const struct config_tiers *tiers_of(const struct drainer *d, const struct page *p)
{
    const struct config *c = d->r->config;
    const struct config_throttle *t = &c->throttle;
    for (size_t i = 0; *p->contact && i < c->contacts; i++)
        if (!strcmp(c->contact[i].name, p->contact)) {
            if (c->contact[i].throttle.given)
                t = &c->contact[i].throttle;
            break;
        }
    return p->class == CLASS_URGENT ? &t->urgent : &t->routine;
}

struct history {
    int64_t at[HISTORY_MAX];
    size_t n;
};

static bool history_add(void *arg, int64_t at, int segments)
{
    struct history *h = arg;
    (void)segments;
    if (h->n == HISTORY_MAX) { /* keep the newest */
        memmove(h->at, h->at + 1, (HISTORY_MAX - 1) * sizeof *h->at);
        h->n--;
    }
    h->at[h->n++] = at;
    return true;
}

/* When may one more page of this class go to this number? Requests under way count as sent now. */
static enum nt_status tiers_allow(struct drainer *d, int32_t lane, const struct page *p, int64_t *when)
{
    static struct history h; /* one thread; too large for a stack that may be a monitor's */
    const struct config_tiers *tiers = tiers_of(d, p);
    int64_t span = throttle_span(tiers);
    *when = d->now;
    if (!span)
        return NT_OK;
    h.n = 0;
    struct store *s = d->r->store;
    enum nt_status st = s->ops->sends_of_number(s, p->number, p->class, d->now - span, history_add, &h);
    if (st != NT_OK)
        return st;
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->lane == lane && f->step != FLIGHT_OVER && f->page->class == p->class && !(f->page->flags & PAGE_COUNTED))
            history_add(&h, d->now, f->page->segments);
    *when = throttle_next(tiers, h.at, h.n, d->now);
    return NT_OK;
}

/* The sender of the next attempt; NULL when none is left. */
static const char *sender_of(const struct drainer *d, const struct page *p)
{
    if (*p->from)
        return p->sender_skip ? NULL : p->from;
    int i = request_sender(&d->r->config->twilio, p->number, p->sender_skip);
    if (i < 0)
        return NULL;
    const struct config_sender *s = &d->r->config->twilio.sender[i];
    return *s->from ? s->from : s->messaging_service_sid;
}

static int64_t hold_limit(const struct drainer *d, const struct page *p)
{
    int64_t created = p->created < d->now ? p->created : d->now;
    return created + (p->class == CLASS_URGENT ? d->r->config->hold_max_urgent : d->r->config->hold_max_routine);
}

static enum nt_status hold(struct drainer *d, struct page *p, int64_t until)
{
    int64_t limit = hold_limit(d, p);
    p->due = until < limit ? until : limit;
    if (p->due <= d->now)
        p->due = d->now + 1;
    return settle_save(d, p, PAGE_HELD, "held: %s has had its %s pages; goes in %lld s at the latest", p->number,
                       alert_class_name(p->class), (long long)((p->due - d->now + 999) / 1000));
}

/* A page that waited says how old its news is. */
static enum nt_status freshen(struct drainer *d, struct page *p, struct alert **alert)
{
    int64_t late = (d->now - p->created) / 1000;
    struct store *s = d->r->store;
    struct sms_text text;
    char *before = NULL;
    /* one that tries another way is younger than its news */
    if ((late <= ENGINE_LATE && !(p->flags & PAGE_AGAIN)) || p->flags & PAGE_DIGEST || !p->alert_id)
        return NT_OK;
    enum nt_status st = s->ops->alert_get(s, p->alert_id, alert);
    if (st == NT_ENOENT)
        return NT_OK; /* the text made at acceptance is better than none */
    if (st != NT_OK)
        return st;
    if (p->flags & PAGE_AGAIN && (d->now - (*alert)->received) / 1000 > late)
        late = (d->now - (*alert)->received) / 1000;
    if (late <= ENGINE_LATE)
        return NT_OK;
    sms_text_init(&text);
    st = compose_alert(d->r, *alert, p, late, &text);
    if (st == NT_OK && !(before = mem_strdup(p->body)))
        st = NT_ENOMEM;
    if (st == NT_OK)
        st = compose_into(p, &text);
    if (st == NT_OK)
        st = media_relink(d->r->config, p, before);
    mem_free(before);
    sms_text_clean(&text);
    return st;
}

static enum nt_status claim(struct drainer *d, struct ready_lane *lane, struct page *p, const char *sender)
{
    struct flight *f = NULL;
    struct alert *alert = NULL;
    enum nt_status st = freshen(d, p, &alert);
    alert_free(alert);
    if (st != NT_OK)
        return st;
    p->attempts++;
    p->attempt_started = d->now;
    p->due = d->now;
    if ((st = page_set(&p->sender, sender)) != NT_OK)
        return st;
    st = settle_save(d, p, PAGE_SENDING, "attempt %d from %s", p->attempts, sender);
    if (st != NT_OK)
        return st;
    if (!(f = flight_new(d, p)))
        return NT_ENOMEM;
    f->step = f->step_before = FLIGHT_CLAIMED;
    lane->last_paged = d->now;
    bool media = media_travels(p);
    struct pacing *pacing = line_pacing(d, sender, media);
    if (pacing)
        pacing_take(pacing, !media && p->segments > 0 ? p->segments : 1, d->boot);
    return NT_OK;
}

static enum nt_status fail_without_request(struct drainer *d, struct page *p, int code, const char *why)
{
    bool made = false;
    p->error_code = code;
    enum nt_status st = page_set(&p->error_message, why);
    if (st == NT_OK)
        st = settle_save(d, p, PAGE_FAILED, "%s", why);
    if (st == NT_OK)
        st = settle_elsewhere(d, p, false, why, &made);
    if (st == NT_OK && p->flags & PAGE_DIGEST)
        return gather_return(d, p, why);
    if (st != NT_OK)
        return st;
    log_error("page %lld to %s was not sent: %s", (long long)p->id, p->number, why);
    if (!made && p->class == CLASS_URGENT) {
        char cause[64];
        snprintf(cause, sizeof cause, "refused:%s", p->number);
        alarm_raise(d->r, cause, true, "a page to %s was not sent: %s. The text: %s", p->number, why, p->body);
    }
    return NT_OK;
}

/* One candidate; p is ours. */
static enum nt_status consider(struct drainer *d, struct ready_lane *lane, struct ready_entry *e, struct page **pp,
                               enum ready_verdict *verdict)
{
    struct page *p = *pp;
    struct store *s = d->r->store;
    struct number_state number;
    int32_t lane_index = (int32_t)(lane - d->ready.lane);
    bool stale = false;
    enum nt_status st;

    *verdict = READY_SKIP;
    if (p->state != PAGE_QUEUED && p->state != PAGE_HELD)
        return NT_OK; /* changed by somebody else: the mirror will see it */
    if (p->expire <= d->now)
        return settle_expired(d, p);
    if (p->flags & PAGE_PICTURE && (st = pictures_give_up(d, p)) != NT_OK)
        return st;
    if ((st = s->ops->number_get(s, p->number, &number)) != NT_OK)
        return st;
    if (number.opted_out)
        return fail_without_request(d, p, 21610, "the number has opted out (STOP); it must send START first");
    if (!(p->flags & PAGE_DIGEST)) {
        if ((st = supersede_stale(s, p, d->now, &stale)) != NT_OK || stale)
            return st;
    }
    const char *sender = sender_of(d, p);
    if (!sender)
        return fail_without_request(d, p, 0, "no sender is left that serves this number");
    struct pacing *pacing = line_pacing(d, sender, media_travels(p));
    int64_t wait = pacing ? pacing_wait(pacing, d->boot) : 0;
    if (wait > 0) {
        if (d->boot + wait < d->pace_next)
            d->pace_next = d->boot + wait;
        *verdict = READY_BLOCK;
        return NT_OK;
    }
    if (!(p->flags & PAGE_COUNTED)) {
        int64_t when = d->now;
        if (d->held_for.lane == lane_index && d->held_for.class == (int)p->class && d->held_for.at == d->now)
            when = d->held_for.until;
        else if ((st = tiers_allow(d, lane_index, p, &when)) != NT_OK)
            return st;
        /* a page from the future (the clock was set back) has had its wait when its time has come */
        bool forced = p->state == PAGE_HELD && (hold_limit(d, p) <= d->now || p->created > d->now);
        if (when > d->now && !forced) {
            d->held_for.lane = lane_index;
            d->held_for.class = (int)p->class;
            d->held_for.until = when;
            d->held_for.at = d->now;
            if (--d->holds_left < 0) {
                *verdict = READY_BLOCK;
                return NT_OK;
            }
            return hold(d, p, when);
        }
        d->held_for.lane = READY_NONE;
        if (p->flags & PAGE_DIGEST) {
            bool gone = false;
            if ((st = gather_refresh(d, lane_index, p, &gone)) != NT_OK || gone)
                return st;
        } else if (lane->held[e->class] > 0 && !(p->flags & PAGE_ALONE)) {
            struct page *digest = NULL;
            if ((st = gather_digest(d, lane_index, p->class, p, &digest)) != NT_OK)
                return st;
            if (digest) {
                page_free(p);
                *pp = p = digest;
            }
        }
    } else if (p->flags & PAGE_DIGEST) {
        bool gone = false;
        if ((st = gather_refresh(d, lane_index, p, &gone)) != NT_OK || gone)
            return st;
    }
    *verdict = READY_TAKE;
    return claim(d, lane, p, sender);
}

static enum ready_verdict offer(void *arg, struct ready_lane *lane, struct ready_entry *entry)
{
    struct drainer *d = arg;
    struct page *p = NULL;
    enum ready_verdict verdict = READY_SKIP;
    if (d->failed != NT_OK)
        return READY_BLOCK;
    if (!entry->chosen && line_busy(d, entry->media)) /* spares reading what cannot go */
        return READY_BLOCK;
    if (flight_same_object(d, (int32_t)(lane - d->ready.lane), entry->object))
        return READY_SKIP;
    enum nt_status st = d->r->store->ops->page_get(d->r->store, entry->id, &p);
    if (st == NT_ENOENT)
        return READY_SKIP;
    if (st == NT_OK)
        st = consider(d, lane, entry, &p, &verdict);
    page_free(p);
    if (st != NT_OK) {
        d->failed = st;
        return READY_BLOCK;
    }
    return verdict;
}

/* Those that this very turn has settled leave their connections to the pages it claims. */
static int under_way(const struct drainer *d)
{
    int n = 0;
    for (const struct flight *f = d->flight; f; f = f->next)
        n += f->step != FLIGHT_OVER;
    return n;
}

/*
 * While alerts pour in, three quarters of the connections are for numbers that have a single page:
 *
 *     16 connections, nothing under way; 20 numbers with three pages each    4 go
 *     the first page of another number, a moment later                       goes at once
 *
 * Taken by the storm, all of them would come free together, one round trip later. Which numbers are in it is seen only
 * when their second page comes, so that its first moments are left to looking.
 */
static bool storm_begins(struct drainer *d)
{
    int64_t until = d->storm_began + STORM_LOOK;
    if (!d->storm_began || d->boot >= until)
        return false;
    d->pace_next = until;
    return true;
}

static int kept_free(struct drainer *d)
{
    int64_t until = d->storm_last + STORM_PAUSE;
    if (!d->storm_last || d->boot >= until)
        return 0;
    d->pace_next = until;
    return d->r->config->twilio.connections * 3 / 4;
}

enum nt_status claim_pages(struct drainer *d)
{
    int flights = under_way(d), idle = d->r->config->twilio.connections - flights - track_asking(d);
    d->pace_next = INT64_MAX;
    if (d->leaving || d->handing_over || d->boot < d->gate_until || (!d->starter_asked && d->o->starter->at_once) ||
        storm_begins(d))
        return NT_OK;
    if (d->gate_failures > 0)
        idle = flights ? 0 : 1; /* one probe, to see whether it works again */
    struct ready_room room = {.limit = engine_share(idle),
                              .crowded = d->gate_failures > 0 ? idle : idle - kept_free(d),
                              .ambiguous = ENGINE_AMBIGUOUS_LANE};
    int before = d->flights;
    d->holds_left = HOLDS_A_TURN;
    d->held_for.lane = READY_NONE;
    enum nt_status st = ready_pick(&d->ready, d->now, &room, offer, d);
    d->turn_full = room.limit < idle && d->flights - before == room.limit;
    return st == NT_OK ? d->failed : st;
}

static bool give_back(void *arg, struct ready_entry *e)
{
    (void)arg;
    e->taken = 0;
    return true;
}

void claim_undo(struct drainer *d)
{
    ready_all(&d->ready, give_back, NULL);
    for (struct flight *f = d->flight; f; f = f->next) {
        if (f->step == FLIGHT_CLAIMED)
            f->step = FLIGHT_OVER;
        else
            f->step = f->step_before;
    }
}

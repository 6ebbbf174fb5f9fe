/*
 * settle: what an outcome does to its page — the only place where a page leaves `sending`.
 *
 * DIAGNOSTICS: every outcome is logged with the page's number and reason; refusals of urgent pages and account trouble
 * raise the alarm. Store errors end the turn with nothing recorded; the outcomes are kept and recorded in a later turn.
 */
#include "flow/engine.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "flow/alarm.h"
#include "flow/media.h"
#include "twilio/request.h"
#include "twilio/response.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ACCOUNT_WAIT = 60000, BACKOFF_FIRST = 1000, BACKOFF_MAX = 60000 };

/*
 * 1 s × 2ⁿ, at most 60 s, ± 10 %: 1, 2, 4, 8, 16, 32, 60, 60 … for failures 1, 2, 3 …
 */
int64_t drain_backoff(int failures)
{
    int64_t wait = BACKOFF_FIRST;
    for (int i = 1; i < failures && wait < BACKOFF_MAX; i++)
        wait *= 2;
    if (wait > BACKOFF_MAX)
        wait = BACKOFF_MAX;
    return wait - wait / 10 + (int64_t)(random_u64() % (uint64_t)(wait / 5 + 1));
}

enum nt_status settle_save(struct drainer *d, struct page *p, enum page_state state, const char *format, ...)
{
    char reason[ENGINE_REASON];
    struct store *s = d->r->store;
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    p->state = state;
    enum nt_status st = p->id ? s->ops->page_save(s, p) : s->ops->page_put(s, p);
    if (st == NT_OK)
        st = s->ops->step_put(s, p->id, d->now, state, reason);
    if (st == NT_OK)
        d->told_sent += state == PAGE_SENT && !(p->flags & PAGE_DIGEST);
    if (st == NT_OK)
        d->told_refused += state == PAGE_FAILED;
    if (st == NT_OK)
        log_info("page %lld to %s: %s: %s", (long long)p->id, p->number, page_state_name(state), reason);
    return st;
}

/* Remembers that a request for the page may have reached its number: once a page. */
static enum nt_status count(struct drainer *d, struct page *p, int64_t at)
{
    struct store *s = d->r->store;
    struct number_state number;
    p->flags |= PAGE_MAY_HAVE_SENT;
    if (p->flags & PAGE_COUNTED)
        return NT_OK;
    p->flags |= PAGE_COUNTED;
    enum nt_status st = s->ops->send_put(s, p->number, p->class, p->sender, at, p->segments);
    if (st == NT_OK)
        st = s->ops->number_get(s, p->number, &number);
    if (st == NT_OK) {
        number.last_paged = at;
        st = s->ops->number_put(s, p->number, &number);
    }
    return st;
}

/* `again` is a copy of p that goes another way, as a page of its own. */
static enum nt_status go_again(struct drainer *d, const struct page *p, struct page *again, const char *why,
                               const char *how)
{
    enum nt_status st;
    again->id = 0;
    again->flags &= PAGE_TRUNCATED | PAGE_UCS2 | PAGE_REPEAT | PAGE_NO_CALLBACK | PAGE_TEXT_ONLY | PAGE_LINKED;
    again->flags |= PAGE_AGAIN;
    again->attempts = 0;
    again->attempt_started = again->sent = again->merged_into = 0;
    again->error_code = 0;
    again->due = d->now;
    again->created = d->now;
    if ((st = page_set(&again->sid, "")) == NT_OK && (st = page_set(&again->sender, "")) == NT_OK &&
        (st = page_set(&again->error_message, "")) == NT_OK)
        st = settle_save(d, again, PAGE_QUEUED, "page %lld did not get through to %s (%s): tried %s", (long long)p->id,
                         p->number, why, how);
    return st;
}

enum nt_status settle_as_text(struct drainer *d, const struct page *p, const char *why, bool *made)
{
    *made = false;
    if (!media_travels(p) || p->flags & (PAGE_DIGEST | PAGE_AGAIN) || p->expire <= d->now)
        return NT_OK;
    struct page *again = page_copy(p);
    if (!again)
        return NT_ENOMEM;
    again->flags |= PAGE_TEXT_ONLY;
    enum nt_status st = go_again(d, p, again, why, "without its pictures");
    *made = st == NT_OK;
    page_free(again);
    return st;
}

enum nt_status settle_elsewhere(struct drainer *d, const struct page *p, bool next_sender, const char *why, bool *made)
{
    *made = false;
    if (p->flags & PAGE_DIGEST || p->expire <= d->now)
        return NT_OK;
    struct page *again = page_copy(p);
    enum nt_status st = NT_OK;
    if (!again)
        return NT_ENOMEM;
    bool other_number = page_next_number(again);
    if (other_number)
        again->sender_skip = 0;
    else if (next_sender && !(p->flags & PAGE_AGAIN) && !*p->from &&
             request_sender(&d->r->config->twilio, p->number, p->sender_skip + 1) >= 0)
        again->sender_skip++;
    else if (!next_sender || p->flags & PAGE_AGAIN)
        goto done;
    st = go_again(d, p, again, why,
                  other_number                          ? "on the contact's next number"
                  : again->sender_skip > p->sender_skip ? "from the next sender"
                                                        : "once more");
    *made = st == NT_OK;
done:
    page_free(again);
    return st;
}

enum nt_status settle_expired(struct drainer *d, struct page *p)
{
    long long minutes = (long long)((d->now - p->created) / 60000);
    char last[ENGINE_REASON / 2];
    snprintf(last, sizeof last, "%s%s", *p->error_message ? "; last: " : "", p->error_message);
    enum nt_status st = settle_save(d, p, PAGE_EXPIRED, "not sent within its time (%lld min)%s", minutes, last);
    if (st != NT_OK)
        return st;
    if (p->flags & PAGE_DIGEST)
        return gather_return(d, p, "it expired");
    if (p->class == CLASS_URGENT)
        alarm_raise(d->r, "expired", true, "an urgent page to %s%s%s expired unsent: %s", p->number,
                    *p->contact ? ", " : "", p->contact, p->body);
    return NT_OK;
}

/* Final for this number: told to the admin, and tried on the contact's next number. */
static enum nt_status refuse(struct drainer *d, struct page *p, const struct outcome *o)
{
    struct store *s = d->r->store;
    bool made = false;
    enum nt_status st = NT_OK;
    if (o->opted_out) {
        struct number_state number;
        if ((st = s->ops->number_get(s, p->number, &number)) != NT_OK)
            return st;
        number.opted_out = d->now;
        if ((st = s->ops->number_put(s, p->number, &number)) != NT_OK)
            return st;
        log_warning("%s has opted out of messages (STOP): nothing more is sent to it until it sends START", p->number);
    }
    p->flags &= ~(unsigned)PAGE_AMBIGUOUS;
    st = settle_save(d, p, PAGE_FAILED, "refused: %s", o->message);
    if (st == NT_OK && p->flags & PAGE_DIGEST)
        return gather_return(d, p, o->message);
    if (st == NT_OK)
        st = settle_elsewhere(d, p, false, o->message, &made);
    log_error("page %lld to %s was refused: %s", (long long)p->id, p->number, o->message);
    if (st == NT_OK && !made && (o->alarm || p->class == CLASS_URGENT)) {
        char cause[64];
        snprintf(cause, sizeof cause, "refused:%s", p->number);
        alarm_raise(d->r, cause, true, "a page to %s was refused for good: %s. The text: %s", p->number, o->message,
                    p->body);
    }
    return st;
}

static enum nt_status sent(struct drainer *d, struct page *p, const struct outcome *o, int64_t started, const char *how)
{
    enum nt_status st = count(d, p, started);
    p->flags &= ~(unsigned)PAGE_AMBIGUOUS;
    p->flags |= PAGE_WATCH;
    p->sent = d->now;
    p->error_code = 0;
    p->due = 0;
    if (st == NT_OK && (st = page_set(&p->sid, o->sid)) == NT_OK && (st = page_set(&p->error_message, "")) == NT_OK)
        st = settle_save(d, p, PAGE_SENT, "%s %s%s%s%s", how, o->sid, *o->status ? " (" : "", o->status,
                         *o->status ? ")" : "");
    return st;
}

static enum nt_status again(struct drainer *d, struct page *p, int64_t wait, const char *why)
{
    p->due = d->now + wait;
    p->flags &= ~(unsigned)PAGE_AMBIGUOUS;
    return settle_save(d, p, PAGE_QUEUED, "%s%s%lld ms", why, *why ? "; again in " : "again in ", (long long)wait);
}

/* The page still has a way to go, but somebody has to look after what stood in this one. */
static void alarm_on_the_way(struct drainer *d, const struct page *p, const struct outcome *o)
{
    char cause[64];
    if (!o->alarm)
        return;
    if (o->kind == OUTCOME_RETRY) {
        alarm_raise(d->r, "line", true, "Twilio cannot be reached (%s); all pages are kept and tried again",
                    o->message);
    } else if (o->kind == OUTCOME_NEXT_SENDER) {
        snprintf(cause, sizeof cause, "sender:%.48s", p->sender);
        alarm_raise(d->r, cause, true, "the sender %s is of no use (%s); pages go from the next one", p->sender,
                    o->message);
    } else if (o->kind == OUTCOME_NO_CALLBACK) {
        alarm_raise(d->r, "callback", true, "status_callback is of no use (%s); pages go without it", o->message);
    }
}

static enum nt_status shut_out(struct drainer *d, const char *words)
{
    alarm_raise(d->r, "account", true,
                "Twilio does not let us in (%s); all pages are kept and one is tried every minute", words);
    return d->r->store->ops->mark_put(d->r->store, "account", d->now, words);
}

static enum nt_status outcome_to_page(struct drainer *d, struct flight *f, struct page *p)
{
    struct outcome *o = &f->outcome;
    enum nt_status st = NT_OK;
    if (o->kind != OUTCOME_SENT) {
        p->error_code = o->code ? o->code : (int)o->http_status;
        if ((st = page_set(&p->error_message, o->message)) != NT_OK)
            return st;
    }
    switch (o->kind) {
    case OUTCOME_SENT:
        return sent(d, p, o, f->started, "accepted by Twilio as");
    case OUTCOME_RETRY: {
        int64_t wait = drain_backoff(p->attempts);
        if (o->retry_after > wait)
            wait = o->retry_after;
        if (p->attempts == 1)
            log_warning("page %lld to %s was not taken: %s; it is tried again until it expires", (long long)p->id,
                        p->number, o->message);
        alarm_on_the_way(d, p, o);
        return again(d, p, wait, o->message);
    }
    case OUTCOME_ACCOUNT:
        st = shut_out(d, o->message);
        return st == NT_OK ? again(d, p, ACCOUNT_WAIT, o->message) : st;
    case OUTCOME_NEXT_SENDER:
        p->sender_skip++;
        if (!*p->from && request_sender(&d->r->config->twilio, p->number, p->sender_skip) >= 0) {
            alarm_on_the_way(d, p, o);
            return again(d, p, 0, o->message);
        }
        if ((st = count(d, p, f->started)) != NT_OK)
            return st;
        return refuse(d, p, o);
    case OUTCOME_TEXT_ONLY:
        if (p->flags & PAGE_TEXT_ONLY)
            return refuse(d, p, o);
        p->flags |= PAGE_TEXT_ONLY;
        return again(d, p, 0, o->message);
    case OUTCOME_NO_CALLBACK:
        if (p->flags & PAGE_NO_CALLBACK)
            return refuse(d, p, o);
        p->flags |= PAGE_NO_CALLBACK;
        alarm_on_the_way(d, p, o);
        return again(d, p, 0, o->message);
    case OUTCOME_REFUSED:
        if ((st = count(d, p, f->started)) != NT_OK)
            return st;
        return refuse(d, p, o);
    case OUTCOME_AMBIGUOUS:
        break;
    }
    if ((st = count(d, p, f->started)) != NT_OK)
        return st;
    p->flags |= PAGE_AMBIGUOUS;
    return settle_save(d, p, PAGE_SENDING, "nobody knows whether it arrived (%s): looking at Twilio's list",
                       o->message);
}

/* What a found or not found message does. */
static enum nt_status look_to_page(struct drainer *d, struct flight *f, struct page *p, enum flight_step *next)
{
    *next = FLIGHT_OVER;
    if (*f->found) {
        struct outcome o = {.kind = OUTCOME_SENT};
        snprintf(o.sid, sizeof o.sid, "%s", f->found);
        snprintf(o.status, sizeof o.status, "%s", f->found_status);
        return sent(d, p, &o, f->started, "found in Twilio's list as");
    }
    if (f->conclusive) {
        /* A crash's remnant was not counted, and may have got as far as Twilio. What is sent now is another request. */
        unsigned flags = p->flags;
        enum nt_status counted = count(d, p, f->started);
        p->flags = flags;
        if (counted != NT_OK)
            return counted;
        log_warning("page %lld to %s: not in Twilio's list: it did not arrive, and is sent again", (long long)p->id,
                    p->number);
        p->flags &= ~(unsigned)PAGE_AMBIGUOUS;
        p->due = d->now;
        return settle_save(d, p, PAGE_QUEUED, "not in Twilio's list: it did not arrive; sent again");
    }
    if (p->expire <= d->now) {
        p->flags &= ~(unsigned)PAGE_AMBIGUOUS;
        return settle_expired(d, p);
    }
    *next = FLIGHT_UNKNOWN;
    return f->shut_out ? shut_out(d, "its list of messages: HTTP 401") : NT_OK;
}

/* The gate is not part of the transaction: it is about the line, not the page. */
static void line_state(struct drainer *d, const struct flight *f)
{
    const struct outcome *o = &f->outcome;
    if (f->step == FLIGHT_LOOKED ? f->shut_out : o->kind == OUTCOME_ACCOUNT)
        line_close(d, true, ACCOUNT_WAIT); /* what is wrong with our secret may be mended: it is read again */
    else if (f->step == FLIGHT_LOOKED)
        return;
    else if (!f->account_answered && o->kind == OUTCOME_RETRY)
        line_close(d, false, 0);
    else if (f->account_answered && d->gate_failures) {
        log_info("Twilio answers again after %d failures", d->gate_failures);
        d->gate_failures = 0;
        d->gate_until = 0;
    }
}

enum nt_status settle_flights(struct drainer *d)
{
    struct store *s = d->r->store;
    enum nt_status st = NT_OK;
    int left = engine_share(flights_finished(d));
    for (struct flight *f = d->flight; st == NT_OK && f && left; f = f->next) {
        struct page *p = NULL;
        enum flight_step next = FLIGHT_OVER;
        if (f->step != FLIGHT_ANSWERED && f->step != FLIGHT_LOOKED)
            continue;
        left--;
        (void)fault_point("settle.before");
        st = s->ops->page_get(s, f->page->id, &p);
        if (st == NT_ENOENT) { /* deleted by hand meanwhile */
            f->step = FLIGHT_OVER;
            st = NT_OK;
            continue;
        }
        if (st == NT_OK && f->step == FLIGHT_ANSWERED) {
            st = outcome_to_page(d, f, p);
            if (f->outcome.kind == OUTCOME_AMBIGUOUS)
                next = FLIGHT_UNKNOWN;
            if (st == NT_OK)
                line_state(d, f);
        } else if (st == NT_OK) {
            st = look_to_page(d, f, p, &next);
            if (st == NT_OK)
                line_state(d, f);
        }
        if (st == NT_OK && p->state == PAGE_SENT) {
            if (d->gate_account) {
                st = s->ops->mark_put(s, "account", d->now, "");
                d->let_in = true;
            }
            d->gate_account = false;
        }
        if (st == NT_OK)
            f->step = next;
        page_free(p);
    }
    return st;
}

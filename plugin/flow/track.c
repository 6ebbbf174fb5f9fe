/*
 * track: receipts by asking. A message that Twilio took is followed until it is delivered or not, so that no public URL
 * is needed.
 *
 * A message is looked at 2 s after it was taken, then with growing pauses (×1.6, at most a minute) as long as it
 * matters: until its page would have expired; a drainer that is not a daemon gives up after ten minutes. Few messages
 * are asked one by one; where it would soon be LIST_FROM of them, by one list of the account's newest messages, and
 * those that are not in it one by one. Each question takes a connection from the pages, and a list is long: one a
 * second is enough, unless so many messages are sent that the older of them would not be in it any more.
 *
 * DIAGNOSTICS: an answer that does not come is asked for again. Statuses never go back: only an end is recorded.
 */
#include "flow/engine.h"

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "flow/alarm.h"
#include "queue/supersede.h"
#include "twilio/request.h"
#include "twilio/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_LOOK = 2000,
    PAUSE_MAX = 60000,
    SEND_FOLLOWS = 600000,
    LIST_FROM = 6,
    LIST_SIZE = 1000,
    LIST_PAUSE = 1000,
    LIST_FULL = LIST_SIZE / 8 * 7,
    LIST_EARLY = 300, /* ms before its time that a message is looked for in a list that is fetched anyway */
    SINGLE_AT_ONCE = 4,
    TRACK_URL = 4096
};

static bool is_end(const char *status)
{
    return !strcmp(status, "delivered") || !strcmp(status, "undelivered") || !strcmp(status, "failed") ||
           !strcmp(status, "canceled") || !strcmp(status, "read") || !strcmp(status, "received");
}

/* They lie in the order of their ids; new ones mostly come last. */
static size_t place_of(const struct drainer *d, int64_t page_id)
{
    size_t low = 0, high = d->watches.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->watches.item[middle].page_id < page_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int by_page(const void *a, const void *b)
{
    const struct watch *x = a, *y = b;
    return (x->page_id > y->page_id) - (x->page_id < y->page_id);
}

void track_rename(struct drainer *d, const struct idmap *first, const struct idmap *names)
{
    for (size_t i = 0; i < d->watches.n; i++)
        d->watches.item[i].page_id = idmap_get_of(first, names, d->watches.item[i].page_id);
    if (d->watches.n)
        qsort(d->watches.item, d->watches.n, sizeof *d->watches.item, by_page);
}

enum nt_status track_add(struct drainer *d, const struct page *p)
{
    if (!d->o->follow || !(p->flags & PAGE_WATCH) || p->state != PAGE_SENT)
        return NT_OK;
    size_t at = place_of(d, p->id);
    if (at < d->watches.n && d->watches.item[at].page_id == p->id)
        return NT_OK;
    if (!VECTOR_GROW(&d->watches, item))
        return NT_ENOMEM;
    struct watch *w = &d->watches.item[at];
    memmove(w + 1, w, (d->watches.n++ - at) * sizeof *w);
    memset(w, 0, sizeof *w);
    w->page_id = p->id;
    w->sent = p->sent;
    int64_t left = p->expire - d->now;
    if (!d->o->daemon && left > SEND_FOLLOWS)
        left = SEND_FOLLOWS;
    w->until = d->boot + (left > FIRST_LOOK ? left : FIRST_LOOK);
    w->next = d->boot + FIRST_LOOK;
    snprintf(w->sid, sizeof w->sid, "%s", p->sid);
    return NT_OK;
}

static void later(struct drainer *d, struct watch *w)
{
    int64_t pause = FIRST_LOOK;
    for (int i = 0; i < w->looks && pause < PAUSE_MAX; i++)
        pause = pause * 8 / 5;
    w->looks++;
    w->next = d->boot + (pause < PAUSE_MAX ? pause : PAUSE_MAX);
}

static void news(struct drainer *d, struct watch *w, const struct message *m)
{
    w->asked = false;
    if (m && is_end(m->status)) {
        snprintf(w->status, sizeof w->status, "%s", m->status);
        w->error_code = m->error_code;
    } else {
        later(d, w);
    }
}

/* The array may have moved since the request was started, so a single answer is matched by SID. */
struct single {
    struct single *next;
    struct drainer *d;
    char sid[OUTCOME_SID];
};

static void single_free(struct single *one)
{
    for (struct single **at = &one->d->singles; *at; at = &(*at)->next)
        if (*at == one) {
            *at = one->next;
            break;
        }
    mem_free(one);
}

void track_lost(struct drainer *d)
{
    while (d->singles)
        single_free(d->singles);
    for (size_t i = 0; i < d->watches.n; i++)
        d->watches.item[i].asked = false;
    d->watch_list_asked = false;
}

/* Also what is still being asked: nobody will be called back any more. */
void track_clean(struct drainer *d)
{
    track_lost(d);
    mem_free(d->watches.item);
    memset(&d->watches, 0, sizeof d->watches);
}

static void single_came(void *arg, const struct http_result *r)
{
    struct single *one = arg;
    struct drainer *d = one->d;
    struct message_list list = {0};
    bool ok = r->end == HTTP_ANSWERED && r->status == 200 && response_message(r->body, r->body_len, &list) == NT_OK &&
              list.n == 1;
    for (size_t i = 0; i < d->watches.n; i++) /* each answer is one question's, even where two ask about one SID */
        if (d->watches.item[i].asked && !strcmp(d->watches.item[i].sid, one->sid)) {
            news(d, &d->watches.item[i], ok ? &list.item[0] : NULL);
            break;
        }
    if (ok)
        message_list_clean(&list);
    single_free(one);
}

static int by_sid(const void *a, const void *b)
{
    const struct message *x = a, *y = b;
    return strcmp(x->sid, y->sid);
}

static void list_came(void *arg, const struct http_result *r)
{
    struct drainer *d = arg;
    struct message_list list = {0};
    bool ok = r->end == HTTP_ANSWERED && r->status == 200 && response_list(r->body, r->body_len, &list) == NT_OK;
    d->watch_list_asked = false;
    d->watch_list_next = clock_boot(d->r->clock) + LIST_PAUSE;
    if (ok && list.n)
        qsort(list.item, list.n, sizeof *list.item, by_sid);
    for (size_t i = 0; ok && list.n && i < d->watches.n; i++) {
        struct watch *w = &d->watches.item[i];
        const struct message key = {.sid = w->sid};
        const struct message *m = w->asked ? bsearch(&key, list.item, list.n, sizeof *list.item, by_sid) : NULL;
        if (m)
            news(d, w, m);
    }
    for (size_t i = 0; i < d->watches.n; i++) /* not in the list: one by one from now on */
        if (d->watches.item[i].asked) {
            d->watches.item[i].asked = false;
            d->watches.item[i].alone = ok;
            later(d, &d->watches.item[i]);
        }
    if (ok)
        message_list_clean(&list);
}

static enum nt_status ask(struct drainer *d, const char *url, http_done *done, void *arg)
{
    struct http_request r = {.method = "GET", .url = url, .done = done, .arg = arg};
    request_credentials(&d->r->config->twilio, &r.user, &r.password);
    return http_start(d->http, &r);
}

static void ask_single(struct drainer *d, struct watch *w)
{
    struct buf url;
    struct single *one = mem_alloc(sizeof *one);
    buf_init(&url, TRACK_URL);
    if (one) {
        one->d = d;
        one->next = d->singles;
        d->singles = one;
        memcpy(one->sid, w->sid, sizeof one->sid);
        w->asked = true;
        if (request_message_url(&d->r->config->twilio, w->sid, &url) != NT_OK ||
            ask(d, buf_text(&url), single_came, one) != NT_OK) {
            w->asked = false;
            later(d, w);
            single_free(one);
        }
    }
    buf_clean(&url);
}

/* May it be asked about now, one by one or in a list? */
static bool is_due(const struct drainer *d, const struct watch *w)
{
    return !w->asked && !*w->status && w->next <= d->boot;
}

/* What is to be asked. */
struct asking {
    size_t asked;         /* under way */
    size_t soon;          /* by a list, before the next one */
    size_t newer;         /* messages that a list has to reach back over */
    int64_t oldest, next; /* sent when (wall), asked about when (boot): of those for a list */
};

static void look(const struct drainer *d, struct asking *a)
{
    *a = (struct asking){.oldest = d->now, .next = INT64_MAX};
    for (size_t i = 0; i < d->watches.n; i++) {
        const struct watch *w = &d->watches.item[i];
        a->asked += w->asked;
        if (w->asked || w->alone || *w->status || w->next > d->boot + LIST_PAUSE)
            continue;
        a->soon++;
        if (w->next < a->next)
            a->next = w->next;
        if (is_due(d, w) && w->sent && w->sent < a->oldest)
            a->oldest = w->sent;
    }
    for (size_t i = 0; i < d->watches.n; i++)
        a->newer += d->watches.item[i].sent >= a->oldest;
}

static bool by_list(const struct asking *a)
{
    return a->soon >= LIST_FROM;
}

/* When the list may be fetched, boot ms. */
static int64_t list_at(const struct drainer *d, const struct asking *a)
{
    return a->newer < LIST_FULL && d->watch_list_next > a->next ? d->watch_list_next : a->next;
}

static void ask_list(struct drainer *d, int64_t since)
{
    struct buf url;
    buf_init(&url, TRACK_URL);
    if (request_recent_url(&d->r->config->twilio, since, LIST_SIZE, &url) == NT_OK &&
        ask(d, buf_text(&url), list_came, d) == NT_OK) {
        d->watch_list_asked = true;
        for (size_t i = 0; i < d->watches.n; i++) {
            struct watch *w = &d->watches.item[i];
            w->asked = w->asked || (!w->alone && !*w->status && w->next <= d->boot + LIST_EARLY);
        }
    } else {
        d->watch_list_next = d->boot + LIST_PAUSE;
    }
    buf_clean(&url);
}

void track_start(struct drainer *d)
{
    struct asking a;
    if (d->watch_list_asked || d->boot < d->gate_until || !d->watches.n)
        return;
    look(d, &a);
    if (by_list(&a) && !a.asked && list_at(d, &a) <= d->boot) { /* else as soon as those under way are answered */
        ask_list(d, a.oldest);
        return;
    }
    for (size_t i = 0; i < d->watches.n && a.asked < SINGLE_AT_ONCE; i++) {
        struct watch *w = &d->watches.item[i];
        if (is_due(d, w) && (w->alone || !by_list(&a))) {
            ask_single(d, w);
            a.asked += w->asked;
        }
    }
}

int track_asking(const struct drainer *d)
{
    int n = d->watch_list_asked;
    for (const struct single *one = d->singles; one; one = one->next)
        n++;
    return n;
}

/* Not delivered: by another way if there is one, else the admin is told. */
static enum nt_status not_delivered(struct drainer *d, struct page *p, const struct error_entry *e, const char *why)
{
    bool made = false, superseded = false;
    enum nt_status st = NT_OK;
    if ((st = supersede_newer(d->r->store, p, &superseded)) != NT_OK)
        return st;
    bool once_more =
        e && (e->advice == ADVICE_RETRY_ONCE || e->advice == ADVICE_NEXT_SENDER || e->advice == ADVICE_RETRY);
    if (!superseded && e && e->advice == ADVICE_TEXT_ONLY)
        st = settle_as_text(d, p, why, &made);
    if (st == NT_OK && !superseded && !made)
        st = settle_elsewhere(d, p, once_more || !e, why, &made);
    if (st == NT_OK && !made && !superseded && (p->class == CLASS_URGENT || (e && e->alarm))) {
        char cause[64];
        snprintf(cause, sizeof cause, "undelivered:%s", p->number);
        alarm_raise(d->r, cause, true, "a page to %s was not delivered: %s. The text: %s", p->number, why, p->body);
    }
    return st;
}

static enum nt_status settle_one(struct drainer *d, struct watch *w)
{
    struct page *p = NULL;
    struct store *s = d->r->store;
    enum nt_status st = s->ops->page_get(s, w->page_id, &p);
    if (st == NT_ENOENT)
        return NT_OK;
    if (st != NT_OK)
        return st;
    (void)fault_point("receipt.before");
    if (p->state != PAGE_SENT) { /* an end came another way */
        page_free(p);
        return NT_OK;
    }
    p->flags &= ~(unsigned)PAGE_WATCH;
    if (!*w->status) {
        st = settle_save(d, p, PAGE_SENT, "no receipt came; Twilio had taken it");
    } else if (!strcmp(w->status, "delivered") || !strcmp(w->status, "read") || !strcmp(w->status, "received")) {
        st = settle_save(d, p, PAGE_DELIVERED, "%s %lld s after it was taken", w->status,
                         (long long)((d->now - p->sent) / 1000));
    } else {
        const struct error_entry *e = error_lookup(w->error_code);
        char why[ENGINE_REASON / 2];
        if (w->error_code)
            snprintf(why, sizeof why, "%s (%d)", e ? e->meaning : "no reason in words", w->error_code);
        else
            snprintf(why, sizeof why, "%s", !strcmp(w->status, "canceled") ? "cancelled at Twilio" : "no reason given");
        p->error_code = w->error_code;
        st = page_set(&p->error_message, why);
        if (st == NT_OK)
            st = settle_save(d, p, !strcmp(w->status, "undelivered") ? PAGE_UNDELIVERED : PAGE_FAILED, "%s: %s",
                             w->status, why);
        log_error("page %lld to %s (%s): %s: %s", (long long)p->id, p->number, p->sid, w->status, why);
        if (st == NT_OK)
            st = not_delivered(d, p, e, why);
    }
    page_free(p);
    return st;
}

bool track_news(const struct drainer *d)
{
    for (size_t i = 0; i < d->watches.n; i++)
        if (*d->watches.item[i].status || (d->watches.item[i].until <= d->boot && !d->watches.item[i].asked))
            return true;
    return false;
}

enum nt_status track_settle(struct drainer *d)
{
    for (size_t i = 0; i < d->watches.n; i++) {
        struct watch *w = &d->watches.item[i];
        if (!*w->status && (w->until > d->boot || w->asked))
            continue;
        enum nt_status st = settle_one(d, w);
        if (st != NT_OK)
            return st;
        w->over = true;
    }
    return NT_OK;
}

/* What is due but must wait for an answer or for the line does not count: it would keep the loop awake for nothing. */
int64_t track_next(const struct drainer *d)
{
    int64_t next = INT64_MAX;
    struct asking a;
    if (!d->watches.n)
        return next;
    look(d, &a);
    bool full = d->watch_list_asked || a.asked >= SINGLE_AT_ONCE;
    for (size_t i = 0; i < d->watches.n; i++) {
        const struct watch *w = &d->watches.item[i];
        bool listed = by_list(&a) && !w->alone;
        int64_t at = w->next;
        if (listed && at < list_at(d, &a))
            at = list_at(d, &a);
        if (at <= d->boot && (full || (listed && a.asked)))
            at = INT64_MAX;
        if (at < d->gate_until)
            at = d->gate_until;
        if (w->until < at)
            at = w->until;
        if (!w->asked && at < next)
            next = at;
    }
    return next;
}

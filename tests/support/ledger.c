/*
 * ledger: the messages, newest last, found by sid and by number.
 *
 * A status is not moved on by a timer: each message keeps the moment it was taken and how long each step lasts, and its
 * status is worked out when somebody asks. The clock of the messages may run faster than the world's, or be pushed on.
 * Everything is under the simulator's lock; the ledger owns its strings.
 *
 * Example: steps queued 20, sending 20, sent 40 ms; asked 45 ms after creation the message is `sent` (since 40 ms).
 *
 * DIAGNOSTICS: none; without memory the program ends.
 */
#include "ledger.h"

#include "fields.h"
#include "segments.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/vector.h"

#include <stdio.h>
#include <string.h>

enum { BUCKETS = 1 << 16 };

static const char *const status_name[] = {"accepted",  "queued",      "sending", "sent",
                                          "delivered", "undelivered", "failed",  "canceled", "received"};

int message_status_parse(const char *word)
{
    for (int i = 0; i <= MESSAGE_RECEIVED; i++)
        if (strcmp(status_name[i], word) == 0)
            return i;
    return -1;
}

const char *message_status_name(int status)
{
    return status_name[status];
}

void ledger_init(struct ledger *l, uint64_t seed)
{
    *l = (struct ledger){.seed = seed};
    l->by_to = need(mem_array(BUCKETS, sizeof *l->by_to));
    l->by_sid = need(mem_array(BUCKETS, sizeof *l->by_sid));
    for (int i = 0; i < BUCKETS; i++)
        l->by_to[i] = l->by_sid[i] = -1;
}

void ledger_clean(struct ledger *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct message *m = &l->item[i];
        mem_free(m->to);
        mem_free(m->from);
        mem_free(m->service);
        mem_free(m->body);
        mem_free(m->callback);
        for (int k = 0; k < m->n_media; k++)
            mem_free(m->media[k]);
    }
    mem_free(l->item);
    mem_free(l->by_to);
    mem_free(l->by_sid);
    *l = (struct ledger){0};
}

static size_t bucket(const char *text)
{
    return hash_text(text) & (BUCKETS - 1);
}

/* One to one, so that no sid comes twice. */
static uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void choose_sender(struct message *m, const struct account *a, const struct draft *d)
{
    m->service = need_text(d->service);
    if (d->from && *d->from) {
        m->from = need_text(d->from);
        return;
    }
    /* A pool keeps to one of its numbers for each recipient. */
    const struct service *service = d->service ? account_service(a, d->service) : NULL;
    m->from = need_text(service ? service->pool[bucket(d->to) % (size_t)service->n] : "");
}

/* Messages are chained in the order of the array. */
static void enchain(struct ledger *l, size_t i)
{
    struct message *m = &l->item[i];
    size_t to = bucket(m->to), sid = bucket(m->sid);
    m->older_to = l->by_to[to];
    m->older_sid = l->by_sid[sid];
    l->by_to[to] = l->by_sid[sid] = (long)i;
}

struct message *ledger_add(struct ledger *l, const struct account *a, struct settings *s, const struct draft *d,
                           int64_t wall, int64_t clock)
{
    need(VECTOR_GROW(l, item) ? l : NULL);
    struct message *m = &l->item[l->n];
    *m = (struct message){.created = wall - d->age, .born = clock - d->age, .end = MESSAGE_DELIVERED};
    snprintf(m->sid, sizeof m->sid, "%s%016llx%016llx", d->n_media ? "MM" : "SM", (unsigned long long)scramble(l->seed),
             (unsigned long long)scramble(l->seed + l->n + 1));
    m->to = need_text(d->to);
    choose_sender(m, a, d);

    struct buf body;
    buf_init(&body, 1 << 20);
    buf_adds(&body, s->trial ? "Sent from your Twilio trial account - " : "");
    buf_adds(&body, d->body ? d->body : "");
    m->body = need(buf_steal(&body));
    for (; m->n_media < d->n_media; m->n_media++)
        m->media[m->n_media] = need_text(d->media[m->n_media]);
    m->callback = need_text(d->callback);
    m->validity = d->validity;
    memcpy(m->step, s->step, sizeof m->step);
    const struct fate *fate = settings_fate(s, d->to);
    if (fate) {
        m->end = fate->status;
        m->error = fate->error;
    }
    struct segments count = segments_count(m->body);
    m->ucs2 = count.ucs2;
    m->segments = m->n_media ? 1 : (int)count.parts;

    enchain(l, l->n++);
    return m;
}

struct message *ledger_settle_in(struct ledger *l)
{
    struct message m = l->item[l->n - 1];
    size_t at = l->n - 1;
    for (; at > 0 && l->item[at - 1].created > m.created; at--)
        l->item[at] = l->item[at - 1];
    l->item[at] = m;
    for (int i = 0; i < BUCKETS; i++)
        l->by_to[i] = l->by_sid[i] = -1;
    for (size_t i = 0; i < l->n; i++)
        enchain(l, i);
    return &l->item[at];
}

struct message *ledger_find(struct ledger *l, const char *sid)
{
    for (long i = l->by_sid[bucket(sid)]; i >= 0; i = l->item[i].older_sid)
        if (strcmp(l->item[i].sid, sid) == 0)
            return l->item[i].deleted ? NULL : &l->item[i];
    return NULL;
}

/* When the status is reached, ms after birth. */
static int64_t reached(const struct message *m, enum message_status status)
{
    int64_t at = m->service[0] ? m->step[STEP_ACCEPTED] : 0; /* only a messaging service starts with accepted */
    if (status == MESSAGE_ACCEPTED)
        return 0;
    if (status >= MESSAGE_SENDING)
        at += m->step[STEP_QUEUED];
    if (status == MESSAGE_SENT || status == MESSAGE_DELIVERED || status == MESSAGE_UNDELIVERED)
        at += m->step[STEP_SENDING];
    if (status == MESSAGE_DELIVERED || status == MESSAGE_UNDELIVERED)
        at += m->step[STEP_SENT];
    return at;
}

enum message_status message_status_at(const struct message *m, int64_t clock)
{
    static const enum message_status way[] = {MESSAGE_SENT, MESSAGE_SENDING, MESSAGE_QUEUED};
    int64_t age = clock - m->born;
    if (m->forced || age >= reached(m, m->end))
        return m->end;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        bool passed = (int)way[i] < m->end && !(m->end == MESSAGE_FAILED && way[i] != MESSAGE_QUEUED);
        if (passed && age >= reached(m, way[i]))
            return way[i];
    }
    return m->service[0] ? MESSAGE_ACCEPTED : MESSAGE_QUEUED;
}

void message_settle(struct message *m, enum message_status status, int error)
{
    m->end = status;
    m->error = error;
    m->forced = true;
}

int64_t message_date_sent(const struct message *m, int64_t clock, double speed)
{
    enum message_status status = message_status_at(m, clock);
    if (status != MESSAGE_SENT && status != MESSAGE_DELIVERED && status != MESSAGE_UNDELIVERED)
        return 0;
    return m->forced ? m->created : m->created + (int64_t)((double)reached(m, MESSAGE_SENT) / speed);
}

size_t ledger_list(struct ledger *l, const struct ledger_filter *f, int64_t clock, double speed, size_t *out,
                   bool *more)
{
    size_t n = 0;
    long skip = f->skip, i = f->to ? l->by_to[bucket(f->to)] : (long)l->n - 1;
    bool started = f->after == NULL;
    *more = false;
    for (; i >= 0; i = f->to ? l->item[i].older_to : i - 1) {
        const struct message *m = &l->item[i];
        if (!started) {
            started = strcmp(m->sid, f->after) == 0;
            continue;
        }
        if (m->deleted || m->created > f->now || (f->to && strcmp(m->to, f->to) != 0))
            continue;
        enum message_status status = message_status_at(m, clock);
        if (f->from && (status == MESSAGE_ACCEPTED || strcmp(m->from, f->from) != 0))
            continue;
        int64_t date = message_date_sent(m, clock, speed);
        if (!date) /* not sent yet: found by the day it was made */
            date = m->created;
        if ((f->since && date < f->since) || (f->before && date >= f->before))
            continue;
        if (skip-- > 0)
            continue;
        if ((long)n == f->limit) {
            *more = true;
            break;
        }
        out[n++] = (size_t)i;
    }
    return n;
}

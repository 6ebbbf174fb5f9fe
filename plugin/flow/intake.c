/*
 * intake: alerts handed over on the socket. All that came in a turn are stored in its transaction; each is answered
 * after the commit, and not before.
 *
 * Besides alerts there are two requests of our own processes: `control=status` and `control=leave`. The words of the
 * answers: reply.c.
 *
 * While the store is out of order a commit is memory's alone, and would die with this process. So the answer waits
 * until the request's pages are beyond that: sent, refused, or in the store again. Whoever waits knows at once when we
 * die, because the connection does, and goes alone.
 *
 * DIAGNOSTICS: a damaged request, one past its deadline, or an alert for nobody is answered with its error; a store
 * that fails makes the turn go on with the spare one, and the request is stored there.
 */
#include "flow/engine.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "flow/accept.h"
#include "flow/draft.h"
#include "flow/order.h"
#include "handover/frame.h"

#include <string.h>

enum {
    STORM_OVER = 1000 /* ms */,
    TURN_REQUESTS = 256,
    ANSWER_MAX = 180 * 1024,
    INTAKE_ERROR = 8192,
    EXIT_NOBODY_ = 65,
    EXIT_AGAIN_ = 75
};

struct request {
    struct handover_client *client;
    struct order order;
    struct alert *alert;
    struct accepted accepted;
    struct buf error;
    int exit;                /* when there is an error */
    struct starter *starter; /* not handed over: our own */
    const struct order *own; /* its order; else `order` */
    enum nt_status status;
    bool control, leave;
};

struct requests {
    struct request *item;
    size_t n, size;
};

struct intake {
    struct request *item;
    size_t n, size;
    struct requests late; /* accepted into memory, not answered yet */
};

enum nt_status intake_new(struct intake **out)
{
    *out = mem_zalloc(sizeof **out);
    return *out ? NT_OK : NT_ENOMEM;
}

static void request_clean(struct request *q)
{
    order_clean(&q->order);
    alert_free(q->alert);
    accepted_clean(&q->accepted);
    buf_clean(&q->error);
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->n; i++)
        request_clean(&in->item[i]);
    for (size_t i = 0; i < in->late.n; i++)
        request_clean(&in->late.item[i]);
    mem_free(in->item);
    mem_free(in->late.item);
    mem_free(in);
}

/* control=WORD right after the version. */
static bool read_control(const char *frame, size_t len, bool *leave)
{
    size_t at = 0, key_len, value_len;
    const char *key, *value;
    bool bad = false;
    for (int i = 0; i < 2 && frame_next(frame, len, &at, &key, &key_len, &value, &value_len, &bad); i++)
        if (i == 1 && key_len == strlen("control") && !memcmp(key, "control", key_len)) {
            *leave = value_len == strlen("leave") && !memcmp(value, "leave", value_len);
            return true;
        }
    return false;
}

static bool is_late(const struct drainer *d, const struct order *o)
{
    return o->deadline && o->deadline < runtime_now(d->r);
}

static void too_late(struct request *q)
{
    buf_adds(&q->error, "past its deadline");
    q->exit = EXIT_AGAIN_;
}

/* Whoever asked may not read the answer: the broker module lets the command try, a monitor drops its words. */
static void nobody(struct request *q)
{
    q->exit = q->accepted.muted ? 0 : EXIT_NOBODY_;
    if (q->exit)
        log_error("an alert could not be taken: %s", buf_text(&q->error));
    else
        log_info("%s", buf_text(&q->error));
}

static void received(void *arg, struct handover_client *client, const char *frame, size_t len)
{
    struct drainer *d = arg;
    struct intake *in = d->intake;
    if (!VECTOR_GROW(in, item)) {
        static const char no_memory[] = "{\"ok\":false,\"exit\":75,\"error\":\"out of memory\"}";
        handover_answer(d->server, client, no_memory, sizeof no_memory - 1);
        return;
    }
    struct request *q = &in->item[in->n++];
    memset(q, 0, sizeof *q);
    q->client = client;
    order_init(&q->order);
    accepted_init(&q->accepted);
    buf_init(&q->error, INTAKE_ERROR);
    if (read_control(frame, len, &q->leave)) {
        q->control = true;
        return;
    }
    enum nt_status st = order_read(frame, len, &q->order, &q->error);
    if (st == NT_OK && is_late(d, &q->order)) {
        too_late(q);
        return;
    }
    if (st == NT_OK)
        st = draft_alert(d->r, &q->order, &q->alert, &q->error);
    if (st != NT_OK) {
        q->exit = st == NT_EINVAL ? EXIT_NOBODY_ : EXIT_AGAIN_;
        if (!q->error.len)
            buf_adds(&q->error, nt_status_text(st));
        log_error("an alert could not be taken: %s", buf_text(&q->error));
    }
}

enum nt_status intake_starter(struct drainer *d)
{
    struct starter *s = d->o->starter;
    struct intake *in = d->intake;
    if (!VECTOR_GROW(in, item))
        return NT_ENOMEM;
    struct request *q = &in->item[in->n];
    memset(q, 0, sizeof *q);
    order_init(&q->order);
    accepted_init(&q->accepted);
    buf_init(&q->error, INTAKE_ERROR);
    q->starter = s;
    q->own = s->order;
    s->status = NT_EBUSY;
    enum nt_status st = draft_alert(d->r, s->order, &q->alert, s->error);
    if (st != NT_OK) {
        s->status = st;
        request_clean(q);
        return NT_OK;
    }
    in->n++;
    return NT_OK;
}

void intake_receive(struct drainer *d)
{
    size_t had = d->intake->n;
    int most = d->flights ? ENGINE_ALERTS : TURN_REQUESTS;
    if (d->server && !d->leaving && handover_receive(d->server, most, received, d) != NT_OK)
        log_warning("the hand-over socket cannot be read");
    if (d->intake->n - had < ENGINE_ALERTS)
        return;
    if (!d->storm_last || d->boot - d->storm_last > STORM_OVER)
        d->storm_began = d->boot;
    d->storm_last = d->boot;
}

bool intake_waiting(const struct drainer *d)
{
    return d->intake->n > 0;
}

enum nt_status intake_store(struct drainer *d)
{
    for (size_t i = 0; i < d->intake->n; i++) {
        struct request *q = &d->intake->item[i];
        if (q->control || !q->alert)
            continue;
        accepted_clean(&q->accepted); /* a second try of the turn starts anew */
        buf_reset(&q->error);
        q->exit = 0;
        if (!q->own && is_late(d, &q->order)) { /* the store kept us waiting: the client has gone on alone */
            too_late(q);
            continue;
        }
        enum nt_status st = q->status =
            accept_store(d->r, q->own ? q->own : &q->order, q->alert, &q->accepted, &q->error);
        if (st == NT_ENOBODY) {
            nobody(q);
            continue;
        }
        if (st != NT_OK)
            return st;
    }
    return NT_OK;
}

/* Its pages are handed to whoever runs us. */
static void answer_starter(struct request *q, enum nt_status turn)
{
    struct starter *s = q->starter;
    accepted_clean(s->accepted);
    *s->accepted = q->accepted;
    accepted_init(&q->accepted);
    buf_adds(s->error, buf_text(&q->error));
    s->status = turn != NT_OK ? turn : q->status;
    request_clean(q);
}

static void answer_accepted(struct drainer *d, struct request *q, struct buf *answer)
{
    reply_accepted(&q->accepted, answer, true);
    if (buf_status(answer) != NT_OK) { /* a large group: the pages without their texts */
        buf_reset(answer);
        reply_accepted(&q->accepted, answer, false);
    }
    handover_answer(d->server, q->client, buf_text(answer), answer->len);
}

/* Would this page be lost with the memory it is in? What stands for it decides, where something does. */
static bool in_memory_alone(struct store *s, const struct page *p)
{
    struct page *other = NULL;
    bool lost = !page_settled(p->state);
    if ((p->state == PAGE_DUPLICATE || p->state == PAGE_MERGED) && p->merged_into &&
        s->ops->page_get(s, p->merged_into, &other) == NT_OK)
        lost = !page_settled(other->state);
    page_free(other);
    return lost;
}

static bool is_safe(struct drainer *d, struct request *q)
{
    struct store *s = d->r->store;
    bool safe = true;
    for (size_t i = 0; i < q->accepted.n; i++) {
        struct page *now = NULL;
        if (s->ops->page_get(s, q->accepted.page[i]->id, &now) == NT_OK) {
            page_free(q->accepted.page[i]);
            q->accepted.page[i] = now;
        }
        if (d->r->spare && in_memory_alone(s, q->accepted.page[i]))
            safe = false;
    }
    return safe;
}

/* True: it is answered later, and no longer the turn's. */
static bool put_off(struct drainer *d, struct request *q)
{
    struct requests *late = &d->intake->late;
    if (!d->r->spare || is_safe(d, q) || !VECTOR_GROW(late, item))
        return false;
    late->item[late->n++] = *q;
    return true;
}

void intake_late(struct drainer *d)
{
    struct requests *late = &d->intake->late;
    size_t kept = 0;
    for (size_t i = 0; i < late->n; i++) {
        struct request *q = &late->item[i];
        struct buf answer;
        if (!is_safe(d, q)) {
            late->item[kept++] = *q;
            continue;
        }
        buf_init(&answer, ANSWER_MAX);
        answer_accepted(d, q, &answer);
        buf_clean(&answer);
        request_clean(q);
    }
    late->n = kept;
}

void intake_rename(struct drainer *d, const struct idmap *first, const struct idmap *names)
{
    for (size_t i = 0; i < d->intake->late.n; i++) {
        struct accepted *a = &d->intake->late.item[i].accepted;
        for (size_t j = 0; j < a->n; j++)
            a->page[j]->id = idmap_get_of(first, names, a->page[j]->id);
    }
}

static void answer_control(struct drainer *d, struct request *q, struct buf *answer)
{
    /* a daemon does not leave for another: it says so by its status */
    if (q->leave && !d->o->daemon)
        d->leaving = true;
    reply_status(d, answer);
    handover_answer(d->server, q->client, buf_text(answer), answer->len);
}

static void answer_error(struct drainer *d, struct request *q, const char *error, int exit_status, struct buf *answer)
{
    reply_error(error, exit_status, answer);
    handover_answer(d->server, q->client, buf_text(answer), answer->len);
}

void intake_answer(struct drainer *d, enum nt_status turn)
{
    if (turn == NT_OK && d->intake->late.n)
        intake_late(d);
    for (size_t i = 0; i < d->intake->n; i++) {
        struct request *q = &d->intake->item[i];
        struct buf answer;
        if (q->starter) {
            answer_starter(q, turn);
            continue;
        }
        buf_init(&answer, ANSWER_MAX);
        (void)fault_point("answer.before");
        if (q->control) {
            answer_control(d, q, &answer);
        } else if (q->alert && turn != NT_OK) {
            answer_error(d, q, nt_status_text(turn), EXIT_AGAIN_, &answer);
        } else if (q->error.len && q->exit) {
            answer_error(d, q, buf_text(&q->error), q->exit, &answer);
        } else if (put_off(d, q)) {
            buf_clean(&answer);
            continue;
        } else {
            answer_accepted(d, q, &answer);
        }
        buf_clean(&answer);
        request_clean(q);
    }
    d->intake->n = 0;
}

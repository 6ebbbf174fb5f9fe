/* fake_twilio: see the header. */
#include "fake_twilio.h"
#include "fake_twilio_private.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/vector.h"
#include "world.h"
#include "world_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LATENCY = 150, CLIENT_TIMEOUT = 30000, LATE = 26000, DELIVERED_AFTER = 3000, ANSWER_SIZE = 1 << 20, ROOM = 256 };

/* ---- its clock and its messages ---- */

static int64_t boot_of(const struct fake_twilio *t)
{
    return t->w->clock.boot_ms;
}

static int64_t wall_of(const struct fake_twilio *t)
{
    return t->w->clock.wall_ms + t->skew;
}

static bool is(const char *want, const char *have)
{
    return !want || !strcmp(want, have);
}

static void give_end(struct fake_twilio *t, struct tw_message *m)
{
    m->end = "delivered";
    m->end_at = boot_of(t) + DELIVERED_AFTER;
    for (size_t i = 0; i < t->receipts; i++) {
        struct receipt *r = &t->receipt[i];
        if (!is(r->to, m->to) || !is(r->from, m->sender) || (r->times && r->used >= r->times))
            continue;
        r->used++;
        m->end = r->status;
        m->code = r->code;
        m->end_at = boot_of(t) + (r->after ? r->after : DELIVERED_AFTER);
        return;
    }
}

static long accept_post(struct fake_twilio *t, size_t post)
{
    if (!VECTOR_GROW(&t->messages, item))
        abort();
    struct tw_post *p = &t->posts.item[post];
    struct tw_message *m = &t->messages.item[t->messages.n];
    memset(m, 0, sizeof *m);
    snprintf(m->sid, sizeof m->sid, "%s%032zx", p->media ? "MM" : "SM", t->messages.n + 1);
    memcpy(m->to, p->to, sizeof m->to);
    memcpy(m->sender, p->sender, sizeof m->sender);
    m->body = strdup(p->body);
    m->boot = boot_of(t);
    m->wall = wall_of(t);
    m->page = p->page;
    m->media = p->media;
    m->validity = p->validity;
    give_end(t, m);
    p->message = (long)t->messages.n++;
    world_rules_message(t->w, m, p);
    return p->message;
}

void fake_twilio_accept(struct fake_twilio *t)
{
    for (size_t i = 0; i < t->coming.n;) {
        if (t->coming.item[i].at > boot_of(t)) {
            i++;
            continue;
        }
        size_t post = t->coming.item[i].post;
        t->coming.item[i] = t->coming.item[--t->coming.n];
        (void)accept_post(t, post);
    }
}

/* ---- reading requests ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : 0;
}

/* The nth value of a key in urlencoded text; false: there is none. */
static bool field(const char *text, const char *key, int nth, char *out, size_t size)
{
    size_t key_len = strlen(key), n = 0;
    for (const char *at = text; *at;) {
        const char *end = strchr(at, '&');
        size_t len = end ? (size_t)(end - at) : strlen(at);
        if (len > key_len && !strncmp(at, key, key_len) && at[key_len] == '=' && nth-- == 0) {
            for (size_t i = key_len + 1; i < len && n + 1 < size; i++) {
                if (at[i] == '%' && i + 2 < len) {
                    out[n++] = (char)(hex(at[i + 1]) << 4 | hex(at[i + 2]));
                    i += 2;
                } else {
                    out[n++] = at[i];
                    if (out[n - 1] == '+')
                        out[n - 1] = ' ';
                }
            }
            out[n] = '\0';
            return true;
        }
        at += len + (end != NULL);
    }
    if (size)
        *out = '\0';
    return false;
}

/* ---- answers ---- */

static void put_message(struct fake_twilio *t, struct json *j, const struct tw_message *m)
{
    char date[64], number[16];
    time_t at = (time_t)(m->wall / 1000);
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    bool service = !strncmp(m->sender, "MG", 2), ended = *m->end && m->end_at <= boot_of(t);
    json_object(j);
    json_key(j, "sid");
    json_string(j, m->sid);
    json_key(j, "status");
    json_string(j, ended ? m->end : boot_of(t) - m->boot > 1000 ? "sent" : service ? "accepted" : "queued");
    json_key(j, "to");
    json_string(j, m->to);
    json_key(j, "from");
    json_string(j, service ? NULL : m->sender);
    json_key(j, "messaging_service_sid");
    json_string(j, service ? m->sender : NULL);
    json_key(j, "body");
    json_string(j, t->redacted ? "" : m->body);
    json_key(j, "date_created");
    json_string(j, date);
    json_key(j, "error_code");
    if (ended && m->code)
        json_int(j, m->code);
    else
        json_null(j);
    json_key(j, "error_message");
    json_null(j);
    json_key(j, "num_segments");
    json_string(j, "1");
    json_key(j, "num_media");
    snprintf(number, sizeof number, "%d", m->media);
    json_string(j, number);
    json_end(j);
}

/* NULL without memory: an empty answer. */
static char *steal(struct buf *b)
{
    char *text = buf_steal(b);
    if (!text)
        buf_clean(b);
    return text;
}

static char *created(struct fake_twilio *t, const struct tw_message *m)
{
    struct buf b;
    struct json j;
    buf_init(&b, ANSWER_SIZE);
    json_begin(&j, &b);
    put_message(t, &j, m);
    return steal(&b);
}

static char *refusal(int code, int http)
{
    struct buf b;
    buf_init(&b, ANSWER_SIZE);
    buf_addf(&b, "{\"code\":%d,\"message\":\"told to refuse\",\"more_info\":\"\",\"status\":%d}", code, http);
    return steal(&b);
}

static char *listed(struct fake_twilio *t, const char *query)
{
    struct buf b;
    struct json j;
    char to[32], size[16];
    bool all = !field(query, "To", 0, to, sizeof to), more = false;
    long max = field(query, "PageSize", 0, size, sizeof size) ? strtol(size, NULL, 10) : 50, n = 0;
    if (t->list_max && max > t->list_max)
        max = t->list_max;
    buf_init(&b, ANSWER_SIZE);
    json_begin(&j, &b);
    json_object(&j);
    json_key(&j, "messages");
    json_array(&j);
    for (size_t i = t->messages.n; i-- > 0;) {
        const struct tw_message *m = &t->messages.item[i];
        if (!all && strcmp(m->to, to) != 0)
            continue;
        if (n == max) {
            more = true;
            break;
        }
        n++;
        put_message(t, &j, m);
    }
    json_end(&j);
    json_key(&j, "next_page_uri");
    json_string(&j, more ? "/2010-04-01/more" : NULL);
    json_end(&j);
    t->lists++;
    return steal(&b);
}

static char *single(struct fake_twilio *t, const char *url, long *status)
{
    for (size_t i = 0; i < t->messages.n; i++)
        if (strstr(url, t->messages.item[i].sid)) {
            *status = 200;
            return created(t, &t->messages.item[i]);
        }
    *status = 404;
    return refusal(20404, 404);
}

/* ---- faults ---- */

static struct fault *fault_for(struct fake_twilio *t, const struct tw_post *p)
{
    int64_t now = world_now(t->w);
    for (size_t i = 0; i < t->faults; i++) {
        struct fault *f = &t->fault[i];
        if (f->lists != !p || (p && (!is(f->to, p->to) || !is(f->from, p->sender))) || now < f->since ||
            (f->until && now >= f->until) || (f->times && f->used >= f->times) || (p && f->media && !p->media) ||
            (p && f->callback && !p->callback))
            continue;
        f->used++;
        return f;
    }
    return NULL;
}

static void answer(struct tw_request *r, long status, char *body)
{
    r->end = HTTP_ANSWERED;
    r->status = status;
    r->body = body;
}

static void no_answer(struct tw_request *r, enum http_end end, const char *error)
{
    r->end = end;
    r->error = error;
}

static void coming(struct fake_twilio *t, int64_t at, size_t post)
{
    if (!VECTOR_GROW(&t->coming, item))
        abort();
    t->coming.item[t->coming.n].at = at;
    t->coming.item[t->coming.n++].post = post;
}

/* What happens to a new message. */
void tw_take(struct fake_twilio *t, struct tw_request *r, size_t post)
{
    static const char html[] = "<html><title>Welcome to the hotel's network</title></html>";
    const struct fault none = {0}, *f = fault_for(t, &t->posts.item[post]);
    if (!f)
        f = &none;
    t->posts.item[post].kind = f->kind;
    r->due = boot_of(t) + (f->delay ? f->delay : t->latency);
    r->retry_after = f->retry_after ? f->retry_after : -1;
    switch (f->kind) {
    case FAULT_NONE:
    case FAULT_SLOW:
        answer(r, 201, NULL); /* the body when it is accepted */
        (void)accept_post(t, post);
        r->body = created(t, &t->messages.item[t->posts.item[post].message]);
        break;
    case FAULT_ANSWER:
        answer(r, f->http, refusal(f->code, f->http));
        break;
    case FAULT_5XX_AFTER:
        (void)accept_post(t, post);
        answer(r, 503, refusal(20503, 503));
        break;
    case FAULT_5XX_BEFORE:
        answer(r, 503, refusal(20503, 503));
        break;
    case FAULT_RESET_AFTER:
        (void)accept_post(t, post);
        no_answer(r, HTTP_UNKNOWN, "connection reset");
        break;
    case FAULT_RESET_BEFORE:
        no_answer(r, HTTP_UNKNOWN, "connection reset");
        break;
    case FAULT_TIMEOUT_AFTER:
    case FAULT_TIMEOUT_BEFORE:
    case FAULT_TIMEOUT_LATE:
        if (f->kind == FAULT_TIMEOUT_AFTER)
            (void)accept_post(t, post);
        else if (f->kind == FAULT_TIMEOUT_LATE)
            coming(t, boot_of(t) + LATE, post);
        r->due = boot_of(t) + CLIENT_TIMEOUT;
        no_answer(r, HTTP_UNKNOWN, "time-out");
        break;
    case FAULT_GARBAGE_AFTER:
        (void)accept_post(t, post);
        answer(r, 200, mem_strdup(html));
        break;
    case FAULT_GARBAGE_BEFORE:
        answer(r, 200, mem_strdup(html));
        break;
    case FAULT_DEAD:
        no_answer(r, HTTP_NEVER_SENT, "no route to host");
        break;
    }
}

void tw_show(struct fake_twilio *t, struct tw_request *r, const char *url)
{
    struct fault *f = fault_for(t, NULL);
    const char *query = strchr(url, '?');
    r->due = boot_of(t) + (f && f->delay ? f->delay : t->latency);
    r->retry_after = -1;
    t->gets++;
    if (f && f->kind == FAULT_DEAD) {
        no_answer(r, HTTP_NEVER_SENT, "no route to host");
    } else if (f && f->kind == FAULT_ANSWER) {
        answer(r, f->http, refusal(f->code, f->http));
    } else if (f && (f->kind == FAULT_GARBAGE_AFTER || f->kind == FAULT_GARBAGE_BEFORE)) {
        answer(r, 200, mem_strdup("{\"messages\":[{}],"));
    } else if (f && f->kind != FAULT_SLOW && f->kind != FAULT_NONE) {
        no_answer(r, HTTP_UNKNOWN, "connection reset");
    } else if (query) {
        answer(r, 200, listed(t, query + 1));
    } else {
        long status = 0;
        char *body = single(t, url, &status);
        answer(r, status, body);
    }
}

void tw_read_post(struct fake_twilio *t, const struct http_request *call)
{
    char text[4096];
    if (!VECTOR_GROW(&t->posts, item))
        abort();
    char *form = strndup(call->form, call->form_len);
    if (!form)
        abort();
    struct tw_post *p = &t->posts.item[t->posts.n++];
    memset(p, 0, sizeof *p);
    p->boot = boot_of(t);
    p->wall = t->w->clock.wall_ms;
    p->message = -1;
    p->starts = t->w->starts;
    (void)field(form, "To", 0, p->to, sizeof p->to);
    if (!field(form, "From", 0, p->sender, sizeof p->sender))
        (void)field(form, "MessagingServiceSid", 0, p->sender, sizeof p->sender);
    (void)field(form, "Body", 0, text, sizeof text);
    p->body = strdup(text);
    while (field(form, "MediaUrl", p->media, text, sizeof text))
        p->media++;
    p->callback = field(form, "StatusCallback", 0, text, sizeof text);
    p->validity = field(form, "ValidityPeriod", 0, text, sizeof text) ? strtol(text, NULL, 10) : -1;
    free(form);
    world_rules_post(t->w, p);
}

/* ---- for tests ---- */

void fake_twilio_init(struct fake_twilio *t, struct world *w)
{
    memset(t, 0, sizeof *t);
    t->w = w;
    t->latency = LATENCY;
    /* room enough, so that an allocation that a test makes fail is not ours */
    t->messages.size = t->posts.size = t->coming.size = t->under_way.size = ROOM;
    t->messages.item = mem_array(ROOM, sizeof *t->messages.item);
    t->posts.item = mem_array(ROOM, sizeof *t->posts.item);
    t->coming.item = mem_array(ROOM, sizeof *t->coming.item);
    t->under_way.item = mem_array(ROOM, sizeof *t->under_way.item);
    if (!t->messages.item || !t->posts.item || !t->coming.item || !t->under_way.item)
        abort();
}

void fake_twilio_hang_up(struct fake_twilio *t, const struct http *client)
{
    size_t left = 0;
    for (size_t i = 0; i < t->under_way.n; i++) {
        struct tw_request *r = t->under_way.item[i];
        if (client && r->client != client) {
            t->under_way.item[left++] = r;
            continue;
        }
        mem_free(r->body);
        mem_free(r);
    }
    t->under_way.n = left;
}

void fake_twilio_clean(struct fake_twilio *t)
{
    fake_twilio_hang_up(t, NULL);
    while (t->clients) { /* those that a starter has left behind */
        struct http *next = t->clients->next;
        mem_free(t->clients);
        t->clients = next;
    }
    for (size_t i = 0; i < t->messages.n; i++)
        free(t->messages.item[i].body);
    for (size_t i = 0; i < t->posts.n; i++)
        free(t->posts.item[i].body);
    mem_free(t->messages.item);
    mem_free(t->posts.item);
    mem_free(t->under_way.item);
    mem_free(t->coming.item);
}

void world_twilio(struct world *w, struct fault f)
{
    if (w->twilio.faults == TW_FAULTS)
        fail_msg("too many faults");
    w->twilio.fault[w->twilio.faults++] = f;
}

void world_receipt(struct world *w, struct receipt r)
{
    if (w->twilio.receipts == TW_FAULTS)
        fail_msg("too many receipts");
    w->twilio.receipt[w->twilio.receipts++] = r;
}

void world_mend(struct world *w)
{
    w->twilio.faults = w->twilio.receipts = 0;
}

size_t fake_twilio_messages(const struct fake_twilio *t, const char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < t->messages.n; i++)
        n += is(to, t->messages.item[i].to);
    return n;
}

const struct tw_message *fake_twilio_last(const struct fake_twilio *t, const char *to)
{
    for (size_t i = t->messages.n; i-- > 0;)
        if (is(to, t->messages.item[i].to))
            return &t->messages.item[i];
    return NULL;
}

size_t fake_twilio_of_page(const struct fake_twilio *t, int64_t page)
{
    size_t n = 0;
    for (size_t i = 0; i < t->messages.n; i++)
        n += t->messages.item[i].page == page;
    return n;
}

size_t fake_twilio_posts_of(const struct fake_twilio *t, int64_t page)
{
    size_t n = 0;
    for (size_t i = 0; i < t->posts.n; i++)
        n += t->posts.item[i].page == page;
    return n;
}

/*
 * optin: a number that said STOP and has said START since gets pages again, without anybody having to tell us.
 *
 * Twilio keeps what people write to us. While numbers are marked as opted out, their messages are listed when the
 * drainer starts and every ten minutes from then on; a later START, YES or UNSTOP clears the mark. Where there are more
 * numbers than a round may ask about, the next round goes on behind the last one of this: of 120 in their order the
 * first 50, then the next 50, then the last 20, then the first 50 again.
 *
 * DIAGNOSTICS: an answer that does not come is asked for again at the next round.
 */
#include "flow/engine.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "twilio/request.h"
#include "twilio/response.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { ROUND = 600000, OPTIN_URL = 4096, OPTIN_LIST = 20, OPTIN_NUMBERS = 50 };

/* One number that is asked about. The drainer may end before the answer comes: http_free() drops it then, and
 * optin_clean() the question. */
struct question {
    struct drainer *d;
    char number[NUMBER_MAX];
    int64_t opted_out;
    bool answered, started_again;
};

static bool is_start(const char *body)
{
    static const char *const words[] = {"START", "YES", "UNSTOP"};
    size_t len;
    while (isspace((unsigned char)*body))
        body++;
    for (len = strlen(body); len && isspace((unsigned char)body[len - 1]); len--) {
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == len && !strncasecmp(body, words[i], len))
            return true;
    return false;
}

static void came(void *arg, const struct http_result *r)
{
    struct question *q = arg;
    struct message_list list = {0};
    q->answered = true;
    if (r->end != HTTP_ANSWERED || r->status != 200 || response_list(r->body, r->body_len, &list) != NT_OK)
        return;
    for (size_t i = 0; i < list.n; i++) /* Twilio's dates have whole seconds */
        if (!strcmp(list.item[i].from, q->number) && list.item[i].date_created / 1000 >= q->opted_out / 1000 &&
            is_start(list.item[i].body))
            q->started_again = true;
    message_list_clean(&list);
}

static bool add(void *arg, const char *number, const struct number_state *state)
{
    struct drainer *d = arg;
    if (strcmp(number, d->optin_last) <= 0 || strlen(number) >= NUMBER_MAX)
        return true;
    if (d->questions.n >= OPTIN_NUMBERS)
        return false;
    struct question *q = mem_zalloc(sizeof *q);
    if (!q || !VECTOR_GROW(&d->questions, item)) {
        mem_free(q);
        return false;
    }
    q->d = d;
    q->opted_out = state->opted_out;
    memcpy(q->number, number, strlen(number) + 1);
    d->questions.item[d->questions.n++] = q;
    return true;
}

static void ask(struct drainer *d, struct question *q)
{
    struct buf url;
    buf_init(&url, OPTIN_URL);
    struct http_request r = {.method = "GET", .done = came, .arg = q};
    q->answered = true; /* unless it gets under way */
    request_credentials(&d->r->config->twilio, &r.user, &r.password);
    if (request_from_url(&d->r->config->twilio, q->number, OPTIN_LIST, &url) == NT_OK) {
        r.url = buf_text(&url);
        q->answered = http_start(d->http, &r) != NT_OK;
    }
    buf_clean(&url);
}

/* In order of the numbers. False: there are none, or no more. */
static bool gather_numbers(struct drainer *d)
{
    if (d->r->store->ops->numbers(d->r->store, true, add, d) != NT_OK)
        log_debug("the opted-out numbers cannot be read");
    return d->questions.n > 0;
}

void optin_start(struct drainer *d)
{
    if (!d->o->follow || d->questions.n || d->boot < d->optin_next || d->boot < d->gate_until || d->leaving)
        return;
    d->optin_next = d->boot + ROUND;
    if (!gather_numbers(d) && *d->optin_last) { /* behind the last one there was nobody: from the first */
        *d->optin_last = '\0';
        (void)gather_numbers(d);
    }
    if (d->questions.n < OPTIN_NUMBERS)
        *d->optin_last = '\0';
    else
        memcpy(d->optin_last, d->questions.item[OPTIN_NUMBERS - 1]->number, sizeof d->optin_last);
    for (size_t i = 0; i < d->questions.n; i++)
        ask(d, d->questions.item[i]);
}

bool optin_news(const struct drainer *d)
{
    for (size_t i = 0; i < d->questions.n; i++)
        if (!d->questions.item[i]->answered)
            return false;
    return d->questions.n > 0;
}

enum nt_status optin_settle(struct drainer *d)
{
    struct store *s = d->r->store;
    enum nt_status st = NT_OK;
    if (!optin_news(d))
        return NT_OK;
    for (size_t i = 0; st == NT_OK && i < d->questions.n; i++) {
        const struct question *q = d->questions.item[i];
        struct number_state state;
        if (!q->started_again)
            continue;
        st = s->ops->number_get(s, q->number, &state);
        state.opted_out = 0;
        if (st == NT_OK)
            st = s->ops->number_put(s, q->number, &state);
        if (st == NT_OK)
            log_warning("%s has sent START: it gets pages again", q->number);
    }
    return st;
}

void optin_clean(struct drainer *d)
{
    for (size_t i = 0; i < d->questions.n; i++)
        mem_free(d->questions.item[i]);
    mem_free(d->questions.item);
    memset(&d->questions, 0, sizeof d->questions);
}

/*
 * line: what stands between us and Twilio — the HTTP client, the gate that closes when the line is down, each sender's
 * pacing.
 */
#include "flow/engine.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/vector.h"

#include <string.h>

enum { PACING_MEMORY = 60000 };

enum { REREAD_SOON = 3000 };

void line_close(struct drainer *d, bool account, int64_t wait)
{
    if (d->boot >= d->gate_until) /* one failure a closing, however many requests it hit */
        d->gate_failures++;
    d->gate_account |= account;
    int64_t until = d->boot + (wait ? wait : drain_backoff(d->gate_failures));
    if (until > d->gate_until)
        d->gate_until = until;
    /* Before the next try; sooner when what we lack is a secret that could not be read. */
    if (account && !d->reread)
        d->reread = runtime_has_credentials(d->r) ? d->gate_until : d->boot + REREAD_SOON;
}

static bool pacing_since(void *arg, int64_t at, int segments)
{
    struct {
        struct pacing *pacing;
        int64_t to_boot;
    } *x = arg;
    pacing_take(x->pacing, segments > 0 ? segments : 1, at - x->to_boot);
    return true;
}

/* A sender's pacing; what it has sent lately counts, also when another process did. */
struct pacing *line_pacing(struct drainer *d, const char *sender, bool media)
{
    const struct config_twilio *t = &d->r->config->twilio;
    double rate = 1, media_rate = 1;
    for (size_t i = 0; i < d->senders.n; i++)
        if (!strcmp(d->senders.item[i].name, sender))
            return media ? &d->senders.item[i].media : &d->senders.item[i].pacing;
    for (size_t i = 0; i < t->senders; i++)
        if (!strcmp(t->sender[i].from, sender) || !strcmp(t->sender[i].messaging_service_sid, sender)) {
            rate = t->sender[i].segments_per_second;
            media_rate = t->sender[i].media_per_second > 0 ? t->sender[i].media_per_second : rate;
        }
    if (!VECTOR_GROW(&d->senders, item))
        return NULL;
    struct lane_sender *s = &d->senders.item[d->senders.n];
    s->name = mem_strdup(sender);
    if (!s->name)
        return NULL;
    pacing_init(&s->pacing, rate);
    pacing_init(&s->media, media_rate);
    struct {
        struct pacing *pacing;
        int64_t to_boot;
    } x = {&s->pacing, d->now - d->boot};
    if (d->r->store->ops->sends_of_sender(d->r->store, sender, d->now - PACING_MEMORY, pacing_since, &x) != NT_OK)
        pacing_init(&s->pacing, rate);
    d->senders.n++;
    return media ? &s->media : &s->pacing;
}

bool line_busy(struct drainer *d, bool media)
{
    const struct config_twilio *t = &d->r->config->twilio;
    for (size_t i = 0; i < t->senders; i++) {
        const struct config_sender *s = &t->sender[i];
        const struct pacing *pacing = line_pacing(d, *s->from ? s->from : s->messaging_service_sid, media);
        int64_t wait = pacing ? pacing_wait(pacing, d->boot) : 0;
        if (!wait)
            return false;
        if (d->boot + wait < d->pace_next)
            d->pace_next = d->boot + wait;
    }
    return true;
}

void line_clean(struct drainer *d)
{
    for (size_t i = 0; i < d->senders.n; i++)
        mem_free(d->senders.item[i].name);
    mem_free(d->senders.item);
    memset(&d->senders, 0, sizeof d->senders);
}

enum nt_status line_open(struct drainer *d)
{
    const struct config_twilio *t = &d->r->config->twilio;
    char *cache = d->r->spare ? NULL : file_beside(d->r->config->store_path, "addresses");
    struct http_options o = {
        .ca_file = t->ca_file,
        .proxy = t->proxy,
        .connect_timeout = t->connect_timeout,
        .timeout = t->timeout,
        .connections = t->connections,
        .address_cache = cache ? cache : "",
        .user_agent = "notify_twilio",
    };
    struct http *http = NULL;
    enum nt_status st = http_new(&o, &http);
    if (st == NT_OK) {
        http_free(d->http);
        d->http = http;
        d->http_stale = false;
    }
    mem_free(cache);
    return st;
}

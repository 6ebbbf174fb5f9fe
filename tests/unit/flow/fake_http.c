/*
 * fake_http: what twilio/http.h declares, for the engine in a simulated world. Nothing leaves the process; waiting
 * moves the world's clock, and gives the turn to the test when its time has come.
 */
#include "base/mem.h"
#include "base/vector.h"
#include "fake_twilio_private.h"
#include "world.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { SPIN = 20000 }; /* loops without time going on, after which the engine is taken to spin */

enum nt_status http_new(const struct http_options *o, struct http **out)
{
    (void)o;
    *out = mem_zalloc(sizeof **out);
    if (!*out)
        return NT_ENOMEM;
    (*out)->twilio = &world_here()->twilio;
    (*out)->next = (*out)->twilio->clients;
    (*out)->twilio->clients = *out;
    return NT_OK;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    fake_twilio_hang_up(h->twilio, h);
    for (struct http **at = &h->twilio->clients; *at; at = &(*at)->next)
        if (*at == h) {
            *at = h->next;
            break;
        }
    mem_free(h);
}

/* Does a request get no further than to look for its address? */
static bool is_stuck(const struct fake_twilio *t, const struct http_request *call)
{
    char to[32];
    if (!t->stuck || !*t->stuck)
        return t->stuck != NULL;
    if (!call->form)
        return !strcmp(t->stuck, call->method);
    snprintf(to, sizeof to, "To=%%2B%s", *t->stuck == '+' ? t->stuck + 1 : t->stuck);
    return memmem(call->form, call->form_len, to, strlen(to)) != NULL;
}

enum nt_status http_start(struct http *h, const struct http_request *call)
{
    struct fake_twilio *t = h->twilio;
    struct world *w = t->w;
    bool post = !strcmp(call->method, "POST");
    bool last = post && t->kill_at_post > 0 && --t->kill_at_post == 0;
    fake_twilio_accept(t);
    if (w->frail.dead || (last && t->kill_unsent)) {
        w->frail.dead = true;
        return NT_OK; /* nobody is there to hear of it */
    }
    struct tw_request *r = mem_zalloc(sizeof *r);
    if (!r || !VECTOR_GROW(&t->under_way, item)) {
        mem_free(r);
        return NT_ENOMEM;
    }
    t->under_way.item[t->under_way.n++] = r;
    r->call = *call;
    r->started_wall = w->clock.wall_ms;
    r->post = -1;
    r->client = h;
    r->unsent = is_stuck(t, call);
    if (r->unsent) {
        r->due = INT64_MAX;
    } else if (post) {
        tw_read_post(t, call);
        r->post = (long)t->posts.n - 1;
        tw_take(t, r, t->posts.n - 1);
    } else {
        tw_show(t, r, call->url);
    }
    int posts = 0;
    for (size_t i = 0; i < t->under_way.n; i++)
        posts += t->under_way.item[i]->post >= 0;
    if (posts > t->most_at_once)
        t->most_at_once = posts;
    w->frail.dead = w->frail.dead || last;
    return NT_OK;
}

int http_active(const struct http *h)
{
    int n = 0;
    for (size_t i = 0; i < h->twilio->under_way.n; i++)
        n += h->twilio->under_way.item[i]->client == h;
    return n;
}

int http_unsent(const struct http *h)
{
    int n = 0;
    for (size_t i = 0; i < h->twilio->under_way.n; i++)
        n += h->twilio->under_way.item[i]->client == h && h->twilio->under_way.item[i]->unsent;
    return n;
}

bool http_unsent_of(const struct http *h, const void *arg)
{
    for (size_t i = 0; i < h->twilio->under_way.n; i++) {
        const struct tw_request *r = h->twilio->under_way.item[i];
        if (r->client == h && r->call.arg == arg)
            return r->unsent;
    }
    return false;
}

/* Nobody else's loop waits for this one. */
int http_fd(const struct http *h)
{
    (void)h;
    return -1;
}

int64_t http_next(const struct http *h)
{
    (void)h;
    return -1;
}

void http_cancel(struct http *h, const void *arg)
{
    struct fake_twilio *t = h->twilio;
    for (size_t i = 0; i < t->under_way.n; i++) {
        struct tw_request *r = t->under_way.item[i];
        if (r->client != h || r->call.arg != arg)
            continue;
        memmove(t->under_way.item + i, t->under_way.item + i + 1, (--t->under_way.n - i) * sizeof *t->under_way.item);
        mem_free(r->body);
        mem_free(r);
        return;
    }
}

static void finish(struct fake_twilio *t, struct tw_request *r)
{
    struct http_result result = {.end = r->end,
                                 .status = r->status,
                                 .body = r->body ? r->body : "",
                                 .body_len = r->body ? strlen(r->body) : 0,
                                 .retry_after = r->retry_after,
                                 .request_id = "RQ1",
                                 .error = r->error ? r->error : "",
                                 .started = r->started_wall};
    if (r->post >= 0) {
        struct tw_post *p = &t->posts.item[r->post];
        p->answered = t->w->clock.boot_ms;
        p->settled =
            r->end == HTTP_NEVER_SENT || (r->end == HTTP_ANSWERED && (r->status == 201 || r->status / 100 == 4));
    }
    r->call.done(r->call.arg, &result);
    mem_free(r->body);
    mem_free(r);
}

/* True when something was answered. */
static bool finish_due(struct fake_twilio *t, const struct http *h)
{
    bool some = false;
    for (size_t i = 0; i < t->under_way.n;) {
        struct tw_request *r = t->under_way.item[i];
        if (r->client != h || r->due > t->w->clock.boot_ms) {
            i++;
            continue;
        }
        memmove(t->under_way.item + i, t->under_way.item + i + 1, (--t->under_way.n - i) * sizeof *t->under_way.item);
        finish(t, r);
        some = true;
    }
    return some;
}

static bool ready_now(const int *fds, bool *ready, int n)
{
    bool some = false;
    for (int i = 0; i < n; i++) {
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        bool is_ready = fds[i] >= 0 && poll(&p, 1, 0) > 0;
        if (ready)
            ready[i] = is_ready;
        some |= is_ready;
    }
    return some;
}

enum nt_status http_run(struct http *h, const int *fds, bool *ready, int n, int64_t timeout)
{
    struct fake_twilio *t = h->twilio;
    struct world *w = t->w;
    int64_t end = timeout < 0 ? INT64_MAX : t->w->clock.boot_ms + timeout;
    w->turns++;
    w->still = timeout == 0 ? w->still + 1 : 0;
    if (w->still > SPIN)
        world_break(w, "the engine spins");
    for (;;) {
        fake_twilio_accept(t);
        if (w->frail.dead || w->kill || *w->broken)
            return NT_EIO;
        if (finish_due(t, h) || ready_now(fds, ready, n) || t->w->clock.boot_ms >= end)
            return NT_OK;
        int64_t next = end;
        for (size_t i = 0; i < t->under_way.n; i++)
            if (t->under_way.item[i]->client == h && t->under_way.item[i]->due < next)
                next = t->under_way.item[i]->due;
        for (size_t i = 0; i < t->coming.n; i++)
            if (t->coming.item[i].at < next)
                next = t->coming.item[i].at;
        if (next > w->run_until) {
            fake_clock_advance(&w->clock, w->run_until - t->w->clock.boot_ms);
            world_yield(w);
        } else {
            fake_clock_advance(&w->clock, next - t->w->clock.boot_ms);
        }
    }
}

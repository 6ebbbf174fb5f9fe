#include "fake_transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum nt_status start(struct transport *t, const struct transport_request *r, struct transport_call **out)
{
    struct fake_transport *f = (struct fake_transport *)t;
    *out = NULL;
    if (f->refuse)
        return f->refuse;
    if (f->calls == FAKE_CALLS)
        abort();
    struct fake_call *c = &f->call[f->calls++];
    memset(c, 0, sizeof *c);
    snprintf(c->method, sizeof c->method, "%s", r->method);
    snprintf(c->url, sizeof c->url, "%s", r->url);
    for (size_t i = 0; r->headers && i < r->headers->n; i++) {
        size_t used = strlen(c->headers);
        snprintf(c->headers + used, sizeof c->headers - used, "%s\n", r->headers->item[i]);
    }
    c->request = *r;
    c->open = true;
    *out = (struct transport_call *)c;
    return NT_OK;
}

static void cancel(struct transport *t, struct transport_call *call)
{
    struct fake_call *c = (struct fake_call *)call;
    if (!c->open)
        abort();
    c->open = false;
    ((struct fake_transport *)t)->cancelled++;
}

void fake_transport_init(struct fake_transport *f)
{
    static const struct transport_ops ops = {start, cancel};
    memset(f, 0, sizeof *f);
    f->transport.ops = &ops;
}

static void end(struct fake_transport *f, size_t call, const struct transport_result *result)
{
    struct fake_call *c = &f->call[call];
    if (call >= f->calls || !c->open)
        abort();
    c->open = false;
    c->request.done(c->request.arg, result);
}

void fake_answer(struct fake_transport *f, size_t call, long status, const char *body)
{
    const struct transport_result result = {
        .answered = true, .status = status, .body = body, .body_len = strlen(body), .head = "", .error = ""};
    end(f, call, &result);
}

void fake_no_answer(struct fake_transport *f, size_t call, const char *words)
{
    const struct transport_result result = {.body = "", .head = "", .error = words};
    end(f, call, &result);
}

size_t fake_open(const struct fake_transport *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->calls; i++)
        n += f->call[i].open;
    return n;
}

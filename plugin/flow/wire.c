/*
 * wire: see wire.h. A call is one request, made for it and gone with its end.
 *
 * The client is made when it is first needed: most processes never fetch a picture. Time limits are the callers'; the
 * client's own are only there for what they forget.
 *
 * DIAGNOSTICS: NT_EINVAL for an address that is none, NT_ENOMEM. How a request ended is in its result.
 */
#include "flow/wire.h"

#include "base/mem.h"

#include <string.h>

enum { WIRE_TIMEOUT = 60000, WIRE_CONNECT = 10000, WIRE_CONNECTIONS = 8 };

struct transport_call {
    struct wire *wire;
    const struct picture *picture;
    bool (*take)(void *arg, const char *data, size_t len);
    transport_done *done;
    void *arg;
};

static ssize_t read_picture(void *arg, size_t offset, void *out, size_t size)
{
    return picture_read(arg, offset, out, size);
}

static bool take(void *arg, const char *data, size_t len)
{
    struct transport_call *call = arg;
    return call->take(call->arg, data, len);
}

static void done(void *arg, const struct http_result *r)
{
    struct transport_call call = *(struct transport_call *)arg;
    const struct transport_result result = {.answered = r->end == HTTP_ANSWERED,
                                            .status = r->status,
                                            .body = r->body,
                                            .body_len = r->body_len,
                                            .head = r->head ? r->head : "",
                                            .error = r->error};
    mem_free(arg);
    call.done(call.arg, &result);
}

static enum nt_status open_client(struct wire *w)
{
    const struct config_twilio *t = &w->config->twilio;
    const struct http_options o = {.ca_file = t->ca_file,
                                   .proxy = t->proxy,
                                   .connect_timeout = WIRE_CONNECT,
                                   .timeout = WIRE_TIMEOUT,
                                   .connections = WIRE_CONNECTIONS,
                                   .address_cache = "",
                                   .user_agent = "notify_twilio"};
    return http_new(&o, &w->http);
}

static enum nt_status start(struct transport *t, const struct transport_request *r, struct transport_call **out)
{
    struct wire *w = (struct wire *)t;
    enum nt_status st = NT_OK;
    *out = NULL;
    if (!w->http && (st = open_client(w)) != NT_OK)
        return st;
    struct transport_call *call = mem_alloc(sizeof *call);
    if (!call)
        return NT_ENOMEM;
    *call = (struct transport_call){w, r->picture, r->take, r->done, r->arg};
    struct http_request request = {
        .method = r->method,
        .url = r->url,
        .form = r->form,
        .form_len = r->form_len,
        .done = done,
        .arg = call,
        .headers = r->headers,
        .take = r->take ? take : NULL,
        .body_max = TRANSPORT_BODY_MAX,
        .redirects = r->redirects,
        .foreign = true,
        .direct = !r->outside,
        .keep_head = true,
    };
    if (r->picture) {
        request.read = read_picture;
        request.read_arg = (void *)(uintptr_t)r->picture;
        request.read_len = r->picture->len;
    }
    st = http_start(w->http, &request);
    if (st != NT_OK) {
        mem_free(call);
        return st;
    }
    *out = call;
    return NT_OK;
}

static void cancel(struct transport *t, struct transport_call *call)
{
    struct wire *w = (struct wire *)t;
    http_cancel(w->http, call);
    mem_free(call);
}

static const struct transport_ops ops = {.start = start, .cancel = cancel};

void wire_init(struct wire *w, const struct config *config)
{
    *w = (struct wire){.transport = {&ops}, .config = config};
}

void wire_clean(struct wire *w)
{
    http_free(w->http);
    w->http = NULL;
}

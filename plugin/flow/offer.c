/*
 * offer: writing an order as a hand-over frame, and asking the drainer to take it.
 *
 * DIAGNOSTICS: permission denied is logged as such: it is not the same as nobody being there.
 */
#include "flow/offer.h"

#include "base/log.h"
#include "base/mem.h"
#include "handover/client.h"
#include "handover/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { OFFER_ANSWER = 256 * 1024 };

static void put(struct frame *f, const char *key, const char *value)
{
    if (value && *value)
        frame_put(f, key, value);
}

static void put_all(struct frame *f, const struct kv *kv)
{
    for (size_t i = 0; i < kv->n; i++)
        frame_put(f, kv->pair[i].key, kv->pair[i].value);
}

static void write_frame(struct frame *f, const struct order *o, int64_t deadline)
{
    char number[32];
    frame_put(f, "notify_twilio", "1");
    put(f, "request", o->uuid);
    snprintf(number, sizeof number, "%lld", (long long)deadline);
    frame_put(f, "deadline", number);
    put(f, "source", o->source);
    for (size_t i = 0; i < o->to.n; i++)
        put(f, "to", o->to.item[i]);
    put(f, "template", o->template_name);
    for (size_t i = 0; i < o->media.n; i++)
        put(f, "media", o->media.item[i]);
    for (size_t i = 0; i < o->graphs.n; i++)
        put(f, "graph", o->graphs.item[i]);
    put(f, "from", o->from);
    if (o->max_segments) {
        snprintf(number, sizeof number, "%d", o->max_segments);
        frame_put(f, "max_segments", number);
    }
    if (o->subject)
        frame_put(f, "subject", o->subject);
    if (o->message)
        frame_put(f, "message", o->message);
    if (o->text)
        frame_put(f, "text", o->text);
    if (o->test)
        frame_put(f, "test", "1");
    frame_put(f, "notify_twilio_macros", "1"); /* from here on no key is an option, whatever its name */
    put_all(f, &o->pairs);
    if (o->env.n) {
        frame_put(f, "notify_twilio_environment", "1");
        put_all(f, &o->env);
    }
}

void offer_log(const char *socket, const char *end)
{
    if (end && !strcmp(end, "denied"))
        log_error("permission denied on the socket %s: is this user in the group notify_twilio? Going on alone",
                  socket);
    else if (end && !strcmp(end, "silent"))
        log_warning("the drainer did not answer on %s within %d ms: going on alone", socket, OFFER_WITHIN);
}

enum nt_status offer_order(const struct order *order, const char *socket, int64_t now, int64_t within, char **answer)
{
    enum nt_status st = NT_ENOMEM;
    struct frame frame;
    char *memory = mem_alloc(FRAME_MAX), *text = mem_alloc(OFFER_ANSWER);
    *answer = NULL;
    if (!memory || !text)
        goto done;
    frame_init(&frame, memory);
    write_frame(&frame, order, now + within);
    switch (handover_ask(socket, frame.data, frame.len, within, text, OFFER_ANSWER)) {
    case HANDOVER_ANSWERED:
        *answer = text;
        text = NULL;
        st = NT_OK;
        break;
    case HANDOVER_NOBODY:
        st = NT_ENOENT;
        break;
    case HANDOVER_DENIED:
        offer_log(socket, "denied");
        st = NT_EACCES;
        break;
    case HANDOVER_SILENT:
        st = errno == ETIMEDOUT ? NT_ETIMEOUT : NT_EIO;
        if (st == NT_ETIMEOUT && within == OFFER_WITHIN)
            offer_log(socket, "silent");
        break;
    case HANDOVER_FAILED:
        st = NT_EIO;
        break;
    }
done:
    mem_free(memory);
    mem_free(text);
    return st;
}

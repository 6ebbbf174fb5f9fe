/*
 * channel_answer: the lines that go back to Icinga Notifications.
 *
 *     {"jsonrpc":"2.0","id":7,"result":null}     {"id":7}
 *     {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"…"}}     {"error":"…","id":7}
 *
 * What the channel can be set to is described here, in the members that its web interface makes a form of. Defaults are
 * texts there, and min and max are always named.
 *
 * DIAGNOSTICS: NT_ENOMEM, NT_ETOOBIG.
 */
#include "notify/channel_answer.h"

#include "base/json.h"
#include "base/paths.h"

static const struct setting {
    const char *name, *type, *label, *help, *fallback;
    int least, most; /* of a number; most 0: it is none */
} settings[] = {
    {"config", "string", "Configuration file",
     "notify_twilio's configuration on the machine of Icinga Notifications. Empty: " NT_CONFIG_PATH, NULL, 0, 0},
    {"from", "string", "Sender",
     "A number, short code, name or messaging service that is one of the configuration's senders. Empty: as "
     "configured.",
     NULL, 0, 0},
    {"max_segments", "number", "Segments", "The longest text, in SMS segments. Empty: as configured.", NULL, 1,
     CHANNEL_SEGMENTS_MAX},
    {"wait", "number", "Wait (seconds)",
     "How long to wait for Twilio before a notification counts as sent. It is stored and delivered in any case.", "10",
     0, CHANNEL_WAIT_MAX},
};

static void begin(struct json *j, struct buf *out, enum channel_dialect dialect)
{
    json_begin(j, out);
    json_object(j);
    if (dialect == CHANNEL_JSONRPC) {
        json_key(j, "jsonrpc");
        json_string(j, "2.0");
    }
}

static void put_id(struct json *j, const char *id)
{
    json_key(j, "id");
    json_raw(j, id);
}

/* A line is whole or not there. */
static enum nt_status finish(struct json *j, size_t before)
{
    struct buf *out = j->out;
    json_end(j);
    enum nt_status status = buf_addc(out, '\n');
    if (status) {
        buf_truncate(out, before);
        out->status = NT_OK;
    }
    return status;
}

enum nt_status channel_answer_done(struct buf *out, enum channel_dialect dialect, const char *id)
{
    struct json j;
    size_t before = out->len;
    begin(&j, out, dialect);
    put_id(&j, id);
    if (dialect == CHANNEL_JSONRPC) {
        json_key(&j, "result");
        json_null(&j);
    }
    return finish(&j, before);
}

static void put_text(struct json *j, const char *name, const char *text)
{
    json_key(j, name);
    json_string(j, text);
}

static void put_words(struct json *j, const char *name, const char *text)
{
    json_key(j, name);
    json_object(j);
    put_text(j, "en_US", text);
    json_end(j);
}

static void put_bound(struct json *j, const char *name, const struct setting *s, int bound)
{
    json_key(j, name);
    if (s->most)
        json_int(j, bound);
    else
        json_null(j);
}

static void put_setting(struct json *j, const struct setting *s)
{
    json_object(j);
    put_text(j, "name", s->name);
    put_text(j, "type", s->type);
    put_words(j, "label", s->label);
    put_words(j, "help", s->help);
    if (s->fallback)
        put_text(j, "default", s->fallback);
    put_bound(j, "min", s, s->least);
    put_bound(j, "max", s, s->most);
    json_end(j);
}

enum nt_status channel_answer_info(struct buf *out, enum channel_dialect dialect, const char *id)
{
    struct json j;
    size_t before = out->len;
    begin(&j, out, dialect);
    put_id(&j, id);
    json_key(&j, "result");
    json_object(&j);
    put_text(&j, "name", "SMS through Twilio");
    put_text(&j, "version", NT_VERSION);
    put_text(&j, "author", "notify_twilio");
    json_key(&j, "config_attrs");
    json_array(&j);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        put_setting(&j, &settings[i]);
    json_end(&j);
    json_end(&j);
    return finish(&j, before);
}

enum nt_status channel_answer_error(struct buf *out, enum channel_dialect dialect, const char *id,
                                    enum channel_fault fault, const char *words)
{
    struct json j;
    size_t before = out->len;
    begin(&j, out, dialect);
    put_id(&j, id);
    json_key(&j, "error");
    if (dialect == CHANNEL_JSONRPC) {
        json_object(&j);
        json_key(&j, "code");
        json_int(&j, fault);
        put_text(&j, "message", words);
        json_end(&j);
    } else {
        json_string(&j, words);
    }
    return finish(&j, before);
}

/*
 * order: reading a hand-over frame into an order.
 *
 * The frame begins with options (lower-case names known here), then come the monitor's macros. Options count only
 * before the first pair that is none, so that a macro can never pass for one: output such as "to=+1…" has no way in.
 *
 * DIAGNOSTICS: NT_EINVAL with words in error for every frame that cannot be an order; nothing is kept of it then.
 */
#include "flow/order.h"

#include "base/mem.h"
#include "base/number.h"
#include "handover/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char macros_mark[] = "notify_twilio_macros";
static const char environment_mark[] = "notify_twilio_environment";

void order_init(struct order *o)
{
    memset(o, 0, sizeof *o);
    strlist_init(&o->to);
    strlist_init(&o->media);
    strlist_init(&o->graphs);
    kv_init(&o->pairs);
    kv_init(&o->env);
}

void order_clean(struct order *o)
{
    mem_free(o->source);
    strlist_clean(&o->to);
    mem_free(o->template_name);
    strlist_clean(&o->media);
    strlist_clean(&o->graphs);
    mem_free(o->from);
    mem_free(o->subject);
    mem_free(o->message);
    mem_free(o->text);
    kv_clean(&o->pairs);
    kv_clean(&o->env);
    order_init(o);
}

enum nt_status order_set(char **field, const char *value)
{
    char *copy = NULL;
    if (value) {
        copy = mem_strdup(value);
        if (!copy)
            return NT_ENOMEM;
    }
    mem_free(*field);
    *field = copy;
    return NT_OK;
}

static enum nt_status read_integer(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || end == text || *end || v < min || v > max)
        return NT_EINVAL;
    *out = v;
    return NT_OK;
}

static enum nt_status bad(struct buf *error, const char *key, const char *what)
{
    buf_addf(error, "%s: %s", key, what);
    return NT_EINVAL;
}

/* One option of the head. NT_ENOENT: the key is no option, so the macros begin here. */
static enum nt_status read_option(struct order *o, const char *key, const char *value, struct buf *error)
{
    int64_t v;
    const struct {
        const char *name;
        char **field;
    } words[] = {{"source", &o->source},   {"template", &o->template_name}, {"from", &o->from},
                 {"subject", &o->subject}, {"message", &o->message},        {"text", &o->text}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(key, words[i].name))
            return order_set(words[i].field, value);
    if (!strcmp(key, "to"))
        return strlist_split(&o->to, value, ",");
    if (!strcmp(key, "media")) {
        if (o->media.n + o->graphs.n >= ORDER_MEDIA_MAX)
            return bad(error, key, "more than ten");
        if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
            return bad(error, key, "no http or https URL");
        return strlist_add(&o->media, value);
    }
    if (!strcmp(key, "graph")) {
        if (strlist_has(&o->graphs, value))
            return NT_OK;
        if (o->media.n + o->graphs.n >= ORDER_MEDIA_MAX)
            return bad(error, key, "more than ten");
        return strlist_add(&o->graphs, value);
    }
    if (!strcmp(key, "request")) {
        if (strlen(value) != UUID_SIZE - 1)
            return bad(error, key, "not a UUID");
        memcpy(o->uuid, value, UUID_SIZE);
        return NT_OK;
    }
    if (!strcmp(key, "deadline")) {
        if (read_integer(value, 0, INT64_MAX, &o->deadline) != NT_OK)
            return bad(error, key, "not a time in milliseconds");
        return NT_OK;
    }
    if (!strcmp(key, "max_segments")) {
        if (read_integer(value, 1, 100, &v) != NT_OK)
            return bad(error, key, "not a number from 1 to 100");
        o->max_segments = (int)v;
        return NT_OK;
    }
    if (!strcmp(key, "test")) {
        o->test = !strcmp(value, "1");
        return NT_OK;
    }
    return NT_ENOENT;
}

enum nt_status order_read(const char *frame, size_t len, struct order *out, struct buf *error)
{
    enum nt_status st = NT_OK;
    size_t at = 0, key_len, value_len, n = 0;
    const char *key, *value;
    bool damaged = false, head = true, environment = false;

    while (frame_next(frame, len, &at, &key, &key_len, &value, &value_len, &damaged)) {
        char name[FRAME_KEY_MAX + 1];
        if (n++ == 0) {
            if (key_len != strlen("notify_twilio") || memcmp(key, "notify_twilio", key_len) != 0 || value_len != 1 ||
                *value != '1')
                return bad(error, "request", "not of version 1 (the first pair must be notify_twilio=1)");
            continue;
        }
        memcpy(name, key, key_len);
        name[key_len] = '\0';
        if (!strcmp(name, macros_mark)) {
            head = false;
            continue;
        }
        if (!strcmp(name, environment_mark)) {
            environment = true;
            head = false;
            continue;
        }
        if (head) {
            /* frame_next's values end with NUL inside the frame, so they are strings */
            st = read_option(out, name, value, error);
            if (st == NT_OK)
                continue;
            if (st != NT_ENOENT)
                return st;
            head = false;
        }
        st = kv_putn(environment ? &out->env : &out->pairs, key, key_len, value, value_len);
        if (st != NT_OK)
            return st;
    }
    if (damaged || !n)
        return bad(error, "request", "damaged");
    return NT_OK;
}

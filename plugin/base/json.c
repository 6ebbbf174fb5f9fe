/*
 * json: a writer that puts commas in and never writes an invalid text.
 *
 * It owns nothing: the text is the buf's. It trusts its caller to pair
 * json_key() with a value and to close what was opened.
 *
 * DIAGNOSTICS
 * All in the buf: NT_ETOOBIG also for more than JSON_DEPTH levels, NT_EINVAL
 * for a json_end() without a beginning.
 */
#include "base/json.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

void json_begin(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

/* The comma that a value or a key needs in front. */
static void separate(struct json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (!j->depth)
        return;
    if (!j->first[j->depth - 1])
        buf_addc(j->out, ',');
    j->first[j->depth - 1] = false;
}

static void fail(struct json *j, enum nt_status status)
{
    if (!j->out->status)
        j->out->status = status;
}

static void nest(struct json *j, char opener, char closer)
{
    separate(j);
    if (j->depth == JSON_DEPTH) {
        fail(j, NT_ETOOBIG);
        return;
    }
    buf_addc(j->out, opener);
    j->closer[j->depth] = closer;
    j->first[j->depth] = true;
    j->depth++;
}

void json_object(struct json *j)
{
    nest(j, '{', '}');
}

void json_array(struct json *j)
{
    nest(j, '[', ']');
}

void json_end(struct json *j)
{
    if (!j->depth) {
        fail(j, NT_EINVAL);
        return;
    }
    j->depth--;
    buf_addc(j->out, j->closer[j->depth]);
}

static void quote(struct buf *out, const char *s, size_t len)
{
    static const char short_form[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    buf_addc(out, '"');
    size_t plain = 0; /* start of what can be copied as it is */
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = utf8_next(s + i, len - i, &cp);
        if (n && cp >= 0x20 && cp != '"' && cp != '\\') {
            i += n;
            continue;
        }
        buf_add(out, s + plain, i - plain);
        if (!n)
            buf_adds(out, "\xEF\xBF\xBD");
        else if (short_form[cp])
            buf_addf(out, "\\%c", short_form[cp]);
        else
            buf_addf(out, "\\u%04" PRIx32, cp);
        i += n ? n : 1;
        plain = i;
    }
    buf_add(out, s + plain, len - plain);
    buf_addc(out, '"');
}

void json_key(struct json *j, const char *key)
{
    separate(j);
    quote(j->out, key, strlen(key));
    buf_addc(j->out, ':');
    j->after_key = true;
}

void json_string(struct json *j, const char *s)
{
    if (s)
        json_stringn(j, s, strlen(s));
    else
        json_null(j);
}

void json_stringn(struct json *j, const char *s, size_t len)
{
    separate(j);
    quote(j->out, s, len);
}

void json_int(struct json *j, int64_t v)
{
    separate(j);
    buf_addf(j->out, "%" PRId64, v);
}

void json_bool(struct json *j, bool v)
{
    json_raw(j, v ? "true" : "false");
}

void json_null(struct json *j)
{
    json_raw(j, "null");
}

void json_raw(struct json *j, const char *text)
{
    separate(j);
    buf_adds(j->out, text);
}

/*
 * fields: decodes what a client posted, as strictly as the tests need.
 *
 * Decoding is done here and not by the HTTP library, because the tests want to see what was really sent: the order of
 * the fields, the repeated ones, an escape that is none. The list owns its strings.
 *
 * DIAGNOSTICS: a bad escape, an encoded NUL, a pair without '=', a body that is no UTF-8 leave a word in `fault`; the
 * rest is decoded all the same. No memory: the program ends with status 70.
 */
#include "fields.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "base/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(void *p)
{
    if (!p) {
        fputs("twilio_simulator: out of memory\n", stderr);
        _Exit(70);
    }
    return p;
}

char *need_text(const char *s)
{
    return need(mem_strdup(s ? s : ""));
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static char *unescape(struct fields *f, const char *s, size_t len)
{
    char *out = need(mem_alloc(len + 1));
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < len ? hex(s[i + 1]) : -1, low = high >= 0 ? hex(s[i + 2]) : -1;
            if (low < 0) {
                f->fault = "bad percent escape";
            } else {
                c = (char)(high * 16 + low);
                i += 2;
            }
        } else if ((unsigned char)c <= ' ' || (unsigned char)c >= 0x7f) {
            f->fault = "a byte that must be percent-encoded";
        }
        if (c == '\0') {
            f->fault = "encoded NUL";
            continue;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    if (!utf8_valid(out, n))
        f->fault = "invalid UTF-8";
    return out;
}

void fields_decode(struct fields *f, const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        if (!equals && stop > at)
            f->fault = "a pair without '='";
        if (stop == at) {
            f->fault = "an empty pair";
        } else {
            need(VECTOR_GROW(f, item) ? f : NULL);
            struct field *field = &f->item[f->n++];
            field->name = unescape(f, at, (size_t)((equals ? equals : stop) - at));
            field->value = equals ? unescape(f, equals + 1, (size_t)(stop - equals - 1)) : need_text("");
        }
        if (!amp)
            break;
        at = amp + 1;
    }
}

void fields_clean(struct fields *f)
{
    for (size_t i = 0; i < f->n; i++) {
        mem_free(f->item[i].name);
        mem_free(f->item[i].value);
    }
    mem_free(f->item);
    *f = (struct fields){0};
}

const char *fields_get(const struct fields *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->item[i].name, name) == 0)
            return f->item[i].value;
    return NULL;
}

size_t fields_count(const struct fields *f, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += strcmp(f->item[i].name, name) == 0;
    return n;
}

void fields_json(const struct fields *f, struct json *j)
{
    json_array(j);
    for (size_t i = 0; i < f->n; i++) {
        json_array(j);
        json_string(j, f->item[i].name);
        json_string(j, f->item[i].value);
        json_end(j);
    }
    json_end(j);
}

void fields_encode(struct buf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || strchr("-_.~", *c))
            buf_addc(out, (char)*c);
        else
            buf_addf(out, "%%%02X", *c);
    }
}

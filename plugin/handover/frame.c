/*
 * frame: writing and reading "KEY=VALUE\0KEY=VALUE\0…" in memory the caller owns.
 *
 * A writer in a monitor's process cannot fail: what does not fit is left out,
 * and since the decisive pairs come first, it is the least of them that goes.
 *
 * DIAGNOSTICS
 * frame->cut, and false for a pair left out. A reader is told of damage; the
 * pairs before it were sound.
 */
#include "handover/frame.h"

#include <string.h>

void frame_init(struct frame *f, char *memory)
{
    f->data = memory;
    f->len = 0;
    f->cut = false;
}

bool frame_put(struct frame *f, const char *key, const char *value)
{
    return frame_putn(f, key, strlen(key), value, strlen(value));
}

/* At most max bytes, none of the code point that would cross it: of "ü" (2 bytes) and max 1, nothing. */
static size_t cut_length(const char *value, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t at = max;
    for (int back = 0; at && back < 3 && ((unsigned char)value[at] & 0xC0) == 0x80; back++)
        at--;
    /* Four continuation bytes in a row are no UTF-8: then anywhere is as good. */
    return ((unsigned char)value[at] & 0xC0) == 0x80 ? max : at;
}

bool frame_putn(struct frame *f, const char *key, size_t key_len, const char *value, size_t value_len)
{
    size_t whole = value_len;
    /* The form cannot hold a NUL; what stands before it still tells something. */
    const char *nul = value_len ? memchr(value, '\0', value_len) : NULL;
    if (nul)
        value_len = (size_t)(nul - value);
    value_len = cut_length(value, value_len, FRAME_VALUE_MAX);
    if (value_len < whole)
        f->cut = true;
    if (!key_len || key_len > FRAME_KEY_MAX || memchr(key, '=', key_len) || memchr(key, '\0', key_len) ||
        key_len + value_len + 2 > FRAME_MAX - f->len) {
        f->cut = true;
        return false;
    }
    char *to = f->data + f->len;
    memcpy(to, key, key_len);
    to += key_len;
    *to++ = '=';
    if (value_len)
        memcpy(to, value, value_len);
    to[value_len] = '\0';
    f->len += key_len + value_len + 2;
    return true;
}

bool frame_next(const char *data, size_t len, size_t *at, const char **key, size_t *key_len, const char **value,
                size_t *value_len, bool *bad)
{
    *bad = false;
    if (*at >= len)
        return false;
    const char *pair = data + *at;
    const char *end = memchr(pair, '\0', len - *at);
    const char *equals = end ? memchr(pair, '=', (size_t)(end - pair)) : NULL;
    if (!equals || equals == pair || equals - pair > FRAME_KEY_MAX) {
        *bad = true;
        return false;
    }
    *key = pair;
    *key_len = (size_t)(equals - pair);
    *value = equals + 1;
    *value_len = (size_t)(end - *value);
    *at += (size_t)(end - pair) + 1;
    return true;
}

/*
 * buf: growing text with a hard maximum and an error that sticks.
 *
 * The memory doubles from 64 bytes and never passes max + 1. The buf owns its
 * text until buf_steal() gives it away.
 *
 * DIAGNOSTICS
 * NT_ETOOBIG and NT_ENOMEM, kept in the buf. A failed append adds nothing, not
 * even the part that would have fitted.
 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BUF_FIRST = 64 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_clean(struct buf *b)
{
    mem_free(b->data);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->status = NT_OK;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for `more` bytes and the final NUL. */
static enum nt_status reserve(struct buf *b, size_t more)
{
    if (b->status)
        return b->status;
    if (more > b->max - b->len || b->len + more > SIZE_MAX / 2)
        return b->status = NT_ETOOBIG;
    size_t need = b->len + more + 1;
    if (need <= b->size)
        return NT_OK;
    size_t want = b->size ? b->size : BUF_FIRST;
    while (want < need)
        want *= 2;
    /* Doubling may overshoot the maximum, which callers choose to bound memory. */
    if (want - 1 > b->max)
        want = b->max + 1;
    char *data = mem_resize(b->data, want);
    if (!data)
        return b->status = NT_ENOMEM;
    b->data = data;
    b->size = want;
    b->data[b->len] = '\0';
    return NT_OK;
}

enum nt_status buf_add(struct buf *b, const void *data, size_t len)
{
    enum nt_status status = reserve(b, len);
    if (status)
        return status;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return NT_OK;
}

enum nt_status buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

enum nt_status buf_adds(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

enum nt_status buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum nt_status status = buf_addv(b, format, args);
    va_end(args);
    return status;
}

enum nt_status buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    enum nt_status status = reserve(b, 0);
    if (status)
        goto done;
    /* First into what is there: most texts fit. */
    size_t room = b->size - b->len;
    int n = vsnprintf(b->data + b->len, room, format, args);
    if (n >= 0 && (size_t)n >= room) {
        b->data[b->len] = '\0';
        status = reserve(b, (size_t)n);
        if (status)
            goto done;
        n = vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
    }
    if (n < 0) {
        b->data[b->len] = '\0';
        status = b->status = NT_EINVAL;
        goto done;
    }
    b->len += (size_t)n;
done:
    va_end(again);
    return status;
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len >= b->len)
        return;
    b->len = len;
    b->data[len] = '\0';
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

enum nt_status buf_status(const struct buf *b)
{
    return b->status;
}

char *buf_steal(struct buf *b)
{
    if (reserve(b, 0))
        return NULL;
    char *text = b->data;
    buf_init(b, b->max);
    return text;
}

/* fixture: renderings written down piece by piece. */
#ifndef NT_TESTS_SMS_FIXTURE_H
#define NT_TESTS_SMS_FIXTURE_H

#include "base/mem.h"
#include "base/vector.h"
#include "template/rendering.h"

#include <string.h>

enum { FIXED = -1 };

static inline void given_init(struct rendering *r)
{
    *r = (struct rendering){.n = 0};
    buf_init(&r->text, 4 << 20);
}

static inline void given_clean(struct rendering *r)
{
    buf_clean(&r->text);
    mem_free(r->span);
    given_init(r);
}

/* Appends a piece: fixed text (FIXED) or a span. False: no memory. */
static inline bool given(struct rendering *r, int kind, size_t minimum, const char *text)
{
    size_t start = r->text.len;
    if (buf_adds(&r->text, text))
        return false;
    if (kind == FIXED)
        return true;
    if (!VECTOR_GROW(r, span))
        return false;
    r->span[r->n++] = (struct span){(enum span_kind)kind, start, strlen(text), minimum};
    return true;
}

/* The same with the text repeated. */
static inline bool given_times(struct rendering *r, int kind, size_t minimum, const char *text, int times)
{
    size_t start = r->text.len;
    for (int i = 0; i < times; i++)
        if (!given(r, FIXED, 0, text))
            return false;
    if (kind == FIXED)
        return true;
    if (!VECTOR_GROW(r, span))
        return false;
    r->span[r->n++] = (struct span){(enum span_kind)kind, start, r->text.len - start, minimum};
    return true;
}

#endif

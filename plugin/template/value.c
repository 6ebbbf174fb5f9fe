/*
 * value: makes texts of views.
 *
 * A value owns its two bufs and is used again and again.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. A raw text beyond 64 KB is cut: nothing that long is ever sent.
 */
#include "template/value.h"

#include "base/utf8.h"
#include "template/filters.h"
#include "template/view.h"

#include <math.h>
#include <stdio.h>

void value_init(struct value *v)
{
    *v = (struct value){.counted = false};
    buf_init(&v->text, VALUE_MAX);
    buf_init(&v->spare, VALUE_MAX);
}

void value_clean(struct value *v)
{
    buf_clean(&v->text);
    buf_clean(&v->spare);
}

void value_reset(struct value *v)
{
    buf_reset(&v->text);
    buf_reset(&v->spare);
    v->counted = false;
    v->number = 0;
}

/* As people write numbers: no ".0", no digits that are only noise. */
static enum nt_status put_real(struct buf *out, double real)
{
    char text[40];
    if (!isfinite(real))
        return NT_OK;
    if (fabs(real) < 1e15 && real == (double)(long long)real)
        return buf_addf(out, "%lld", (long long)real);
    snprintf(text, sizeof text, "%.15g", real);
    return buf_adds(out, text);
}

enum nt_status value_of(struct value *value, const struct view *v, const struct zone *zone)
{
    enum nt_status status = NT_OK;
    value_reset(value);
    switch (v->kind) {
    case VIEW_NULL:
    case VIEW_LIST:
    case VIEW_OBJECT:
        break;
    case VIEW_BOOL:
        status = buf_adds(&value->text, v->number ? "true" : "false");
        break;
    case VIEW_TEXT: {
        /* A raw text may be larger than any value: its head will do. Cleaning never makes a text longer. */
        size_t len = v->len > VALUE_MAX ? VALUE_MAX : v->len;
        status = utf8_clean(&value->text, v->text, len);
        break;
    }
    case VIEW_NUMBER:
        status = put_real(&value->text, v->real);
        break;
    case VIEW_TIME:
        status = time_text(&value->text, zone, v->number, "%H:%M");
        break;
    case VIEW_DURATION:
        if (v->number >= 0)
            status = duration_text(&value->text, v->number);
        break;
    }
    value->counted = v->kind == VIEW_TIME || (v->kind == VIEW_DURATION && v->number >= 0);
    value->number = v->number;
    return status;
}

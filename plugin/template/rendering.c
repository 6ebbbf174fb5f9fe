/*
 * rendering: the record that a render fills and the fitting reads.
 *
 * The rendering owns its text and its spans.
 *
 * DIAGNOSTICS
 * None: nothing here can fail.
 */
#include "template/rendering.h"

#include "base/mem.h"

void rendering_init(struct rendering *r, size_t max)
{
    *r = (struct rendering){.span = NULL};
    buf_init(&r->text, max);
}

void rendering_clean(struct rendering *r)
{
    buf_clean(&r->text);
    mem_free(r->span);
    r->span = NULL;
    r->n = r->size = 0;
}

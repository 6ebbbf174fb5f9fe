/*
 * rendering: text out of a template with its elastic parts marked, before it is fitted (a record).
 */
#ifndef NT_TEMPLATE_RENDERING_H
#define NT_TEMPLATE_RENDERING_H

#include "base/buf.h"

#include <stddef.h>

/* What may give way, in this order: FIT spans, the longest first, down to their minimum; then SERVICE, then HOST, cut
 * in the middle (at least 20 graphemes kept); then the end of the text. */
enum span_kind { SPAN_FIT, SPAN_SERVICE, SPAN_HOST };

struct span {
    enum span_kind kind;
    size_t start, len; /* bytes in text */
    size_t minimum;    /* characters (graphemes) that stay, of a FIT span; 0 = may go altogether */
};

struct rendering {
    struct buf text;   /* clean UTF-8 */
    struct span *span; /* sorted by start, not overlapping */
    size_t n, size;
};

void rendering_init(struct rendering *r, size_t max);
void rendering_clean(struct rendering *r);

#endif

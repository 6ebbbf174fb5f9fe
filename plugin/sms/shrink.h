/*
 * shrink: the most of a layout that fits (internal to sms).
 */
#ifndef NT_SMS_SHRINK_H
#define NT_SMS_SHRINK_H

#include "base/buf.h"
#include "sms/layout.h"
#include "sms/segment.h"

#include <stdbool.h>
#include <stddef.h>

/* What had to give way, in that order. */
enum shrink_stage {
    SHRINK_NOTHING,
    SHRINK_FIT,
    SHRINK_SERVICE,
    SHRINK_HOST,
    SHRINK_MINIMUM,
    SHRINK_END,
    SHRINK_IMPOSSIBLE
};

struct shrunk {
    struct buf text;
    enum shrink_stage stage; /* SHRINK_IMPOSSIBLE: nothing at all fits, text is of no use */
    size_t kept;             /* graphemes of the rendering that are left */
    struct sms_count count;
};

void shrunk_init(struct shrunk *s);
void shrunk_clean(struct shrunk *s);

/* max_segments as in sms_fit(). */
enum nt_status shrink(const struct layout *l, int max_segments, struct shrunk *out) NT_MUST_USE;

#endif

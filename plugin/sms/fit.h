/*
 * fit: a rendering → the best text that fits.
 */
#ifndef NT_SMS_FIT_H
#define NT_SMS_FIT_H

#include "base/buf.h"
#include "sms/segment.h"
#include "template/rendering.h"

#include <stdbool.h>

enum sms_mode { SMS_AUTO, SMS_FORCE_GSM7, SMS_FORCE_UCS2 };

struct sms_text {
    struct buf body; /* what is sent, UTF-8, at most 1600 characters whatever max_segments says; never empty */
    enum sms_encoding encoding;
    int segments;
    bool truncated;
};

void sms_text_init(struct sms_text *t);
void sms_text_clean(struct sms_text *t);

/* max_segments ≥ 1; 0 = do not fit (only clean and choose the encoding; blanks at the ends stay). An empty rendering
 * (or blanks alone) becomes "(no text)". NT_ENOMEM alone can fail. With SMS_FORCE_UCS2 the segments are counted as
 * UCS-2 even where the text could travel as GSM-7, which is never fewer. What out held before is gone. */
enum nt_status sms_fit(const struct rendering *r, enum sms_mode mode, int max_segments,
                       struct sms_text *out) NT_MUST_USE;

#endif

/*
 * fuzz_sms: any bytes as a rendering, with any spans: what comes out can be sent.
 *
 * Input: mode, segments, number of spans (≤ 15), then for each span its kind, how far it starts behind the one before,
 * its length and its minimum (a byte each, the places doubled so that they reach far), then the text.
 */
#include "base/mem.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "sms/fit.h"

#include <stdlib.h>
#include <string.h>

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check(const struct sms_text *t, enum sms_mode mode, int max)
{
    const char *body = buf_text(&t->body);
    struct sms_count count = sms_count_as(body, t->body.len, mode == SMS_FORCE_UCS2 ? SMS_UCS2 : SMS_GSM7);
    require(t->body.len > 0 && utf8_valid(body, t->body.len));
    require(count.encoding == t->encoding && count.segments == t->segments);
    require(count.utf16 <= 1600 && (!max || t->segments <= max));
    require(mode != SMS_FORCE_GSM7 || t->encoding == SMS_GSM7);
    for (size_t i = 0; i < t->body.len; i++)
        require((unsigned char)body[i] >= ' ' || body[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rendering r = {.n = 0}, again = {.n = 0};
    struct span span[15] = {{SPAN_FIT, 0, 0, 0}};
    struct sms_text t, second;
    if (size < 3)
        return 0;
    enum sms_mode mode = (enum sms_mode)(data[0] % 3);
    int max = data[1] % 12;
    size_t spans = data[2] % 16, at = 0;
    data += 3, size -= 3;
    for (; r.n < spans && size >= 4; r.n++, data += 4, size -= 4) {
        span[r.n] = (struct span){(enum span_kind)(data[0] % 4), at + 2U * data[1], 2U * data[2], data[3]};
        at = span[r.n].start + span[r.n].len;
    }
    r.span = span;
    buf_init(&r.text, 1 << 22);
    buf_init(&again.text, 1 << 22);
    sms_text_init(&t);
    sms_text_init(&second);
    require(!buf_add(&r.text, data, size));
    /* As a template leaves it, most of the time: spans on the borders of characters. */
    for (size_t i = 0; i < r.n; i++) {
        struct span *s = &span[i];
        size_t end = s->start + s->len;
        while (s->start < r.text.len && ((unsigned char)r.text.data[s->start] & 0xC0) == 0x80)
            s->start++;
        while (end < r.text.len && ((unsigned char)r.text.data[end] & 0xC0) == 0x80)
            end++;
        s->len = end > s->start ? end - s->start : 0;
    }
    require(!sms_fit(&r, mode, max, &t));
    check(&t, mode, max);
    require(!buf_add(&again.text, t.body.data, t.body.len));
    require(!sms_fit(&again, mode, max, &second));
    /* What fits stays as it is. (A span may end between a letter and its accent, which come together only then.) */
    if (!r.n)
        require(second.body.len == t.body.len && !memcmp(second.body.data, t.body.data, t.body.len) &&
                !second.truncated);
    buf_clean(&r.text);
    buf_clean(&again.text);
    sms_text_clean(&t);
    sms_text_clean(&second);
    return 0;
}

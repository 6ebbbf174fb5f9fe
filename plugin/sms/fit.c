/*
 * fit: chooses the alphabet of a page and what of it is sent.
 *
 * In `auto` a text that is GSM-7 after its look-alikes were replaced goes so; there is nothing to choose. Otherwise it
 * has two chances: as UCS-2, as it was, in little room; or as GSM-7 in more than twice the room, cut so that
 * nothing foreign is left. Better is the one in which less important things had to give way (see shrink.h), then the
 * one that shows more of the rendering, then GSM-7. A text that fits whole as UCS-2 is therefore never cut.
 *
 * Example: 150 plain characters, then an emoji, one segment. UCS-2 shows 69 of them and "…", GSM-7 all 150 and "..".
 * With the emoji as the 20th character UCS-2 shows 69 graphemes, GSM-7 19: UCS-2 it is.
 *
 * The caller owns the text; nothing is kept between calls.
 *
 * DIAGNOSTICS
 * NT_ENOMEM alone. A rendering that is not what it should be (invalid UTF-8, control characters, spans out of
 * place) is cleaned and fitted without its spans.
 */
#include "sms/fit.h"

#include "base/utf8.h"
#include "sms/layout.h"
#include "sms/shrink.h"
#include "sms/transliterate.h"

static const char no_text[] = "(no text)";

void sms_text_init(struct sms_text *t)
{
    *t = (struct sms_text){.encoding = SMS_GSM7};
    buf_init(&t->body, (size_t)4 * SMS_CHARACTERS_MAX);
}

void sms_text_clean(struct sms_text *t)
{
    buf_clean(&t->body);
    sms_text_init(t);
}

/* Valid UTF-8 without control characters but newline? */
static bool is_clean(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp = (unsigned char)text[i];
        n = cp < 0x80 ? 1 : utf8_next(text + i, len - i, &cp);
        if (!n || (cp < 0x20 && cp != '\n') || (cp >= 0x7F && cp <= 0x9F))
            return false;
    }
    return true;
}

/* May the text be cut at that byte? */
static bool is_border(const char *text, size_t len, size_t at)
{
    return at == len || (at < len && ((unsigned char)text[at] & 0xC0) != 0x80);
}

static bool spans_valid(const struct rendering *r)
{
    const char *text = buf_text(&r->text);
    size_t at = 0, len = r->text.len;
    for (size_t i = 0; i < r->n; i++) {
        const struct span *s = &r->span[i];
        if ((unsigned)s->kind > SPAN_HOST || s->start < at || s->start > len || s->len > len - s->start)
            return false;
        at = s->start + s->len;
        if (!is_border(text, len, s->start) || !is_border(text, len, at))
            return false;
    }
    return true;
}

/* Blanks and invisible characters alone? Stops at the first that is anything else. */
static enum nt_status is_blank(const char *text, size_t len, bool *blank)
{
    enum nt_status status = NT_OK;
    struct buf twin;
    buf_init(&twin, SIZE_MAX / 4);
    *blank = true;
    for (size_t i = 0, n; i < len && *blank && !status; i += n) {
        n = utf8_grapheme(text + i, len - i);
        if (n == 1) {
            *blank = text[i] == ' ' || text[i] == '\n';
            continue;
        }
        buf_reset(&twin);
        *blank = transliterate_lookalikes(&twin, text + i, n);
        for (size_t k = 0; k < twin.len; k++)
            *blank &= twin.data[k] == ' ' || twin.data[k] == '\n';
        status = buf_status(&twin);
    }
    buf_clean(&twin);
    return status;
}

struct source {
    const char *text;
    size_t len;
    const struct span *span;
    size_t spans;
};

static enum nt_status build(const struct source *from, enum alphabet alphabet, struct layout *layout)
{
    layout_init(layout, alphabet);
    return layout_build(layout, from->text, from->len, from->span, from->spans);
}

static enum nt_status fit_in(const struct source *from, enum alphabet alphabet, int max_segments, struct shrunk *out)
{
    struct layout layout;
    enum nt_status status = build(from, alphabet, &layout);
    if (!status)
        status = shrink(&layout, max_segments, out);
    layout_clean(&layout);
    return status;
}

/* Is GSM-7 (a) a better choice than UCS-2 (b)? */
static enum nt_status prefer_gsm7(const struct shrunk *a, const struct shrunk *b, bool *prefer)
{
    *prefer = a->stage < b->stage || (a->stage == b->stage && a->kept >= b->kept);
    if (*prefer || a->stage == SHRINK_IMPOSSIBLE)
        return NT_OK;
    /* When nothing is left in the UCS-2 text that asks for UCS-2, its look-alikes are no reason to send it so. */
    struct buf twin;
    buf_init(&twin, 4 * b->text.max);
    *prefer = transliterate_lookalikes(&twin, buf_text(&b->text), b->text.len);
    enum nt_status status = buf_status(&twin);
    buf_clean(&twin);
    return status;
}

static enum nt_status fit_auto(const struct source *from, int max_segments, struct shrunk *gsm7, struct shrunk *ucs2,
                               struct shrunk **best)
{
    struct layout layout;
    bool prefer = true;
    enum nt_status status = build(from, ALPHABET_LOOKALIKES, &layout);
    if (!status && layout.foreign)
        status = fit_in(from, ALPHABET_UNICODE, max_segments, ucs2);
    if (!status && layout.foreign && ucs2->stage == SHRINK_NOTHING)
        prefer = false;
    else if (!status)
        status = shrink(&layout, max_segments, gsm7);
    if (!status && layout.foreign && prefer)
        status = prefer_gsm7(gsm7, ucs2, &prefer);
    *best = prefer ? gsm7 : ucs2;
    layout_clean(&layout);
    return status;
}

enum nt_status sms_fit(const struct rendering *r, enum sms_mode mode, int max_segments, struct sms_text *out)
{
    enum nt_status status = NT_OK;
    struct source from = {.text = buf_text(&r->text), .len = r->text.len, .span = r->span, .spans = r->n};
    struct shrunk gsm7, ucs2, *best = &gsm7;
    struct buf clean;
    bool blank;
    buf_init(&clean, SIZE_MAX / 4);
    shrunk_init(&gsm7);
    shrunk_init(&ucs2);
    sms_text_clean(out);

    if (!is_clean(from.text, from.len)) {
        status = utf8_clean(&clean, from.text, from.len);
        if (status)
            goto done;
        from = (struct source){.text = buf_text(&clean), .len = clean.len};
    } else if (!spans_valid(r)) {
        from.spans = 0;
    }
    status = is_blank(from.text, from.len, &blank);
    if (status)
        goto done;
    if (blank)
        from = (struct source){.text = no_text, .len = sizeof no_text - 1};

    if (mode == SMS_FORCE_GSM7) {
        status = fit_in(&from, ALPHABET_FORCED, max_segments, &gsm7);
    } else if (mode == SMS_FORCE_UCS2) {
        best = &ucs2;
        status = fit_in(&from, ALPHABET_UNICODE, max_segments, &ucs2);
    } else {
        status = fit_auto(&from, max_segments, &gsm7, &ucs2, &best);
    }
    if (status)
        goto done;
    blank = best->stage == SHRINK_IMPOSSIBLE || !best->text.len;
    if (!blank)
        status = is_blank(buf_text(&best->text), best->text.len, &blank);
    if (status)
        goto done;
    if (blank) {
        /* Cut to nothing, or stripped to it (of an accent over a blank): all that could be shown were blanks. */
        from = (struct source){.text = no_text, .len = sizeof no_text - 1};
        status = fit_in(&from, mode == SMS_FORCE_UCS2 ? ALPHABET_UNICODE : ALPHABET_LOOKALIKES, 1, best);
        out->truncated = true;
        if (status)
            goto done;
    }
    status = buf_add(&out->body, best->text.data, best->text.len);
    out->encoding = best->count.encoding;
    out->segments = best->count.segments;
    out->truncated |= best->stage != SHRINK_NOTHING;
done:
    buf_clean(&clean);
    shrunk_clean(&gsm7);
    shrunk_clean(&ucs2);
    if (status)
        sms_text_clean(out);
    return status;
}

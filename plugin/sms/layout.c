/*
 * layout: cuts a rendering into pieces (its elastic spans and the fixed text between) and these into graphemes, written
 * in the alphabet of the message; then draws it as a plan says, as often as somebody looks for the best plan.
 *
 * What cannot survive is not even cut up: of a piece the first 1601 graphemes count, of a host or service also the
 * last ones, and after 1601 graphemes of fixed text nothing does. So a megabyte of output costs no more than a page of
 * it.
 *
 * A "grapheme" of more than 31 code points (a letter under a hundred accents) is several: else it might fit nowhere.
 *
 * DIAGNOSTICS
 * NT_ENOMEM, from layout_build() as its value, from layout_draw() in the buf.
 */
#include "sms/layout.h"

#include "base/utf8.h"
#include "base/vector.h"
#include "sms/transliterate.h"

#include <string.h>

enum {
    GLYPHS_MAX = SMS_CHARACTERS_MAX + 1,
    TAIL_BYTES = 4 * SMS_CHARACTERS_MAX,
    GLYPH_CODE_POINTS = 31, /* as many as Unicode's stream-safe format lets follow each other */
    MIDDLE_KEPT = 20,       /* graphemes of a host or a service that always stay */
    USEFUL = 4,             /* fewer graphemes of an output tell nothing: it goes altogether */
};

struct plan plan_whole(bool trim, size_t bytes)
{
    return (struct plan){.level = {SIZE_MAX, SIZE_MAX, SIZE_MAX}, .end = SIZE_MAX, .bytes = bytes, .trim = trim};
}

void layout_init(struct layout *l, enum alphabet alphabet)
{
    *l = (struct layout){.alphabet = alphabet};
    l->ellipsis = alphabet == ALPHABET_UNICODE ? "…" : "..";
    l->ellipsis_glyphs = alphabet == ALPHABET_UNICODE ? 1 : 2;
    buf_init(&l->text, UINT32_MAX / 2);
}

void layout_clean(struct layout *l)
{
    buf_clean(&l->text);
    mem_free(l->glyphs.item);
    mem_free(l->pieces.item);
    layout_init(l, l->alphabet);
}

/* Letters of which no two make one grapheme: Latin, Greek, Cyrillic, Han. A short cut only. */
static bool is_plain(uint32_t cp)
{
    return cp < 0x300 || (cp >= 0x370 && cp <= 0x482) || (cp >= 0x48A && cp <= 0x52F) || (cp >= 0x4E00 && cp <= 0x9FFF);
}

/* Bytes of the glyph at the start of s. */
static size_t glyph_length(const char *s, size_t len)
{
    if ((unsigned char)s[0] < 0x80 && (len == 1 || (unsigned char)s[1] < 0x80))
        return 1; /* clean text has no CRLF, the one grapheme of two ASCII characters */
    uint32_t cp, after = 0;
    size_t n = utf8_next(s, len, &cp), step;
    if (n < len)
        utf8_next(s + n, len - n, &after);
    if (is_plain(cp) && is_plain(after))
        return n;
    size_t whole = utf8_grapheme(s, len);
    n = 0;
    for (int i = 0; i < GLYPH_CODE_POINTS && n < whole; i++, n += step)
        step = utf8_next(s + n, len - n, &cp);
    return n;
}

static enum nt_status add_glyph(struct layout *l, const char *s, size_t len)
{
    if (!VECTOR_GROW(&l->glyphs, item))
        return NT_ENOMEM;
    struct glyph *g = &l->glyphs.item[l->glyphs.n];
    *g = (struct glyph){.start = (uint32_t)l->text.len};
    if (l->alphabet == ALPHABET_UNICODE) {
        buf_add(&l->text, s, len);
    } else if (l->alphabet == ALPHABET_FORCED) {
        transliterate_force(&l->text, s, len);
    } else if (!transliterate_lookalikes(&l->text, s, len)) {
        g->foreign = true;
        buf_add(&l->text, s, len);
    }
    /* What vanished altogether is no glyph. */
    if (l->text.len > g->start)
        l->glyphs.n++;
    l->foreign |= g->foreign;
    return buf_status(&l->text);
}

/* Adds the glyphs of s, at most until there are `until` in all; *used gets the bytes read. */
static enum nt_status add_glyphs(struct layout *l, const char *s, size_t len, size_t until, size_t *used)
{
    enum nt_status status = NT_OK;
    size_t i = 0;
    while (i < len && l->glyphs.n < until && !status) {
        size_t n = glyph_length(s + i, len - i);
        status = add_glyph(l, s + i, n);
        i += n;
    }
    *used = i;
    return status;
}

static enum nt_status add_piece(struct layout *l, enum piece_kind kind, const char *s, size_t len, size_t minimum)
{
    if (!VECTOR_GROW(&l->pieces, item))
        return NT_ENOMEM;
    size_t first = l->glyphs.n, used;
    enum nt_status status = add_glyphs(l, s, len, first + GLYPHS_MAX, &used);
    bool whole = used == len;
    if (!status && !whole && (kind == PIECE_SERVICE || kind == PIECE_HOST)) {
        size_t from = len - used > TAIL_BYTES ? len - TAIL_BYTES : used;
        whole = from == used;
        while (from < len && ((unsigned char)s[from] & 0xC0) == 0x80)
            from++;
        status = add_glyphs(l, s + from, len - from, SIZE_MAX, &used);
    }
    if (status)
        return status;
    struct piece *p = &l->pieces.item[l->pieces.n++];
    *p = (struct piece){.kind = kind, .first = first, .n = l->glyphs.n - first, .whole = whole};
    while (p->pure < p->n && !l->glyphs.item[first + p->pure].foreign)
        p->pure++;
    if (kind == PIECE_FIT)
        p->minimum = minimum < p->n ? minimum : p->n;
    l->has_minimum |= p->minimum > 0;
    l->count[kind]++;
    if (p->n > l->longest[kind])
        l->longest[kind] = p->n;
    return NT_OK;
}

enum nt_status layout_build(struct layout *l, const char *text, size_t len, const struct span *span, size_t spans)
{
    enum nt_status status = NT_OK;
    size_t at = 0, fixed = 0;
    for (size_t i = 0; i <= spans && !status; i++) {
        size_t start = i < spans ? span[i].start : len, before = l->glyphs.n;
        if (start > at)
            status = add_piece(l, PIECE_FIXED, text + at, start - at, 0);
        fixed += l->glyphs.n - before;
        if (status || fixed > SMS_CHARACTERS_MAX) {
            l->ends_early = true;
            break;
        }
        if (i < spans) {
            status = add_piece(l, (enum piece_kind)span[i].kind, text + start, span[i].len, span[i].minimum);
            at = start + span[i].len;
        }
    }
    /* The one behind the last, so that every glyph has an end. */
    if (!status && !VECTOR_GROW(&l->glyphs, item))
        status = NT_ENOMEM;
    if (!status)
        l->glyphs.item[l->glyphs.n] = (struct glyph){.start = (uint32_t)l->text.len};
    return status;
}

struct pen {
    const struct layout *layout;
    const struct plan *plan;
    struct buf *out;
    struct drawing drawing;
    bool ended;          /* the end is cut here */
    bool after_ellipsis; /* the last thing drawn is one */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n';
}

static void trim_end(struct buf *out)
{
    size_t len = out->len;
    while (len && is_blank(out->data[len - 1]))
        len--;
    buf_truncate(out, len);
}

static void draw_ellipsis(struct pen *pen)
{
    buf_adds(pen->out, pen->layout->ellipsis);
    pen->drawing.shortened = true;
    pen->after_ellipsis = true;
}

static void cut_end(struct pen *pen)
{
    trim_end(pen->out);
    if (!pen->after_ellipsis && pen->out->len)
        draw_ellipsis(pen);
    pen->drawing.shortened = true;
    pen->ended = true;
}

/* A piece's own ellipsis counts as glyphs, so that the end may be cut before it. */
static void draw_mark(struct pen *pen)
{
    if (pen->ended)
        return;
    pen->drawing.glyphs += pen->layout->ellipsis_glyphs;
    if (pen->drawing.glyphs > pen->plan->end)
        cut_end(pen);
    else
        draw_ellipsis(pen);
}

static void draw(struct pen *pen, size_t first, size_t n)
{
    const struct layout *l = pen->layout;
    if (pen->ended || !n)
        return;
    size_t room = pen->plan->end - pen->drawing.glyphs, shown = n < room ? n : room;
    if (l->foreign)
        for (size_t i = 0; i < shown; i++)
            pen->drawing.possible &= !l->glyphs.item[first + i].foreign;
    size_t from = l->glyphs.item[first].start, to = l->glyphs.item[first + shown].start;
    if (pen->plan->trim && !pen->out->len)
        while (from < to && is_blank(l->text.data[from]))
            from++;
    if (from < to) {
        buf_add(pen->out, l->text.data + from, to - from);
        pen->after_ellipsis = false;
    }
    pen->drawing.glyphs += shown;
    pen->drawing.kept += shown;
    if (shown < n)
        cut_end(pen);
}

static void draw_fit(struct pen *pen, const struct piece *p, size_t target)
{
    const struct layout *l = pen->layout;
    size_t minimum = pen->plan->below_minimum ? 0 : p->minimum;
    if (minimum && target < minimum + l->ellipsis_glyphs)
        target = minimum + l->ellipsis_glyphs;
    if (target >= p->n && p->pure == p->n && p->whole) {
        draw(pen, p->first, p->n);
        return;
    }
    size_t keep = target > l->ellipsis_glyphs ? target - l->ellipsis_glyphs : 0;
    if (keep > p->pure)
        keep = p->pure;
    pen->drawing.possible &= keep >= minimum;
    pen->drawing.shortened = true;
    while (keep > minimum && is_blank(l->text.data[l->glyphs.item[p->first + keep - 1].start]))
        keep--;
    if (!keep || (keep < USEFUL && !minimum))
        return;
    draw(pen, p->first, keep);
    draw_mark(pen);
}

static void draw_middle(struct pen *pen, const struct piece *p, size_t target)
{
    size_t ellipsis = pen->layout->ellipsis_glyphs;
    if (target < MIDDLE_KEPT + ellipsis)
        target = MIDDLE_KEPT + ellipsis;
    if (target >= p->n && p->whole) {
        draw(pen, p->first, p->n);
        return;
    }
    if (target >= p->n)
        target = p->n - 1;
    size_t keep = target - ellipsis, head = (keep + 1) / 2, tail = keep / 2;
    draw(pen, p->first, head);
    draw_mark(pen);
    draw(pen, p->first + p->n - tail, tail);
}

struct drawing layout_draw(const struct layout *l, const struct plan *plan, struct buf *out)
{
    struct pen pen = {.layout = l, .plan = plan, .out = out, .drawing = {.possible = true}};
    size_t seen[PIECE_FIXED] = {0};
    buf_reset(out);
    for (size_t i = 0; i < l->pieces.n && !pen.ended && out->len <= plan->bytes; i++) {
        const struct piece *p = &l->pieces.item[i];
        if (p->kind == PIECE_FIXED) {
            draw(&pen, p->first, p->n);
            continue;
        }
        size_t target = plan->level[p->kind];
        if (p->n > target && seen[p->kind]++ < plan->extra[p->kind])
            target++;
        if (p->kind == PIECE_FIT)
            draw_fit(&pen, p, target);
        else
            draw_middle(&pen, p, target);
    }
    if (l->ends_early && !pen.ended)
        cut_end(&pen);
    if (plan->trim)
        trim_end(out);
    pen.drawing.possible &= out->len <= plan->bytes;
    return pen.drawing;
}

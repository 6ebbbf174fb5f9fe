/*
 * shrink: finds the plan that shows the most of a layout within a number of segments and 1600 characters.
 *
 * What gives way, in order: nothing; the FIT pieces down to their minimum; the services, then the hosts, in the middle;
 * the FIT pieces' minimum; the end of the text. In each step the pieces of the kind share one level, like water in
 * linked vessels: whatever is longer is cut to it, so the longest gives way first. More is shown at a higher level, so
 * the highest that fits is found by halving; then the first few of the pieces may get one grapheme more.
 *
 * Example: pieces of 30, 12 and 5 graphemes that may have 28 in all: the level 11 takes 11 + 11 + 5 = 27, one grapheme
 * more goes to the first: 12 + 11 + 5.
 *
 * Every candidate is drawn and counted as it would be sent: part boundaries, expanding replacements and
 * trimmed blanks need no rule of their own, and what is returned was verified.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. SHRINK_IMPOSSIBLE when not one grapheme can be shown, which happens only if the first one is not in the
 * alphabet.
 */
#include "sms/shrink.h"

#include <limits.h>

enum { SEGMENTS_MOST = 1 + SMS_CHARACTERS_MAX / UNITS_PART };

struct search {
    const struct layout *layout;
    int segments;     /* INT_MAX: any number */
    size_t units;     /* that these segments hold, and Twilio takes */
    struct buf *out;  /* the text last drawn */
    struct plan plan; /* the best so far */
    struct drawing drawing;
    struct sms_count count;
    enum nt_status status;
};

static size_t capacity(enum alphabet alphabet, int segments)
{
    bool ucs2 = alphabet == ALPHABET_UNICODE;
    if (segments >= SEGMENTS_MOST)
        return ucs2 ? SMS_CHARACTERS_MAX : 2 * SMS_CHARACTERS_MAX;
    if (segments == 1)
        return ucs2 ? UNITS_ALONE : SEPTETS_ALONE;
    size_t units = (size_t)segments * (ucs2 ? UNITS_PART : SEPTETS_PART);
    size_t most = ucs2 ? SMS_CHARACTERS_MAX : 2 * SMS_CHARACTERS_MAX;
    return units < most ? units : most;
}

/* Draws the plan; does it fit? */
static bool fits(struct search *s, const struct plan *plan)
{
    s->drawing = layout_draw(s->layout, plan, s->out);
    if (buf_status(s->out))
        s->status = buf_status(s->out);
    if (s->status || !s->drawing.possible)
        return false;
    enum sms_encoding encoding = s->layout->alphabet == ALPHABET_UNICODE ? SMS_UCS2 : SMS_GSM7;
    s->count = sms_count_as(buf_text(s->out), s->out->len, encoding);
    /* A cluster longer than a part counts as one part, but no carrier could send it so: hence the units. */
    return s->count.utf16 <= SMS_CHARACTERS_MAX && s->count.segments <= s->segments && s->count.units <= s->units;
}

/* The largest *value from `low`, which fits, to `high` that fits. value is a member of s->plan. */
static void climb(struct search *s, size_t *value, size_t low, size_t high)
{
    while (low < high && !s->status) {
        *value = high - (high - low) / 2;
        if (fits(s, &s->plan))
            low = *value;
        else
            high = *value - 1;
    }
    *value = low;
}

/* Lowers the pieces of a kind as far as needed. False: all the way down is not enough, or nothing is left then; they
 * stay there. */
static bool lower(struct search *s, enum piece_kind kind)
{
    const struct layout *l = s->layout;
    if (!l->longest[kind])
        return false;
    s->plan.level[kind] = 0;
    if (!fits(s, &s->plan))
        return false;
    /* No glyph costs less than a unit. */
    size_t high = l->longest[kind] < s->units ? l->longest[kind] : s->units;
    climb(s, &s->plan.level[kind], 0, high + l->ellipsis_glyphs);
    climb(s, &s->plan.extra[kind], 0, l->count[kind]);
    return fits(s, &s->plan) && s->out->len;
}

static enum shrink_stage search(struct search *s)
{
    if (fits(s, &s->plan) && !s->drawing.shortened)
        return SHRINK_NOTHING;
    if (!s->plan.trim) {
        s->plan.trim = true;
        if (fits(s, &s->plan) && !s->drawing.shortened)
            return SHRINK_NOTHING;
    }
    if (lower(s, PIECE_FIT))
        return SHRINK_FIT;
    if (lower(s, PIECE_SERVICE))
        return SHRINK_SERVICE;
    if (lower(s, PIECE_HOST))
        return SHRINK_HOST;
    s->plan.below_minimum = true;
    if (s->layout->has_minimum && lower(s, PIECE_FIT))
        return SHRINK_MINIMUM;
    /* A text that is all output, of which nothing would be left, is cut at its end like any other. */
    if (fits(s, &s->plan))
        s->plan = plan_whole(true, s->plan.bytes);
    (void)fits(s, &s->plan);
    size_t glyphs = s->drawing.glyphs;
    s->plan.end = 1;
    if (!glyphs || !fits(s, &s->plan))
        return SHRINK_IMPOSSIBLE;
    climb(s, &s->plan.end, 1, glyphs);
    return fits(s, &s->plan) && s->out->len ? SHRINK_END : SHRINK_IMPOSSIBLE;
}

void shrunk_init(struct shrunk *s)
{
    *s = (struct shrunk){.stage = SHRINK_IMPOSSIBLE};
    buf_init(&s->text, SIZE_MAX / 4);
}

void shrunk_clean(struct shrunk *s)
{
    buf_clean(&s->text);
    shrunk_init(s);
}

enum nt_status shrink(const struct layout *l, int max_segments, struct shrunk *out)
{
    struct search s = {.layout = l, .segments = max_segments > 0 ? max_segments : INT_MAX, .out = &out->text};
    s.units = capacity(l->alphabet, s.segments);
    s.plan = plan_whole(max_segments > 0, 3 * s.units);
    out->stage = search(&s);
    out->kept = s.drawing.kept;
    out->count = s.count;
    return s.status;
}

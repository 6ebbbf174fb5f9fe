/*
 * layout: a rendering cut into graphemes, and the text that a plan makes of it (internal to sms).
 */
#ifndef NT_SMS_LAYOUT_H
#define NT_SMS_LAYOUT_H

#include "base/buf.h"
#include "template/rendering.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No message has more UTF-16 units than this, so no piece of it more graphemes. */
enum { SMS_CHARACTERS_MAX = 1600 };

enum alphabet { ALPHABET_UNICODE, ALPHABET_LOOKALIKES, ALPHABET_FORCED };

/* What a piece of the text is; the first three are those of enum span_kind. */
enum piece_kind { PIECE_FIT, PIECE_SERVICE, PIECE_HOST, PIECE_FIXED, PIECE_KINDS };

struct glyph {
    uint32_t start; /* in the text; it ends where the next one starts */
    bool foreign;   /* not in the alphabet */
};

struct piece {
    enum piece_kind kind;
    size_t first, n; /* glyphs */
    size_t pure;     /* glyphs before the first foreign one; n when there is none */
    size_t minimum;  /* glyphs of a FIT piece that should stay */
    bool whole;      /* false: too long to be shown to its end whatever the plan */
};

struct layout {
    enum alphabet alphabet;
    const char *ellipsis;
    size_t ellipsis_glyphs;
    struct buf text;
    struct {
        struct glyph *item; /* n of them and one behind the last */
        size_t n, size;
    } glyphs;
    struct {
        struct piece *item;
        size_t n, size;
    } pieces;
    size_t longest[PIECE_KINDS]; /* glyphs of the longest piece of each kind */
    size_t count[PIECE_KINDS];   /* pieces of each kind */
    bool foreign;                /* any glyph is */
    bool has_minimum;            /* any FIT piece has one */
    bool ends_early;             /* there was more fixed text than any message holds: the rest is left out */
};

/* How much of it is shown. Pieces of a kind with more glyphs than level[kind] are shortened to level[kind] (ellipsis
 * included), the first `extra[kind]` of them to one more; never below what their kind must keep. */
struct plan {
    size_t level[PIECE_FIXED];
    size_t extra[PIECE_FIXED];
    bool below_minimum; /* FIT pieces may fall below theirs */
    size_t end;         /* glyphs after which the text is cut */
    size_t bytes;       /* a longer text need not be drawn to its end: it is not possible */
    bool trim;          /* blanks at both ends go */
};

struct drawing {
    size_t glyphs;  /* what the plan shows, ellipses included */
    size_t kept;    /* glyphs of the rendering that are shown */
    bool possible;  /* nothing foreign is shown, every minimum is kept, and the text is not too long */
    bool shortened; /* something is not shown */
};

/* Everything is shown. */
struct plan plan_whole(bool trim, size_t bytes);

void layout_init(struct layout *l, enum alphabet alphabet);
void layout_clean(struct layout *l);
/* text is clean UTF-8 of fewer than 4 GB, spans are valid in it (or none). */
enum nt_status layout_build(struct layout *l, const char *text, size_t len, const struct span *span,
                            size_t spans) NT_MUST_USE;
/* Writes the text to out, which is emptied first. Errors stick in out. */
struct drawing layout_draw(const struct layout *l, const struct plan *plan, struct buf *out);

#endif

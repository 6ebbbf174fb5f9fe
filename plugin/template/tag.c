/*
 * tag: where tags begin and end, and which of them stand alone.
 *
 * A tag that prints nothing by itself and has its line to itself takes the whole line away, newline included; what
 * stood before a partial is its indentation:
 *
 *     "a\n  {{#x}}\nb\n  {{/x}}\nc"   →   "a\n", tag, "b\n", tag, "c"
 *
 * Texts are borrowed from the template's.
 *
 * DIAGNOSTICS
 * A tag without an end, or with another tag's beginning inside, is TAG_UNCLOSED: only the text up to the next tag or
 * the end of the line is lost by it.
 */
#include "template/tag.h"

#include <string.h>

enum { DELIMITER_MAX = 16 };

bool char_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct piece piece_trim(struct piece p)
{
    while (p.len && char_blank(*p.at)) {
        p.at++;
        p.len--;
    }
    while (p.len && char_blank(p.at[p.len - 1]))
        p.len--;
    return p;
}

void reader_init(struct reader *r, const char *text, size_t len)
{
    *r = (struct reader){.text = text,
                         .end = text + len,
                         .pos = text,
                         .opening = {"{{", 2},
                         .closing = {"}}", 2},
                         .counted = text,
                         .line = 1,
                         .column = 1};
}

/* Where `what` begins in [from, end); NULL. */
static const char *find(const char *from, const char *end, struct piece what)
{
    return from < end ? memmem(from, (size_t)(end - from), what.at, what.len) : NULL;
}

/* Counts on to a place that is not before the last one. */
static void count_to(struct reader *r, const char *place)
{
    for (; r->counted < place; r->counted++) {
        unsigned char c = (unsigned char)*r->counted;
        if (c == '\n') {
            r->line++;
            r->column = 1;
        } else if ((c & 0xC0) != 0x80) {
            r->column++;
        }
    }
}

/* Has the tag its line to itself? Then the text before it ends at the line's start, and it ends after the line's
 * newline. */
static void look_standalone(const struct reader *r, struct tag *tag)
{
    const char *start = tag->start, *after = tag->after;
    while (start > r->pos && (start[-1] == ' ' || start[-1] == '\t'))
        start--;
    if (start > r->text && start[-1] != '\n')
        return;
    while (after < r->end && (*after == ' ' || *after == '\t'))
        after++;
    if (after < r->end && *after == '\r' && after + 1 < r->end && after[1] == '\n')
        after++;
    if (after < r->end && *after != '\n')
        return;
    tag->standalone = true;
    tag->text_end = start;
    tag->after = after < r->end ? after + 1 : after;
}

/* Reads the tag at tag->start; false when it has no end. */
static bool read_tag(const struct reader *r, struct tag *tag)
{
    char closing[DELIMITER_MAX + 1];
    size_t n = 0;
    const char *s = tag->start + r->opening.len;
    while (s < r->end && char_blank(*s))
        s++;
    if (s < r->end && *s && strchr("{&#^/>!=", *s))
        tag->sigil = *s++;
    if (tag->sigil == '{')
        closing[n++] = '}';
    if (tag->sigil == '=')
        closing[n++] = '=';
    memcpy(closing + n, r->closing.at, r->closing.len);
    n += r->closing.len;
    const char *end = find(s, r->end, (struct piece){closing, n});
    if (!end || (tag->sigil != '!' && tag->sigil != '=' && find(s, end, r->opening)))
        return false;
    tag->content = (struct piece){s, (size_t)(end - s)};
    tag->after = end + n;
    if (tag->sigil && strchr("#^/>!=", tag->sigil))
        look_standalone(r, tag);
    return true;
}

enum tag_end reader_next(struct reader *r, struct tag *tag)
{
    const char *start = find(r->pos, r->end, r->opening);
    if (!start) {
        *tag = (struct tag){.text_end = r->end};
        return TAG_NONE;
    }
    count_to(r, start);
    *tag = (struct tag){.text_end = start, .start = start, .line = r->line, .column = r->column};
    if (read_tag(r, tag))
        return TAG_CLOSED;
    const char *newline = memchr(start, '\n', (size_t)(r->end - start));
    const char *line_end = newline ? newline : r->end;
    const char *next = find(start + r->opening.len, line_end, r->opening);
    tag->after = next ? next : line_end;
    return TAG_UNCLOSED;
}

bool reader_delimiters(struct reader *r, struct piece content)
{
    struct piece both = piece_trim(content), opening = {both.at, 0};
    while (opening.len < both.len && !char_blank(both.at[opening.len]))
        opening.len++;
    struct piece closing = piece_trim((struct piece){both.at + opening.len, both.len - opening.len});
    if (!opening.len || !closing.len || opening.len > DELIMITER_MAX || closing.len > DELIMITER_MAX ||
        memchr(both.at, '=', both.len))
        return false;
    for (size_t i = 0; i < closing.len; i++)
        if (char_blank(closing.at[i]))
            return false;
    r->opening = opening;
    r->closing = closing;
    return true;
}

/*
 * utf8: the part of utf8 that needs Unicode's tables, taken from utf8proc:
 * graphemes, letter case and base letters.
 *
 * All but utf8_unaccent() ask for valid UTF-8; should a byte be damaged all the
 * same, it counts as one grapheme and is copied as it is: no loop stands still.
 *
 * DIAGNOSTICS
 * Only those of the buf written to.
 */
#include "base/utf8.h"

#include <utf8proc.h>

size_t utf8_grapheme(const char *s, size_t len)
{
    uint32_t before, cp;
    size_t n = utf8_next(s, len, &before);
    if (!n)
        return 1;
    utf8proc_int32_t state = 0;
    while (n < len) {
        /* Two ASCII characters are one grapheme only as CRLF: worth a short cut, most texts are ASCII. */
        size_t step = utf8_next(s + n, len - n, &cp);
        if (!step || (before < 0x80 && cp < 0x80 && !(before == '\r' && cp == '\n')))
            break;
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)cp, &state))
            break;
        before = cp;
        n += step;
    }
    return n;
}

size_t utf8_graphemes(const char *s, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; count++)
        i += utf8_grapheme(s + i, len - i);
    return count;
}

static enum nt_status map_case(struct buf *out, const char *s, size_t len, utf8proc_int32_t (*map)(utf8proc_int32_t))
{
    size_t before = out->len;
    for (size_t i = 0, n; i < len && !buf_status(out); i += n) {
        uint32_t cp;
        n = utf8_next(s + i, len - i, &cp);
        if (!n) {
            n = 1;
            buf_addc(out, s[i]);
            continue;
        }
        char text[4];
        buf_add(out, text, utf8_put((uint32_t)map((utf8proc_int32_t)cp), text));
    }
    if (buf_status(out))
        buf_truncate(out, before);
    return buf_status(out);
}

enum nt_status utf8_upper(struct buf *out, const char *s, size_t len)
{
    return map_case(out, s, len, utf8proc_toupper);
}

enum nt_status utf8_lower(struct buf *out, const char *s, size_t len)
{
    return map_case(out, s, len, utf8proc_tolower);
}

bool utf8_unaccent(uint32_t cp, struct buf *out)
{
    /* Hangul syllables fall apart into their sounds, which are no base letters of anything. */
    if (cp < 0x80 || cp > 0x10FFFF || (cp >= 0xAC00 && cp <= 0xD7A3))
        return false;
    utf8proc_int32_t part[32]; /* the longest of Unicode, U+FDFA, has 18 */
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, part, sizeof part / sizeof *part,
                                                 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK, &boundary);
    if (n < 0 || (size_t)n > sizeof part / sizeof *part || (n == 1 && part[0] == (utf8proc_int32_t)cp))
        return false;
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        char text[4];
        buf_add(out, text, utf8_put((uint32_t)part[i], text));
    }
    return true;
}

/*
 * segments: the price of a text in parts.
 *
 * GSM 03.38 gives 160 septets to a single part and 153 to each of several; UCS-2 70 units and 67. An extension
 * character is two septets and stays in one part; in UCS-2 a grapheme stays whole, as Twilio's own calculator keeps it.
 *
 * Example: 152 letters, a '{' and 8 letters are 162 septets. The '{' needs two but part one has one left: it goes to
 * part two, one septet of part one stays empty, and the text is 2 parts.
 *
 * It shares no code with the product's counter, so that the two can be compared.
 */
#include "segments.h"

#include "base/utf8.h"

#include <string.h>

/* Members of the default alphabet that are not printable ASCII. */
static const char beyond_ascii[] = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
static const char doubled[] = "^{}\\[~]|€\f";

static bool among(const char *set, const char *s, size_t n)
{
    for (size_t step; *set; set += step) {
        uint32_t cp;
        step = utf8_next(set, strlen(set), &cp);
        if (step == n && memcmp(set, s, n) == 0)
            return true;
    }
    return false;
}

/* 1 or 2 septets, 0 when the character is in neither table. */
static size_t septets(const char *s, size_t n)
{
    if (among(doubled, s, n))
        return 2;
    if (n == 1)
        return *s == '\n' || *s == '\r' || (*s >= ' ' && *s <= '~' && *s != '`');
    return among(beyond_ascii, s, n);
}

static size_t units16(const char *s, size_t n)
{
    size_t units = 0;
    for (size_t i = 0; i < n; i++)
        units += ((unsigned char)s[i] & 0xc0) != 0x80 ? ((unsigned char)s[i] >= 0xf0 ? 2 : 1) : 0;
    return units;
}

struct segments segments_count(const char *text)
{
    struct segments s = {.parts = 1};
    size_t len = strlen(text);
    uint32_t cp;
    for (size_t i = 0, n; i < len && !s.ucs2; i += n) {
        n = utf8_next(text + i, len - i, &cp);
        if (n == 0) /* not UTF-8: it could only go out as UCS-2 */
            n = 1;
        s.ucs2 = septets(text + i, n) == 0;
    }

    size_t single = s.ucs2 ? 70 : 160, part = s.ucs2 ? 67 : 153, parts = 1, used = 0;
    for (size_t i = 0, n; i < len; i += n) {
        n = s.ucs2 ? utf8_grapheme(text + i, len - i) : utf8_next(text + i, len - i, &cp);
        if (n == 0)
            n = 1;
        size_t cost = s.ucs2 ? units16(text + i, n) : septets(text + i, n);
        if (used + cost > part) {
            parts++;
            used = 0;
        }
        used += cost;
        for (; used > part; used -= part) /* one grapheme longer than a part is cut after all */
            parts++;
        s.units += cost;
    }
    if (s.units > single)
        s.parts = parts;
    return s;
}

size_t segments_characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

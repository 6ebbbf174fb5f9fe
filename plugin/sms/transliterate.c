/*
 * transliterate: one typographic character can cost half a message; most of them have a twin in GSM-7.
 *
 * Two strengths. Look-alikes keep what the text says: “quotes” → "quotes", 5–10 → 5-10, e + combining acute → é. Force
 * (encoding gsm7) also takes accents off and gives a '?' for what is left: Łódź → Lodz, ç → c, an emoji → ?, while
 * ä ö ü é, being in the table, stay.
 *
 * Example: 1½ is 1 1/2, not 11/2: a replacement that starts with a digit keeps its distance from a digit before it.
 *
 * DIAGNOSTICS
 * Those of the buf written to; they stick there.
 */
#include "sms/transliterate.h"

#include "base/utf8.h"
#include "sms/gsm7.h"

#include <string.h>

struct lookalike {
    uint16_t first, last;
    const char *text;
};

/* Ascending. No character of GSM-7 is in it; "" makes a character vanish. */
static const struct lookalike lookalikes[] = {
    {0x0060, 0x0060, "'"},   {0x00A0, 0x00A0, " "},   {0x00A6, 0x00A6, "|"},   {0x00AB, 0x00AB, "\""},
    {0x00AD, 0x00AD, ""},    {0x00B4, 0x00B4, "'"},   {0x00B7, 0x00B7, "."},   {0x00BB, 0x00BB, "\""},
    {0x00BC, 0x00BC, "1/4"}, {0x00BD, 0x00BD, "1/2"}, {0x00BE, 0x00BE, "3/4"}, {0x00D7, 0x00D7, "x"},
    {0x00F7, 0x00F7, "/"},   {0x01C3, 0x01C3, "!"},   {0x02B9, 0x02B9, "'"},   {0x02BA, 0x02BA, "\""},
    {0x02BB, 0x02BD, "'"},   {0x02C6, 0x02C6, "^"},   {0x02C8, 0x02C8, "'"},   {0x02CA, 0x02CB, "'"},
    {0x02D0, 0x02D0, ":"},   {0x02D6, 0x02D6, "+"},   {0x02DC, 0x02DC, "~"},   {0x02EE, 0x02EE, "\""},
    {0x02F7, 0x02F7, "~"},   {0x02F8, 0x02F8, ":"},   {0x034F, 0x034F, ""},    {0x061C, 0x061C, ""},
    {0x180E, 0x180E, ""},    {0x2000, 0x200A, " "},   {0x200B, 0x200F, ""},    {0x2010, 0x2015, "-"},
    {0x2016, 0x2016, "||"},  {0x2017, 0x2017, "_"},   {0x2018, 0x201B, "'"},   {0x201C, 0x201F, "\""},
    {0x2022, 0x2023, "-"},   {0x2024, 0x2024, "."},   {0x2025, 0x2025, ".."},  {0x2026, 0x2026, "..."},
    {0x2027, 0x2027, "."},   {0x2028, 0x2029, "\n"},  {0x202A, 0x202E, ""},    {0x202F, 0x202F, " "},
    {0x2032, 0x2032, "'"},   {0x2033, 0x2033, "\""},  {0x2034, 0x2034, "'''"}, {0x2035, 0x2035, "'"},
    {0x2036, 0x2036, "\""},  {0x2037, 0x2037, "'''"}, {0x2039, 0x2039, "<"},   {0x203A, 0x203A, ">"},
    {0x203C, 0x203C, "!!"},  {0x2043, 0x2043, "-"},   {0x2044, 0x2044, "/"},   {0x2047, 0x2047, "??"},
    {0x2048, 0x2048, "?!"},  {0x2049, 0x2049, "!?"},  {0x204E, 0x204E, "*"},   {0x204F, 0x204F, ";"},
    {0x205F, 0x205F, " "},   {0x2060, 0x2064, ""},    {0x2066, 0x206F, ""},    {0x2126, 0x2126, "Ω"},
    {0x212A, 0x212A, "K"},   {0x212B, 0x212B, "Å"},   {0x2190, 0x2190, "<-"},  {0x2192, 0x2192, "->"},
    {0x2206, 0x2206, "Δ"},   {0x220F, 0x220F, "Π"},   {0x2211, 0x2211, "Σ"},   {0x2212, 0x2212, "-"},
    {0x2215, 0x2215, "/"},   {0x2216, 0x2216, "\\"},  {0x2217, 0x2217, "*"},   {0x2219, 0x2219, "."},
    {0x2223, 0x2223, "|"},   {0x2236, 0x2236, ":"},   {0x223C, 0x223C, "~"},   {0x2260, 0x2260, "!="},
    {0x2264, 0x2264, "<="},  {0x2265, 0x2265, ">="},  {0x229B, 0x229B, "*"},   {0x239C, 0x239C, "|"},
    {0x239F, 0x239F, "|"},   {0x23B8, 0x23B9, "|"},   {0x23BC, 0x23BD, "-"},   {0x23D0, 0x23D0, "|"},
    {0x2500, 0x2501, "-"},   {0x2502, 0x2503, "|"},   {0x25E6, 0x25E6, "-"},   {0x2722, 0x2725, "*"},
    {0x2731, 0x2733, "*"},   {0x273A, 0x273D, "*"},   {0x2743, 0x2743, "*"},   {0x2749, 0x274B, "*"},
    {0x275B, 0x275C, "'"},   {0x275D, 0x275E, "\""},  {0x2768, 0x2768, "("},   {0x2769, 0x2769, ")"},
    {0x276A, 0x276A, "("},   {0x276B, 0x276B, ")"},   {0x2774, 0x2774, "{"},   {0x2775, 0x2775, "}"},
    {0x27EE, 0x27EE, "("},   {0x27EF, 0x27EF, ")"},   {0x2982, 0x2982, ":"},   {0x2985, 0x2985, "("},
    {0x2986, 0x2986, ")"},   {0x29C6, 0x29C6, "*"},   {0x29F5, 0x29F5, "\\"},  {0x29F8, 0x29F8, "/"},
    {0x29F9, 0x29F9, "\\"},  {0x3000, 0x3000, " "},   {0x3001, 0x3001, ","},   {0x3002, 0x3002, "."},
    {0x301C, 0x301C, "~"},   {0x301D, 0x301F, "\""},  {0xA789, 0xA789, ":"},   {0xA78A, 0xA78A, "="},
    {0xFE00, 0xFE0F, ""},    {0xFE10, 0xFE11, ","},   {0xFE13, 0xFE13, ":"},   {0xFE14, 0xFE14, ";"},
    {0xFE15, 0xFE15, "!"},   {0xFE16, 0xFE16, "?"},   {0xFE50, 0xFE51, ","},   {0xFE52, 0xFE52, "."},
    {0xFE54, 0xFE54, ";"},   {0xFE55, 0xFE55, ":"},   {0xFE56, 0xFE56, "?"},   {0xFE57, 0xFE57, "!"},
    {0xFE58, 0xFE58, "-"},   {0xFE59, 0xFE59, "("},   {0xFE5A, 0xFE5A, ")"},   {0xFE5B, 0xFE5B, "{"},
    {0xFE5C, 0xFE5C, "}"},   {0xFE5F, 0xFE5F, "#"},   {0xFE60, 0xFE60, "&"},   {0xFE61, 0xFE61, "*"},
    {0xFE62, 0xFE62, "+"},   {0xFE63, 0xFE63, "-"},   {0xFE64, 0xFE64, "<"},   {0xFE65, 0xFE65, ">"},
    {0xFE66, 0xFE66, "="},   {0xFE68, 0xFE68, "\\"},  {0xFE69, 0xFE69, "$"},   {0xFE6A, 0xFE6A, "%"},
    {0xFE6B, 0xFE6B, "@"},   {0xFEFF, 0xFEFF, ""},    {0xFF61, 0xFF61, "."},   {0xFF64, 0xFF64, ","},
};

/* Letters that Unicode does not take apart, and the micro sign that every unit is written with. */
static const struct lookalike letters[] = {
    {0x00B5, 0x00B5, "u"},  {0x00D0, 0x00D0, "D"}, {0x00DE, 0x00DE, "Th"}, {0x00F0, 0x00F0, "d"},
    {0x00FE, 0x00FE, "th"}, {0x0110, 0x0110, "D"}, {0x0111, 0x0111, "d"},  {0x0126, 0x0126, "H"},
    {0x0127, 0x0127, "h"},  {0x0131, 0x0131, "i"}, {0x0141, 0x0141, "L"},  {0x0142, 0x0142, "l"},
    {0x014A, 0x014A, "N"},  {0x014B, 0x014B, "n"}, {0x0152, 0x0152, "OE"}, {0x0153, 0x0153, "oe"},
    {0x0166, 0x0166, "T"},  {0x0167, 0x0167, "t"}, {0x1E9E, 0x1E9E, "ß"},
};

/* The accented letters of GSM-7 as some systems write them: the letter, then its accent. */
static const struct {
    char letter;
    uint16_t accent;
    const char *text;
} compositions[] = {
    {'a', 0x0300, "à"}, {'e', 0x0300, "è"}, {'i', 0x0300, "ì"}, {'o', 0x0300, "ò"}, {'u', 0x0300, "ù"},
    {'E', 0x0301, "É"}, {'e', 0x0301, "é"}, {'N', 0x0303, "Ñ"}, {'n', 0x0303, "ñ"}, {'A', 0x0308, "Ä"},
    {'O', 0x0308, "Ö"}, {'U', 0x0308, "Ü"}, {'a', 0x0308, "ä"}, {'o', 0x0308, "ö"}, {'u', 0x0308, "ü"},
    {'A', 0x030A, "Å"}, {'a', 0x030A, "å"}, {'C', 0x0327, "Ç"},
};

static const char *find(const struct lookalike *table, size_t n, uint32_t cp)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp < table[middle].first)
            high = middle;
        else if (cp > table[middle].last)
            low = middle + 1;
        else
            return table[middle].text;
    }
    return NULL;
}

static const char *compose(uint32_t letter, uint32_t accent)
{
    if (accent >= 0x0300 && accent <= 0x0327)
        for (size_t i = 0; i < sizeof compositions / sizeof *compositions; i++)
            if ((uint32_t)compositions[i].letter == letter && compositions[i].accent == accent)
                return compositions[i].text;
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void keep_distance(struct buf *out, char next)
{
    if (is_digit(next) && out->len && is_digit(buf_text(out)[out->len - 1]))
        buf_addc(out, ' ');
}

static void put(struct buf *out, const char *text)
{
    keep_distance(out, text[0]);
    buf_adds(out, text);
}

/* One character of len bytes, as itself or as its look-alike. */
static bool put_lookalike(struct buf *out, uint32_t cp, const char *s, size_t len)
{
    if (gsm7_septets(cp)) {
        buf_add(out, s, len);
        return true;
    }
    if (cp >= 0xFF01 && cp <= 0xFF5E && cp != 0xFF40) { /* the full-width forms of ASCII */
        buf_addc(out, (char)(cp - 0xFF01 + '!'));
        return true;
    }
    const char *text = cp == 0xFF40 ? "'" : find(lookalikes, sizeof lookalikes / sizeof *lookalikes, cp);
    if (text)
        put(out, text);
    return text != NULL;
}

bool transliterate_lookalikes(struct buf *out, const char *text, size_t len)
{
    size_t start = out->len;
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp, accent;
        n = utf8_next(text + i, len - i, &cp);
        size_t more = n ? utf8_next(text + i + n, len - i - n, &accent) : 0;
        const char *composed = more ? compose(cp, accent) : NULL;
        if (composed) {
            buf_adds(out, composed);
            n += more;
        } else if (!n || !put_lookalike(out, cp, text + i, n)) {
            buf_truncate(out, start);
            return false;
        }
    }
    return true;
}

/* Base letters, all of them or nothing. */
static bool put_letters(struct buf *out, uint32_t cp)
{
    const char *text = find(letters, sizeof letters / sizeof *letters, cp);
    if (text) {
        put(out, text);
        return true;
    }
    struct buf base;
    buf_init(&base, 256);
    size_t start = out->len;
    bool done = utf8_unaccent(cp, &base) && base.len;
    if (buf_status(&base)) {
        done = false;
        out->status = out->status ? out->status : buf_status(&base);
    }
    if (done)
        keep_distance(out, base.data[0]);
    for (size_t i = 0, n; done && i < base.len; i += n) {
        n = utf8_next(base.data + i, base.len - i, &cp);
        done = n && put_lookalike(out, cp, base.data + i, n);
    }
    if (!done)
        buf_truncate(out, start);
    buf_clean(&base);
    return done;
}

void transliterate_force(struct buf *out, const char *grapheme, size_t len)
{
    if (transliterate_lookalikes(out, grapheme, len))
        return;
    /* What hangs on the first character is marks, joiners and tones: it goes, unless it is something in itself. */
    size_t start = out->len;
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp;
        n = utf8_next(grapheme + i, len - i, &cp);
        if (!n)
            n = 1;
        else if (!put_lookalike(out, cp, grapheme + i, n))
            put_letters(out, cp);
    }
    if (out->len == start)
        buf_addc(out, '?');
}

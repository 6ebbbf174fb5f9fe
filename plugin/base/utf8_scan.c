/*
 * utf8_scan: the part of utf8 that reads and writes code points and needs no
 * Unicode tables, so that whoever uses it links libc alone.
 *
 * DIAGNOSTICS
 * utf8_next() returns 0 at a byte that starts no valid code point; the caller
 * decides what becomes of it, and goes on at the next byte.
 */
#include "base/utf8.h"

size_t utf8_next(const char *s, size_t len, uint32_t *cp)
{
    if (!len)
        return 0;
    const unsigned char *byte = (const unsigned char *)s;
    uint32_t value, least;
    size_t n;
    if (byte[0] < 0x80) {
        *cp = byte[0];
        return 1;
    }
    /* 80 to BF continue a code point, C0 and C1 begin overlong ones, F5 and above ones out of range. */
    if (byte[0] < 0xC2 || byte[0] > 0xF4)
        return 0;
    if (byte[0] < 0xE0)
        n = 2, value = byte[0] & 0x1F, least = 0x80;
    else if (byte[0] < 0xF0)
        n = 3, value = byte[0] & 0x0F, least = 0x800;
    else
        n = 4, value = byte[0] & 0x07, least = 0x10000;
    if (len < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (byte[i] & 0x3F);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *cp = value;
    return n;
}

size_t utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[n] | cp);
    return n;
}

bool utf8_valid(const char *s, size_t len)
{
    uint32_t cp;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(s + i, len - i, &cp);
        if (!n)
            return false;
    }
    return true;
}

enum nt_status utf8_clean(struct buf *out, const char *s, size_t len)
{
    size_t before = out->len;
    for (size_t i = 0; i < len && !buf_status(out);) {
        uint32_t cp;
        size_t n = utf8_next(s + i, len - i, &cp);
        if (!n) {
            buf_addc(out, '?');
            i++;
            continue;
        }
        if (cp == '\r') {
            buf_addc(out, '\n');
            if (i + 1 < len && s[i + 1] == '\n')
                n = 2;
        } else if ((cp < 0x20 && cp != '\n') || (cp >= 0x7F && cp <= 0x9F)) {
            buf_addc(out, ' ');
        } else {
            buf_add(out, s + i, n);
        }
        i += n;
    }
    if (buf_status(out))
        buf_truncate(out, before);
    return buf_status(out);
}

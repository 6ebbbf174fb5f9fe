/*
 * utf8: code points, validity, cleaning, graphemes. The only user of utf8proc.
 *
 * What needs no tables (utf8_next to utf8_clean) is in utf8_scan.c and links libc alone.
 */
#ifndef NT_BASE_UTF8_H
#define NT_BASE_UTF8_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the code point at s (1–4), its value in *cp; 0 when the bytes are no UTF-8 (surrogates, overlong,
 * above U+10FFFF, cut short) or len is 0. */
size_t utf8_next(const char *s, size_t len, uint32_t *cp);
/* Writes 1–4 bytes; cp must be a valid scalar value. */
size_t utf8_put(uint32_t cp, char out[4]);
bool utf8_valid(const char *s, size_t len);
/* Appends s made clean: each invalid byte becomes '?', control characters (C0, DEL, C1) but newline a space; CRLF and CR
 * become a newline. */
enum nt_status utf8_clean(struct buf *out, const char *s, size_t len);
/* Bytes of the extended grapheme cluster at the start of s; s is valid UTF-8, len > 0. */
size_t utf8_grapheme(const char *s, size_t len);
/* Number of graphemes. */
size_t utf8_graphemes(const char *s, size_t len);
/* Appends s with upper or lower case letters (simple mapping). s is valid UTF-8. */
enum nt_status utf8_upper(struct buf *out, const char *s, size_t len);
enum nt_status utf8_lower(struct buf *out, const char *s, size_t len);
/* Base letters of a code point: canonical/compatibility decomposition without marks (é → e, ﬁ → fi). Appends nothing
 * and returns false when there is no decomposition. A combining mark on its own is true with nothing appended. */
bool utf8_unaccent(uint32_t cp, struct buf *out);

#endif

/*
 * segment: how many parts a text becomes.
 *
 * A part has 140 octets: 160 septets or 70 UTF-16 units. Of more than one part each gives 6 octets to a header, which
 * leaves 153 septets or 67 units. What must not be split (an escape and its character, a cluster) moves to the
 * next part whole, so parts may be left with a hole.
 *
 * Examples: 160 "a" 1 part, 161 "a" 2. 153 "a" and 8 "€" are 169 septets: 153 + 16, 2 parts; 152 "a", "€" and 152 "a"
 * are 306 = 2 × 153 septets, yet the escape would end the first part: 152 + (2 + 151) + 1, 3 parts.
 *
 * DIAGNOSTICS
 * None. An invalid byte counts as one character outside of GSM-7.
 */
#include "sms/segment.h"

#include "base/utf8.h"
#include "sms/cluster.h"
#include "sms/gsm7.h"

#include <stdbool.h>
#include <stdint.h>

struct gsm7_tally {
    size_t septets;
    size_t utf16;
    size_t parts; /* as if there were more than one */
    size_t used;  /* septets in the last of them */
    bool possible;
};

static void tally(struct gsm7_tally *t, const char *text, size_t len)
{
    *t = (struct gsm7_tally){.parts = 1, .possible = true};
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp = (unsigned char)text[i];
        n = cp < 0x80 ? 1 : utf8_next(text + i, len - i, &cp);
        if (!n) {
            n = 1;
            cp = 0;
        }
        size_t cost = (size_t)gsm7_septets(cp);
        t->possible &= cost > 0;
        t->utf16 += cp > 0xFFFF ? 2 : 1;
        t->septets += cost;
        t->used += cost;
        if (t->used > SEPTETS_PART) {
            t->parts++;
            t->used = cost;
        }
    }
}

/*
 * The parts of a text of more than 70 units. The first part has no header as long as it is the only one: when a second
 * is opened, clusters go from the end of the first to the start of the second until the header has room. What was
 * moved, and the cluster that comes next, are put there unasked: with clusters longer than a part the counting is the
 * calculator's, not the carriers'.
 */
static int ucs2_parts(const char *text, size_t len)
{
    size_t first[UNITS_ALONE] = {0}; /* sizes of the clusters in the first part */
    size_t n = 0, used = 0, units;
    int parts = 1;
    for (size_t i = 0; i < len;) {
        i += cluster_next(text + i, len - i, &units);
        if (parts > 1) {
            if (used + units > UNITS_PART) {
                parts++;
                used = 0;
            }
            used += units;
        } else if (used + units > UNITS_ALONE) {
            size_t moved = 0;
            while (used - moved > UNITS_PART)
                moved += first[--n];
            parts++;
            used = moved + units;
        } else {
            first[n++] = units;
            used += units;
        }
    }
    return parts;
}

struct sms_count sms_count_as(const char *text, size_t len, enum sms_encoding encoding)
{
    struct gsm7_tally t;
    tally(&t, text, len);
    struct sms_count count = {.encoding = encoding, .utf16 = t.utf16};
    if (encoding == SMS_GSM7 && t.possible) {
        count.units = t.septets;
        count.segments = t.septets <= SEPTETS_ALONE ? 1 : (int)t.parts;
    } else {
        count.encoding = SMS_UCS2;
        count.units = t.utf16;
        count.segments = t.utf16 <= UNITS_ALONE ? 1 : ucs2_parts(text, len);
    }
    if (!len)
        count.segments = 0;
    return count;
}

struct sms_count sms_count(const char *text, size_t len)
{
    return sms_count_as(text, len, SMS_GSM7);
}

const char *sms_encoding_name(enum sms_encoding e)
{
    return e == SMS_GSM7 ? "GSM-7" : "UCS-2";
}

/*
 * gsm7: what a character costs in the GSM 03.38 default alphabet.
 */
#ifndef NT_SMS_GSM7_H
#define NT_SMS_GSM7_H

#include <stdint.h>

/* Costs of U+0000 to U+00FF; use gsm7_septets(). */
extern const unsigned char gsm7_latin[256];
/* Costs of the characters above U+00FF. */
int gsm7_septets_above(uint32_t cp);

/* Septets of the code point: 1 in the basic table, 2 in its extension (escape and character), 0 in neither. */
static inline int gsm7_septets(uint32_t cp)
{
    return cp < 256 ? gsm7_latin[cp] : gsm7_septets_above(cp);
}

#endif

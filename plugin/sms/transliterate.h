/*
 * transliterate: text into the characters of GSM-7.
 */
#ifndef NT_SMS_TRANSLITERATE_H
#define NT_SMS_TRANSLITERATE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Both take clean UTF-8, a grapheme or any text; errors stick in out. The text that out already holds is looked at: a
 * fraction after a digit gets a blank between. */

/* Appends the text with its typographic look-alikes replaced, which says the same in other type: curly quotes, dashes,
 * spaces, letters whose accent is a character of its own. Invisible characters vanish. False, and nothing appended,
 * when anything would be left that is not in GSM-7. */
bool transliterate_lookalikes(struct buf *out, const char *text, size_t len);
/* Appends one grapheme whatever it takes: look-alikes, else base letters, else one '?'. */
void transliterate_force(struct buf *out, const char *grapheme, size_t len);

#endif

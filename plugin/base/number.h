/* number: telephone numbers as E.164, "+" and 7 to 15 digits, the first not 0. */
#ifndef NT_BASE_NUMBER_H
#define NT_BASE_NUMBER_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { NUMBER_MAX = 17 }; /* "+", 15 digits, NUL */

bool number_is_e164(const char *s);
/* Takes spaces, dots, dashes, slashes, parentheses and a leading 00 away: "+49 (151) 23-45 67" and
 * "0049 151 234567" give "+49151234567". A "(0)" after the country code, the trunk zero nobody dials from abroad, goes
 * as well. Letters, a missing country code, a wrong length: NT_EINVAL. */
enum nt_status number_parse(const char *s, size_t len, char out[NUMBER_MAX]) NT_MUST_USE;

#endif

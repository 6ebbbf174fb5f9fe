/*
 * number: telephone numbers as people write them, made E.164.
 *
 * DIAGNOSTICS
 * NT_EINVAL, with out untouched. Whether a number exists is Twilio's to say;
 * here only its shape is looked at.
 */
#include "base/number.h"

#include <string.h>

enum { DIGITS_MIN = 7, DIGITS_MAX = 15 };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool number_is_e164(const char *s)
{
    if (s[0] != '+' || !digit(s[1]) || s[1] == '0')
        return false;
    size_t n = 1;
    while (n <= DIGITS_MAX && digit(s[n + 1]))
        n++;
    return n >= DIGITS_MIN && n <= DIGITS_MAX && !s[n + 1];
}

/*
 * "+49 (0)151 / 23-45.67": the plus is noted, 4 and 9 are kept, "(0)" is stepped over because
 * digits came before it, and the rest is kept without its punctuation: +49151234567 has 12 digits.
 */
enum nt_status number_parse(const char *s, size_t len, char out[NUMBER_MAX])
{
    char digits[DIGITS_MAX + 2]; /* "00" and 15 digits */
    size_t n = 0;
    bool plus = false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (digit(c)) {
            if (n == sizeof digits)
                return NT_EINVAL;
            digits[n++] = c;
        } else if (c == '+') {
            if (plus || n)
                return NT_EINVAL;
            plus = true;
        } else if (c == '(' && n && len - i >= 3 && !memcmp(s + i, "(0)", 3)) {
            i += 2;
        } else if (!c || !strchr(" \t.-/()", c)) {
            return NT_EINVAL;
        }
    }
    const char *start = digits;
    if (!plus) {
        if (n < 2 || digits[0] != '0' || digits[1] != '0')
            return NT_EINVAL;
        start += 2;
        n -= 2;
    }
    if (n < DIGITS_MIN || n > DIGITS_MAX || *start == '0')
        return NT_EINVAL;
    out[0] = '+';
    memcpy(out + 1, start, n);
    out[n + 1] = '\0';
    return NT_OK;
}

/*
 * consent: one question to an answer, without a JSON library: is "ok":true a member of the object?
 *
 * Only members of the outermost object count, and only outside of strings: an answer that quotes an alert's text must
 * not be taken for what the alert says.
 *
 *     {"ok":true,"exit":0,"pages":[…]}                  yes
 *     {"ok":false,"error":"\"ok\":true"}                no
 *     {"pages":[{"ok":true}]}                           no
 *
 * DIAGNOSTICS
 * Whatever is damaged is no consent.
 */
#include "neb/consent.h"

#include <ctype.h>
#include <string.h>

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* Past the string that begins at s; NULL when it does not end. */
static const char *skip_string(const char *s)
{
    for (s++; *s && *s != '"'; s++)
        if (*s == '\\' && !*++s)
            return NULL;
    return *s ? s + 1 : NULL;
}

/* The value of a member of the object that begins at s, NULL without one. */
static const char *find_member(const char *s, const char *name)
{
    size_t len = strlen(name);
    int depth = 0;
    char before = '\0'; /* what stands before a string tells a name from a value */
    while (s && *s) {
        if (*s == '{' || *s == '[') {
            depth++;
        } else if (*s == '}' || *s == ']') {
            if (--depth <= 0)
                return NULL;
        } else if (*s == '"') {
            const char *word = s + 1, *end = skip_string(s), *after = end ? skip_blanks(end) : NULL;
            if (after && *after == ':' && depth == 1 && (before == '{' || before == ',') &&
                (size_t)(end - 1 - word) == len && !memcmp(word, name, len))
                return skip_blanks(after + 1);
            before = '"';
            s = end;
            continue;
        }
        before = *s;
        s = skip_blanks(s + 1);
    }
    return NULL;
}

/* Does the object that begins at s also end, with nothing behind it? */
static bool is_closed(const char *s)
{
    int depth = 0;
    while (s && *s) {
        if (*s == '"') {
            s = skip_string(s);
            continue;
        }
        depth += (*s == '{' || *s == '[') - (*s == '}' || *s == ']');
        s++;
        if (!depth)
            return !*skip_blanks(s);
    }
    return false;
}

bool consent_given(const char *answer, bool whole)
{
    static const char yes[] = "true";
    answer = skip_blanks(answer);
    if (*answer != '{' || (whole && !is_closed(answer)))
        return false;
    const char *value = find_member(answer, "ok");
    if (!value || strncmp(value, yes, sizeof yes - 1) != 0)
        return false;
    value = skip_blanks(value + sizeof yes - 1);
    return *value == ',' || *value == '}';
}

void consent_error(const char *answer, char *out, size_t size)
{
    size_t n = 0;
    answer = skip_blanks(answer);
    const char *value = *answer == '{' ? find_member(answer, "error") : NULL;
    if (value && *value == '"' && skip_string(value))
        for (value++; *value && *value != '"' && n + 1 < size; value++) {
            if (*value == '\\' && value[1])
                value++;
            unsigned char c = (unsigned char)*value;
            out[n] = '?';
            if (c >= 0x80 || isprint(c))
                out[n] = *value;
            n++;
        }
    out[n] = '\0';
}

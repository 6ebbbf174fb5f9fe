/*
 * macros: bounded intake of raw macros, and table-driven reading of them.
 *
 * The names and values come from check results and from whoever may send them: they are kept as bytes, cut to a bound,
 * and never interpreted here. The kv of the alert owns them.
 *
 * DIAGNOSTICS
 * NT_ENOMEM only; what cannot be kept is left out, since the page matters more than a macro.
 */
#include "ingest/macros.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t macros_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    /* Back over at most three continuation bytes to the start of the character that would be split. Longer runs are no
     * UTF-8: they may be cut anywhere. */
    for (size_t back = 0; back < 4 && back < max; back++)
        if (((unsigned char)text[max - back] & 0xC0) != 0x80)
            return max - back;
    return max;
}

enum nt_status macros_put(struct kv *macros, const char *name, size_t name_len, const char *value)
{
    if (!name_len || name_len > MACRO_NAME_MAX || name[0] == '@' || memchr(name, '=', name_len))
        return NT_OK;
    if (!*value && !kv_getn(macros, name, name_len))
        return NT_OK;
    return kv_putn(macros, name, name_len, value, macros_cut(value, strlen(value), MACRO_VALUE_MAX));
}

enum nt_status macros_fill(struct alert *a, const struct kv *macros, const struct macro_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = "";
        for (size_t k = 0; k < sizeof fields[i].names / sizeof *fields[i].names && fields[i].names[k] && !*value; k++)
            value = kv_text(macros, fields[i].names[k]);
        if (!*value)
            continue;
        enum nt_status status = alert_set((char **)(void *)((char *)a + fields[i].offset), value);
        if (status)
            return status;
    }
    return NT_OK;
}

const char *macros_first(const struct kv *macros, ...)
{
    const char *name, *value = "";
    va_list names;
    va_start(names, macros);
    while (!*value && (name = va_arg(names, const char *)))
        value = kv_text(macros, name);
    va_end(names);
    return value;
}

long macros_number(const char *text)
{
    /* Nine digits fit a long everywhere; nobody has been told a problem a billion times. */
    size_t digits = strspn(text, "0123456789");
    return digits && digits <= 9 && !text[digits] ? strtol(text, NULL, 10) : -1;
}

bool macros_is_link(const char *text)
{
    return !strncasecmp(text, "https://", 8) || !strncasecmp(text, "http://", 7);
}

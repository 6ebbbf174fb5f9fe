/*
 * moment: epochs and spans of time as monitors write them.
 *
 * A wrong time is worse than the moment of receipt: whatever is not plausible is dropped, silently, because a host that
 * was never checked says such things every day.
 */
#include "ingest/moment.h"

#include <string.h>

/* 2001-09-09. Neither a monitor nor a problem of it is older; a zero or a small number is "never". */
#define MOMENT_OLDEST INT64_C(1000000000)

/* "0", "1234.5" → seconds; -1 when it is no number. */
static int64_t whole_seconds(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (!digits || digits > 17 || *rest)
        return -1;
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

int64_t moment_epoch(const char *text, int64_t now)
{
    int64_t value = whole_seconds(text);
    return value < MOMENT_OLDEST || value > now ? now : value;
}

int64_t moment_duration(const char *seconds, int64_t at)
{
    int64_t value = whole_seconds(seconds);
    return value > at - MOMENT_OLDEST ? -1 : value;
}

int64_t moment_since(const char *epoch, int64_t at)
{
    int64_t value = whole_seconds(epoch);
    return value < MOMENT_OLDEST || value > at ? -1 : at - value;
}

static int64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'M':
        return 30 * 86400;
    case 'y':
        return 365 * 86400;
    default:
        return 0;
    }
}

int64_t moment_age(const char *text)
{
    int64_t total = 0;
    const char *at = text;
    while (*at) {
        int64_t value = 0;
        size_t digits = strspn(at, "0123456789");
        if (!digits || digits > 6)
            return -1;
        for (size_t i = 0; i < digits; i++)
            value = value * 10 + (at[i] - '0');
        at += digits;
        int64_t unit = unit_seconds(*at);
        if (!unit)
            return -1;
        total += value * unit;
        if (total > INT64_C(1000000000000))
            return -1;
        at++;
        if (*at == ' ')
            at += strspn(at, " ");
        else if (*at)
            return -1;
    }
    return at == text ? -1 : total;
}

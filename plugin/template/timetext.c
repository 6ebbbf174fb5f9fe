/*
 * timetext: durations, ages and local times as people read them.
 *
 * DIAGNOSTICS
 * NT_ENOMEM from the buf. Formats come from templates and are judged before they reach strftime.
 */
#include "template/filters.h"
#include "template/zone.h"

#include <string.h>

enum { TIME_MAX = 256 }; /* bytes of one formatted time */

/* Only the two largest units count: 93784 s are 1 d 2 h 3 m 4 s, told as "1d 2h". */
enum nt_status duration_text(struct buf *out, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        char letter;
    } unit[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    enum { UNITS = sizeof unit / sizeof *unit };
    size_t i = 0;
    if (seconds < 0)
        seconds = 0;
    while (i + 1 < UNITS && seconds < unit[i].seconds)
        i++;
    buf_addf(out, "%lld%c", (long long)(seconds / unit[i].seconds), unit[i].letter);
    /* Seconds beside minutes would be noise. */
    if (i + 2 < UNITS) {
        int64_t rest = seconds % unit[i].seconds / unit[i + 1].seconds;
        if (rest)
            buf_addf(out, " %lld%c", (long long)rest, unit[i + 1].letter);
    }
    return buf_status(out);
}

/* Any two numbers: a damaged store may hold all sorts of times. */
int64_t age_between(int64_t now, int64_t then)
{
    int64_t age;
    if (__builtin_sub_overflow(now, then, &age))
        return now > then ? INT64_MAX : 0;
    return age > 0 ? age : 0;
}

enum nt_status age_text(struct buf *out, int64_t seconds)
{
    if (seconds < 1)
        return buf_adds(out, "now");
    duration_text(out, seconds);
    return buf_adds(out, " ago");
}

enum nt_status time_text(struct buf *out, const struct zone *zone, int64_t seconds, const char *format)
{
    char text[TIME_MAX];
    struct tm tm;
    zone_local(zone, seconds, &tm);
    /* The format is a template's, judged by time_format_valid() when that was parsed. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t n = strftime(text, sizeof text, format, &tm);
#pragma GCC diagnostic pop
    return buf_add(out, text, n);
}

/* %[flags][width][E|O]conversion, as glibc has it; the width in two digits at most. */
bool time_format_valid(const char *format)
{
    for (const char *p = strchr(format, '%'); p; p = strchr(p + 1, '%')) {
        p += 1 + strspn(p + 1, "_-0^#");
        size_t width = strspn(p, "0123456789");
        if (width > 2)
            return false;
        p += width;
        if (*p == 'E' || *p == 'O')
            p++;
        if (!*p || !strchr("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%", *p))
            return false;
    }
    return true;
}

/*
 * zone_rule: reads and asks a zone's standing rule.
 *
 * Worked example, "CET-1CEST,M3.5.0,M10.5.0/3": standard time CET lies 1 h east (POSIX writes west as positive), summer
 * time CEST one hour more; it starts on the last Sunday of March at 2:00 standard time and ends on the last Sunday of
 * October at 3:00 summer time. Both are 1:00 UTC.
 *
 * DIAGNOSTICS
 * NT_EINVAL for anything that is not wholly such a rule.
 */
#include "template/zone_rule.h"

#include "template/days.h"

#include <string.h>

static bool letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* At most 4 digits, at least one. */
static bool read_number(const char **p, int *out)
{
    const char *s = *p;
    int n = 0;
    for (; digit(*s) && s < *p + 4; s++)
        n = n * 10 + (*s - '0');
    if (s == *p || digit(*s))
        return false;
    *p = s;
    *out = n;
    return true;
}

static bool read_abbreviation(const char **p, char out[ZONE_ABBREVIATION])
{
    const char *s = *p;
    bool quoted = *s == '<';
    size_t n = 0;
    for (s += quoted; letter(*s) || (quoted && (digit(*s) || *s == '+' || *s == '-')); s++) {
        if (n + 1 == ZONE_ABBREVIATION)
            return false;
        out[n++] = *s;
    }
    if (n < 3 || (quoted && *s++ != '>'))
        return false;
    out[n] = '\0';
    *p = s;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **p, int32_t *out)
{
    const char *s = *p;
    int sign = *s == '-' ? -1 : 1, part[3] = {0, 0, 0};
    if (*s == '-' || *s == '+')
        s++;
    for (int i = 0; i < 3; i++) {
        if (!read_number(&s, &part[i]) || part[i] > (i ? 59 : 167))
            return false;
        if (*s != ':')
            break;
        if (i < 2)
            s++;
    }
    *p = s;
    *out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool read_date(const char **p, struct zone_date *d)
{
    const char *s = *p;
    if (*s++ != ',')
        return false;
    if (*s == 'M') {
        d->kind = ZONE_DATE_MONTH;
        s++;
        if (!read_number(&s, &d->month) || *s++ != '.' || !read_number(&s, &d->week) || *s++ != '.' ||
            !read_number(&s, &d->day))
            return false;
        if (d->month < 1 || d->month > 12 || d->week < 1 || d->week > 5 || d->day > 6)
            return false;
    } else {
        d->kind = *s == 'J' ? ZONE_DATE_JULIAN : ZONE_DATE_DAY;
        s += *s == 'J';
        if (!read_number(&s, &d->day) || d->day > 365 || (d->kind == ZONE_DATE_JULIAN && d->day < 1))
            return false;
    }
    d->time = 2 * 3600;
    if (*s == '/') {
        s++;
        if (!read_time(&s, &d->time))
            return false;
    }
    *p = s;
    return true;
}

enum nt_status zone_rule_parse(const char *text, struct zone_rule *out)
{
    struct zone_rule r = {.has_summer = false};
    const char *s = text;
    int32_t west;
    if (!read_abbreviation(&s, r.standard) || !read_time(&s, &west))
        return NT_EINVAL;
    r.standard_offset = -west;
    if (*s) {
        r.has_summer = true;
        r.summer_offset = r.standard_offset + 3600;
        if (!read_abbreviation(&s, r.summer))
            return NT_EINVAL;
        if (*s && *s != ',') {
            if (!read_time(&s, &west))
                return NT_EINVAL;
            r.summer_offset = -west;
        }
        if (!read_date(&s, &r.start) || !read_date(&s, &r.end) || *s)
            return NT_EINVAL;
    }
    *out = r;
    return NT_OK;
}

/* Seconds since the epoch of the date in that year, as if local time were UTC. */
static int64_t date_in(const struct zone_date *d, int64_t year)
{
    int64_t days;
    switch (d->kind) {
    case ZONE_DATE_MONTH: {
        int64_t first = days_from_civil(year, d->month, 1);
        int weekday = weekday_of(first);
        days = first + (d->day - weekday + 7) % 7 + INT64_C(7) * (d->week - 1);
        if (days >= first + days_in_month(year, d->month))
            days -= 7;
        break;
    }
    case ZONE_DATE_JULIAN:
        days = days_from_civil(year, 1, 1) + d->day - 1;
        if (d->day >= 60 && days_in_month(year, 2) == 29)
            days++;
        break;
    case ZONE_DATE_DAY:
    default:
        days = days_from_civil(year, 1, 1) + d->day;
        break;
    }
    return days * 86400 + d->time;
}

bool zone_rule_summer(const struct zone_rule *r, int64_t seconds)
{
    if (!r->has_summer)
        return false;
    int64_t year = year_of(seconds + r->standard_offset);
    int64_t start = date_in(&r->start, year) - r->standard_offset;
    int64_t end = date_in(&r->end, year) - r->summer_offset;
    /* South of the equator summer spans the turn of the year. */
    if (start < end)
        return seconds >= start && seconds < end;
    return !(seconds >= end && seconds < start);
}

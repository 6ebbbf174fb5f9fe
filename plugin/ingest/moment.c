/*
 * moment: epochs and spans of time as monitors write them.
 *
 * A wrong time is worse than the moment of receipt: whatever is not plausible is dropped, silently, because a host that
 * was never checked says such things every day.
 */
#include "ingest/moment.h"

#include <stdbool.h>
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
        return INT64_C(30) * 86400;
    case 'y':
        return INT64_C(365) * 86400;
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

/* Digits digits, then one of the characters of `then` ("" for whatever follows). False: something else. */
static bool take_digits(const char **at, int digits, const char *then, int *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
    }
    if (!*then)
        return true;
    return **at && strchr(then, *(*at)++);
}

/* "Z", "+01:00", "-0930" is none → seconds east of Greenwich. */
static bool take_zone(const char *at, int *east)
{
    int hours = 0, minutes = 0;
    *east = 0;
    if ((*at == 'Z' || *at == 'z') && !at[1])
        return true;
    char sign = *at++;
    if ((sign != '+' && sign != '-') || !take_digits(&at, 2, ":", &hours) || !take_digits(&at, 2, "", &minutes) ||
        *at || hours > 23 || minutes > 59)
        return false;
    *east = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

/* Days from 1970-01-01, in a calendar whose years begin with March, so that a leap day is a year's last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

int64_t moment_stamp(const char *text)
{
    int year, month, day, hour, minute, second, east;
    const char *at = text;
    if (!take_digits(&at, 4, "-", &year) || !take_digits(&at, 2, "-", &month) || !take_digits(&at, 2, "Tt ", &day) ||
        !take_digits(&at, 2, ":", &hour) || !take_digits(&at, 2, ":", &minute) || !take_digits(&at, 2, "", &second))
        return -1;
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    if (!take_zone(at, &east) || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60)
        return -1;
    int64_t value = days_of(year, month, day) * 86400 + INT64_C(3600) * hour + INT64_C(60) * minute + second - east;
    return value < 0 ? -1 : value;
}

/*
 * date: the one form of date that Twilio and HTTP servers write, read strictly.
 *
 * Neither the locale nor the time zone of the process matters: month names are compared in English, and the calendar is
 * reckoned in UTC. The weekday may be left out, and is not checked against the date.
 *
 * DIAGNOSTICS: a text that is not such a date is refused as a whole; there is no best effort, because a wrong time
 * would make the wrong message look like ours.
 */
#include "twilio/date.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *skip_blanks(const char *s)
{
    while (*s == ' ')
        s++;
    return s;
}

/* Takes min to max digits; NULL when there are fewer. */
static const char *take_number(const char *s, int min, int max, int *out)
{
    int n = 0, value = 0;
    while (n < max && s[n] >= '0' && s[n] <= '9')
        value = value * 10 + (s[n++] - '0');
    if (n < min)
        return NULL;
    *out = value;
    return s + n;
}

/* Takes one of the three-letter words; NULL when it is none. */
static const char *take_word(const char *s, const char *words, int *index)
{
    for (int i = 0; words[(size_t)i * 3]; i++) {
        if (strncasecmp(s, words + (size_t)i * 3, 3) == 0) {
            *index = i;
            return s + 3;
        }
    }
    return NULL;
}

/* "GMT", "UT", "UTC", "Z" or "+hhmm"; minutes east of UTC. */
static const char *take_zone(const char *s, int *minutes)
{
    static const char *const utc[] = {"GMT", "UTC", "UT", "Z"};
    for (size_t i = 0; i < sizeof utc / sizeof *utc; i++) {
        size_t len = strlen(utc[i]);
        if (strncasecmp(s, utc[i], len) == 0) {
            *minutes = 0;
            return s + len;
        }
    }
    if (*s != '+' && *s != '-')
        return NULL;
    int sign = *s == '-' ? -1 : 1, hours, rest;
    s = take_number(s + 1, 2, 2, &hours);
    if (s)
        s = take_number(s, 2, 2, &rest);
    if (!s || hours > 14 || rest > 59)
        return NULL;
    *minutes = sign * (hours * 60 + rest);
    return s;
}

bool date_parse(const char *text, int64_t *ms)
{
    struct tm tm = {0};
    int weekday, year, zone;

    const char *s = skip_blanks(text);
    const char *after = take_word(s, "MonTueWedThuFriSatSun", &weekday);
    if (after && *after == ',')
        s = skip_blanks(after + 1);
    if (!(s = take_number(s, 1, 2, &tm.tm_mday)) || *s != ' ')
        return false;
    if (!(s = take_word(skip_blanks(s), "JanFebMarAprMayJunJulAugSepOctNovDec", &tm.tm_mon)) || *s != ' ')
        return false;
    if (!(s = take_number(skip_blanks(s), 4, 4, &year)) || *s != ' ')
        return false;
    if (!(s = take_number(skip_blanks(s), 2, 2, &tm.tm_hour)) || *s != ':')
        return false;
    if (!(s = take_number(s + 1, 2, 2, &tm.tm_min)))
        return false;
    if (*s == ':' && !(s = take_number(s + 1, 2, 2, &tm.tm_sec)))
        return false;
    if (*s != ' ' || !(s = take_zone(skip_blanks(s), &zone)) || *skip_blanks(s))
        return false;
    /* A leap second is the last thing that may stand where 59 is the end. */
    if (year < 1970 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;

    tm.tm_year = year - 1900;
    int day = tm.tm_mday, month = tm.tm_mon;
    struct tm check = tm;
    check.tm_hour = check.tm_min = check.tm_sec = 0;
    /* timegm() turns 31 June into 1 July; what comes back changed was no date. */
    if (timegm(&check) == (time_t)-1 || check.tm_mday != day || check.tm_mon != month)
        return false;
    *ms = ((int64_t)timegm(&tm) - (int64_t)zone * 60) * 1000;
    return true;
}

void date_day(int64_t ms, char out[DATE_DAY])
{
    const int64_t last = INT64_C(253402300799000); /* the end of 9999 */
    time_t seconds = (time_t)((ms < 0 ? 0 : ms > last ? last : ms) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, DATE_DAY, "%Y-%m-%d", &tm);
}

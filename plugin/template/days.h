/*
 * days: the proleptic Gregorian calendar in days since 1970-01-01 (private to the stage).
 */
#ifndef NT_TEMPLATE_DAYS_H
#define NT_TEMPLATE_DAYS_H

#include <stdbool.h>
#include <stdint.h>

/* Rounds down, for negative numbers too; b > 0. */
static inline int64_t days_floor(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline bool days_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline int days_in_month(int64_t year, int month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && days_leap(year));
}

static inline int64_t days_from_civil(int64_t year, int month, int day)
{
    static const int16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year - 1;
    /* Whole years before this one, with their leap days; 719162 is the same for 1970. */
    int64_t days = y * 365 + days_floor(y, 4) - days_floor(y, 100) + days_floor(y, 400) - 719162;
    return days + before[month - 1] + (month > 2 && days_leap(year)) + day - 1;
}

/* 0 = Sunday. The epoch was a Thursday. */
static inline int weekday_of(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

/* The year in which that second (of UTC, or of a local time taken for it) lies. */
static inline int64_t year_of(int64_t seconds)
{
    int64_t days = days_floor(seconds, 86400);
    int64_t year = 1970 + days_floor(days * 400, 146097); /* 146097 days are 400 years: off by one at most */
    while (days_from_civil(year, 1, 1) > days)
        year--;
    while (days_from_civil(year + 1, 1, 1) <= days)
        year++;
    return year;
}

#endif

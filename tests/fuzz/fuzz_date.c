/*
 * fuzz_date: any bytes as a date and as the headers of an answer. What is taken for a date is one, said by a calendar
 * of this file's own, and a server cannot ask for a wait of less than nothing.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "twilio/answer.h"
#include "twilio/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int truth)
{
    if (!truth)
        abort();
}

/* Days since 1970, counted year by year. */
static int64_t days_of(int year, int month, int day)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = day - 1;
    for (int y = 1970; y < year; y++)
        days += (y % 4 == 0 && (y % 100 || y % 400 == 0)) ? 366 : 365;
    for (int m = 0; m < month - 1; m++)
        days += length[m] + (m == 1 && year % 4 == 0 && (year % 100 || year % 400 == 0));
    return days;
}

static void check_date(const char *text)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t ms = -42, again = 0;
    if (!date_parse(text, &ms)) {
        require(ms == -42);
        return;
    }
    /* Written anew by its UTC day and time it is the same moment. Before 1970 by its zone: nothing to write. */
    require(ms % 1000 == 0 && ms >= -15 * INT64_C(3600000) && ms < INT64_C(253402300800000) + 15 * INT64_C(3600000));
    char day[DATE_DAY], line[64];
    int y, m, d, seconds = (int)(ms / 1000 % 86400);
    date_day(ms, day);
    require(sscanf(day, "%d-%d-%d", &y, &m, &d) == 3 && m >= 1 && m <= 12);
    if (ms < 0 || ms >= INT64_C(253402300800000))
        return;
    require(days_of(y, m, d) == ms / 86400000);
    snprintf(line, sizeof line, "%02d %s %04d %02d:%02d:%02d GMT", d, months[m - 1], y, seconds / 3600,
             seconds / 60 % 60, seconds % 60);
    require(date_parse(line, &again) && again == ms);
}

static void check_headers(const uint8_t *data, size_t size)
{
    const int64_t now = INT64_C(1795425600000);
    struct answer a;
    answer_init(&a);
    for (size_t at = 0, len; at < size; at += len) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        len = end ? (size_t)(end - (data + at)) + 1 : size - at;
        /* As the network layer passes it: a line without an end of its own. */
        char *line = mem_alloc(len);
        require(line != NULL);
        memcpy(line, data + at, len);
        if (!answer_header(&a, line, len, now))
            at = size;
        mem_free(line);
        require(a.retry_after >= -1 && a.retry_after <= INT64_C(999999999000) + INT64_C(253402300800000));
        require(memchr(a.request_id, '\0', sizeof a.request_id) != NULL);
    }
    answer_clean(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    require(text != NULL);
    check_date(text);
    check_headers(data, size);
    mem_free(text);
    return 0;
}

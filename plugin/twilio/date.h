/*
 * date: the dates of HTTP headers and of Twilio's JSON, "Wed, 18 Aug 2010 20:01:40 +0000" (RFC 2822, or RFC 9110 with
 * GMT).
 */
#ifndef NT_TWILIO_DATE_H
#define NT_TWILIO_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* ms since the epoch. False, and *ms untouched, for anything else: another form, an impossible day, trailing text. */
bool date_parse(const char *text, int64_t *ms);

enum { DATE_DAY = 11 }; /* "YYYY-MM-DD", NUL */
/* The day in UTC; years outside 1970–9999 are clamped to it. */
void date_day(int64_t ms, char out[DATE_DAY]);

#endif

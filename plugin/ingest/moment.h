/*
 * moment: epochs and spans of time as monitors write them. Localised dates are never read.
 */
#ifndef NT_INGEST_MOMENT_H
#define NT_INGEST_MOMENT_H

#include <stdint.h>

/* "1795425548" (a fraction is dropped) → seconds since the epoch. What is no number, lies before 2001 or in the future:
 * now. now and the result are seconds. */
int64_t moment_epoch(const char *text, int64_t now);
/* How long the state has lasted, given that the event is of time `at`: -1 for what is no number, or reaches back before
 * 2001 (Nagios says "since the epoch" of what was never checked). */
int64_t moment_duration(const char *seconds, int64_t at);
/* Seconds from an epoch to `at`; -1 when it is no number, lies before 2001 or after `at`. */
int64_t moment_since(const char *epoch, int64_t at);
/* Zabbix's ages, "1d 2h 3m", "10s", "2M 1d" (M = 30 days, y = 365) → seconds; -1 when it is none. */
int64_t moment_age(const char *text);

/* "2026-11-23T03:12:05.5Z" or "…+01:00" (RFC 3339, the fraction is dropped) → seconds since the epoch; -1 when it is
 * none. */
int64_t moment_stamp(const char *text);

#endif

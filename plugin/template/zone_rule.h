/*
 * zone_rule: a zone's standing rule as POSIX writes it, "CET-1CEST,M3.5.0,M10.5.0/3" (private to the stage).
 *
 * It holds for the times after the last change that a zone's file lists.
 */
#ifndef NT_TEMPLATE_ZONE_RULE_H
#define NT_TEMPLATE_ZONE_RULE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum zone_date_kind {
    ZONE_DATE_MONTH,  /* the nth weekday of a month, 5 = the last */
    ZONE_DATE_JULIAN, /* day 1–365, the 29th of February is never counted */
    ZONE_DATE_DAY     /* day 0–365, it is */
};

struct zone_date {
    enum zone_date_kind kind;
    int month, week, day;
    int32_t time; /* seconds after local midnight, may be negative or past 24 h */
};

enum { ZONE_ABBREVIATION = 16 };

struct zone_rule {
    char standard[ZONE_ABBREVIATION], summer[ZONE_ABBREVIATION];
    int32_t standard_offset, summer_offset; /* seconds east of Greenwich */
    bool has_summer;
    struct zone_date start, end; /* of summer time */
};

/* NT_EINVAL: no such rule. text ends with a NUL. */
enum nt_status zone_rule_parse(const char *text, struct zone_rule *out) NT_MUST_USE;
/* Is it summer time at that second? */
bool zone_rule_summer(const struct zone_rule *r, int64_t seconds);

#endif

/* range: a threshold as the monitoring plugins write it: "10", "10:", "~:10", "10:20", "@10:20". */
#ifndef NT_NOTIFY_RANGE_H
#define NT_NOTIFY_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
    const char *text; /* as written; NULL: no threshold, never alerts. Borrowed. */
    int64_t low, high;
    bool inside; /* '@': alerts within the range instead of outside */
};

/* False: this is no range. */
bool range_parse(const char *text, struct range *out);
bool range_alerts(const struct range *r, int64_t value);
/* The text for performance data; "" without a threshold. */
const char *range_text(const struct range *r);

#endif

/*
 * health: what `check` looks at.
 */
#ifndef NT_FLOW_HEALTH_H
#define NT_FLOW_HEALTH_H

#include "flow/runtime.h"

enum health_level { HEALTH_OK = 0, HEALTH_WARNING = 1, HEALTH_CRITICAL = 2, HEALTH_UNKNOWN = 3 };

struct health {
    struct store_totals totals;
    int64_t oldest_age; /* s of the oldest unsettled page; 0 none */
    int64_t overdue;    /* s the most overdue queued page is past its time; 0 none */
    long drainer;       /* pid; 0 unknown; -1 nobody drains */
    bool drainer_is_daemon;
    struct buf account; /* trouble in words; "" fine */
    struct buf store;   /* trouble in words; "" fine */
    struct buf config;  /* last good copy in use and why; "" fine */
};

void health_init(struct health *h);
void health_clean(struct health *h);
enum nt_status health_read(struct runtime *r, struct health *out) NT_MUST_USE;

#endif

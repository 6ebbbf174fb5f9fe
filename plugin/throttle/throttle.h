/*
 * throttle: may this number get another page of this class now, and if not, when? Tiers all hold; computed from the send history.
 */
#ifndef NT_THROTTLE_THROTTLE_H
#define NT_THROTTLE_THROTTLE_H

#include "config/config.h"

#include <stddef.h>
#include <stdint.h>

/* sent: times (ms since the epoch, ascending) of the number's sends of the class; those after now count as now. Returns the earliest moment ≥ now at which one
 * more send breaks no tier: now itself when it may go at once. */
int64_t throttle_next(const struct config_tiers *tiers, const int64_t *sent, size_t n, int64_t now);
/* How far back the history matters: the longest tier, ms; 0 with no tiers. */
int64_t throttle_span(const struct config_tiers *tiers);

#endif

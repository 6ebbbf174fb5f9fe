/*
 * pacing: a sender's segments a second, never over and hardly ever idle.
 *
 * A sender is busy until its debt is paid: sending n segments at rate r keeps it busy for n/r seconds. Time is CLOCK_BOOTTIME ms.
 */
#ifndef NT_THROTTLE_PACING_H
#define NT_THROTTLE_PACING_H

#include <stdint.h>

struct pacing {
    double segments_per_second;
    double free_at; /* ms */
};

void pacing_init(struct pacing *p, double segments_per_second);
/* ms to wait before anything may go; 0 = now. */
int64_t pacing_wait(const struct pacing *p, int64_t now);
void pacing_take(struct pacing *p, int segments, int64_t now);

#endif

/*
 * sweep: now and then, what was published long enough ago is deleted (media/retention.h), beside everything else that a
 * drainer does.
 */
#ifndef NT_FLOW_SWEEP_H
#define NT_FLOW_SWEEP_H

#include "flow/darkroom.h"
#include "media/retention.h"

struct sweep {
    struct darkroom room;
    struct retention *retention; /* NULL: none is under way */
    int64_t next;                /* boot ms */
};

void sweep_init(struct sweep *s, int64_t first);
/* Begins when it is time, and goes on. Never waits. */
void sweep_turn(struct sweep *s, struct runtime *r);
/* Descriptors to wait for, at most DARKROOM_FDS; and when to look without them, boot ms. */
int sweep_fds(const struct sweep *s, int out[DARKROOM_FDS]);
int64_t sweep_next(const struct sweep *s, int64_t boot);
/* Ends what is under way, as before the configuration goes; it is begun anew when it is time again. */
void sweep_stop(struct sweep *s);
/* The same, for good. */
void sweep_end(struct sweep *s);
/* One sweep, waited for; for who does not drain. stop: it ends early once that is not 0. */
void sweep_run(struct runtime *r, const volatile int *stop);

#endif

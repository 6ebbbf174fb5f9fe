/*
 * darkroom: where the pictures of alerts are made: what the media stage needs to work, and jobs in it.
 */
#ifndef NT_FLOW_DARKROOM_H
#define NT_FLOW_DARKROOM_H

#include "flow/runtime.h"
#include "flow/wire.h"
#include "ingest/alert.h"
#include "media/env.h"
#include "media/job.h"

enum { DARKROOM_FDS = 2 };

struct darkroom {
    struct runtime *r;
    struct wire wire;
    struct runner *runner;
    char *state_dir;
    struct media_env env;
};

/* The runtime's configuration must stay until darkroom_close(). */
enum nt_status darkroom_open(struct darkroom *d, struct runtime *r) NT_MUST_USE;
/* All jobs must have been freed before. */
void darkroom_close(struct darkroom *d);

/* Begins to make the pictures of an alert. `done` is called by job_turn(). */
enum nt_status darkroom_begin(struct darkroom *d, const struct alert *alert, const struct strlist *graphs,
                              job_done *done, void *arg, struct job **out) NT_MUST_USE;
/* Renders a template of the configuration for an alert: a source_expand, whose argument is a struct darkroom_alert. */
struct darkroom_alert {
    struct darkroom *room;
    const struct alert *alert;
};
enum nt_status darkroom_expand(void *arg, const char *text, struct buf *out) NT_MUST_USE;

/* For the loop around it: descriptors that are readable when there is something to do (how many), and the ms until
 * there is without that (−1 never). */
int darkroom_fds(const struct darkroom *d, int out[DARKROOM_FDS]);
int64_t darkroom_next(const struct darkroom *d);
/* Does what there is to do; never waits. */
void darkroom_turn(struct darkroom *d);
/* For who has no loop: waits ms at most. */
void darkroom_wait(struct darkroom *d, int64_t ms);

#endif

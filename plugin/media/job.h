/*
 * job: the pictures of one alert: each gotten, checked and published, side by side, under one deadline.
 *
 * What is there in time is taken, the rest is told why not. There is no clock in here: the owner calls job_expire()
 * when the time is up.
 */
#ifndef NT_MEDIA_JOB_H
#define NT_MEDIA_JOB_H

#include "base/buf.h"
#include "base/strlist.h"
#include "media/publisher.h"
#include "media/source.h"

struct job;

struct job_result {
    const struct strlist *media; /* addresses, in the order of the names; borrowed for the call */
    const char *why;             /* one line for each graph that did not come, "cpu: HTTP 404"; "" none */
    const char *notes;           /* one line for each that came, with its size and how long it took */
};

typedef void job_done(void *arg, const struct job_result *result);

struct job_request {
    const struct media_env *env;
    const struct config *config;  /* graphs and publish; must stay until the end */
    const struct strlist *graphs; /* names; one that is unknown is told in `why` */
    source_expand *expand;
    void *expand_arg; /* used within job_start() alone */
    int64_t valid;    /* ms that addresses have to work */
    job_done *done;   /* once, never from within job_start(); not after job_free() */
    void *arg;
};

enum nt_status job_start(const struct job_request *r, struct job **out) NT_MUST_USE;
/* Ends what is not there yet with `why` ("not there within 5 s"), and calls done. */
void job_expire(struct job *j, const char *why);
/* Is everything there? done is called by job_turn() then. */
bool job_turn(struct job *j);
/* Before the end this cancels everything, without a call. NULL is fine. */
void job_free(struct job *j);

#endif

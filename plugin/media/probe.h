/*
 * probe: a picture is published, fetched back as Twilio would (GET and HEAD), and taken away again; to try a
 * configuration.
 *
 * It takes a few round trips and never blocks. Time is limited from outside: who started it frees it.
 */
#ifndef NT_MEDIA_PROBE_H
#define NT_MEDIA_PROBE_H

#include "media/publisher.h"

struct probe;

struct probe_result {
    bool ok;
    const char *words; /* what happened, whole lines, one a step; the last one is what is wrong, when something is */
};

typedef void probe_done(void *arg, const struct probe_result *result);

struct probe_request {
    const struct media_env *env;
    const struct config_publish *config;
    const struct picture *picture; /* NULL = a small one of ours */
    probe_done *done;              /* once, maybe from within probe_start(); may free the probe */
    void *arg;
};

/* All is borrowed until the end. *out (never NULL on NT_OK) is to be freed in any case. */
enum nt_status probe_start(const struct probe_request *r, struct probe **out) NT_MUST_USE;
/* In the middle it ends without a call. NULL is fine. */
void probe_free(struct probe *p);

#endif

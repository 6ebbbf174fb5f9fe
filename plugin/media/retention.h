/*
 * retention: pictures that were published long enough ago are taken away again.
 *
 * A sweep goes once through everything: folders that are published from, and what lies on servers (published.h). It
 * never blocks on the network and does a bounded piece a turn. What it cannot delete it tries again in the next sweep.
 */
#ifndef NT_MEDIA_RETENTION_H
#define NT_MEDIA_RETENTION_H

#include "config/config.h"
#include "media/env.h"

#include <stdbool.h>
#include <stddef.h>

struct retention;

/* Begins a sweep. env and config must stay until it is freed. */
enum nt_status retention_new(const struct media_env *env, const struct config *config,
                             struct retention **out) NT_MUST_USE;
/* Ends it wherever it is. NULL is fine. */
void retention_free(struct retention *r);
/* Does a piece. False: the sweep is over. */
bool retention_turn(struct retention *r);
/* ms until it wants a turn without an event of the transport: 0 at once. */
int64_t retention_next(const struct retention *r);
/* Pictures deleted so far. */
size_t retention_deleted(const struct retention *r);

#endif

/*
 * digest: which of a number's held pages one message stands for, worst first.
 */
#ifndef NT_THROTTLE_DIGEST_H
#define NT_THROTTLE_DIGEST_H

#include "ingest/alert.h"
#include "base/status.h"

#include <stddef.h>

/* Orders alerts as a digest names them: worst severity first, problems before the rest, newest first within. */
void digest_order(const struct alert **alerts, size_t n);
/* Rank of an alert's badness; greater is worse. */
int digest_badness(const struct alert *a);

#endif

/*
 * lock: the write lock that lines a store's writers up. Private to the stage (the drain lock is store.h's).
 */
#ifndef NT_QUEUE_LOCK_H
#define NT_QUEUE_LOCK_H

#include "queue/place.h"

#include <stdint.h>

/* Opens queue.write beside the database. *fd is the caller's, -1 for a store in memory, which needs none (as the two
 * below know). */
enum nt_status write_lock_open(const struct place *p, int *fd) NT_MUST_USE;
/* NT_EBUSY after wait ms. */
enum nt_status write_lock_take(int fd, int64_t wait) NT_MUST_USE;
void write_lock_release(int fd);

#endif

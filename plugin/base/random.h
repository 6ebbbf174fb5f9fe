/* random: the edge's source of randomness; logic takes it as an argument. */
#ifndef NT_BASE_RANDOM_H
#define NT_BASE_RANDOM_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { UUID_SIZE = 37 };

/* From getrandom(2). */
uint64_t random_u64(void);
void random_bytes(void *out, size_t len);
/* For what nobody may guess: NT_EIO where the kernel gives none, instead of something makeshift. */
enum nt_status random_secret(void *out, size_t len) NT_MUST_USE;
/* A version 4 UUID in lower case. */
void random_uuid(char out[UUID_SIZE]);

#endif

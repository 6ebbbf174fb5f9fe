/* hash: 64-bit FNV-1a, for tables, file names and identities; not against adversaries who choose collisions. */
#ifndef NT_BASE_HASH_H
#define NT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(14695981039346656037)

/* Goes on from `hash` (HASH_START at first). */
uint64_t hash_add(uint64_t hash, const void *data, size_t len);
uint64_t hash_text(const char *s);
enum { HASH_HEX = 17 };
void hash_hex(uint64_t hash, char out[HASH_HEX]);

#endif

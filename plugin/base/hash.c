/*
 * hash: FNV-1a over bytes.
 *
 * DIAGNOSTICS
 * None. Equal hashes do not prove equal texts: a table compares the texts too.
 */
#include "base/hash.h"

#include <string.h>

#define PRIME UINT64_C(1099511628211)

uint64_t hash_add(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ byte[i]) * PRIME;
    return hash;
}

uint64_t hash_text(const char *s)
{
    return hash_add(HASH_START, s, strlen(s));
}

void hash_hex(uint64_t hash, char out[HASH_HEX])
{
    for (int i = 0; i < HASH_HEX - 1; i++)
        out[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    out[HASH_HEX - 1] = '\0';
}

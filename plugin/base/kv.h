/*
 * kv: an ordered list of KEY=VALUE pairs, unique by key (the last put wins, its place stays).
 *
 * The packed form (kv_pack) is the one of the hand-over frame and of the store:
 * "KEY=VALUE\0KEY=VALUE\0…". A key is not empty and holds no '='; neither holds NUL.
 * Look-up is hashed: 10,000 macros stay cheap.
 */
#ifndef NT_BASE_KV_H
#define NT_BASE_KV_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct kv_pair {
    char *key; /* one allocation for both */
    char *value;
    size_t value_len;
    uint64_t hash;
};

struct kv {
    struct kv_pair *pair;
    size_t n;
    size_t size;
    uint32_t *slot; /* open addressing: index + 1 into pair, 0 = free */
    size_t slots;
};

void kv_init(struct kv *kv);
void kv_clean(struct kv *kv);
/* NT_EINVAL: an empty key, '=' in it, NUL in either. The texts may come from kv itself. */
enum nt_status kv_put(struct kv *kv, const char *key, const char *value) NT_MUST_USE;
enum nt_status kv_putn(struct kv *kv, const char *key, size_t key_len, const char *value, size_t value_len) NT_MUST_USE;
/* Puts only if the key is not there yet. */
enum nt_status kv_default(struct kv *kv, const char *key, const char *value) NT_MUST_USE;
/* NULL when missing. Borrowed until the next put. */
const char *kv_get(const struct kv *kv, const char *key);
const char *kv_getn(const struct kv *kv, const char *key, size_t key_len);
/* "" when missing. */
const char *kv_text(const struct kv *kv, const char *key);
/* `to` becomes a copy of `from`: what it held is freed. */
enum nt_status kv_copy(struct kv *to, const struct kv *from) NT_MUST_USE;
enum nt_status kv_pack(const struct kv *kv, struct buf *out) NT_MUST_USE;
/* What kv held is replaced. NT_EINVAL on a pair without '=' or with an empty key, or data that does not end with NUL. */
enum nt_status kv_unpack(struct kv *kv, const void *data, size_t len) NT_MUST_USE;

#endif

/*
 * kv: an ordered list of pairs with a hash table of indexes beside it.
 *
 * Each pair is one allocation "key\0value\0". The table is open addressing with
 * linear probing, at most half full; nothing is ever removed, so there are no
 * tombstones. The hash starts from a secret of the process and its bits are
 * mixed before use: who picks the keys cannot know which of them will meet.
 *
 * DIAGNOSTICS
 * NT_EINVAL for a key or value that the packed form could not hold, NT_ENOMEM;
 * the pairs are then what they were.
 */
#include "base/kv.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/vector.h"

#include <string.h>

enum { SLOTS_FIRST = 32 };

void kv_init(struct kv *kv)
{
    *kv = (struct kv){0};
}

void kv_clean(struct kv *kv)
{
    for (size_t i = 0; i < kv->n; i++)
        mem_free(kv->pair[i].key);
    mem_free(kv->pair);
    mem_free(kv->slot);
    kv_init(kv);
}

static uint64_t hash_key(const char *key, size_t len)
{
    static uint64_t secret;
    if (!secret)
        secret = random_u64() | 1;
    uint64_t hash = hash_add(HASH_START ^ secret, key, len);
    /* FNV's low bits depend on the low bits of the input alone; the table is indexed by them. */
    hash ^= hash >> 32;
    hash *= UINT64_C(0xD6E8FEB86659FD93);
    return hash ^ (hash >> 32);
}

/* Where the key is, or the free slot where it belongs. There always is a free one. */
static size_t find_slot(const struct kv *kv, const char *key, size_t len, uint64_t hash)
{
    size_t mask = kv->slots - 1, at = (size_t)hash & mask;
    for (; kv->slot[at]; at = (at + 1) & mask) {
        const struct kv_pair *p = &kv->pair[kv->slot[at] - 1];
        /* value - key - 1 is the key's length. */
        if (p->hash == hash && (size_t)(p->value - p->key) == len + 1 && !memcmp(p->key, key, len))
            break;
    }
    return at;
}

static bool grow_slots(struct kv *kv)
{
    if ((kv->n + 1) * 2 <= kv->slots)
        return true;
    size_t slots = kv->slots ? kv->slots * 2 : SLOTS_FIRST;
    uint32_t *slot = kv->n < UINT32_MAX / 4 ? mem_array(slots, sizeof *slot) : NULL;
    if (!slot)
        return false;
    for (size_t i = 0; i < kv->n; i++) {
        size_t at = (size_t)kv->pair[i].hash & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = (uint32_t)i + 1;
    }
    mem_free(kv->slot);
    kv->slot = slot;
    kv->slots = slots;
    return true;
}

enum nt_status kv_put(struct kv *kv, const char *key, const char *value)
{
    return kv_putn(kv, key, strlen(key), value, strlen(value));
}

enum nt_status kv_putn(struct kv *kv, const char *key, size_t key_len, const char *value, size_t value_len)
{
    if (!key_len || memchr(key, '=', key_len) || memchr(key, '\0', key_len) ||
        (value_len && memchr(value, '\0', value_len)))
        return NT_EINVAL;
    if (key_len > SIZE_MAX / 4 || value_len > SIZE_MAX / 4 || !grow_slots(kv) || !VECTOR_GROW(kv, pair))
        return NT_ENOMEM;
    char *block = mem_alloc(key_len + value_len + 2);
    if (!block)
        return NT_ENOMEM;
    struct kv_pair made = {.key = block, .value = block + key_len + 1, .value_len = value_len};
    memcpy(made.key, key, key_len);
    made.key[key_len] = '\0';
    if (value_len)
        memcpy(made.value, value, value_len);
    made.value[value_len] = '\0';
    made.hash = hash_key(key, key_len);

    size_t at = find_slot(kv, key, key_len, made.hash);
    if (kv->slot[at]) {
        struct kv_pair *old = &kv->pair[kv->slot[at] - 1];
        mem_free(old->key);
        *old = made;
    } else {
        kv->pair[kv->n++] = made;
        kv->slot[at] = (uint32_t)kv->n;
    }
    return NT_OK;
}

enum nt_status kv_default(struct kv *kv, const char *key, const char *value)
{
    return kv_get(kv, key) ? NT_OK : kv_put(kv, key, value);
}

const char *kv_get(const struct kv *kv, const char *key)
{
    return kv_getn(kv, key, strlen(key));
}

const char *kv_getn(const struct kv *kv, const char *key, size_t key_len)
{
    if (!kv->n)
        return NULL;
    uint32_t index = kv->slot[find_slot(kv, key, key_len, hash_key(key, key_len))];
    return index ? kv->pair[index - 1].value : NULL;
}

const char *kv_text(const struct kv *kv, const char *key)
{
    const char *value = kv_get(kv, key);
    return value ? value : "";
}

enum nt_status kv_copy(struct kv *to, const struct kv *from)
{
    struct kv copy;
    kv_init(&copy);
    for (size_t i = 0; i < from->n; i++) {
        const struct kv_pair *p = &from->pair[i];
        enum nt_status status = kv_putn(&copy, p->key, (size_t)(p->value - p->key) - 1, p->value, p->value_len);
        if (status) {
            kv_clean(&copy);
            return status;
        }
    }
    kv_clean(to);
    *to = copy;
    return NT_OK;
}

enum nt_status kv_pack(const struct kv *kv, struct buf *out)
{
    size_t before = out->len;
    for (size_t i = 0; i < kv->n; i++) {
        buf_adds(out, kv->pair[i].key);
        buf_addc(out, '=');
        buf_add(out, kv->pair[i].value, kv->pair[i].value_len + 1);
    }
    if (buf_status(out))
        buf_truncate(out, before);
    return buf_status(out);
}

enum nt_status kv_unpack(struct kv *kv, const void *data, size_t len)
{
    enum nt_status status = NT_OK;
    const char *at = data, *end = at + len;
    struct kv made;
    kv_init(&made);
    if (len && end[-1]) {
        status = NT_EINVAL;
        goto done;
    }
    while (at < end) {
        size_t n = strlen(at);
        const char *equals = memchr(at, '=', n);
        if (!equals) {
            status = NT_EINVAL;
            goto done;
        }
        status = kv_putn(&made, at, (size_t)(equals - at), equals + 1, n - (size_t)(equals + 1 - at));
        if (status)
            goto done;
        at += n + 1;
    }
done:
    if (status) {
        kv_clean(&made);
        return status;
    }
    kv_clean(kv);
    *kv = made;
    return NT_OK;
}

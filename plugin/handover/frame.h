/*
 * frame: the hand-over request, NUL-terminated KEY=VALUE strings in one packet. libc only: also used inside monitors.
 */
#ifndef NT_HANDOVER_FRAME_H
#define NT_HANDOVER_FRAME_H

#include <stdbool.h>
#include <stddef.h>

enum { FRAME_MAX = 192 * 1024, FRAME_VALUE_MAX = 16 * 1024, FRAME_KEY_MAX = 256 };

/* Caller's memory, no allocation: a writer that leaves out what does not fit (and says so). */
struct frame {
    char *data;     /* FRAME_MAX bytes of the caller's */
    size_t len;
    bool cut;       /* a value was cut or a pair left out */
};

void frame_init(struct frame *f, char *memory);
/* Values over FRAME_VALUE_MAX are cut (at a UTF-8 boundary); a pair that no longer fits is left out. False then; true otherwise. */
bool frame_put(struct frame *f, const char *key, const char *value);
bool frame_putn(struct frame *f, const char *key, size_t key_len, const char *value, size_t value_len);

/* Steps through a received frame: *at starts at 0; false at the end or, with *bad set, on damage. key/value borrow from data. */
bool frame_next(const char *data, size_t len, size_t *at, const char **key, size_t *key_len, const char **value, size_t *value_len, bool *bad);

#endif

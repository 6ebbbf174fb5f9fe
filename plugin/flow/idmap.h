/* idmap: one id's name in another store. Sorted by id; ids mostly come in order, so adding is cheap. */
#ifndef NT_FLOW_IDMAP_H
#define NT_FLOW_IDMAP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct idmap_pair {
    int64_t from, to;
};

struct idmap {
    struct idmap_pair *item;
    size_t n, size;
};

void idmap_clean(struct idmap *m);
enum nt_status idmap_add(struct idmap *m, int64_t from, int64_t to) NT_MUST_USE;
int64_t idmap_get(const struct idmap *m, int64_t from); /* 0 when unknown */
/* The same of two maps: what the first does not know, the second may. first NULL: there is only one. */
int64_t idmap_get_of(const struct idmap *first, const struct idmap *second, int64_t from);

#endif

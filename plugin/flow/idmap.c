/* idmap: a sorted array; see the header. */
#include "flow/idmap.h"

#include "base/mem.h"
#include "base/vector.h"

#include <string.h>

void idmap_clean(struct idmap *m)
{
    mem_free(m->item);
    memset(m, 0, sizeof *m);
}

/* The place of the first pair whose from is not smaller. */
static size_t place(const struct idmap *m, int64_t from)
{
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->item[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum nt_status idmap_add(struct idmap *m, int64_t from, int64_t to)
{
    size_t at = place(m, from);
    if (at < m->n && m->item[at].from == from) {
        m->item[at].to = to;
        return NT_OK;
    }
    if (!VECTOR_GROW(m, item))
        return NT_ENOMEM;
    memmove(m->item + at + 1, m->item + at, (m->n - at) * sizeof *m->item);
    m->item[at] = (struct idmap_pair){from, to};
    m->n++;
    return NT_OK;
}

int64_t idmap_get(const struct idmap *m, int64_t from)
{
    size_t at = place(m, from);
    return at < m->n && m->item[at].from == from ? m->item[at].to : 0;
}

int64_t idmap_get_of(const struct idmap *first, const struct idmap *second, int64_t from)
{
    int64_t to = first ? idmap_get(first, from) : 0;
    return to ? to : idmap_get(second, from);
}

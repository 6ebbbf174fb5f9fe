/* vector: growing arrays. VECTOR_GROW makes room for one more element in {item, n, size}. */
#ifndef NT_BASE_VECTOR_H
#define NT_BASE_VECTOR_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* array_pointer is the address of the element pointer; copied by memcpy, so that no pointer type is punned. */
static inline bool vector_grow(void *array_pointer, size_t n, size_t *size, size_t element)
{
    if (n < *size)
        return true;
    size_t want = *size ? *size * 2 : 8;
    if (want > SIZE_MAX / element)
        return false;
    void *p;
    memcpy(&p, array_pointer, sizeof p);
    p = mem_resize(p, want * element);
    if (!p)
        return false;
    memcpy(array_pointer, &p, sizeof p);
    *size = want;
    return true;
}

/* True when there is room for item[n]; false: no memory, nothing changed. */
#define VECTOR_GROW(v, member) vector_grow(&(v)->member, (v)->n, &(v)->size, sizeof *(v)->member)

#endif

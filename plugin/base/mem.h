/*
 * mem: the only place that calls malloc.
 *
 * Out of memory is returned, never fatal: this code runs inside other people's
 * monitors. Tests fail each allocation in turn through mem_fail_at().
 */
#ifndef NT_BASE_MEM_H
#define NT_BASE_MEM_H

#include <stddef.h>

/* Memory for the caller to mem_free(); NULL when there is none. Size 0 gives a unique pointer. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
/* n * size with overflow checked, zeroed. */
void *mem_array(size_t n, size_t size);
/* Like realloc: on NULL the old block is still the caller's. */
void *mem_resize(void *p, size_t size);
char *mem_strdup(const char *s);
/* A NUL-terminated copy of n bytes. */
char *mem_strndup(const char *s, size_t n);
void mem_free(void *p); /* NULL is fine */

/* Makes the nth allocation from now fail (1 = the next), once; 0 switches it off. For tests. */
void mem_fail_at(unsigned long n);
/* True when the failure asked for has happened. */
int mem_failed(void);

#endif

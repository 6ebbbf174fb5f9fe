/*
 * mem: malloc and its kin, with a switch that makes one of them fail.
 *
 * Every allocation of the project passes here, so a test can fail the 1st, the
 * 2nd, … allocation of a call in turn and see that each is survived. In builds
 * with fault points (base/fault.h) the environment does the same to a program.
 *
 * DIAGNOSTICS
 * NULL when there is no memory, when n * size overflows, or when the test asked
 * for it. Nothing is logged: the log allocates nothing, but who ran out knows
 * better what was lost.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long fail_in; /* allocations until the one that fails, that one included; 0 = off */
static int fail_done;

void mem_fail_at(unsigned long n)
{
    fail_in = n;
    /* Switching off keeps the answer, so that a test may tidy up first and ask afterwards. */
    if (n)
        fail_done = 0;
}

int mem_failed(void)
{
    return fail_done;
}

#ifdef NT_FAULT_POINTS
/* "memory:n": the nth allocation of the process. A child goes on with the count of its parent. */
static void arm_by_environment(void)
{
    static const char place[] = "memory:";
    static int looked;
    const char *spec = looked ? NULL : getenv("NOTIFY_TWILIO_FAULT");
    looked = 1;
    if (spec && !strncmp(spec, place, sizeof place - 1))
        mem_fail_at(strtoul(spec + sizeof place - 1, NULL, 10));
}
#endif

static int fail_now(void)
{
#ifdef NT_FAULT_POINTS
    arm_by_environment();
#endif
    if (!fail_in || --fail_in)
        return 0;
    fail_done = 1;
#ifdef NT_FAULT_POINTS
    /* whoever tries them all from outside has to know when there are no more */
    fputs("fault: out of memory\n", stderr);
#endif
    return 1;
}

void *mem_alloc(size_t size)
{
    return fail_now() ? NULL : malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
    return fail_now() ? NULL : calloc(1, size ? size : 1);
}

void *mem_array(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return mem_zalloc(n * size);
}

void *mem_resize(void *p, size_t size)
{
    return fail_now() ? NULL : realloc(p, size ? size : 1);
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(n + 1);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void mem_free(void *p)
{
    free(p);
}

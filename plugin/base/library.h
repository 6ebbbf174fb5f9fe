/*
 * library: a shared library that is loaded when it is needed, and stays for the process's life.
 *
 *     #define FUNCTIONS(X) X(puts) X(fputs)
 *     static struct library { FUNCTIONS(LIBRARY_MEMBER) } library;
 *     #define PLACE(name) LIBRARY_PLACE(struct library, name),
 *     static const struct library_place places[] = {FUNCTIONS(PLACE)};
 */
#ifndef NT_BASE_LIBRARY_H
#define NT_BASE_LIBRARY_H

#include "base/status.h"

#include <stddef.h>

/* A function of it: its name, and where it is to be put, counted from the start of the table. */
struct library_place {
    const char *name;
    size_t offset;
};

/* For an X-macro with the functions' names: members of the table with their types, and their places in it. */
#define LIBRARY_MEMBER(name) __typeof__(name) *(name);
#define LIBRARY_PLACE(table, name)                                                                                     \
    {                                                                                                                  \
#name, offsetof(table, name)                                                                                   \
    }

/* Fills the table at its first call, all of it or nothing usable: it has to begin as zeros. NT_EIO, with a line in the
 * log that begins with lost (what cannot be done without it): no such library, or one that lacks a function. */
enum nt_status library_load(const char *soname, const struct library_place *places, size_t n, void *table,
                            const char *lost) NT_MUST_USE;

#endif

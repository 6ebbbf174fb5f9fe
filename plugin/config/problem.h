/* problem: what is wrong in a configuration, and where. */
#ifndef NT_CONFIG_PROBLEM_H
#define NT_CONFIG_PROBLEM_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct problem {
    char *file;
    unsigned long line, column; /* from 1; 0 = none (file missing or empty) */
    bool fatal;                 /* the file does not load because of it (the last good copy is used); else used as it is, less the faulty part */
    char *message;
};

/* Kept sorted by file, line, column at the end of a load. */
struct problems {
    struct problem *item;
    size_t n, size;
};

void problems_init(struct problems *p);
void problems_clean(struct problems *p);
enum nt_status problems_add(struct problems *p, const char *file, unsigned long line, unsigned long column, bool fatal,
                            const char *format, ...) __attribute__((format(printf, 6, 7)));
void problems_sort(struct problems *p);
/* "file:line:column: message" or "file: message". */
enum nt_status problem_format(const struct problem *p, struct buf *out);

#endif

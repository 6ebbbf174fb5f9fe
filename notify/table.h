/*
 * table: aligned columns on standard output.
 *
 * Rows are gathered a few hundred at a time and printed with columns as wide as what was seen; so a list of a million
 * pages starts at once and costs no memory. On a terminal lines end at its edge.
 */
#ifndef NT_NOTIFY_TABLE_H
#define NT_NOTIFY_TABLE_H

#include "base/status.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS = 8 };

struct table {
    const char *const *heads;
    size_t columns;
    unsigned right; /* bit n: column n is aligned to the right */
    size_t width[TABLE_COLUMNS];
    struct strlist cells; /* row by row */
    size_t screen;        /* columns of the terminal; 0: no terminal */
    bool headed;
};

/* heads is borrowed; columns ≤ TABLE_COLUMNS. */
void table_init(struct table *t, const char *const *heads, size_t columns, unsigned right);
/* The next cell of the row; clean text. */
enum nt_status table_cell(struct table *t, const char *text) NT_MUST_USE;
/* Prints what is left. */
void table_end(struct table *t);

#endif

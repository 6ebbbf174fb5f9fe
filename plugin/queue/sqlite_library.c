/*
 * sqlite_library: SQLite, loaded when the first store is about to be opened.
 *
 * It and libm, which it needs, are a quarter of what `render`, `oncall` or `check --config` cost when they are linked
 * (0.4 ms), and none of these opens a store. It stays for the process's life.
 *
 * DIAGNOSTICS: NT_EIO, with a line in the log, when there is no SQLite, or one that lacks a function.
 */
#include "queue/sqlite_library.h"

struct sqlite_library sqlite_library;

#define PLACE(name) LIBRARY_PLACE(struct sqlite_library, name),
static const struct library_place places[] = {SQLITE_FUNCTIONS(PLACE)};

/* The name that its ABI has had since 2004. */
static const char soname[] = "libsqlite3.so.0";

enum nt_status sqlite_library_load(void)
{
    return library_load(soname, places, sizeof places / sizeof *places, &sqlite_library, "nothing can be stored");
}

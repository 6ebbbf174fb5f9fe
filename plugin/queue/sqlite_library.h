/*
 * sqlite_library: SQLite's functions, of a library that is loaded when the first store is opened. The only include of
 * sqlite3.h.
 *
 * sqlite_private.h sends SQLite's own names through the table, as sqlite3ext.h does. Calling any before
 * sqlite_library_load() has said NT_OK is a bug.
 */
#ifndef NT_QUEUE_SQLITE_LIBRARY_H
#define NT_QUEUE_SQLITE_LIBRARY_H

#include "base/library.h"

#include <sqlite3.h>

#define SQLITE_FUNCTIONS(X)                                                                                            \
    X(sqlite3_bind_blob64)                                                                                             \
    X(sqlite3_bind_int)                                                                                                \
    X(sqlite3_bind_int64)                                                                                              \
    X(sqlite3_bind_parameter_count)                                                                                    \
    X(sqlite3_bind_text)                                                                                               \
    X(sqlite3_bind_value)                                                                                              \
    X(sqlite3_busy_timeout)                                                                                            \
    X(sqlite3_changes)                                                                                                 \
    X(sqlite3_clear_bindings)                                                                                          \
    X(sqlite3_close)                                                                                                   \
    X(sqlite3_close_v2)                                                                                                \
    X(sqlite3_column_blob)                                                                                             \
    X(sqlite3_column_bytes)                                                                                            \
    X(sqlite3_column_count)                                                                                            \
    X(sqlite3_column_int)                                                                                              \
    X(sqlite3_column_int64)                                                                                            \
    X(sqlite3_column_text)                                                                                             \
    X(sqlite3_column_type)                                                                                             \
    X(sqlite3_column_value)                                                                                            \
    X(sqlite3_db_config)                                                                                               \
    X(sqlite3_db_readonly)                                                                                             \
    X(sqlite3_errcode)                                                                                                 \
    X(sqlite3_errmsg)                                                                                                  \
    X(sqlite3_errstr)                                                                                                  \
    X(sqlite3_exec)                                                                                                    \
    X(sqlite3_file_control)                                                                                            \
    X(sqlite3_finalize)                                                                                                \
    X(sqlite3_free)                                                                                                    \
    X(sqlite3_get_autocommit)                                                                                          \
    X(sqlite3_open_v2)                                                                                                 \
    X(sqlite3_prepare_v2)                                                                                              \
    X(sqlite3_prepare_v3)                                                                                              \
    X(sqlite3_reset)                                                                                                   \
    X(sqlite3_step)                                                                                                    \
    X(sqlite3_system_errno)                                                                                            \
    X(sqlite3_wal_checkpoint_v2)                                                                                       \
    X(sqlite3_wal_hook)

struct sqlite_library {
    SQLITE_FUNCTIONS(LIBRARY_MEMBER)
};

extern struct sqlite_library sqlite_library;

/* NT_EIO, with a line in the log: no such library, or one that lacks a function. */
enum nt_status sqlite_library_load(void) NT_MUST_USE;

#endif

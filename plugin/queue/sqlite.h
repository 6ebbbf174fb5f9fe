/*
 * sqlite: the ways into the SQLite backend, for store.c alone. No word of sqlite3.h is seen from here.
 */
#ifndef NT_QUEUE_SQLITE_H
#define NT_QUEUE_SQLITE_H

#include "queue/store.h"

enum nt_status sqlite_open(const char *url, int64_t patience, struct store **out, struct buf *error) NT_MUST_USE;
enum nt_status sqlite_open_readonly(const char *url, struct store **out, struct buf *error) NT_MUST_USE;
enum nt_status sqlite_rescue(const char *url, int64_t now, struct store **out, size_t *taken,
                             struct buf *error) NT_MUST_USE;

#endif

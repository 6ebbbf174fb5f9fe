/*
 * sqlite_statement: statements that are kept, and what SQLite's codes mean.
 *
 * Who owns what: between sqlite_take and sqlite_give a statement is the borrower's, and the store makes itself another
 * if it is asked for the same meanwhile. Texts and blobs are bound as they lie in the caller's memory, until the
 * statement is given back.
 *
 * DIAGNOSTICS: sqlite_code() is the one table of meanings; sqlite_status() logs each failure with what was being done.
 */
#include "queue/sqlite_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { SQL_MAX = 8192 };

/* ---- errors ---- */

enum nt_status sqlite_code(sqlite3 *db, int rc)
{
    int error = db ? sqlite3_system_errno(db) : 0;
    if (rc == SQLITE_IOERR_NOMEM)
        return NT_ENOMEM;
    if (rc == SQLITE_IOERR_CORRUPTFS)
        return NT_ECORRUPT;
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return NT_OK;
    case SQLITE_NOMEM:
        return NT_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return NT_EBUSY;
    case SQLITE_FULL:
        return NT_EFULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* of statements that are ours: a table or column is not there */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return NT_ECORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return NT_EACCES;
    case SQLITE_TOOBIG:
        return NT_ETOOBIG;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return error == ENOSPC || error == EDQUOT || error == EACCES || error == EPERM || error == EROFS ||
                       error == ENOENT
                   ? place_errno(error)
                   : NT_EIO;
    default:
        return NT_EIO;
    }
}

enum nt_status sqlite_status(struct sqlite_store *s, int rc, const char *doing)
{
    enum nt_status status = sqlite_code(s->db, rc);
    if (status == NT_ENOENT)
        status = NT_EIO; /* of a statement it would say that there is no such record */
    if (status && !s->damaged)
        log_warning("store %s: %s: %s (%d)", s->place.database, doing,
                    s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc), rc);
    return status;
}

/* ---- statements ---- */

enum nt_status sqlite_take(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt **out)
{
    *out = s->stmt[id];
    s->stmt[id] = NULL;
    if (*out)
        return NT_OK;
    const char *sql = sqlite_sql_text(id);
    struct buf made;
    buf_init(&made, SQL_MAX);
    enum nt_status status = NT_OK;
    if (!sql) {
        status = sqlite_page_sql(id, &made);
        sql = buf_text(&made);
    }
    if (status == NT_OK) {
        int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
        if (rc != SQLITE_OK)
            status = sqlite_status(s, rc, "preparing a statement");
    }
    buf_clean(&made);
    return status;
}

void sqlite_give(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt *stmt)
{
    if (!stmt)
        return;
    sqlite3_reset(stmt);          /* its code repeats what the last step has said */
    sqlite3_clear_bindings(stmt); /* they point into the caller's memory */
    if (s->stmt[id])
        sqlite3_finalize(stmt);
    else
        s->stmt[id] = stmt;
}

/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized): its callers have started the list */
static int bind_all(sqlite3_stmt *stmt, const char *format, va_list args)
{
    int rc = SQLITE_OK;
    for (int i = 1; rc == SQLITE_OK && *format; i++, format++) {
        const char *t;
        switch (*format) {
        case 'i':
            rc = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
            break;
        case 't':
            t = va_arg(args, const char *);
            rc = sqlite3_bind_text(stmt, i, t, -1, SQLITE_STATIC);
            break;
        default: /* 'b' */
            t = va_arg(args, const char *);
            rc = sqlite3_bind_blob64(stmt, i, t ? t : "", va_arg(args, size_t), SQLITE_STATIC);
        }
    }
    return rc;
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

static enum nt_status ask(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt **out, const char *format,
                          va_list args)
{
    enum nt_status status = sqlite_take(s, id, out);
    if (status)
        return status;
    int rc = bind_all(*out, format, args);
    if (rc == SQLITE_OK)
        return NT_OK;
    status = sqlite_status(s, rc, "binding");
    sqlite_give(s, id, *out);
    *out = NULL;
    return status;
}

enum nt_status sqlite_ask(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt **out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum nt_status status = ask(s, id, out, format, args);
    va_end(args);
    return status;
}

enum nt_status sqlite_step_row(struct sqlite_store *s, sqlite3_stmt *stmt, bool *row, const char *doing)
{
    int rc = sqlite3_step(stmt);
    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return NT_OK;
    enum nt_status status = sqlite_status(s, rc, doing);
    /* What is damaged may say that it is longer than any memory: it cannot be read, and that is all. */
    return status == NT_ENOMEM && s->damaged ? NT_ECORRUPT : status;
}

enum nt_status sqlite_run(struct sqlite_store *s, enum sqlite_sql id, const char *doing, const char *format, ...)
{
    sqlite3_stmt *stmt = NULL;
    bool row = true;
    va_list args;
    va_start(args, format);
    enum nt_status status = ask(s, id, &stmt, format, args);
    va_end(args);
    while (status == NT_OK && row)
        status = sqlite_step_row(s, stmt, &row, doing);
    sqlite_give(s, id, stmt);
    return status;
}

const char *sqlite_text(sqlite3_stmt *stmt, int column)
{
    const void *text = sqlite3_column_text(stmt, column);
    return text ? text : "";
}

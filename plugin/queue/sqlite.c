/*
 * sqlite: a store in an SQLite database: opening, transactions, statements, errors.
 *
 * Write-ahead log, synchronous=FULL: a commit is one fdatasync, readers never wait. Writers line up at queue.write
 * before BEGIN IMMEDIATE. The log is written back after a commit once it is long, with the write lock already given
 * back, and a little earlier when a store is closed: who opens it first afterwards has to read it through. It is never
 * deleted, since overwriting a file is cheaper to make durable than growing one.
 *
 * Who owns what: the store owns connection, statements, place and lock. Between sqlite_take and sqlite_give a statement
 * is the borrower's, and the store makes itself another if it is asked for the same meanwhile.
 *
 * Another file may come to stand at the path while we have this one open (a rescue by another process, an admin).
 * Whatever was written to the old one would be lost, so each transaction begins by looking, and opens anew.
 *
 * DIAGNOSTICS: SQLite's codes become enum nt_status in sqlite_code(); each failure is logged where it happened, with
 * what was being done. A full disk is NT_EFULL and passes: the next transaction is tried as ever.
 */
#include "queue/sqlite_private.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/lock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000,
    SQL_MAX = 8192,
    WAL_LONG = 2000,      /* pages of 4 KB: written back after the commit */
    WAL_TOO_LONG = 16000, /* written back before anybody else may write */
    WAL_LEFT = 200,       /* what a closing store may leave: reading it through takes less than a millisecond */
    OPEN_TRIES = 3
};

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
        return NT_ECORRUPT;
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
    if (status)
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
        case 'b':
            t = va_arg(args, const char *);
            rc = sqlite3_bind_blob64(stmt, i, t ? t : "", va_arg(args, size_t), SQLITE_STATIC);
            break;
        default: /* 'n' */
            rc = sqlite3_bind_null(stmt, i);
        }
    }
    return rc;
}

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
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? NT_OK : sqlite_status(s, rc, doing);
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

/* ---- opening ---- */

static int count_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *s = arg;
    (void)db;
    (void)name;
    s->wal_pages = pages;
    return SQLITE_OK;
}

static int read_number(void *arg, int n, char **value, char **name)
{
    (void)name;
    if (n > 0 && value[0])
        *(int64_t *)arg = strtoll(value[0], NULL, 10);
    return 0;
}

static int pragma_number(sqlite3 *db, const char *sql, int64_t *out)
{
    *out = 0;
    return sqlite3_exec(db, sql, read_number, out, NULL);
}

static int read_mode(void *arg, int n, char **value, char **name)
{
    (void)name;
    if (n > 0 && value[0])
        snprintf(arg, 16, "%s", value[0]);
    return 0;
}

/* "file:PATH?immutable=1": for a store whose folder we may not write, at rest. */
static enum nt_status immutable_uri(const char *path, struct buf *out)
{
    buf_adds(out, "file:");
    for (const char *p = path; *p; p++) {
        if (*p == '%' || *p == '?' || *p == '#')
            buf_addf(out, "%%%02X", (unsigned)*p);
        else
            buf_addc(out, *p);
    }
    return buf_adds(out, "?immutable=1");
}

/* Opens the file and touches it once, since SQLite itself puts that off. */
static int open_file(struct sqlite_store *s, const char *name, int flags, int64_t *version)
{
    static const char settings[] =
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000; PRAGMA mmap_size = 0;"
        " PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        " PRAGMA secure_delete = FAST";
    int rc = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_wal_hook(s->db, count_pages, s);
    rc = sqlite3_exec(s->db, settings, NULL, NULL, NULL);
    return rc == SQLITE_OK ? pragma_number(s->db, "PRAGMA user_version", version) : rc;
}

/* Not ours, too new, or in need of tables? */
static enum nt_status judge(struct sqlite_store *s, int64_t version, bool *migrate, struct buf *error)
{
    int64_t id = 0, tables = 0;
    int rc = pragma_number(s->db, "PRAGMA application_id", &id);
    if (rc == SQLITE_OK && id != SQLITE_STORE_ID)
        rc = pragma_number(s->db, "SELECT count(*) FROM sqlite_master", &tables);
    if (rc != SQLITE_OK) {
        place_say(error, "store: %s: %s", s->place.database, sqlite3_errmsg(s->db));
        return sqlite_code(s->db, rc);
    }
    *migrate = false;
    if (id != SQLITE_STORE_ID && (tables || version)) {
        place_say(error, "store: %s is a database of something else", s->place.database);
        return NT_EINVAL;
    }
    if (version > SQLITE_SCHEMA_VERSION) {
        place_say(error, "store: %s has schema %lld, newer than the %d known here: left untouched", s->place.database,
                  (long long)version, SQLITE_SCHEMA_VERSION);
        return NT_ENEWER;
    }
    *migrate = version < SQLITE_SCHEMA_VERSION;
    return NT_OK;
}

static enum nt_status make_schema(struct sqlite_store *s, int64_t version, struct buf *error)
{
    char mode[16] = "";
    int rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", read_mode, mode, NULL);
    if (rc != SQLITE_OK) {
        place_say(error, "store: %s: %s", s->place.database, sqlite3_errmsg(s->db));
        return sqlite_code(s->db, rc);
    }
    if (!s->place.memory && strcmp(mode, "wal") != 0) {
        place_say(error, "store: %s: no write-ahead log is possible there (is it a network file system?)",
                  s->place.database);
        return NT_EIO;
    }
    return sqlite_migrate(s->db, sqlite_migrations, (int)version, SQLITE_SCHEMA_VERSION, error);
}

/* One try. NT_ENOENT: there is nothing, or nothing yet, to open. */
static enum nt_status connect_once(struct sqlite_store *s, bool make, struct buf *error)
{
    struct stat before = {0};
    int64_t version = 0;
    bool migrate = false;
    struct buf uri;
    buf_init(&uri, SQL_MAX);
    enum nt_status status = NT_OK;
    int rc;
    if (!s->place.memory) {
        if (make) {
            status = place_make_file(&s->place, s->place.database);
            if (status) {
                place_say(error, "store: %s: cannot be made: %s", s->place.database, nt_status_text(status));
                goto done;
            }
        }
        if (stat(s->place.database, &before) != 0) {
            status = place_errno(errno);
            place_say(error, "store: %s: %s", s->place.database, strerror(errno));
            goto done;
        }
    }
    rc = open_file(s, s->place.database,
                   s->place.memory ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                   : s->readonly   ? SQLITE_OPEN_READONLY
                                   : SQLITE_OPEN_READWRITE,
                   &version);
    if (s->readonly && (rc & 0xff) == SQLITE_CANTOPEN && before.st_size > 0) {
        /* The log cannot be opened nor made beside it; with none there the file alone is the whole truth. */
        struct stat wal;
        char *log = mem_alloc(strlen(s->place.database) + 5);
        if (log) {
            sprintf(log, "%s-wal", s->place.database);
            if (stat(log, &wal) != 0 || wal.st_size == 0) {
                sqlite3_close(s->db);
                s->db = NULL;
                status = immutable_uri(s->place.database, &uri);
                if (status == NT_OK)
                    rc = open_file(s, buf_text(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &version);
            }
        }
        mem_free(log);
        if (status)
            goto done;
    }
    if (rc != SQLITE_OK) {
        status = sqlite_code(s->db, rc);
        place_say(error, "store: %s: %s", s->place.database, s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
        goto done;
    }
    if (!s->readonly && sqlite3_db_readonly(s->db, "main") == 1) {
        status = NT_EACCES;
        place_say(error, "store: %s: may be read but not written", s->place.database);
        goto done;
    }
    status = judge(s, version, &migrate, error);
    if (status == NT_OK && migrate) {
        if (!make) {
            status = NT_ENOENT;
            goto done;
        }
        status = make_schema(s, version, error);
        if (status == NT_OK && !s->place.memory)
            status = place_sync(&s->place); /* the name itself */
    }
    s->device = before.st_dev;
    s->inode = before.st_ino;
done:
    buf_clean(&uri);
    if (status)
        sqlite_disconnect(s);
    return status;
}

enum nt_status sqlite_connect(struct sqlite_store *s, bool make, struct buf *error)
{
    enum nt_status status = NT_EIO;
    for (int i = 0; i < OPEN_TRIES; i++) {
        status = connect_once(s, make, error);
        if (status || !sqlite_replaced(s))
            break;
        sqlite_disconnect(s); /* replaced between our looking and our opening: which of the two have we got? */
        status = NT_EIO;
    }
    return status;
}

bool sqlite_replaced(const struct sqlite_store *s)
{
    struct stat st;
    if (s->place.memory)
        return false;
    return stat(s->place.database, &st) != 0 || st.st_dev != s->device || st.st_ino != s->inode;
}

void sqlite_disconnect(struct sqlite_store *s)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(s->stmt[i]);
        s->stmt[i] = NULL;
    }
    if (s->db)
        sqlite3_close_v2(s->db); /* v2: a visit that is still running keeps its statement */
    s->db = NULL;
    s->counter_known = s->counter_dirty = false;
    s->wal_pages = 0;
}

static void checkpoint(struct sqlite_store *s)
{
    int left = 0;
    /* Passive: takes what no reader is in the way of, waits for nobody. Its failure costs nothing but a longer log. */
    if (sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_PASSIVE, &left, NULL) == SQLITE_OK)
        s->wal_pages = 0;
}

/* ---- transactions ---- */

static void unlock(struct sqlite_store *s)
{
    if (s->locked)
        write_lock_release(s->lock);
    s->locked = false;
}

static enum nt_status lock(struct sqlite_store *s)
{
    enum nt_status status = write_lock_take(s->lock, BUSY_MS);
    s->locked = status == NT_OK;
    if (status)
        log_warning("store %s: the write lock: %s", s->place.database, nt_status_text(status));
    return status;
}

static enum nt_status reopen(struct sqlite_store *s, bool make)
{
    struct buf error;
    buf_init(&error, SQL_MAX);
    log_warning("store %s: another file has taken its place: opened anew", s->place.database);
    sqlite_disconnect(s);
    enum nt_status status = sqlite_connect(s, make, &error);
    if (status)
        log_error("%s", buf_text(&error));
    buf_clean(&error);
    return status;
}

static enum nt_status begin(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    if (s->readonly)
        return NT_EACCES;
    if (s->writing)
        return NT_EINVAL;
    enum nt_status status = fault_point("store.begin");
    if (status)
        return status;
    status = lock(s);
    if (status)
        return status;
    if (!s->db || sqlite_replaced(s))
        status = reopen(s, true);
    if (status == NT_OK)
        status = sqlite_run(s, SQL_BEGIN, "begin", "");
    if (status) {
        unlock(s);
        return status;
    }
    s->writing = true;
    s->counter_known = s->counter_dirty = false;
    return NT_OK;
}

static void rollback(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->writing)
        return;
    /* After some errors (a full disk among them) SQLite has rolled back by itself. */
    if (s->db && !sqlite3_get_autocommit(s->db) && sqlite_run(s, SQL_ROLLBACK, "rollback", "") != NT_OK)
        sqlite_disconnect(s); /* which ends it in any case; begin() connects again */
    s->writing = s->counter_known = s->counter_dirty = false;
    unlock(s);
}

static enum nt_status commit(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->writing)
        return NT_EINVAL;
    enum nt_status status = fault_point("store.commit.before");
    if (status == NT_OK && s->counter_dirty)
        status = sqlite_run(s, SQL_COUNTER_PUT, "counting", "iiii", s->counter.change, s->counter.page,
                            s->counter.alert, s->counter.rescued);
    if (status == NT_OK)
        status = sqlite_run(s, SQL_COMMIT, "commit", "");
    if (status) {
        rollback(store);
        return status;
    }
    (void)fault_point("store.commit.after"); /* only a death there makes a difference: it is done */
    s->writing = s->counter_known = s->counter_dirty = false;
    if (s->wal_pages >= WAL_TOO_LONG)
        checkpoint(s);
    unlock(s);
    if (s->wal_pages >= WAL_LONG)
        checkpoint(s);
    return NT_OK;
}

enum nt_status sqlite_counter(struct sqlite_store *s)
{
    if (!s->writing)
        return NT_EINVAL;
    if (s->counter_known)
        return NT_OK;
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    enum nt_status status = sqlite_ask(s, SQL_COUNTER_GET, &stmt, "");
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "counting");
    if (status == NT_OK && !row) {
        log_error("store %s: its counter is gone", s->place.database);
        status = NT_ECORRUPT;
    }
    if (status == NT_OK) {
        s->counter.change = sqlite3_column_int64(stmt, 0);
        s->counter.page = sqlite3_column_int64(stmt, 1);
        s->counter.alert = sqlite3_column_int64(stmt, 2);
        s->counter.rescued = sqlite3_column_int64(stmt, 3);
        s->counter_known = true;
    }
    sqlite_give(s, SQL_COUNTER_GET, stmt);
    return status;
}

static enum nt_status change(struct store *store, int64_t *last)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    enum nt_status status = NT_OK;
    *last = 0;
    if (s->counter_known) {
        *last = s->counter.change;
        return NT_OK;
    }
    /* Who only watches never begins, and would watch a file that nobody writes any more. */
    if (!s->writing && (!s->db || sqlite_replaced(s)))
        status = reopen(s, false);
    if (status == NT_OK)
        status = sqlite_ask(s, SQL_CHANGE, &stmt, "");
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "reading the change counter");
    if (status == NT_OK && row)
        *last = sqlite3_column_int64(stmt, 0);
    sqlite_give(s, SQL_CHANGE, stmt);
    return status;
}

static void close_store(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    rollback(store);
    if (s->db && s->wal_pages > WAL_LEFT)
        checkpoint(s);
    sqlite_disconnect(s);
    if (s->lock >= 0)
        close(s->lock);
    place_clean(&s->place);
    mem_free(s);
}

static const struct store_ops sqlite_ops = {
    .name = "sqlite",
    .close = close_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .alert_put = sqlite_alert_put,
    .alert_get = sqlite_alert_get,
    .page_put = sqlite_page_put,
    .page_save = sqlite_page_save,
    .page_get = sqlite_page_get,
    .pages = sqlite_pages,
    .change = change,
    .step_put = sqlite_step_put,
    .steps = sqlite_steps,
    .send_put = sqlite_send_put,
    .sends_of_number = sqlite_sends_of_number,
    .sends_of_sender = sqlite_sends_of_sender,
    .number_get = sqlite_number_get,
    .number_put = sqlite_number_put,
    .numbers = sqlite_numbers,
    .mark_put = sqlite_mark_put,
    .mark_get = sqlite_mark_get,
    .totals = sqlite_totals,
    .purge = sqlite_purge,
    .sid_known = sqlite_sid_known,
};

enum nt_status sqlite_new(struct place *place, bool readonly, struct sqlite_store **out, struct buf *error)
{
    *out = NULL;
    struct sqlite_store *s = mem_zalloc(sizeof *s);
    if (!s) {
        place_clean(place);
        return NT_ENOMEM;
    }
    s->store.ops = &sqlite_ops;
    s->place = *place;
    s->readonly = readonly;
    s->lock = -1;
    enum nt_status status = readonly ? NT_OK : write_lock_open(&s->place, &s->lock);
    if (status) {
        place_say(error, "store: %s: queue.write beside it: %s", s->place.database, nt_status_text(status));
        close_store(&s->store);
        return status;
    }
    *out = s;
    return NT_OK;
}

enum nt_status sqlite_open(const char *url, struct store **out, struct buf *error)
{
    struct sqlite_store *s = NULL;
    struct place place;
    *out = NULL;
    enum nt_status status = place_init(&place, url, error);
    if (status)
        return status;
    status = place_make_folder(&place, error);
    if (status) {
        place_clean(&place);
        return status;
    }
    status = sqlite_new(&place, false, &s, error);
    if (status)
        return status;
    /* Nearly always it is there and good; making it and migrating it wait for their turn. */
    struct buf quiet;
    buf_init(&quiet, SQL_MAX);
    status = s->place.memory ? NT_ENOENT : sqlite_connect(s, false, &quiet);
    if (status == NT_ENOENT) {
        status = lock(s);
        if (status == NT_OK)
            status = sqlite_connect(s, true, error);
        else
            place_say(error, "store: %s: %s", s->place.database, nt_status_text(status));
        unlock(s);
    } else if (status) {
        place_say(error, "%s", buf_text(&quiet));
    }
    buf_clean(&quiet);
    if (status) {
        close_store(&s->store);
        return status;
    }
    *out = &s->store;
    return NT_OK;
}

enum nt_status sqlite_open_readonly(const char *url, struct store **out, struct buf *error)
{
    struct sqlite_store *s = NULL;
    struct place place;
    *out = NULL;
    enum nt_status status = place_init(&place, url, error);
    if (status == NT_OK)
        status = sqlite_new(&place, true, &s, error);
    if (status)
        return status;
    status = s->place.memory ? NT_ENOENT : sqlite_connect(s, false, error);
    if (status) {
        close_store(&s->store);
        return status;
    }
    *out = &s->store;
    return NT_OK;
}

/*
 * sqlite_open: from a path to a connection that may be trusted.
 *
 * A file is opened as it is if it can be; making one, and bringing an older one up to date, is for whoever holds the
 * write lock. The check is quick: that the file is a database, ours, and of a version known here. Damage further in
 * shows when it is met.
 *
 * SQLite's own descriptors are the only ones of the database: closing another would drop the locks of all of them.
 *
 * DIAGNOSTICS: NT_ENOENT nothing, or nothing yet, to open; NT_ENEWER; NT_EINVAL a database of something else;
 * NT_EACCES; NT_ECORRUPT; NT_EIO, also where no write-ahead log is possible. With words.
 */
#include "queue/sqlite_private.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BUSY_PAUSE = 5, URI_MAX = 8192, OPEN_TRIES = 3 };

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
    *out = INT64_MIN;
    int rc = sqlite3_exec(db, sql, read_number, out, NULL);
    /* Each of them has an answer. To take none for 0 would be to take a store for one without tables. */
    return rc == SQLITE_OK && *out == INT64_MIN ? SQLITE_IOERR : rc;
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
    sqlite3_busy_timeout(s->db, (int)s->store.patience);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_wal_hook(s->db, count_pages, s);
    rc = sqlite3_exec(s->db, settings, NULL, NULL, NULL);
    return rc == SQLITE_OK ? pragma_number(s->db, "PRAGMA user_version", version) : rc;
}

/* Not ours, too new, or in need of tables? Read in one transaction: another process may be making the tables right now.
 */
static enum nt_status judge(struct sqlite_store *s, int64_t *version_out, bool *migrate, struct buf *error)
{
    int64_t id = 0, tables = 0, version = 0;
    int rc = sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = pragma_number(s->db, "SELECT count(*) FROM sqlite_master", &tables);
    if (rc == SQLITE_OK)
        rc = pragma_number(s->db, "PRAGMA application_id", &id);
    if (rc == SQLITE_OK)
        rc = pragma_number(s->db, "PRAGMA user_version", &version);
    if (rc != SQLITE_OK) {
        place_say(error, "store: %s: %s", s->place.database, sqlite3_errmsg(s->db));
        enum nt_status status = sqlite_code(s->db, rc);
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    (void)sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL); /* of nothing but reading */
    *version_out = version;
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

/* A second name is rare, and mostly an admin's. */
static enum nt_status whole(const struct sqlite_store *s, const struct stat *file, struct buf *error)
{
    bool halfway = false;
    enum nt_status status = file->st_nlink > 1 ? sqlite_exchange_look(&s->place, &halfway) : NT_OK;
    if (status == NT_OK && halfway)
        status = NT_ECORRUPT;
    if (status)
        place_say(error, "store: %s: %s", s->place.database,
                  halfway ? "its rescue was interrupted" : nt_status_text(status));
    return status;
}

/* One try. NT_ENOENT: there is nothing, or nothing yet, to open. */
static enum nt_status connect_once(struct sqlite_store *s, bool make, struct buf *error)
{
    struct stat before = {0};
    int64_t version = 0;
    bool migrate = false;
    struct buf uri;
    buf_init(&uri, URI_MAX);
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
        status = whole(s, &before, error);
        if (status)
            goto done;
    }
    rc = open_file(s, s->place.database,
                   s->place.memory ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                   : s->readonly   ? SQLITE_OPEN_READONLY
                                   : SQLITE_OPEN_READWRITE,
                   &version);
    if (s->readonly && ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) && before.st_size > 0) {
        /* The log cannot be opened nor made beside it; with none there the file alone is the whole truth. */
        struct stat wal;
        status = buf_addf(&uri, "%s-wal", s->place.database);
        if (status == NT_OK && (stat(buf_text(&uri), &wal) != 0 || wal.st_size == 0)) {
            sqlite3_close(s->db);
            s->db = NULL;
            buf_reset(&uri);
            status = immutable_uri(s->place.database, &uri);
            if (status == NT_OK)
                rc = open_file(s, buf_text(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &version);
        }
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
    status = judge(s, &version, &migrate, error);
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

/* SQLite's own patience does not cover the change to a write-ahead log, which is refused at once while anybody else has
 * a lock: of a maker that is killed, queue.write may be free a moment before his locks of the database are. */
static enum nt_status connect_patiently(struct sqlite_store *s, bool make, struct buf *error)
{
    int64_t end = clock_boot(clock_system()) + s->store.patience;
    for (;;) {
        if (error)
            buf_reset(error);
        enum nt_status status = connect_once(s, make, error);
        if (status != NT_EBUSY || clock_boot(clock_system()) >= end)
            return status;
        poll(NULL, 0, BUSY_PAUSE);
    }
}

enum nt_status sqlite_connect(struct sqlite_store *s, bool make, struct buf *error)
{
    enum nt_status status = NT_EIO;
    for (int i = 0; i < OPEN_TRIES; i++) {
        status = connect_patiently(s, make, error);
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
    s->log_is_roomy = false;
}

/*
 * sqlite: a store in an SQLite database: its ways in, its transactions, its end.
 *
 * Write-ahead log, synchronous=FULL: a commit is one fdatasync, readers never wait. Writers line up at queue.write
 * before BEGIN IMMEDIATE. What becomes of the log is told in sqlite_log.c.
 *
 * Who owns what: the store owns connection, statements, place and lock.
 *
 * Another file may come to stand at the path while we have this one open (a rescue by another process, an admin).
 * Whatever was written to the old one would be lost, so each transaction begins by looking, and opens anew.
 *
 * DIAGNOSTICS: what sqlite_code() makes of SQLite's codes. A full disk is NT_EFULL and passes: the next transaction is
 * tried as ever.
 */
#include "queue/sqlite_private.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/lock.h"

#include <unistd.h>

enum { WORDS_MAX = 4096 };

static void unlock(struct sqlite_store *s)
{
    if (s->locked)
        write_lock_release(s->lock);
    s->locked = false;
}

static enum nt_status lock(struct sqlite_store *s)
{
    enum nt_status status = write_lock_take(s->lock, s->store.patience);
    s->locked = status == NT_OK;
    if (status)
        log_warning("store %s: the write lock: %s", s->place.database, nt_status_text(status));
    return status;
}

static enum nt_status reopen(struct sqlite_store *s, bool make)
{
    struct buf error;
    buf_init(&error, WORDS_MAX);
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
    if (status == NT_OK) {
        sqlite3_busy_timeout(s->db, (int)s->store.patience); /* it may have changed since the file was opened */
        status = sqlite_run(s, SQL_BEGIN, "begin", "");
    }
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
    sqlite_log_write_back(s, LOG_TOO_LONG);
    unlock(s);
    sqlite_log_write_back(s, LOG_LONG);
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
    if (s->db && !store->brief)
        sqlite_log_write_back(s, LOG_LEFT);
    sqlite_disconnect(s);
    if (s->lock >= 0)
        close(s->lock);
    place_clean(&s->place);
    mem_free(s);
}

static void idle(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->db || s->writing)
        return;
    sqlite_log_write_back(s, LOG_IDLE);
    if (!sqlite_log_is_short(s) || write_lock_take(s->lock, 0) != NT_OK)
        return;
    s->locked = true;
    /* In a transaction, so that nobody else, of whatever kind, is writing to the log. */
    s->writing = !sqlite_replaced(s) && sqlite_run(s, SQL_BEGIN, "begin", "") == NT_OK;
    if (s->writing)
        sqlite_log_make_room(s);
    rollback(store);
    unlock(s);
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
    .idle = idle,
    .sid_known = sqlite_sid_known,
};

enum nt_status sqlite_new(struct place *place, bool readonly, struct sqlite_store **out, struct buf *error)
{
    *out = NULL;
    enum nt_status status = sqlite_library_load();
    struct sqlite_store *s = status ? NULL : mem_zalloc(sizeof *s);
    if (!s) {
        if (status)
            place_say(error, "store: %s: SQLite cannot be loaded", place->database);
        place_clean(place);
        return status ? status : NT_ENOMEM;
    }
    s->store.ops = &sqlite_ops;
    s->store.patience = STORE_PATIENCE;
    s->place = *place;
    s->readonly = readonly;
    s->lock = -1;
    status = readonly ? NT_OK : write_lock_open(&s->place, &s->lock);
    if (status) {
        place_say(error, "store: %s: queue.write beside it: %s", s->place.database, nt_status_text(status));
        close_store(&s->store);
        return status;
    }
    *out = s;
    return NT_OK;
}

enum nt_status sqlite_open(const char *url, int64_t patience, struct store **out, struct buf *error)
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
    s->store.patience = patience;
    /* Nearly always it is there and good; making it and migrating it wait for their turn. */
    struct buf quiet;
    buf_init(&quiet, WORDS_MAX);
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

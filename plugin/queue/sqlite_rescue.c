/*
 * sqlite_rescue: a damaged database is set aside, and what can be read of it goes on in a new one.
 *
 * All of it happens under the write lock, in an order that a kill at any point survives:
 *   1. the new database is made as PATH.new (whatever a dead rescue left there is removed first) and filled;
 *   2. its log is written back and gone, so that the one file is all of it;
 *   3. it takes the damaged one's place (see sqlite_exchange.c).
 * Until then the damaged one stands at its place and the next who opens it begins again.
 *
 * Others may come with the same complaint a moment later: they find a store that was made by a rescue less than a
 * minute ago, and take it. Those who still have the damaged file open notice at their next transaction that another
 * stands at its path (see sqlite.c).
 *
 * What goes over, and how, is sqlite_salvage.c's.
 *
 * DIAGNOSTICS: NT_EBUSY, NT_EFULL, NT_EIO, NT_EACCES of the new database, with words; whatever goes wrong with the old
 * one is only logged.
 */
#include "queue/sqlite_private.h"

#include "base/log.h"
#include "base/mem.h"
#include "queue/lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JUST_NOW_MS = 60 * 1000 };

static void remove_with_tail(const char *path, const char *tail)
{
    char *name = place_joined(path, tail);
    if (name)
        (void)unlink(name); /* mostly it is not there */
    mem_free(name);
}

static void remove_new(const char *path)
{
    remove_with_tail(path, ".new");
    remove_with_tail(path, ".new-wal");
    remove_with_tail(path, ".new-shm");
}

/* Makes PATH.new, full and closed. Its own write lock is the same queue.write that we hold, so it gets none. */
static enum nt_status make_new(const char *url, const struct place *place, int64_t now, size_t *taken,
                               struct buf *error)
{
    struct sqlite_store *new = NULL;
    struct place where = {place_joined(place->database, ".new"), mem_strdup(place->folder), false};
    enum nt_status status = NT_ENOMEM;
    if (!where.database || !where.folder) {
        place_clean(&where);
        return status;
    }
    status = sqlite_new(&where, false, &new, error);
    if (status)
        return status;
    close(new->lock);
    new->lock = -1;
    status = sqlite_connect(new, true, error);
    if (status == NT_OK)
        status = sqlite_salvage(url, new, now, taken);
    if (status == NT_OK) {
        int rc = sqlite3_wal_checkpoint_v2(new->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        if (rc != SQLITE_OK)
            status = sqlite_status(new, rc, "writing the new store back");
    }
    if (status && error && !error->len)
        place_say(error, "store: %s.new: %s", place->database, nt_status_text(status));
    store_close(&new->store);
    if (status == NT_OK) {
        remove_with_tail(place->database, ".new-wal");
        remove_with_tail(place->database, ".new-shm");
    }
    return status;
}

/* Has somebody else rescued it a moment ago? */
static bool is_fresh(struct sqlite_store *s, int64_t now)
{
    struct sqlite_counter none = {0, 0, 0, 0};
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    if (sqlite_ask(s, SQL_COUNTER_GET, &stmt, "") == NT_OK && sqlite_step_row(s, stmt, &row, "looking") == NT_OK && row)
        none.rescued = sqlite3_column_int64(stmt, 3);
    sqlite_give(s, SQL_COUNTER_GET, stmt);
    return none.rescued && llabs(now - none.rescued) < JUST_NOW_MS;
}

enum nt_status sqlite_rescue(const char *url, int64_t now, struct store **out, size_t *taken, struct buf *error)
{
    struct sqlite_store *s = NULL;
    struct place place;
    struct buf quiet;
    struct stat st;
    buf_init(&quiet, 4096);
    enum nt_status status = place_init(&place, url, error);
    if (status)
        return status;
    if (place.memory) {
        place_clean(&place);
        return sqlite_open(url, STORE_PATIENCE, out, error);
    }
    status = place_make_folder(&place, error);
    if (status) {
        place_clean(&place);
        return status;
    }
    status = sqlite_new(&place, false, &s, error);
    if (status)
        return status;
    status = write_lock_take(s->lock, s->store.patience);
    if (status) {
        place_say(error, "store: %s: %s", s->place.database, nt_status_text(status));
        goto done;
    }
    s->locked = true;
    status = sqlite_exchange_undo(&s->place); /* somebody may have been killed in the middle of it */
    if (status) {
        place_say(error, "store: %s: %s", s->place.database, nt_status_text(status));
        goto done;
    }
    if (stat(s->place.database, &st) != 0 && errno == ENOENT) {
        status = sqlite_connect(s, true, error); /* nothing to rescue any more */
        goto done;
    }
    status = sqlite_connect(s, true, &quiet);
    if (status == NT_OK && is_fresh(s, now))
        goto done;
    if (status == NT_ENEWER || status == NT_EACCES || status == NT_EINVAL || status == NT_ENOMEM ||
        status == NT_EFULL) {
        place_say(error, "%s", buf_text(&quiet)); /* not damaged, whatever else */
        goto done;
    }
    sqlite_disconnect(s);
    *taken = 0;
    remove_new(s->place.database);
    status = make_new(url, &s->place, now, taken, error);
    if (status == NT_OK)
        status = sqlite_exchange(&s->place, now, error);
    if (status)
        remove_new(s->place.database);
    else
        status = sqlite_connect(s, true, error);
done:
    buf_clean(&quiet);
    if (s->locked)
        write_lock_release(s->lock);
    s->locked = false;
    if (status)
        store_close(&s->store);
    else
        *out = &s->store;
    return status;
}

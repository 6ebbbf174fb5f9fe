/*
 * sqlite_rescue: a damaged database is set aside, and what can be read of it goes on in a new one.
 *
 * All of it happens under the write lock, in an order that a kill at any point survives:
 *   1. the new database is made as PATH.new (whatever a dead rescue left there is removed first) and filled;
 *   2. its log is written back and gone, so that the one file is all of it;
 *   3. PATH.corrupt-EPOCH becomes a second name of the damaged database, and its log PATH.corrupt-EPOCH-wal;
 *   4. PATH.new takes the name PATH; where it cannot, the log goes back.
 * Until 4 the damaged one stands at its place and the next who opens it begins again.
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

/* PATH + tail. */
static char *with_tail(const char *path, const char *tail)
{
    size_t size = strlen(path) + strlen(tail) + 1;
    char *out = mem_alloc(size);
    if (out)
        snprintf(out, size, "%s%s", path, tail);
    return out;
}

static void remove_with_tail(const char *path, const char *tail)
{
    char *name = with_tail(path, tail);
    if (name)
        (void)unlink(name); /* mostly it is not there */
    mem_free(name);
}

/* ---- the exchange ---- */

struct files {
    char *database, *log, *index;
};

static void files_clean(struct files *f)
{
    mem_free(f->database);
    mem_free(f->log);
    mem_free(f->index);
    *f = (struct files){NULL, NULL, NULL};
}

static enum nt_status files_init(struct files *f, const char *path, const char *tail)
{
    *f = (struct files){with_tail(path, tail), NULL, NULL};
    if (f->database) {
        f->log = with_tail(f->database, "-wal");
        f->index = with_tail(f->database, "-shm");
    }
    if (f->log && f->index)
        return NT_OK;
    files_clean(f);
    return NT_ENOMEM;
}

/* There may be neither. */
static void move_log(const struct files *from, const struct files *to)
{
    (void)rename(from->log, to->log);
    (void)rename(from->index, to->index);
}

/* The first free PATH.corrupt-EPOCH, made as a second name of the damaged database; its log goes along. */
static enum nt_status set_aside(const struct files *here, int64_t now, struct files *aside, struct buf *error)
{
    enum nt_status status = NT_EEXIST;
    for (int64_t epoch = now / 1000; status == NT_EEXIST; epoch++) {
        char tail[64];
        snprintf(tail, sizeof tail, ".corrupt-%lld", (long long)epoch);
        status = files_init(aside, here->database, tail);
        if (status == NT_OK && link(here->database, aside->database) != 0) {
            status = errno == EEXIST ? NT_EEXIST : place_errno(errno);
            files_clean(aside);
        }
    }
    if (status)
        place_say(error, "store: %s: cannot be set aside: %s", here->database, nt_status_text(status));
    else
        move_log(here, aside);
    return status;
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
    struct place where = {with_tail(place->database, ".new"), mem_strdup(place->folder), false};
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

static enum nt_status put_in_place(const struct place *place, int64_t now, struct buf *error)
{
    struct files here, aside = {NULL, NULL, NULL};
    char *made = with_tail(place->database, ".new");
    enum nt_status status = files_init(&here, place->database, "");
    if (!made)
        status = NT_ENOMEM;
    if (status == NT_OK)
        status = set_aside(&here, now, &aside, error);
    if (status)
        goto done;
    if (rename(made, here.database) == 0) {
        /* It is named: set_aside() says NT_OK only then, since place_errno() never does. */
        (void)unlink(aside.index); /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
        status = place_sync(place);
        goto done;
    }
    status = place_errno(errno);
    place_say(error, "store: %s: %s", here.database, strerror(errno));
    /* It stays, and the next try wants what is in its log, too. */
    move_log(&aside, &here);
    (void)unlink(aside.database); /* NOLINT(clang-analyzer-core.NonNullParamChecker): as above */
done:
    files_clean(&here);
    files_clean(&aside);
    mem_free(made);
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
        status = put_in_place(&s->place, now, error);
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

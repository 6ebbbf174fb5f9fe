/*
 * sqlite_salvage: what can still be read of a damaged database, into a new one.
 *
 * What is taken over: unfinished pages and those of the last day (so that nothing is told twice), each with its alert
 * and steps; sends of the last week, numbers, marks. Ids stay, the change counter goes on from where it was, so that
 * whoever watches it sees every page.
 *
 * Reading a damaged table stops where the damage is. So ids are collected from several sides — the small index of what
 * is unfinished, the table from its beginning and from its end — and then read one by one, leaving out what cannot be
 * read.
 *
 * DIAGNOSTICS: only what goes wrong with the new database is returned; how much of the old one was lost is logged.
 */
#include "queue/sqlite_private.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000, WEEK_MS = 7 * DAY_MS, ID_MAX = 10 * 1000 * 1000 };

/* ---- reading what can be read ---- */

struct ids {
    int64_t *item;
    size_t n, size;
};

/* Runs sql (id first, ?1 bound to since) on the damaged database as far as it goes. */
static enum nt_status gather_ids(struct sqlite_store *old, const char *sql, int64_t since, struct ids *out)
{
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = NT_OK;
    if (sqlite3_prepare_v2(old->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_bind_int64(stmt, 1, since) != SQLITE_OK)
        goto done;
    while (sqlite3_step(stmt) == SQLITE_ROW && out->n < ID_MAX) {
        if (!VECTOR_GROW(out, item)) {
            status = NT_ENOMEM;
            break;
        }
        out->item[out->n++] = sqlite3_column_int64(stmt, 0);
    }
done:
    sqlite3_finalize(stmt);
    return status;
}

static int by_value(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void sort_ids(struct ids *ids)
{
    size_t n = 0;
    if (ids->n)
        qsort(ids->item, ids->n, sizeof *ids->item, by_value);
    for (size_t i = 0; i < ids->n; i++) {
        if (!n || ids->item[i] != ids->item[n - 1])
            ids->item[n++] = ids->item[i];
    }
    ids->n = n;
}

/* ---- writing it down again ---- */

/* The row that from stands at, column by column. SQLITE_DONE when it is in. */
static int insert_row(sqlite3_stmt *from, sqlite3_stmt *to)
{
    int rc = SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < sqlite3_column_count(from); i++)
        rc = sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
    return rc == SQLITE_OK ? sqlite3_step(to) : rc;
}

/* The alert as it is stored, not unpacked: even a damaged one may serve somebody. NT_OK also when there is none. */
static enum nt_status copy_alert(struct sqlite_store *old, struct sqlite_store *new, int64_t id)
{
    sqlite3_stmt *from = NULL, *to = NULL;
    enum nt_status status = NT_OK;
    if (id <= 0 ||
        sqlite3_prepare_v2(old->db, "SELECT id, received, data FROM alert WHERE id = ?1", -1, &from, NULL) != SQLITE_OK)
        goto done;
    sqlite3_bind_int64(from, 1, id);
    if (sqlite3_step(from) != SQLITE_ROW)
        goto done;
    /* OR IGNORE: several pages share an alert */
    if (sqlite3_prepare_v2(new->db, "INSERT OR IGNORE INTO alert (id, received, data) VALUES (?1, ?2, ?3)", -1, &to,
                           NULL) != SQLITE_OK) {
        status = sqlite_status(new, sqlite3_errcode(new->db), "taking an alert over");
        goto done;
    }
    int rc = insert_row(from, to);
    if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_CONSTRAINT && (rc & 0xff) != SQLITE_MISMATCH)
        status = sqlite_status(new, rc, "taking an alert over");
    else if (new->counter.alert < id)
        new->counter.alert = id;
done:
    sqlite3_finalize(from);
    sqlite3_finalize(to);
    return status;
}

struct steps {
    struct sqlite_store *new;
    enum nt_status status;
};

static bool copy_step(void *arg, const struct page_step *step)
{
    struct steps *c = arg;
    c->status = sqlite_step_put(&c->new->store, step->page_id, step->at, step->state, step->reason);
    return c->status == NT_OK;
}

static enum nt_status copy_page(struct sqlite_store *old, struct sqlite_store *new, int64_t id, int64_t now,
                                size_t *taken, size_t *lost)
{
    struct page *p = NULL;
    struct steps steps = {.new = new};
    enum nt_status status = sqlite_page_get(&old->store, id, &p);
    if (status == NT_ENOMEM)
        return status;
    if (status) {
        ++*lost;
        return NT_OK;
    }
    if (id <= 0 || (page_settled(p->state) && p->created < now - DAY_MS && !(p->flags & PAGE_WATCH)))
        goto done;
    status = copy_alert(old, new, p->alert_id);
    if (status == NT_OK)
        status = sqlite_page_insert(new, p);
    if (status == NT_OK && sqlite_steps(&old->store, id, copy_step, &steps) == NT_ENOMEM)
        status = NT_ENOMEM;
    if (status == NT_OK)
        status = steps.status;
    if (status == NT_OK && !page_settled(p->state)) {
        ++*taken;
        status = sqlite_step_put(&new->store, id, now, p->state, "taken over from a damaged store");
    }
done:
    page_free(p);
    return status;
}

static enum nt_status copy_pages(struct sqlite_store *old, struct sqlite_store *new, int64_t now, size_t *taken)
{
    static const char *const sides[] = {
        "SELECT id FROM page INDEXED BY page_open WHERE state <= 2 AND ?1 = ?1",
        "SELECT id FROM page INDEXED BY page_created WHERE created >= ?1",
        "SELECT id FROM page INDEXED BY page_watch WHERE (flags & 256) <> 0 AND ?1 = ?1",
        "SELECT id FROM page NOT INDEXED WHERE state <= 2 OR (flags & 256) <> 0 OR created >= ?1 ORDER BY id",
        "SELECT id FROM page NOT INDEXED WHERE state <= 2 OR (flags & 256) <> 0 OR created >= ?1 ORDER BY id DESC",
    };
    struct ids ids = {NULL, 0, 0};
    enum nt_status status = NT_OK;
    for (size_t i = 0; status == NT_OK && i < sizeof sides / sizeof *sides; i++)
        status = gather_ids(old, sides[i], now - DAY_MS, &ids);
    sort_ids(&ids);
    size_t lost = 0;
    for (size_t i = 0; status == NT_OK && i < ids.n; i++)
        status = copy_page(old, new, ids.item[i], now, taken, &lost);
    if (lost)
        log_error("store %s: %zu pages could not be read any more", old->place.database, lost);
    mem_free(ids.item);
    return status;
}

/* The small tables, row by row, each from both ends: an INSERT per row read. */
static enum nt_status copy_rows(struct sqlite_store *old, struct sqlite_store *new, const char *select,
                                const char *insert, int64_t since)
{
    sqlite3_stmt *from = NULL, *to = NULL;
    enum nt_status status = NT_OK;
    if (sqlite3_prepare_v2(old->db, select, -1, &from, NULL) != SQLITE_OK)
        goto done;
    if (sqlite3_bind_parameter_count(from))
        sqlite3_bind_int64(from, 1, since);
    if (sqlite3_prepare_v2(new->db, insert, -1, &to, NULL) != SQLITE_OK) {
        status = sqlite_status(new, sqlite3_errcode(new->db), "taking over");
        goto done;
    }
    while (status == NT_OK && sqlite3_step(from) == SQLITE_ROW) {
        int rc = insert_row(from, to);
        if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_CONSTRAINT && (rc & 0xff) != SQLITE_MISMATCH)
            status = sqlite_status(new, rc, "taking over");
        sqlite3_reset(to);
    }
done:
    sqlite3_finalize(from);
    sqlite3_finalize(to);
    return status;
}

static enum nt_status copy_rest(struct sqlite_store *old, struct sqlite_store *new, int64_t now)
{
    static const char send[] =
        "INSERT OR IGNORE INTO send (id, number, class, sender, at, segments) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    static const char number[] = "INSERT OR IGNORE INTO number (number, opted_out, last_paged) VALUES (?1, ?2, ?3)";
    /* one whose alert is lost would promise pages that are not there */
    static const char request[] = "INSERT OR IGNORE INTO request (alert_id, at, uuid) SELECT ?1, ?2, ?3"
                                  " WHERE EXISTS (SELECT 1 FROM alert WHERE id = ?1)";
    static const char mark[] = "INSERT OR IGNORE INTO mark (name, at, value) VALUES (?1, ?2, ?3)";
    static const struct {
        const char *select, *insert;
    } table[] = {
        {"SELECT id, number, class, sender, at, segments FROM send WHERE at >= ?1 ORDER BY id", send},
        {"SELECT id, number, class, sender, at, segments FROM send WHERE at >= ?1 ORDER BY id DESC", send},
        {"SELECT number, opted_out, last_paged FROM number ORDER BY number", number},
        {"SELECT number, opted_out, last_paged FROM number ORDER BY number DESC", number},
        {"SELECT alert_id, at, uuid FROM request WHERE at >= ?1 ORDER BY alert_id", request},
        {"SELECT alert_id, at, uuid FROM request WHERE at >= ?1 ORDER BY alert_id DESC", request},
        {"SELECT name, at, value FROM mark ORDER BY name", mark},
        {"SELECT name, at, value FROM mark ORDER BY name DESC", mark},
    };
    enum nt_status status = NT_OK;
    for (size_t i = 0; status == NT_OK && i < sizeof table / sizeof *table; i++)
        status = copy_rows(old, new, table[i].select, table[i].insert, now - WEEK_MS);
    return status;
}

static void old_counter(struct sqlite_store *old, struct sqlite_counter *out)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(old->db, sqlite_sql_text(SQL_COUNTER_GET), -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        out->change = sqlite3_column_int64(stmt, 0);
        out->page = sqlite3_column_int64(stmt, 1);
        out->alert = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_finalize(stmt);
}

/* A number that was read from a damaged place is believed only as far as it leaves room to count on. */
static int64_t sane(int64_t n)
{
    return n >= 0 && n < INT64_MAX / 4 ? n : 0;
}

enum nt_status sqlite_salvage(const char *url, struct sqlite_store *new, int64_t now, size_t *taken)
{
    struct sqlite_store *old = NULL;
    struct place place;
    struct buf words;
    struct sqlite_counter counter = {0, 0, 0, 0};
    buf_init(&words, 4096);
    enum nt_status status = place_init(&place, url, NULL);
    if (status == NT_OK)
        status = sqlite_new(&place, true, &old, &words);
    if (status)
        goto done;
    old->damaged = true;
    status = sqlite_connect(old, false, &words);
    bool readable = status == NT_OK;
    if (status == NT_ENOMEM || status == NT_EBUSY || status == NT_EACCES || status == NT_EFULL)
        goto done; /* it may be read another time */
    status = new->store.ops->begin(&new->store);
    if (status == NT_OK)
        status = sqlite_counter(new);
    if (status)
        goto done;
    if (readable)
        old_counter(old, &counter);
    else
        log_warning("nothing can be read from the damaged store: %s", buf_text(&words));
    /* A counter that cannot be read was smaller than the milliseconds since 1970: nothing counts a thousand saves a
     * second for years. */
    new->counter.change = sane(counter.change) ? sane(counter.change) : now;
    new->counter.page = sane(counter.page);
    new->counter.alert = sane(counter.alert);
    new->counter.rescued = now;
    new->counter_dirty = true;
    if (readable) {
        status = copy_pages(old, new, now, taken);
        if (status == NT_OK)
            status = copy_rest(old, new, now);
    }
    if (status == NT_OK)
        status = new->store.ops->commit(&new->store);
    else
        new->store.ops->rollback(&new->store);
done:
    if (old)
        store_close(&old->store);
    buf_clean(&words);
    return status;
}

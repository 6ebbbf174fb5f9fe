/*
 * sqlite_keep: figures about the store, and keeping it small.
 *
 * Purging deletes pages that are settled and older than asked, a few at a time: what stands behind a digest only once
 * the digest itself may go, and the digest after it. An alert goes with its last page; one that never had a page, once
 * every page of its time is gone. Sends are the throttle's memory and need a week at most whatever is retained, so they
 * are kept a week longer than pages.
 *
 * A request's UUID matters for the seconds between a hand-over and its fallback; two days are kept.
 *
 * DIAGNOSTICS: SQLite's own.
 */
#include "queue/sqlite_private.h"

#include "base/mem.h"
#include "base/vector.h"

enum { DAY_MS = 24 * 3600 * 1000, REQUESTS_MS = 2 * DAY_MS, WEEK_MS = 7 * DAY_MS };

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || b < a ? b : a;
}

static enum nt_status total_open(struct sqlite_store *s, struct store_totals *out)
{
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_TOTAL_OPEN, &stmt, "");
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "counting pages");
        if (status || !row)
            break;
        int64_t n = sqlite3_column_int64(stmt, 1);
        switch (sqlite3_column_int64(stmt, 0)) {
        case PAGE_QUEUED:
            out->queued = n;
            out->most_overdue = sqlite3_column_int64(stmt, 3);
            break;
        case PAGE_HELD:
            out->held = n;
            break;
        case PAGE_SENDING:
            out->sending = n;
            break;
        default:
            continue; /* damaged */
        }
        out->oldest_unsettled = earlier(out->oldest_unsettled, sqlite3_column_int64(stmt, 2));
    }
    sqlite_give(s, SQL_TOTAL_OPEN, stmt);
    return status;
}

static enum nt_status total_ended(struct sqlite_store *s, int64_t since, struct store_totals *out)
{
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_TOTAL_ENDED, &stmt, "i", since);
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "counting pages");
        if (status || !row)
            break;
        int64_t state = sqlite3_column_int64(stmt, 0), n = sqlite3_column_int64(stmt, 1);
        if (state == PAGE_FAILED)
            out->failed = n;
        else if (state == PAGE_UNDELIVERED)
            out->undelivered = n;
        else
            out->expired = n;
    }
    sqlite_give(s, SQL_TOTAL_ENDED, stmt);
    return status;
}

enum nt_status sqlite_totals(struct store *store, int64_t since, struct store_totals *out)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    *out = (struct store_totals){0};
    enum nt_status status = total_open(s, out);
    if (status == NT_OK)
        status = total_ended(s, since, out);
    if (status == NT_OK)
        status = sqlite_ask(s, SQL_TOTAL_REST, &stmt, "");
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "counting pages");
    if (status == NT_OK && row) {
        out->watched = sqlite3_column_int64(stmt, 0);
        out->opted_out = sqlite3_column_int64(stmt, 1);
    }
    sqlite_give(s, SQL_TOTAL_REST, stmt);
    return status;
}

struct doomed {
    struct {
        int64_t page, alert;
    } * item;
    size_t n, size;
};

static enum nt_status find_doomed(struct sqlite_store *s, int64_t before, int64_t limit, struct doomed *d)
{
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_PURGE_PAGES, &stmt, "ii", before, limit);
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "looking for old pages");
        if (status || !row)
            break;
        if (!VECTOR_GROW(d, item)) {
            status = NT_ENOMEM;
            break;
        }
        d->item[d->n].page = sqlite3_column_int64(stmt, 0);
        d->item[d->n++].alert = sqlite3_column_int64(stmt, 1);
    }
    sqlite_give(s, SQL_PURGE_PAGES, stmt);
    return status;
}

/* The alerts before the first that a page still needs. */
static enum nt_status purge_orphans(struct sqlite_store *s, int64_t before, int64_t limit)
{
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    int64_t first = INT64_MAX;
    enum nt_status status = sqlite_ask(s, SQL_PURGE_OLDEST, &stmt, "");
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "looking for the oldest alert");
    if (status == NT_OK && row && sqlite3_column_type(stmt, 0) == SQLITE_INTEGER)
        first = sqlite3_column_int64(stmt, 0);
    sqlite_give(s, SQL_PURGE_OLDEST, stmt);
    return status ? status : sqlite_run(s, SQL_PURGE_ORPHANS, "deleting alerts", "iii", first, before, limit);
}

enum nt_status sqlite_purge(struct store *store, int64_t before, size_t limit, size_t *deleted)
{
    struct sqlite_store *s = sqlite_of(store);
    struct doomed d = {NULL, 0, 0};
    int64_t most = limit < INT32_MAX ? (int64_t)limit : INT32_MAX;
    *deleted = 0;
    enum nt_status status = s->writing ? find_doomed(s, before, most, &d) : NT_EINVAL;
    for (size_t i = 0; status == NT_OK && i < d.n; i++) {
        status = sqlite_run(s, SQL_PURGE_STEPS, "deleting steps", "i", d.item[i].page);
        if (status == NT_OK)
            status = sqlite_run(s, SQL_PURGE_PAGE, "deleting a page", "i", d.item[i].page);
        if (status == NT_OK && d.item[i].alert > 0)
            status = sqlite_run(s, SQL_PURGE_ALERT, "deleting an alert", "i", d.item[i].alert);
        if (status == NT_OK)
            ++*deleted;
    }
    if (status == NT_OK)
        status = purge_orphans(s, before, most);
    if (status == NT_OK)
        status = sqlite_run(s, SQL_PURGE_SENDS, "deleting sends", "ii", before - WEEK_MS, most);
    if (status == NT_OK)
        status = sqlite_run(s, SQL_PURGE_REQUESTS, "deleting requests", "ii", (int64_t)REQUESTS_MS, most);
    mem_free(d.item);
    return status;
}

/*
 * sqlite_query: which pages, in which order.
 *
 * A query first collects ids and then reads page by page with no statement left open: a visit may save, put and query
 * as it likes. The ids are the query's own, and freed when it ends.
 *
 * DIAGNOSTICS: NT_EINVAL for a kind of query that nobody knows; NT_ENOMEM; what SQLite says. A page that is gone by the
 * time it is read, or makes no sense, is left out.
 */
#include "queue/sqlite_private.h"

#include "base/mem.h"
#include "base/vector.h"

struct ids {
    int64_t *item;
    size_t n, size;
};

static bool within(unsigned states, unsigned set)
{
    return states && !(states & ~set);
}

enum { ENDED = PAGE_BIT(PAGE_UNDELIVERED) | PAGE_BIT(PAGE_FAILED) | PAGE_BIT(PAGE_EXPIRED) };

static enum sqlite_sql sql_of(const struct store_query *q)
{
    switch (q->kind) {
    case PAGES_CHANGED:
        return SQL_PAGES_CHANGED;
    case PAGES_OF_OBJECT:
        return within(q->states, PAGE_UNSETTLED)          ? SQL_PAGES_OF_OBJECT_OPEN
               : within(q->states, PAGE_BIT(PAGE_MERGED)) ? SQL_PAGES_OF_OBJECT_MERGED
                                                          : SQL_PAGES_OF_OBJECT;
    case PAGES_OF_PROBLEM:
        return SQL_PAGES_OF_PROBLEM;
    case PAGES_OF_ALERT:
        return SQL_PAGES_OF_ALERT;
    case PAGES_MERGED_INTO:
        return SQL_PAGES_MERGED_INTO;
    case PAGES_OF_LANE:
        return within(q->states, PAGE_UNSETTLED) ? SQL_PAGES_OF_LANE
               : within(q->states, ENDED)        ? SQL_PAGES_OF_LANE_ENDED
                                                 : SQL_PAGES_OF_LANE_ANY;
    case PAGES_IN_STATES:
        return within(q->states, PAGE_UNSETTLED) ? SQL_PAGES_OPEN : SQL_PAGES_IN_STATES;
    case PAGES_UNFINISHED:
        return SQL_PAGES_UNFINISHED;
    case PAGES_ALL:
        return SQL_PAGES_ALL;
    case PAGES_WATCHED:
        return SQL_PAGES_WATCHED;
    }
    return SQL_COUNT;
}

static enum nt_status collect(struct sqlite_store *s, const struct store_query *q, struct ids *ids)
{
    sqlite3_stmt *stmt = NULL;
    enum sqlite_sql id = sql_of(q);
    if (id == SQL_COUNT)
        return NT_EINVAL;
    const char *object = q->object ? q->object : "", *number = q->number ? q->number : "";
    int64_t from = q->kind == PAGES_CHANGED ? q->after : q->id;
    enum nt_status status = sqlite_take(s, id, &stmt);
    if (status)
        return status;
    int n = sqlite3_bind_parameter_count(stmt), rc = SQLITE_OK;
    for (int i = 1; rc == SQLITE_OK && i <= n; i++) {
        switch (i) {
        case 1:
            rc = sqlite3_bind_int64(stmt, i, q->states ? (int64_t)q->states : -1);
            break;
        case 2:
            rc = sqlite3_bind_int64(stmt, i, from);
            break;
        case 3:
            rc = sqlite3_bind_int64(stmt, i, q->limit && q->limit < INT64_MAX ? (int64_t)q->limit : -1);
            break;
        case 4:
            rc = sqlite3_bind_int64(stmt, i, sqlite_object_key(object));
            break;
        case 5:
            rc = sqlite3_bind_text(stmt, i, number, -1, SQLITE_STATIC);
            break;
        case 6:
            rc = sqlite3_bind_text(stmt, i, object, -1, SQLITE_STATIC);
            break;
        case 7:
            rc = sqlite3_bind_int64(stmt, i, (int64_t)q->class);
            break;
        default:
            rc = sqlite3_bind_int64(stmt, i, q->since);
        }
    }
    if (rc != SQLITE_OK)
        status = sqlite_status(s, rc, "looking for pages");
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "looking for pages");
        if (status || !row)
            break;
        if (!VECTOR_GROW(ids, item))
            status = NT_ENOMEM;
        else
            ids->item[ids->n++] = sqlite3_column_int64(stmt, 0);
    }
    sqlite_give(s, id, stmt);
    return status;
}

enum nt_status sqlite_pages(struct store *store, const struct store_query *q, store_visit_page *visit, void *arg)
{
    struct sqlite_store *s = sqlite_of(store);
    struct ids ids = {NULL, 0, 0};
    enum nt_status status = collect(s, q, &ids);
    bool on = true;
    for (size_t i = 0; status == NT_OK && on && i < ids.n; i++) {
        struct page *p = NULL;
        status = sqlite_page_get(store, ids.item[i], &p);
        if (status == NT_ENOENT) {
            status = NT_OK; /* gone meanwhile, or damaged */
            continue;
        }
        /* Another process may have moved it on since its id was found. */
        if (status == NT_OK && (!q->states || q->states & PAGE_BIT(p->state)))
            on = visit(arg, p);
        page_free(p);
    }
    mem_free(ids.item);
    return status;
}

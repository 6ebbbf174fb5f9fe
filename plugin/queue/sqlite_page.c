/*
 * sqlite_page: pages in and out of their table.
 *
 * One table of columns says how each field of struct page is stored and which values make sense; the statements are
 * made from it, so that they and the reading cannot disagree.
 *
 * Saving writes two ways. Most changes leave number, object, sid and merged_into alone, and SQLite rewrites the index
 * entries of every column that is set, changed or not. So the light statement leaves these out and demands that they
 * are as stored; only when no row fits is everything written.
 *
 * DIAGNOSTICS: a row that makes no sense (a state nobody knows, a number too long) is logged and as good as none:
 * page_get says NT_ENOENT to it.
 */
#include "queue/sqlite_private.h"

#include "base/hash.h"
#include "base/log.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum kind { INT64, INT, LONG, TEXT, NUMBER, LIST, KEY };

struct column {
    const char *name;
    enum kind kind;
    enum { SAVED, HEAVY, FIXED } when; /* HEAVY: only by the full statement; FIXED: only when put */
    size_t offset;
    int max; /* INT: 0 … max */
};

#define AT(field) offsetof(struct page, field)

/* In the order of the statements' parameters, from 1. The id comes first: it is ?1 everywhere. */
static const struct column columns[] = {
    {"id", INT64, FIXED, AT(id), 0},
    {"alert_id", INT64, FIXED, AT(alert_id), 0},
    {"created", INT64, FIXED, AT(created), 0},
    {"change", INT64, SAVED, AT(change), 0},
    {"state", INT, SAVED, AT(state), PAGE_DUPLICATE},
    {"class", INT, SAVED, AT(class), CLASS_ROUTINE},
    {"flags", INT, SAVED, AT(flags), INT_MAX},
    {"number", NUMBER, HEAVY, AT(number), 0},
    {"contact", TEXT, SAVED, AT(contact), 0},
    {"others", LIST, SAVED, AT(others), 0},
    {"object", TEXT, HEAVY, AT(object), 0},
    {"object_key", KEY, HEAVY, AT(object), 0},
    {"identity", TEXT, SAVED, AT(identity), 0},
    {"source", INT, SAVED, AT(source), SOURCE_GENERIC},
    {"event", INT, SAVED, AT(event), EVENT_TEST},
    {"phase", INT, SAVED, AT(phase), PHASE_CANCELLED},
    {"alert_state", TEXT, SAVED, AT(alert_state), 0},
    {"host", TEXT, SAVED, AT(host), 0},
    {"service", TEXT, SAVED, AT(service), 0},
    {"notification_number", LONG, SAVED, AT(notification_number), 0},
    {"body", TEXT, SAVED, AT(body), 0},
    {"segments", INT, SAVED, AT(segments), INT_MAX},
    {"media", LIST, SAVED, AT(media), 0},
    {"template", TEXT, SAVED, AT(template_name), 0},
    {"max_segments", INT, SAVED, AT(max_segments), INT_MAX},
    {"sender_wanted", TEXT, SAVED, AT(from), 0},
    {"sender_skip", INT, SAVED, AT(sender_skip), INT_MAX},
    {"due", INT64, SAVED, AT(due), 0},
    {"expire", INT64, SAVED, AT(expire), 0},
    {"attempts", INT, SAVED, AT(attempts), INT_MAX},
    {"attempt_started", INT64, SAVED, AT(attempt_started), 0},
    {"sender", TEXT, SAVED, AT(sender), 0},
    {"sid", TEXT, HEAVY, AT(sid), 0},
    {"error_code", INT, SAVED, AT(error_code), INT_MAX},
    {"error_message", TEXT, SAVED, AT(error_message), 0},
    {"sent", INT64, SAVED, AT(sent), 0},
    {"merged_into", INT64, HEAVY, AT(merged_into), 0},
};

enum { COLUMNS = sizeof columns / sizeof *columns, LIST_MAX = 1024 * 1024 };

_Static_assert(sizeof(enum page_state) == sizeof(int) && sizeof(enum alert_event) == sizeof(int),
               "INT columns are ints");

enum nt_status sqlite_page_sql(enum sqlite_sql id, struct buf *out)
{
    const char *comma = "";
    if (id == SQL_PAGE_SAVE || id == SQL_PAGE_SAVE_ALL) {
        buf_adds(out, "UPDATE page SET ");
        for (int i = 0; i < COLUMNS; i++) {
            if (columns[i].when == FIXED || (columns[i].when == HEAVY && id == SQL_PAGE_SAVE))
                continue;
            buf_addf(out, "%s%s = ?%d", comma, columns[i].name, i + 1);
            comma = ", ";
        }
        buf_adds(out, " WHERE id = ?1");
        for (int i = 0; i < COLUMNS && id == SQL_PAGE_SAVE; i++) {
            if (columns[i].when == HEAVY)
                buf_addf(out, " AND %s = ?%d", columns[i].name, i + 1);
        }
        return buf_status(out);
    }
    buf_adds(out, id == SQL_PAGE_PUT ? "INSERT INTO page (" : "SELECT ");
    for (int i = 0; i < COLUMNS; i++, comma = ", ")
        buf_addf(out, "%s%s", comma, columns[i].name);
    if (id != SQL_PAGE_PUT)
        return buf_adds(out, " FROM page WHERE id = ?1");
    comma = ") VALUES (";
    for (int i = 0; i < COLUMNS; i++, comma = ", ")
        buf_addf(out, "%s?%d", comma, i + 1);
    return buf_adds(out, ")");
}

/* ---- in ---- */

int64_t sqlite_object_key(const char *object)
{
    uint64_t hash = hash_text(object);
    int64_t key;
    memcpy(&key, &hash, sizeof key);
    return key;
}

/* Each item with its NUL: items hold none. */
static int bind_list(sqlite3_stmt *stmt, int index, const struct strlist *l)
{
    struct buf packed;
    if (!l->n)
        return sqlite3_bind_blob64(stmt, index, "", 0, SQLITE_STATIC);
    buf_init(&packed, LIST_MAX);
    for (size_t i = 0; i < l->n; i++)
        buf_add(&packed, l->item[i], strlen(l->item[i]) + 1);
    int rc = buf_status(&packed) == NT_OK ? sqlite3_bind_blob64(stmt, index, packed.data, packed.len, SQLITE_TRANSIENT)
             : buf_status(&packed) == NT_ETOOBIG ? SQLITE_TOOBIG
                                                 : SQLITE_NOMEM;
    buf_clean(&packed);
    return rc;
}

static int bind_column(sqlite3_stmt *stmt, int index, const struct column *c, const struct page *p)
{
    const char *field = (const char *)p + c->offset;
    const char *text;
    int64_t wide;
    long number;
    int small;
    switch (c->kind) {
    case INT64:
        memcpy(&wide, field, sizeof wide);
        return sqlite3_bind_int64(stmt, index, wide);
    case INT:
        memcpy(&small, field, sizeof small);
        return sqlite3_bind_int(stmt, index, small);
    case LONG:
        memcpy(&number, field, sizeof number);
        return sqlite3_bind_int64(stmt, index, number);
    case NUMBER:
        return sqlite3_bind_text(stmt, index, field, -1, SQLITE_STATIC);
    case LIST:
        return bind_list(stmt, index, (const struct strlist *)(const void *)field);
    case KEY:
    case TEXT:
        break;
    }
    memcpy(&text, field, sizeof text);
    return c->kind == KEY ? sqlite3_bind_int64(stmt, index, sqlite_object_key(text))
                          : sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

/* Only the parameters that the statement has: the light one is given the fixed columns as little as the full one. */
static enum nt_status write_page(struct sqlite_store *s, enum sqlite_sql id, const struct page *p, int *rows)
{
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    enum nt_status status = sqlite_take(s, id, &stmt);
    if (status)
        return status;
    int rc = SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < COLUMNS; i++)
        rc = bind_column(stmt, i + 1, &columns[i], p);
    if (rc == SQLITE_OK)
        status = sqlite_step_row(s, stmt, &row, "writing a page");
    else
        status = rc == SQLITE_NOMEM ? NT_ENOMEM : sqlite_status(s, rc, "writing a page");
    *rows = status == NT_OK ? sqlite3_changes(s->db) : 0;
    sqlite_give(s, id, stmt);
    return status;
}

/* Its callers have read the counter. */
enum nt_status sqlite_page_insert(struct sqlite_store *s, struct page *p)
{
    int rows;
    int64_t was = p->change;
    p->change = s->counter.change + 1;
    enum nt_status status = write_page(s, SQL_PAGE_PUT, p, &rows);
    if (status) {
        p->change = was;
        return status;
    }
    s->counter.change++;
    if (s->counter.page < p->id)
        s->counter.page = p->id;
    s->counter_dirty = true;
    return NT_OK;
}

enum nt_status sqlite_page_put(struct store *store, struct page *p)
{
    struct sqlite_store *s = sqlite_of(store);
    enum nt_status status = sqlite_counter(s);
    if (status)
        return status;
    int64_t was = p->id;
    p->id = s->counter.page + 1;
    status = sqlite_page_insert(s, p);
    if (status)
        p->id = was;
    return status;
}

enum nt_status sqlite_page_save(struct store *store, struct page *p)
{
    struct sqlite_store *s = sqlite_of(store);
    int rows = 0;
    enum nt_status status = sqlite_counter(s);
    if (status)
        return status;
    int64_t was = p->change;
    p->change = s->counter.change + 1;
    status = write_page(s, SQL_PAGE_SAVE, p, &rows);
    if (status == NT_OK && rows == 0)
        status = write_page(s, SQL_PAGE_SAVE_ALL, p, &rows);
    if (status == NT_OK && rows == 0)
        status = NT_ENOENT;
    if (status) {
        p->change = was;
        return status;
    }
    s->counter.change++;
    s->counter_dirty = true;
    return NT_OK;
}

/* ---- out ---- */

static enum nt_status read_list(sqlite3_stmt *stmt, int index, struct strlist *out)
{
    const char *data = sqlite3_column_blob(stmt, index);
    size_t len = (size_t)sqlite3_column_bytes(stmt, index);
    while (data && len) {
        size_t n = strnlen(data, len);
        enum nt_status status = strlist_addn(out, data, n);
        if (status)
            return status;
        if (n == len)
            break; /* the last one's NUL is missing: damaged, and still readable */
        data += n + 1;
        len -= n + 1;
    }
    return NT_OK;
}

static enum nt_status read_column(sqlite3_stmt *stmt, int index, const struct column *c, struct page *p)
{
    char *field = (char *)p + c->offset;
    int64_t wide;
    long number;
    size_t len;
    int small;
    const char *text;
    switch (c->kind) {
    case INT64:
        wide = sqlite3_column_int64(stmt, index);
        memcpy(field, &wide, sizeof wide);
        return NT_OK;
    case INT:
        wide = sqlite3_column_int64(stmt, index);
        if (wide < (c->max == INT_MAX ? INT_MIN : 0) || wide > c->max)
            return NT_EINVAL;
        small = (int)wide;
        memcpy(field, &small, sizeof small);
        return NT_OK;
    case LONG:
        number = (long)sqlite3_column_int64(stmt, index);
        memcpy(field, &number, sizeof number);
        return NT_OK;
    case NUMBER:
        text = sqlite_text(stmt, index);
        len = strlen(text);
        if (len >= NUMBER_MAX)
            return NT_EINVAL;
        memcpy(field, text, len + 1);
        return NT_OK;
    case LIST:
        return read_list(stmt, index, (struct strlist *)(void *)field);
    case TEXT:
        text = sqlite_text(stmt, index);
        return *text ? page_set((char **)(void *)field, text) : NT_OK;
    case KEY: /* the object says it */
        break;
    }
    return NT_OK;
}

enum nt_status sqlite_page_get(struct store *store, int64_t id, struct page **out)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    struct page *p = NULL;
    bool row = false;
    *out = NULL;
    enum nt_status status = sqlite_ask(s, SQL_PAGE_GET, &stmt, "i", id);
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "reading a page");
    if (status == NT_OK && !row)
        status = NT_ENOENT;
    if (status)
        goto done;
    p = page_new();
    status = p ? NT_OK : NT_ENOMEM;
    for (int i = 0; status == NT_OK && i < COLUMNS; i++) {
        status = read_column(stmt, i, &columns[i], p);
        if (status == NT_EINVAL && !s->damaged)
            log_warning("store %s: page %lld: %s makes no sense", s->place.database, (long long)id, columns[i].name);
    }
    if (status == NT_EINVAL)
        status = NT_ENOENT;
    if (status == NT_OK) {
        *out = p;
        p = NULL;
    }
done:
    page_free(p);
    sqlite_give(s, SQL_PAGE_GET, stmt);
    return status;
}

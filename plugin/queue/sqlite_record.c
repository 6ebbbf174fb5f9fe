/*
 * sqlite_record: alerts, steps, sends, numbers and marks in and out of their tables.
 *
 * DIAGNOSTICS: an alert whose data cannot be unpacked is logged, and alert_get says NT_ENOENT; everything else is
 * SQLite's own word.
 */
#include "queue/sqlite_private.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

enum { ALERT_MAX = 32 * 1024 * 1024, UUID_TEXT = 36, UUID_BYTES = 16 };

/* ---- alerts ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * A UUID in its usual form becomes its 16 bytes, since an index is made of them; any other text stays as it
 * is. "0f8fad5b-d9cb-469f-a165-70867728950e" → 0f 8f ad 5b d9 cb … A text of 16 bytes cannot be taken for one: it has
 * another length than 36, and is stored with a NUL behind it.
 */
static size_t squeeze(const char *uuid, const char **out, char bytes[UUID_BYTES])
{
    size_t n = 0;
    *out = uuid;
    if (strlen(uuid) != UUID_TEXT)
        return strlen(uuid) + 1;
    for (int i = 0; i < UUID_TEXT; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (uuid[i] != '-')
                return UUID_TEXT + 1;
            continue;
        }
        int high = hex(uuid[i]), low = hex(uuid[i + 1]);
        if (high < 0 || low < 0)
            return UUID_TEXT + 1;
        bytes[n++] = (char)(high << 4 | low);
        i++;
    }
    *out = bytes;
    return n;
}

static enum nt_status find_uuid(struct sqlite_store *s, const char *key, size_t len, int64_t *id)
{
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    enum nt_status status = sqlite_ask(s, SQL_REQUEST_GET, &stmt, "b", key, len);
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "looking for a request");
    if (status == NT_OK && row) {
        *id = sqlite3_column_int64(stmt, 0);
        status = NT_EEXIST;
    }
    sqlite_give(s, SQL_REQUEST_GET, stmt);
    return status;
}

enum nt_status sqlite_alert_put(struct store *store, const struct alert *a, const char *uuid, int64_t *id)
{
    struct sqlite_store *s = sqlite_of(store);
    char bytes[UUID_BYTES];
    const char *key = NULL;
    size_t len = 0;
    struct buf data;
    buf_init(&data, ALERT_MAX);
    enum nt_status status = sqlite_counter(s);
    if (status == NT_OK && uuid && *uuid) {
        len = squeeze(uuid, &key, bytes);
        status = find_uuid(s, key, len, id);
    }
    if (status == NT_OK)
        status = alert_pack(a, &data);
    if (status)
        goto done;
    int64_t next = s->counter.alert + 1;
    status = sqlite_run(s, SQL_ALERT_PUT, "writing an alert", "iib", next, a->received, data.data, data.len);
    if (status == NT_OK && key)
        status = sqlite_run(s, SQL_REQUEST_PUT, "writing a request", "iib", next, a->received, key, len);
    if (status == NT_OK) {
        s->counter.alert = *id = next;
        s->counter_dirty = true;
    }
done:
    buf_clean(&data);
    return status;
}

enum nt_status sqlite_alert_get(struct store *store, int64_t id, struct alert **out)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    *out = NULL;
    enum nt_status status = sqlite_ask(s, SQL_ALERT_GET, &stmt, "i", id);
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "reading an alert");
    if (status == NT_OK && !row)
        status = NT_ENOENT;
    if (status == NT_OK) {
        const void *data = sqlite3_column_blob(stmt, 0);
        status = alert_unpack(data ? data : "", (size_t)sqlite3_column_bytes(stmt, 0), out);
        if (status && status != NT_ENOMEM) {
            log_warning("store %s: alert %lld makes no sense", s->place.database, (long long)id);
            status = NT_ENOENT;
        }
    }
    sqlite_give(s, SQL_ALERT_GET, stmt);
    return status;
}

/* ---- steps ---- */

enum nt_status sqlite_step_put(struct store *store, int64_t page_id, int64_t at, enum page_state state,
                               const char *reason)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->writing)
        return NT_EINVAL;
    return sqlite_run(s, SQL_STEP_PUT, "writing a step", "iiit", page_id, at, (int64_t)state, reason);
}

enum nt_status sqlite_steps(struct store *store, int64_t page_id, store_visit_step *visit, void *arg)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_STEPS, &stmt, "i", page_id);
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "reading steps");
        if (status || !row)
            break;
        int64_t state = sqlite3_column_int64(stmt, 1);
        if (state < PAGE_QUEUED || state > PAGE_DUPLICATE) {
            log_warning("store %s: page %lld: a step of no known state", s->place.database, (long long)page_id);
            continue;
        }
        struct page_step step = {.page_id = page_id,
                                 .at = sqlite3_column_int64(stmt, 0),
                                 .state = (enum page_state)state,
                                 .reason = sqlite_text(stmt, 2)};
        row = visit(arg, &step);
    }
    sqlite_give(s, SQL_STEPS, stmt);
    return status;
}

/* ---- sends ---- */

enum nt_status sqlite_send_put(struct store *store, const char *number, enum alert_class class, const char *sender,
                               int64_t at, int segments)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->writing)
        return NT_EINVAL;
    return sqlite_run(s, SQL_SEND_PUT, "writing a send", "titii", number, (int64_t) class, sender, at,
                      (int64_t)segments);
}

static enum nt_status visit_sends(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt *stmt,
                                  store_visit_send *visit, void *arg)
{
    enum nt_status status = NT_OK;
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "reading sends");
        if (status == NT_OK && row)
            row = visit(arg, sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1));
    }
    sqlite_give(s, id, stmt);
    return status;
}

enum nt_status sqlite_sends_of_number(struct store *store, const char *number, enum alert_class class, int64_t since,
                                      store_visit_send *visit, void *arg)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_SENDS_OF_NUMBER, &stmt, "tii", number, (int64_t) class, since);
    return status ? status : visit_sends(s, SQL_SENDS_OF_NUMBER, stmt, visit, arg);
}

enum nt_status sqlite_sends_of_sender(struct store *store, const char *sender, int64_t since, store_visit_send *visit,
                                      void *arg)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_SENDS_OF_SENDER, &stmt, "ti", sender, since);
    return status ? status : visit_sends(s, SQL_SENDS_OF_SENDER, stmt, visit, arg);
}

/* ---- numbers ---- */

enum nt_status sqlite_number_get(struct store *store, const char *number, struct number_state *out)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    *out = (struct number_state){0, 0};
    enum nt_status status = sqlite_ask(s, SQL_NUMBER_GET, &stmt, "t", number);
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "reading a number");
    if (status == NT_OK && row) {
        out->opted_out = sqlite3_column_int64(stmt, 0);
        out->last_paged = sqlite3_column_int64(stmt, 1);
    }
    sqlite_give(s, SQL_NUMBER_GET, stmt);
    return status;
}

enum nt_status sqlite_number_put(struct store *store, const char *number, const struct number_state *state)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->writing)
        return NT_EINVAL;
    return sqlite_run(s, SQL_NUMBER_PUT, "writing a number", "tii", number, state->opted_out, state->last_paged);
}

enum nt_status sqlite_numbers(struct store *store, bool opted_out_only, store_visit_number *visit, void *arg)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    enum nt_status status = sqlite_ask(s, SQL_NUMBERS, &stmt, "i", (int64_t)opted_out_only);
    for (bool row = true; status == NT_OK && row;) {
        status = sqlite_step_row(s, stmt, &row, "reading numbers");
        if (status || !row)
            break;
        struct number_state state = {.opted_out = sqlite3_column_int64(stmt, 1),
                                     .last_paged = sqlite3_column_int64(stmt, 2)};
        row = visit(arg, sqlite_text(stmt, 0), &state);
    }
    sqlite_give(s, SQL_NUMBERS, stmt);
    return status;
}

/* ---- marks ---- */

enum nt_status sqlite_mark_put(struct store *store, const char *name, int64_t at, const char *value)
{
    struct sqlite_store *s = sqlite_of(store);
    if (!s->writing)
        return NT_EINVAL;
    if (!*value)
        return sqlite_run(s, SQL_MARK_DROP, "dropping a mark", "t", name);
    return sqlite_run(s, SQL_MARK_PUT, "writing a mark", "tit", name, at, value);
}

enum nt_status sqlite_mark_get(struct store *store, const char *name, int64_t *at, struct buf *value)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    enum nt_status status = sqlite_ask(s, SQL_MARK_GET, &stmt, "t", name);
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, &row, "reading a mark");
    if (status == NT_OK && !row)
        status = NT_ENOENT;
    if (status == NT_OK) {
        if (at)
            *at = sqlite3_column_int64(stmt, 0);
        if (value)
            status = buf_adds(value, sqlite_text(stmt, 1));
    }
    sqlite_give(s, SQL_MARK_GET, stmt);
    return status;
}

/* ---- SIDs ---- */

enum nt_status sqlite_sid_known(struct store *store, const char *sid, bool *known)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *stmt = NULL;
    *known = false;
    enum nt_status status = sqlite_ask(s, SQL_SID_KNOWN, &stmt, "t", sid);
    if (status == NT_OK)
        status = sqlite_step_row(s, stmt, known, "looking for a message");
    sqlite_give(s, SQL_SID_KNOWN, stmt);
    return status;
}

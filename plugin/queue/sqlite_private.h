/*
 * sqlite_private: what the files of the SQLite backend share.
 *
 * One connection, one thread. Statements are prepared at first use and kept; sqlite_take() lends one out and
 * sqlite_give() takes it back, so that a visit may run the same query again inside itself.
 */
#ifndef NT_QUEUE_SQLITE_PRIVATE_H
#define NT_QUEUE_SQLITE_PRIVATE_H

#include "queue/place.h"
#include "queue/sqlite.h"
#include "queue/sqlite_library.h"
#include "queue/store.h"

#include <sys/types.h>

#if SQLITE_VERSION_NUMBER < 3037000
#error "SQLite 3.37 or newer is needed: the tables are STRICT"
#endif

/* SQLite's names, sent through the table of what has been loaded. */
/* clang-format off */
#define sqlite3_bind_blob64          sqlite_library.sqlite3_bind_blob64
#define sqlite3_bind_int             sqlite_library.sqlite3_bind_int
#define sqlite3_bind_int64           sqlite_library.sqlite3_bind_int64
#define sqlite3_bind_parameter_count sqlite_library.sqlite3_bind_parameter_count
#define sqlite3_bind_text            sqlite_library.sqlite3_bind_text
#define sqlite3_bind_value           sqlite_library.sqlite3_bind_value
#define sqlite3_busy_timeout         sqlite_library.sqlite3_busy_timeout
#define sqlite3_changes              sqlite_library.sqlite3_changes
#define sqlite3_clear_bindings       sqlite_library.sqlite3_clear_bindings
#define sqlite3_close                sqlite_library.sqlite3_close
#define sqlite3_close_v2             sqlite_library.sqlite3_close_v2
#define sqlite3_column_blob          sqlite_library.sqlite3_column_blob
#define sqlite3_column_bytes         sqlite_library.sqlite3_column_bytes
#define sqlite3_column_count         sqlite_library.sqlite3_column_count
#define sqlite3_column_int           sqlite_library.sqlite3_column_int
#define sqlite3_column_int64         sqlite_library.sqlite3_column_int64
#define sqlite3_column_text          sqlite_library.sqlite3_column_text
#define sqlite3_column_type          sqlite_library.sqlite3_column_type
#define sqlite3_column_value         sqlite_library.sqlite3_column_value
#define sqlite3_db_config            sqlite_library.sqlite3_db_config
#define sqlite3_db_readonly          sqlite_library.sqlite3_db_readonly
#define sqlite3_errcode              sqlite_library.sqlite3_errcode
#define sqlite3_errmsg               sqlite_library.sqlite3_errmsg
#define sqlite3_errstr               sqlite_library.sqlite3_errstr
#define sqlite3_exec                 sqlite_library.sqlite3_exec
#define sqlite3_file_control         sqlite_library.sqlite3_file_control
#define sqlite3_finalize             sqlite_library.sqlite3_finalize
#define sqlite3_free                 sqlite_library.sqlite3_free
#define sqlite3_get_autocommit       sqlite_library.sqlite3_get_autocommit
#define sqlite3_open_v2              sqlite_library.sqlite3_open_v2
#define sqlite3_prepare_v2           sqlite_library.sqlite3_prepare_v2
#define sqlite3_prepare_v3           sqlite_library.sqlite3_prepare_v3
#define sqlite3_reset                sqlite_library.sqlite3_reset
#define sqlite3_step                 sqlite_library.sqlite3_step
#define sqlite3_system_errno         sqlite_library.sqlite3_system_errno
#define sqlite3_wal_checkpoint_v2    sqlite_library.sqlite3_wal_checkpoint_v2
#define sqlite3_wal_hook             sqlite_library.sqlite3_wal_hook
/* clang-format on */

enum { SQLITE_SCHEMA_VERSION = 1, SQLITE_STORE_ID = 0x6e547731 /* application_id: "nTw1" */ };

/* Every statement that is kept. */
enum sqlite_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_COUNTER_GET,
    SQL_COUNTER_PUT,
    SQL_CHANGE,
    SQL_ALERT_PUT,
    SQL_REQUEST_PUT,
    SQL_REQUEST_GET,
    SQL_ALERT_GET,
    SQL_PAGE_PUT,  /* the three of pages are made from the table of columns */
    SQL_PAGE_SAVE, /* light: when number, object, sid and merged_into are as stored */
    SQL_PAGE_SAVE_ALL,
    SQL_PAGE_GET,
    SQL_PAGES_CHANGED,
    SQL_PAGES_OF_OBJECT,
    SQL_PAGES_OF_OBJECT_OPEN,
    SQL_PAGES_OF_OBJECT_MERGED,
    SQL_PAGES_OF_PROBLEM,
    SQL_PAGES_OF_ALERT,
    SQL_PAGES_MERGED_INTO,
    SQL_PAGES_OF_LANE,
    SQL_PAGES_OF_LANE_ENDED,
    SQL_PAGES_OF_LANE_ANY,
    SQL_PAGES_OPEN,
    SQL_PAGES_IN_STATES,
    SQL_PAGES_UNFINISHED,
    SQL_PAGES_ALL,
    SQL_PAGES_WATCHED,
    SQL_STEP_PUT,
    SQL_STEPS,
    SQL_SEND_PUT,
    SQL_SENDS_OF_NUMBER,
    SQL_SENDS_OF_SENDER,
    SQL_NUMBER_GET,
    SQL_NUMBER_PUT,
    SQL_NUMBERS,
    SQL_MARK_PUT,
    SQL_MARK_DROP,
    SQL_MARK_GET,
    SQL_TOTAL_OPEN,
    SQL_TOTAL_ENDED,
    SQL_TOTAL_REST,
    SQL_PURGE_PAGES,
    SQL_PURGE_STEPS,
    SQL_PURGE_PAGE,
    SQL_PURGE_ALERT,
    SQL_PURGE_OLDEST,
    SQL_PURGE_ORPHANS,
    SQL_PURGE_REQUESTS,
    SQL_PURGE_SENDS,
    SQL_SID_KNOWN,
    SQL_COUNT
};

/* The one row of table counter. Ids come from here and not from the largest one there is, so that purging never makes
 * them come back; the change counter likewise. */
struct sqlite_counter {
    int64_t change, page, alert;
    int64_t rescued; /* when store_rescue made this database; 0 never */
};

struct sqlite_store {
    struct store store;
    struct place place;
    sqlite3 *db;
    bool readonly;
    bool damaged; /* known to be: its errors are expected, and not logged one by one */
    int lock;     /* queue.write; -1 when readonly */
    bool locked, writing;
    dev_t device; /* of the file that is open: somebody may put another in its place */
    ino_t inode;
    struct sqlite_counter counter; /* good while counter_known, in a transaction */
    bool counter_known, counter_dirty;
    int wal_pages;     /* at the last commit of ours */
    bool log_is_roomy; /* or cannot be made so */
    sqlite3_stmt *stmt[SQL_COUNT];
};

static inline struct sqlite_store *sqlite_of(struct store *s)
{
    return (struct sqlite_store *)(void *)s;
}

/* sqlite_statement.c */
/* What SQLite's code means, logged with what was being done. */
enum nt_status sqlite_status(struct sqlite_store *s, int rc, const char *doing);
/* The same without a word. */
enum nt_status sqlite_code(sqlite3 *db, int rc);
enum nt_status sqlite_take(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt **out) NT_MUST_USE;
void sqlite_give(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt *stmt); /* NULL is fine */
/* Takes, binds (format: i int64_t, t text, b blob and size_t), and leaves it to be stepped. */
enum nt_status sqlite_ask(struct sqlite_store *s, enum sqlite_sql id, sqlite3_stmt **out, const char *format,
                          ...) NT_MUST_USE;
/* *row: there is one to read. */
enum nt_status sqlite_step_row(struct sqlite_store *s, sqlite3_stmt *stmt, bool *row, const char *doing) NT_MUST_USE;
/* sqlite_ask, run to the end, given back. */
enum nt_status sqlite_run(struct sqlite_store *s, enum sqlite_sql id, const char *doing, const char *format,
                          ...) NT_MUST_USE;
/* NULL becomes "". Borrowed until the next step. */
const char *sqlite_text(sqlite3_stmt *stmt, int column);

/* sqlite.c */
/* Loads the counter inside a transaction, at its first need. */
enum nt_status sqlite_counter(struct sqlite_store *s) NT_MUST_USE;
/* A store around place (taken over, also on failure), lock open, not connected. */
enum nt_status sqlite_new(struct place *place, bool readonly, struct sqlite_store **out, struct buf *error) NT_MUST_USE;

/* sqlite_log.c */
/* Pages of the log, of 4 KB, from which on it is written back: */
enum {
    LOG_LEFT = 200,       /* a closing store may leave: reading it through takes less than a millisecond */
    LOG_IDLE = 500,       /* when there is time */
    LOG_LONG = 4000,      /* after a commit, time or not */
    LOG_TOO_LONG = 16000, /* before anybody else may write */
    LOG_ROOM = 1000,      /* and what there is room for on the disk, when there was time to make it */
};
/* Writes it back if so many are in it. */
void sqlite_log_write_back(struct sqlite_store *s, int pages);
/* Is there room to be made? */
bool sqlite_log_is_short(const struct sqlite_store *s);
/* Makes some of it, inside a transaction. */
void sqlite_log_make_room(struct sqlite_store *s);

/* sqlite_open.c */
/* Opens path's database into an empty s; make: may create and migrate, and the write lock is held. */
enum nt_status sqlite_connect(struct sqlite_store *s, bool make, struct buf *error) NT_MUST_USE;
void sqlite_disconnect(struct sqlite_store *s);
/* Is the file at the path another one than was opened? */
bool sqlite_replaced(const struct sqlite_store *s);

/* sqlite_exchange.c: under the write lock, but for looking */
/* PATH.new takes the place of PATH, which is set aside with its log; all of it or nothing. */
enum nt_status sqlite_exchange(const struct place *place, int64_t now, struct buf *error) NT_MUST_USE;
/* Was one killed in the middle, so that PATH lacks its log? */
enum nt_status sqlite_exchange_look(const struct place *place, bool *halfway) NT_MUST_USE;
/* Gives PATH its log back if so. */
enum nt_status sqlite_exchange_undo(const struct place *place) NT_MUST_USE;

/* sqlite_schema.c */
struct sqlite_migration {
    const char *sql;
};
/* Brings db from version `from` to n, each script in a transaction of its own. */
enum nt_status sqlite_migrate(sqlite3 *db, const struct sqlite_migration *script, int from, int n,
                              struct buf *error) NT_MUST_USE;
extern const struct sqlite_migration sqlite_migrations[SQLITE_SCHEMA_VERSION];

/* sqlite_sql.c: text of a fixed statement; NULL: made by sqlite_page_sql. */
const char *sqlite_sql_text(enum sqlite_sql id);

/* sqlite_page.c */
enum nt_status sqlite_page_sql(enum sqlite_sql id, struct buf *out) NT_MUST_USE;
/* As page_put, but with the id that p has. */
enum nt_status sqlite_page_insert(struct sqlite_store *s, struct page *p) NT_MUST_USE;
enum nt_status sqlite_page_put(struct store *store, struct page *p) NT_MUST_USE;
enum nt_status sqlite_page_save(struct store *store, struct page *p) NT_MUST_USE;
enum nt_status sqlite_page_get(struct store *store, int64_t id, struct page **out) NT_MUST_USE;
/* What stands in object_key: short, so that the indexes are. Two objects may share one. */
int64_t sqlite_object_key(const char *object);

/* sqlite_query.c */
enum nt_status sqlite_pages(struct store *store, const struct store_query *q, store_visit_page *visit,
                            void *arg) NT_MUST_USE;

/* sqlite_salvage.c */
/* Fills new, in a transaction of its own, from what stands at the damaged url. *taken: unfinished pages. */
enum nt_status sqlite_salvage(const char *url, struct sqlite_store *new, int64_t now, size_t *taken) NT_MUST_USE;

/* sqlite_record.c */
enum nt_status sqlite_alert_put(struct store *store, const struct alert *a, const char *uuid, int64_t *id) NT_MUST_USE;
enum nt_status sqlite_alert_get(struct store *store, int64_t id, struct alert **out) NT_MUST_USE;
enum nt_status sqlite_step_put(struct store *store, int64_t page_id, int64_t at, enum page_state state,
                               const char *reason) NT_MUST_USE;
enum nt_status sqlite_steps(struct store *store, int64_t page_id, store_visit_step *visit, void *arg) NT_MUST_USE;
enum nt_status sqlite_send_put(struct store *store, const char *number, enum alert_class class, const char *sender,
                               int64_t at, int segments) NT_MUST_USE;
enum nt_status sqlite_sends_of_number(struct store *store, const char *number, enum alert_class class, int64_t since,
                                      store_visit_send *visit, void *arg) NT_MUST_USE;
enum nt_status sqlite_sends_of_sender(struct store *store, const char *sender, int64_t since, store_visit_send *visit,
                                      void *arg) NT_MUST_USE;
enum nt_status sqlite_number_get(struct store *store, const char *number, struct number_state *out) NT_MUST_USE;
enum nt_status sqlite_number_put(struct store *store, const char *number, const struct number_state *state) NT_MUST_USE;
enum nt_status sqlite_numbers(struct store *store, bool opted_out_only, store_visit_number *visit,
                              void *arg) NT_MUST_USE;
enum nt_status sqlite_mark_put(struct store *store, const char *name, int64_t at, const char *value) NT_MUST_USE;
enum nt_status sqlite_mark_get(struct store *store, const char *name, int64_t *at, struct buf *value) NT_MUST_USE;
enum nt_status sqlite_sid_known(struct store *store, const char *sid, bool *known) NT_MUST_USE;

/* sqlite_keep.c: figures and housekeeping */
enum nt_status sqlite_totals(struct store *store, int64_t since, struct store_totals *out) NT_MUST_USE;
enum nt_status sqlite_purge(struct store *store, int64_t before, size_t limit, size_t *deleted) NT_MUST_USE;

#endif

/*
 * sqlite_schema: the tables, and how an older database becomes a newer one.
 *
 * Migrations are only ever added: script n brings version n to n + 1, and user_version tells which have run.
 *
 * What the indices are for. Accepting must cost the same after a million pages, so whatever it writes to is either
 * short or grows at its end only:
 * - page_change: who watches the queue reads what has moved since;
 * - page_alert: the pages of an alert;
 * - page_created: lists by time, purging;
 * - page_open, page_lane: what is not settled yet: figures; by number and object;
 * - page_member, page_merged, page_ended, page_watch: merged, behind a digest, failed or expired, awaiting a receipt;
 * - request: hand-overs of the last days by UUID, apart from the alerts that stay for months.
 * Two are neither, and are written when a page is settled, which nobody waits for:
 * - page_object: the history of an object to a number: duplicates, superseding;
 * - page_sid: is a message at Twilio ours?
 *
 * object_key is a 64-bit hash of object: a third of the bytes in the index. Queries compare the text as well.
 * The numbers in the conditions are those of enum page_state and enum page_flag.
 *
 * DIAGNOSTICS: NT_EFULL, NT_EIO, NT_EBUSY, NT_ECORRUPT; a script that fails leaves the version before it.
 */
#include "queue/sqlite_private.h"

#include <stdio.h>

const struct sqlite_migration sqlite_migrations[SQLITE_SCHEMA_VERSION] = {
    {"CREATE TABLE counter ("
     " one INTEGER PRIMARY KEY CHECK (one = 1), change INTEGER NOT NULL, page INTEGER NOT NULL, alert INTEGER NOT NULL,"
     " rescued INTEGER NOT NULL) STRICT;"
     "INSERT INTO counter VALUES (1, 0, 0, 0, 0);"

     "CREATE TABLE alert ("
     " id INTEGER PRIMARY KEY, received INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"
     "CREATE TABLE request ("
     " alert_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, uuid BLOB NOT NULL UNIQUE) STRICT;"

     "CREATE TABLE page ("
     " id INTEGER PRIMARY KEY, alert_id INTEGER NOT NULL, created INTEGER NOT NULL, change INTEGER NOT NULL,"
     " state INTEGER NOT NULL, class INTEGER NOT NULL, flags INTEGER NOT NULL, number TEXT NOT NULL, contact TEXT NOT "
     "NULL,"
     " others BLOB NOT NULL, object TEXT NOT NULL, object_key INTEGER NOT NULL, identity TEXT NOT NULL,"
     " source INTEGER NOT NULL, event INTEGER NOT NULL, phase INTEGER NOT NULL, alert_state TEXT NOT NULL,"
     " host TEXT NOT NULL, service TEXT NOT NULL, notification_number INTEGER NOT NULL,"
     " body TEXT NOT NULL, segments INTEGER NOT NULL, media BLOB NOT NULL, template TEXT NOT NULL,"
     " max_segments INTEGER NOT NULL, sender_wanted TEXT NOT NULL, sender_skip INTEGER NOT NULL, due INTEGER NOT NULL,"
     " expire INTEGER NOT NULL, attempts INTEGER NOT NULL, attempt_started INTEGER NOT NULL, sender TEXT NOT NULL,"
     " sid TEXT NOT NULL, error_code INTEGER NOT NULL, error_message TEXT NOT NULL, sent INTEGER NOT NULL,"
     " merged_into INTEGER NOT NULL) STRICT;"
     "CREATE INDEX page_change ON page (change);"
     "CREATE INDEX page_object ON page (object_key, number) WHERE state > 2;"
     "CREATE INDEX page_alert ON page (alert_id);"
     "CREATE INDEX page_created ON page (created);"
     "CREATE INDEX page_sid ON page (sid) WHERE sid <> '';"
     "CREATE INDEX page_open ON page (state, due, created) WHERE state <= 2;"
     "CREATE INDEX page_lane ON page (number, object_key) WHERE state <= 2;"
     "CREATE INDEX page_member ON page (number, object_key) WHERE state = 10;"
     "CREATE INDEX page_merged ON page (merged_into) WHERE merged_into <> 0;"
     "CREATE INDEX page_ended ON page (number, class, state, created) WHERE state >= 5 AND state <= 7;"
     "CREATE INDEX page_watch ON page (sent) WHERE (flags & 256) <> 0;"

     "CREATE TABLE step ("
     " page_id INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT NOT "
     "NULL,"
     " PRIMARY KEY (page_id, seq)) STRICT, WITHOUT ROWID;"

     "CREATE TABLE send ("
     " id INTEGER PRIMARY KEY, number TEXT NOT NULL, class INTEGER NOT NULL, sender TEXT NOT NULL, at INTEGER NOT NULL,"
     " segments INTEGER NOT NULL) STRICT;"
     "CREATE INDEX send_number ON send (number, class, at, segments);"
     "CREATE INDEX send_sender ON send (sender, at, segments);"

     "CREATE TABLE number ("
     " number TEXT PRIMARY KEY, opted_out INTEGER NOT NULL, last_paged INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
     "CREATE TABLE mark ("
     " name TEXT PRIMARY KEY, at INTEGER NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"},
};

_Static_assert(PAGE_SENDING == 2 && PAGE_UNDELIVERED == 5 && PAGE_EXPIRED == 7 && PAGE_MERGED == 10 &&
                   PAGE_WATCH == 256,
               "the schema's conditions name these values");

enum nt_status sqlite_migrate(sqlite3 *db, const struct sqlite_migration *script, int from, int n, struct buf *error)
{
    for (int version = from; version < n; version++) {
        char *words = NULL, pragma[96];
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", version + 1,
                 SQLITE_STORE_ID);
        int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, &words);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, script[version].sql, NULL, NULL, &words);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, pragma, NULL, NULL, &words);
        if (rc == SQLITE_OK)
            continue;
        place_say(error, "store: schema %d: %s", version + 1, words ? words : sqlite3_errstr(rc));
        sqlite3_free(words);
        enum nt_status status = sqlite_code(db, rc);
        if (!sqlite3_get_autocommit(db))
            (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* a failed one has rolled back by itself */
        return status;
    }
    return NT_OK;
}

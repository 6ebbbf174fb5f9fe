/*
 * sqlite_sql: the text of every fixed statement.
 *
 * Queries for pages give ids alone, mostly from an index; the records are read one by one afterwards. Their parameters
 * are the same everywhere: ?1 set of states, ?2 id or counter, ?3 limit, ?4 object_key, ?5 number, ?6 object, ?7 class,
 * ?8 since. INDEXED BY because a plan that scans the history would only be noticed once there is one.
 *
 * DIAGNOSTICS: none.
 */
#include "queue/sqlite_private.h"

#define STATES "((?1 >> state) & 1)"

static const char *const text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_COUNTER_GET] = "SELECT change, page, alert, rescued FROM counter WHERE one = 1",
    [SQL_COUNTER_PUT] = "UPDATE counter SET change = ?1, page = ?2, alert = ?3, rescued = ?4 WHERE one = 1",
    [SQL_CHANGE] = "SELECT change FROM counter WHERE one = 1",

    [SQL_ALERT_PUT] = "INSERT INTO alert (id, received, data) VALUES (?1, ?2, ?3)",
    [SQL_REQUEST_PUT] = "INSERT INTO request (alert_id, at, uuid) VALUES (?1, ?2, ?3)",
    [SQL_REQUEST_GET] = "SELECT alert_id FROM request WHERE uuid = ?1",
    [SQL_ALERT_GET] = "SELECT data FROM alert WHERE id = ?1",

    [SQL_PAGES_CHANGED] =
        "SELECT id FROM page INDEXED BY page_change WHERE change > ?2 AND " STATES " ORDER BY change LIMIT ?3",
    [SQL_PAGES_OF_OBJECT] = "SELECT id FROM page INDEXED BY page_object WHERE state > 2 AND object_key = ?4"
                            " AND number = ?5 AND object = ?6 AND " STATES
                            " UNION ALL SELECT id FROM page INDEXED BY page_lane WHERE state <= 2 AND number = ?5"
                            " AND object_key = ?4 AND object = ?6 AND " STATES " ORDER BY id DESC LIMIT ?3",
    [SQL_PAGES_OF_OBJECT_OPEN] = "SELECT id FROM page INDEXED BY page_lane WHERE state <= 2 AND number = ?5"
                                 " AND object_key = ?4 AND " STATES " AND object = ?6 ORDER BY id DESC LIMIT ?3",
    [SQL_PAGES_OF_OBJECT_MERGED] = "SELECT id FROM page INDEXED BY page_member WHERE state = 10 AND number = ?5"
                                   " AND object_key = ?4 AND object = ?6 ORDER BY id DESC LIMIT ?3",
    [SQL_PAGES_OF_PROBLEM] = "SELECT id FROM page INDEXED BY page_object WHERE state > 2 AND object_key = ?4"
                             " AND object = ?6 AND " STATES
                             " UNION ALL SELECT id FROM page INDEXED BY page_open WHERE state <= 2 AND object_key = ?4"
                             " AND object = ?6 AND " STATES " ORDER BY id DESC LIMIT ?3",
    [SQL_PAGES_OF_ALERT] =
        "SELECT id FROM page INDEXED BY page_alert WHERE alert_id = ?2 AND " STATES " ORDER BY id LIMIT ?3",
    [SQL_PAGES_MERGED_INTO] =
        "SELECT id FROM page INDEXED BY page_merged WHERE merged_into <> 0 AND merged_into = ?2 AND " STATES
        " ORDER BY id LIMIT ?3",
    [SQL_PAGES_OF_LANE] =
        "SELECT id FROM page INDEXED BY page_lane WHERE state <= 2 AND number = ?5 AND class = ?7 AND " STATES
        " ORDER BY id LIMIT ?3",
    [SQL_PAGES_OF_LANE_ENDED] =
        "SELECT id FROM page INDEXED BY page_ended WHERE state >= 5 AND state <= 7 AND number = ?5"
        " AND class = ?7 AND " STATES " AND created >= ?8 ORDER BY id LIMIT ?3",
    [SQL_PAGES_OF_LANE_ANY] =
        "SELECT id FROM page WHERE number = ?5 AND class = ?7 AND " STATES " AND created >= ?8 ORDER BY id LIMIT ?3",
    [SQL_PAGES_OPEN] = "SELECT id FROM page INDEXED BY page_open WHERE state <= 2 AND " STATES " ORDER BY id LIMIT ?3",
    [SQL_PAGES_IN_STATES] = "SELECT id FROM page WHERE " STATES " ORDER BY id LIMIT ?3",
    [SQL_PAGES_UNFINISHED] = "SELECT id FROM page WHERE id IN ("
                             "SELECT id FROM page INDEXED BY page_open WHERE state <= 2"
                             " UNION SELECT id FROM page INDEXED BY page_created WHERE created >= ?8)"
                             " AND " STATES " ORDER BY id LIMIT ?3",
    [SQL_PAGES_ALL] =
        "SELECT id FROM page INDEXED BY page_created WHERE created >= ?8 AND " STATES " ORDER BY id LIMIT ?3",
    [SQL_PAGES_WATCHED] =
        "SELECT id FROM page INDEXED BY page_watch WHERE (flags & 256) <> 0 AND " STATES " ORDER BY sent, id LIMIT ?3",

    [SQL_STEP_PUT] = "INSERT INTO step (page_id, seq, at, state, reason)"
                     " SELECT ?1, coalesce((SELECT max(seq) FROM step WHERE page_id = ?1), 0) + 1, ?2, ?3, ?4",
    [SQL_STEPS] = "SELECT at, state, reason FROM step WHERE page_id = ?1 ORDER BY seq",

    [SQL_SEND_PUT] = "INSERT INTO send (number, class, sender, at, segments) VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_SENDS_OF_NUMBER] = "SELECT at, segments FROM send INDEXED BY send_number WHERE number = ?1 AND class = ?2"
                            " AND at >= ?3 ORDER BY at",
    [SQL_SENDS_OF_SENDER] =
        "SELECT at, segments FROM send INDEXED BY send_sender WHERE sender = ?1 AND at >= ?2 ORDER BY at",

    [SQL_NUMBER_GET] = "SELECT opted_out, last_paged FROM number WHERE number = ?1",
    [SQL_NUMBER_PUT] =
        "INSERT INTO number (number, opted_out, last_paged) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (number) DO UPDATE SET opted_out = excluded.opted_out, last_paged = excluded.last_paged",
    [SQL_NUMBERS] = "SELECT number, opted_out, last_paged FROM number WHERE ?1 = 0 OR opted_out <> 0 ORDER BY number",

    [SQL_MARK_PUT] = "INSERT INTO mark (name, at, value) VALUES (?1, ?2, ?3)"
                     " ON CONFLICT (name) DO UPDATE SET at = excluded.at, value = excluded.value",
    [SQL_MARK_DROP] = "DELETE FROM mark WHERE name = ?1",
    [SQL_MARK_GET] = "SELECT at, value FROM mark WHERE name = ?1",

    [SQL_TOTAL_OPEN] =
        "SELECT state, count(*), min(created), min(due) FROM page INDEXED BY page_open WHERE state <= 2 GROUP BY state",
    [SQL_TOTAL_ENDED] =
        "SELECT state, count(*) FROM page INDEXED BY page_ended WHERE state >= 5 AND state <= 7 AND created >= ?1"
        " GROUP BY state",
    [SQL_TOTAL_REST] = "SELECT (SELECT count(*) FROM page INDEXED BY page_watch WHERE (flags & 256) <> 0),"
                       " (SELECT count(*) FROM number WHERE opted_out <> 0)",

    /* What stands behind a digest waits for the digest's own end and age, and the digest until nothing stands behind
     * it: so both go, and a batch may end between them. */
    [SQL_PURGE_PAGES] =
        "SELECT id, alert_id FROM page AS p INDEXED BY page_created WHERE created < ?1 AND state > 2"
        " AND (merged_into = 0 OR NOT EXISTS (SELECT 1 FROM page AS d WHERE d.id = p.merged_into AND (d.flags & 4) <> 0"
        " AND (d.state <= 2 OR d.created >= ?1)))"
        " AND ((flags & 4) = 0 OR NOT EXISTS (SELECT 1 FROM page AS m INDEXED BY page_merged WHERE m.merged_into <> 0"
        " AND m.merged_into = p.id))"
        " ORDER BY created LIMIT ?2",
    [SQL_PURGE_STEPS] = "DELETE FROM step WHERE page_id = ?1",
    [SQL_PURGE_PAGE] = "DELETE FROM page WHERE id = ?1",
    [SQL_PURGE_ALERT] = "DELETE FROM alert WHERE id = ?1"
                        " AND NOT EXISTS (SELECT 1 FROM page INDEXED BY page_alert WHERE alert_id = ?1)",
    [SQL_PURGE_OLDEST] = "SELECT min(alert_id) FROM page INDEXED BY page_alert WHERE alert_id > 0",
    [SQL_PURGE_ORPHANS] =
        "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE id < ?1 ORDER BY id LIMIT ?3) AND received < ?2",
    /* There is no clock here: the newest request tells what time it is. */
    [SQL_PURGE_REQUESTS] =
        "DELETE FROM request WHERE alert_id IN (SELECT alert_id FROM request ORDER BY alert_id LIMIT ?2)"
        " AND at < (SELECT at FROM request ORDER BY alert_id DESC LIMIT 1) - ?1",
    [SQL_PURGE_SENDS] = "DELETE FROM send WHERE id IN (SELECT id FROM send ORDER BY id LIMIT ?2) AND at < ?1",

    [SQL_SID_KNOWN] = "SELECT 1 FROM page INDEXED BY page_sid WHERE sid <> '' AND sid = ?1",
};

const char *sqlite_sql_text(enum sqlite_sql id)
{
    return text[id];
}

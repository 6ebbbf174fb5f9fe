#include "conformance.h"
#include "support.h"

#include "base/file.h"
#include "base/mem.h"
#include "queue/sqlite_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* The queue's dlopen() comes by here (--wrap). */
static bool library_is_there = true;

void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags)
{
    return __real_dlopen(library_is_there ? name : "libof-no-machine.so.0", flags);
}

/* First of all: what is loaded stays. */
static void test_sqlite__without_a_library(void **state)
{
    (void)state;
    struct store *s = NULL;
    struct buf error;
    buf_init(&error, 400);
    library_is_there = false;
    assert_int_equal(store_open("sqlite:/tmp/notify_twilio_never_made.db", &s, &error), NT_EIO);
    library_is_there = true;
    assert_null(s);
    assert_string_equal(buf_text(&error), "store: /tmp/notify_twilio_never_made.db: SQLite cannot be loaded");
    assert_int_equal(access("/tmp/notify_twilio_never_made.db", F_OK), -1);
    buf_clean(&error);
    store_close(open_store("sqlite::memory:")); /* once it is installed */
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    char *error = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", text, error);
    sqlite3_close(db);
}

static void test_sqlite__conforms(void **state)
{
    struct scratch *f = *state;
    store_conformance(f->url);
}

static void test_sqlite__conforms_in_memory(void **state)
{
    (void)state;
    store_conformance("sqlite::memory:");
}

static void test_sqlite__knows_its_urls(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "sqlite:", "pgsql:host", "/var/lib/queue.db"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct store *s = NULL;
        struct buf error;
        long holder;
        int fd;
        buf_init(&error, 400);
        assert_int_equal(store_open(bad[i], &s, &error), NT_EINVAL);
        assert_null(s);
        assert_true(error.len > 0);
        assert_int_equal(store_open_readonly(bad[i], &s, NULL), NT_EINVAL);
        assert_int_equal(drain_lock_take(bad[i], false, &fd, &holder), NT_EINVAL);
        buf_clean(&error);
    }
    store_close(NULL);
}

static void test_sqlite__keeps_everything_over_a_restart(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    int64_t change, again, id = put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(s->ops->change(s, &change), NT_OK);
    store_close(s);
    s = open_store(f->url);
    assert_int_equal(state_of(s, id), PAGE_QUEUED);
    assert_int_equal(s->ops->change(s, &again), NT_OK);
    assert_int_equal(again, change);
    store_close(s);
}

static void test_sqlite__files_are_for_the_group_whatever_the_umask(void **state)
{
    struct scratch *f = *state;
    struct stat st;
    char url[200];
    static const char *const names[] = {"queue.db", "queue.db-wal", "queue.db-shm", "queue.write", "queue.lock"};
    mode_t old = umask(0177);
    snprintf(url, sizeof url, "sqlite:%s/in/queue.db", f->folder);
    struct store *s = open_store(url);
    int fd;
    long holder;
    assert_int_equal(drain_lock_take(url, false, &fd, &holder), NT_OK);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    umask(old);
    char name[200];
    snprintf(name, sizeof name, "%s/in", f->folder);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 07777, 02770);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/in/%s", f->folder, names[i]);
        if (stat(name, &st) != 0)
            fail_msg("%s is missing", name);
        if ((st.st_mode & 0777) != 0660)
            fail_msg("%s has mode %o", name, st.st_mode & 0777);
    }
    close(fd);
    store_close(s);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/in/%s", f->folder, names[i]);
        unlink(name);
    }
    snprintf(name, sizeof name, "%s/in", f->folder);
    assert_int_equal(rmdir(name), 0);
    snprintf(url, sizeof url, "sqlite:%s/not/there/queue.db", f->folder);
    assert_int_equal(store_open(url, &s, NULL), NT_ENOENT); /* only the last component is made */
}

static void test_sqlite__what_root_makes_is_the_folders(void **state)
{
    struct scratch *f = *state;
    struct stat st;
    static const char *const names[] = {"queue.db", "queue.db-wal", "queue.db-shm", "queue.write", "queue.lock"};
    if (geteuid() != 0)
        return; /* nobody else can give files away, so there is nothing to see */
    assert_int_equal(chown(f->folder, 12345, 12346), 0);
    struct store *s = open_store(f->url);
    int fd;
    long holder;
    assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_OK);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(stat(scratch_file(f, names[i]), &st), 0);
        assert_int_equal(st.st_uid, 12345);
        assert_int_equal(st.st_gid, 12346);
    }
    close(fd);
    store_close(s);
}

static void test_sqlite__reads_while_another_writes(void **state)
{
    struct scratch *f = *state;
    struct store *reader = NULL;
    int64_t ids[4];
    assert_int_equal(store_open_readonly(f->url, &reader, NULL), NT_ENOENT);
    assert_int_equal(access(f->path, F_OK), -1);
    struct store *s = open_store(f->url);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(store_open_readonly(f->url, &reader, NULL), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    struct store_query q = {.kind = PAGES_ALL};
    assert_int_equal(ids_of(reader, &q, ids, 4), 1);
    s->ops->rollback(s);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(ids_of(reader, &q, ids, 4), 2);
    assert_int_equal(reader->ops->begin(reader), NT_EACCES);
    struct page *p = NULL;
    assert_int_equal(reader->ops->page_get(reader, ids[0], &p), NT_OK);
    assert_int_equal(reader->ops->page_save(reader, p), NT_EINVAL);
    page_free(p);
    store_close(reader);
    store_close(s);
}

/* Whoever may not write the folder: with the writer gone, and with its log still there. */
static void read_as_nobody(struct scratch *f, size_t want)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *s = NULL;
        int64_t ids[4];
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        struct buf error;
        buf_init(&error, 1000);
        if (store_open_readonly(f->url, &s, &error) != NT_OK) {
            print_error("%s\n", buf_text(&error));
            _exit(3);
        }
        size_t n = ids_of(s, &(struct store_query){.kind = PAGES_ALL}, ids, 4);
        store_close(s);
        _exit(n == want ? 0 : 4);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_sqlite__reads_where_it_may_not_write(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    chmod(f->folder, 0555);
    chmod(f->path, 0444);
    chmod(scratch_file(f, "queue.db-wal"), 0444);
    chmod(scratch_file(f, "queue.db-shm"), 0444);
    read_as_nobody(f, 1);
    store_close(s);
    read_as_nobody(f, 1);
    /* a copy of the one file, as from a backup */
    sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
    unlink(scratch_file(f, "queue.db-wal"));
    unlink(scratch_file(f, "queue.db-shm"));
    read_as_nobody(f, 1);
    assert_int_equal(access(scratch_file(f, "queue.db-wal"), F_OK), -1);
    chmod(f->folder, 0700);
}

static void test_sqlite__leaves_a_newer_schema_alone(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct buf error;
    buf_init(&error, 1000);
    store_close(s);
    sql(f->path, "PRAGMA user_version = 77");
    assert_int_equal(store_open(f->url, &s, &error), NT_ENEWER);
    assert_non_null(strstr(buf_text(&error), "77"));
    assert_int_equal(store_open_readonly(f->url, &s, NULL), NT_ENEWER);
    size_t taken;
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_ENEWER);
    assert_null(s);
    buf_clean(&error);
}

static void test_sqlite__leaves_a_foreign_database_alone(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    size_t taken;
    sql(f->path, "CREATE TABLE diary (text)");
    assert_int_equal(store_open(f->url, &s, NULL), NT_EINVAL);
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_EINVAL);
    sql(f->path, "INSERT INTO diary VALUES ('still here')");
}

static void test_sqlite__migrates_step_by_step(void **state)
{
    struct scratch *f = *state;
    static const struct sqlite_migration scripts[] = {
        {"CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (1);"},
        {"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;"},
        {"UPDATE a SET y = 9; INSERT INTO nowhere VALUES (1);"},
    };
    sqlite3 *db = NULL;
    int64_t version = 0;
    struct buf error;
    buf_init(&error, 1000);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite_migrate(db, scripts, 0, 1, &error), NT_OK);
    assert_int_equal(sqlite_migrate(db, scripts, 1, 2, &error), NT_OK);
    assert_int_equal(sqlite_migrate(db, scripts, 2, 3, &error), NT_ECORRUPT);
    assert_non_null(strstr(buf_text(&error), "nowhere"));
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT y, user_version FROM a, pragma_user_version", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 2); /* the third left nothing behind */
    version = sqlite3_column_int64(stmt, 1);
    sqlite3_finalize(stmt);
    assert_int_equal(version, 2);
    sqlite3_close(db);
    buf_clean(&error);
}

static void test_sqlite__tolerates_rows_that_make_no_sense(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct said said = {.event = EVENT_PROBLEM};
    int64_t good = put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0), ids[8];
    static const char *const damage[] = {"state = 2000000",
                                         "class = -1",
                                         "event = 99",
                                         "phase = 4",
                                         "source = 17",
                                         "number = '+12345678901234567890'",
                                         "segments = 99999999999",
                                         "state = -3"};
    size_t n = sizeof damage / sizeof *damage;
    for (size_t i = 0; i < n; i++) {
        char text[200];
        int64_t id = put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
        struct page *p = NULL;
        snprintf(text, sizeof text, "UPDATE page SET %s WHERE id = %lld", damage[i], (long long)id);
        sql(f->path, text);
        assert_int_equal(s->ops->page_get(s, id, &p), NT_ENOENT);
        assert_null(p);
    }
    struct store_query all = {.kind = PAGES_ALL};
    assert_int_equal(ids_of(s, &all, ids, 8), 1);
    assert_int_equal(ids[0], good);
    struct alert *a = NULL;
    sql(f->path, "UPDATE alert SET data = x'00ff00'; UPDATE step SET state = 55; UPDATE page SET media = x'61620063'");
    assert_int_equal(s->ops->alert_get(s, 1, &a), NT_ENOENT);
    assert_string_equal(last_reason(s, good), "");
    struct page *p = NULL;
    assert_int_equal(s->ops->page_get(s, good, &p), NT_OK);
    assert_int_equal(p->media.n, 2);
    assert_string_equal(p->media.item[1], "c");
    page_free(p);
    struct store_totals t;
    assert_int_equal(s->ops->totals(s, 0, &t), NT_OK);
    assert_true(t.queued >= 1);
    store_close(s);
}

static void test_sqlite__says_that_a_table_is_gone(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct page *p = NULL;
    store_close(s);
    sql(f->path, "DROP TABLE page");
    s = open_store(f->url);
    assert_int_equal(s->ops->page_get(s, 1, &p), NT_ECORRUPT);
    store_close(s);
}

static void test_sqlite__goes_on_in_the_file_that_took_its_place(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url), *other = NULL;
    struct said said = {.event = EVENT_PROBLEM};
    int64_t change;
    put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    /* an admin moved it away */
    assert_int_equal(rename(f->path, scratch_file(f, "away.db")), 0);
    unlink(scratch_file(f, "queue.db-wal"));
    unlink(scratch_file(f, "queue.db-shm"));
    int64_t id = put_said(s, &said, NUMBER2, NOW, PAGE_HELD, 0);
    other = open_store(f->url);
    assert_int_equal(state_of(other, id), PAGE_HELD);
    /* once more, and nobody writes: the watcher must not watch a dead file */
    assert_int_equal(rename(f->path, scratch_file(f, "away2.db")), 0);
    unlink(scratch_file(f, "queue.db-wal"));
    unlink(scratch_file(f, "queue.db-shm"));
    store_close(other);
    other = open_store(f->url);
    put_said(other, &said, NUMBER2, NOW, PAGE_HELD, 0);
    put_said(other, &said, NUMBER2, NOW, PAGE_HELD, 0);
    assert_int_equal(s->ops->change(s, &change), NT_OK);
    assert_int_equal(change, 2);
    store_close(other);
    store_close(s);
}

/* A limit on the size of files stands for a full disk. */
static void test_sqlite__survives_a_full_disk(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct sqlite_store *q = sqlite_of(s);
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM});
    char *huge = mem_alloc(200001);
    assert_non_null(huge);
    memset(huge, 'x', 200000);
    huge[200000] = 0;
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(alert_set(&a->long_output, huge), NT_OK);
    assert_int_equal(sqlite3_exec(q->db, "PRAGMA max_page_count = 40", NULL, NULL, NULL), SQLITE_OK);
    int64_t id;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "", &id), NT_EFULL);
    s->ops->rollback(s);
    assert_int_equal(sqlite3_exec(q->db, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "", &id), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    mem_free(huge);
    alert_free(a);
    store_close(s);
}

static void overwrite(const char *path, off_t from, size_t len)
{
    char junk[4096];
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    memset(junk, 0xa5, sizeof junk);
    for (size_t done = 0; done < len; done += sizeof junk)
        assert_int_equal(pwrite(fd, junk, sizeof junk, from + (off_t)done), sizeof junk);
    close(fd);
}

static size_t count_files(const struct scratch *f, const char *start)
{
    size_t n = 0;
    DIR *d = opendir(f->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strncmp(e->d_name, start, strlen(start)) == 0;
    closedir(d);
    return n;
}

static void test_sqlite__rescues_from_a_file_that_is_no_database(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url), *again = NULL;
    struct buf error;
    size_t taken = 7;
    buf_init(&error, 1000);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    store_close(s);
    sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
    overwrite(f->path, 0, 4096);
    assert_int_equal(store_open(f->url, &s, &error), NT_ECORRUPT);
    assert_true(error.len > 0);
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, &error), NT_OK);
    assert_int_equal(taken, 0);
    assert_int_equal(count_files(f, "queue.db.corrupt-1700000000"), 1);
    assert_int_equal(count_files(f, "queue.db.new"), 0);
    int64_t id = put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    /* the next with the same complaint takes what is there */
    assert_int_equal(store_rescue(f->url, NOW + 5 * SECOND, &again, &taken, &error), NT_OK);
    assert_int_equal(state_of(again, id), PAGE_QUEUED);
    assert_int_equal(count_files(f, "queue.db.corrupt-"), 1);
    store_close(again);
    store_close(s);
    buf_clean(&error);
}

static void test_sqlite__rescues_what_can_still_be_read(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url), *watcher = open_store(f->url);
    struct said said = {.event = EVENT_PROBLEM, .notification = 3};
    enum { PAGES = 400 };
    int64_t last = 0, change, after;
    size_t taken = 0;
    for (int i = 0; i < PAGES; i++)
        last = put_said(s, &said, i % 2 ? NUMBER : NUMBER2, NOW - 10 * DAY, i % 2 ? PAGE_QUEUED : PAGE_SENT, 0);
    int64_t recent = put_said(s, &said, NUMBER, NOW - HOUR, PAGE_DELIVERED, 0);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->send_put(s, NUMBER, CLASS_URGENT, "A", NOW - HOUR, 1), NT_OK);
    assert_int_equal(s->ops->number_put(s, NUMBER2, &(struct number_state){.opted_out = 5}), NT_OK);
    assert_int_equal(s->ops->mark_put(s, "m", 1, "v"), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->change(s, &change), NT_OK);
    store_close(s);
    sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
    /* two pages of the table of pages, in its middle */
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t leaf[64], leaves = 0;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, "SELECT pageno FROM dbstat WHERE name = 'page' AND pagetype = 'leaf' ORDER BY path", -1,
                           &stmt, NULL) == SQLITE_OK) {
        while (leaves < 64 && sqlite3_step(stmt) == SQLITE_ROW)
            leaf[leaves++] = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    assert_true(leaves > 10);
    overwrite(f->path, (leaf[5] - 1) * 4096, 4096);
    overwrite(f->path, (leaf[7] - 1) * 4096, 4096);
    s = open_store(f->url); /* its beginning is good */
    int64_t ids[8];
    struct store_query none = {.kind = PAGES_ALL};
    enum nt_status st = NT_OK;
    (void)ids;
    (void)none;
    struct page *p = NULL;
    for (int64_t id = 1; st == NT_OK && id <= PAGES; id++) {
        st = s->ops->page_get(s, id, &p);
        page_free(p);
    }
    assert_int_equal(st, NT_ECORRUPT);
    store_close(s);
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_OK);
    assert_true(taken > PAGES / 4 && taken < PAGES / 2);
    assert_int_equal(state_of(s, last), PAGE_QUEUED); /* under its old id, with its history and its alert */
    assert_string_equal(last_reason(s, last), "taken over from a damaged store");
    assert_int_equal(s->ops->page_get(s, last, &p), NT_OK);
    struct alert *a = NULL;
    assert_int_equal(s->ops->alert_get(s, p->alert_id, &a), NT_OK);
    alert_free(a);
    page_free(p);
    assert_int_equal(state_of(s, recent), PAGE_DELIVERED);
    assert_int_equal(s->ops->page_get(s, last - 1, &p), NT_ENOENT); /* sent ten days ago */
    struct number_state number;
    assert_int_equal(s->ops->number_get(s, NUMBER2, &number), NT_OK);
    assert_int_equal(number.opted_out, 5);
    struct buf value;
    buf_init(&value, 10);
    assert_int_equal(s->ops->mark_get(s, "m", NULL, &value), NT_OK);
    buf_clean(&value);
    /* whoever watches sees every page that was taken over, and has the new file */
    assert_int_equal(watcher->ops->change(watcher, &after), NT_OK);
    assert_true(after >= change + (int64_t)taken);
    assert_true(ids_of(watcher, &(struct store_query){.kind = PAGES_CHANGED, .after = change}, ids, 8) >= taken);
    int64_t next = put_said(watcher, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_true(next > recent);
    assert_int_equal(state_of(s, next), PAGE_QUEUED);
    store_close(watcher);
    store_close(s);
}

static void test_sqlite__rescue_without_a_file_begins_one(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    size_t taken = 9;
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_OK);
    assert_int_equal(taken, 0);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    store_close(s);
    assert_int_equal(count_files(f, "queue.db.corrupt-"), 0);
}

static void test_sqlite__writes_its_log_back_when_there_is_time(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct stat before, after;
    struct said said = {.event = EVENT_PROBLEM};
    for (int i = 0; i < 100; i++)
        put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(stat(f->path, &before), 0);
    assert_int_equal(s->ops->begin(s), NT_OK);
    s->ops->idle(s); /* not now */
    s->ops->rollback(s);
    s->ops->idle(s);
    assert_int_equal(stat(f->path, &after), 0);
    assert_true(after.st_size > before.st_size);
    store_close(s);
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void test_sqlite__its_log_gets_its_room_while_nobody_waits(void **state)
{
    struct scratch *f = *state;
    char log[400];
    struct said said = {.event = EVENT_PROBLEM};
    struct store *s = open_store(f->url);
    put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    snprintf(log, sizeof log, "%s", scratch_file(f, "queue.db-wal"));
    off_t room = (off_t)LOG_ROOM * (24 + 4096), before = size_of(log);
    struct statvfs disk;
    assert_int_equal(statvfs(f->folder, &disk), 0);
    if ((double)disk.f_bavail * (double)disk.f_frsize < 32.0 * (double)room) {
        s->ops->idle(s); /* it leaves a disk alone that has not got that much */
        assert_int_equal(size_of(log), before);
        store_close(s);
        return;
    }
    s->ops->idle(s);
    assert_int_equal(size_of(log), before + 512 * 1024); /* a piece, since somebody might come */
    struct store *other = open_store(f->url);
    assert_int_equal(other->ops->begin(other), NT_OK);
    s->ops->idle(s); /* not while another writes */
    assert_int_equal(size_of(log), before + 512 * 1024);
    assert_int_equal(other->ops->commit(other), NT_OK);
    store_close(other);
    for (int i = 0; i < 64; i++)
        s->ops->idle(s);
    assert_int_equal(size_of(log), room);
    for (int i = 1; i < 50; i++)
        put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(size_of(log), room);
    s->brief = true; /* leaves it unwritten */
    store_close(s);
    s = open_store(f->url); /* reads it through, up to the zeros */
    assert_int_equal(state_of(s, 1), PAGE_QUEUED);
    assert_int_equal(state_of(s, 50), PAGE_QUEUED);
    store_close(s);
    assert_int_equal(size_of(log), room);
}

static void test_sqlite__forgets_requests_after_days(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM});
    int64_t id = 0, old = 0;
    size_t deleted;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "old", &old), NT_OK);
    a->received = NOW + 2 * DAY;
    assert_int_equal(s->ops->alert_put(s, a, "recent", &id), NT_OK);
    a->received = NOW + 3 * DAY;
    assert_int_equal(s->ops->alert_put(s, a, "new", &id), NT_OK);
    assert_int_equal(s->ops->purge(s, NOW - DAY, 100, &deleted), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "recent", &id), NT_EEXIST);
    assert_int_equal(id, old + 1);
    assert_int_equal(s->ops->alert_put(s, a, "old", &id), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    alert_free(a);
    store_close(s);
}

static void test_sqlite__opening_and_rescuing_may_run_out_of_memory(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0);
    store_close(s);
    for (unsigned long n = 1; n < 400; n++) {
        size_t taken;
        s = NULL;
        mem_fail_at(n);
        enum nt_status st = store_open(f->url, &s, NULL);
        store_close(s);
        s = NULL;
        if (st == NT_OK)
            st = store_open_readonly(f->url, &s, NULL);
        store_close(s);
        s = NULL;
        if (st == NT_OK)
            st = store_rescue(f->url, NOW + (int64_t)n * HOUR, &s, &taken, NULL);
        store_close(s);
        int failed = mem_failed();
        mem_fail_at(0);
        if (!failed) {
            assert_int_equal(st, NT_OK);
            s = open_store(f->url);
            assert_int_equal(state_of(s, 1), PAGE_QUEUED);
            store_close(s);
            return;
        }
    }
    fail_msg("%s", "the allocations have no end");
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite__without_a_library),
        IN_FOLDER(test_sqlite__conforms),
        cmocka_unit_test(test_sqlite__conforms_in_memory),
        cmocka_unit_test(test_sqlite__knows_its_urls),
        IN_FOLDER(test_sqlite__keeps_everything_over_a_restart),
        IN_FOLDER(test_sqlite__files_are_for_the_group_whatever_the_umask),
        IN_FOLDER(test_sqlite__what_root_makes_is_the_folders),
        IN_FOLDER(test_sqlite__reads_while_another_writes),
        IN_FOLDER(test_sqlite__reads_where_it_may_not_write),
        IN_FOLDER(test_sqlite__leaves_a_newer_schema_alone),
        IN_FOLDER(test_sqlite__leaves_a_foreign_database_alone),
        IN_FOLDER(test_sqlite__migrates_step_by_step),
        IN_FOLDER(test_sqlite__tolerates_rows_that_make_no_sense),
        IN_FOLDER(test_sqlite__says_that_a_table_is_gone),
        IN_FOLDER(test_sqlite__goes_on_in_the_file_that_took_its_place),
        IN_FOLDER(test_sqlite__survives_a_full_disk),
        IN_FOLDER(test_sqlite__rescues_from_a_file_that_is_no_database),
        IN_FOLDER(test_sqlite__rescues_what_can_still_be_read),
        IN_FOLDER(test_sqlite__rescue_without_a_file_begins_one),
        IN_FOLDER(test_sqlite__writes_its_log_back_when_there_is_time),
        IN_FOLDER(test_sqlite__its_log_gets_its_room_while_nobody_waits),
        IN_FOLDER(test_sqlite__forgets_requests_after_days),
        IN_FOLDER(test_sqlite__opening_and_rescuing_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files that are not what they should be: read-only, on a network, exchanged, too long. */
#include "support.h"
#include "trouble.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/lock.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_ONE = 1 };

static struct said problem = {.event = EVENT_PROBLEM};

static void fill(const char *url)
{
    struct store *s = open_store(url);
    assert_int_equal(put_said(s, &problem, NUMBER, NOW, PAGE_QUEUED, 0), PAGE_ONE);
    store_close(s);
}

/* Everything into the one file. */
static void write_back(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_sqlite_files__no_log_can_be_shared_there(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    struct buf error;
    buf_init(&error, 400);
    trouble_network(true);
    assert_int_equal(store_open(f->url, &s, &error), NT_EIO);
    trouble_network(false);
    assert_null(s);
    assert_non_null(strstr(buf_text(&error), "network file system"));
    buf_clean(&error);
    store_close(open_store(f->url)); /* nothing of the attempt is in the way */
}

static void test_sqlite_files__a_file_that_may_only_be_read(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    struct buf error;
    buf_init(&error, 400);
    fill(f->url);
    trouble_read_only(true);
    assert_int_equal(store_open(f->url, &s, &error), NT_EACCES);
    assert_null(s);
    assert_non_null(strstr(buf_text(&error), "may be read but not written"));
    assert_int_equal(store_open_readonly(f->url, &s, NULL), NT_OK);
    assert_int_equal(state_of(s, PAGE_ONE), PAGE_QUEUED);
    store_close(s);
    size_t taken;
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_EACCES); /* which is no damage */
    trouble_read_only(false);
    buf_clean(&error);
}

/* No log beside it, and none may be made: the file alone is all there is, whatever its name. */
static void test_sqlite_files__the_one_file_is_enough_to_read(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    char path[200], url[220];
    fill(f->url);
    write_back(f->path);
    unlink(scratch_file(f, "queue.db-wal"));
    unlink(scratch_file(f, "queue.db-shm"));
    snprintf(path, sizeof path, "%s/100%%?#.db", f->folder);
    snprintf(url, sizeof url, "sqlite:%s", path);
    assert_int_equal(rename(f->path, path), 0);
    for (unsigned long n = 1; n < 4; n++) {
        trouble_file_at(n, SQLITE_CANTOPEN);
        assert_int_equal(store_open_readonly(url, &s, NULL), NT_OK);
        assert_true(trouble_met());
        trouble_file_at(0, 0);
        assert_int_equal(state_of(s, PAGE_ONE), PAGE_QUEUED);
        store_close(s);
    }
    for (unsigned long n = 1;; n++) {
        mem_fail_at(n);
        trouble_file_at(1, SQLITE_CANTOPEN);
        enum nt_status st = store_open_readonly(url, &s, NULL);
        mem_fail_at(0);
        assert_int_equal(st, mem_failed() ? NT_ENOMEM : NT_OK);
        store_close(s);
        if (!mem_failed())
            break;
    }
}

static void replace_by_another(void *arg)
{
    struct scratch *f = arg;
    assert_int_equal(rename(f->path, scratch_file(f, "away.db")), 0);
    unlink(scratch_file(f, "queue.db-wal"));
    unlink(scratch_file(f, "queue.db-shm"));
    assert_int_equal(rename(scratch_file(f, "other.db"), f->path), 0);
}

/* Somebody's rescue, just between looking which file it is and opening it. */
static void test_sqlite_files__replaced_while_it_is_opened(void **state)
{
    struct scratch *f = *state;
    struct scratch second = *f;
    snprintf(second.url, sizeof second.url, "sqlite:%s/other.db", f->folder);
    store_close(open_store(f->url));
    fill(second.url);
    write_back(scratch_file(f, "other.db"));
    trouble_before_open(replace_by_another, f);
    struct store *s = open_store(f->url);
    assert_int_equal(access(scratch_file(f, "other.db"), F_OK), -1);
    assert_int_equal(state_of(s, PAGE_ONE), PAGE_QUEUED);
    /* and what is written now is in the file that stands there */
    int64_t id = put_said(s, &problem, NUMBER2, NOW, PAGE_HELD, 0);
    store_close(s);
    s = open_store(f->url);
    assert_int_equal(state_of(s, id), PAGE_HELD);
    store_close(s);
}

/* A rollback that fails ends the connection; the next transaction makes another. */
static void test_sqlite_files__a_rollback_that_fails(void **state)
{
    struct scratch *f = *state;
    struct alert *a = alert_of(&problem);
    struct page *fresh = page_of(a, NUMBER, NOW);
    fill(f->url);
    bool met = true;
    for (unsigned long n = 1; met; n++) {
        struct store *s = open_store(f->url);
        assert_int_equal(s->ops->begin(s), NT_OK);
        assert_int_equal(s->ops->page_put(s, fresh), NT_OK);
        int64_t id = fresh->id;
        trouble_memory_at(n);
        s->ops->rollback(s);
        trouble_memory_at(0);
        met = trouble_met();
        struct page *p = NULL;
        assert_int_equal(s->ops->begin(s), NT_OK);
        assert_int_equal(s->ops->page_get(s, id, &p), NT_ENOENT);
        s->ops->rollback(s);
        store_close(s);
    }
    page_free(fresh);
    alert_free(a);
}

/* A long log is written back after its commit; one so long that nobody else may write before, as well. */
static void test_sqlite_files__a_log_that_grows_too_long(void **state)
{
    struct scratch *f = *state;
    enum { HUGE = 24 * 1024 * 1024 };
    struct stat st;
    struct store *s = open_store(f->url);
    struct alert *a = alert_of(&problem);
    char *huge = mem_alloc(HUGE + 1);
    int64_t id;
    assert_non_null(huge);
    memset(huge, 'x', HUGE);
    huge[HUGE] = 0;
    assert_int_equal(alert_set(&a->long_output, huge), NT_OK);
    mem_free(huge);
    for (int alerts = 1; alerts <= 3; alerts += 2) {
        assert_int_equal(stat(f->path, &st), 0);
        off_t before = st.st_size;
        assert_int_equal(s->ops->begin(s), NT_OK);
        for (int i = 0; i < alerts; i++)
            assert_int_equal(s->ops->alert_put(s, a, "", &id), NT_OK);
        assert_int_equal(s->ops->commit(s), NT_OK);
        assert_int_equal(stat(f->path, &st), 0);
        assert_true(st.st_size > before + alerts * (off_t)HUGE);
    }
    alert_free(a);
    assert_int_equal(s->ops->alert_get(s, id, &a), NT_OK);
    assert_int_equal(strlen(a->long_output), HUGE);
    alert_free(a);
    store_close(s);
}

/* Who cannot wait does not, at either of the locks; and has what it came for as soon as they are free. */
static void test_sqlite_files__no_patience(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    struct place p;
    int fd;
    sqlite3 *db = NULL;
    int64_t start = clock_boot(clock_system());
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    assert_int_equal(write_lock_open(&p, &fd), NT_OK);
    assert_int_equal(write_lock_take(fd, 0), NT_OK);
    assert_int_equal(store_open_within(f->url, 0, &s, NULL), NT_EBUSY); /* it cannot be made now */
    write_lock_release(fd);
    fill(f->url);
    assert_int_equal(store_open_within(f->url, 0, &s, NULL), NT_OK);
    assert_int_equal(write_lock_take(fd, 0), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_EBUSY);
    write_lock_release(fd);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(s->ops->begin(s), NT_EBUSY);
    assert_in_range(clock_boot(clock_system()) - start, 0, STORE_PATIENCE - 1);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(s->ops->begin(s), NT_OK);
    s->ops->rollback(s);
    store_close(s);
    close(fd);
    place_clean(&p);
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup_quick, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_sqlite_files__no_log_can_be_shared_there),
        IN_FOLDER(test_sqlite_files__a_file_that_may_only_be_read),
        IN_FOLDER(test_sqlite_files__the_one_file_is_enough_to_read),
        IN_FOLDER(test_sqlite_files__replaced_while_it_is_opened),
        IN_FOLDER(test_sqlite_files__a_rollback_that_fails),
        IN_FOLDER(test_sqlite_files__a_log_that_grows_too_long),
        IN_FOLDER(test_sqlite_files__no_patience),
    };
    trouble_install();
    assert_int_equal(log_open("test", LOG_LEVEL_ERROR, "/dev/null"), NT_OK);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    log_close();
    return failed;
}

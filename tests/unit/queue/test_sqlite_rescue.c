#include "support.h"

#include "queue/lock.h"
#include "queue/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct said problem = {.event = EVENT_PROBLEM};

/* The rescue's rename() comes by here (--wrap): this error, for what is to be called so. */
static const char *refused_name;
static int refused_with;

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (!refused_name || strcmp(to, refused_name) != 0)
        return __real_rename(from, to);
    errno = refused_with;
    return -1;
}

static void test_sqlite_rescue__needs_a_place(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    struct buf error;
    size_t taken = 7;
    char url[200];
    buf_init(&error, 400);
    assert_int_equal(store_rescue("pgsql:host", NOW, &s, &taken, &error), NT_EINVAL);
    assert_int_equal(store_rescue("sqlite:", NOW, &s, &taken, NULL), NT_EINVAL);
    store_close(open_store(f->url));
    snprintf(url, sizeof url, "sqlite:%s/queue.db", f->path); /* a file for a folder */
    buf_reset(&error);
    assert_int_equal(store_rescue(url, NOW, &s, &taken, &error), NT_EINVAL);
    assert_non_null(strstr(buf_text(&error), "not a folder"));
    assert_null(s);
    /* of a store in memory nothing is left that could be damaged: a new one */
    assert_int_equal(store_rescue("sqlite::memory:", NOW, &s, &taken, &error), NT_OK);
    assert_int_equal(taken, 0);
    assert_int_equal(put_said(s, &problem, NUMBER, NOW, PAGE_QUEUED, 0), 1);
    store_close(s);
    buf_clean(&error);
}

/* Two rescues within a second: what the first has set aside stays. */
static void test_sqlite_rescue__sets_aside_under_a_free_name(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    size_t taken = 0;
    struct stat st;
    int64_t id = put_said(s, &problem, NUMBER, NOW, PAGE_QUEUED, 0);
    store_close(s);
    int fd = open(scratch_file(f, "queue.db.corrupt-1700000000"), O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_OK);
    assert_int_equal(taken, 1);
    assert_int_equal(state_of(s, id), PAGE_QUEUED);
    store_close(s);
    assert_int_equal(stat(scratch_file(f, "queue.db.corrupt-1700000000"), &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(stat(scratch_file(f, "queue.db.corrupt-1700000001"), &st), 0);
    assert_true(st.st_size > 0);
}

/* Each in a process of its own, so that both wait at the same time. */
static pid_t child_that_waits(const struct scratch *f, bool rescue)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child)
        return child;
    struct store *s = NULL;
    struct buf error;
    size_t taken;
    buf_init(&error, 400);
    enum nt_status st = rescue ? store_rescue(f->url, NOW, &s, &taken, &error) : store_open(f->url, &s, &error);
    bool good = st == NT_EBUSY && !s && strstr(buf_text(&error), f->path);
    buf_clean(&error);
    _exit(good ? 0 : 1);
}

/* Whoever makes or rescues a store waits for his turn to write, and says when it does not come. */
static void test_sqlite_rescue__waits_for_its_turn(void **state)
{
    struct scratch *f = *state;
    struct place p;
    int fd, status;
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    assert_int_equal(write_lock_open(&p, &fd), NT_OK);
    assert_int_equal(write_lock_take(fd, 0), NT_OK);
    pid_t child[] = {child_that_waits(f, false), child_that_waits(f, true)};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    write_lock_release(fd);
    close(fd);
    place_clean(&p);
    store_close(open_store(f->url));
}

/* A pages' alert that cannot be read costs its page nothing. */
static void test_sqlite_rescue__takes_a_page_without_its_alert(void **state)
{
    struct scratch *f = *state;
    struct store *s = open_store(f->url);
    struct page *p = NULL;
    struct alert *a = NULL;
    size_t taken = 0;
    int64_t id = put_said(s, &problem, NUMBER, NOW, PAGE_QUEUED, 0), without;
    assert_int_equal(s->ops->page_get(s, id, &p), NT_OK);
    p->alert_id = 999; /* of an alert that is not there */
    without = put_page(s, p);
    page_free(p);
    store_close(s);
    sqlite3 *db = NULL; /* and one with an id that no store gives */
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE TEMP TABLE t AS SELECT * FROM page WHERE id = 1; UPDATE t SET id = -1;"
                                  " INSERT INTO page SELECT * FROM t",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_OK);
    assert_int_equal(taken, 2);
    assert_int_equal(state_of(s, without), PAGE_QUEUED);
    struct store_query q = {.kind = PAGES_ALL};
    int64_t ids[4];
    assert_int_equal(ids_of(s, &q, ids, 4), 2);
    assert_int_equal(s->ops->alert_get(s, 1, &a), NT_OK);
    alert_free(a);
    assert_int_equal(s->ops->alert_get(s, 999, &a), NT_ENOENT);
    store_close(s);
}

/* The new one is made, and cannot take the old one's place: that stays with all that it has, what is only in its log
 * as well; and the next try does it. */
static void test_sqlite_rescue__the_place_cannot_be_taken(void **state)
{
    static const struct {
        int error;
        enum nt_status status;
    } cases[] = {{EPERM, NT_EACCES}, {ENOSPC, NT_EFULL}, {EIO, NT_EIO}};
    struct scratch *f = *state;
    struct store *s = open_store(f->url), *rescued = NULL;
    struct buf error;
    struct stat before, after;
    size_t taken;
    int64_t id = put_said(s, &problem, NUMBER, NOW, PAGE_QUEUED, 0);
    buf_init(&error, 400);
    assert_int_equal(stat(f->path, &before), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refused_name = f->path;
        refused_with = cases[i].error;
        buf_reset(&error);
        assert_int_equal(store_rescue(f->url, NOW, &rescued, &taken, &error), cases[i].status);
        refused_name = NULL;
        assert_null(rescued);
        assert_non_null(strstr(buf_text(&error), f->path));
        assert_non_null(strstr(buf_text(&error), strerror(cases[i].error)));
        assert_int_equal(stat(f->path, &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(stat(scratch_file(f, "queue.db-wal"), &after), 0); /* s has it open */
        assert_int_equal(access(scratch_file(f, "queue.db.new"), F_OK), -1);
        assert_int_equal(access(scratch_file(f, "queue.db.corrupt-1700000000"), F_OK), -1);
        struct store *other = open_store(f->url);
        assert_int_equal(state_of(other, id), PAGE_QUEUED);
        store_close(other);
    }
    assert_int_equal(store_rescue(f->url, NOW, &rescued, &taken, &error), NT_OK);
    assert_int_equal(taken, 1);
    assert_int_equal(state_of(rescued, id), PAGE_QUEUED);
    assert_int_equal(stat(f->path, &after), 0);
    assert_int_not_equal(after.st_ino, before.st_ino);
    assert_int_equal(stat(scratch_file(f, "queue.db.corrupt-1700000000"), &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(access(scratch_file(f, "queue.db.corrupt-1700000000-wal"), F_OK), 0);
    assert_int_equal(access(scratch_file(f, "queue.db.corrupt-1700000000-shm"), F_OK), -1);
    store_close(rescued);
    store_close(s);
    buf_clean(&error);
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup_quick, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_sqlite_rescue__needs_a_place),
        IN_FOLDER(test_sqlite_rescue__sets_aside_under_a_free_name),
        IN_FOLDER(test_sqlite_rescue__waits_for_its_turn),
        IN_FOLDER(test_sqlite_rescue__takes_a_page_without_its_alert),
        IN_FOLDER(test_sqlite_rescue__the_place_cannot_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

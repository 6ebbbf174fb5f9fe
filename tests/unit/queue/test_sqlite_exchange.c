/* The exchange of a damaged store for the salvaged one, killed anywhere: what was only in a log is not lost. */
#include "support.h"

#include "base/mem.h"
#include "queue/sqlite_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 9, CALLS_MOST = 100 };

static struct said problem = {.event = EVENT_PROBLEM};

/* Calls that change a name come by here (--wrap): the process ends instead of the nth. */
static int killed_at, calls;
static int folder_error; /* of opendir() */

static void count(void)
{
    if (++calls == killed_at)
        _exit(KILLED);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    count();
    return __real_rename(from, to);
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    count();
    return __real_link(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    count();
    return __real_unlink(path);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
    if (!folder_error)
        return __real_opendir(path);
    errno = folder_error;
    return NULL;
}

/* One page in the file, one in its log only. */
static void fill(const struct scratch *f)
{
    struct store *s = open_store(f->url);
    sqlite3 *db = NULL;
    assert_int_equal(put_said(s, &problem, NUMBER, NOW, PAGE_QUEUED, 0), 1);
    store_close(s);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    s = open_store(f->url);
    assert_int_equal(put_said(s, &problem, NUMBER2, NOW, PAGE_QUEUED, 0), 2);
    s->brief = true; /* leaves its log */
    store_close(s);
    struct stat st;
    assert_int_equal(stat(scratch_file(f, "queue.db-wal"), &st), 0);
    assert_true(st.st_size > 0);
}

static void assert_both(const struct scratch *f, struct store *s)
{
    assert_int_equal(state_of(s, 1), PAGE_QUEUED);
    assert_int_equal(state_of(s, 2), PAGE_QUEUED);
    store_close(s);
    s = open_store(f->url);
    assert_int_equal(state_of(s, 2), PAGE_QUEUED);
    store_close(s);
}

/* As whoever comes next would. */
static bool go_on(const struct scratch *f)
{
    struct store *s = NULL;
    size_t taken = 2;
    struct buf error;
    buf_init(&error, 400);
    enum nt_status st = store_open(f->url, &s, &error);
    bool rescued = st == NT_ECORRUPT;
    if (rescued) {
        assert_non_null(strstr(buf_text(&error), "rescue was interrupted"));
        st = store_rescue(f->url, NOW, &s, &taken, NULL);
    }
    assert_int_equal(st, NT_OK);
    assert_int_equal(taken, 2);
    assert_both(f, s);
    buf_clean(&error);
    return rescued;
}

static size_t names_aside(const struct scratch *f)
{
    size_t n = 0;
    DIR *d = opendir(f->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strstr(e->d_name, "corrupt-") != NULL && !strstr(e->d_name, "-wal") && !strstr(e->d_name, "-shm");
    closedir(d);
    return n;
}

static void test_sqlite_exchange__killed_anywhere(void **state)
{
    (void)state;
    int interrupted = 0, status = KILLED;
    for (int n = 1; status != 0; n++) {
        struct scratch f;
        assert_true(n < CALLS_MOST);
        scratch_make_quick(&f);
        fill(&f);
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            struct store *s;
            size_t taken;
            calls = 0;
            killed_at = n;
            _exit(store_rescue(f.url, NOW, &s, &taken, NULL) == NT_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        status = WEXITSTATUS(status);
        assert_true(status == KILLED || status == 0);
        interrupted += go_on(&f);
        assert_true(names_aside(&f) <= 1);
        scratch_remove(&f);
    }
    assert_true(interrupted >= 2); /* without the log, without the index, with neither */
}

/* Makes what a kill in the middle leaves: the second name, and the log gone along. */
static void halve(const struct scratch *f)
{
    char aside[128];
    snprintf(aside, sizeof aside, "%s.corrupt-1700000000", f->path);
    assert_int_equal(link(f->path, aside), 0);
    snprintf(aside, sizeof aside, "%s.corrupt-1700000000-wal", f->path);
    assert_int_equal(rename(scratch_file(f, "queue.db-wal"), aside), 0);
}

/* An admin's links are none of ours, whatever they are called. */
static void test_sqlite_exchange__other_names(void **state)
{
    struct scratch *f = *state;
    static const char *const names[] = {"backup.db", "queue.db.corrupt-1700000000.gz", "other.db.corrupt-1700000000",
                                        "queue.db-corrupt"};
    fill(f);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(link(f->path, scratch_file(f, names[i])), 0);
    int fd = open(scratch_file(f, "queue.db.corrupt-1600000000"), O_CREAT | O_WRONLY, 0600); /* of long ago */
    assert_true(fd >= 0);
    close(fd);
    assert_false(go_on(f));
}

/* Another program has opened the database meanwhile and begun a log: that one is the newer. */
static void test_sqlite_exchange__a_log_begun_meanwhile(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    size_t taken = 0;
    sqlite3 *db = NULL;
    fill(f);
    halve(f);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE page SET segments = 3 WHERE id = 1", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_open(f->url, &s, NULL), NT_ECORRUPT);
    assert_int_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_OK);
    struct page *p = NULL;
    assert_int_equal(s->ops->page_get(s, 1, &p), NT_OK);
    assert_int_equal(p->segments, 3);
    page_free(p);
    store_close(s);
    sqlite3_close(db);
}

/* Nobody opens what he cannot judge; but who may not even look at the folder never set anything aside there. */
static void test_sqlite_exchange__cannot_be_judged(void **state)
{
    struct scratch *f = *state;
    struct store *s = NULL;
    size_t taken;
    fill(f);
    halve(f);
    folder_error = EMFILE;
    assert_int_not_equal(store_open(f->url, &s, NULL), NT_OK);
    assert_int_not_equal(store_rescue(f->url, NOW, &s, &taken, NULL), NT_OK);
    folder_error = EACCES;
    assert_int_equal(store_open_readonly(f->url, &s, NULL), NT_OK);
    store_close(s);
    folder_error = 0;
    struct place place;
    assert_int_equal(place_init(&place, f->url, NULL), NT_OK);
    bool halfway = false;
    enum nt_status st = NT_ENOMEM;
    for (unsigned long n = 1; st == NT_ENOMEM; n++) {
        mem_fail_at(n);
        st = sqlite_exchange_look(&place, &halfway);
    }
    mem_fail_at(0);
    assert_int_equal(st, NT_OK);
    assert_true(halfway);
    st = NT_ENOMEM;
    for (unsigned long n = 1; st == NT_ENOMEM; n++) {
        mem_fail_at(n);
        st = sqlite_exchange_undo(&place);
    }
    mem_fail_at(0);
    assert_int_equal(st, NT_OK);
    assert_int_equal(sqlite_exchange_look(&place, &halfway), NT_OK);
    assert_false(halfway);
    place_clean(&place);
    assert_false(go_on(f));
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup_quick, scratch_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite_exchange__killed_anywhere),
        IN_FOLDER(test_sqlite_exchange__other_names),
        IN_FOLDER(test_sqlite_exchange__a_log_begun_meanwhile),
        IN_FOLDER(test_sqlite_exchange__cannot_be_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

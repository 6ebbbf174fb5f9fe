/*
 * Many processes at one store, some of which die. The program starts itself again for each of them, in the build with
 * the fault points:
 *
 *     test_queue_processes write URL NUMBER COUNT   puts COUNT alerts with a page, a byte to stdout after each commit
 *     test_queue_processes rescue URL NOW           rescues the store
 */
#include "support.h"

#include "queue/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_MOST = 20 };

static const char *self;

static int write_pages(const char *url, const char *number, int count)
{
    struct store *s = NULL;
    struct said said = {.event = EVENT_PROBLEM};
    struct alert *a = alert_of(&said);
    enum nt_status st = store_open(url, &s, NULL);
    for (int i = 0, busy = 0; st == NT_OK && i < count; i++) {
        st = s->ops->begin(s);
        if (st == NT_EBUSY && busy++ < BUSY_MOST) { /* on a slow disk, behind the others: nothing is written then */
            st = NT_OK;
            i--;
            continue;
        }
        struct page *p = page_of(a, number, NOW);
        if (st == NT_OK) {
            st = s->ops->alert_put(s, a, "", &p->alert_id);
            if (st == NT_OK)
                st = s->ops->page_put(s, p);
            if (st == NT_OK)
                st = s->ops->step_put(s, p->id, NOW, p->state, "accepted");
            if (st == NT_OK)
                st = s->ops->commit(s);
            else
                s->ops->rollback(s);
        }
        page_free(p);
        if (st == NT_OK && write(1, "x", 1) != 1)
            _exit(9);
    }
    alert_free(a);
    store_close(s);
    return st == NT_OK ? 0 : -st;
}

static int rescue(const char *url, const char *now)
{
    struct store *s = NULL;
    size_t taken;
    enum nt_status st = store_rescue(url, strtoll(now, NULL, 10), &s, &taken, NULL);
    store_close(s);
    return st == NT_OK ? 0 : -st;
}

/* Starts a copy of this program; *out reads what it writes. */
static pid_t start(char *const argv[], const char *fault, int *out)
{
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(p[1], 1);
        if (fault)
            setenv("NOTIFY_TWILIO_FAULT", fault, 1);
        execv(self, argv);
        _exit(127);
    }
    close(p[1]);
    *out = p[0];
    return child;
}

static pid_t start_writer(const char *url, const char *number, int count, const char *fault, int *out)
{
    char n[12], *argv[] = {(char *)(uintptr_t)self,
                           (char *)(uintptr_t) "write",
                           (char *)(uintptr_t)url,
                           (char *)(uintptr_t)number,
                           n,
                           NULL};
    snprintf(n, sizeof n, "%d", count);
    return start(argv, fault, out);
}

/* The bytes that came until the end, and how it ended. */
static int finish(pid_t child, int out, int *status)
{
    char bytes[256];
    int n = 0;
    for (;;) {
        ssize_t got = read(out, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (int)got;
    }
    close(out);
    assert_int_equal(waitpid(child, status, 0), child);
    return n;
}

static int64_t count_of(const char *path, const char *query)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static void check_integrity(const char *path)
{
    assert_int_equal(count_of(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    assert_int_equal(
        count_of(path, "SELECT count(*) FROM page WHERE NOT EXISTS (SELECT 1 FROM alert WHERE alert.id = alert_id)"),
        0);
    assert_int_equal(
        count_of(path, "SELECT count(*) FROM page WHERE NOT EXISTS (SELECT 1 FROM step WHERE page_id = page.id)"), 0);
    assert_int_equal(count_of(path, "SELECT count(*) - count(DISTINCT change) FROM page"), 0);
    assert_int_equal(count_of(path, "SELECT change - (SELECT max(change) FROM page) FROM counter"), 0);
}

static void test_processes__eight_writers_lose_nothing(void **state)
{
    struct scratch *f = *state;
    enum { WRITERS = 8, EACH = 40 };
    pid_t child[WRITERS];
    int out[WRITERS], status;
    for (int i = 0; i < WRITERS; i++) {
        char number[NUMBER_MAX];
        snprintf(number, sizeof number, "+1500555000%d", i);
        child[i] = start_writer(f->url, number, EACH, NULL, &out[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(finish(child[i], out[i], &status), EACH);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_of(f->path, "SELECT count(*) FROM page"), WRITERS * EACH);
    assert_int_equal(count_of(f->path, "SELECT max(id) FROM page"), WRITERS * EACH);
    check_integrity(f->path);
}

static void test_processes__a_kill_loses_nothing_that_was_promised(void **state)
{
    struct scratch *f = *state;
    int promised = 0;
    for (int round = 0; round < 12; round++) {
        int out[2], status;
        pid_t child[2];
        for (int i = 0; i < 2; i++)
            child[i] = start_writer(f->url, NUMBER, 100000, NULL, &out[i]);
        struct timespec some = {.tv_nsec = (20 + round * 7) * 1000000L};
        nanosleep(&some, NULL);
        for (int i = 0; i < 2; i++)
            kill(child[i], SIGKILL);
        for (int i = 0; i < 2; i++)
            promised += finish(child[i], out[i], &status);
        struct store *s = open_store(f->url);
        store_close(s);
        int64_t there = count_of(f->path, "SELECT count(*) FROM page");
        assert_true(there >= promised);
        assert_true(there <= promised + 2 * (round + 1)); /* committed, and killed before it was said */
        check_integrity(f->path);
    }
    assert_true(promised > 0);
}

static void test_processes__dying_at_each_point(void **state)
{
    struct scratch *f = *state;
    static const struct {
        const char *fault;
        int promised, there;
        int failed; /* exit status, when it does not die */
    } t[] = {
        {"store.begin:3", 2, 2, 0},
        {"store.commit.before:3", 2, 2, 0},
        {"store.commit.after:3", 2, 3, 0},
        {"store.begin:3:enospc", 2, 2, -NT_EFULL},
        {"store.begin:3:ebusy", 2, 2, -NT_EBUSY},
        {"store.commit.before:3:enospc", 2, 2, -NT_EFULL},
        {"store.commit.before:3:eio", 2, 2, -NT_EIO},
        {"store.commit.before:3:corrupt", 2, 2, -NT_ECORRUPT},
    };
    int64_t before = 0;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int out, status;
        pid_t child = start_writer(f->url, NUMBER, 5, t[i].fault, &out);
        int promised = finish(child, out, &status);
        if (t[i].failed)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == t[i].failed);
        else
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(promised, t[i].promised);
        int64_t there = count_of(f->path, "SELECT count(*) FROM page");
        assert_int_equal(there - before, t[i].there);
        before = there;
        check_integrity(f->path);
        /* the next finds nothing locked */
        child = start_writer(f->url, NUMBER, 1, NULL, &out);
        assert_int_equal(finish(child, out, &status), 1);
        assert_int_equal(status, 0);
        before++;
    }
}

static void test_processes__all_rescue_at_once(void **state)
{
    struct scratch *f = *state;
    enum { RESCUERS = 6 };
    pid_t child[RESCUERS];
    int out[RESCUERS], status;
    struct said said = {.event = EVENT_PROBLEM};
    char now[24], *argv[] = {(char *)(uintptr_t)self, (char *)(uintptr_t) "rescue", f->url, now, NULL};
    snprintf(now, sizeof now, "%lld", (long long)NOW);
    struct store *s = open_store(f->url);
    for (int i = 0; i < 20; i++)
        put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    for (int i = 0; i < RESCUERS; i++)
        child[i] = start(argv, NULL, &out[i]);
    for (int i = 0; i < RESCUERS; i++) {
        finish(child[i], out[i], &status);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_of(f->path, "SELECT count(*) FROM page"), 20);
    put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0); /* whoever had it open goes on in the new one */
    assert_int_equal(count_of(f->path, "SELECT count(*) FROM page"), 21);
    store_close(s);
    check_integrity(f->path);
}

static void test_processes__a_rescue_that_dies_is_begun_again(void **state)
{
    struct scratch *f = *state;
    struct said said = {.event = EVENT_PROBLEM};
    pid_t child;
    int out, status;
    char now[24], *argv[] = {(char *)(uintptr_t)self, (char *)(uintptr_t) "rescue", f->url, now, NULL};
    snprintf(now, sizeof now, "%lld", (long long)NOW);
    struct store *s = open_store(f->url);
    put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    store_close(s);
    child = start(argv, "store.commit.before:1", &out);
    finish(child, out, &status);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(count_of(f->path, "SELECT count(*) FROM page"), 1);
    child = start(argv, "store.commit.after:1", &out);
    finish(child, out, &status);
    assert_true(WIFSIGNALED(status));
    child = start(argv, NULL, &out);
    finish(child, out, &status);
    assert_int_equal(status, 0);
    assert_int_equal(count_of(f->path, "SELECT count(*) FROM page WHERE state = 0"), 1);
    check_integrity(f->path);
}

/* Whoever was making the store is being killed: queue.write is free already, his locks of the database are not yet.
 * SQLite then refuses the change to a write-ahead log at once. */
static void test_processes__begun_after_a_death(void **state)
{
    struct scratch *f = *state;
    int ready[2], status;
    char byte;
    close(open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0660));
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t dying = fork();
    assert_true(dying >= 0);
    if (dying == 0) {
        sqlite3 *db = NULL;
        if (sqlite3_open(f->path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK || write(ready[1], "r", 1) != 1)
            _exit(1);
        nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct store *s = NULL;
    assert_int_equal(store_open(f->url, &s, NULL), NT_OK);
    store_close(s);
    assert_int_equal(waitpid(dying, &status, 0), dying);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(ready[1]);
}

int main(int argc, char *argv[])
{
    self = "/proc/self/exe";
    if (argc == 5 && strcmp(argv[1], "write") == 0)
        return write_pages(argv[2], argv[3], atoi(argv[4]));
    if (argc == 4 && strcmp(argv[1], "rescue") == 0)
        return rescue(argv[2], argv[3]);
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_processes__eight_writers_lose_nothing),
        IN_FOLDER(test_processes__a_kill_loses_nothing_that_was_promised),
        IN_FOLDER(test_processes__dying_at_each_point),
        IN_FOLDER(test_processes__all_rescue_at_once),
        IN_FOLDER(test_processes__a_rescue_that_dies_is_begun_again),
        IN_FOLDER(test_processes__begun_after_a_death),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

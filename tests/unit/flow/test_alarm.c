/* The alarm: once a cause, whatever the store says, and a command that nobody waits for. */
#include "world.h"

#include "base/log.h"
#include "flow/alarm.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HANGING = 16, LIMIT = 60000 };

static char heard[4096];
static int ended; /* commands of which it was said */

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    snprintf(heard, sizeof heard, "%s", line);
    ended += strstr(line, "the alarm command ended with 7") != NULL;
}

static struct world *with_command(const char *command)
{
    char config[256] = "";
    if (command)
        snprintf(config, sizeof config, "alarm: {command: %s}\n", command);
    struct world *w = world_new(&(struct world_options){.config = config});
    w->outside.store = frail_store_new(w->outside.store, &w->frail);
    assert_non_null(w->outside.store);
    return w;
}

static int64_t mark(struct world *w, const char *name)
{
    int64_t at = 0;
    struct store *s = w->outside.store;
    enum nt_status st = s->ops->mark_get(s, name, &at, NULL);
    assert_true(st == NT_OK || st == NT_ENOENT);
    return st == NT_OK ? at : 0;
}

/* Each operation of the store fails once: the alarm is raised all the same, and a mark is there or is not. */
static void test_alarm__each_operation_of_the_store_fails_once(void **state)
{
    (void)state;
    struct world *w = with_command(NULL);
    bool failed = true;
    int unmarked = 0;
    for (long n = 1; failed; n++) {
        char cause[32], name[48];
        snprintf(cause, sizeof cause, "operation %ld", n);
        snprintf(name, sizeof name, "alarm:%s", cause);
        w->alarms = 0;
        w->frail.failed = false;
        w->frail.fail_at = n;
        w->frail.fail_with = NT_EIO;
        alarm_raise(&w->outside, cause, false, "trouble %ld", n);
        failed = w->frail.failed;
        w->frail.fail_at = 0;
        assert_int_equal(world_alarmed(w, "trouble"), 1);
        unmarked += !mark(w, name);
        assert_true(failed || mark(w, name));
        alarm_raise(&w->outside, cause, false, "trouble %ld", n); /* known to the process at least */
        assert_int_equal(world_alarmed(w, "trouble"), 1);
        /* the store was left without a transaction */
        assert_int_equal(w->outside.store->ops->begin(w->outside.store), NT_OK);
        w->outside.store->ops->rollback(w->outside.store);
    }
    assert_int_equal(unmarked, 3); /* its beginning, the mark, the end; not the look at it */
    world_free(w);
}

static void test_alarm__in_a_transaction_of_the_callers(void **state)
{
    (void)state;
    struct world *w = with_command(NULL);
    struct store *s = w->outside.store;
    assert_int_equal(s->ops->begin(s), NT_OK);
    alarm_raise(&w->outside, "mine", true, "trouble");
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(mark(w, "alarm:mine"), w->clock.wall_ms);
    /* the mark fails: that is the store's trouble, not the alarm's */
    assert_int_equal(s->ops->begin(s), NT_OK);
    w->frail.fail_at = 2;
    w->frail.fail_with = NT_EFULL;
    alarm_raise(&w->outside, "other", true, "more trouble");
    assert_true(w->frail.failed);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(world_alarmed(w, "more trouble"), 1);
    assert_int_equal(mark(w, "alarm:other"), 0);
    world_free(w);
}

static void test_alarm__without_any_store(void **state)
{
    (void)state;
    struct world *w = with_command(NULL);
    struct store *s = w->outside.store;
    w->outside.store = NULL;
    alarm_raise(&w->outside, "no store", false, "nothing can be opened");
    alarm_raise(&w->outside, "no store", false, "nothing can be opened");
    w->outside.store = s;
    assert_int_equal(world_alarmed(w, "nothing can be opened"), 1);
    assert_int_equal(mark(w, "alarm:no store"), 0);
    world_free(w);
}

static void test_alarm__a_command_that_cannot_be_started(void **state)
{
    (void)state;
    struct world *w = with_command("[\"/nonexistent/page-the-admin\"]");
    log_tap(hear, NULL);
    alarm_raise(&w->outside, "not there", false, "trouble");
    assert_non_null(strstr(heard, "alarm command /nonexistent/page-the-admin: No such file"));
    /* no descriptor is left for its input */
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    alarm_raise(&w->outside, "no descriptor", false, "trouble");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_non_null(strstr(heard, "alarm command: Too many open files"));
    world_free(w);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reaps until so many have ended. */
static void reap_until(int all)
{
    for (int64_t end = now() + LIMIT; ended < all;) {
        alarm_reap();
        if (now() > end)
            fail_msg("%d of %d have ended; last: %s", ended, all, heard);
        (void)poll(NULL, 0, 5);
    }
}

/* Each one hangs until the test lets go of it. One too many is not begun; when they have gone, there is room again. */
static void test_alarm__commands_that_hang(void **state)
{
    (void)state;
    char command[160], folder[] = "/tmp/nt-alarm-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hold", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    int hold = open(path, O_RDWR | O_CLOEXEC);
    assert_true(hold >= 0);
    snprintf(command, sizeof command, "[\"sh\", \"-c\", \"read line < %s; exit 7\"]", path);
    struct world *w = with_command(command);
    *heard = '\0';
    ended = 0;
    log_tap(hear, NULL);
    for (int i = 0; i < HANGING; i++) {
        char cause[32];
        snprintf(cause, sizeof cause, "hanging %d", i);
        alarm_raise(&w->outside, cause, false, "trouble %d", i);
        alarm_reap();
        assert_non_null(strstr(heard, "ALARM: trouble"));
    }
    alarm_raise(&w->outside, "hanging too many", false, "trouble");
    assert_string_equal(heard, "the alarm command hangs 16 times over: not started once more");
    for (int i = 0; i < HANGING; i++)
        assert_int_equal(write(hold, "\n", 1), 1);
    reap_until(HANGING);
    alarm_raise(&w->outside, "there is room again", false, "trouble again");
    assert_string_equal(heard, "ALARM: trouble again");
    assert_int_equal(write(hold, "\n", 1), 1);
    reap_until(HANGING + 1);
    close(hold);
    unlink(path);
    rmdir(folder);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarm__each_operation_of_the_store_fails_once),
        cmocka_unit_test(test_alarm__in_a_transaction_of_the_callers),
        cmocka_unit_test(test_alarm__without_any_store),
        cmocka_unit_test(test_alarm__a_command_that_cannot_be_started),
        cmocka_unit_test(test_alarm__commands_that_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Commands that behave, and commands that do not. What must happen at last is waited for; nothing is timed. */
#include "media/runner.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct outcome {
    struct runner *runner;
    struct run *run;
    int ended;
    bool ok;
    char words[512], text[4096];
    size_t len, want; /* want: as much as is taken; 0 everything */
};

static bool take(void *arg, const char *data, size_t len)
{
    struct outcome *o = arg;
    size_t room = sizeof o->text - 1 - (o->len < sizeof o->text ? o->len : sizeof o->text - 1);
    memcpy(o->text + (sizeof o->text - 1 - room), data, len < room ? len : room);
    o->len += len;
    return !o->want || o->len < o->want;
}

static void done(void *arg, const struct run_result *r)
{
    struct outcome *o = arg;
    o->ended++;
    o->run = NULL;
    o->ok = r->ok;
    snprintf(o->words, sizeof o->words, "%s", r->words);
}

static enum nt_status start(struct outcome *o, int in, const char *script)
{
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char *)(uintptr_t)script};
    const struct strlist list = {argv, 3, 3};
    return run_start(o->runner, &(struct run_options){.argv = &list, .in = in, .take = take, .done = done, .arg = o},
                     &o->run);
}

static void turn_until(struct runner *r, const int *condition)
{
    for (int i = 0; !*condition && i < 1200; i++) { /* a minute, for a test that is broken */
        struct pollfd p = {.fd = runner_fd(r), .events = POLLIN};
        int64_t next = runner_next(r);
        (void)poll(&p, 1, next >= 0 && next < 50 ? (int)next : 50);
        runner_turn(r);
    }
    assert_int_equal(*condition, 1);
}

static struct outcome run(const char *script, size_t want)
{
    struct outcome o = {.want = want};
    assert_int_equal(runner_new(&o.runner), NT_OK);
    assert_int_equal(start(&o, -1, script), NT_OK);
    turn_until(o.runner, &o.ended);
    runner_free(o.runner);
    return o;
}

static void test_runner__ends(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        bool ok;
        const char *text, *words;
    } table[] = {
        {"printf hello", true, "hello", ""},
        {"cat; printf done", true, "done", ""}, /* its input is empty */
        {"printf part; exit 3", false, "part", "exit status 3"},
        {"echo first >&2; printf 'ERROR: no \\033[2Jfile\\n\\n' >&2; exit 1", false, "",
         "exit status 1: ERROR: no ?[2Jfile"},
        {"kill -9 $$", false, "", "killed by signal 9"},
        {"exec >&-; exit 0", true, "", ""},
        {"exec >&- 2>&-; exit 7", false, "", "exit status 7"},
        {"printf x; sleep 600 >/dev/null 2>&1 & exit 0", true, "x", ""},
        {"printf y; sleep 600 & exit 0", true, "y", ""}, /* what it leaves behind holds its output */
        {"pwd; [ -t 0 ] || echo none", true, "/\nnone\n", ""},
        {"echo $NOTIFY_TWILIO_CONFIG$NAGIOS_HOSTNAME$CREDENTIALS_DIRECTORY-$TZ", true, "-UTC\n", ""},
        {"ls /proc/self/fd | wc -l", true, "4\n", ""}, /* three, and the folder that is being read */
        {"kill -PIPE $$; echo alive", false, "", "killed by signal 13"},
    };
    setenv("NOTIFY_TWILIO_CONFIG", "secret", 1);
    setenv("NAGIOS_HOSTNAME", "web01", 1);
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials", 1);
    setenv("TZ", "UTC", 1);
    signal(SIGPIPE, SIG_IGN);
    int open_one = open("/dev/null", O_RDONLY); /* not close-on-exec, as libcurl's sockets */
    assert_true(open_one >= 0);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct outcome o = run(table[i].script, 0);
        if (o.ok != table[i].ok || strcmp(o.text, table[i].text) || strcmp(o.words, table[i].words))
            fail_msg("%s: %d '%s' '%s'", table[i].script, o.ok, o.text, o.words);
        assert_int_equal(o.ended, 1);
    }
    close(open_one);
    signal(SIGPIPE, SIG_DFL);
}

static void test_runner__much(void **state)
{
    (void)state;
    struct outcome o = run("head -c 3000000 /dev/zero", 0);
    assert_true(o.ok);
    assert_int_equal(o.len, 3000000);
    o = run("cat /dev/zero", 1000000);
    assert_false(o.ok);
    assert_true(o.len >= 1000000 && o.len < 1100000);
}

static void test_runner__input(void **state)
{
    (void)state;
    struct outcome o = {0};
    char path[] = "/tmp/nt-runner-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, "a picture", 9), 9);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(runner_new(&o.runner), NT_OK);
    assert_int_equal(start(&o, fd, "tr a-z A-Z"), NT_OK);
    turn_until(o.runner, &o.ended);
    assert_string_equal(o.text, "A PICTURE");
    runner_free(o.runner);
    close(fd);
}

static void test_runner__cancel_kills_the_group(void **state)
{
    (void)state;
    struct outcome o = {.want = 2};
    assert_int_equal(runner_new(&o.runner), NT_OK);
    for (int by_free = 0; by_free < 2; by_free++) {
        o.len = 0;
        memset(o.text, 0, sizeof o.text);
        assert_int_equal(start(&o, -1,
                               "trap '' TERM HUP INT; (trap '' TERM HUP; echo $$; while :; do sleep 1; done) & "
                               "echo; while :; do sleep 1; done"),
                         NT_OK);
        o.want = 0;
        while (!strchr(o.text, '\n') || o.len < 3) {
            struct pollfd p = {.fd = runner_fd(o.runner), .events = POLLIN};
            assert_int_equal(poll(&p, 1, 60000), 1);
            runner_turn(o.runner);
        }
        pid_t group = (pid_t)atoi(strpbrk(o.text, "123456789"));
        assert_true(group > 1);
        assert_int_equal(kill(-group, 0), 0);
        if (by_free)
            runner_free(o.runner);
        else
            run_cancel(o.run);
        /* what was in the group dies by the kernel's hand, and its zombies are init's to collect */
        for (int i = 0; kill(-group, 0) == 0 && i < 6000; i++)
            usleep(10000);
        assert_int_equal(kill(-group, 0), -1);
        assert_int_equal(errno, ESRCH);
        assert_int_equal(o.ended, 0);
    }
}

static void test_runner__cannot_start(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        enum nt_status status;
    } table[] = {{"/nonexistent/program", NT_ENOENT}, {"", NT_ENOENT}, {"/etc/passwd", NT_EACCES}};
    struct outcome o = {0};
    assert_int_equal(runner_new(&o.runner), NT_OK);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *argv[] = {(char *)(uintptr_t)table[i].program};
        const struct strlist list = {argv, 1, 1};
        const struct run_options options = {.argv = &list, .in = -1, .take = take, .done = done, .arg = &o};
        assert_int_equal(run_start(o.runner, &options, &o.run), table[i].status);
        assert_null(o.run);
    }
    runner_turn(o.runner);
    assert_int_equal(o.ended, 0);
    runner_free(o.runner);
}

static void test_runner__no_memory(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct outcome o = {0};
        mem_fail_at(n);
        enum nt_status status = runner_new(&o.runner);
        if (status == NT_OK)
            status = start(&o, -1, "printf x");
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        if (status == NT_OK)
            turn_until(o.runner, &o.ended);
        runner_free(o.runner);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runner__ends),         cmocka_unit_test(test_runner__much),
        cmocka_unit_test(test_runner__input),        cmocka_unit_test(test_runner__cancel_kills_the_group),
        cmocka_unit_test(test_runner__cannot_start), cmocka_unit_test(test_runner__no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

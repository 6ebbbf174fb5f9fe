/* sigpipe: held back while held, taken away if new, kept if it was there before. */
#include "twilio/sigpipe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static volatile sig_atomic_t caught;

static void count(int signal_number)
{
    (void)signal_number;
    caught++;
}

static int count_them(void **state)
{
    (void)state;
    caught = 0;
    return signal(SIGPIPE, count) == SIG_ERR ? -1 : 0;
}

static int as_usual(void **state)
{
    (void)state;
    return signal(SIGPIPE, SIG_DFL) == SIG_ERR ? -1 : 0;
}

static void write_to_nobody(void)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    close(fd[0]);
    assert_int_equal(write(fd[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(fd[1]);
}

static void test_sigpipe__none_gets_through(void **state)
{
    (void)state;
    struct sigpipe outer, inner;
    sigpipe_hold(&outer);
    write_to_nobody();
    sigpipe_hold(&inner);
    write_to_nobody();
    sigpipe_release(&inner);
    sigpipe_release(&outer);
    assert_int_equal(caught, 0);
    /* And all is as it was. */
    write_to_nobody();
    assert_int_equal(caught, 1);
}

static void test_sigpipe__one_that_was_there_stays(void **state)
{
    (void)state;
    struct sigpipe s;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    write_to_nobody();
    sigpipe_hold(&s);
    write_to_nobody();
    sigpipe_release(&s);
    assert_int_equal(caught, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    assert_int_equal(caught, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sigpipe__none_gets_through, count_them, as_usual),
        cmocka_unit_test_setup_teardown(test_sigpipe__one_that_was_there_stays, count_them, as_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

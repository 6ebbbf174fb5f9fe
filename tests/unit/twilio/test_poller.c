/* poller: lasting descriptors, and the caller's. */
#include "twilio/poller.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static struct poller_event events[POLLER_EVENTS];

static void test_poller__tells_what_happened_on_the_lasting_set(void **state)
{
    (void)state;
    struct poller p;
    int fd[2], n;
    bool woken;
    assert_int_equal(poller_init(&p), NT_OK);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(poller_watch(&p, fd[0], true, false), NT_OK);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, 0, events, &n, &woken), NT_OK);
    assert_int_equal(n, 0);
    assert_false(woken);

    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(poller_watch(&p, fd[1], false, true), NT_OK);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, -1, events, &n, &woken), NT_OK);
    assert_int_equal(n, 2);
    for (int i = 0; i < n; i++) {
        assert_int_equal(events[i].readable, events[i].fd == fd[0]);
        assert_int_equal(events[i].writable, events[i].fd == fd[1]);
        assert_false(events[i].error);
    }
    assert_false(woken);

    poller_forget(&p, fd[1]);
    poller_forget(&p, fd[1]);
    assert_int_equal(poller_watch(&p, fd[0], false, false), NT_OK);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, 0, events, &n, &woken), NT_OK);
    assert_int_equal(n, 0);
    assert_int_equal(poller_watch(&p, -1, true, false), NT_EIO);
    close(fd[0]);
    close(fd[1]);
    poller_clean(&p);
}

static void test_poller__tells_which_of_the_callers_is_ready(void **state)
{
    (void)state;
    struct poller p;
    int a[2], b[2], n;
    bool woken, ready[3] = {true, true, true};
    assert_int_equal(poller_init(&p), NT_OK);
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    int fds[] = {a[0], -1, b[0]};
    assert_int_equal(poller_wait(&p, fds, ready, 3, 0, events, &n, &woken), NT_OK);
    assert_false(ready[0] || ready[1] || ready[2] || woken);
    assert_int_equal(write(b[1], "x", 1), 1);
    assert_int_equal(poller_wait(&p, fds, ready, 3, -1, events, &n, &woken), NT_OK);
    assert_true(!ready[0] && !ready[1] && ready[2] && woken);
    /* The end of the other side is something to read as well. */
    close(a[1]);
    assert_int_equal(poller_wait(&p, fds, ready, 1, -1, events, &n, &woken), NT_OK);
    assert_true(ready[0] && woken);
    assert_int_equal(poller_wait(&p, fds, NULL, 3, -1, events, &n, &woken), NT_OK);
    assert_true(woken);
    close(a[0]);
    close(b[0]);
    close(b[1]);
    poller_clean(&p);
}

/* A file is what a kernel never takes into an epoll; poll(2) calls it ready. */
static void test_poller__polls_what_the_epoll_refuses(void **state)
{
    (void)state;
    struct poller p;
    FILE *file[POLLER_REFUSED + 1];
    int n, pair[2];
    bool woken, ready;
    assert_int_equal(poller_init(&p), NT_OK);
    assert_int_equal(pipe(pair), 0);
    for (int i = 0; i <= POLLER_REFUSED; i++)
        assert_non_null(file[i] = tmpfile());
    int one = fileno(file[0]);
    assert_int_equal(poller_watch(&p, one, true, false), NT_OK);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, -1, events, &n, &woken), NT_OK);
    assert_int_equal(n, 1);
    assert_true(events[0].fd == one && events[0].readable && !events[0].writable && !events[0].error);
    assert_false(woken);

    /* beside the caller's and those in the epoll, and changed */
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(poller_watch(&p, one, false, true), NT_OK);
    assert_int_equal(poller_watch(&p, pair[1], false, true), NT_OK);
    assert_int_equal(poller_wait(&p, pair, &ready, 1, -1, events, &n, &woken), NT_OK);
    assert_int_equal(n, 2);
    assert_true(events[0].fd == one && !events[0].readable && events[0].writable);
    assert_true(events[1].fd == pair[1] && events[1].writable);
    assert_true(ready && woken);

    for (int i = 1; i < POLLER_REFUSED; i++)
        assert_int_equal(poller_watch(&p, fileno(file[i]), true, false), NT_OK);
    assert_int_equal(poller_watch(&p, fileno(file[POLLER_REFUSED]), true, false), NT_ENOMEM);
    for (int i = 0; i <= POLLER_REFUSED; i++)
        poller_forget(&p, fileno(file[i]));
    poller_forget(&p, pair[1]);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, 0, events, &n, &woken), NT_OK);
    assert_int_equal(n, 0);
    for (int i = 0; i <= POLLER_REFUSED; i++)
        fclose(file[i]);
    close(pair[0]);
    close(pair[1]);
    poller_clean(&p);
}

static void test_poller__has_bounds(void **state)
{
    (void)state;
    struct poller p;
    int n, fds[1000], writable[2];
    bool woken;
    for (size_t i = 0; i < 1000; i++)
        fds[i] = -1;
    assert_int_equal(poller_init(&p), NT_OK);
    assert_int_equal(poller_wait(&p, fds, NULL, 256, 0, events, &n, &woken), NT_OK);
    assert_int_equal(poller_wait(&p, fds, NULL, 257, 0, events, &n, &woken), NT_ETOOBIG);
    assert_int_equal(pipe(writable), 0);
    assert_int_equal(poller_watch(&p, writable[1], false, true), NT_OK);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, INT64_MAX, events, &n, &woken), NT_OK);
    assert_int_equal(n, 1);
    close(writable[0]);
    close(writable[1]);
    poller_clean(&p);
    poller_clean(&p);
}

/* Sets how many descriptors this process may have; the limit that was. */
static rlim_t limit_descriptors(rlim_t n)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static void test_poller__tells_what_the_kernel_refuses(void **state)
{
    (void)state;
    struct poller p;
    int n, fds[] = {-1, -1};
    bool woken;
    rlim_t limit = limit_descriptors(0);
    enum nt_status status = poller_init(&p);
    limit_descriptors(limit);
    assert_int_equal(status, NT_EIO);
    assert_int_equal(p.epoll, -1);
    poller_clean(&p);

    /* poll(2) takes no more than a process may have */
    assert_int_equal(poller_init(&p), NT_OK);
    limit = limit_descriptors(1);
    status = poller_wait(&p, fds, NULL, 2, 0, events, &n, &woken);
    limit_descriptors(limit);
    assert_int_equal(status, NT_EIO);
    assert_int_equal(n, 0);
    assert_false(woken);
    assert_int_equal(poller_wait(&p, fds, NULL, 2, 0, events, &n, &woken), NT_OK);

    poller_clean(&p);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, 0, events, &n, &woken), NT_EIO);
    assert_false(woken);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

static void test_poller__a_signal_ends_the_waiting(void **state)
{
    (void)state;
    struct poller p;
    int n, pair[2];
    bool woken, ready = true;
    /* Again and again: one that comes before the waiting does not end it. */
    const struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    struct sigaction before, counted = {.sa_handler = count_alarm};
    assert_int_equal(poller_init(&p), NT_OK);
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(sigaction(SIGALRM, &counted, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(poller_wait(&p, NULL, NULL, 0, -1, events, &n, &woken), NT_OK);
    assert_true(woken && alarms > 0);
    assert_int_equal(n, 0);
    assert_int_equal(poller_wait(&p, pair, &ready, 1, -1, events, &n, &woken), NT_OK);
    assert_true(woken && !ready);
    assert_int_equal(n, 0);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    close(pair[0]);
    close(pair[1]);
    poller_clean(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poller__tells_what_happened_on_the_lasting_set),
        cmocka_unit_test(test_poller__tells_which_of_the_callers_is_ready),
        cmocka_unit_test(test_poller__polls_what_the_epoll_refuses),
        cmocka_unit_test(test_poller__has_bounds),
        cmocka_unit_test(test_poller__tells_what_the_kernel_refuses),
        cmocka_unit_test(test_poller__a_signal_ends_the_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

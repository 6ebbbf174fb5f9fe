#include "support.h"

#include "base/mem.h"
#include "queue/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int flock_fails; /* with this errno; 0: it works */

/* What the queue calls: this executable has it before libc has. */
int flock(int fd, int operation)
{
    if (flock_fails) {
        errno = flock_fails;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

/* Starts a process that drains until it is told, by a byte, to end. */
static pid_t start_drainer(const char *url, int *tell)
{
    int ready[2], go[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd;
        long holder;
        if (drain_lock_take(url, false, &fd, &holder) != NT_OK || write(ready[1], "x", 1) != 1)
            _exit(1);
        close(go[1]);
        (void)!read(go[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *tell = go[1];
    return child;
}

static void test_lock__one_drains_and_others_see_who(void **state)
{
    struct scratch *f = *state;
    int fd, tell, status;
    long holder = 5;
    assert_int_equal(drain_lock_holder(f->url, &holder), NT_OK);
    assert_int_equal(holder, 0);
    pid_t child = start_drainer(f->url, &tell);
    assert_int_equal(drain_lock_holder(f->url, &holder), NT_OK);
    assert_int_equal(holder, child);
    holder = 0;
    assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_EBUSY);
    assert_int_equal(holder, child);
    assert_int_equal(fd, -1);
    close(tell);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(drain_lock_holder(f->url, &holder), NT_OK);
    assert_int_equal(holder, 0);
    assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_OK);
    close(fd);
}

static void test_lock__a_kill_leaves_it_free(void **state)
{
    struct scratch *f = *state;
    int fd, tell, status;
    long holder;
    pid_t child = start_drainer(f->url, &tell);
    kill(child, SIGKILL);
    assert_int_equal(drain_lock_take(f->url, true, &fd, &holder), NT_OK); /* waits for the kernel to be done */
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(drain_lock_holder(f->url, &holder), NT_OK);
    assert_int_equal(holder, getpid());
    close(fd);
    close(tell);
}

static void test_lock__a_foreign_holder_is_somebody(void **state)
{
    struct scratch *f = *state;
    int fd = open(scratch_file(f, "queue.lock"), O_RDWR | O_CREAT, 0660), other;
    long holder = 0;
    static const char *const contents[] = {"", "nonsense\n", "-4\n", "99999999999999999999\n", "123"};
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, contents[i], strlen(contents[i]), 0), strlen(contents[i]));
        assert_int_equal(drain_lock_holder(f->url, &holder), NT_OK);
        assert_int_equal(holder, -1);
        assert_int_equal(drain_lock_take(f->url, false, &other, &holder), NT_EBUSY);
        assert_int_equal(holder, 0);
    }
    close(fd);
}

static void test_lock__looking_does_not_get_in_the_way(void **state)
{
    struct scratch *f = *state;
    int fd, status;
    long holder;
    assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_OK);
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails */
        for (;;) {
            (void)!drain_lock_holder(f->url, &holder);
            usleep(100); /* far more often than anybody looks; without a pause a busy machine may find it locked each
                            time */
        }
    }
    for (int i = 0; i < 300; i++) {
        assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_OK);
        close(fd);
    }
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void test_lock__a_signal_ends_the_wait(void **state)
{
    struct scratch *f = *state;
    int fd, tell, status;
    long holder;
    struct sigaction act = {.sa_handler = on_alarm}, old;
    pid_t child = start_drainer(f->url, &tell);
    sigaction(SIGALRM, &act, &old);
    alarm(1);
    assert_int_equal(drain_lock_take(f->url, true, &fd, &holder), NT_EBUSY);
    assert_int_equal(holder, child);
    sigaction(SIGALRM, &old, NULL);
    close(tell);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void test_lock__a_writer_waits_its_time(void **state)
{
    struct scratch *f = *state;
    struct place p;
    int one, two;
    struct timespec from, to;
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    assert_int_equal(write_lock_open(&p, &one), NT_OK);
    assert_int_equal(write_lock_open(&p, &two), NT_OK);
    assert_int_equal(write_lock_take(one, 0), NT_OK);
    assert_int_equal(write_lock_take(two, 0), NT_EBUSY);
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_int_equal(write_lock_take(two, 100), NT_EBUSY);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    assert_true(ms >= 95 && ms < 2000);
    write_lock_release(one);
    assert_int_equal(write_lock_take(two, 0), NT_OK);
    close(one);
    close(two);
    place_clean(&p);
}

static void test_lock__needs_a_place(void **state)
{
    struct scratch *f = *state;
    char url[200];
    int fd;
    long holder;
    snprintf(url, sizeof url, "sqlite:%s/no/where/queue.db", f->folder);
    assert_int_equal(drain_lock_take(url, false, &fd, &holder), NT_ENOENT);
    assert_int_equal(drain_lock_holder(url, &holder), NT_OK);
    assert_int_equal(holder, 0);
    assert_int_equal(drain_lock_take("sqlite::memory:", false, &fd, &holder), NT_EINVAL);
    assert_int_equal(drain_lock_holder("sqlite::memory:", &holder), NT_OK);
    /* neither a link nor a pipe is taken for the lock */
    assert_int_equal(symlink("/etc/passwd", scratch_file(f, "queue.lock")), 0);
    assert_int_not_equal(drain_lock_take(f->url, false, &fd, &holder), NT_OK);
    unlink(scratch_file(f, "queue.lock"));
    assert_int_equal(mkfifo(scratch_file(f, "queue.lock"), 0660), 0);
    assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_EINVAL);
}

static void test_lock__a_linked_database_has_one_lock(void **state)
{
    struct scratch *f = *state;
    char url[216], link[200];
    int fd, other;
    long holder;
    store_close(open_store(f->url));
    snprintf(link, sizeof link, "%s/other.db", f->folder);
    assert_int_equal(symlink(f->path, link), 0);
    snprintf(url, sizeof url, "sqlite:%s", link);
    assert_int_equal(drain_lock_take(url, false, &fd, &holder), NT_OK);
    assert_int_equal(drain_lock_take(f->url, false, &other, &holder), NT_EBUSY);
    close(fd);
}

static void test_lock__wanting_it_is_seen_while_it_lasts(void **state)
{
    struct scratch *f = *state;
    int lock, first, second, tell, status;
    long holder;
    assert_false(drain_lock_wanted(f->url)); /* there is no file yet */
    pid_t child = start_drainer(f->url, &tell);
    assert_false(drain_lock_wanted(f->url));
    assert_int_equal(drain_lock_want(f->url, &first), NT_OK);
    assert_int_equal(drain_lock_want(f->url, &second), NT_OK);
    assert_true(drain_lock_wanted(f->url));
    /* looking and taking, which close descriptors of the same file, change nothing */
    assert_int_equal(drain_lock_take(f->url, false, &lock, &holder), NT_EBUSY);
    assert_int_equal(drain_lock_holder(f->url, &holder), NT_OK);
    assert_int_equal(holder, child);
    close(first);
    assert_true(drain_lock_wanted(f->url));
    close(tell);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(drain_lock_take(f->url, false, &lock, &holder), NT_OK); /* a wish is no lock */
    close(second);
    assert_false(drain_lock_wanted(f->url));
    close(lock);
    assert_int_equal(drain_lock_want("sqlite::memory:", &first), NT_EINVAL);
    assert_int_equal(drain_lock_want("postgresql:", &first), NT_EINVAL);
    assert_int_equal(first, -1);
    assert_false(drain_lock_wanted("sqlite::memory:"));
    for (unsigned long n = 1;; n++) {
        mem_fail_at(n);
        enum nt_status st = drain_lock_want(f->url, &first);
        bool wanted = drain_lock_wanted(f->url);
        mem_fail_at(0);
        assert_int_equal(st, first < 0 ? NT_ENOMEM : NT_OK);
        if (first >= 0)
            close(first);
        if (!mem_failed()) {
            assert_true(wanted);
            break;
        }
    }
}

/* A lock on the byte that stands for the wish: queue.lock is not the drainers' alone, for anybody may open it. */
static void test_lock__foreign_hands_on_its_files(void **state)
{
    struct scratch *f = *state;
    struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    int fd, mine;
    long holder = 7;
    assert_int_equal(drain_lock_holder("postgresql:", &holder), NT_EINVAL);
    assert_int_equal(holder, 0);
    assert_int_equal(drain_lock_want(f->url, &fd), NT_OK);
    close(fd);
    mine = open(scratch_file(f, "queue.lock"), O_RDWR | O_CLOEXEC);
    assert_true(mine >= 0);
    assert_int_equal(fcntl(mine, F_OFD_SETLK, &other), 0);
    assert_int_equal(drain_lock_want(f->url, &fd), NT_EIO);
    assert_int_equal(fd, -1);
    close(mine);
    /* a link in its place is not followed, neither to look nor to write */
    assert_int_equal(unlink(scratch_file(f, "queue.lock")), 0);
    assert_int_equal(symlink("/dev/null", scratch_file(f, "queue.lock")), 0);
    assert_int_equal(drain_lock_holder(f->url, &holder), NT_EIO);
    assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_EIO);
    assert_int_equal(fd, -1);
    assert_int_equal(write_lock_take(9999, 0), NT_EIO); /* no descriptor at all */
}

static void test_lock__says_when_memory_runs_out(void **state)
{
    struct scratch *f = *state;
    for (unsigned long n = 1;; n++) {
        struct place p = {NULL, NULL, false};
        int lock = -1, write = -1;
        long holder = 0;
        mem_fail_at(n);
        enum nt_status st = drain_lock_take(f->url, false, &lock, &holder);
        if (st == NT_OK)
            st = drain_lock_holder(f->url, &holder);
        if (st == NT_OK)
            st = place_init(&p, f->url, NULL);
        if (st == NT_OK)
            st = write_lock_open(&p, &write);
        mem_fail_at(0);
        assert_int_equal(st, mem_failed() ? NT_ENOMEM : NT_OK);
        if (st == NT_OK)
            assert_int_equal(holder, getpid());
        if (lock >= 0)
            close(lock);
        if (write >= 0)
            close(write);
        place_clean(&p);
        if (!mem_failed())
            break;
    }
}

/* A file system without locks: whoever must have the lock has not got it, and knows that nobody else is the reason. */
static void test_lock__a_file_system_without_locks_is_no_drainer(void **state)
{
    struct scratch *f = *state;
    static const int errors[] = {ENOLCK, EOPNOTSUPP};
    struct place p;
    assert_int_equal(place_init(&p, f->url, NULL), NT_OK);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        int fd = 5, writers = -1;
        long holder = 5;
        assert_int_equal(write_lock_open(&p, &writers), NT_OK);
        flock_fails = errors[i];
        enum nt_status once = drain_lock_take(f->url, false, &fd, &holder);
        int got = fd;
        enum nt_status waiting = drain_lock_take(f->url, true, &fd, &holder);
        enum nt_status look = drain_lock_holder(f->url, &holder);
        enum nt_status written = write_lock_take(writers, 60000); /* not waited for */
        flock_fails = 0;
        close(writers);
        assert_int_equal(once, NT_EIO);
        assert_int_equal(got, -1);
        assert_int_equal(waiting, NT_EIO);
        assert_int_equal(fd, -1);
        assert_int_equal(look, NT_EIO);
        assert_int_equal(holder, 0);
        assert_int_equal(written, NT_EIO);
        assert_int_equal(drain_lock_take(f->url, false, &fd, &holder), NT_OK);
        close(fd);
    }
    place_clean(&p);
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_lock__one_drains_and_others_see_who),
        IN_FOLDER(test_lock__a_kill_leaves_it_free),
        IN_FOLDER(test_lock__a_foreign_holder_is_somebody),
        IN_FOLDER(test_lock__looking_does_not_get_in_the_way),
        IN_FOLDER(test_lock__a_signal_ends_the_wait),
        IN_FOLDER(test_lock__a_writer_waits_its_time),
        IN_FOLDER(test_lock__needs_a_place),
        IN_FOLDER(test_lock__a_linked_database_has_one_lock),
        IN_FOLDER(test_lock__wanting_it_is_seen_while_it_lasts),
        IN_FOLDER(test_lock__foreign_hands_on_its_files),
        IN_FOLDER(test_lock__says_when_memory_runs_out),
        IN_FOLDER(test_lock__a_file_system_without_locks_is_no_drainer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

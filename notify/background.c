/*
 * background: the drainer that a `send` leaves behind when no daemon is there.
 *
 * The child gets a session of its own and closes every descriptor it inherited, so that a monitor which waits for the
 * command's output to end does not wait for it. It uses nothing of the parent's store but, when that is one in memory,
 * a copy of it: then memory is the only place where the pages are.
 *
 * DIAGNOSTICS: a child that cannot be made is returned; what it finds later goes to the log.
 */
#include "notify/background.h"

#include "base/log.h"
#include "flow/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOCK_PAUSE = 100 };

static volatile int stop;

static void on_term(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static void close_all_but(int keep)
{
    unsigned first = 3;
    if (keep >= 3) {
        if (keep > 3)
            (void)syscall(SYS_close_range, 3U, (unsigned)keep - 1, 0U);
        first = (unsigned)keep + 1;
    }
    (void)syscall(SYS_close_range, first, ~0U, 0U);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
}

static bool see_unsettled(void *arg, const struct page *p)
{
    (void)p;
    *(bool *)arg = true;
    return false;
}

static bool unsettled(struct runtime *r)
{
    bool any = false;
    struct store_query q = {.kind = PAGES_IN_STATES, .states = PAGE_UNSETTLED, .limit = 1};
    if (r->store->ops->pages(r->store, &q, see_unsettled, &any) != NT_OK)
        return true;
    return any;
}

/* Somebody else drains: stand by as long as there is something to do, in case he dies. True: the lock is ours. */
static bool wait_for_lock(struct runtime *r, int *lock)
{
    for (;;) {
        long holder = 0;
        enum nt_status st = drain_lock_take(r->config->store, false, lock, &holder);
        if (st == NT_OK)
            return true;
        if (st != NT_EBUSY) {
            log_error("the drain lock cannot be taken: %s; delivering without it", nt_status_text(st));
            *lock = -1;
            return true;
        }
        if (stop || !unsettled(r))
            return false;
        poll(NULL, 0, LOCK_PAUSE);
    }
}

static void drain(struct runtime *r, const char *socket, int progress)
{
    struct drain_options o = {
        .follow = true,
        .listen_fd = -1,
        .socket = socket,
        .watch_fd = -1,
        .progress_fd = progress,
        .wake_fd = -1,
        .stop = &stop,
    };
    enum nt_status st;
    do {
        int lock = -1;
        if (r->spare) {
            st = drain_run(r, &o);
            return;
        }
        if (!wait_for_lock(r, &lock))
            return;
        st = drain_run(r, &o);
        if (lock >= 0)
            close(lock);
        o.progress_fd = -1;
        if (st != NT_OK)
            break;
        /* a page stored between the last look and the release of the lock is ours as well */
    } while (!stop && unsettled(r));
    if (st != NT_OK && st != NT_EBUSY)
        log_error("the drainer ended: %s", nt_status_text(st));
}

enum nt_status background_start(struct runtime *r, const char *socket, struct background *out)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return NT_EIO;
    fflush(NULL);
    out->pid = fork();
    if (out->pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return NT_EIO;
    }
    if (out->pid) {
        close(fds[1]);
        out->progress = fds[0];
        return NT_OK;
    }
    setsid();
    log_close();
    close_all_but(fds[1]);
    (void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
    runtime_reopen_log(r);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGINT, &term, NULL);
    prctl(PR_SET_NAME, "notify_twilio-d");
    if (chdir("/") != 0)
        log_debug("chdir /: %s", strerror(errno));
    if (!r->spare) {
        r->store = NULL; /* the parent's: not to be touched here */
        if (runtime_open_store(r) != NT_OK)
            _exit(1);
    }
    drain(r, socket, fds[1]);
    store_close(r->store);
    _exit(0);
}

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

/* Everything but the two pipes; what stays open of the standard ones is /dev/null. */
static void close_all_but(int a, int b)
{
    unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    if (low > 3)
        (void)syscall(SYS_close_range, 3U, low - 1, 0U);
    if (high > low + 1)
        (void)syscall(SYS_close_range, low + 1, high - 1, 0U);
    (void)syscall(SYS_close_range, high + 1, ~0U, 0U);
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

/* Has the word come (or the starter gone)? 'x': we are not needed. */
static bool told(int go, int64_t timeout, bool *cancelled)
{
    struct pollfd p = {.fd = go, .events = POLLIN};
    char byte = 0;
    if (poll(&p, 1, (int)timeout) <= 0)
        return false;
    ssize_t n = read(go, &byte, 1);
    *cancelled = n == 1 && byte == 'x';
    return true;
}

/* Somebody else drains: stand by as long as there is something to do, in case he dies. True: the lock is ours. */
static bool wait_for_lock(struct runtime *r, int *go, int *lock)
{
    for (;;) {
        long holder = 0;
        bool cancelled = false;
        enum nt_status st = drain_lock_take(r->config->store, false, lock, &holder);
        if (st == NT_OK)
            return true;
        if (st != NT_EBUSY) {
            log_error("the drain lock cannot be taken: %s; delivering without it", nt_status_text(st));
            *lock = -1;
            return true;
        }
        if (*go >= 0) {
            if (!told(*go, LOCK_PAUSE, &cancelled))
                continue;
            *go = -1;
        } else {
            poll(NULL, 0, LOCK_PAUSE);
        }
        if (stop || cancelled || (!r->store && runtime_open_store(r) != NT_OK) || !unsettled(r))
            return false;
    }
}

static void drain(struct runtime *r, const char *socket, int progress, int go)
{
    struct drain_options o = {
        .follow = true,
        .listen_fd = -1,
        .socket = socket,
        .watch_fd = go,
        .progress_fd = progress,
        .wake_fd = -1,
        .stop = &stop,
    };
    enum nt_status st;
    do {
        int lock = -1;
        if (!r->spare && !wait_for_lock(r, &o.watch_fd, &lock))
            return;
        st = drain_run(r, &o);
        if (lock >= 0)
            close(lock);
        o.progress_fd = o.watch_fd = -1;
        /* a page stored between the last look and the release of the lock is ours as well */
    } while (st == NT_OK && !stop && !r->spare && unsettled(r));
    if (st != NT_OK && st != NT_EBUSY)
        log_error("the drainer ended: %s", nt_status_text(st));
}

enum nt_status background_start(struct runtime *r, const char *socket, struct background *out)
{
    int progress[2], go[2];
    if (pipe2(progress, O_CLOEXEC) != 0)
        return NT_EIO;
    if (pipe2(go, O_CLOEXEC) != 0) {
        close(progress[0]);
        close(progress[1]);
        return NT_EIO;
    }
    fflush(NULL);
    out->pid = fork();
    if (out->pid != 0) {
        close(progress[1]);
        close(go[0]);
        out->progress = progress[0];
        out->go = go[1];
        if (out->pid > 0)
            return NT_OK;
        close(out->progress);
        close(out->go);
        return NT_EIO;
    }
    setsid();
    log_close();
    close_all_but(progress[1], go[0]);
    (void)fcntl(progress[1], F_SETFL, O_NONBLOCK);
    (void)fcntl(go[0], F_SETFL, O_NONBLOCK);
    runtime_reopen_log(r);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGINT, &term, NULL);
    prctl(PR_SET_NAME, "notify_twilio-d");
    if (chdir("/") != 0)
        log_debug("chdir /: %s", strerror(errno));
    drain(r, socket, progress[1], go[0]);
    store_close(r->store);
    _exit(0);
}

static void tell(struct background *b, char word)
{
    if (b->go >= 0) {
        if (write(b->go, &word, 1) < 0)
            log_debug("the drainer has gone: %s", strerror(errno));
        close(b->go);
    }
    b->go = -1;
}

void background_go(struct background *b)
{
    tell(b, 'g');
}

void background_cancel(struct background *b)
{
    tell(b, 'x');
    if (b->progress >= 0)
        close(b->progress);
    b->progress = -1;
}

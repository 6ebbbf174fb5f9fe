/*
 * background: the drainer that a command leaves behind when no daemon is there.
 *
 * The child gets a session of its own and /dev/null for its standard descriptors, so that a monitor which waits for the
 * command's output to end does not wait for it. (What else the monitor left open was closed when the program started.)
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
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { LOCK_PAUSE = 100, LOOK_EVERY = 1000 };

static volatile int stop;

static void on_term(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

int background_fork(const struct runtime *r)
{
    fflush(NULL);
    int pid = fork();
    if (pid)
        return pid;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    setsid();
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    if (!log_has_file()) /* to stderr is to nobody from now on; a file stays open, though we may no longer open it */
        runtime_reopen_log(r);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    sigaction(SIGINT, &term, NULL);
    signal(SIGHUP, SIG_IGN); /* no terminal is ours */
    prctl(PR_SET_NAME, "notify_twilio-d");
    if (chdir("/") != 0)
        log_debug("chdir /: %s", strerror(errno));
    return 0;
}

const volatile int *background_stop(void)
{
    return &stop;
}

void background_make_way(void *runtime)
{
    static int64_t next;
    const struct runtime *r = runtime;
    int64_t now = clock_boot(r->clock);
    if (now < next || stop || r->spare)
        return;
    next = now + LOOK_EVERY;
    if (drain_lock_wanted(r->config->store)) {
        log_info("a daemon wants to deliver: leaving it to it");
        stop = 1;
    }
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
        poll(NULL, 0, LOCK_PAUSE);
        background_make_way(r);
        if (stop || !unsettled(r))
            return false;
    }
}

void background_drain(struct runtime *r, const char *socket)
{
    struct drain_options o = {
        .follow = true,
        .listen_fd = -1,
        .socket = socket,
        .wake_fd = -1,
        .stop = &stop,
        .turn = background_make_way,
        .arg = r,
    };
    enum nt_status st = NT_OK;
    if (!r->store && runtime_open_store(r) != NT_OK)
        return;
    /* a page stored between the last look and the release of the lock is ours as well */
    while (st == NT_OK && !stop && unsettled(r)) {
        int lock = -1;
        if (!r->spare && !wait_for_lock(r, &lock))
            return;
        o.unlocked = lock < 0;
        st = drain_run(r, &o);
        if (lock >= 0)
            close(lock);
        if (r->spare)
            break;
    }
    if (st != NT_OK && st != NT_EBUSY)
        log_error("the drainer ended: %s", nt_status_text(st));
}

enum nt_status background_start(struct runtime *r, const char *socket)
{
    bool spare = r->spare;
    if (!spare) {
        store_close(r->store);
        r->store = NULL;
    }
    int pid = background_fork(r);
    if (pid == 0) {
        background_drain(r, socket);
        store_close(r->store);
        _exit(0);
    }
    enum nt_status st = pid < 0 ? NT_EIO : NT_OK;
    if (!spare && runtime_open_store(r) != NT_OK)
        st = NT_EIO;
    return st;
}

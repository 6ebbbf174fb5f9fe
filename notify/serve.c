/*
 * serve: the drainer as a daemon, in the foreground, for a service manager.
 *
 * DIAGNOSTICS: exit 75 when another daemon holds the store; a drainer that a `send` left behind is asked to leave and
 * waited for.
 */
#include "base/log.h"
#include "config/load.h"
#include "flow/ask.h"
#include "flow/drain.h"
#include "notify/arguments.h"
#include "notify/command.h"
#include "notify/session.h"
#include "notify/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LEAVE_WITHIN = 45000, LOCK_PAUSE = 50, ASK_WITHIN = 2000 };

static volatile int stop, reloads;
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    if (number == SIGHUP)
        reloads++;
    else
        stop = 1;
    if (write(wake[1], "x", 1) < 0)
        errno = saved; /* full: a wake-up is under way already */
    errno = saved;
}

static bool catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    bool piped = pipe2(wake, O_CLOEXEC | O_NONBLOCK) == 0; /* without it they are noticed, only later */
    return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0 &&
           sigaction(SIGHUP, &action, NULL) == 0 && piped;
}

static bool wait_for_lock(struct runtime *r, const char *socket, int *lock, int *wish)
{
    int64_t until = clock_boot(r->clock) + LEAVE_WITHIN;
    bool asked = false, passed = supervisor_socket() >= 0;
    for (;;) {
        long holder = 0;
        enum nt_status st = drain_lock_take(r->config->store, false, lock, &holder);
        if (st == NT_OK)
            return true;
        if (st != NT_EBUSY) {
            log_error("the drain lock of %s cannot be taken: %s; delivering without it", r->config->store,
                      nt_status_text(st));
            *lock = -1;
            return true;
        }
        if (*wish < 0 && drain_lock_want(r->config->store, wish) != NT_OK)
            log_warning("whoever drains %s cannot be told to leave", r->config->store);
        struct drainer_status who;
        drainer_status_init(&who);
        st = passed ? NT_ENOENT : ask_drainer(socket, asked ? ASK_STATUS : ASK_LEAVE, ASK_WITHIN, &who);
        bool daemon = st == NT_OK && who.daemon;
        asked |= st == NT_OK;
        drainer_status_clean(&who);
        if (daemon || clock_boot(r->clock) >= until) {
            fprintf(stderr, "notify_twilio serve: process %ld holds %s\n", holder, r->config->store);
            log_error("process %ld holds the store %s", holder, r->config->store);
            return false;
        }
        if (stop)
            return false;
        poll(NULL, 0, LOCK_PAUSE);
    }
}

/* The lock, if need be after the drainer that a `send` left behind has gone. False: another daemon has it. When the
 * socket was passed in, nobody else listens on it, and whoever drains sees the wish alone. */
static bool take_lock(struct runtime *r, const char *socket, int *lock)
{
    int wish = -1;
    bool got = wait_for_lock(r, socket, lock, &wish);
    if (wish >= 0)
        close(wish);
    return got;
}

struct life {
    const struct runtime *runtime;
    const struct clock *clock;
    int64_t every, next;
    int reloads_told;
};

static void ready(void *arg)
{
    (void)arg;
    supervisor_tell("READY=1");
    log_info("ready");
}

static void turn(void *arg)
{
    struct life *life = arg;
    int64_t now = clock_boot(life->clock);
    if (life->reloads_told != reloads) {
        life->reloads_told = reloads;
        runtime_reopen_log(life->runtime); /* it may be another one, or have been rotated */
        supervisor_tell("READY=1");
    }
    if (life->every && now >= life->next) {
        supervisor_tell("WATCHDOG=1");
        life->next = now + life->every;
    }
}

static int run(int argc, char **argv)
{
    struct arguments a;
    struct runtime r;
    char error[256];
    int lock = -1, status = EXIT_TRY_AGAIN;
    if (!arguments_parse(argc, argv, &a, error, sizeof error) || a.pairs.n || a.to.n) {
        status = command_usage(&command_serve, "%s", a.pairs.n || a.to.n ? "takes no alert" : error);
        arguments_clean(&a);
        return status;
    }
    if (session_open(&r, a.config, false, a.verbose) != EXIT_OK) {
        arguments_clean(&a);
        return EXIT_TRY_AGAIN;
    }
    const char *socket = session_socket(&r, &a);
    session_drop_root(&r);
    if (!catch_signals())
        log_error("signals cannot be caught: %s", strerror(errno));
    if (take_lock(&r, socket, &lock)) {
        if (!r.config->last_good && config_save_last_good(r.config, runtime_now(&r), NULL) != NT_OK)
            log_warning("the last good copy of the configuration cannot be written");
        struct life life = {.runtime = &r, .clock = r.clock, .every = supervisor_watchdog()};
        struct drain_options o = {
            .daemon = true,
            .follow = true,
            .unlocked = lock < 0,
            .listen_fd = supervisor_socket(),
            .socket = socket,
            .wake_fd = wake[0],
            .stop = &stop,
            .reload = &reloads,
            .ready = ready,
            .turn = turn,
            .arg = &life,
        };
        enum nt_status st = runtime_open_store(&r);
        if (st == NT_OK)
            st = drain_run(&r, &o);
        supervisor_tell("STOPPING=1");
        if (st != NT_OK)
            log_error("the drainer ended: %s", nt_status_text(st));
        status = st == NT_OK ? EXIT_OK : EXIT_TRY_AGAIN;
        if (lock >= 0)
            close(lock);
    } else {
        status = stop ? EXIT_OK : EXIT_TRY_AGAIN;
    }
    runtime_close(&r);
    arguments_clean(&a);
    return status;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "deliver as a daemon, in the foreground",
    .run = run,
    .help =
        "Usage: notify_twilio serve [-c FILE] [--socket PATH] [-v]\n"
        "\n"
        "Listens on the hand-over socket, delivers the store's pages, follows their receipts. SIGHUP reads the\n"
        "configuration again, SIGTERM ends it after the requests under way. A drainer that a `send` left behind is\n"
        "asked to leave; a second daemon on the same store exits 75.\n"
        "\n"
        "Example: notify_twilio serve -c /etc/notify_twilio/config.yaml\n",
};

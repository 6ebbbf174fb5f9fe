/*
 * runner: see runner.h. Owner of the children and their pipes.
 *
 * A run is over when its program has ended, not when its pipes are closed: what it may have left in the background
 * holds them as well. What the program wrote before its end is in the pipe by then, and is taken in. A picture larger
 * than the pipe makes the program wait for us; so nothing is lost by looking at the pipe first and at the end second.
 *
 * One event says only that something may be read. All runs that had one are looked at, those that ended are told; as a
 * callback may cancel any run, the list is walked anew after each of them.
 *
 * DIAGNOSTICS: a program that cannot be started is a status of run_start(); how it ended is in its result.
 */
#include "media/runner.h"

#include "base/child.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHUNK = 64 * 1024, /* a pipe holds no more */
    AT_ONCE = 16,      /* chunks of one run in a turn: the others want theirs, too */
    EVENTS = 32,
    LOOK_EVERY = 20 /* ms, without pidfd */
};

struct run {
    struct runner *runner;
    struct run *next;
    struct child child;
    int out, errors;      /* −1 closed */
    bool stirred;         /* something happened on it */
    bool refused;         /* take wanted no more */
    char line[RUN_WORDS]; /* the last line of standard error that is not empty */
    size_t line_len;
    bool line_ended;
    bool (*take)(void *arg, const char *data, size_t len);
    void (*done)(void *arg, const struct run_result *result);
    void *arg;
};

struct runner {
    int epoll;
    struct run *run;
    char *chunk;
};

enum nt_status runner_new(struct runner **out)
{
    struct runner *r = mem_zalloc(sizeof *r);
    *out = NULL;
    if (!r)
        return NT_ENOMEM;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->chunk = mem_alloc(CHUNK);
    if (r->epoll < 0 || !r->chunk) {
        enum nt_status st = r->chunk ? nt_status_errno(errno) : NT_ENOMEM;
        runner_free(r);
        return st;
    }
    *out = r;
    return NT_OK;
}

static void watch(struct runner *r, int fd, struct run *run)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = run};
    if (fd >= 0)
        (void)epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void shut(struct runner *r, int *fd)
{
    if (*fd < 0)
        return;
    (void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, *fd, NULL); /* the program may hold what it stands for open */
    close(*fd);
    *fd = -1;
}

static void run_free(struct run *run)
{
    struct runner *r = run->runner;
    for (struct run **at = &r->run; *at; at = &(*at)->next)
        if (*at == run) {
            *at = run->next;
            break;
        }
    shut(r, &run->out);
    shut(r, &run->errors);
    if (run->child.pidfd >= 0)
        (void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, run->child.pidfd, NULL);
    child_kill(&run->child);
    mem_free(run);
}

void runner_free(struct runner *r)
{
    if (!r)
        return;
    while (r->run)
        run_free(r->run);
    if (r->epoll >= 0)
        close(r->epoll);
    mem_free(r->chunk);
    mem_free(r);
}

int runner_fd(const struct runner *r)
{
    return r->epoll;
}

int64_t runner_next(const struct runner *r)
{
    for (const struct run *run = r->run; run; run = run->next)
        if (run->child.pidfd < 0)
            return LOOK_EVERY;
    return -1;
}

void run_cancel(struct run *run)
{
    if (run)
        run_free(run);
}

/* A pipe whose end for us does not block. */
static enum nt_status make_pipe(int fds[2])
{
    if (pipe2(fds, O_CLOEXEC) != 0) {
        fds[0] = fds[1] = -1;
        return nt_status_errno(errno);
    }
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0)
        return nt_status_errno(errno);
    return NT_OK;
}

enum nt_status run_start(struct runner *r, const struct run_options *o, struct run **out)
{
    int to_us[2] = {-1, -1}, words[2] = {-1, -1};
    struct run *run = mem_zalloc(sizeof *run);
    *out = NULL;
    if (!run) {
        errno = ENOMEM;
        return NT_ENOMEM;
    }
    enum nt_status st = make_pipe(to_us);
    if (st == NT_OK)
        st = make_pipe(words);
    if (st == NT_OK) {
        struct child_options c = {
            .argv = o->argv, .in = o->in, .out = to_us[1], .errors = words[1], .clean = true, .group = true};
        st = child_start(&c, &run->child);
    }
    int error = errno;
    for (int i = 0; i < 2; i++) { /* the ends that are the child's, or both */
        int *pipe = i ? words : to_us;
        if (pipe[1] >= 0)
            close(pipe[1]);
        if (st != NT_OK && pipe[0] >= 0)
            close(pipe[0]);
    }
    if (st != NT_OK) {
        mem_free(run);
        errno = error;
        return st;
    }
    run->runner = r;
    run->out = to_us[0];
    run->errors = words[0];
    run->take = o->take;
    run->done = o->done;
    run->arg = o->arg;
    run->next = r->run;
    r->run = run;
    watch(r, run->out, run);
    watch(r, run->errors, run);
    watch(r, run->child.pidfd, run);
    *out = run;
    return NT_OK;
}

/* Keeps the last line that has something in it. */
static void hear(struct run *run, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == '\n' || c == '\r') {
            run->line_ended = true;
            continue;
        }
        if (run->line_ended) {
            run->line_ended = false;
            run->line_len = 0;
        }
        if (run->line_len < sizeof run->line - 1)
            run->line[run->line_len++] = (char)(c < ' ' || c >= 0x7f ? '?' : c);
    }
    run->line[run->line_len] = '\0';
}

static void read_words(struct run *run)
{
    struct runner *r = run->runner;
    for (int i = 0; i < AT_ONCE && run->errors >= 0; i++) {
        ssize_t n = read(run->errors, r->chunk, CHUNK);
        if (n > 0) {
            hear(run, r->chunk, (size_t)n);
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            shut(r, &run->errors);
        return;
    }
}

/* False: there may be more. */
static bool read_output(struct run *run)
{
    struct runner *r = run->runner;
    for (int i = 0; i < AT_ONCE; i++) {
        if (run->out < 0)
            return true;
        ssize_t n = read(run->out, r->chunk, CHUNK);
        if (n > 0) {
            if (!run->take(run->arg, r->chunk, (size_t)n)) {
                run->refused = true;
                shut(r, &run->out);
            }
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 || errno != EAGAIN)
            shut(r, &run->out);
        return true;
    }
    return false;
}

static void say_end(const struct run *run, int status, char *words, size_t size)
{
    char how[48];
    if (WIFEXITED(status))
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof how, "nobody knows how it ended");
    snprintf(words, size, "%s%s%s", how, *run->line ? ": " : "", run->line);
}

/* True when the run is over, told and gone. */
static bool look(struct run *run)
{
    struct run_result result = {.ok = false, .words = ""};
    char words[RUN_WORDS + 64];
    int status = -1;
    struct child child = run->child;
    bool ended = child_ended(&run->child, &status);
    if (ended && child.pidfd >= 0)
        (void)child; /* closing it has taken it out of the epoll: nobody else has it */
    bool drained = read_output(run);
    read_words(run);
    if (run->refused) {
        result.words = "it was given up";
    } else {
        if (!ended)
            return false;
        while (!drained)
            drained = read_output(run);
        result.ok = !run->refused && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        say_end(run, status, words, sizeof words);
        if (!result.ok)
            result.words = run->refused ? "it was given up" : words;
    }
    void (*done)(void *arg, const struct run_result *r) = run->done;
    void *arg = run->arg;
    run_free(run);
    done(arg, &result);
    return true;
}

void runner_turn(struct runner *r)
{
    struct epoll_event event[EVENTS];
    int n = epoll_wait(r->epoll, event, EVENTS, 0);
    for (int i = 0; i < n; i++)
        ((struct run *)event[i].data.ptr)->stirred = true;
    for (struct run *run = r->run; run; run = run->next)
        run->stirred |= run->child.pidfd < 0;
    for (struct run *run = r->run; run;) {
        if (!run->stirred) {
            run = run->next;
            continue;
        }
        run->stirred = false;
        run = look(run) ? r->run : run->next;
    }
}

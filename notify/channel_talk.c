/*
 * channel_talk: what is asked and answered: requests come in a JSON object a line, each notification is a page on its
 * way, answers go back as they come, under the id of their request.
 *
 * Requests about the same host and service are carried out one after another, others side by side, sixteen at most.
 * When there is too much to do, or nobody reads the answers, no more requests are read: the pipe is the queue.
 *
 * It ends with its input, or when it is asked to: what has been read is carried out, and waited for a moment; a page
 * that is still on its way then goes on without it.
 *
 * Owner of everything but the way, which is the caller's.
 *
 * DIAGNOSTICS: what is wrong with a request is its answer; the log has it as well.
 */
#include "notify/channel_talk.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/channel_line.h"
#include "notify/arguments.h"
#include "notify/channel_answer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    PAGES = 16,
    LINE_MAX_BYTES = 4 * 1024 * 1024, /* more than any plugin says */
    ANSWERS_HIGH = 64 * 1024,         /* more than this unread: no further request is taken */
    ANSWERS_MAX = 1024 * 1024,        /* out of reach with sixteen pages of 8 KB */
    WORDS_MAX = 8 * 1024,             /* of one error */
    LEAVE_WITHIN = 4000,              /* ms; Icinga Notifications kills a channel after five seconds */
    TICK = 50,                        /* ms between looks where the kernel does not tell of a child's end */
    WATCHED = 2 + 2 * PAGES
};

struct channel {
    const struct clock *clock;
    const char *type; /* the name it was called by */
    struct channel_way way;
    struct channel_settings settings;
    struct channel_lines lines;
    enum channel_dialect dialect; /* the last that was spoken */
    struct channel_request held;  /* waits for a page to end */
    bool holding;
    struct channel_page page[PAGES];
    struct buf answers;
    size_t written;
    bool deaf;   /* no more input */
    bool unread; /* nobody reads the answers */
    int64_t leave;
};

static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

static void told(enum nt_status status, const char *id)
{
    if (status != NT_OK)
        log_error("request %s cannot be answered: %s", id, nt_status_text(status));
}

static void refuse(struct channel *c, enum channel_dialect dialect, const char *id, bool silent,
                   enum channel_fault fault, const char *words)
{
    log_warning("request %s: %s", id, words);
    if (!silent)
        told(channel_answer_error(&c->answers, dialect, id, fault, words), id);
}

static size_t running(const struct channel *c)
{
    size_t n = 0;
    for (size_t i = 0; i < PAGES; i++)
        n += c->page[i].running;
    return n;
}

static void answer_page(struct channel *c, const struct channel_page *p, int status)
{
    struct buf words;
    buf_init(&words, WORDS_MAX);
    channel_page_reason(p, status, &words);
    if (status != EXIT_OK)
        refuse(c, p->dialect, p->id, p->silent, CHANNEL_FAILED, buf_text(&words));
    else if (!p->silent)
        told(channel_answer_done(&c->answers, p->dialect, p->id), p->id);
    if (status == EXIT_OK && p->said.len) /* a contact that nobody knows, a number that was refused beside others */
        log_warning("request %s: %s", p->id, buf_text(&words));
    buf_clean(&words);
}

/* False: not now. The held request goes first. */
static bool send_held(struct channel *c)
{
    struct channel_page *page = NULL;
    for (size_t i = 0; i < PAGES; i++) {
        if (!c->page[i].running)
            page = &c->page[i];
        else if (channel_page_same(&c->page[i], &c->held))
            return false;
    }
    if (!page)
        return false;
    enum nt_status status = channel_page_start(page, &c->way, &c->held, clock_boot(c->clock));
    if (status != NT_OK) {
        const char *why = status == NT_ENOMEM ? nt_status_text(status) : strerror(errno);
        refuse(c, c->held.dialect, c->held.id, c->held.silent, CHANNEL_FAILED, why);
    }
    return true;
}

static void set_config(struct channel *c, struct channel_request *r)
{
    struct channel_settings old = c->settings;
    c->settings = r->settings;
    r->settings = old;
    if (c->settings.config && access(c->settings.config, R_OK) != 0)
        log_warning("%s: %s", c->settings.config, strerror(errno));
    if (!r->silent)
        told(channel_answer_done(&c->answers, r->dialect, r->id), r->id);
}

/* One line. A notification is held until there is room for it. */
static void take(struct channel *c, const char *line, size_t len, bool whole)
{
    struct channel_request *r = &c->held;
    struct buf error;
    buf_init(&error, WORDS_MAX);
    channel_request_init(r, c->dialect);
    enum nt_status status = NT_EINVAL;
    if (whole) {
        status = channel_request_read(line, len, c->type, r, &error);
    } else {
        r->fault = CHANNEL_NO_REQUEST;
        buf_addf(&error, "a request of over %d bytes", LINE_MAX_BYTES);
    }
    c->dialect = r->dialect;
    if (status == NT_OK && r->method == CHANNEL_SEND_NOTIFICATION)
        c->holding = true;
    else if (status == NT_OK && r->method == CHANNEL_SET_CONFIG)
        set_config(c, r);
    else if (status == NT_OK && !r->silent)
        told(channel_answer_info(&c->answers, r->dialect, r->id), r->id);
    else if (status == NT_EINVAL)
        refuse(c, r->dialect, r->id, r->silent, r->fault, buf_text(&error));
    else if (status == NT_ENOMEM)
        refuse(c, r->dialect, r->id, r->silent, CHANNEL_FAILED, nt_status_text(status));
    if (!c->holding)
        channel_request_clean(r);
    buf_clean(&error);
}

/* As many requests as there is room for. True when there is none left of what has come in. */
static bool work(struct channel *c)
{
    for (;;) {
        const char *line;
        size_t len;
        if (c->holding) {
            if (!send_held(c))
                return false;
            c->holding = false;
            channel_request_clean(&c->held);
        }
        if (c->answers.len - c->written > ANSWERS_HIGH)
            return false;
        enum channel_line_end end = channel_lines_next(&c->lines, &line, &len);
        if (end == CHANNEL_NO_LINE)
            return true;
        take(c, line, len, end == CHANNEL_LINE);
    }
}

static void watch_children(struct channel *c, int64_t now)
{
    for (size_t i = 0; i < PAGES; i++) {
        struct channel_page *p = &c->page[i];
        int status = 0;
        if (p->running && channel_page_turn(p, now, &status)) {
            answer_page(c, p, status);
            channel_page_clean(p);
        }
    }
}

static void read_some(struct channel *c)
{
    char bytes[64 * 1024];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n > 0 && channel_lines_feed(&c->lines, bytes, (size_t)n) != NT_OK) {
        log_error("out of memory: the channel ends");
        n = 0;
    }
    if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
        return;
    c->deaf = true;
    channel_lines_finish(&c->lines);
}

/* No more than a pipe takes without blocking once it is said to be writable. */
static void write_some(struct channel *c)
{
    size_t left = c->answers.len - c->written;
    ssize_t n = write(STDOUT_FILENO, c->answers.data + c->written, left < PIPE_BUF ? left : PIPE_BUF);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
        log_error("nobody reads the answers: %s", strerror(errno));
        c->unread = c->deaf = true;
    }
    if (n > 0)
        c->written += (size_t)n;
    if (c->unread || c->written == c->answers.len) {
        buf_reset(&c->answers);
        c->written = 0;
    } else if (c->written > ANSWERS_HIGH) { /* what has been read makes room */
        memmove(c->answers.data, c->answers.data + c->written, c->answers.len - c->written);
        buf_truncate(&c->answers, c->answers.len - c->written);
        c->written = 0;
    }
}

static int wait_for(const struct channel *c, int64_t now)
{
    int64_t until = c->leave ? c->leave : INT64_MAX;
    bool blind = false;
    for (size_t i = 0; i < PAGES; i++) {
        const struct channel_page *p = &c->page[i];
        if (p->running && p->until < until)
            until = p->until;
        blind |= p->running && p->child.pidfd < 0;
    }
    if (blind)
        return TICK;
    return until == INT64_MAX ? -1 : until <= now ? 0 : until - now > INT_MAX ? INT_MAX : (int)(until - now);
}

/* Sleeps until something is to be done, and does the reading and writing of it. */
static void wait_and_move(struct channel *c, bool hungry, const sigset_t *open)
{
    struct pollfd fd[WATCHED];
    nfds_t n = 0;
    int in = -1, out = -1;
    if (hungry && !c->deaf) {
        in = (int)n;
        fd[n++] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    }
    if (c->answers.len > c->written) {
        out = (int)n;
        fd[n++] = (struct pollfd){STDOUT_FILENO, POLLOUT, 0};
    }
    for (size_t i = 0; i < PAGES; i++) {
        const struct channel_page *p = &c->page[i];
        if (p->running && p->child.pidfd >= 0)
            fd[n++] = (struct pollfd){p->child.pidfd, POLLIN, 0};
        if (p->running && p->heard >= 0)
            fd[n++] = (struct pollfd){p->heard, POLLIN, 0};
    }
    int64_t timeout = wait_for(c, clock_boot(c->clock));
    struct timespec limit = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};
    if (ppoll(fd, n, timeout < 0 ? NULL : &limit, open) <= 0)
        return;
    if (in >= 0 && fd[in].revents)
        read_some(c);
    if (out >= 0 && fd[out].revents)
        write_some(c);
}

static void leave_pages(struct channel *c)
{
    for (size_t i = 0; i < PAGES; i++) {
        struct channel_page *p = &c->page[i];
        if (p->running)
            refuse(c, p->dialect, p->id, p->silent, CHANNEL_FAILED,
                   "the channel was closed while the page was on its way; it goes on");
    }
    struct pollfd fd = {STDOUT_FILENO, POLLOUT, 0};
    while (c->answers.len > c->written && poll(&fd, 1, 0) > 0)
        write_some(c);
}

static void serve(struct channel *c, const sigset_t *open)
{
    for (;;) {
        int64_t now = clock_boot(c->clock);
        watch_children(c, now);
        if (asked && !c->deaf) {
            c->deaf = true;
            channel_lines_finish(&c->lines);
        }
        bool hungry = work(c);
        if (hungry && c->deaf) {
            if (!c->leave)
                c->leave = now + LEAVE_WITHIN;
            if (now >= c->leave || (!running(c) && c->answers.len == c->written))
                break;
        }
        wait_and_move(c, hungry, open);
    }
    leave_pages(c);
}

/* Signals come only while it waits, so that none is missed between the look and the sleep. */
static void catch_signals(sigset_t *open)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGINT);
    sigprocmask(SIG_BLOCK, &held, open);
    sigdelset(open, SIGTERM);
    sigdelset(open, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int channel_talk(const char *type, const struct channel_way *way)
{
    static struct channel c;
    sigset_t open;
    c = (struct channel){.clock = clock_system(), .type = type, .way = *way};
    c.way.settings = &c.settings;
    channel_settings_init(&c.settings);
    channel_lines_init(&c.lines, LINE_MAX_BYTES);
    buf_init(&c.answers, ANSWERS_MAX);
    for (size_t i = 0; i < PAGES; i++)
        c.page[i].heard = -1;
    catch_signals(&open);
    serve(&c, &open);
    int status = c.unread ? EXIT_TRY_AGAIN : EXIT_OK;
    for (size_t i = 0; i < PAGES; i++)
        channel_page_clean(&c.page[i]);
    channel_lines_clean(&c.lines);
    channel_settings_clean(&c.settings);
    buf_clean(&c.answers);
    return status;
}

/*
 * channel_page: one notification on its way, as a process of its own.
 *
 * `send` does it all: offers the alert to the daemon, or stores and delivers it and leaves a drainer behind. So pages
 * of a channel go the way of all pages, a slow one does not keep the others waiting, and whatever happens in there, the
 * channel goes on. It says on stderr why a page could not go; that is passed on, and is the answer's reason.
 *
 * The process has the time it is to wait, and half a minute: then it is asked to end, which it does once the page is
 * stored, and five seconds later it is killed.
 *
 * Owner of the process, the pipe, and what has been heard.
 *
 * DIAGNOSTICS: NT_ENOMEM, NT_EIO with errno.
 */
#include "notify/channel_page.h"

#include "base/mem.h"
#include "notify/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPARE_TIME = 30 * 1000, KILL_AFTER = 5000, SAID_MAX = 4096, WORD_MAX = 64 * 1024 };

static const char own_name[] = "notify_twilio: ";

static char *object_of(const struct kv *macros)
{
    struct buf text;
    buf_init(&text, WORD_MAX);
    buf_addf(&text, "%s!%s", kv_text(macros, "HOSTNAME"), kv_text(macros, "SERVICEDESC"));
    char *object = buf_steal(&text);
    buf_clean(&text);
    return object;
}

bool channel_page_same(const struct channel_page *p, const struct channel_request *r)
{
    char *object = object_of(&r->macros);
    bool same = !object || !strcmp(object, p->object);
    mem_free(object);
    return same;
}

static enum nt_status add_option(struct strlist *argv, const char *option, const char *value)
{
    enum nt_status status = value ? strlist_add(argv, option) : NT_OK;
    return status || !value ? status : strlist_add(argv, value);
}

static enum nt_status add_number(struct strlist *argv, const char *option, int value)
{
    char number[16];
    snprintf(number, sizeof number, "%d", value);
    return value < 0 ? NT_OK : add_option(argv, option, number);
}

static enum nt_status add_macro(struct strlist *argv, const struct kv_pair *p)
{
    struct buf word;
    buf_init(&word, WORD_MAX);
    buf_addf(&word, "%s=%s", p->key, p->value);
    enum nt_status status = buf_status(&word);
    if (!status)
        status = strlist_add(argv, buf_text(&word));
    buf_clean(&word);
    return status;
}

static enum nt_status write_argv(struct strlist *argv, const struct channel_way *way, const struct channel_request *r)
{
    const struct channel_settings *s = way->settings;
    enum nt_status status = strlist_add(argv, way->program);
    if (!status)
        status = add_option(argv, "send", "--source=icinga2");
    if (!status)
        status = add_option(argv, "--config", s->config ? s->config : way->config);
    if (!status)
        status = add_option(argv, "--socket", way->socket);
    if (!status)
        status = add_option(argv, "--from", s->from);
    if (!status)
        status = add_number(argv, "--max-segments", s->max_segments);
    if (!status)
        status = add_number(argv, "--wait", s->wait);
    for (size_t i = 0; i < r->to.n && !status; i++)
        status = add_option(argv, "--to", r->to.item[i]);
    for (size_t i = 0; i < r->macros.n && !status; i++)
        status = add_macro(argv, &r->macros.pair[i]);
    return status;
}

static enum nt_status start(struct channel_page *p, const struct strlist *argv)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return NT_EIO;
    struct child_options o = {.argv = argv, .in = -1, .out = -1, .errors = fds[1]};
    enum nt_status status = child_start(&o, &p->child);
    int error = errno;
    close(fds[1]);
    if (status || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
        close(fds[0]);
        fds[0] = -1;
    }
    p->heard = fds[0];
    errno = error;
    return status;
}

enum nt_status channel_page_start(struct channel_page *p, const struct channel_way *way,
                                  const struct channel_request *r, int64_t now)
{
    struct strlist argv;
    memset(p, 0, sizeof *p);
    p->heard = -1;
    buf_init(&p->said, SAID_MAX);
    strlist_init(&argv);
    p->object = object_of(&r->macros);
    enum nt_status status = p->object ? write_argv(&argv, way, r) : NT_ENOMEM;
    if (!status)
        status = start(p, &argv);
    if (!status) {
        p->running = true;
        p->until = now + SPARE_TIME + INT64_C(1000) * (way->settings->wait < 0 ? CHANNEL_WAIT : way->settings->wait);
        p->dialect = r->dialect;
        p->silent = r->silent;
        memcpy(p->id, r->id, sizeof p->id);
    } else {
        channel_page_clean(p);
    }
    strlist_clean(&argv);
    return status;
}

/* All that is there. Only the beginning is kept: it has the reason. */
static void hear(struct channel_page *p)
{
    char text[4096];
    ssize_t n;
    while (p->heard >= 0 && (n = read(p->heard, text, sizeof text)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        size_t room = SAID_MAX - p->said.len;
        (void)buf_add(&p->said, text, (size_t)n < room ? (size_t)n : room);
    }
    if (p->heard >= 0)
        close(p->heard);
    p->heard = -1;
}

bool channel_page_turn(struct channel_page *p, int64_t now, int *status)
{
    int how = 0;
    hear(p);
    if (child_ended(&p->child, &how)) {
        hear(p); /* its last words */
        p->running = false;
        *status = how >= 0 && WIFEXITED(how) && !p->asked ? WEXITSTATUS(how) : -1;
        return true;
    }
    if (now >= p->until && !p->asked) {
        p->asked = true;
        p->until = now + KILL_AFTER;
        kill(p->child.pid, SIGTERM);
    } else if (now >= p->until) {
        child_kill(&p->child);
        p->running = false;
        *status = -1;
        return true;
    }
    return false;
}

static const char *meaning(int status, bool asked)
{
    switch (status) {
    case EXIT_NO_RECIPIENT:
        return "nobody to page, or nothing to say";
    case EXIT_ALL_REFUSED:
        return "refused for good";
    case EXIT_TRY_AGAIN:
        return "neither stored nor sent";
    default:
        return asked ? "it took too long" : "it came to a bad end";
    }
}

void channel_page_reason(const struct channel_page *p, int status, struct buf *out)
{
    const char *at = buf_text(&p->said);
    size_t before = out->len;
    while (*at) {
        size_t line = strcspn(at, "\n");
        size_t name = !strncmp(at, own_name, strlen(own_name)) ? strlen(own_name) : 0;
        if (line > name) {
            if (out->len > before)
                buf_adds(out, "; ");
            buf_add(out, at + name, line - name);
        }
        at += line + (at[line] == '\n');
    }
    if (out->len == before)
        buf_adds(out, meaning(status, p->asked));
}

void channel_page_clean(struct channel_page *p)
{
    if (p->heard >= 0)
        close(p->heard);
    if (p->child.pid && p->child.pidfd >= 0)
        close(p->child.pidfd);
    buf_clean(&p->said);
    mem_free(p->object);
    memset(p, 0, sizeof *p);
    p->heard = -1;
}

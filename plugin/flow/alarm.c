/*
 * alarm: telling the admin by another way than the one that is broken.
 *
 * The command runs in a child of its own session with the text on its standard input; nobody waits for it, alarm_reap()
 * collects it. Causes are remembered for 15 minutes, in the process and in the store.
 *
 * DIAGNOSTICS: a command that cannot be started is an error in the log.
 */
#include "flow/alarm.h"

#include "base/child.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUIET = 15 * 60 * 1000, CAUSES = 64, TEXT = 4096, CHILDREN = 16 };

static struct {
    uint64_t cause;
    int64_t at;
} told[CAUSES];
static size_t told_next;
static struct child child[CHILDREN];

static bool told_lately(struct runtime *r, const char *cause, int64_t now)
{
    uint64_t h = hash_text(cause);
    char name[128];
    int64_t at = 0;
    for (size_t i = 0; i < CAUSES; i++)
        if (told[i].cause == h && told[i].at && now - told[i].at < QUIET && now >= told[i].at)
            return true;
    snprintf(name, sizeof name, "alarm:%s", cause);
    if (r->store && r->store->ops->mark_get(r->store, name, &at, NULL) == NT_OK && now >= at && now - at < QUIET)
        return true;
    return false;
}

static void remember(struct runtime *r, const char *cause, int64_t now, const char *text, bool in_transaction)
{
    char name[128];
    struct store *s = r->store;
    told[told_next].cause = hash_text(cause);
    told[told_next].at = now;
    told_next = (told_next + 1) % CAUSES;
    if (!s)
        return;
    snprintf(name, sizeof name, "alarm:%s", cause);
    if (!in_transaction && s->ops->begin(s) != NT_OK)
        return;
    enum nt_status st = s->ops->mark_put(s, name, now, text);
    if (!in_transaction) {
        if (st == NT_OK)
            st = s->ops->commit(s);
        else
            s->ops->rollback(s);
    }
    if (st != NT_OK)
        log_debug("the alarm's mark could not be stored: %s", nt_status_text(st));
}

/* The text is small enough for a pipe's buffer, so nobody has to wait for the command to read it. */
static void run(const struct strlist *command, const char *text)
{
    int fds[2];
    size_t slot = 0;
    while (slot < CHILDREN && child[slot].pid)
        slot++;
    if (slot == CHILDREN) {
        log_error("the alarm command hangs %d times over: not started once more", CHILDREN);
        return;
    }
    if (pipe2(fds, O_CLOEXEC) != 0) {
        log_error("alarm command: %s", strerror(errno));
        return;
    }
    struct child_options o = {.argv = command, .in = fds[0], .out = -1, .errors = -1};
    if (fcntl(STDOUT_FILENO, F_GETFD) >= 0)
        o.out = STDOUT_FILENO;
    if (child_start(&o, &child[slot]) != NT_OK || write(fds[1], text, strlen(text)) < 0)
        log_error("alarm command %s: %s", command->item[0], strerror(errno));
    close(fds[0]);
    close(fds[1]);
}

void alarm_raise(struct runtime *r, const char *cause, bool in_transaction, const char *format, ...)
{
    char text[TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    int64_t now = runtime_now(r);
    if (told_lately(r, cause, now)) {
        log_warning("%s", text);
        return;
    }
    log_error("ALARM: %s", text);
    remember(r, cause, now, text, in_transaction);
    size_t len = strlen(text); /* room for this was left */
    text[len] = '\n';
    text[len + 1] = '\0';
    if (r->config->alarm_command.n)
        run(&r->config->alarm_command, text);
}

void alarm_reap(void)
{
    for (size_t i = 0; i < CHILDREN; i++) {
        int status;
        if (child_ended(&child[i], &status) && WIFEXITED(status) && WEXITSTATUS(status))
            log_error("the alarm command ended with %d", WEXITSTATUS(status));
    }
}

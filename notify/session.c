/* session: see the header. DIAGNOSTICS: everything goes to stderr, where monitors pick it up into their logs. */
#include "notify/session.h"

#include "base/log.h"
#include "base/mem.h"
#include "config/load.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void echo(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "notify_twilio: %s\n", line);
}

/* A core would hold the token and everybody's numbers. The soft limit alone: a debugger attaches as ever, and whoever
 * wants a core gets one by prlimit(1). PR_SET_DUMPABLE would also take /proc/self, and with it /dev/stdin, from a
 * process that is not root's. */
static void leave_no_core(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0)
        return;
    limit.rlim_cur = 0;
    (void)setrlimit(RLIMIT_CORE, &limit); /* lowering cannot be refused */
}

int session_open(struct runtime *r, const char *config, bool to_stderr, bool verbose)
{
    struct problems problems;
    problems_init(&problems);
    leave_no_core();
    enum nt_status st = runtime_open(config_path(config), to_stderr ? "stderr" : NULL, r, &problems);
    if (st == NT_OK && verbose && !to_stderr && strcmp(r->config->log_to, "stderr") != 0)
        log_tap(echo, NULL);
    if (st != NT_OK || verbose)
        for (size_t i = 0; i < problems.n; i++) {
            struct buf line;
            buf_init(&line, 4096);
            (void)problem_format(&problems.item[i], &line);
            fprintf(stderr, "notify_twilio: %s\n", buf_text(&line));
            buf_clean(&line);
        }
    if (st != NT_OK)
        fprintf(stderr, "notify_twilio: %s: %s\n", config_path(config), nt_status_text(st));
    problems_clean(&problems);
    return st == NT_OK ? EXIT_OK : EXIT_TRY_AGAIN;
}

const char *session_socket(const struct runtime *r, const struct arguments *a)
{
    const char *env = getenv("NOTIFY_TWILIO_SOCKET");
    if (a && a->socket)
        return a->socket;
    if (!(a && a->config) && env && *env)
        return env;
    return r->config->socket;
}

void session_drop_root(const struct runtime *r)
{
    struct stat st;
    char *path, *folder;
    if (geteuid() != 0 || !(path = mem_strdup(r->config->store_path)))
        return;
    folder = dirname(path);
    if (stat(folder, &st) == 0 && st.st_uid != 0) {
        const struct passwd *user = getpwuid(st.st_uid);
        if ((user ? initgroups(user->pw_name, st.st_gid) : setgroups(0, NULL)) != 0 || setgid(st.st_gid) != 0 ||
            setuid(st.st_uid) != 0)
            log_error("cannot become the owner of %s: %s", folder, strerror(errno));
    }
    mem_free(path);
}

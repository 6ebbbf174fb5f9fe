/*
 * child: see child.h. By posix_spawn(3), which does not copy the page tables of a large daemon.
 *
 * DIAGNOSTICS: what cannot be started is a status, and errno says why.
 */
#include "base/child.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEPT_MAX = 32 };

extern char **environ;

/* What a program needs to find others, and to know how people here write. Macros of a monitor and credentials stay. */
static bool is_kept(const char *entry)
{
    static const char *const names[] = {"PATH=", "HOME=", "TZ=", "LANG=", "LC_"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(entry, names[i], strlen(names[i])))
            return true;
    return false;
}

static void clean_environment(char **out)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    size_t n = 0;
    bool has_path = false;
    for (char **e = environ; e && *e && n < KEPT_MAX - 2; e++)
        if (is_kept(*e)) {
            has_path |= !strncmp(*e, "PATH=", 5);
            out[n++] = *e;
        }
    if (!has_path)
        out[n++] = path;
    out[n] = NULL;
}

#if !(defined(__GLIBC__) && __GLIBC_PREREQ(2, 34))
/* libcurl's sockets are not close-on-exec; here they become it. */
static void mark_descriptors(void)
{
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = STDERR_FILENO + 1; fd < (most > 0 && most < 4096 ? (int)most : 4096); fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !(flags & FD_CLOEXEC))
            fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
}
#endif

static int add_stream(posix_spawn_file_actions_t *files, int fd, int stream, int mode)
{
    if (fd >= 0)
        return posix_spawn_file_actions_adddup2(files, fd, stream);
    return posix_spawn_file_actions_addopen(files, stream, "/dev/null", mode, 0);
}

static int set_files(posix_spawn_file_actions_t *files, const struct child_options *o)
{
    int error = add_stream(files, o->in, STDIN_FILENO, O_RDONLY);
    if (!error)
        error = add_stream(files, o->out, STDOUT_FILENO, O_WRONLY);
    if (!error && o->errors >= 0)
        error = add_stream(files, o->errors, STDERR_FILENO, O_WRONLY);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 29)
    if (!error)
        error = posix_spawn_file_actions_addchdir_np(files, "/");
#endif
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    /* the lock, the socket, the database, connections to Twilio: none of it is the command's business */
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
#else
    mark_descriptors();
#endif
    return error;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGHUP);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGCHLD);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &usual);
    if (!error)
        error =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0U); /* close-on-exec by itself */
#else
    (void)pid;
    return -1;
#endif
}

enum nt_status child_start(const struct child_options *o, struct child *out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char *kept[KEPT_MAX];
    *out = (struct child){.pidfd = -1};
    if (!o->argv->n || !*o->argv->item[0]) {
        errno = ENOENT;
        return NT_ENOENT;
    }
    char **argv = mem_array(o->argv->n + 1, sizeof *argv);
    if (!argv) {
        errno = ENOMEM;
        return NT_ENOMEM;
    }
    memcpy(argv, o->argv->item, o->argv->n * sizeof *argv);
    clean_environment(kept);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int error = set_files(&files, o);
    if (!error)
        error = set_attributes(&attributes);
    if (!error)
        error = posix_spawnp(&out->pid, argv[0], &files, &attributes, argv, o->clean ? kept : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    mem_free(argv);
    if (error) {
        out->pid = 0;
        errno = error;
        return nt_status_errno(error);
    }
    out->pidfd = open_pidfd(out->pid);
    out->group = o->group;
    return NT_OK;
}

static void forget(struct child *c)
{
    if (c->pidfd >= 0)
        close(c->pidfd);
    *c = (struct child){.pidfd = -1};
}

bool child_ended(struct child *c, int *status)
{
    siginfo_t info = {0};
    if (!c->pid)
        return false;
    /* It is only looked at first: as long as it is not collected, its number is nobody else's, and the group can be
     * killed by it. */
    if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        if (errno == EINTR)
            return false;
        *status = -1; /* somebody else's by now, or collected behind our back */
        forget(c);
        return true;
    }
    if (!info.si_pid)
        return false;
    if (c->group)
        kill(-c->pid, SIGKILL);
    *status = 0;
    while (waitpid(c->pid, status, 0) < 0 && errno == EINTR) {
    }
    forget(c);
    return true;
}

void child_kill(struct child *c)
{
    if (!c->pid)
        return;
    kill(-c->pid, SIGKILL);
    kill(c->pid, SIGKILL); /* should it be so young that it has no group yet */
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    forget(c);
}

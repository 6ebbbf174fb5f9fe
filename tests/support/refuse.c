/*
 * refuse: runs a command and refuses one of its system calls: the nth of a name that its nth process makes.
 *
 *     refuse --report FILE [--call PROCESS:NAME:NTH:ERROR] [--stop] COMMAND [ARGUMENT…]
 *     refuse --report counts notify_twilio send -t alice host=web01
 *     refuse --report done --call 2:fdatasync:3:EIO notify_twilio serve
 *
 * The kernel asks here before each call that can fail (seccomp's user notification), whoever makes it: our code,
 * libcurl, SQLite, the C library within itself, the loader. A library to preload sees a third of them; beside strace no
 * leak checker works, for it has to trace the process itself. Processes are numbered in the order
 * of their first call, the command itself is 1; threads count as their process. What cannot fail, or cannot fail in any
 * way that means something, is not asked about: getpid, a signal mask, fcntl's flags, futex, munmap; nor is close,
 * which takes the descriptor away even when it fails.
 *
 * A refused call is not made. ERROR is a name of errno's; "short" makes the call with half of what it was to read or
 * write, or the next one of the name that can be cut: a file, a pipe or a stream, with at least two bytes.
 *
 * The command runs in the process that was started, so its exit status is what the caller gets. This program watches
 * from a process of its own, and ends when all that came of the command has ended. Then, and not before, FILE is there:
 *
 *     call 1 openat 63              process, name, how often
 *     refused 1 openat 5 /lib/x86_64-linux-gnu/libc.so.6+0xf8d7e      where the instruction stands
 *     spared 1 mmap 7 /usr/lib/libasan.so.8+0x1                       a sanitizer's own call: not ours to refuse
 *
 * --stop stops the process at the refused call instead, for a debugger to attach to.
 *
 * DIAGNOSTICS: 125 when the kernel has no user notification (before Linux 5.6) or forbids it; 126 and 127 as in a
 * shell. While nobody answers, a process stands still: should this one be killed, the others are told ENOSYS.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 64, TASKS = 512, CALL_MAX = 512, CONTROL = 900, NOT_POSSIBLE = 125 };

/* clang-format off */
#define CALLS(X) \
    X(accept) X(accept4) X(access) X(bind) X(brk) X(chdir) X(chmod) X(chown) X(clone) X(clone3) X(close_range) X(connect) \
    X(copy_file_range) X(creat) X(dup) X(dup2) X(dup3) X(epoll_create) X(epoll_create1) X(epoll_ctl) X(epoll_pwait) \
    X(epoll_wait) X(eventfd) X(eventfd2) X(execve) X(faccessat) X(faccessat2) X(fallocate) X(fchdir) X(fchmod) \
    X(fchmodat) X(fchown) X(fchownat) X(fcntl) X(fdatasync) X(flock) X(fork) X(fstat) X(fstatfs) X(fsync) X(ftruncate) \
    X(getcwd) X(getdents64) X(getpeername) X(getrandom) X(getsockname) X(getsockopt) X(inotify_add_watch) \
    X(inotify_init1) X(ioctl) X(kill) X(link) X(linkat) X(listen) X(lseek) X(lstat) X(madvise) X(memfd_create) X(mkdir) \
    X(mkdirat) X(mmap) X(mprotect) X(mremap) X(nanosleep) X(clock_nanosleep) X(newfstatat) X(open) X(openat) X(openat2) \
    X(pidfd_open) X(pidfd_send_signal) X(pipe) X(pipe2) X(poll) X(ppoll) X(prctl) X(pread64) X(preadv) X(pselect6) \
    X(pwrite64) X(pwritev) X(read) X(readlink) X(readlinkat) X(readv) X(recvfrom) X(recvmmsg) X(recvmsg) X(rename) \
    X(renameat) X(renameat2) X(rmdir) X(select) X(sendfile) X(sendmmsg) X(sendmsg) X(sendto) X(setgid) X(setgroups) \
    X(setpgid) X(setresgid) X(setresuid) X(setsid) X(setsockopt) X(setuid) X(shutdown) X(signalfd4) X(socket) \
    X(socketpair) X(splice) X(stat) X(statfs) X(statx) X(symlink) X(sync_file_range) X(tgkill) X(timerfd_create) \
    X(timerfd_settime) X(truncate) X(uname) X(unlink) X(unlinkat) X(utimensat) X(vfork) X(wait4) X(waitid) X(write) \
    X(writev)
/* clang-format on */

static const struct call {
    int number;
    const char *name;
} calls[] = {
#define X(name) {SYS_##name, #name},
    CALLS(X)
#undef X
};

enum { CALLS_N = sizeof calls / sizeof *calls };

static struct {
    const char *report;
    int process, number, nth, error; /* process 0: nothing is refused; error 0: cut short */
    int stop;
} order;

static struct {
    pid_t pid;
    uint32_t count[CALL_MAX];
} process[PROCESSES];
static int processes;

static struct {
    pid_t task;
    int process;
} task[TASKS]; /* a ring: whoever has not called for long is looked up again */
static unsigned tasks;

static char outcome[4352]; /* the line about the call that was refused; empty: not yet */

static const char *name_of(int number)
{
    for (size_t i = 0; i < CALLS_N; i++)
        if (calls[i].number == number)
            return calls[i].name;
    return "?";
}

/* ---- in the command's process ---- */

static int install_filter(void)
{
    static struct sock_filter code[2 * CALLS_N + 8];
    size_t n = 0;
    /* how the descriptor gets to whoever watches, who cannot answer before it has it */
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONTROL, 0, 3);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS_N; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    long fd = -1;
#ifdef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    /* a signal does not make a call ask twice */
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                 SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
#endif
    if (fd < 0)
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return (int)fd;
}

union control {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(int))];
};

static int send_descriptor(int fd)
{
    union control control = {0};
    struct iovec word = {.iov_base = "x", .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &word, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&message);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(h), &fd, sizeof fd);
    return sendmsg(CONTROL, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int receive_descriptor(int from)
{
    union control control = {0};
    char c;
    struct iovec word = {.iov_base = &c, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &word, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *h;
    int fd = -1;
    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == 1 && (h = CMSG_FIRSTHDR(&message)))
        memcpy(&fd, CMSG_DATA(h), sizeof fd);
    return fd;
}

/* ---- in the process that watches ---- */

static int process_of(pid_t pid)
{
    for (unsigned i = 0; i < TASKS; i++)
        if (task[i].task == pid)
            return task[i].process;
    pid_t group = process_group(pid);
    int p = 0;
    while (p < processes && process[p].pid != group)
        p++;
    if (p == processes) {
        if (processes == PROCESSES)
            return PROCESSES - 1; /* the rest of a crowd */
        process[processes++].pid = group;
    }
    task[tasks % TASKS].task = pid;
    task[tasks++ % TASKS].process = p;
    return p;
}

/* fcntl that only looks at flags, or sets them, cannot fail; nor can asking where the heap ends, or giving up a lock on
 * a file system of this machine. */
static int may_fail(pid_t pid, const struct seccomp_data *d)
{
    int command = (int)d->args[1];
    if (d->nr == SYS_brk)
        return d->args[0] != 0;
    if (d->nr == SYS_flock)
        return !(command & LOCK_UN);
    if (d->nr == SYS_fcntl && (command == F_SETLK || command == F_SETLKW))
        return !process_unlocks(pid, d->args[2]);
    return d->nr != SYS_fcntl ||
           !(command == F_GETFD || command == F_SETFD || command == F_GETFL || command == F_SETFL);
}

static void answer(int listener, const struct seccomp_notif *asked)
{
    static int begun;
    const struct seccomp_data *d = &asked->data;
    struct seccomp_notif_resp reply = {.id = asked->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (!begun) { /* the start of the command itself */
        begun = d->nr == SYS_execve;
    } else if (d->nr >= 0 && d->nr < CALL_MAX && may_fail((pid_t)asked->pid, d)) {
        int p = process_of((pid_t)asked->pid);
        uint32_t n = ++process[p].count[d->nr];
        int64_t value = 0;
        if (order.process == p + 1 && order.number == d->nr && !*outcome &&
            (order.error ? n == (uint32_t)order.nth : n >= (uint32_t)order.nth)) {
            char place[4200];
            process_place((pid_t)asked->pid, d->instruction_pointer, place, sizeof place);
            int spared = strstr(place, "/libasan.so") || strstr(place, "/liblsan.so") || strstr(place, "/libubsan.so");
            if (spared || order.error || process_cut((pid_t)asked->pid, d, &value)) {
                snprintf(outcome, sizeof outcome, "%s %d %s %u %s\n", spared ? "spared" : "refused", p + 1,
                         name_of(d->nr), n, place);
                if (!spared) {
                    reply.flags = 0;
                    reply.error = -order.error;
                    reply.val = order.error ? 0 : value;
                    if (d->nr == SYS_brk) {
                        reply.error = 0;
                        reply.val = process_heap_end((pid_t)asked->pid);
                    }
                    if (order.stop)
                        kill((pid_t)asked->pid, SIGSTOP);
                }
            }
        }
    }
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply); /* it may have been killed meanwhile */
}

static void write_report(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.new", order.report);
    FILE *f = fopen(path, "we");
    if (!f)
        return;
    for (int p = 0; p < processes; p++)
        for (size_t i = 0; i < CALLS_N; i++)
            if (process[p].count[calls[i].number])
                fprintf(f, "call %d %s %u\n", p + 1, calls[i].name, process[p].count[calls[i].number]);
    fputs(outcome, f);
    if (fclose(f) == 0)
        rename(path, order.report);
}

static void watch(int listener)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    struct seccomp_notif asked;
    for (;;) {
        if (poll(&ready, 1, -1) < 0 && errno != EINTR)
            break;
        if (ready.revents & POLLIN) {
            memset(&asked, 0, sizeof asked);
            if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) == 0)
                answer(listener, &asked);
        } else if (ready.revents) {
            break; /* nobody is left */
        }
    }
    write_report();
}

static int errno_of(const char *name)
{
    for (int e = 1; e < 134; e++)
        if (strerrorname_np(e) && !strcmp(strerrorname_np(e), name))
            return e;
    return -1;
}

static int parse_order(const char *text)
{
    char name[64], error[32];
    if (sscanf(text, "%d:%63[^:]:%d:%31s", &order.process, name, &order.nth, error) != 4)
        return 0;
    order.number = -1;
    for (size_t i = 0; i < CALLS_N; i++)
        if (!strcmp(calls[i].name, name))
            order.number = calls[i].number;
    order.error = !strcmp(error, "short") ? 0 : errno_of(error);
    return order.number >= 0 && order.error >= 0 && order.process > 0 && order.nth > 0;
}

int main(int argc, char **argv)
{
    int i = 1, pair[2], ok = 1;
    for (; ok && i < argc && !strncmp(argv[i], "--", 2); i++) {
        if (!strcmp(argv[i], "--report") && i + 1 < argc)
            order.report = argv[++i];
        else if (!strcmp(argv[i], "--call") && i + 1 < argc)
            ok = parse_order(argv[++i]);
        else if (!strcmp(argv[i], "--stop"))
            order.stop = 1;
        else
            ok = 0;
    }
    if (!ok || i >= argc || !order.report) {
        fputs("Usage: refuse --report FILE [--call PROCESS:NAME:NTH:ERROR] [--stop] COMMAND [ARGUMENT…]\n", stderr);
        return NOT_POSSIBLE;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        perror("refuse: socketpair");
        return NOT_POSSIBLE;
    }
    /* Nobody's child: the command may wait for its own. */
    pid_t between = fork();
    if (between == 0) {
        if (fork() == 0) {
            int null = open("/dev/null", O_RDWR);
            setsid();
            signal(SIGTERM, SIG_IGN);
            signal(SIGPIPE, SIG_IGN);
            for (int fd = 0; fd < 3; fd++)
                dup2(null, fd);
            close(null);
            close(pair[1]);
            int listener = receive_descriptor(pair[0]);
            if (listener >= 0)
                watch(listener);
        }
        _exit(0);
    }
    close(pair[0]);
    if (between < 0 || waitpid(between, NULL, 0) < 0 || dup3(pair[1], CONTROL, O_CLOEXEC) < 0) {
        perror("refuse");
        return NOT_POSSIBLE;
    }
    close(pair[1]);
    int listener = install_filter();
    if (listener < 0) {
        perror("refuse: seccomp");
        return NOT_POSSIBLE;
    }
    if (send_descriptor(listener) != 0)
        return NOT_POSSIBLE;
    close(listener);
    close(CONTROL);
    execvp(argv[i], argv + i);
    return errno == ENOENT ? 127 : 126;
}

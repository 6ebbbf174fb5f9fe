/*
 * process: what /proc tells of another process, and doing a part of its work for it.
 *
 * DIAGNOSTICS: a process that has gone meanwhile is one of which nothing is known.
 */
#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CUT_MAX = 1 << 20 };

pid_t process_group(pid_t pid)
{
    char path[64], line[256];
    int group = pid;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Tgid: %d", &group) == 1)
            break;
    if (f)
        fclose(f);
    return group;
}

void process_place(pid_t pid, uint64_t ip, char *out, size_t size)
{
    char path[64], line[4352];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    snprintf(out, size, "%#llx", (unsigned long long)ip);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long long from, to, offset;
        int at = 0;
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %n", &from, &to, &offset, &at) >= 3 && at && ip >= from &&
            ip < to) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, size, "%s+%#llx", line + at, (unsigned long long)ip - from + offset);
            break;
        }
    }
    if (f)
        fclose(f);
}

int64_t process_heap_end(pid_t pid)
{
    char path[64], line[4352];
    unsigned long long from, to, end = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, " [heap]") && sscanf(line, "%llx-%llx", &from, &to) == 2)
            end = to;
    if (f)
        fclose(f);
    return (int64_t)end;
}

int process_unlocks(pid_t pid, uint64_t where)
{
    struct flock lock = {0};
    struct iovec here = {.iov_base = &lock, .iov_len = sizeof lock}, there = {.iov_len = sizeof lock};
    memcpy(&there.iov_base, &where, sizeof there.iov_base);
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)sizeof lock && lock.l_type == F_UNLCK;
}

static int is_stream(int fd)
{
    int type = 0;
    socklen_t n = sizeof type;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return 0;
    if (S_ISSOCK(st.st_mode))
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
    return S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode);
}

int process_cut(pid_t pid, const struct seccomp_data *d, int64_t *value)
{
    static char memory[CUT_MAX];
    int reads = d->nr == SYS_read || d->nr == SYS_pread64 || d->nr == SYS_recvfrom;
    int writes = d->nr == SYS_write || d->nr == SYS_pwrite64 || d->nr == SYS_sendto;
    size_t n = d->args[2] / 2;
    if ((!reads && !writes) || d->args[2] < 2 || n > sizeof memory || (d->nr == SYS_sendto && d->args[4]))
        return 0;
    int handle = (int)syscall(SYS_pidfd_open, process_group(pid), 0);
    int fd = handle < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, handle, (int)d->args[0], 0);
    ssize_t done = -1;
    struct pollfd ready = {.fd = fd, .events = reads ? POLLIN : POLLOUT};
    struct iovec here = {.iov_base = memory, .iov_len = n}, there = {.iov_len = n};
    memcpy(&there.iov_base, &d->args[1], sizeof there.iov_base);
    if (fd >= 0 && is_stream(fd) && poll(&ready, 1, 0) == 1) {
        if (writes && process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)n)
            done = d->nr == SYS_write      ? write(fd, memory, n)
                   : d->nr == SYS_pwrite64 ? pwrite(fd, memory, n, (off_t)d->args[3])
                                           : send(fd, memory, n, (int)d->args[3] | MSG_NOSIGNAL);
        else if (reads)
            done = d->nr == SYS_read      ? read(fd, memory, n)
                   : d->nr == SYS_pread64 ? pread(fd, memory, n, (off_t)d->args[3])
                                          : recv(fd, memory, n, (int)d->args[3]);
        here.iov_len = there.iov_len = done > 0 ? (size_t)done : 0;
        if (reads && done > 0 && process_vm_writev(pid, &here, 1, &there, 1, 0) != done)
            done = -1;
    }
    if (fd >= 0)
        close(fd);
    if (handle >= 0)
        close(handle);
    *value = done;
    return done >= 0;
}

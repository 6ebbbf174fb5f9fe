/*
 * torture: a library to preload that makes one call fail, wherever it is made: ours, libcurl's or SQLite's.
 *
 * NT_TORTURE names a file of TABLE_SIZE bytes that all processes of a run share as memory (struct table). Each call
 * that is listed below is counted there under its name; the nth call of the name that is armed fails with the error
 * that is armed, once or from then on. So a test first counts what a run needs, and then repeats it with each of its
 * calls failing (tests/e2e/test_torture.py).
 *
 * A system call fails with -1 and errno. A function of SQLite returns the error as its code and does nothing. malloc
 * and its kin, in builds without sanitizers, return NULL; what the C library calls within itself is not seen.
 *
 * DIAGNOSTICS: without NT_TORTURE, or with a file that is not there, nothing ever fails. A process whose call failed is
 * told of in the table, so that a test sees that what it asked for has happened.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME = 28, ENTRIES = 96, TABLE_SIZE = 4096 };

struct entry {
    char name[NAME];
    uint32_t count;
};

struct table {
    char armed[NAME];
    uint32_t nth;       /* 1 = the first */
    int32_t error;      /* errno, or SQLite's code */
    uint32_t from_then; /* not once, but from then on */
    uint32_t fired;
    struct entry entry[ENTRIES];
};

_Static_assert(sizeof(struct table) <= TABLE_SIZE, "the table has outgrown its file");

/* clang-format off */
#define CALLS(X) \
    X(open) X(openat) X(read) X(pread) X(write) X(pwrite) X(lseek) X(fsync) X(fdatasync) X(ftruncate) X(flock) X(fcntl) \
    X(stat) X(lstat) X(fstat) X(access) X(readlink) X(mkdir) X(unlink) X(link) X(rename) X(chmod) X(fchmod) X(mmap) \
    X(socket) X(connect) X(bind) X(listen) X(accept) X(getsockopt) X(setsockopt) X(send) X(sendto) X(sendmsg) X(recv) \
    X(recvfrom) X(recvmsg) X(poll) X(epoll_create) X(epoll_ctl) X(epoll_wait) X(pipe) X(dup2) X(fork) X(setsid) \
    X(posix_spawn) X(getrandom) X(close_range) X(memfd_create) X(malloc) \
    X(sqlite3_open_v2) X(sqlite3_prepare) X(sqlite3_step) X(sqlite3_exec) X(sqlite3_bind_int64) X(sqlite3_bind_int) \
    X(sqlite3_bind_text) X(sqlite3_bind_blob64) X(sqlite3_bind_value) X(sqlite3_wal_checkpoint_v2) \
    X(sqlite3_db_config) X(sqlite3_busy_timeout)
/* clang-format on */

enum call {
#define X(name) CALL_##name,
    CALLS(X)
#undef X
};

static const char names[][NAME] = {
#define X(name) #name,
    CALLS(X)
#undef X
};

_Static_assert(sizeof names / sizeof *names <= ENTRIES, "there are more calls than entries");

static struct table *table;

/* Before anything that is preloaded with it asks: by system calls alone, since the functions are the ones below. */
__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("NT_TORTURE");
    long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    long at = syscall(SYS_mmap, NULL, (size_t)TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    syscall(SYS_close, fd);
    if (at == -1)
        return;
    struct table *t = (struct table *)at;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        memcpy(t->entry[i].name, names[i], NAME);
    table = t;
}

static int fails(enum call call)
{
    if (!table)
        return 0;
    uint32_t n = __atomic_add_fetch(&table->entry[call].count, 1, __ATOMIC_SEQ_CST);
    if (strncmp(table->armed, names[call], NAME) != 0 || !table->nth)
        return 0;
    if (n != table->nth && !(table->from_then && n > table->nth))
        return 0;
    __atomic_add_fetch(&table->fired, 1, __ATOMIC_SEQ_CST);
    return 1;
}

/* What a function of SQLite calls within itself is its own affair: a failure there that nothing has caused would be
 * told by none of the others. */
static __thread int inside;

static int failed(void)
{
    errno = table->error;
    return -1;
}

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found && !strncmp(name, "sqlite3_", 8)) { /* it came later, by dlopen(3), into a scope of its own */
        void *sqlite = dlopen("libsqlite3.so.0", RTLD_LAZY | RTLD_NOLOAD);
        found = sqlite ? dlsym(sqlite, name) : NULL;
    }
    if (!found)
        abort(); /* it was called, so it has to be somewhere */
    return found;
}

/* ISO C has no cast from an object to a function. */
#define REAL(name)                                                                                                     \
    static __typeof__(name) *real;                                                                                     \
    if (!real) {                                                                                                       \
        void *found = next(#name);                                                                                     \
        memcpy(&real, &found, sizeof real);                                                                            \
    }

/* WRAP(what it returns, its name, the name it is counted under, parameters, arguments) */
#define WRAP(type, name, counted, parameters, arguments)                                                               \
    type name parameters                                                                                               \
    {                                                                                                                  \
        REAL(name)                                                                                                     \
        return fails(CALL_##counted) ? (type)failed() : real arguments;                                                \
    }

#define WRAP_OPEN(name, parameters, arguments)                                                                         \
    int name parameters                                                                                                \
    {                                                                                                                  \
        mode_t mode = 0;                                                                                               \
        REAL(name)                                                                                                     \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                                         \
            va_list args;                                                                                              \
            va_start(args, flags);                                                                                     \
            mode = va_arg(args, mode_t);                                                                               \
            va_end(args);                                                                                              \
        }                                                                                                              \
        return fails(CALL_open) ? failed() : real arguments;                                                           \
    }

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
WRAP_OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))

#define WRAP_FCNTL(name)                                                                                               \
    int name(int fd, int command, ...)                                                                                 \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        REAL(name)                                                                                                     \
        va_start(args, command);                                                                                       \
        void *argument = va_arg(args, void *); /* a pointer or an int: the same register */                            \
        va_end(args);                                                                                                  \
        return fails(CALL_fcntl) ? failed() : real(fd, command, argument);                                             \
    }

WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

WRAP(ssize_t, read, read, (int fd, void *to, size_t n), (fd, to, n))
WRAP(ssize_t, pread, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
WRAP(ssize_t, pread64, pread, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
WRAP(ssize_t, write, write, (int fd, const void *from, size_t n), (fd, from, n))
WRAP(ssize_t, pwrite, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
WRAP(ssize_t, pwrite64, pwrite, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))
WRAP(off_t, lseek, lseek, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(int, fsync, fsync, (int fd), (fd))
WRAP(int, fdatasync, fdatasync, (int fd), (fd))
WRAP(int, ftruncate, ftruncate, (int fd, off_t size), (fd, size))
WRAP(int, ftruncate64, ftruncate, (int fd, off64_t size), (fd, size))
WRAP(int, flock, flock, (int fd, int operation), (fd, operation))
WRAP(int, stat, stat, (const char *path, struct stat *st), (path, st))
WRAP(int, stat64, stat, (const char *path, struct stat64 *st), (path, st))
WRAP(int, lstat, lstat, (const char *path, struct stat *st), (path, st))
WRAP(int, lstat64, lstat, (const char *path, struct stat64 *st), (path, st))
WRAP(int, fstat, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, fstat64, fstat, (int fd, struct stat64 *st), (fd, st))
WRAP(int, access, access, (const char *path, int mode), (path, mode))
WRAP(ssize_t, readlink, readlink, (const char *path, char *to, size_t n), (path, to, n))
WRAP(int, mkdir, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, unlink, unlink, (const char *path), (path))
WRAP(int, link, link, (const char *from, const char *to), (from, to))
WRAP(int, rename, rename, (const char *from, const char *to), (from, to))
WRAP(int, chmod, chmod, (const char *path, mode_t mode), (path, mode))
WRAP(int, fchmod, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, socket, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, connect, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
WRAP(int, bind, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
WRAP(int, listen, listen, (int fd, int n), (fd, n))
WRAP(int, accept4, accept, (int fd, struct sockaddr *from, socklen_t *n, int flags), (fd, from, n, flags))
WRAP(int, getsockopt, getsockopt, (int fd, int level, int name, void *to, socklen_t *n), (fd, level, name, to, n))
WRAP(int, setsockopt, setsockopt, (int fd, int level, int name, const void *from, socklen_t n),
     (fd, level, name, from, n))
WRAP(ssize_t, send, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags))
WRAP(ssize_t, sendto, sendto,
     (int fd, const void *from, size_t n, int flags, const struct sockaddr *to, socklen_t to_size),
     (fd, from, n, flags, to, to_size))
WRAP(ssize_t, sendmsg, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
WRAP(ssize_t, recv, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
WRAP(ssize_t, recvfrom, recvfrom, (int fd, void *to, size_t n, int flags, struct sockaddr *from, socklen_t *from_size),
     (fd, to, n, flags, from, from_size))
WRAP(ssize_t, recvmsg, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(int, poll, poll, (struct pollfd * fds, nfds_t n, int wait), (fds, n, wait))
WRAP(int, epoll_create1, epoll_create, (int flags), (flags))
WRAP(int, epoll_ctl, epoll_ctl, (int at, int operation, int fd, struct epoll_event *event), (at, operation, fd, event))
WRAP(int, epoll_wait, epoll_wait, (int at, struct epoll_event *events, int n, int wait), (at, events, n, wait))
WRAP(int, pipe2, pipe, (int fds[2], int flags), (fds, flags))
WRAP(int, dup2, dup2, (int from, int to), (from, to))
WRAP(pid_t, fork, fork, (void), ())
WRAP(pid_t, setsid, setsid, (void), ())
WRAP(ssize_t, getrandom, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags))
WRAP(int, close_range, close_range, (unsigned first, unsigned last, int flags), (first, last, flags))
WRAP(int, memfd_create, memfd_create, (const char *name, unsigned flags), (name, flags))

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    REAL(mmap)
    return fails(CALL_mmap) ? (void *)(intptr_t)failed() : real(at, n, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset)
{
    REAL(mmap64)
    return fails(CALL_mmap) ? (void *)(intptr_t)failed() : real(at, n, protection, flags, fd, offset);
}

#define WRAP_SQLITE(name, counted, parameters, arguments)                                                              \
    int name parameters                                                                                                \
    {                                                                                                                  \
        REAL(name)                                                                                                     \
        if (!inside && fails(CALL_##counted))                                                                          \
            return table->error;                                                                                       \
        inside++;                                                                                                      \
        int rc = real arguments;                                                                                       \
        inside--;                                                                                                      \
        return rc;                                                                                                     \
    }

/* These return the error itself. */
#define WRAP_CODE(name, counted, parameters, arguments)                                                                \
    int name parameters                                                                                                \
    {                                                                                                                  \
        REAL(name)                                                                                                     \
        return fails(CALL_##counted) ? table->error : real arguments;                                                  \
    }

WRAP_CODE(posix_spawnp, posix_spawn,
          (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
           char *const argv[], char *const env[]),
          (pid, file, actions, how, argv, env))
WRAP_CODE(posix_spawn, posix_spawn,
          (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
           char *const argv[], char *const env[]),
          (pid, path, actions, how, argv, env))
WRAP_SQLITE(sqlite3_prepare_v2, sqlite3_prepare,
            (sqlite3 * db, const char *sql, int n, sqlite3_stmt **out, const char **tail), (db, sql, n, out, tail))
WRAP_SQLITE(sqlite3_prepare_v3, sqlite3_prepare,
            (sqlite3 * db, const char *sql, int n, unsigned flags, sqlite3_stmt **out, const char **tail),
            (db, sql, n, flags, out, tail))
WRAP_SQLITE(sqlite3_step, sqlite3_step, (sqlite3_stmt * stmt), (stmt))
WRAP_SQLITE(sqlite3_exec, sqlite3_exec,
            (sqlite3 * db, const char *sql, int (*each)(void *, int, char **, char **), void *arg, char **error),
            (db, sql, each, arg, error))
WRAP_SQLITE(sqlite3_bind_int64, sqlite3_bind_int64, (sqlite3_stmt * stmt, int index, sqlite3_int64 value),
            (stmt, index, value))
WRAP_SQLITE(sqlite3_bind_int, sqlite3_bind_int, (sqlite3_stmt * stmt, int index, int value), (stmt, index, value))
WRAP_SQLITE(sqlite3_bind_text, sqlite3_bind_text,
            (sqlite3_stmt * stmt, int index, const char *text, int n, void (*release)(void *)),
            (stmt, index, text, n, release))
WRAP_SQLITE(sqlite3_bind_blob64, sqlite3_bind_blob64,
            (sqlite3_stmt * stmt, int index, const void *data, sqlite3_uint64 n, void (*release)(void *)),
            (stmt, index, data, n, release))
WRAP_SQLITE(sqlite3_bind_value, sqlite3_bind_value, (sqlite3_stmt * stmt, int index, const sqlite3_value *value),
            (stmt, index, value))
WRAP_SQLITE(sqlite3_wal_checkpoint_v2, sqlite3_wal_checkpoint_v2,
            (sqlite3 * db, const char *name, int mode, int *log, int *done), (db, name, mode, log, done))
WRAP_SQLITE(sqlite3_busy_timeout, sqlite3_busy_timeout, (sqlite3 * db, int ms), (db, ms))

int sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs)
{
    REAL(sqlite3_open_v2)
    if (!fails(CALL_sqlite3_open_v2))
        return real(path, db, flags, vfs);
    *db = NULL;
    return table->error;
}

#ifdef NT_TORTURE_MALLOC
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(CALL_malloc) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails(CALL_malloc) ? no_memory() : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails(CALL_malloc) ? no_memory() : __libc_realloc(p, size);
}
#endif

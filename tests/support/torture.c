/*
 * torture: a library to preload that makes a function of SQLite fail, or the allocator. (System calls: refuse.c.)
 *
 * NT_TORTURE names a file of TABLE_SIZE bytes that all processes of a run share as memory (struct table). Each function
 * that is listed below is counted there under its name; the nth call of the name that is armed fails with the error
 * that is armed, once or from then on. So a test first counts what a run needs, and then repeats it with each of its
 * calls failing (tests/e2e/test_torture.py).
 *
 * A function of SQLite returns the error as its code and does nothing. malloc and its kin, in builds without
 * sanitizers, return NULL; what the C library calls within itself is not seen.
 *
 * DIAGNOSTICS: without NT_TORTURE, or with a file that is not there, nothing ever fails. A process whose call failed is
 * told of in the table, so that a test sees that what it asked for has happened.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME = 28, ENTRIES = 96, TABLE_SIZE = 4096 };

struct entry {
    char name[NAME];
    uint32_t count;
};

struct table {
    char armed[NAME];
    uint32_t nth;       /* 1 = the first */
    int32_t error;      /* SQLite's code */
    uint32_t from_then; /* not once, but from then on */
    uint32_t fired;
    struct entry entry[ENTRIES];
};

_Static_assert(sizeof(struct table) <= TABLE_SIZE, "the table has outgrown its file");

#define CALLS(X)                                                                                                       \
    X(malloc)                                                                                                          \
    X(sqlite3_open_v2)                                                                                                 \
    X(sqlite3_prepare)                                                                                                 \
    X(sqlite3_step)                                                                                                    \
    X(sqlite3_exec)                                                                                                    \
    X(sqlite3_bind_int64)                                                                                              \
    X(sqlite3_bind_int)                                                                                                \
    X(sqlite3_bind_text)                                                                                               \
    X(sqlite3_bind_blob64)                                                                                             \
    X(sqlite3_bind_value)                                                                                              \
    X(sqlite3_wal_checkpoint_v2)                                                                                       \
    X(sqlite3_busy_timeout)

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

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("NT_TORTURE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    struct table *t = mmap(NULL, TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (t == MAP_FAILED)
        return;
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

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
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

/* Whoever loads SQLite for himself gets this library, which is linked with it: its functions are found here first. */
void *dlopen(const char *file, int mode)
{
    REAL(dlopen)
    Dl_info self;
    return real(file && !strcmp(file, "libsqlite3.so.0") && dladdr(names, &self) ? self.dli_fname : file, mode);
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

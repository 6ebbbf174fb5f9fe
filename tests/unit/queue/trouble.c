/*
 * trouble: see the header.
 *
 * The file system is a shim: each file of ours has SQLite's own right behind it in the same block, and hands every call
 * on to that unless its turn to fail has come.
 */
#include "trouble.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LARGE = 8000 };

struct countdown {
    unsigned long left; /* calls until the one that fails, that one included; 0 = off */
    int code;
    bool met;
};

static struct countdown memory, files;
static int memory_from; /* smaller ones never fail */
static bool network, read_only;
static void (*before_open)(void *arg);
static void *before_open_arg;
static sqlite3_mem_methods real_memory;
static sqlite3_vfs *real_vfs;

static bool fails(struct countdown *c)
{
    if (!c->left || --c->left)
        return false;
    c->met = true;
    if (c->code) /* what SQLite asks for afterwards */
        errno = c->code == SQLITE_IOERR_READ ? EIO : c->code == SQLITE_CANTOPEN ? ENOENT : ENOSPC;
    return true;
}

/* ---- memory ---- */

static void *mem_get(int size)
{
    return size >= memory_from && fails(&memory) ? NULL : real_memory.xMalloc(size);
}

static void *mem_more(void *p, int size)
{
    return size >= memory_from && fails(&memory) ? NULL : real_memory.xRealloc(p, size);
}

/* ---- files ---- */

struct file {
    sqlite3_file base;
    sqlite3_file real; /* and the rest of it behind */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return &((struct file *)(void *)f)->real;
}

#define HAND_ON(call) (fails(&files) ? files.code : real_of(f)->pMethods->call)
#define PASS(call)    (real_of(f)->pMethods->call)

static int file_close(sqlite3_file *f)
{
    return PASS(xClose(real_of(f)));
}

static int file_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    return HAND_ON(xRead(real_of(f), out, n, at));
}

static int file_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    return HAND_ON(xWrite(real_of(f), data, n, at));
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return HAND_ON(xTruncate(real_of(f), size));
}

static int file_sync(sqlite3_file *f, int flags)
{
    return HAND_ON(xSync(real_of(f), flags));
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return HAND_ON(xFileSize(real_of(f), size));
}

static int file_lock(sqlite3_file *f, int level)
{
    return PASS(xLock(real_of(f), level));
}

static int file_unlock(sqlite3_file *f, int level)
{
    return PASS(xUnlock(real_of(f), level));
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return PASS(xCheckReservedLock(real_of(f), out));
}

static int file_control(sqlite3_file *f, int what, void *arg)
{
    return PASS(xFileControl(real_of(f), what, arg));
}

static int file_sector(sqlite3_file *f)
{
    return PASS(xSectorSize(real_of(f)));
}

static int file_device(sqlite3_file *f)
{
    return PASS(xDeviceCharacteristics(real_of(f)));
}

static int file_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
    return HAND_ON(xShmMap(real_of(f), region, size, extend, out));
}

static int file_map_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return PASS(xShmLock(real_of(f), offset, n, flags));
}

static void file_barrier(sqlite3_file *f)
{
    PASS(xShmBarrier(real_of(f)));
}

static int file_unmap(sqlite3_file *f, int remove)
{
    return PASS(xShmUnmap(real_of(f), remove));
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_map,
    .xShmLock = file_map_lock,
    .xShmBarrier = file_barrier,
    .xShmUnmap = file_unmap,
};

/* As far as a rollback journal needs it. */
static sqlite3_io_methods methods_of_network;

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    (void)vfs;
    f->pMethods = NULL;
    if (before_open && flags & SQLITE_OPEN_MAIN_DB) {
        void (*call)(void *arg) = before_open;
        before_open = NULL;
        call(before_open_arg);
    }
    if (fails(&files))
        return (files.code & 0xff) == SQLITE_IOERR ? SQLITE_CANTOPEN : files.code;
    if (read_only && flags & SQLITE_OPEN_MAIN_DB)
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    int rc = real_vfs->xOpen(real_vfs, name, real_of(f), flags, out_flags);
    if (real_of(f)->pMethods)
        f->pMethods = network ? &methods_of_network : &methods;
    return rc;
}

/* ---- the ways in ---- */

void trouble_install(void)
{
    static sqlite3_mem_methods ours;
    static sqlite3_vfs vfs;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
    ours = real_memory;
    ours.xMalloc = mem_get;
    ours.xRealloc = mem_more;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
    /* Small things come out of a pool that never fails, unless there is none. */
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    real_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(real_vfs);
    vfs = *real_vfs;
    vfs.zName = "trouble";
    vfs.szOsFile = real_vfs->szOsFile + (int)offsetof(struct file, real);
    vfs.xOpen = vfs_open;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
    methods_of_network = methods;
    methods_of_network.iVersion = 1;
}

void trouble_memory_at(unsigned long n)
{
    memory_from = 0;
    memory.left = files.left = 0;
    if (n) {
        memory = (struct countdown){.left = n};
        files.met = false;
    }
}

void trouble_large_memory_at(unsigned long n)
{
    trouble_memory_at(n);
    memory_from = LARGE;
}

void trouble_file_at(unsigned long n, int code)
{
    memory.left = files.left = 0;
    if (n) {
        files = (struct countdown){.left = n, .code = code};
        memory.met = false;
    }
}

void trouble_network(bool on)
{
    network = on;
}

void trouble_read_only(bool on)
{
    read_only = on;
}

void trouble_before_open(void (*call)(void *arg), void *arg)
{
    before_open = call;
    before_open_arg = arg;
}

bool trouble_met(void)
{
    return memory.met || files.met;
}

int64_t trouble_memory_held(void)
{
    return sqlite3_memory_used();
}

/*
 * lock: the two files beside a database whose flock(2) orders its users.
 *
 * queue.write is held around every transaction. SQLite's own busy handler sleeps longer and longer, so that under fifty
 * writers the unlucky wait for seconds; here everybody asks again every millisecond and a turn is as long as one
 * commit.
 *
 * queue.lock is held by the drainer as long as it lives and holds its process id in text. Who wants it has a record
 * lock (fcntl(2), which flock(2) knows nothing of) on a byte far behind that text. The kernel drops all of them with
 * the process, so that nothing is left behind by a kill.
 *
 * Who owns what: descriptors are the caller's; closing one unlocks.
 *
 * DIAGNOSTICS: NT_EBUSY (held by another), NT_EACCES, NT_ENOENT (no folder), NT_EIO, NT_EINVAL (not a url of a store
 * with files).
 */
#include "queue/lock.h"

#include "base/clock.h"
#include "base/mem.h"
#include "queue/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_NS = 1000000,
    DRAIN_TRIES =
        5, /* whoever only looks (drain_lock_holder) has the lock for microseconds: ask again before giving up */
    WISH_AT = 4096
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
}

enum nt_status write_lock_open(const struct place *p, int *fd)
{
    *fd = -1;
    if (p->memory)
        return NT_OK;
    char *path = place_beside(p, "queue.write");
    if (!path)
        return NT_ENOMEM;
    enum nt_status status = place_open(p, path, fd);
    mem_free(path);
    return status;
}

enum nt_status write_lock_take(int fd, int64_t wait)
{
    if (fd < 0)
        return NT_OK;
    int64_t start = clock_boot(clock_system());
    for (;;) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return NT_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return NT_EIO;
        if (clock_boot(clock_system()) - start >= wait)
            return NT_EBUSY;
        nap();
    }
}

void write_lock_release(int fd)
{
    if (fd >= 0)
        (void)flock(fd, LOCK_UN); /* a descriptor that is ours and open cannot fail to unlock */
}

/* The process id in the lock's file while it lives, else 0. */
static long read_holder(int fd)
{
    char text[24] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return 0;
    char *end;
    long pid = strtol(text, &end, 10);
    if (*end != '\n' || pid <= 0 || pid > 0x7fffffff)
        return 0;
    return kill((pid_t)pid, 0) == 0 || errno == EPERM ? pid : 0;
}

static void write_holder(int fd)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* For people and messages only: the lock holds without it, even on a full disk. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        (void)!ftruncate(fd, 0);
}

void drain_lock_sign(int fd)
{
    write_holder(fd);
}

enum nt_status drain_lock_take(const char *url, bool wait, int *fd, long *holder)
{
    *fd = -1;
    if (holder)
        *holder = 0;
    struct place place;
    char *path = NULL;
    int got = -1;
    enum nt_status status = place_init(&place, url, NULL);
    if (status)
        return status;
    status = place.memory ? NT_EINVAL : place_make_folder(&place, NULL);
    if (status)
        goto done;
    path = place_beside(&place, "queue.lock");
    status = path ? place_open(&place, path, &got) : NT_ENOMEM;
    if (status)
        goto done;
    if (wait) {
        /* A signal ends the wait: whoever asked this process to leave should not have to wait as well. */
        if (flock(got, LOCK_EX) != 0)
            status = errno == EINTR ? NT_EBUSY : NT_EIO;
    } else {
        for (int i = 0;; i++) {
            if (flock(got, LOCK_EX | LOCK_NB) == 0)
                break;
            if (errno != EWOULDBLOCK && errno != EINTR) {
                status = NT_EIO;
                break;
            }
            if (i == DRAIN_TRIES) {
                status = NT_EBUSY;
                break;
            }
            nap();
        }
    }
    if (status == NT_EBUSY && holder)
        *holder = read_holder(got);
    if (status == NT_OK) {
        write_holder(got);
        *fd = got;
        got = -1;
    }
done:
    if (got >= 0)
        close(got);
    mem_free(path);
    place_clean(&place);
    return status;
}

/* Shared, so that many may want at a time. Of the open file, not of the process: closing another descriptor of the same
 * file must not drop it. */
static struct flock wish(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = WISH_AT, .l_len = 1};
}

enum nt_status drain_lock_want(const char *url, int *fd)
{
    *fd = -1;
    struct place place;
    enum nt_status status = place_init(&place, url, NULL);
    if (status)
        return status;
    int got = -1;
    struct flock lock = wish(F_RDLCK);
    char *path = place.memory ? NULL : place_beside(&place, "queue.lock");
    status = place.memory ? NT_EINVAL : path ? place_open(&place, path, &got) : NT_ENOMEM;
    if (!status && fcntl(got, F_OFD_SETLK, &lock) != 0)
        status = NT_EIO;
    if (!status) {
        *fd = got;
        got = -1;
    }
    if (got >= 0)
        close(got);
    mem_free(path);
    place_clean(&place);
    return status;
}

bool drain_lock_wanted(const char *url)
{
    struct place place;
    if (place_init(&place, url, NULL) != NT_OK)
        return false;
    struct flock lock = wish(F_WRLCK);
    char *path = place.memory ? NULL : place_beside(&place, "queue.lock");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    bool wanted = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    mem_free(path);
    place_clean(&place);
    return wanted;
}

enum nt_status drain_lock_holder(const char *url, long *holder)
{
    *holder = 0;
    struct place place;
    enum nt_status status = place_init(&place, url, NULL);
    if (status)
        return status;
    int fd = -1;
    char *path = NULL;
    if (place.memory) /* nobody else can have it */
        goto done;
    path = place_beside(&place, "queue.lock");
    if (!path) {
        status = NT_ENOMEM;
        goto done;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT) /* no file: nobody has ever drained */
            status = place_errno(errno);
        goto done;
    }
    /* Shared, so that two who look do not take each other for the drainer. */
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            status = NT_EIO;
            goto done;
        }
        *holder = read_holder(fd);
        if (*holder == 0)
            *holder = -1;
    }
done:
    if (fd >= 0)
        close(fd);
    mem_free(path);
    place_clean(&place);
    return status;
}

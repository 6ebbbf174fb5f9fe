/*
 * source_file: a picture that lies below a folder.
 *
 * Whatever its path is filled with, what is opened lies below root after all links have been resolved. The kernel sees
 * to that by itself (openat2) where it can. Where it cannot, or where an absolute link was met that may lead back
 * inside, the file is opened without touching it (O_PATH), and it is the kernel again that tells where it really lies;
 * only then is it opened to be read. Nothing but a regular file is read: a pipe might never end.
 *
 * DIAGNOSTICS: the words of the system; "outside root".
 */
#include "media/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

enum { CHUNK = 16 * 1024 };

struct file_source {
    struct source source;
    int fd;
};

static int open_beneath(int root, const char *path)
{
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
#else
    (void)root;
    (void)path;
    errno = ENOSYS;
    return -1;
#endif
}

/* Where a descriptor's file lies; false with errno. */
static bool place_of(int fd, char out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n < 0)
        return false;
    out[n] = '\0';
    return true;
}

static bool lies_below(const char *path, const char *root)
{
    size_t n = strlen(root);
    if (n == 1)
        return true; /* "/" */
    return !strncmp(path, root, n) && path[n] == '/';
}

static int open_checked(int root, const char *path)
{
    char at[PATH_MAX], top[PATH_MAX], again[64];
    int seen = openat(root, path, O_PATH | O_CLOEXEC), fd = -1;
    if (seen < 0)
        return -1;
    if (place_of(seen, at) && place_of(root, top)) {
        if (lies_below(at, top)) {
            snprintf(again, sizeof again, "/proc/self/fd/%d", seen);
            fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        } else {
            errno = EXDEV;
        }
    }
    int error = errno;
    close(seen);
    errno = error;
    return fd;
}

int source_file_open(const char *folder, const char *path, bool by_hand)
{
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    if (root < 0)
        return -1;
    while (*path == '/')
        path++;
    errno = ENOSYS;
    if (!by_hand)
        fd = open_beneath(root, path);
    if (fd < 0 && errno != ENOENT && errno != EACCES && errno != ENAMETOOLONG)
        fd = open_checked(root, path);
    int error = errno;
    close(root);
    errno = error;
    return fd;
}

static enum nt_status copy(struct file_source *f)
{
    char chunk[CHUNK];
    for (;;) {
        ssize_t n = read(f->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return nt_status_errno(errno);
        if (n == 0)
            return NT_OK;
        if (!source_take(&f->source, chunk, (size_t)n))
            return NT_EREFUSED;
    }
}

static enum nt_status start(struct source *s, source_expand *expand, void *arg)
{
    struct file_source *f = (struct file_source *)s;
    struct stat st;
    struct buf path;
    f->fd = -1;
    buf_init(&path, PATH_MAX);
    enum nt_status status = source_text(s, expand, arg, "file", s->graph->file, &path);
    if (status == NT_OK) {
        f->fd = source_file_open(s->graph->root, buf_text(&path), false);
        if (f->fd < 0) {
            source_fail(s, "%s: %s", buf_text(&path), errno == EXDEV ? "outside root" : strerror(errno));
            status = nt_status_errno(errno);
        } else if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
            source_fail(s, "%s: not a file", buf_text(&path));
            status = NT_EINVAL;
        }
    }
    buf_clean(&path);
    if (status == NT_OK)
        status = copy(f);
    if (status == NT_OK)
        source_end(s, NULL);
    return status;
}

static void clean(struct source *s)
{
    struct file_source *f = (struct file_source *)s;
    if (f->fd >= 0)
        close(f->fd);
}

const struct source_ops source_file = {
    .name = "file", .size = sizeof(struct file_source), .start = start, .clean = clean};

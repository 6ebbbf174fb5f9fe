/*
 * file: whole files in and out, and the paths that lead to them.
 *
 * DIAGNOSTICS
 * A status made of errno, which stays set for the caller's message. NT_EIO for
 * a folder where a file was expected. A replacement that fails leaves the old
 * file as it was and no temporary one behind.
 */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum nt_status file_read(const char *path, struct buf *out, mode_t *mode)
{
    enum nt_status status = buf_status(out);
    size_t before = out->len;
    struct stat st;
    int fd = -1;
    if (status)
        return status;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st)) {
        status = nt_status_errno(errno);
        goto done;
    }
    for (;;) {
        char chunk[8192];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = nt_status_errno(errno);
        if (n <= 0)
            break;
        status = buf_add(out, chunk, (size_t)n);
        if (status) {
            errno = status == NT_ENOMEM ? ENOMEM : EFBIG;
            break;
        }
    }
    if (!status && mode)
        *mode = st.st_mode;
done:
    if (status)
        buf_truncate(out, before);
    if (fd >= 0) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return status;
}

static enum nt_status write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return nt_status_errno(errno);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return NT_OK;
}

/* So that the new name survives a power cut. Some file systems know no fsync of folders: not worth a failure. */
static void sync_folder(const char *inside)
{
    int error = errno;
    char *folder = file_beside(inside, ".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    mem_free(folder);
    errno = error;
}

enum nt_status file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
    enum nt_status status = NT_OK;
    int fd = -1;
    bool made = false;
    /* A short name of its own: the path's plus a suffix might be longer than a name may be. */
    char *temporary = file_beside(path, ".new-XXXXXX");
    if (!temporary)
        return NT_ENOMEM;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        status = nt_status_errno(errno);
        goto done;
    }
    made = true;
    if (fchmod(fd, mode)) {
        status = nt_status_errno(errno);
        goto done;
    }
    status = write_all(fd, data, len);
    if (status)
        goto done;
    if (fsync(fd) || rename(temporary, path)) {
        status = nt_status_errno(errno);
        goto done;
    }
    made = false;
    sync_folder(path);
done:;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (made)
        unlink(temporary);
    mem_free(temporary);
    errno = error;
    return status;
}

static char *join(const char *folder, size_t len, const char *name)
{
    struct buf b;
    buf_init(&b, len + strlen(name) + 1);
    buf_add(&b, folder, len);
    if (len && folder[len - 1] != '/')
        buf_addc(&b, '/');
    buf_adds(&b, name);
    char *path = buf_steal(&b);
    buf_clean(&b);
    return path;
}

char *file_beside(const char *base, const char *name)
{
    const char *slash = strrchr(base, '/');
    if (name[0] == '/' || !slash)
        return mem_strdup(name);
    return join(base, (size_t)(slash - base) + 1, name);
}

char *file_absolute(const char *path)
{
    char here[PATH_MAX];
    if (path[0] == '/' || !getcwd(here, sizeof here) || here[0] != '/')
        return mem_strdup(path); /* a working directory that is gone has no absolute name */
    while (path[0] == '.' && path[1] == '/')
        for (path += 2; *path == '/';)
            path++;
    return join(here, strlen(here), path);
}

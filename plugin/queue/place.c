/*
 * place: the files of a store. Several users share them (the monitor's, the daemon's, root at a terminal), so that
 * whoever comes first must not lock the others out: files are 0660 whatever the umask, and what root makes belongs to
 * the folder's owner.
 *
 * Who owns what: struct place owns its two strings. Descriptors go to the caller.
 *
 * DIAGNOSTICS: NT_EACCES, NT_ENOENT (the folder's parent is missing), NT_EFULL, NT_EIO, NT_EINVAL (not a regular file),
 * with words in error where there is one.
 */
#include "queue/place.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0660, FOLDER_MODE = 02770 };

static const char scheme[] = "sqlite:";

void place_say(struct buf *error, const char *format, ...)
{
    if (!error)
        return;
    va_list args;
    va_start(args, format);
    buf_addv(error, format, args);
    va_end(args);
}

enum nt_status place_errno(int error)
{
    switch (error) {
    case ENOMEM:
        return NT_ENOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return NT_EACCES;
    case ENOENT:
    case ENOTDIR:
        return NT_ENOENT;
    case ENOSPC:
    case EDQUOT:
        return NT_EFULL;
    default:
        return NT_EIO;
    }
}

/* The path in "sqlite:PATH" (borrowed from url), NULL when url is of another kind or has no path. */
static const char *path_of(const char *url)
{
    if (!url || strncmp(url, scheme, sizeof scheme - 1) != 0 || !url[sizeof scheme - 1])
        return NULL;
    return url + sizeof scheme - 1;
}

static char *join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = mem_alloc(size);
    if (path)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* realpath() of path, or of its folder when the file is not there yet, or path itself when nothing is. */
static char *resolve(const char *path)
{
    char found[PATH_MAX];
    if (realpath(path, found))
        return mem_strdup(found);
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *folder = slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : mem_strdup(".");
    if (!folder)
        return NULL;
    char *whole = realpath(folder, found) ? join(found, name) : mem_strdup(path);
    mem_free(folder);
    return whole;
}

enum nt_status place_init(struct place *p, const char *url, struct buf *error)
{
    *p = (struct place){NULL, NULL, false};
    const char *path = path_of(url);
    if (!path) {
        place_say(error, "store: %s: not of the form sqlite:/path", url ? url : "");
        return NT_EINVAL;
    }
    p->memory = strcmp(path, ":memory:") == 0;
    p->database = p->memory ? mem_strdup(path) : resolve(path);
    if (!p->database)
        return NT_ENOMEM;
    const char *slash = strrchr(p->database, '/');
    p->folder =
        slash ? mem_strndup(p->database, slash == p->database ? 1 : (size_t)(slash - p->database)) : mem_strdup(".");
    if (!p->folder) {
        place_clean(p);
        return NT_ENOMEM;
    }
    return NT_OK;
}

void place_clean(struct place *p)
{
    mem_free(p->database);
    mem_free(p->folder);
    *p = (struct place){NULL, NULL, false};
}

char *place_joined(const char *path, const char *tail)
{
    size_t size = strlen(path) + strlen(tail) + 1;
    char *out = mem_alloc(size);
    if (out)
        snprintf(out, size, "%s%s", path, tail);
    return out;
}

char *place_beside(const struct place *p, const char *name)
{
    return join(p->folder, name);
}

enum nt_status place_make_folder(const struct place *p, struct buf *error)
{
    struct stat st;
    if (p->memory)
        return NT_OK;
    if (stat(p->folder, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return NT_OK;
        place_say(error, "store: %s is not a folder", p->folder);
        return NT_EINVAL;
    }
    if (errno == ENOENT && mkdir(p->folder, 0770) == 0) {
        /* Only root can give it to the group that shares the store; anybody else shares it with his own. */
        if (geteuid() == 0) {
            const struct group *group = getgrnam("notify_twilio");
            if (group && chown(p->folder, (uid_t)-1, group->gr_gid) != 0)
                place_say(error, "store: %s: cannot be given to group notify_twilio: %s; ", p->folder, strerror(errno));
        }
        if (chmod(p->folder, FOLDER_MODE) == 0)
            return NT_OK;
    } else if (errno == EEXIST) {
        return NT_OK; /* somebody was quicker */
    }
    enum nt_status status = place_errno(errno);
    place_say(error, "store: folder %s: %s", p->folder, strerror(errno));
    return status;
}

/* Gives a file that was just made its mode and owner. */
static enum nt_status adorn(const struct place *p, int fd)
{
    struct stat st, folder;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return NT_EINVAL;
    uid_t me = geteuid();
    if (me == 0 && st.st_uid == 0 && stat(p->folder, &folder) == 0 &&
        (folder.st_uid != st.st_uid || folder.st_gid != st.st_gid) && fchown(fd, folder.st_uid, folder.st_gid) != 0)
        return place_errno(errno);
    if ((st.st_mode & 07777) != FILE_MODE && (me == 0 || me == st.st_uid) && fchmod(fd, FILE_MODE) != 0)
        return place_errno(errno);
    return NT_OK;
}

enum nt_status place_open(const struct place *p, const char *path, int *fd)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
    if (*fd < 0)
        return place_errno(errno);
    enum nt_status status = adorn(p, *fd);
    if (status) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

enum nt_status place_make_file(const struct place *p, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd >= 0) {
        enum nt_status status = adorn(p, fd);
        close(fd);
        return status;
    }
    if (errno != EEXIST)
        return place_errno(errno);
    /* Killed between open and fchmod, once: the umask's mode would keep the others out for good. */
    struct stat st;
    if (stat(path, &st) != 0)
        return place_errno(errno);
    if (!S_ISREG(st.st_mode))
        return NT_EINVAL;
    if ((st.st_mode & 0777) != FILE_MODE && (geteuid() == 0 || geteuid() == st.st_uid) && chmod(path, FILE_MODE) != 0)
        return place_errno(errno);
    return NT_OK;
}

enum nt_status place_sync(const struct place *p)
{
    int fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return place_errno(errno);
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? NT_OK : NT_EIO;
}

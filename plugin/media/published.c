/*
 * published: what lies on a server and is to be deleted one day.
 *
 * Members of the folder's group write and read here, as with the store. There is no fsync: a machine that loses its
 * power in these seconds may forget one picture, and page on time instead.
 *
 * DIAGNOSTICS: a note that cannot be written is a warning in the log: the picture stays until somebody deletes it.
 */
#include "media/published.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LONGEST = 4096, FOLDER_MODE = 02770, FILE_MODE = 0660 };

enum nt_status published_folder(const char *state_dir, struct buf *out)
{
    return *state_dir ? buf_addf(out, "%s/published", state_dir) : NT_ENOENT;
}

/* The folder's descriptor, −1 with errno. A new one gets the mode whatever the umask. */
static int open_folder(const char *state_dir, bool make)
{
    struct buf path;
    buf_init(&path, PATH_LONGEST);
    int fd = -1;
    enum nt_status status = published_folder(state_dir, &path);
    if (!status) {
        bool made = make && mkdir(buf_text(&path), FOLDER_MODE) == 0;
        fd = open(buf_text(&path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && made)
            (void)fchmod(fd, FOLDER_MODE);
    } else {
        errno = status == NT_ENOMEM ? ENOMEM : ENAMETOOLONG;
    }
    buf_clean(&path);
    return fd;
}

void published_note(const char *state_dir, const char *name, const char *address)
{
    if (!*state_dir)
        return;
    int error = 0, fd = -1, folder = open_folder(state_dir, true);
    if (folder >= 0)
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        error = errno;
    } else {
        size_t len = strlen(address);
        ssize_t written = write(fd, address, len);
        if (written < 0)
            error = errno;
        else if ((size_t)written < len)
            error = ENOSPC;
        if (!error)
            (void)fchmod(fd, FILE_MODE);
        close(fd);
        if (error)
            unlinkat(folder, name, 0);
    }
    if (folder >= 0)
        close(folder);
    if (error)
        log_warning("%s will not be deleted: %s/published: %s", name, state_dir, strerror(error));
}

void published_forget(const char *state_dir, const char *name)
{
    int folder = open_folder(state_dir, false);
    if (folder < 0)
        return;
    if (unlinkat(folder, name, 0) && errno != ENOENT)
        log_warning("%s/published/%s cannot be removed: %s", state_dir, name, strerror(errno));
    close(folder);
}

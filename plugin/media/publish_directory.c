/*
 * publish_directory: a picture becomes a file in a folder that a web server serves.
 *
 * Written under a name that begins with a dot, readable for nobody else, and renamed when it is whole, so that no
 * server ever hands out half of it; readable for all then, whatever the umask. The folder's other files are never
 * touched, links are never followed: the name is new, and a name that is there already would be refused.
 *
 * There is no fsync: after a power failure nobody asks for the picture any more.
 *
 * DIAGNOSTICS: words with the system's reason; what was half written is gone.
 */
#include "media/publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY = 32 * 1024, TEMPORARY = PUBLISH_NAME + 8 };

/* 0 or an errno. */
static int copy(const struct picture *picture, int fd)
{
    unsigned char block[COPY];
    for (size_t offset = 0;;) {
        ssize_t n = picture_read(picture, offset, block, sizeof block);
        if (n <= 0)
            return n ? errno : 0;
        offset += (size_t)n;
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(fd, block + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR)
                return errno;
            if (written > 0)
                done += written;
        }
    }
}

/* 0 or an errno. */
static int write_file(int folder, const char *name, const struct picture *picture)
{
    char temporary[TEMPORARY];
    snprintf(temporary, sizeof temporary, PUBLISH_HALF "%s", name);
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int error = copy(picture, fd);
    if (!error && fchmod(fd, 0644))
        error = errno;
    /* Some file systems tell here that there was no room. */
    if (close(fd) && !error)
        error = errno;
    if (!error && renameat(folder, temporary, folder, name))
        error = errno;
    if (error)
        unlinkat(folder, temporary, 0);
    return error;
}

static enum nt_status start(struct publication *p)
{
    const char *path = p->config->directory;
    struct buf link;
    buf_init(&link, PUBLISH_LINK_MAX);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = folder < 0 ? errno : write_file(folder, p->name, p->picture);
    enum nt_status status = NT_OK;
    if (folder >= 0)
        close(folder);
    if (error) {
        publication_fail(p, "%s cannot be written: %s", path, strerror(error));
        status = nt_status_errno(error);
    } else {
        status = publish_address(p->config->public_url, p->name, &link);
    }
    if (!status)
        publication_end(p, buf_text(&link), NULL);
    buf_clean(&link);
    return status;
}

static size_t link_len(const struct config_publish *config)
{
    return strlen(config->public_url) + PUBLISH_RANDOM + strlen("/.png");
}

const struct publisher_ops publish_directory = {
    .name = "directory",
    .size = sizeof(struct publication),
    .start = start,
    .link_len = link_len,
};

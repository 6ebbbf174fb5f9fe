/* socket_fixture: a temporary folder with the path of a socket in it, and bare sockets to stand at either end. */
#ifndef NT_TESTS_SOCKET_FIXTURE_H
#define NT_TESTS_SOCKET_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct place {
    char folder[32], path[64];
};

static inline int place_make(struct place *p)
{
    strcpy(p->folder, "/tmp/nt-socket-XXXXXX");
    if (!mkdtemp(p->folder) || chmod(p->folder, 0755))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/socket", p->folder);
    return 0;
}

/* 0 when nothing but the socket was left behind. */
static inline int place_remove(struct place *p)
{
    unlink(p->path);
    return rmdir(p->folder);
}

static inline struct sockaddr_un place_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    return address;
}

static inline int bare_listen(const char *path, int type, int backlog)
{
    struct sockaddr_un address = place_address(path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, backlog))
        return -1;
    return fd;
}

static inline int bare_connect(const char *path)
{
    struct sockaddr_un address = place_address(path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline int open_descriptors(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

#endif

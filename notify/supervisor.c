/* supervisor: one datagram a state, as sd_notify(3) documents the protocol. */
#include "notify/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED = 3 };

void supervisor_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (*path == '@') /* an abstract name */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
        fprintf(stderr, "notify_twilio: NOTIFY_SOCKET: %s\n", strerror(errno));
    close(fd);
}

int64_t supervisor_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && atol(pid) != getpid()))
        return 0;
    long long v = atoll(usec);
    return v > 0 ? v / 2000 : 0;
}

int supervisor_socket(void)
{
    const char *n = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    if (!n || atoi(n) < 1 || !pid || atol(pid) != getpid())
        return -1;
    (void)fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
    return FIRST_PASSED;
}

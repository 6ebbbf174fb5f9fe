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

/* 0: no number, or none above 0. */
static long long number_in(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    errno = 0;
    long long v = text ? strtoll(text, &end, 10) : 0;
    return v > 0 && !errno && !*end ? v : 0;
}

int64_t supervisor_watchdog(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    if (pid && number_in("WATCHDOG_PID") != getpid())
        return 0;
    return number_in("WATCHDOG_USEC") / 2000;
}

int supervisor_socket(void)
{
    if (number_in("LISTEN_FDS") < 1 || number_in("LISTEN_PID") != getpid())
        return -1;
    (void)fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
    return FIRST_PASSED;
}

/*
 * server: many clients on one SOCK_SEQPACKET socket, behind one epoll descriptor.
 *
 * The server owns its clients. A client whose connection is gone lives on, without
 * a descriptor, until its last request is answered, so that the caller may keep
 * the pointer. They stand in a list, the one longest unheard of first.
 *
 * Nobody can harm the others: a client is read one packet a turn (level-triggered
 * epoll takes turns), has at most PENDING_MAX requests open before it is no longer
 * read, and loses its connection when it does not take its answers. When there are
 * too many, the longest unheard one that has nothing open makes room; when all are
 * at work, newcomers wait in the backlog.
 *
 * DIAGNOSTICS
 * handover_listen: NT_EBUSY somebody listens there, NT_EEXIST something that is no
 * socket is there, NT_EINVAL a descriptor of the wrong kind, NT_EACCES, NT_ENOENT,
 * NT_ETOOBIG a path longer than a socket's may be, NT_EIO; logged by the caller,
 * errno tells more. handover_receive: NT_EIO when epoll itself fails.
 */
#include "handover/server.h"

#include "base/mem.h"
#include "handover/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Below the usual 1,024 descriptors of a process, with room for connections to Twilio. */
enum { CLIENTS_MAX = 768, PENDING_MAX = 64, ACCEPTS_A_TURN = 64 };

struct handover_client {
    struct handover_client *before, *after;
    int fd;      /* −1: gone, only its open requests keep it */
    int pending; /* requests not answered yet */
    bool paused; /* not in the epoll set */
};

struct handover_server {
    int fd, epoll;
    int spare; /* a descriptor kept for the moment when there are no more */
    bool deaf; /* the listening socket is not in the epoll set */
    bool made; /* the socket file is of our making: path, device and inode tell it */
    struct sockaddr_un address;
    dev_t device;
    ino_t inode;
    struct handover_client *first, *last;
    int clients;
    char packet[FRAME_MAX];
};

static bool watch(const struct handover_server *s, int fd, struct handover_client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    return !epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void unwatch(const struct handover_server *s, int fd)
{
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void hear_again(struct handover_server *s)
{
    if (s->deaf && watch(s, s->fd, NULL))
        s->deaf = false;
}

static void unlink_client(struct handover_server *s, struct handover_client *c)
{
    *(c->before ? &c->before->after : &s->first) = c->after;
    *(c->after ? &c->after->before : &s->last) = c->before;
}

static void append_client(struct handover_server *s, struct handover_client *c)
{
    c->before = s->last;
    c->after = NULL;
    *(s->last ? &s->last->after : &s->first) = c;
    s->last = c;
}

/* The connection ends; the client too, unless requests of it are open. */
static void hang_up(struct handover_server *s, struct handover_client *c)
{
    if (c->fd >= 0) {
        /* Not left to close(): a child between fork and exec may still hold the descriptor. */
        if (!c->paused)
            unwatch(s, c->fd);
        close(c->fd);
        c->fd = -1;
        s->clients--;
        hear_again(s);
    }
    if (!c->pending) {
        unlink_client(s, c);
        mem_free(c);
    }
}

static bool is_idle(const struct handover_client *c)
{
    char byte;
    return c->fd >= 0 && !c->pending && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool make_room(struct handover_server *s)
{
    for (struct handover_client *c = s->first; c; c = c->after)
        if (is_idle(c)) {
            hang_up(s, c);
            return true;
        }
    return false;
}

/* Out of descriptors: whoever is first in the backlog is let in and shown out, so that they need not wait for their
 * time to pass, and the listening socket does not stay readable for ever. */
static void turn_away(struct handover_server *s)
{
    if (s->spare >= 0)
        close(s->spare);
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_clients(struct handover_server *s)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (s->clients >= CLIENTS_MAX && !make_room(s)) {
            /* All at work: newcomers wait in the backlog until one is answered. */
            unwatch(s, s->fd);
            s->deaf = true;
            return;
        }
        int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno != EMFILE && errno != ENFILE)
                return;
            if (!make_room(s))
                turn_away(s);
            continue;
        }
        struct handover_client *c = mem_zalloc(sizeof *c);
        if (!c || !watch(s, fd, c)) {
            mem_free(c);
            close(fd);
            return;
        }
        c->fd = fd;
        append_client(s, c);
        s->clients++;
    }
}

static void reply(struct handover_server *s, struct handover_client *c, const char *json, size_t len)
{
    ssize_t n = send(c->fd, json, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EMSGSIZE && len < INT32_MAX / 2) {
        /* As the client does: the usual default suffices for most answers, but not for a hundred long pages. */
        int size = (int)len + 4096;
        setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        n = send(c->fd, json, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (n < 0)
        hang_up(s, c);
}

/* True when a request was handed on. */
static bool read_client(struct handover_server *s, struct handover_client *c, handover_request *request, void *arg)
{
    static const char too_big[] = "{\"ok\":false,\"error\":\"the request is over 192 KB\"}";
    ssize_t n = recv(c->fd, s->packet, sizeof s->packet, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        hang_up(s, c);
        return false;
    }
    unlink_client(s, c);
    append_client(s, c);
    if ((size_t)n > sizeof s->packet) {
        reply(s, c, too_big, sizeof too_big - 1);
        return false;
    }
    c->pending++;
    if (c->pending == PENDING_MAX) {
        unwatch(s, c->fd);
        c->paused = true;
    }
    request(arg, c, s->packet, (size_t)n);
    return true;
}

enum nt_status handover_receive(struct handover_server *s, int max, handover_request *request, void *arg)
{
    /* Turns that bring no request (connections, ends, oversized packets) are bounded as well. */
    for (int requests = 0, turns = 0; requests < max && turns < 2 * max + CLIENTS_MAX; turns++) {
        /* One event a call: a callback may answer, and thereby free, any client. */
        struct epoll_event event;
        int n = epoll_wait(s->epoll, &event, 1, 0);
        if (n < 0 && errno != EINTR)
            return NT_EIO;
        if (!n)
            break;
        if (n < 0)
            continue;
        if (!event.data.ptr)
            accept_clients(s);
        else if (read_client(s, event.data.ptr, request, arg))
            requests++;
    }
    return NT_OK;
}

void handover_answer(struct handover_server *s, struct handover_client *client, const char *json, size_t len)
{
    client->pending--;
    if (client->fd < 0) {
        hang_up(s, client);
        return;
    }
    hear_again(s);
    if (client->paused && watch(s, client->fd, client))
        client->paused = false;
    if (client->paused) {
        hang_up(s, client); /* no memory in the kernel to hear of it again */
        return;
    }
    reply(s, client, json, len);
}

int handover_fd(const struct handover_server *s)
{
    return s->epoll;
}

/* Whether a socket file that is in the way has nobody behind it. */
static enum nt_status check_dead(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st))
        return errno == ENOENT ? NT_OK : nt_status_errno(errno);
    if (!S_ISSOCK(st.st_mode))
        return NT_EEXIST;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return nt_status_errno(errno);
    int error = connect(fd, (const struct sockaddr *)address, sizeof *address) ? errno : 0;
    close(fd);
    errno = error;
    switch (error) {
    case ECONNREFUSED:
    case ENOENT:
        return NT_OK;
    case 0:
    case EAGAIN:     /* its backlog is full */
    case EPROTOTYPE: /* another kind of socket, but somebody's */
        return NT_EBUSY;
    default:
        return nt_status_errno(error);
    }
}

static enum nt_status bind_path(struct handover_server *s, const char *path)
{
    size_t len = strlen(path);
    if (!len)
        return NT_EINVAL;
    if (len >= sizeof s->address.sun_path)
        return NT_ETOOBIG;
    s->address.sun_family = AF_UNIX;
    memcpy(s->address.sun_path, path, len);
    s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return nt_status_errno(errno);
    /* The file gets the descriptor's mode less the umask: at no moment is it open to others. */
    if (fchmod(s->fd, 0660))
        return nt_status_errno(errno);
    const struct sockaddr *address = (const struct sockaddr *)&s->address;
    if (bind(s->fd, address, sizeof s->address)) {
        if (errno != EADDRINUSE)
            return nt_status_errno(errno);
        /* Who comes here holds the store's lock, so no second drainer does the same at this moment. */
        enum nt_status status = check_dead(&s->address);
        if (status)
            return status;
        if (unlink(path) && errno != ENOENT)
            return nt_status_errno(errno);
        if (bind(s->fd, address, sizeof s->address))
            return nt_status_errno(errno);
    }
    struct stat st;
    if (lstat(path, &st))
        return nt_status_errno(errno);
    s->made = true;
    s->device = st.st_dev;
    s->inode = st.st_ino;
    if ((st.st_mode & 0777) != 0660 && chmod(path, 0660))
        return nt_status_errno(errno);
    return listen(s->fd, SOMAXCONN) ? nt_status_errno(errno) : NT_OK;
}

/* Takes a listening descriptor over only when it is what it should be. */
static enum nt_status adopt(struct handover_server *s, int fd)
{
    int type = 0, listening = 0, flags = fcntl(fd, F_GETFL);
    socklen_t type_size = sizeof type, listening_size = sizeof listening;
    if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) || type != SOCK_SEQPACKET ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_size) || !listening)
        return NT_EINVAL;
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        return nt_status_errno(errno);
    s->fd = fd;
    return NT_OK;
}

enum nt_status handover_listen(const char *path, int fd, struct handover_server **out)
{
    struct handover_server *s = mem_zalloc(sizeof *s);
    if (!s)
        return NT_ENOMEM;
    s->fd = s->epoll = s->spare = -1;
    enum nt_status status = fd >= 0 ? adopt(s, fd) : bind_path(s, path);
    if (status)
        goto done;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0 || !watch(s, s->fd, NULL)) {
        status = nt_status_errno(errno);
        goto done;
    }
    s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC); /* without it a crowd is only less well treated */
    *out = s;
    s = NULL;
done:
    handover_server_free(s);
    return status;
}

void handover_server_free(struct handover_server *s)
{
    if (!s)
        return;
    int error = errno;
    struct stat st;
    /* The file first: who comes now finds nobody, rather than somebody who will not answer. */
    if (s->made && !lstat(s->address.sun_path, &st) && st.st_dev == s->device && st.st_ino == s->inode)
        unlink(s->address.sun_path);
    for (struct handover_client *c = s->first, *after; c; c = after) {
        after = c->after;
        if (c->fd >= 0)
            close(c->fd);
        mem_free(c);
    }
    if (s->fd >= 0)
        close(s->fd);
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->spare >= 0)
        close(s->spare);
    mem_free(s);
    errno = error;
}

/* server: see server.h. Plain blocking sockets; whatever fails here is a broken test, so it aborts. */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 1 << 20, CONNECTIONS = 256 };

struct server {
    int fd, port, stop; /* stop: an eventfd that stays readable once the server is to end */
    pthread_t acceptor, worker[CONNECTIONS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const struct server_step *steps;
    size_t n;
    bool refuse;
    int requests, connections, closed;
    char *last;
};

struct connection {
    struct server *server;
    int fd;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

static void say(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static void says(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

/* False when the server is to stop. */
static bool readable(const struct server *s, int fd)
{
    struct pollfd set[] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop, .events = POLLIN}};
    poll(set, 2, -1);
    return !set[1].revents;
}

/* Bytes of the request at the start of text; 0 while it is incomplete. */
static size_t whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    if (!end)
        return 0;
    size_t head = (size_t)(end - text) + 4, body = 0;
    const char *length = strcasestr(text, "\r\nContent-Length:");
    if (length && length < end)
        body = (size_t)strtoul(length + 17, NULL, 10);
    return strlen(text) >= head + body ? head + body : 0;
}

static void reset(int fd)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static const char created[] = "HTTP/1.1 201 Created\r\nTwilio-Request-Id: RQ1\r\nContent-Type: application/json\r\n"
                              "Content-Length: 40\r\n\r\n{\"sid\":\"SM0123456789\",\"status\":\"queued\"}";

/* True when the connection goes on. */
static bool act(struct server *s, int fd, const struct server_step *step)
{
    switch (step->act) {
    case ACT_ANSWER:
        say(fd, created, sizeof created - 1);
        return true;
    case ACT_TEXT:
        says(fd, step->text);
        return true;
    case ACT_ANSWER_CLOSE:
        says(fd, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}");
        return false;
    case ACT_CLOSE:
        return false;
    case ACT_RESET:
        reset(fd);
        return false;
    case ACT_HALF:
        says(fd, "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"sid\":\"SM0123");
        return false;
    case ACT_STALL: {
        struct pollfd set = {.fd = s->stop, .events = POLLIN};
        poll(&set, 1, -1);
        return false;
    }
    case ACT_HUGE: {
        char block[4096];
        memset(block, 'x', sizeof block);
        says(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n");
        for (int i = 0; i < 768; i++)
            say(fd, block, sizeof block);
        return false;
    }
    case ACT_SLOW:
        for (size_t i = 0; i < sizeof created - 1; i++)
            say(fd, created + i, 1);
        return true;
    case ACT_INTERIM:
        says(fd, "HTTP/1.1 100 Continue\r\nRetry-After: 7\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        says(fd, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}");
        return true;
    }
    return false;
}

static void *converse(void *arg)
{
    struct connection *c = arg;
    struct server *s = c->server;
    char *text = calloc(1, REQUEST_MAX);
    must(text, "calloc");
    size_t len = 0;
    bool on = true;
    while (on && readable(s, c->fd)) {
        ssize_t n = recv(c->fd, text + len, REQUEST_MAX - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
        text[len] = '\0';
        size_t used;
        while (on && (used = whole(text))) {
            pthread_mutex_lock(&s->lock);
            size_t i = (size_t)s->requests++;
            free(s->last);
            s->last = strndup(text, used);
            pthread_mutex_unlock(&s->lock);
            memmove(text, text + used, len - used + 1);
            len -= used;
            on = act(s, c->fd, &s->steps[i < s->n ? i : s->n - 1]);
        }
    }
    close(c->fd);
    pthread_mutex_lock(&s->lock);
    s->closed++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    free(text);
    free(c);
    return NULL;
}

static void *take_in(void *arg)
{
    struct server *s = arg;
    while (readable(s, s->fd)) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            continue;
        if (s->refuse) {
            reset(fd);
            close(fd);
            continue;
        }
        pthread_mutex_lock(&s->lock);
        int i = s->connections++;
        pthread_mutex_unlock(&s->lock);
        must(i < CONNECTIONS, "too many connections");
        struct connection *c = malloc(sizeof *c);
        must(c, "malloc");
        *c = (struct connection){s, fd};
        must(pthread_create(&s->worker[i], NULL, converse, c) == 0, "pthread_create");
    }
    return NULL;
}

struct server *server_start(const struct server_step *steps, size_t n, bool refuse)
{
    struct server *s = calloc(1, sizeof *s);
    must(s, "calloc");
    s->steps = steps;
    s->n = n;
    s->refuse = refuse;
    s->stop = eventfd(0, EFD_CLOEXEC);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    must(bind(s->fd, (struct sockaddr *)&address, len) == 0, "bind");
    must(listen(s->fd, CONNECTIONS) == 0, "listen");
    must(getsockname(s->fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    s->port = ntohs(address.sin_port);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    must(pthread_create(&s->acceptor, NULL, take_in, s) == 0, "pthread_create");
    return s;
}

void server_stop(struct server *s)
{
    ssize_t n = write(s->stop, &(unsigned long long){1}, 8);
    must(n == 8, "eventfd");
    pthread_join(s->acceptor, NULL);
    for (int i = 0; i < s->connections; i++)
        pthread_join(s->worker[i], NULL);
    close(s->fd);
    close(s->stop);
    free(s->last);
    free(s);
}

int server_port(const struct server *s)
{
    return s->port;
}

static int locked(struct server *s, const int *counter)
{
    pthread_mutex_lock(&s->lock);
    int value = *counter;
    pthread_mutex_unlock(&s->lock);
    return value;
}

int server_requests(struct server *s)
{
    return locked(s, &s->requests);
}

int server_connections(struct server *s)
{
    return locked(s, &s->connections);
}

void server_wait_closed(struct server *s, int n)
{
    pthread_mutex_lock(&s->lock);
    while (s->closed < n)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

const char *server_last(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    const char *last = s->last ? s->last : "";
    pthread_mutex_unlock(&s->lock);
    return last;
}

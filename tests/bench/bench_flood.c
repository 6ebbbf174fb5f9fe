/*
 * bench_flood: a monitor in a storm. Hands alerts over to a drainer's socket, a fixed number of them unanswered at any
 * moment, as so many monitor processes would.
 *
 *     bench_flood SOCKET ALERTS OUTSTANDING [-n NUMBERS] [-o FIRST] [-s STATE] [-q QUIET] [-e MS]
 *
 * The alerts are about hosts of their own (web000001 …, from FIRST on), for NUMBERS numbers in turn (+15005600000 …,
 * 200), in STATE (CRITICAL). QUIET further alerts, each urgent and for a number that gets nothing else (+15005700000
 * …), are spread among them, MS (0) ms apart at least, on a connection of their own. Prints
 *
 *     accepted=N refused=N seconds=S rate=N p50=MS p99=MS max=MS (of the answers)
 *     quiet NUMBER EPOCH_MS ANSWERED_MS         for each quiet one: when it was handed over, how soon it was answered
 *
 * DIAGNOSTICS: 1 when the drainer goes away.
 */
#include "handover/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 256 * 1024, OUTSTANDING_MAX = 512, EVENTS = 64, NUMBER_SIZE = 40 };

struct link {
    int fd;
    double asked; /* ms; 0: idle */
};

static void die(const char *what)
{
    fprintf(stderr, "bench_flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        die(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        die(path);
    return fd;
}

static void put_uuid(struct frame *f)
{
    static uint64_t seed;
    unsigned long long a, b;
    char uuid[40];
    if (!seed)
        seed = (uint64_t)(clock_ms(CLOCK_REALTIME) * 1e3) ^ (uint64_t)getpid() << 44;
    a = seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    b = seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    snprintf(uuid, sizeof uuid, "%08llx-%04llx-4%03llx-8%03llx-%012llx", a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 52,
             b & 0xffffffffffff);
    frame_put(f, "request", uuid);
}

/* A Nagios service notification, with the macros our packaged command passes. */
static void ask(struct link *l, const char *number, long host, const char *state)
{
    static char memory[FRAME_MAX];
    struct frame f;
    char text[64];
    double wall = clock_ms(CLOCK_REALTIME);
    frame_init(&f, memory);
    frame_put(&f, "notify_twilio", "1");
    put_uuid(&f);
    snprintf(text, sizeof text, "%.0f", wall + 10000);
    frame_put(&f, "deadline", text);
    frame_put(&f, "source", "nagios");
    frame_put(&f, "to", number);
    frame_put(&f, "NOTIFICATIONTYPE", "PROBLEM");
    snprintf(text, sizeof text, "web%06ld", host);
    frame_put(&f, "HOSTNAME", text);
    frame_put(&f, "HOSTALIAS", "a web server");
    frame_put(&f, "HOSTADDRESS", "192.0.2.17");
    frame_put(&f, "HOSTSTATE", "UP");
    frame_put(&f, "SERVICEDESC", "HTTP");
    frame_put(&f, "SERVICESTATE", state);
    frame_put(&f, "SERVICEOUTPUT",
              "HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 312 bytes in 0.004 second response time");
    frame_put(&f, "NOTIFICATIONNUMBER", "1");
    snprintf(text, sizeof text, "%.0f", wall / 1e3);
    frame_put(&f, "TIMET", text);
    l->asked = clock_ms(CLOCK_MONOTONIC);
    if (send(l->fd, f.data, f.len, MSG_NOSIGNAL) != (ssize_t)f.len)
        die("send");
}

static bool accepted(struct link *l)
{
    static char answer[ANSWER_SIZE];
    ssize_t n = recv(l->fd, answer, sizeof answer - 1, 0);
    if (n <= 0)
        die("the drainer's answer");
    answer[n] = '\0';
    return strstr(answer, "\"ok\":true") != NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct flood {
    const char *socket, *state;
    long alerts, numbers, first, quiet;
    int outstanding;
    double every;
};

struct progress {
    long sent, answered, refused, quiet_sent, quiet_answered;
    double *took, quiet_wall, quiet_last;
};

static void next_alert(const struct flood *o, struct link *l, struct progress *p)
{
    char number[NUMBER_SIZE];
    snprintf(number, sizeof number, "+150056%05ld", p->sent % o->numbers);
    ask(l, number, o->first + p->sent++, o->state);
}

static void quiet_number(const struct flood *o, long i, char out[NUMBER_SIZE])
{
    snprintf(out, NUMBER_SIZE, "+150057%05ld", (o->first + i) % 100000);
}

/* One more quiet one when its share of the storm has gone by. */
static void next_quiet(const struct flood *o, struct link *l, struct progress *p)
{
    double now = clock_ms(CLOCK_MONOTONIC);
    char number[NUMBER_SIZE];
    if (l->asked > 0 || p->quiet_sent == o->quiet || now < p->quiet_last + o->every ||
        p->answered * (o->quiet + 1) < (p->quiet_sent + 1) * o->alerts)
        return;
    quiet_number(o, p->quiet_sent, number);
    p->quiet_last = now;
    p->quiet_wall = clock_ms(CLOCK_REALTIME);
    ask(l, number, o->first + o->alerts + p->quiet_sent++, "CRITICAL");
}

static void quiet_answer(const struct flood *o, struct link *l, struct progress *p)
{
    char number[NUMBER_SIZE];
    if (!accepted(l))
        p->refused++;
    quiet_number(o, p->quiet_answered++, number);
    printf("quiet %s %.3f %.3f\n", number, p->quiet_wall, clock_ms(CLOCK_MONOTONIC) - l->asked);
    l->asked = 0;
}

static void flood(const struct flood *o, struct link *link, struct progress *p)
{
    struct link *quiet = &link[o->outstanding];
    struct epoll_event event[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i <= o->outstanding; i++) {
        event[0] = (struct epoll_event){.events = EPOLLIN, .data.ptr = &link[i]};
        link[i].fd = connect_to(o->socket);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, link[i].fd, event) != 0)
            die("epoll");
    }
    double from = clock_ms(CLOCK_MONOTONIC);
    for (int i = 0; i < o->outstanding && p->sent < o->alerts; i++)
        next_alert(o, &link[i], p);
    while (p->answered < o->alerts || p->quiet_answered < o->quiet) {
        int n = epoll_wait(epoll, event, EVENTS, p->answered < o->alerts ? -1 : 1);
        if (n < 0 && errno != EINTR)
            die("epoll");
        for (int i = 0; i < n; i++) {
            struct link *l = event[i].data.ptr;
            if (l == quiet) {
                quiet_answer(o, l, p);
                continue;
            }
            p->refused += !accepted(l);
            p->took[p->answered++] = clock_ms(CLOCK_MONOTONIC) - l->asked;
            if (p->sent < o->alerts)
                next_alert(o, l, p);
        }
        next_quiet(o, quiet, p);
    }
    double seconds = (clock_ms(CLOCK_MONOTONIC) - from) / 1e3;
    qsort(p->took, (size_t)o->alerts, sizeof *p->took, by_size);
    printf("accepted=%ld refused=%ld seconds=%.3f rate=%.0f p50=%.3f p99=%.3f max=%.3f\n",
           p->answered + p->quiet_answered - p->refused, p->refused, seconds, (double)o->alerts / seconds,
           p->took[o->alerts / 2], p->took[o->alerts * 99 / 100], p->took[o->alerts - 1]);
    for (int i = 0; i <= o->outstanding; i++)
        close(link[i].fd);
    close(epoll);
}

int main(int argc, char **argv)
{
    struct flood o = {.numbers = 200, .first = 1, .state = "CRITICAL"};
    struct progress p = {0};
    bool good = true;
    for (int c; (c = getopt(argc, argv, "n:o:s:q:e:")) != -1;) {
        if (c == 'n')
            o.numbers = atol(optarg);
        else if (c == 'o')
            o.first = atol(optarg);
        else if (c == 's')
            o.state = optarg;
        else if (c == 'q')
            o.quiet = atol(optarg);
        else if (c == 'e')
            o.every = atof(optarg);
        else
            good = false;
    }
    if (good && argc - optind == 3) {
        o.socket = argv[optind];
        o.alerts = atol(argv[optind + 1]);
        o.outstanding = atoi(argv[optind + 2]);
    }
    if (o.alerts < 1 || o.outstanding < 1 || o.outstanding > OUTSTANDING_MAX || o.numbers < 1 || o.quiet < 0) {
        fprintf(stderr, "usage: bench_flood SOCKET ALERTS OUTSTANDING [-n NUMBERS] [-o FIRST] [-s STATE] [-q QUIET] "
                        "[-e MS]\n");
        return 64;
    }
    struct link *link = calloc((size_t)o.outstanding + 1, sizeof *link);
    p.took = calloc((size_t)o.alerts, sizeof *p.took);
    if (!link || !p.took)
        die("memory");
    flood(&o, link, &p);
    free(link);
    free(p.took);
    return 0;
}

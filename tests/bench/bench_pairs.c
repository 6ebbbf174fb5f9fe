/*
 * bench_pairs: what starting commands costs, ours and a peer's taking turns.
 *
 *     bench_pairs ROUNDS PREPARE -- COMMAND… [-- COMMAND…]
 *
 * Each round runs PREPARE (shell text, "" = nothing; untimed), then every command once, one after the other, so that
 * whatever else the machine does meets all of them alike. A command is timed from posix_spawn to the wait for it; its
 * standard output goes to /dev/null. A process that it leaves behind is asked to end and waited for, untimed, before
 * the next one starts. One line a command:
 *
 *     INDEX min=MS median=MS p99=MS cpu=MS (median, user and system) rss=KB (the most) faults=N (median)
 *
 * DIAGNOSTICS: a command that does not exit with 0 ends it all with 1, and is named.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 8, ROUNDS_MAX = 10000, WARM_UP = 3 };

struct command {
    char **argv;
    double *wall, *cpu, *faults;
    long rss;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_pairs: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(const struct timeval *t)
{
    return (double)t->tv_sec * 1e3 + (double)t->tv_usec / 1e3;
}

/* Whoever lost his parent is ours now (we are the subreaper): ask, then wait. */
static void end_orphans(void)
{
    char path[64], line[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(path);
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = '\0';
    for (char *at = line, *end; *at; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        kill((pid_t)pid, SIGTERM);
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}

static void prepare(const char *text)
{
    if (*text && system(text) != 0) /* the shell text is the caller's own */
        die(text);
}

static void run(struct command *c, int round, const posix_spawn_file_actions_t *actions)
{
    extern char **environ;
    struct rusage use;
    int status;
    pid_t pid;
    double from = now_ms();
    errno = posix_spawnp(&pid, c->argv[0], actions, NULL, c->argv, environ);
    if (errno)
        die(c->argv[0]);
    while (wait4(pid, &status, 0, &use) < 0)
        if (errno != EINTR)
            die("wait4");
    double took = now_ms() - from;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_pairs: %s: ended with %d\n", c->argv[0],
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        exit(1);
    }
    end_orphans();
    if (round < 0)
        return;
    c->wall[round] = took;
    c->cpu[round] = ms_of(&use.ru_utime) + ms_of(&use.ru_stime);
    c->faults[round] = (double)use.ru_minflt;
    if (use.ru_maxrss > c->rss)
        c->rss = use.ru_maxrss;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct command command[COMMANDS_MAX] = {0};
    posix_spawn_file_actions_t actions;
    int commands = 0, rounds = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 3; i < argc; i++)
        if (!strcmp(argv[i], "--")) {
            argv[i] = NULL;
            if (commands < COMMANDS_MAX && i + 1 < argc)
                command[commands++].argv = argv + i + 1;
        }
    if (rounds < 1 || rounds > ROUNDS_MAX || !commands) {
        fprintf(stderr, "usage: bench_pairs ROUNDS PREPARE -- COMMAND… [-- COMMAND…]\n");
        return 64;
    }
    for (int i = 0; i < commands; i++) {
        struct command *c = &command[i];
        c->wall = calloc((size_t)rounds, sizeof *c->wall);
        c->cpu = calloc((size_t)rounds, sizeof *c->cpu);
        c->faults = calloc((size_t)rounds, sizeof *c->faults);
        if (!c->wall || !c->cpu || !c->faults)
            die("memory");
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        die("prctl");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    for (int round = -WARM_UP; round < rounds; round++) {
        prepare(argv[2]);
        for (int i = 0; i < commands; i++)
            run(&command[i], round, &actions);
    }
    for (int i = 0; i < commands; i++) {
        struct command *c = &command[i];
        size_t n = (size_t)rounds;
        qsort(c->wall, n, sizeof *c->wall, by_size);
        qsort(c->cpu, n, sizeof *c->cpu, by_size);
        qsort(c->faults, n, sizeof *c->faults, by_size);
        printf("%d min=%.3f median=%.3f p99=%.3f cpu=%.3f rss=%ld faults=%.0f\n", i, c->wall[0], c->wall[n / 2],
               c->wall[n * 99 / 100], c->cpu[n / 2], c->rss, c->faults[n / 2]);
        free(c->wall);
        free(c->cpu);
        free(c->faults);
    }
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}

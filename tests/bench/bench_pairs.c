/*
 * bench_pairs: what starting commands costs, ours and a peer's taking turns.
 *
 *     bench_pairs [-u ROUNDS] [-l] [-p PID] ROUNDS PREPARE -- COMMAND… [-- COMMAND…]
 *
 * Each round runs PREPARE (shell text, "" = nothing; untimed), then every command once, one after the other, so that
 * whatever else the machine does meets all of them alike; the first rounds (-u, 3) are not counted. A command is timed
 * from posix_spawn to the wait for it; its standard output goes to /dev/null. "@ROUND@" in an argument becomes a number
 * that no other round has. A process that it leaves behind is asked to end, or with -l left to end when it likes, and
 * waited for, untimed, before the next one starts. One line a command:
 *
 *     INDEX min=MS median=MS p99=MS cpu=MS (median, user and system) rss=KB (the most) faults=N (median)
 *           tree=MS (median of cpu with all processes that it left behind) other=MS (mean of what PID used meanwhile)
 *
 * DIAGNOSTICS: a command that does not exit with 0 ends it all with 1, and is named.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 16, ROUNDS_MAX = 10000, ARGUMENTS_MAX = 256, ARGUMENT_MAX = 4096 };

struct command {
    char **argv;
    double *wall, *cpu, *faults, *tree;
    double other;
    long rss;
};

static bool leave; /* what is left behind may live as long as it likes */
static long other; /* a process that works for the commands; 0: none */

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

/* Processor time of all that has been waited for: every child, grandchild and orphan. */
static double tree_ms(void)
{
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    return ms_of(&use.ru_utime) + ms_of(&use.ru_stime);
}

/* Processor time of the other process so far, all its threads; the kernel counts it in nanoseconds. */
static double other_ms(void)
{
    double sum = 0;
    char path[320], line[128];
    if (!other)
        return 0;
    snprintf(path, sizeof path, "/proc/%ld/task", other);
    DIR *threads = opendir(path);
    if (!threads)
        die(path);
    for (const struct dirent *e; (e = readdir(threads));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", other, e->d_name);
        FILE *f = fopen(path, "re");
        if (!f)
            continue; /* a thread that has just ended */
        if (fgets(line, sizeof line, f))
            sum += strtod(line, NULL) / 1e6;
        fclose(f);
    }
    closedir(threads);
    return sum;
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
        if (!leave)
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

/* argv with the round's number in it; good until the next call. */
static char **numbered(char **argv, int round)
{
    static char text[ARGUMENTS_MAX][ARGUMENT_MAX], *out[ARGUMENTS_MAX + 1];
    static const char mark[] = "@ROUND@";
    int n = 0;
    for (; argv[n]; n++) {
        const char *at = strstr(argv[n], mark);
        out[n] = argv[n];
        if (!at)
            continue;
        if (n == ARGUMENTS_MAX || strlen(argv[n]) + 16 > ARGUMENT_MAX) {
            errno = E2BIG;
            die(argv[n]);
        }
        snprintf(text[n], ARGUMENT_MAX, "%.*s%d%s", (int)(at - argv[n]), argv[n], round, at + sizeof mark - 1);
        out[n] = text[n];
    }
    out[n] = NULL;
    return out;
}

static void run(struct command *c, int round, int number, const posix_spawn_file_actions_t *actions)
{
    extern char **environ;
    struct rusage use;
    int status;
    pid_t pid;
    char **argv = numbered(c->argv, number);
    double tree = tree_ms(), others = other_ms();
    double from = now_ms();
    errno = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);
    if (errno)
        die(argv[0]);
    while (wait4(pid, &status, 0, &use) < 0)
        if (errno != EINTR)
            die("wait4");
    double took = now_ms() - from;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_pairs: %s: ended with %d\n", argv[0],
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        exit(1);
    }
    end_orphans();
    if (round < 0)
        return;
    c->wall[round] = took;
    c->cpu[round] = ms_of(&use.ru_utime) + ms_of(&use.ru_stime);
    c->faults[round] = (double)use.ru_minflt;
    c->tree[round] = tree_ms() - tree;
    c->other += other_ms() - others;
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
    int commands = 0, warm_up = 3, option;
    while ((option = getopt(argc, argv, "+u:lp:")) != -1) {
        if (option == 'u')
            warm_up = atoi(optarg);
        else if (option == 'l')
            leave = true;
        else if (option == 'p')
            other = atol(optarg);
        else
            return 64;
    }
    argv += optind - 1;
    argc -= optind - 1;
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 3; i < argc; i++)
        if (!strcmp(argv[i], "--")) {
            argv[i] = NULL;
            if (commands < COMMANDS_MAX && i + 1 < argc)
                command[commands++].argv = argv + i + 1;
        }
    if (rounds < 1 || rounds > ROUNDS_MAX || !commands) {
        fprintf(stderr, "usage: bench_pairs [-u ROUNDS] [-l] [-p PID] ROUNDS PREPARE -- COMMAND… [-- COMMAND…]\n");
        return 64;
    }
    for (int i = 0; i < commands; i++) {
        struct command *c = &command[i];
        c->wall = calloc((size_t)rounds, sizeof *c->wall);
        c->cpu = calloc((size_t)rounds, sizeof *c->cpu);
        c->faults = calloc((size_t)rounds, sizeof *c->faults);
        c->tree = calloc((size_t)rounds, sizeof *c->tree);
        if (!c->wall || !c->cpu || !c->faults || !c->tree)
            die("memory");
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        die("prctl");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int number = (int)(time(NULL) % 1000000) * 1000; /* another run's rounds are others, too */
    for (int round = -warm_up; round < rounds; round++) {
        prepare(argv[2]);
        for (int i = 0; i < commands; i++)
            run(&command[i], round, ++number, &actions);
    }
    for (int i = 0; i < commands; i++) {
        struct command *c = &command[i];
        size_t n = (size_t)rounds;
        qsort(c->wall, n, sizeof *c->wall, by_size);
        qsort(c->cpu, n, sizeof *c->cpu, by_size);
        qsort(c->faults, n, sizeof *c->faults, by_size);
        qsort(c->tree, n, sizeof *c->tree, by_size);
        printf("%d min=%.3f median=%.3f p99=%.3f cpu=%.3f rss=%ld faults=%.0f tree=%.3f other=%.3f\n", i, c->wall[0],
               c->wall[n / 2], c->wall[n * 99 / 100], c->cpu[n / 2], c->rss, c->faults[n / 2], c->tree[n / 2],
               c->other / rounds);
        free(c->wall);
        free(c->cpu);
        free(c->faults);
        free(c->tree);
    }
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}

/*
 * runner: commands under way, each with what it prints taken in as it comes.
 *
 * One runner is one descriptor (an epoll) for the caller's loop. A command is over when it has ended, whoever else
 * still holds its output; its group is killed then, and at cancel. See base/child.h for what it gets and what it does
 * not.
 */
#ifndef NT_MEDIA_RUNNER_H
#define NT_MEDIA_RUNNER_H

#include "base/status.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RUN_WORDS = 256 };

struct runner;
struct run;

struct run_result {
    bool ok;           /* ended with 0, and `take` wanted all it printed */
    const char *words; /* else why: how it ended, and the last line of its standard error; without control characters */
};

struct run_options {
    const struct strlist *argv; /* copied as far as needed */
    int in;                     /* its standard input: positioned as the child shall find it; −1 = /dev/null */
    /* What it prints, as it comes; false: enough, it is killed. */
    bool (*take)(void *arg, const char *data, size_t len);
    void (*done)(void *arg, const struct run_result *result); /* once, unless cancelled; never from within run_start */
    void *arg;
};

enum nt_status runner_new(struct runner **out) NT_MUST_USE;
/* What still runs is killed, without a call. */
void runner_free(struct runner *r);
/* Readable when runner_turn() has something to do. */
int runner_fd(const struct runner *r);
/* Takes in what has come; never waits. Callbacks run inside; they may start and cancel runs. */
void runner_turn(struct runner *r);
/* ms until it wants a turn without an event; −1 never. (0 and up only where the kernel has no pidfd.) */
int64_t runner_next(const struct runner *r);

/* NT_ENOENT, NT_EACCES, …: the program cannot be started (errno). */
enum nt_status run_start(struct runner *r, const struct run_options *o, struct run **out) NT_MUST_USE;
/* Kills it, group and all. NULL is fine. */
void run_cancel(struct run *run);

#endif

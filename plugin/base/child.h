/*
 * child: programs that are started for us, such as the alarm command.
 *
 * A child has a session (so a process group) of its own, `/` as its folder, no descriptor of ours but the three it is
 * given, and no signal blocked. There is no shell, and no SIGCHLD handler: whoever started a child asks about that one.
 */
#ifndef NT_BASE_CHILD_H
#define NT_BASE_CHILD_H

#include "base/status.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <sys/types.h>

struct child_options {
    const struct strlist *argv; /* [0] is looked for in PATH */
    int in, out, errors;        /* its standard streams; −1 = /dev/null for in and out, ours for err */
    bool clean;                 /* of our environment only PATH, HOME, TZ, LANG and LC_* */
    bool group;                 /* whatever it leaves behind in its group is killed at its end */
};

struct child {
    pid_t pid; /* 0 none */
    int pidfd; /* readable when it has ended; −1 where the kernel has none: ask child_ended() now and then */
    bool group;
};

/* The caller's descriptors stay the caller's. On failure errno says why. */
enum nt_status child_start(const struct child_options *o, struct child *out) NT_MUST_USE;
/* True when it has ended: *status as from waitpid(2), or −1 when nobody can tell, and *c is empty again. */
bool child_ended(struct child *c, int *status);
/* Kills its whole group and collects it. An empty child is fine. */
void child_kill(struct child *c);

#endif

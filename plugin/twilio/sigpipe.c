/*
 * sigpipe: a peer that goes away must not end the process.
 *
 * OpenSSL writes to sockets by write(), so a connection that was reset raises SIGPIPE. libcurl would set the signal's
 * handling of the whole process while it works, unless told to leave signals alone, which a plugin must. So the signal
 * is blocked for this thread alone, and one that has come meanwhile is taken away before it is let in again.
 *
 * DIAGNOSTICS: none.
 */
#include "twilio/sigpipe.h"

#include <time.h>

static void pipe_alone(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

static bool is_pending(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigpending(&set);
    return sigismember(&set, SIGPIPE) == 1;
}

void sigpipe_hold(struct sigpipe *s)
{
    sigset_t set;
    pipe_alone(&set);
    s->pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &set, &s->before);
}

void sigpipe_release(struct sigpipe *s)
{
    sigset_t set;
    pipe_alone(&set);
    if (!s->pending && is_pending())
        (void)sigtimedwait(&set, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

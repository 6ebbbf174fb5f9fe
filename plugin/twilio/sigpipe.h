/* sigpipe: keeps SIGPIPE away while a library writes to sockets. */
#ifndef NT_TWILIO_SIGPIPE_H
#define NT_TWILIO_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
    sigset_t before;
    bool pending; /* one was waiting before: it is not ours to take away */
};

void sigpipe_hold(struct sigpipe *s);
void sigpipe_release(struct sigpipe *s);

#endif

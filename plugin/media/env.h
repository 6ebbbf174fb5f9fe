/* env: what sources and publishers are given to work with. All borrowed, for as long as they are under way. */
#ifndef NT_MEDIA_ENV_H
#define NT_MEDIA_ENV_H

#include "base/clock.h"
#include "media/runner.h"
#include "media/transport.h"

struct media_env {
    struct transport *transport;
    struct runner *runner;
    const struct clock *clock;
    const char *state_dir; /* where what outlives a process is kept, 0600; "" = nowhere */
};

enum { MEDIA_WHY = 320 };

#endif

/* desk: a runtime with a configuration and a store in memory, on a clock that stands still; no engine, no network. */
#ifndef NT_TEST_FLOW_DESK_H
#define NT_TEST_FLOW_DESK_H

#include "flow/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DESK_ALICE "+15005550001"
#define DESK_BOB   "+15005550002"
#define DESK_CAROL "+15005550003"

struct desk {
    struct runtime r;
    struct fake_clock clock;
    char folder[64];
};

/* more: further top-level lines of the configuration, which has the contacts alice (alias al; then DESK_CAROL) and bob
 * (urgent only) and the group oncall of both. 0, or −1. */
int desk_open(struct desk *d, const char *more);
void desk_close(struct desk *d);
void desk_begin(struct desk *d);
void desk_commit(struct desk *d);
/* A problem (a recovery with state OK) of a host, accepted; the id of its page. */
int64_t desk_alert(struct desk *d, const char *to, const char *host, const char *state);
/* The time after ms more. */
int64_t desk_forward(struct desk *d, int64_t ms);

/* Removes the files in a folder. 0, or −1. */
int desk_empty(const char *folder);

#endif

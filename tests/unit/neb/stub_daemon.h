/*
 * stub_daemon: the daemon's end of a real socket, and the time, both moving only while the module waits in poll(2). So
 * what the module sees does not depend on how busy the machine is.
 */
#ifndef NT_TEST_NEB_STUB_DAEMON_H
#define NT_TEST_NEB_STUB_DAEMON_H

#include "handover/frame.h"

#include <stdint.h>

enum stub_manner {
    STUB_AGREES,
    STUB_AGREES_AND_GOES,  /* closes the connection after its answer */
    STUB_AGREES_AND_MORE,  /* sends a packet that nobody asked for */
    STUB_AGREES_AT_LENGTH, /* in an answer of 100 KB */
    STUB_AGREES_LATE,      /* after STUB_LATE ms */
    STUB_IS_SILENT,        /* as one that was stopped */
    STUB_REFUSES,          /* {"ok":false} */
    STUB_TALKS_GARBAGE,
    STUB_TALKS_BINARY,   /* bytes of every kind, an empty packet's worth of NULs first */
    STUB_HANGS_UP,       /* reads the request and goes */
    STUB_HANGS_UP_UNREAD /* goes without reading it */
};
enum { STUB_LATE = 45 };

struct stub_daemon {
    int listening, client; /* −1: not there */
    enum stub_manner manner;
    int accepted, requests;
    int too_late; /* requests that came past their deadline, and were dropped */
    char path[108];
    char frame[FRAME_MAX]; /* the last request */
    size_t len;
    int64_t boot, wall; /* ms: what clock_gettime() says */
    int64_t heard;      /* boot time of the last request */
};
extern struct stub_daemon stub_daemon;

void stub_daemon_start(const char *path); /* listens; the counts begin at 0 */
void stub_daemon_end(void);               /* the file stays, as after a crash */
/* A macro of the last request, "" when it is not there. */
const char *stub_daemon_value(const char *key);

#endif

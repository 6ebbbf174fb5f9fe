/*
 * server: a small HTTP server on a free port of 127.0.0.1 that does what its script says, one step for each request it
 * has read.
 *
 * It counts what it has received, so that a test can tell one request from two. A thread for each connection; all of
 * them end in server_stop().
 */
#ifndef NT_TESTS_TWILIO_SERVER_H
#define NT_TESTS_TWILIO_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum server_act {
    ACT_ANSWER,       /* 201 with a small body, connection kept */
    ACT_TEXT,         /* the step's text, as it is; then the connection is kept */
    ACT_ANSWER_CLOSE, /* 201, then the connection is closed without having said so */
    ACT_CLOSE,        /* read the request, close without an answer */
    ACT_RESET,        /* read the request, reset the connection */
    ACT_HALF,         /* an answer whose body breaks off */
    ACT_STALL,        /* no answer until the end of the test */
    ACT_HUGE,         /* a body of 3 MB */
    ACT_SLOW,         /* 201, a byte at a time */
    ACT_INTERIM,      /* 100 Continue twice, then 201 */
};

struct server_step {
    enum server_act act;
    const char *text;
};

struct server;

/* The last step holds for all further requests. refuse: connections are reset before anything is read. */
struct server *server_start(const struct server_step *steps, size_t n, bool refuse);
void server_stop(struct server *s);
int server_port(const struct server *s);
/* Requests read completely. */
int server_requests(struct server *s);
int server_connections(struct server *s);
/* Waits until that many connections have been closed by the server. */
void server_wait_closed(struct server *s, int n);
/* The last request, headers and body; valid until the next one. */
const char *server_last(struct server *s);

#endif

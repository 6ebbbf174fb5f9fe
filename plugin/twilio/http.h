/*
 * http: HTTP requests over libcurl's multi interface; the only user of libcurl.
 *
 * One struct http is one event loop's client: warm connections, many requests at once, no threads. Tamed: no POST
 * is ever repeated by the library, HTTP/1.1, no redirects, TLS always verified, connections older than 30 s not reused,
 * a cache of the last good addresses that is used when resolving fails.
 */
#ifndef NT_TWILIO_HTTP_H
#define NT_TWILIO_HTTP_H

#include "base/buf.h"
#include "base/status.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct http;

struct http_options {
    const char *ca_file, *proxy;      /* "" = none; ca_file adds to the system's trust */
    int64_t connect_timeout, timeout; /* ms */
    int connections;                  /* at most at once to the host */
    const char *address_cache;        /* file that keeps the last good addresses; "" = memory alone */
    const char *user_agent;
};

/* What is certain about a request that did not end with a complete answer. */
enum http_end {
    HTTP_ANSWERED,   /* status and body are complete */
    HTTP_NEVER_SENT, /* no byte of the request left (resolve, connect, TLS handshake failed): safe to repeat */
    HTTP_UNKNOWN     /* the connection was used and no complete answer came */
};

struct http_result {
    enum http_end end;
    long status;      /* 0 unless a status line came */
    const char *body; /* borrowed for the callback; at most 1 MB */
    size_t body_len;
    int64_t retry_after;    /* ms, from Retry-After (seconds or date); -1 none */
    const char *request_id; /* Twilio-Request-Id, "" none */
    const char *error;      /* words when not answered, without secrets */
    bool trust;             /* the failure was certificate verification or another thing an admin must mend */
    int64_t started;        /* ms since the epoch */
    const char *head;       /* header lines of the last answer, when they were asked for; else "" */
};

typedef void http_done(void *arg, const struct http_result *result);

struct http_request {
    const char *method; /* "GET" or "POST" */
    const char *url;
    const char *user, *password; /* Basic */
    const char *form;            /* urlencoded body of a POST, form_len bytes; copied */
    size_t form_len;
    int64_t timeout; /* ms; 0 = the options' */
    http_done *done; /* called from http_run(), exactly once, unless the http is freed first; may start requests, not
                        free the http */
    void *arg;

    /* Not Twilio's server: http may go further than this machine, the methods are HEAD, PUT and DELETE, too, and what
     * follows may be given. */
    bool foreign;
    const struct strlist *headers;                                          /* whole lines; copied */
    ssize_t (*read)(void *read_arg, size_t offset, void *out, size_t size); /* PUT: its body, read_len bytes */
    void *read_arg;
    size_t read_len;
    bool (*take)(void *arg, const char *data, size_t len); /* the body of a 2xx answer; false: enough, an error */
    size_t body_max; /* > 0: what goes beyond is dropped; else a body over 1 MB is an error */
    int redirects;   /* of a GET or HEAD without user, how many are followed; headers stay behind when the host changes,
                        and none leads from https to http */
    bool direct;     /* past the proxy */
    bool keep_head;
};

enum nt_status http_new(const struct http_options *o, struct http **out) NT_MUST_USE;
void http_free(struct http *h); /* requests under way are dropped without a call */
enum nt_status http_start(struct http *h, const struct http_request *r) NT_MUST_USE;
/* Requests under way. */
int http_active(const struct http *h);
/* Of these, the ones of which surely nothing has left yet (resolving, connecting). */
int http_unsent(const struct http *h);
/* Is the request with this arg among them? */
bool http_unsent_of(const struct http *h, const void *arg);
/* Drops the request with this arg, without a call. Not from within `take`. */
void http_cancel(struct http *h, const void *arg);

/* For a loop that waits for several: readable when http_run() has something to do; and ms until it wants to be called
 * without that, −1 never. */
int http_fd(const struct http *h);
int64_t http_next(const struct http *h);

/* Drives the requests, and waits up to timeout ms (−1: for ever) until something happens on them or on one of the
 * caller's descriptors (epoll-able; readable is waited for). ready[i] (may be NULL) tells which. Callbacks run inside.
 */
enum nt_status http_run(struct http *h, const int *fds, bool *ready, int n, int64_t timeout) NT_MUST_USE;

#endif

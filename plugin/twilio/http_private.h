/*
 * http_private: what http.c, http_library.c, late.c and transfer.c share. Everything that knows libcurl includes this,
 * and nothing else does.
 */
#ifndef NT_TWILIO_HTTP_PRIVATE_H
#define NT_TWILIO_HTTP_PRIVATE_H

#include "twilio/addresses.h"
#include "twilio/answer.h"
#include "twilio/http.h"
#include "twilio/poller.h"
#include "twilio/trust.h"
#include "twilio/url.h"

#include <curl/curl.h>

struct transfer {
    struct http *http;
    CURL *easy;
    struct transfer *prev, *next; /* active list; next also in the pool */
    CURLcode setup;               /* first failure of configure() */
    char error[CURL_ERROR_SIZE];
    struct answer answer;
    struct buf form;
    size_t form_read;
    bool post, secure;
    bool unusual; /* the handle has options that Twilio's requests do not have */
    /* of requests that are not Twilio's */
    struct curl_slist *headers;
    ssize_t (*read)(void *arg, size_t offset, void *out, size_t size);
    void *read_arg;
    size_t read_len;
    bool (*take)(void *arg, const char *data, size_t len);
    size_t body_max;
    int redirects;
    bool head_only, foreign, direct, keep_head, took_enough;
    struct buf head;
    bool whole_trust; /* configured with the bundle */
    bool used;        /* the request may have left */
    bool resolved;    /* the name is, or the cache has been tried */
    char host[URL_HOST];
    int port;
    struct curl_slist *addresses;
    int64_t started, begun; /* wall, boot */
    int64_t timeout;        /* ms */
    int64_t overdue;        /* boot: libcurl should have ended it */
    http_done *done;
    void *arg;
};

struct http {
    CURLM *multi;
    struct poller poller;
    struct trust trust;
    struct addresses addresses;
    struct curl_slist *headers;
    char *proxy, *proxy_user, *proxy_password, *user_agent;
    int64_t connect_timeout, timeout;
    int connections;
    struct transfer *active, *pool;
    int active_n;
    int64_t timer;         /* when libcurl wants to be called, boot ms; -1 never */
    int64_t name_patience; /* how long a name server may take, ms */
    int64_t patience;      /* when to look for names that take too long, boot ms; -1 never */
    int64_t overdue;       /* when to look for requests that libcurl has forgotten, boot ms; -1 never */
    int64_t complained;    /* when the log was last told that names cannot be resolved, boot ms; 0 never */
};

/* Before anything else of libcurl's. */
enum nt_status http_library_load(void) NT_MUST_USE;

/* http.c */
/* Tells how it ended, and keeps it for the next request. The callback may start and drop requests. */
void http_finish(struct transfer *t, CURLcode code);

/* late.c */
void late_init(struct http *h);
/* Gives it to libcurl, which may be its second time. False: no memory. */
bool late_begin(struct transfer *t);
/* When late_turn() wants to be called, boot ms; -1 never. */
int64_t late_next(const struct http *h);
/* How many have ended in it. */
int late_turn(struct http *h, int64_t now);

/* transfer.c, transfer_setup.c */
/* An option; the first that fails stays in setup. */
#define TRANSFER_SET(t, option, value)                                                                                 \
    ((t)->setup = (t)->setup ? (t)->setup : curl_easy_setopt((t)->easy, option, value))

/* The options that never change; those of a request; of these, what a redirect and another trust change. */
void transfer_configure_once(struct transfer *t);
enum nt_status transfer_configure(struct transfer *t, const struct http_request *r) NT_MUST_USE;
void transfer_configure_protocol(struct transfer *t);
void transfer_configure_trust(struct transfer *t);

/* A transfer with its options that never change; NULL = no memory. */
struct transfer *transfer_new(struct http *h);
void transfer_free(struct transfer *t);
/* Makes it ready to be given to the multi handle. */
enum nt_status transfer_prepare(struct transfer *t, const struct http_request *r) NT_MUST_USE;
/* Forgets what only concerned the request that has ended. */
void transfer_finished(struct transfer *t);
/* True when the name of its host is looked up by us, so that the last good addresses could stand in for it. */
bool transfer_uses_addresses(const struct transfer *t);
/* Gives it the last good addresses. False when there are none, or they have been tried. */
bool transfer_use_addresses(struct transfer *t);
/* After its end: true when it was never sent, and has been changed so that another try may go better. */
bool transfer_amend(struct transfer *t, CURLcode code);
/* After a complete answer: true when it leads elsewhere, and has been changed to ask there. */
bool transfer_redirect(struct transfer *t);
/* What its end means. Borrows from the transfer. */
void transfer_result(struct transfer *t, CURLcode code, struct http_result *out);

#endif

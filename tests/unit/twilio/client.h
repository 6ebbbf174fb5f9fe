/* A client of http as the tests make it, and what it told its caller, kept. */
#ifndef NT_TESTS_TWILIO_CLIENT_H
#define NT_TESTS_TWILIO_CLIENT_H

#include "twilio/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct seen {
    int calls;
    enum http_end end;
    long status;
    char body[4096], error[300], head[4096], request_id[64];
    size_t body_len;
    int64_t retry_after, started;
    bool trust;
    size_t taken, enough; /* for those who take bodies as they come: bytes so far; beyond enough they are refused */
};

/* An http_done; arg: a struct seen. */
static inline void client_keep(void *arg, const struct http_result *r)
{
    struct seen *s = arg;
    s->calls++;
    s->end = r->end;
    s->status = r->status;
    s->body_len = r->body_len;
    snprintf(s->body, sizeof s->body, "%s", r->body);
    snprintf(s->error, sizeof s->error, "%s", r->error);
    snprintf(s->head, sizeof s->head, "%s", r->head);
    snprintf(s->request_id, sizeof s->request_id, "%s", r->request_id);
    s->retry_after = r->retry_after;
    s->started = r->started;
    s->trust = r->trust;
}

/* ca_file, cache: "" none. */
static inline struct http *client_make(int connections, const char *ca_file, const char *cache)
{
    struct http_options o = {.ca_file = ca_file,
                             .proxy = "",
                             .connect_timeout = 30000,
                             .timeout = 60000,
                             .connections = connections,
                             .address_cache = cache,
                             .user_agent = "test/1"};
    struct http *h = NULL;
    assert_int_equal(http_new(&o, &h), NT_OK);
    return h;
}

/* Until nothing is under way any more. */
static inline void client_finish(struct http *h)
{
    while (http_active(h))
        assert_int_equal(http_run(h, NULL, NULL, 0, -1), NT_OK);
}

#endif

/* fake_twilio_private: a request as fake_http.c drives it and fake_twilio.c answers it. */
#ifndef NT_TEST_FLOW_FAKE_TWILIO_PRIVATE_H
#define NT_TEST_FLOW_FAKE_TWILIO_PRIVATE_H

#include "fake_twilio.h"

struct http {
    struct fake_twilio *twilio;
    struct http *next;
};

struct tw_request {
    const struct http *client;
    bool unsent;              /* and never will be */
    struct http_request call; /* its strings are not kept */
    int64_t started_wall, due;
    enum http_end end;
    long status;
    int64_t retry_after;
    char *body;
    const char *error;
    long post; /* index, −1 for a GET */
};

/* Puts the request for a new message on record, as the last of posts. */
void tw_read_post(struct fake_twilio *t, const struct http_request *call);
/* Decides what becomes of it. */
void tw_take(struct fake_twilio *t, struct tw_request *r, size_t post);
/* The answer to a GET. */
void tw_show(struct fake_twilio *t, struct tw_request *r, const char *url);

#endif

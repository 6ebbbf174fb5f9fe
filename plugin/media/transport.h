/*
 * transport: the HTTP that sources and publishers are given. Whoever runs them implements it.
 *
 * Any number of requests at once, none of them blocks; there are no timeouts here: whoever asks cancels. TLS is always
 * verified; http without TLS is for the implementation to allow.
 */
#ifndef NT_MEDIA_TRANSPORT_H
#define NT_MEDIA_TRANSPORT_H

#include "base/status.h"
#include "base/strlist.h"
#include "media/picture.h"

#include <stdbool.h>
#include <stddef.h>

enum { TRANSPORT_BODY_MAX = 64 * 1024, TRANSPORT_REDIRECTS = 5, TRANSPORT_URL_MAX = 8192 };

struct transport_result {
    bool answered;    /* a complete answer came, whatever its status */
    long status;      /* HTTP's; 0 = none came */
    const char *body; /* without `take`: at most TRANSPORT_BODY_MAX bytes; never NULL; borrowed as all of this is */
    size_t body_len;
    const char *head;  /* header lines of the last answer, each with "\n"; never NULL */
    const char *error; /* words, when there was no complete answer; without secrets */
};

typedef void transport_done(void *arg, const struct transport_result *result);

struct transport_request {
    const char *method; /* GET, HEAD, POST, PUT, DELETE */
    const char *url;
    const struct strlist *headers; /* whole lines "Name: value"; NULL none. They do not follow to another host. */
    const char *form;              /* POST: its urlencoded body */
    size_t form_len;
    const struct picture *picture; /* PUT: its body. Stays the caller's, and must stay until done or cancel. */
    int redirects;                 /* of a GET or HEAD: how many are followed */
    bool outside;                  /* it leads out of the house: by the configured proxy, if there is one */
    /* The body of a 2xx answer as it comes; false ends the request as not answered. NULL: collected in result->body. */
    bool (*take)(void *arg, const char *data, size_t len);
    transport_done *done; /* once, unless cancelled; never from within start */
    void *arg;
};

struct transport;
struct transport_call; /* a request under way */

struct transport_ops {
    /* What it is given is copied, but for the picture. NT_EINVAL: such a URL is not asked. */
    enum nt_status (*start)(struct transport *t, const struct transport_request *r, struct transport_call **out);
    void (*cancel)(struct transport *t, struct transport_call *call);
};

struct transport {
    const struct transport_ops *ops;
};

/* The value of a header in result->head (the first of that name, in any case); "" without. out has size bytes. */
void transport_header(const struct transport_result *r, const char *name, char *out, size_t size);
/* Words for an answer that is not a good one: "HTTP 404", or why there was none. */
void transport_words(const struct transport_result *r, char *out, size_t size);
/* Could it be asked for? One http or https URL of printable ASCII, with a host. */
bool transport_url_ok(const char *url);
/* Appends the header lines of a file, blank lines and comments (#) left out. NT_EINVAL: a line that is none, and the
 * errors of file_read(). Its values become secrets of the log. */
enum nt_status transport_header_file(const char *path, struct strlist *out) NT_MUST_USE;

#endif

/*
 * form: what a text of the configuration must look like.
 */
#ifndef NT_CONFIG_FORM_H
#define NT_CONFIG_FORM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum form_verdict {
    FORM_OK,
    FORM_ODD, /* taken, and told: not written as it should be */
    FORM_BAD
};

struct form {
    const char *expects; /* goes on after "must be" */
    const char *odd;     /* what is wrong with an odd one */
    bool mild;           /* a bad one is left out, and the rest of the file is used */
    /* Appends what is kept. */
    enum form_verdict (*look)(const char *text, struct buf *kept);
};

extern const struct form form_account_sid, form_service_sid, form_key_sid, form_application_sid;
extern const struct form form_number;       /* E.164 */
extern const struct form form_prefix;       /* + and digits */
extern const struct form form_sender;       /* E.164, short code, alphanumeric */
extern const struct form form_name;         /* contacts, aliases, groups, graphs */
extern const struct form form_timezone;     /* known to the system where that can be told */
extern const struct form form_label;        /* of a host name: edge, region, bucket */
extern const struct form form_api_url;      /* https, or http to loopback; the slash at the end goes */
extern const struct form form_url;          /* http or https */
extern const struct form form_key;          /* the beginning of an object's name in a bucket */
extern const struct form form_proxy;        /* http, https, socks; or host:port */
extern const struct form form_template_url; /* the same, with {{…}} in it */
extern const struct form form_header;       /* Name: value */
extern const struct form form_store;        /* sqlite:/path */

/* "1h30m", "90s", "250ms", "0" → ms. False: not of that form, or too large. */
bool form_duration(const char *text, int64_t *ms);
/* The other way: 90061500 → "1d1h1m1s500ms". */
enum { FORM_DURATION_SIZE = 64 };
void form_duration_text(int64_t ms, char out[FORM_DURATION_SIZE]);
/* Digits with an optional sign; false on anything else and on overflow. */
bool form_integer(const char *text, int64_t *value);
/* "0.5", "12": no exponent, whatever the locale; false on anything else. */
bool form_rate(const char *text, double *value);
bool form_boolean(const char *text, bool *value);

#endif

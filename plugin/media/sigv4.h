/*
 * sigv4: AWS Signature Version 4, for requests to S3 and what speaks like it.
 *
 * Source: the chapters "Signature Calculations for the Authorization Header" and "Using Query Parameters" of Amazon's
 * S3 API reference.
 */
#ifndef NT_MEDIA_SIGV4_H
#define NT_MEDIA_SIGV4_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct sigv4_key {
    const char *id, *secret, *region, *service;
};

/* What is signed; borrowed for the call. */
struct sigv4_request {
    const char *method;
    const char *path;  /* from sigv4_escape(), begins with a slash */
    const char *query; /* "name=value&…", escaped and sorted; "" without */
    /* "name:value" with the name in lower case and the value without blanks around it, sorted by name; host is one. */
    const char *const *header;
    size_t headers;
    const char *payload; /* SHA-256 of the body in hexadecimal digits, or SIGV4_UNSIGNED */
    int64_t now;         /* ms since the epoch */
};

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

enum { SIGV4_DATE = 17, SIGV4_EXPIRES_MAX = 7 * 24 * 3600 };

/* 1369353600000 → "20130524T000000Z", the value of x-amz-date. */
void sigv4_date(int64_t now, char out[SIGV4_DATE]);
/* Percent-encodes all but unreserved characters; with slashes, these stay as well. Errors stick to out. */
void sigv4_escape(const char *text, bool slashes, struct buf *out);

/* Appends the value of the Authorization header. digest_load() comes first. */
enum nt_status sigv4_authorize(const struct sigv4_key *key, const struct sigv4_request *r, struct buf *out) NT_MUST_USE;
/* Appends a query (without "?") that lets anybody make this request for so many seconds, at most a week. r->query must
 * be "", r->payload SIGV4_UNSIGNED. */
enum nt_status sigv4_presign(const struct sigv4_key *key, const struct sigv4_request *r, int64_t expires,
                             struct buf *out) NT_MUST_USE;

#endif

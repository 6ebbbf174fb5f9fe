/*
 * sigv4: AWS Signature Version 4.
 *
 * libcurl can sign too, but what Debian 12 has (7.88) neither sorts and escapes queries as the service does nor sends
 * x-amz-content-sha256, and it cannot sign an address for somebody else to fetch. So both are done here.
 *
 * Example (the service's own): GET /test.txt of examplebucket in us-east-1 on 2013-05-24, for a day, is signed as
 *
 *   GET                                                                    method
 *   /test.txt                                                              path
 *   X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=…&X-Amz-Date=…&…     query
 *   host:examplebucket.s3.amazonaws.com                                    headers, each with a newline
 *                                                                          (an empty line)
 *   host                                                                   their names
 *   UNSIGNED-PAYLOAD                                                       the body
 *
 * whose SHA-256, under the algorithm, the time and the scope "20130524/us-east-1/s3/aws4_request", goes through an HMAC
 * with a key made of the secret, the day, the region and the service: X-Amz-Signature=aeeed9bb…
 *
 * DIAGNOSTICS: NT_ENOMEM, NT_ETOOBIG for an address or key beyond all reason, NT_EINVAL for a header that is none. What
 * is made of the secret is wiped.
 */
#include "media/sigv4.h"

#include "media/digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { DAY = 9, SCOPE_MAX = 512, REQUEST_MAX = 64 << 10 };

void sigv4_date(int64_t now, char out[SIGV4_DATE])
{
    struct tm tm;
    time_t seconds = (time_t)(now / 1000);
    memset(&tm, 0, sizeof tm);
    gmtime_r(&seconds, &tm);
    /* The remainders tell the compiler that it fits. */
    snprintf(out, SIGV4_DATE, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void sigv4_escape(const char *text, bool slashes, struct buf *out)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_unreserved(c) || (c == '/' && slashes))
            buf_addc(out, *text);
        else
            buf_addf(out, "%%%02X", c);
    }
}

static enum nt_status name_of(const char *header, size_t *len)
{
    const char *colon = strchr(header, ':');
    *len = colon ? (size_t)(colon - header) : 0;
    return *len ? NT_OK : NT_EINVAL;
}

static enum nt_status add_names(const struct sigv4_request *r, const char *separator, struct buf *out)
{
    for (size_t i = 0; i < r->headers; i++) {
        size_t len;
        enum nt_status status = name_of(r->header[i], &len);
        if (status)
            return status;
        if (i)
            buf_adds(out, separator);
        buf_add(out, r->header[i], len);
    }
    return buf_status(out);
}

/* "20130524/us-east-1/s3/aws4_request". */
static enum nt_status add_scope(const struct sigv4_key *key, const char *date, const char *slash, struct buf *out)
{
    buf_add(out, date, DAY - 1);
    return buf_addf(out, "%s%s%s%s%saws4_request", slash, key->region, slash, key->service, slash);
}

/* The secret, narrowed down to a day, a region and a service. */
static enum nt_status signing_key(const struct sigv4_key *key, const char *date, unsigned char out[DIGEST_SIZE])
{
    char secret[SCOPE_MAX];
    int len = snprintf(secret, sizeof secret, "AWS4%s", key->secret);
    if (len < 0 || (size_t)len >= sizeof secret)
        return NT_ETOOBIG;
    enum nt_status status = digest_hmac(secret, (size_t)len, date, DAY - 1, out);
    const char *part[] = {key->region, key->service, "aws4_request"};
    for (size_t i = 0; i < sizeof part / sizeof *part && !status; i++)
        status = digest_hmac(out, DIGEST_SIZE, part[i], strlen(part[i]), out);
    explicit_bzero(secret, sizeof secret);
    return status;
}

static enum nt_status sign(const struct sigv4_key *key, const struct sigv4_request *r, const char *query,
                           char out[DIGEST_HEX])
{
    char date[SIGV4_DATE], hex[DIGEST_HEX];
    unsigned char digest[DIGEST_SIZE], secret[DIGEST_SIZE] = {0};
    struct buf text;
    buf_init(&text, REQUEST_MAX);
    sigv4_date(r->now, date);

    buf_addf(&text, "%s\n%s\n%s\n", r->method, r->path, query);
    for (size_t i = 0; i < r->headers; i++)
        buf_addf(&text, "%s\n", r->header[i]);
    buf_addc(&text, '\n');
    enum nt_status status = add_names(r, ";", &text);
    if (!status)
        status = buf_addf(&text, "\n%s", r->payload);
    if (!status)
        status = digest_sha256(buf_text(&text), text.len, digest);
    if (status)
        goto done;
    digest_hex(digest, hex);

    buf_reset(&text);
    buf_addf(&text, ALGORITHM "\n%s\n", date);
    (void)add_scope(key, date, "/", &text);
    status = buf_addf(&text, "\n%s", hex);
    if (!status)
        status = signing_key(key, date, secret);
    if (!status)
        status = digest_hmac(secret, DIGEST_SIZE, buf_text(&text), text.len, digest);
    if (!status)
        digest_hex(digest, out);
done:
    explicit_bzero(secret, sizeof secret);
    buf_clean(&text);
    return status;
}

enum nt_status sigv4_authorize(const struct sigv4_key *key, const struct sigv4_request *r, struct buf *out)
{
    char date[SIGV4_DATE], signature[DIGEST_HEX];
    enum nt_status status = sign(key, r, r->query, signature);
    if (status)
        return status;
    sigv4_date(r->now, date);
    buf_addf(out, ALGORITHM " Credential=%s/", key->id);
    (void)add_scope(key, date, "/", out);
    buf_adds(out, ", SignedHeaders=");
    (void)add_names(r, ";", out);
    return buf_addf(out, ", Signature=%s", signature);
}

enum nt_status sigv4_presign(const struct sigv4_key *key, const struct sigv4_request *r, int64_t expires,
                             struct buf *out)
{
    char date[SIGV4_DATE], signature[DIGEST_HEX];
    struct buf query;
    buf_init(&query, REQUEST_MAX);
    sigv4_date(r->now, date);
    expires = expires < 1 ? 1 : expires > SIGV4_EXPIRES_MAX ? SIGV4_EXPIRES_MAX : expires;

    buf_adds(&query, "X-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=");
    sigv4_escape(key->id, false, &query);
    buf_adds(&query, "%2F");
    (void)add_scope(key, date, "%2F", &query);
    buf_addf(&query, "&X-Amz-Date=%s&X-Amz-Expires=%lld&X-Amz-SignedHeaders=", date, (long long)expires);
    enum nt_status status = add_names(r, "%3B", &query);
    if (!status)
        status = sign(key, r, buf_text(&query), signature);
    if (!status)
        status = buf_addf(out, "%s&X-Amz-Signature=%s", buf_text(&query), signature);
    buf_clean(&query);
    return status;
}

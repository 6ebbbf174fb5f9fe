/*
 * publish_s3: a picture becomes an object in a bucket, of Amazon's S3 or of what speaks like it.
 *
 * The bucket is part of the host's name, or of the path: with path_style, and where the other cannot be (the endpoint
 * is an IP address or this machine; a dot in the bucket's name, which no certificate covers).
 *
 *   https://graphs.s3.eu-central-1.amazonaws.com/pages/0f….png
 *   https://minio.example.org:9000/graphs/pages/0f….png
 *
 * Without public_url the link is signed: whoever has it can GET the picture, nobody else can, for as long as the page
 * may be under way and the picture is kept, at most a week. A signature is for one method, so S3 refuses a HEAD of it.
 *
 * The body is signed with the rest. Its SHA-256 takes less than a millisecond for a chart, 35 for the largest picture.
 *
 * DIAGNOSTICS: see upload.c; no OpenSSL, no secret.
 */
#include "media/digest.h"
#include "media/sigv4.h"
#include "media/upload.h"

#include "base/clock.h"
#include "base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 384 };

/* Where an object is. */
struct place {
    struct buf host; /* as it stands in the Host header */
    struct buf path; /* escaped, with a slash first */
    struct buf url;  /* both */
};

static void place_init(struct place *at)
{
    buf_init(&at->host, HOST_MAX);
    buf_init(&at->path, PUBLISH_LINK_MAX);
    buf_init(&at->url, PUBLISH_LINK_MAX);
}

static void place_clean(struct place *at)
{
    buf_clean(&at->host);
    buf_clean(&at->path);
    buf_clean(&at->url);
}

/* An address of digits, or this machine: names below it lead nowhere. */
static bool has_no_names_below(const char *host, size_t len)
{
    if (*host == '[' || (len == 9 && !strncasecmp(host, "localhost", 9)))
        return true;
    return strspn(host, "0123456789.") >= len;
}

/* "pages/" + name; slashes at the beginning of a prefix would only make an empty folder. */
static enum nt_status add_key(const struct config_s3 *c, const char *name, struct buf *out)
{
    sigv4_escape(c->prefix + strspn(c->prefix, "/"), true, out);
    return buf_adds(out, name);
}

static enum nt_status find(const struct config_s3 *c, const char *name, struct place *at)
{
    const char *sign = strstr(c->endpoint, "://");
    if (!sign)
        return NT_EINVAL;
    bool secure = !strncasecmp(c->endpoint, "https:", 6);
    const char *host = sign + 3, *port = NULL;
    size_t len = strcspn(host, "/"), folder_len = strlen(host + len);
    const char *folder = host + len;
    while (folder_len && folder[folder_len - 1] == '/')
        folder_len--;
    size_t name_len = len;
    const char *colon = memrchr(host, ':', len);
    if (colon && !memchr(colon, ']', (size_t)(host + len - colon))) {
        name_len = (size_t)(colon - host);
        port = colon;
    }
    bool in_path = c->path_style || has_no_names_below(host, name_len) || (secure && strchr(c->bucket, '.'));

    if (!in_path)
        buf_addf(&at->host, "%s.", c->bucket);
    buf_add(&at->host, host, name_len);
    for (size_t i = 0; i < at->host.len; i++)
        at->host.data[i] = (char)tolower((unsigned char)at->host.data[i]);
    /* A default port does not stand in the Host header, and so not in what is signed. */
    size_t port_len = port ? (size_t)(host + len - port) : 0;
    const char *usual = secure ? ":443" : ":80";
    if (port_len > 1 && (port_len != strlen(usual) || strncmp(port, usual, port_len) != 0))
        buf_add(&at->host, port, port_len);

    buf_add(&at->path, folder, folder_len);
    buf_addc(&at->path, '/');
    if (in_path) {
        sigv4_escape(c->bucket, false, &at->path);
        buf_addc(&at->path, '/');
    }
    (void)add_key(c, name, &at->path);
    buf_addf(&at->url, "%s://%s%s", secure ? "https" : "http", buf_text(&at->host), buf_text(&at->path));
    enum nt_status status = buf_status(&at->host);
    if (!status)
        status = buf_status(&at->path);
    return status ? status : buf_status(&at->url);
}

static struct sigv4_key key_of(const struct config_s3 *c)
{
    return (struct sigv4_key){
        .id = c->access_key_id, .secret = c->secret_access_key, .region = c->region, .service = "s3"};
}

static enum nt_status add_header(struct strlist *list, const char *name, const char *value)
{
    struct buf line;
    buf_init(&line, PUBLISH_LINK_MAX);
    enum nt_status status = buf_addf(&line, "%s:%s", name, value);
    if (!status)
        status = strlist_add(list, buf_text(&line));
    buf_clean(&line);
    return status;
}

/* Appends the header lines of a signed request. type: NULL = without; payload: the body's hash. */
static enum nt_status sign(const struct config_s3 *c, const struct place *at, const char *method, const char *type,
                           const char *payload, int64_t now, struct strlist *out)
{
    char date[SIGV4_DATE];
    const char *const header[][2] = {
        {"content-type", type}, {"host", buf_text(&at->host)}, {"x-amz-content-sha256", payload}, {"x-amz-date", date}};
    enum nt_status status = NT_OK;
    struct strlist all;
    struct buf value;
    strlist_init(&all);
    buf_init(&value, PUBLISH_LINK_MAX);
    sigv4_date(now, date);
    for (size_t i = 0; i < sizeof header / sizeof *header && !status; i++) {
        if (!header[i][1])
            continue;
        status = add_header(&all, header[i][0], header[i][1]);
        /* The Host header is the transport's to write. */
        if (!status && strcmp(header[i][0], "host") != 0)
            status = add_header(out, header[i][0], header[i][1]);
    }
    if (!status) {
        const struct sigv4_key key = key_of(c);
        const struct sigv4_request request = {.method = method,
                                              .path = buf_text(&at->path),
                                              .query = "",
                                              .header = (const char *const *)all.item,
                                              .headers = all.n,
                                              .payload = payload,
                                              .now = now};
        status = sigv4_authorize(&key, &request, &value);
    }
    if (!status)
        status = add_header(out, "authorization", buf_text(&value));
    buf_clean(&value);
    strlist_clean(&all);
    return status;
}

/* The link for others. */
static enum nt_status link_to(const struct publication *p, const struct place *at, int64_t now, struct buf *out)
{
    const struct config_s3 *c = &p->config->s3;
    struct buf header, key;
    enum nt_status status;
    if (*c->public_url) {
        buf_init(&key, PUBLISH_LINK_MAX);
        status = add_key(c, p->name, &key);
        if (!status)
            status = publish_address(c->public_url, buf_text(&key), out);
        buf_clean(&key);
        return status;
    }
    buf_init(&header, HOST_MAX + 8);
    status = buf_addf(&header, "host:%s", buf_text(&at->host));
    const char *const headers[] = {buf_text(&header)};
    const struct sigv4_key signing = key_of(c);
    const struct sigv4_request request = {.method = "GET",
                                          .path = buf_text(&at->path),
                                          .query = "",
                                          .header = headers,
                                          .headers = 1,
                                          .payload = SIGV4_UNSIGNED,
                                          .now = now};
    int64_t valid = p->valid > p->config->keep ? p->valid : p->config->keep;
    if (!status)
        status = buf_addf(out, "%s?", buf_text(&at->url));
    if (!status)
        status = sigv4_presign(&signing, &request, (valid + 999) / 1000, out);
    buf_clean(&header);
    return status;
}

static enum nt_status start(struct publication *p)
{
    const struct config_s3 *c = &p->config->s3;
    unsigned char digest[DIGEST_SIZE];
    char payload[DIGEST_HEX];
    struct place at;
    struct buf link;
    struct strlist headers;
    place_init(&at);
    buf_init(&link, PUBLISH_LINK_MAX);
    strlist_init(&headers);
    enum nt_status status = NT_ECONFIG;
    if (!*c->secret_access_key) {
        publication_fail(p, "there is no secret for the key %s", c->access_key_id);
        goto done;
    }
    if ((status = digest_load()) != NT_OK) {
        publication_fail(p, "OpenSSL cannot be loaded");
        goto done;
    }
    int64_t now = clock_wall(p->env->clock);
    status = digest_picture(p->picture, digest);
    if (!status) {
        digest_hex(digest, payload);
        status = find(c, p->name, &at);
    }
    if (!status)
        status = sign(c, &at, "PUT", picture_type(p->picture->kind), payload, now, &headers);
    if (!status)
        status = link_to(p, &at, now, &link);
    if (!status)
        status = upload_start((struct upload *)p, buf_text(&at.url), buf_text(&link), &headers, true);
done:
    strlist_clean(&headers);
    buf_clean(&link);
    place_clean(&at);
    return status;
}

static enum nt_status place(const struct config_publish *config, const char *name, struct buf *out)
{
    struct place at;
    place_init(&at);
    enum nt_status status = find(&config->s3, name, &at);
    if (!status)
        status = buf_adds(out, buf_text(&at.url));
    place_clean(&at);
    return status;
}

static enum nt_status removal(const struct config_publish *config, const char *name, int64_t now, struct strlist *out)
{
    unsigned char digest[DIGEST_SIZE];
    char payload[DIGEST_HEX];
    struct place at;
    if (!*config->s3.secret_access_key)
        return NT_ECONFIG;
    enum nt_status status = digest_load();
    if (status)
        return status;
    place_init(&at);
    status = digest_sha256("", 0, digest);
    digest_hex(digest, payload);
    if (!status)
        status = find(&config->s3, name, &at);
    if (!status)
        status = sign(&config->s3, &at, "DELETE", NULL, payload, now, out);
    place_clean(&at);
    return status;
}

/* What a signature adds, about. */
enum { SIGNATURE_LEN = 300 };

static size_t link_len(const struct config_publish *config)
{
    const struct config_s3 *c = &config->s3;
    size_t key = strlen(c->prefix) + PUBLISH_RANDOM + strlen("/.png");
    if (*c->public_url)
        return strlen(c->public_url) + key;
    return strlen(c->endpoint) + strlen(c->bucket) + key + SIGNATURE_LEN;
}

const struct publisher_ops publish_s3 = {
    .name = "s3",
    .size = sizeof(struct upload),
    .start = start,
    .clean = upload_clean,
    .link_len = link_len,
    .place = place,
    .removal = removal,
};

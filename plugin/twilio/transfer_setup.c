/*
 * transfer_setup: the options of a request, and what libcurl calls while it is under way.
 *
 * That nothing is sent twice rests on this. libcurl repeats a request by itself when a kept-alive connection turns out
 * to be dead; for a POST it would need to rewind the body, and a body that comes from a read function without a seek
 * function cannot be rewound: it connects once more, finds that out, and gives up. If it had read the body but believes
 * that nothing was written, it would go on with an empty one: before_request() and read_body() abort that.
 *
 * Pictures come and go by the same handles, but for other servers, with options of their own (configure_unusual()),
 * which are taken away again before a handle serves Twilio.
 *
 * DIAGNOSTICS: an option that libcurl refuses is kept in the transfer's setup, and the request is not made.
 */
#include "twilio/http_private.h"

#include "base/clock.h"

#include <string.h>

enum {
    /* A connection idle for longer is not used again, s: the other end is about to close it. */
    CONNECTION_AGE = 30
};

static size_t read_body(char *out, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t room = size * n, left = t->form.len - t->form_read;
    if (t->read) {
        ssize_t got = t->form_read < t->read_len ? t->read(t->read_arg, t->form_read, out, room) : 0;
        if (got < 0)
            return CURL_READFUNC_ABORT;
        t->form_read += (size_t)got;
        return (size_t)got;
    }
    /* Asked again after the end: a repetition that libcurl thinks is safe. */
    if (!left)
        return CURL_READFUNC_ABORT;
    if (left > room)
        left = room;
    memcpy(out, t->form.data + t->form_read, left);
    t->form_read += left;
    return left;
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * n;
    long status = 0;
    if (t->take) {
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status >= 200 && status < 300) {
            t->took_enough = !t->take(t->arg, data, len);
            return t->took_enough ? 0 : len;
        }
    }
    if (t->body_max) {
        size_t room = t->body_max > t->answer.body.len ? t->body_max - t->answer.body.len : 0;
        return answer_body(&t->answer, data, len < room ? len : room) ? len : 0;
    }
    return answer_body(&t->answer, data, len) ? len : 0;
}

/* The lines of one answer: those of a redirect or an interim one give way. */
static bool keep_line(struct transfer *t, const char *line, size_t len)
{
    if (len >= 5 && !memcmp(line, "HTTP/", 5))
        buf_reset(&t->head);
    while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    return buf_add(&t->head, line, len) == NT_OK && buf_addc(&t->head, '\n') == NT_OK;
}

static size_t take_header(char *line, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    if (t->keep_head && !keep_line(t, line, size * n))
        return 0;
    return answer_header(&t->answer, line, size * n, clock_wall(clock_system())) ? size * n : 0;
}

#if LIBCURL_VERSION_NUM >= 0x075000
/* NOLINTNEXTLINE(readability-non-const-parameter): as libcurl declares it */
static int before_request(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    struct transfer *t = arg;
    t->used = true;
    return t->form_read ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}
#endif

/* What holds for every request of this handle. */
void transfer_configure_once(struct transfer *t)
{
    const struct http *h = t->http;
    TRANSFER_SET(t, CURLOPT_PRIVATE, t);
    TRANSFER_SET(t, CURLOPT_ERRORBUFFER, t->error);
    TRANSFER_SET(t, CURLOPT_NOSIGNAL, 1L);
    TRANSFER_SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    TRANSFER_SET(t, CURLOPT_FOLLOWLOCATION, 0L);
    TRANSFER_SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    TRANSFER_SET(t, CURLOPT_HTTPHEADER, h->headers);
    TRANSFER_SET(t, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    TRANSFER_SET(t, CURLOPT_USERAGENT, h->user_agent);
    TRANSFER_SET(t, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE);
    TRANSFER_SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_timeout);
    TRANSFER_SET(t, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    TRANSFER_SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
    TRANSFER_SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
    TRANSFER_SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    TRANSFER_SET(t, CURLOPT_READFUNCTION, read_body);
    TRANSFER_SET(t, CURLOPT_READDATA, t);
    TRANSFER_SET(t, CURLOPT_WRITEFUNCTION, take_body);
    TRANSFER_SET(t, CURLOPT_WRITEDATA, t);
    TRANSFER_SET(t, CURLOPT_HEADERFUNCTION, take_header);
    TRANSFER_SET(t, CURLOPT_HEADERDATA, t);
#if LIBCURL_VERSION_NUM >= 0x075000
    TRANSFER_SET(t, CURLOPT_PREREQFUNCTION, before_request);
    TRANSFER_SET(t, CURLOPT_PREREQDATA, t);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Else ending a request waits for the name server, however long that takes. */
    TRANSFER_SET(t, CURLOPT_QUICK_EXIT, 1L);
#endif
}

void transfer_configure_trust(struct transfer *t)
{
    const struct trust *trust = &t->http->trust;
    t->whole_trust = trust->whole;
    const char *file = trust->whole ? trust->bundle : trust->ca_file;
#if LIBCURL_VERSION_NUM >= 0x074d00
    struct curl_blob blob = {trust->both.data, trust->both.len, CURL_BLOB_NOCOPY};
    if (trust->whole && trust->both.len)
        file = "";
    TRANSFER_SET(t, CURLOPT_CAINFO_BLOB, *file ? NULL : trust->both.len ? &blob : NULL);
#else
    if (*trust->ca_file)
        file = trust->ca_file;
#endif
    /* NULL takes libcurl's default away, whose loading is what costs. */
    TRANSFER_SET(t, CURLOPT_CAINFO, *file ? file : NULL);
    TRANSFER_SET(t, CURLOPT_CAPATH, *trust->folder ? trust->folder : NULL);
}

void transfer_configure_protocol(struct transfer *t)
{
    const struct http *h = t->http;
#if LIBCURL_VERSION_NUM >= 0x075500
    TRANSFER_SET(t, CURLOPT_PROTOCOLS_STR, t->secure ? "https" : "http");
#else
    TRANSFER_SET(t, CURLOPT_PROTOCOLS, (long)(t->secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP));
#endif
    /* An empty name also keeps the proxies of the environment out; http is for this machine, where no proxy is. */
    bool proxy = t->secure && *h->proxy && !t->direct;
    TRANSFER_SET(t, CURLOPT_PROXY, proxy ? h->proxy : "");
    TRANSFER_SET(t, CURLOPT_PROXYUSERNAME, proxy && *h->proxy_user ? h->proxy_user : NULL);
    TRANSFER_SET(t, CURLOPT_PROXYPASSWORD, proxy && *h->proxy_user ? h->proxy_password : NULL);
}

/* The handle as Twilio's requests know it. */
static void make_usual(struct transfer *t)
{
    TRANSFER_SET(t, CURLOPT_NOBODY, 0L);
    TRANSFER_SET(t, CURLOPT_UPLOAD, 0L);
    TRANSFER_SET(t, CURLOPT_CUSTOMREQUEST, NULL);
    TRANSFER_SET(t, CURLOPT_FRESH_CONNECT, 0L);
    TRANSFER_SET(t, CURLOPT_HTTPHEADER, t->http->headers);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    t->unusual = false;
}

static enum nt_status add_headers(struct transfer *t, const struct strlist *lines)
{
    static const char no_expect[] = "Expect:"; /* nobody is asked for leave */
    for (size_t i = 0; i <= lines->n; i++) {
        struct curl_slist *more = curl_slist_append(t->headers, i ? lines->item[i - 1] : no_expect);
        if (!more)
            return NT_ENOMEM;
        t->headers = more;
    }
    TRANSFER_SET(t, CURLOPT_HTTPHEADER, t->headers);
    return NT_OK;
}

static enum nt_status configure_unusual(struct transfer *t, const struct http_request *r)
{
    bool put = strcmp(r->method, "PUT") == 0, delete = strcmp(r->method, "DELETE") == 0;
    t->unusual = put || delete || t->head_only || r->headers;
    if (t->head_only)
        TRANSFER_SET(t, CURLOPT_NOBODY, 1L);
    if (put) {
        TRANSFER_SET(t, CURLOPT_UPLOAD, 1L);
        TRANSFER_SET(t, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->read_len);
        TRANSFER_SET(t, CURLOPT_FRESH_CONNECT,
                     1L); /* a connection that is just being closed could not be tried again */
    }
    if (delete)
        TRANSFER_SET(t, CURLOPT_CUSTOMREQUEST, "DELETE");
    return r->headers ? add_headers(t, r->headers) : NT_OK;
}

enum nt_status transfer_configure(struct transfer *t, const struct http_request *r)
{
    if (t->unusual)
        make_usual(t);
    if (t->post) {
        TRANSFER_SET(t, CURLOPT_POST, 1L);
        TRANSFER_SET(t, CURLOPT_POSTFIELDS, NULL);
        TRANSFER_SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->form.len);
    } else {
        TRANSFER_SET(t, CURLOPT_HTTPGET, 1L);
    }
    enum nt_status status = configure_unusual(t, r);
    if (status)
        return status;
    TRANSFER_SET(t, CURLOPT_URL, r->url);
    TRANSFER_SET(t, CURLOPT_USERNAME, r->user && *r->user ? r->user : NULL);
    TRANSFER_SET(t, CURLOPT_PASSWORD, r->user && *r->user ? r->password : NULL);
    TRANSFER_SET(t, CURLOPT_TIMEOUT_MS, (long)t->timeout);
    transfer_configure_protocol(t);
    if (t->secure)
        transfer_configure_trust(t);
    return t->setup == CURLE_OK ? NT_OK : t->setup == CURLE_OUT_OF_MEMORY ? NT_ENOMEM : NT_EINVAL;
}

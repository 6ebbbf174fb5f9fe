/*
 * transfer: one request as libcurl sees it, from its options to the meaning of its end.
 *
 * That nothing is sent twice rests on this. libcurl repeats a request by itself when a kept-alive connection turns out
 * to be dead; for a POST it would need to rewind the body, and a body that comes from a read function without a seek
 * function cannot be rewound: it connects once more, finds that out, and gives up. If it had read the body but believes
 * that nothing was written, it would go on with an empty one: before_request() and read_body() abort that. What
 * certainly did not leave is known from before_request(), which libcurl calls when the connection stands and the first
 * byte is about to be written.
 *
 * Two repetitions are ours, both of requests that were never sent: with the whole list of certificates (trust.c), and
 * with the last good addresses (addresses.c) when the name cannot be resolved. Each is made once.
 *
 * Pictures come and go by the same handles, but for other servers, with options of their own (configure_unusual()),
 * which are taken away again before a handle serves Twilio.
 *
 * DIAGNOSTICS: NT_EINVAL for a URL that is not https (or http to this machine) or carries credentials, NT_ENOMEM. Error
 * texts are libcurl's, which is given no URL with credentials in it.
 */
#include "twilio/http_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

enum {
    /* A connection idle for longer is not used again, s: the other end is about to close it. */
    CONNECTION_AGE = 30,
    COMPLAIN_EVERY = 60 * 1000,
    FORM_MAX = 1 << 20
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

#define SET(t, option, value) ((t)->setup = (t)->setup ? (t)->setup : curl_easy_setopt((t)->easy, option, value))

/* What holds for every request of this handle. */
static void configure_once(struct transfer *t)
{
    const struct http *h = t->http;
    SET(t, CURLOPT_PRIVATE, t);
    SET(t, CURLOPT_ERRORBUFFER, t->error);
    SET(t, CURLOPT_NOSIGNAL, 1L);
    SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(t, CURLOPT_FOLLOWLOCATION, 0L);
    SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(t, CURLOPT_HTTPHEADER, h->headers);
    SET(t, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    SET(t, CURLOPT_USERAGENT, h->user_agent);
    SET(t, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE);
    SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_timeout);
    SET(t, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(t, CURLOPT_READFUNCTION, read_body);
    SET(t, CURLOPT_READDATA, t);
    SET(t, CURLOPT_WRITEFUNCTION, take_body);
    SET(t, CURLOPT_WRITEDATA, t);
    SET(t, CURLOPT_HEADERFUNCTION, take_header);
    SET(t, CURLOPT_HEADERDATA, t);
#if LIBCURL_VERSION_NUM >= 0x075000
    SET(t, CURLOPT_PREREQFUNCTION, before_request);
    SET(t, CURLOPT_PREREQDATA, t);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Else ending a request waits for the name server, however long that takes. */
    SET(t, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void configure_trust(struct transfer *t)
{
    const struct trust *trust = &t->http->trust;
    t->whole_trust = trust->whole;
    const char *file = trust->whole ? trust->bundle : trust->ca_file;
#if LIBCURL_VERSION_NUM >= 0x074d00
    struct curl_blob blob = {trust->both.data, trust->both.len, CURL_BLOB_NOCOPY};
    if (trust->whole && trust->both.len)
        file = "";
    SET(t, CURLOPT_CAINFO_BLOB, *file ? NULL : trust->both.len ? &blob : NULL);
#else
    if (*trust->ca_file)
        file = trust->ca_file;
#endif
    /* NULL takes libcurl's default away, whose loading is what costs. */
    SET(t, CURLOPT_CAINFO, *file ? file : NULL);
    SET(t, CURLOPT_CAPATH, *trust->folder ? trust->folder : NULL);
}

static void configure_protocol(struct transfer *t)
{
    const struct http *h = t->http;
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(t, CURLOPT_PROTOCOLS_STR, t->secure ? "https" : "http");
#else
    SET(t, CURLOPT_PROTOCOLS, (long)(t->secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP));
#endif
    /* An empty name also keeps the proxies of the environment out; http is for this machine, where no proxy is. */
    bool proxy = t->secure && *h->proxy && !t->direct;
    SET(t, CURLOPT_PROXY, proxy ? h->proxy : "");
    SET(t, CURLOPT_PROXYUSERNAME, proxy && *h->proxy_user ? h->proxy_user : NULL);
    SET(t, CURLOPT_PROXYPASSWORD, proxy && *h->proxy_user ? h->proxy_password : NULL);
}

/* The handle as Twilio's requests know it. */
static void make_usual(struct transfer *t)
{
    SET(t, CURLOPT_NOBODY, 0L);
    SET(t, CURLOPT_UPLOAD, 0L);
    SET(t, CURLOPT_CUSTOMREQUEST, NULL);
    SET(t, CURLOPT_FRESH_CONNECT, 0L);
    SET(t, CURLOPT_HTTPHEADER, t->http->headers);
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
    SET(t, CURLOPT_HTTPHEADER, t->headers);
    return NT_OK;
}

static enum nt_status configure_unusual(struct transfer *t, const struct http_request *r)
{
    bool put = strcmp(r->method, "PUT") == 0, delete = strcmp(r->method, "DELETE") == 0;
    t->unusual = put || delete || t->head_only || r->headers;
    if (t->head_only)
        SET(t, CURLOPT_NOBODY, 1L);
    if (put) {
        SET(t, CURLOPT_UPLOAD, 1L);
        SET(t, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->read_len);
        SET(t, CURLOPT_FRESH_CONNECT, 1L); /* a connection that is just being closed could not be tried again */
    }
    if (delete)
        SET(t, CURLOPT_CUSTOMREQUEST, "DELETE");
    return r->headers ? add_headers(t, r->headers) : NT_OK;
}

static enum nt_status configure(struct transfer *t, const struct http_request *r)
{
    const struct http *h = t->http;
    if (t->unusual)
        make_usual(t);
    if (t->post) {
        SET(t, CURLOPT_POST, 1L);
        SET(t, CURLOPT_POSTFIELDS, NULL);
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->form.len);
    } else {
        SET(t, CURLOPT_HTTPGET, 1L);
    }
    enum nt_status status = configure_unusual(t, r);
    if (status)
        return status;
    SET(t, CURLOPT_URL, r->url);
    SET(t, CURLOPT_USERNAME, r->user && *r->user ? r->user : NULL);
    SET(t, CURLOPT_PASSWORD, r->user && *r->user ? r->password : NULL);
    SET(t, CURLOPT_TIMEOUT_MS, (long)(r->timeout > 0 ? r->timeout : h->timeout));
    configure_protocol(t);
    if (t->secure)
        configure_trust(t);
    return t->setup == CURLE_OK ? NT_OK : t->setup == CURLE_OUT_OF_MEMORY ? NT_ENOMEM : NT_EINVAL;
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->addresses);
    curl_slist_free_all(t->headers);
    answer_clean(&t->answer);
    buf_clean(&t->form);
    buf_clean(&t->head);
    mem_free(t);
}

struct transfer *transfer_new(struct http *h)
{
    struct transfer *t = mem_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->http = h;
    answer_init(&t->answer);
    buf_init(&t->form, FORM_MAX);
    buf_init(&t->head, ANSWER_HEADER_MAX + 4096);
    t->easy = curl_easy_init();
    if (t->easy)
        configure_once(t);
    if (!t->easy || t->setup != CURLE_OK) {
        transfer_free(t);
        return NULL;
    }
    return t;
}

/* Where a request goes is settled before libcurl sees it. */
static enum nt_status inspect_url(struct transfer *t, const char *text)
{
    struct url url;
    if (url_parse(text, &url) != NT_OK || url.credentials)
        return NT_EINVAL;
    t->secure = strcmp(url.scheme, "https") == 0;
    if (!t->secure && !(strcmp(url.scheme, "http") == 0 && (t->foreign || url_is_loopback(&url))))
        return NT_EINVAL;
    t->port = url.port ? url.port : t->secure ? 443 : 80;
    memcpy(t->host, url.host, sizeof t->host);
    return NT_OK;
}

/* Twilio's requests get nothing but what they need. */
static bool makes_sense(const struct http_request *r)
{
    if (r->redirects && r->user && *r->user) /* libcurl would write them into the next address */
        return false;
    if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "POST") == 0)
        return !r->read &&
               (r->foreign || !(r->headers || r->take || r->body_max || r->redirects || r->direct || r->keep_head));
    if (strcmp(r->method, "PUT") == 0)
        return r->foreign && r->read;
    return r->foreign && !r->read && (strcmp(r->method, "HEAD") == 0 || strcmp(r->method, "DELETE") == 0);
}

bool transfer_uses_addresses(const struct transfer *t)
{
    return t->secure && (!*t->http->proxy || t->direct);
}

enum nt_status transfer_prepare(struct transfer *t, const struct http_request *r)
{
    t->setup = CURLE_OK;
    t->error[0] = '\0';
    t->form_read = 0;
    t->post = strcmp(r->method, "POST") == 0;
    t->used = false;
    t->started = clock_wall(clock_system());
    t->begun = clock_boot(clock_system());
    t->done = r->done;
    t->arg = r->arg;
    answer_reset(&t->answer);
    buf_reset(&t->form);
    t->read = r->read;
    t->read_arg = r->read_arg;
    t->read_len = r->read_len;
    t->take = r->take;
    t->body_max = r->body_max;
    t->redirects = r->redirects;
    t->head_only = strcmp(r->method, "HEAD") == 0;
    t->foreign = r->foreign;
    t->direct = r->direct;
    t->keep_head = r->keep_head;
    t->took_enough = false;
    buf_reset(&t->head);

    enum nt_status status = makes_sense(r) ? NT_OK : NT_EINVAL;
    if (!status)
        status = inspect_url(t, r->url);
    if (!status && t->post && r->form_len)
        status = buf_add(&t->form, r->form, r->form_len);
    if (!status)
        status = configure(t, r);
    t->resolved = !transfer_uses_addresses(t);
    return status;
}

void transfer_finished(struct transfer *t)
{
    /* The handle still points at the list. */
    curl_easy_setopt(t->easy, CURLOPT_RESOLVE, NULL);
    curl_slist_free_all(t->addresses);
    t->addresses = NULL;
}

static bool is_trust_failure(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return true;
    default:
        return false;
    }
}

static bool needs_admin(const struct transfer *t, CURLcode code)
{
    long proxy_status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    return is_trust_failure(code) || code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_COULDNT_RESOLVE_PROXY || (proxy_status >= 400 && proxy_status < 500);
}

static bool was_used(const struct transfer *t)
{
#if LIBCURL_VERSION_NUM < 0x075000
    long sent = 0;
    double ready = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME, &ready);
    if (sent > 0 || ready > 0)
        return true;
#endif
    return t->used || t->form_read;
}

/* A dead name server is one piece of news, however many requests meet it. */
static void complain(const struct transfer *t)
{
    int64_t now = clock_boot(clock_system());
    if (t->http->complained && now - t->http->complained < COMPLAIN_EVERY)
        return;
    t->http->complained = now;
    log_warning("cannot resolve %s; using its last good addresses", t->host);
}

bool transfer_use_addresses(struct transfer *t)
{
    if (!transfer_uses_addresses(t) || t->addresses)
        return false;
    bool ok = false;
    struct buf entry;
    buf_init(&entry, 1024);
    /* "+" lets the entry age like one that was looked up. */
    buf_addf(&entry, "+%s:%d:", t->host, t->port);
    size_t before = entry.len;
    if (addresses_find(&t->http->addresses, t->host, t->port, &entry) == NT_OK && entry.len > before)
        t->addresses = curl_slist_append(NULL, buf_text(&entry));
    buf_clean(&entry);
    if (t->addresses) {
        complain(t);
        SET(t, CURLOPT_RESOLVE, t->addresses);
        ok = t->setup == CURLE_OK;
    }
    t->resolved = true;
    return ok;
}

static void forget_answer(struct transfer *t)
{
    t->error[0] = '\0';
    answer_reset(&t->answer);
}

/* libcurl would take our headers along to wherever it is sent, so it is not left to it. */
bool transfer_redirect(struct transfer *t)
{
    long status = 0;
    char *to = NULL, host[URL_HOST];
    int port = t->port;
    bool secure = t->secure;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (t->redirects <= 0 || t->post || t->read ||
        (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) ||
        curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to) != CURLE_OK || !to)
        return false;
    memcpy(host, t->host, sizeof host);
    if (inspect_url(t, to) != NT_OK || (secure && !t->secure)) {
        t->secure = secure;
        return false;
    }
    t->redirects--;
    if (strcasecmp(host, t->host) != 0 || port != t->port || secure != t->secure)
        SET(t, CURLOPT_HTTPHEADER, t->http->headers);
    SET(t, CURLOPT_URL, to);
    configure_protocol(t);
    if (t->secure)
        configure_trust(t);
    if (t->setup != CURLE_OK)
        return false;
    t->used = false;
    forget_answer(t);
    return true;
}

bool transfer_amend(struct transfer *t, CURLcode code)
{
    if (code == CURLE_OK || was_used(t))
        return false;
    bool amended = false;
    if (is_trust_failure(code) && t->secure && !t->whole_trust) {
        (void)trust_widen(&t->http->trust); /* another transfer may have done so */
        configure_trust(t);
        amended = t->setup == CURLE_OK;
    } else if (code == CURLE_COULDNT_RESOLVE_HOST) {
        amended = transfer_use_addresses(t);
    }
    if (amended)
        forget_answer(t);
    return amended;
}

/* Words for what libcurl has none or misleading ones for. */
static const char *error_words(const struct transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_ABORTED_BY_CALLBACK:
        return "the connection was closed before an answer came";
    case CURLE_WRITE_ERROR:
        return t->took_enough ? "the rest was not wanted" : "the answer is too large";
    default:
        return t->error[0] ? t->error : curl_easy_strerror(code);
    }
}

static void note_address(struct transfer *t)
{
    char *ip = NULL;
    if (transfer_uses_addresses(t) && curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip)
        addresses_note(&t->http->addresses, t->host, t->port, ip);
}

void transfer_result(struct transfer *t, CURLcode code, struct http_result *out)
{
    *out = (struct http_result){
        .end = code == CURLE_OK ? HTTP_ANSWERED
               : was_used(t)    ? HTTP_UNKNOWN
                                : HTTP_NEVER_SENT,
        .body = buf_text(&t->answer.body),
        .body_len = t->answer.body.len,
        .retry_after = t->answer.retry_after,
        .request_id = t->answer.request_id,
        .error = "",
        .started = t->started,
        .head = buf_text(&t->head),
    };
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &out->status);
    if (code == CURLE_OK) {
        note_address(t);
        return;
    }
    out->error = error_words(t, code);
    out->trust = out->end == HTTP_NEVER_SENT && needs_admin(t, code);
}

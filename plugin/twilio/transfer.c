/*
 * transfer: one request as libcurl sees it, from where it goes to the meaning of its end. Its options are
 * transfer_setup.c's.
 *
 * What certainly did not leave is known from transfer_setup.c's before_request(), which libcurl calls when the
 * connection stands and the first byte is about to be written.
 *
 * Two repetitions are ours, both of requests that were never sent: with the whole list of certificates (trust.c), and
 * with the last good addresses (addresses.c) when the name cannot be resolved. Each is made once.
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

enum { COMPLAIN_EVERY = 60 * 1000, FORM_MAX = 1 << 20 };

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
        transfer_configure_once(t);
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
    t->timeout = r->timeout > 0 ? r->timeout : t->http->timeout;
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
        status = transfer_configure(t, r);
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
        TRANSFER_SET(t, CURLOPT_RESOLVE, t->addresses);
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

/* Where it goes now, from `host` and the others. False: nowhere. */
static bool lead_to(struct transfer *t, const char *to, const char *host, int port, bool secure)
{
    if (inspect_url(t, to) != NT_OK || (secure && !t->secure))
        return false;
    t->redirects--;
    if (strcasecmp(host, t->host) != 0 || port != t->port || secure != t->secure)
        TRANSFER_SET(t, CURLOPT_HTTPHEADER, t->http->headers);
    TRANSFER_SET(t, CURLOPT_URL, to);
    transfer_configure_protocol(t);
    if (t->secure)
        transfer_configure_trust(t);
    return t->setup == CURLE_OK;
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
    if (!lead_to(t, to, host, port, secure)) {
        /* The answer is still that of who gave it; so is the address that it is noted with. */
        memcpy(t->host, host, sizeof host);
        t->port = port;
        t->secure = secure;
        return false;
    }
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
        transfer_configure_trust(t);
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

/*
 * http: many requests at once over libcurl's multi interface, driven by one epoll.
 *
 * A struct http owns its transfers (transfer.c). One is on the active list from http_start() to its callback, then in a
 * pool for the next request, so that handles and buffers are made once. Callbacks run from collect() and late_turn()
 * alone, never inside libcurl, so they may start new requests; they must not free the http.
 *
 * DIAGNOSTICS: NT_ENOMEM; NT_EINVAL for a request or a proxy that makes no sense; NT_EIO when the event loop breaks.
 * How a request ended is in its result, never in a status.
 */
#include "twilio/http.h"

#include "base/clock.h"
#include "base/mem.h"
#include "twilio/http_private.h"
#include "twilio/sigpipe.h"

#include <string.h>

static int64_t boot_now(void)
{
    return clock_boot(clock_system());
}

/* What libcurl asks of the loop. */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    (void)socket_arg;
    struct http *h = arg;
    if (what == CURL_POLL_REMOVE)
        poller_forget(&h->poller, fd);
    else if (poller_watch(&h->poller, fd, what & CURL_POLL_IN, what & CURL_POLL_OUT) != NT_OK)
        return -1;
    return 0;
}

static int set_timer(CURLM *multi, long timeout, void *arg)
{
    (void)multi;
    struct http *h = arg;
    h->timer = timeout < 0 ? -1 : boot_now() + timeout;
    return 0;
}

/* A multi handle with our callbacks; NULL = no memory. */
static CURLM *multi_new(struct http *h)
{
    CURLM *multi = curl_multi_init();
    if (!multi)
        return NULL;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)h->connections);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)h->connections);
    return multi;
}

/* Requests. */

static void link_active(struct transfer *t)
{
    struct http *h = t->http;
    t->prev = NULL;
    t->next = h->active;
    if (h->active)
        h->active->prev = t;
    h->active = t;
    h->active_n++;
}

static void unlink_active(struct transfer *t)
{
    struct http *h = t->http;
    if (t->prev)
        t->prev->next = t->next;
    else
        h->active = t->next;
    if (t->next)
        t->next->prev = t->prev;
    h->active_n--;
}

static void to_pool(struct transfer *t)
{
    struct http *h = t->http;
    transfer_finished(t);
    t->next = h->pool;
    h->pool = t;
}

enum nt_status http_start(struct http *h, const struct http_request *r)
{
    struct transfer *t = h->pool;
    if (t)
        h->pool = t->next;
    else if (!(t = transfer_new(h)))
        return NT_ENOMEM;
    enum nt_status status = transfer_prepare(t, r);
    if (!status) {
        struct sigpipe guard;
        sigpipe_hold(&guard); /* it may close aged connections */
        if (!late_begin(t))
            status = NT_ENOMEM;
        sigpipe_release(&guard);
    }
    if (status) {
        to_pool(t);
        return status;
    }
    link_active(t);
    return NT_OK;
}

static bool is_unsent(const struct transfer *t)
{
    return !t->used && !t->form_read;
}

int http_unsent(const struct http *h)
{
    int n = 0;
    for (const struct transfer *t = h->active; t; t = t->next)
        n += is_unsent(t);
    return n;
}

bool http_unsent_of(const struct http *h, const void *arg)
{
    for (const struct transfer *t = h->active; t; t = t->next)
        if (t->arg == arg)
            return is_unsent(t);
    return false;
}

static void cancel(struct transfer *t)
{
    struct sigpipe guard;
    sigpipe_hold(&guard);
    curl_multi_remove_handle(t->http->multi, t->easy);
    sigpipe_release(&guard);
    unlink_active(t);
    to_pool(t);
}

void http_cancel(struct http *h, const void *arg)
{
    for (struct transfer *t = h->active; t; t = t->next)
        if (t->arg == arg) {
            cancel(t);
            return;
        }
}

int http_fd(const struct http *h)
{
    return h->poller.epoll;
}

/* Lowers a waiting time (-1: for ever) to what is left until then (-1: never). */
static void wait_until(int64_t *wait, int64_t then, int64_t now)
{
    int64_t left = then > now ? then - now : 0;
    if (then >= 0 && (*wait < 0 || left < *wait))
        *wait = left;
}

int64_t http_next(const struct http *h)
{
    int64_t now = boot_now(), next = -1;
    wait_until(&next, h->timer, now);
    wait_until(&next, late_next(h), now);
    return next;
}

int http_active(const struct http *h)
{
    return h->active_n;
}

void http_finish(struct transfer *t, CURLcode code)
{
    struct http_result r;
    transfer_result(t, code, &r);
    unlink_active(t);
    t->done(t->arg, &r);
    to_pool(t);
}

/* Hands over what has ended; how many. */
static int collect(struct http *h)
{
    int finished = 0, left;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(h->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        struct transfer *t = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(h->multi, easy);
        bool once_more = code == CURLE_OK ? transfer_redirect(t) : transfer_amend(t, code);
        if (once_more && late_begin(t))
            continue;
        /* The answer that led elsewhere is gone. */
        http_finish(t, once_more && code == CURLE_OK ? CURLE_OUT_OF_MEMORY : code);
        finished++;
    }
    if (finished)
        addresses_save(&h->addresses, clock_wall(clock_system()));
    return finished;
}

/* The loop. */

static enum nt_status run(struct http *h, const int *fds, bool *ready, int n, int64_t timeout)
{
    int64_t start = boot_now(), now = start;
    for (;;) {
        int running;
        if (h->timer >= 0 && h->timer <= now) {
            h->timer = -1;
            if (curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_ABORTED_BY_CALLBACK)
                return NT_EIO;
        }
        int finished = late_turn(h, now);
        finished += collect(h);

        int64_t wait = timeout < 0 ? -1 : timeout - (now - start);
        if (finished || (timeout >= 0 && wait < 0))
            wait = 0;
        wait_until(&wait, h->timer, now);
        wait_until(&wait, late_next(h), now);

        struct poller_event events[POLLER_EVENTS];
        int events_n;
        bool woken;
        enum nt_status status = poller_wait(&h->poller, fds, ready, n, wait, events, &events_n, &woken);
        if (status)
            return status;
        for (int i = 0; i < events_n; i++) {
            int what = (events[i].readable ? CURL_CSELECT_IN : 0) | (events[i].writable ? CURL_CSELECT_OUT : 0) |
                       (events[i].error ? CURL_CSELECT_ERR : 0);
            if (curl_multi_socket_action(h->multi, events[i].fd, what, &running) == CURLM_ABORTED_BY_CALLBACK)
                return NT_EIO; /* watch_socket() has refused one: libcurl is done with all */
        }
        finished += collect(h);
        now = boot_now();
        if (finished || woken || (timeout >= 0 && now - start >= timeout))
            return NT_OK;
    }
}

enum nt_status http_run(struct http *h, const int *fds, bool *ready, int n, int64_t timeout)
{
    struct sigpipe guard;
    sigpipe_hold(&guard);
    enum nt_status status = run(h, fds, ready, n, timeout);
    sigpipe_release(&guard);
    return status;
}

/* "http://user:password@host:port": libcurl gets the credentials apart, because it quotes the rest in its messages. */
static enum nt_status set_proxy(struct http *h, const char *proxy)
{
    enum nt_status status = NT_OK;
    struct url url = {0};
    struct buf address;
    buf_init(&address, URL_LENGTH);
    if (*proxy) {
        if (!strstr(proxy, "://"))
            buf_adds(&address, "http://");
        status = buf_adds(&address, proxy);
        if (!status)
            status = url_parse(buf_text(&address), &url);
        buf_reset(&address);
        if (!status)
            status = buf_addf(&address, "%s://%s", url.scheme, url.host);
        if (!status && url.port)
            status = buf_addf(&address, ":%d", url.port);
    }
    if (!status) {
        h->proxy = mem_strdup(buf_text(&address));
        h->proxy_user = mem_strdup(url.user);
        h->proxy_password = mem_strdup(url.password);
        if (!h->proxy || !h->proxy_user || !h->proxy_password)
            status = NT_ENOMEM;
    }
    buf_clean(&address);
    explicit_bzero(&url, sizeof url);
    return status;
}

enum nt_status http_new(const struct http_options *o, struct http **out)
{
    *out = NULL;
    enum nt_status status = http_library_load();
    if (status)
        return status;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NT_ENOMEM;
    struct http *h = mem_zalloc(sizeof *h);
    if (!h) {
        curl_global_cleanup();
        return NT_ENOMEM;
    }
    h->poller = (struct poller){.epoll = -1};
    h->timer = -1;
    h->connections = o->connections > 0 ? o->connections : 1;
    h->connect_timeout = o->connect_timeout > 0 ? o->connect_timeout : 5000;
    h->timeout = o->timeout > 0 ? o->timeout : 30000;
    late_init(h);

    const curl_version_info_data *library = curl_version_info(CURLVERSION_NOW);
    status = trust_init(&h->trust, library->capath, library->cainfo, o->ca_file);
    if (!status)
        status = addresses_init(&h->addresses, o->address_cache);
    if (!status)
        status = set_proxy(h, o->proxy ? o->proxy : "");
    if (!status)
        status = poller_init(&h->poller);
    if (!status) {
        h->user_agent = mem_strdup(o->user_agent && *o->user_agent ? o->user_agent : "notify_twilio");
        /* An empty header is none: a body of a few hundred bytes is not worth asking leave for. */
        h->headers = curl_slist_append(NULL, "Expect:");
        h->multi = multi_new(h);
        if (!h->user_agent || !h->headers || !h->multi)
            status = NT_ENOMEM;
    }
    if (status) {
        http_free(h);
        return status;
    }
    *out = h;
    return NT_OK;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    struct sigpipe guard;
    sigpipe_hold(&guard); /* TLS connections say farewell */
    struct transfer *t, *next;
    for (t = h->active; t; t = next) {
        next = t->next;
        curl_multi_remove_handle(h->multi, t->easy);
        transfer_free(t);
    }
    for (t = h->pool; t; t = next) {
        next = t->next;
        transfer_free(t);
    }
    if (h->multi)
        curl_multi_cleanup(h->multi);
    sigpipe_release(&guard);
    if (h->addresses.path)
        addresses_save(&h->addresses, clock_wall(clock_system()));
    addresses_clean(&h->addresses);
    trust_clean(&h->trust);
    poller_clean(&h->poller);
    curl_slist_free_all(h->headers);
    mem_free(h->proxy);
    mem_free(h->proxy_user);
    if (h->proxy_password)
        explicit_bzero(h->proxy_password, strlen(h->proxy_password));
    mem_free(h->proxy_password);
    mem_free(h->user_agent);
    mem_free(h);
    curl_global_cleanup();
}

/*
 * source_url: a picture from a web server (Grafana, Graphite, PNP4Nagios, …).
 *
 * The address is a template; what it is filled with should go through the filter `url`, and an address that is none
 * afterwards is not asked. Redirects are followed a few times.
 *
 * DIAGNOSTICS: an answer other than 2xx, a header file that cannot be read, and whatever the transport says.
 */
#include "media/source.h"

#include <string.h>

struct url_source {
    struct source source;
    struct transport_call *call;
};

static bool take(void *arg, const char *data, size_t len)
{
    return source_take(arg, data, len);
}

static void answered(void *arg, const struct transport_result *r)
{
    struct url_source *u = arg;
    struct source *s = &u->source;
    char words[MEDIA_WHY];
    u->call = NULL;
    if (!*s->why && (!r->answered || r->status < 200 || r->status > 299)) {
        transport_words(r, words, sizeof words);
        source_fail(s, "%s", words);
    }
    source_end(s, *s->why ? s->why : NULL);
}

static enum nt_status start(struct source *s, source_expand *expand, void *arg)
{
    struct url_source *u = (struct url_source *)s;
    const struct config_graph *g = s->graph;
    struct transport *t = s->env->transport;
    struct buf url;
    struct strlist headers;
    buf_init(&url, TRANSPORT_URL_MAX);
    strlist_init(&headers);
    enum nt_status st = source_text(s, expand, arg, "url", g->url, &url);
    if (st == NT_OK && !transport_url_ok(buf_text(&url))) {
        source_fail(s, "the address is none; do its fields go through the filter url?");
        st = NT_EINVAL;
    }
    for (size_t i = 0; st == NT_OK && i < g->headers.n; i++)
        st = strlist_add(&headers, g->headers.item[i]);
    if (st == NT_OK && *g->header_file) {
        st = transport_header_file(g->header_file, &headers);
        if (st != NT_OK)
            source_fail(s, "header_file %s: %s", g->header_file,
                        st == NT_EINVAL ? "there is a line that is no header" : nt_status_text(st));
    }
    if (st == NT_OK) {
        const struct transport_request r = {.method = "GET",
                                            .url = buf_text(&url),
                                            .headers = &headers,
                                            .redirects = TRANSPORT_REDIRECTS,
                                            .take = take,
                                            .done = answered,
                                            .arg = u};
        st = t->ops->start(t, &r, &u->call);
    }
    for (size_t i = 0; i < headers.n; i++)
        explicit_bzero(headers.item[i], strlen(headers.item[i]));
    strlist_clean(&headers);
    buf_clean(&url);
    return st;
}

static void clean(struct source *s)
{
    struct url_source *u = (struct url_source *)s;
    if (u->call)
        s->env->transport->ops->cancel(s->env->transport, u->call);
}

const struct source_ops source_url = {.name = "url", .size = sizeof(struct url_source), .start = start, .clean = clean};

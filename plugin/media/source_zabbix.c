/*
 * source_zabbix: the chart of an item, as the frontend of Zabbix draws it.
 *
 * chart.php knows sessions, not API tokens: so this logs in as a person does, by the form of index.php, and keeps the
 * cookies in the state folder (0600), so that the next alert need not. A session ends without notice, and the frontend
 * then answers with its login page, or a redirect to it, instead of a picture: it logs in once more, and only once.
 * What Zabbix refuses to show it writes into a picture of one line of red words: such a one is not as high as a chart.
 *
 * DIAGNOSTICS: an item that is no number, a login that is refused, a chart that is none. A session that cannot be kept
 * is logged at debug level: it only costs time.
 */
#include "media/source.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COOKIES_MAX = 8192, FORM_MAX = 4096, WIDTH = 600, HEIGHT = 200 };

struct zabbix_source {
    struct source source;
    struct transport_call *call;
    struct buf item;
    struct buf cookies; /* "a=b; c=d", "" none yet */
    bool logged_in;     /* in this run: it is not tried again */
};

static void ask_chart(struct zabbix_source *z);

/* The session's file; NULL: it is not kept. */
static char *session_path(const struct source *s)
{
    const struct config_zabbix_graph *g = &s->graph->zabbix;
    struct buf path;
    buf_init(&path, 4096);
    if (*s->env->state_dir)
        buf_addf(&path, "%s/zabbix-session-%016llx", s->env->state_dir,
                 (unsigned long long)(hash_text(g->url) ^ hash_text(g->user) * 31));
    char *out = path.len ? buf_steal(&path) : NULL;
    buf_clean(&path);
    return out;
}

/* A cookie's value may not end the line that it travels in. */
static bool is_line(const struct buf *b)
{
    for (size_t i = 0; i < b->len; i++)
        if ((unsigned char)b->data[i] < ' ' || (unsigned char)b->data[i] >= 0x7f)
            return false;
    return true;
}

static void recall_session(struct zabbix_source *z)
{
    char *path = session_path(&z->source);
    if (path && (file_read(path, &z->cookies, NULL) != NT_OK || !is_line(&z->cookies)))
        buf_reset(&z->cookies);
    mem_free(path);
}

static void keep_session(const struct zabbix_source *z)
{
    char *path = session_path(&z->source);
    if (path && file_replace(path, buf_text(&z->cookies), z->cookies.len, 0600) != NT_OK)
        log_debug("the session of Zabbix cannot be kept in %s: %s", path, strerror(errno));
    mem_free(path);
}

/* Takes a cookie of that name out, so that a later one counts. */
static void drop_cookie(struct buf *cookies, const char *name, size_t len)
{
    for (char *at = cookies->data; at && *at;) {
        char *end = strstr(at, "; ");
        if (!strncmp(at, name, len) && at[len] == '=') {
            char *rest = end ? end + 2 : at + strlen(at);
            memmove(at, rest, strlen(rest) + 1);
            buf_truncate(cookies, strlen(cookies->data));
            continue;
        }
        at = end ? end + 2 : at + strlen(at);
    }
    if (cookies->len >= 2 && !strcmp(buf_text(cookies) + cookies->len - 2, "; "))
        buf_truncate(cookies, cookies->len - 2);
}

/* Each "Set-Cookie: name=value; …"; a later one of the same name counts. */
static void take_cookies(struct zabbix_source *z, const char *head)
{
    static const char name[] = "Set-Cookie:";
    buf_reset(&z->cookies);
    for (const char *line = head, *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if (strncasecmp(line, name, sizeof name - 1) != 0)
            continue;
        const char *from = line + sizeof name - 1;
        from += strspn(from, " \t");
        size_t len = strcspn(from, ";\r\n"), key = strcspn(from, "=");
        if (!key || key >= len)
            continue;
        drop_cookie(&z->cookies, from, key);
        if (len - key == 8 && !strncmp(from + key, "=deleted", 8))
            continue;
        buf_addf(&z->cookies, "%s%.*s", z->cookies.len ? "; " : "", (int)len, from);
    }
    if (buf_status(&z->cookies) != NT_OK || !is_line(&z->cookies))
        buf_reset(&z->cookies);
}

static void add_encoded(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-._~", c))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

/* "https://zabbix.example.org/" or without its slash, or even with index.php. */
static void add_page(struct buf *out, const char *base, const char *page)
{
    size_t len = strcspn(base, "?#");
    static const char index[] = "index.php";
    if (len >= sizeof index - 1 && !strncmp(base + len - (sizeof index - 1), index, sizeof index - 1))
        len -= sizeof index - 1;
    while (len && base[len - 1] == '/')
        len--;
    buf_addf(out, "%.*s/%s", (int)len, base, page);
}

static void give_up(struct zabbix_source *z, const char *why)
{
    source_fail(&z->source, "%s", why);
    source_end(&z->source, z->source.why);
}

static void logged_in(void *arg, const struct transport_result *r)
{
    struct zabbix_source *z = arg;
    char words[MEDIA_WHY];
    z->call = NULL;
    if (r->answered && (r->status == 302 || r->status == 303)) {
        take_cookies(z, r->head);
        if (z->cookies.len) {
            keep_session(z);
            ask_chart(z);
            return;
        }
    }
    if (r->answered && r->status == 200) /* the form again, with a complaint in it */
        snprintf(words, sizeof words, "Zabbix refuses the login of %s", z->source.graph->zabbix.user);
    else {
        char how[MEDIA_WHY / 2];
        transport_words(r, how, sizeof how);
        snprintf(words, sizeof words, "the login at Zabbix failed: %s", how);
    }
    give_up(z, words);
}

static void log_in(struct zabbix_source *z)
{
    const struct config_zabbix_graph *g = &z->source.graph->zabbix;
    struct transport *t = z->source.env->transport;
    struct buf url, form;
    buf_init(&url, TRANSPORT_URL_MAX);
    buf_init(&form, FORM_MAX);
    z->logged_in = true;
    add_page(&url, g->url, "index.php");
    buf_adds(&form, "name=");
    add_encoded(&form, g->user);
    buf_adds(&form, "&password=");
    add_encoded(&form, g->password);
    buf_adds(&form, "&autologin=1&enter=Sign%20in");
    enum nt_status st = buf_status(&url) == NT_OK ? buf_status(&form) : buf_status(&url);
    if (st == NT_OK) {
        const struct transport_request r = {.method = "POST",
                                            .url = buf_text(&url),
                                            .form = buf_text(&form),
                                            .form_len = form.len,
                                            .done = logged_in,
                                            .arg = z};
        st = t->ops->start(t, &r, &z->call);
    }
    if (form.data)
        explicit_bzero(form.data, form.len);
    buf_clean(&form);
    buf_clean(&url);
    if (st != NT_OK)
        give_up(z, nt_status_text(st));
}

static bool take(void *arg, const char *data, size_t len)
{
    return source_take(arg, data, len);
}

/* A PNG's height stands in its bytes 20 to 23. */
static bool is_chart(const struct picture *p)
{
    unsigned char height[4];
    if (p->kind != PICTURE_PNG)
        return true;
    return picture_read(p, 20, height, sizeof height) == sizeof height &&
           (height[0] || height[1] || height[2] * 256 + height[3] >= HEIGHT);
}

static void answered(void *arg, const struct transport_result *r)
{
    struct zabbix_source *z = arg;
    struct source *s = &z->source;
    char words[MEDIA_WHY];
    z->call = NULL;
    bool good = r->answered && r->status == 200 && !*s->why;
    bool words_only = false;
    if (good && s->picture->len && picture_finish(s->picture) == NT_OK) {
        words_only = !is_chart(s->picture);
        if (!words_only) {
            source_end(s, NULL);
            return;
        }
    }
    /* a page of HTML in its place is how a session's end looks */
    bool no_picture = r->answered ? r->status < 500 : *s->picture->why && s->picture->kind == PICTURE_NONE;
    if (!z->logged_in && no_picture) {
        size_t max = s->picture->max;
        picture_clean(s->picture);
        s->picture->max = max;
        *s->why = '\0';
        buf_reset(&z->cookies);
        log_in(z);
        return;
    }
    if (words_only)
        source_fail(s, "Zabbix draws no chart of item %s: may %s see it?", buf_text(&z->item), s->graph->zabbix.user);
    if (!*s->why && *s->picture->why)
        source_fail(s, "%s", s->picture->why);
    transport_words(r, words, sizeof words);
    give_up(z, words);
}

static void ask_chart(struct zabbix_source *z)
{
    struct transport *t = z->source.env->transport;
    struct buf url, cookie;
    struct strlist headers;
    strlist_init(&headers);
    buf_init(&url, TRANSPORT_URL_MAX);
    buf_init(&cookie, COOKIES_MAX + 16);
    add_page(&url, z->source.graph->zabbix.url, "chart.php");
    buf_addf(&url, "?from=now-1h&to=now&itemids%%5B0%%5D=%s&type=0&profileIdx=web.item.graph.filter&width=%d&height=%d",
             buf_text(&z->item), WIDTH, HEIGHT);
    buf_addf(&cookie, "Cookie: %s", buf_text(&z->cookies));
    enum nt_status st = buf_status(&url) == NT_OK ? buf_status(&cookie) : buf_status(&url);
    if (st == NT_OK)
        st = strlist_add(&headers, buf_text(&cookie));
    if (st == NT_OK) {
        const struct transport_request r = {
            .method = "GET", .url = buf_text(&url), .headers = &headers, .take = take, .done = answered, .arg = z};
        st = t->ops->start(t, &r, &z->call);
    }
    strlist_clean(&headers);
    buf_clean(&cookie);
    buf_clean(&url);
    if (st != NT_OK)
        give_up(z, nt_status_text(st));
}

static enum nt_status start(struct source *s, source_expand *expand, void *arg)
{
    struct zabbix_source *z = (struct zabbix_source *)s;
    buf_init(&z->item, 32);
    buf_init(&z->cookies, COOKIES_MAX);
    enum nt_status st = source_text(s, expand, arg, "item", s->graph->zabbix.item, &z->item);
    if (st != NT_OK)
        return st;
    const char *item = buf_text(&z->item);
    if (!*item || strspn(item, "0123456789") != z->item.len) {
        source_fail(s, "the alert has no number of an item (item: %s)", s->graph->zabbix.item);
        return NT_EINVAL;
    }
    if (!transport_url_ok(s->graph->zabbix.url)) {
        source_fail(s, "the address of Zabbix is none");
        return NT_EINVAL;
    }
    recall_session(z);
    if (z->cookies.len)
        ask_chart(z);
    else
        log_in(z);
    return NT_OK;
}

static void clean(struct source *s)
{
    struct zabbix_source *z = (struct zabbix_source *)s;
    if (z->call)
        s->env->transport->ops->cancel(s->env->transport, z->call);
    buf_clean(&z->item);
    if (z->cookies.data)
        explicit_bzero(z->cookies.data, z->cookies.len);
    buf_clean(&z->cookies);
}

const struct source_ops source_zabbix = {
    .name = "zabbix", .size = sizeof(struct zabbix_source), .start = start, .clean = clean};

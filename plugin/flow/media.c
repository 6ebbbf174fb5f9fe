/*
 * media: pictures travel only to numbers in media_prefixes (carriers elsewhere refuse MMS); the others get the text,
 * with the link when it fits.
 *
 * A page that is to have pictures is stored with their names in its media, and waits: it is due when their time is up.
 * Whoever drains then gets them, and media_settle() puts the addresses in.
 */
#include "flow/media.h"

#include "base/mem.h"
#include "media/publisher.h"
#include "sms/segment.h"

#include <string.h>

enum { WITH_LINK_MAX = 8192, BODY_CHARACTERS = 1600 };

/* Numbers of nobody, as in previews, may have everything. */
static bool may_have_media(const struct config *c, const char *number)
{
    for (size_t i = 0; i < c->media_prefixes.n; i++)
        if (!strncmp(number, c->media_prefixes.item[i], strlen(c->media_prefixes.item[i])))
            return true;
    return !*number;
}

static bool has_event(const struct config_graph *g, const struct alert *a)
{
    if (!g->when.n)
        return a->event == EVENT_PROBLEM && a->class == CLASS_URGENT;
    return strlist_has(&g->when, alert_event_name(a->event)) || strlist_has(&g->when, alert_class_name(a->class));
}

static const struct config_graph *graph_called(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->graphs; i++)
        if (!strcmp(c->graph[i].name, name))
            return &c->graph[i];
    return NULL;
}

enum nt_status media_graphs(const struct config *c, const struct order *order, const struct alert *alert,
                            struct strlist *out, struct buf *notes)
{
    enum nt_status st = NT_OK;
    for (size_t i = 0; st == NT_OK && i < order->graphs.n; i++) {
        const char *name = order->graphs.item[i];
        const struct config_graph *g = graph_called(c, name);
        if (!g)
            buf_addf(notes, "there is no graph '%s': the text goes without it\n", name);
        else if ((alert->event == EVENT_TEST || has_event(g, alert)) && order->media.n + out->n < ORDER_MEDIA_MAX)
            st = strlist_add(out, name);
    }
    for (size_t i = 0; st == NT_OK && !order->graphs.n && i < c->graphs; i++)
        if (c->graph[i].when.n && has_event(&c->graph[i], alert) && order->media.n + out->n < ORDER_MEDIA_MAX)
            st = strlist_add(out, c->graph[i].name);
    return st;
}

/* Makes the text with the link, if it fits whole; *fits tells. */
static enum nt_status with_link(const struct config *c, const struct page *p, const char *link, struct buf *text,
                                int *segments, bool *fits)
{
    int limit = p->max_segments > 0 ? p->max_segments : c->message.max_segments;
    *fits = false;
    if (buf_addf(text, "%s\n%s", p->body, link) != NT_OK)
        return buf_status(text) == NT_ENOMEM ? NT_ENOMEM : NT_OK;
    struct sms_count count = sms_count(buf_text(text), text->len);
    *segments = count.segments;
    *fits = count.segments <= limit && text->len <= BODY_CHARACTERS &&
            count.encoding == (p->flags & PAGE_UCS2 ? SMS_UCS2 : SMS_GSM7);
    return NT_OK;
}

/* Would an address of the first publisher fit? An address of the expected length stands in for it. */
static enum nt_status link_would_fit(const struct config *c, const struct page *p, bool *fits)
{
    char link[PUBLISH_LINK_MAX + 1];
    struct buf text;
    int segments;
    *fits = false;
    if (!c->publishes)
        return NT_OK;
    size_t len = publish_link_len(&c->publish[0]);
    if (!len || len > PUBLISH_LINK_MAX)
        return NT_OK;
    memset(link, 'x', len);
    link[len] = '\0';
    buf_init(&text, WITH_LINK_MAX);
    enum nt_status st = with_link(c, p, link, &text, &segments, fits);
    buf_clean(&text);
    return st;
}

static enum nt_status put_link(const struct config *c, struct page *p, const char *link)
{
    struct buf text;
    int segments;
    bool fits;
    buf_init(&text, WITH_LINK_MAX);
    enum nt_status st = with_link(c, p, link, &text, &segments, &fits);
    if (st == NT_OK && fits && (st = page_set(&p->body, buf_text(&text))) == NT_OK) {
        p->segments = segments;
        p->flags |= PAGE_LINKED;
    }
    buf_clean(&text);
    return st;
}

/* Instead of pictures. */
static enum nt_status link_first(const struct config *c, struct page *p)
{
    enum nt_status st = put_link(c, p, p->media.item[0]);
    strlist_clean(&p->media);
    return st;
}

enum nt_status media_relink(const struct config *c, struct page *p, const char *before)
{
    const char *link = p->flags & PAGE_LINKED ? strrchr(before, '\n') : NULL;
    p->flags &= ~(unsigned)PAGE_LINKED;
    return link ? put_link(c, p, link + 1) : NT_OK;
}

enum nt_status media_limit(const struct config *c, struct page *p, const struct strlist *graphs)
{
    bool may = may_have_media(c, p->number), wanted = may;
    enum nt_status st = NT_OK;
    if (p->media.n && !may)
        return link_first(c, p);
    if (!graphs->n)
        return NT_OK;
    if (!may && (st = link_would_fit(c, p, &wanted)) != NT_OK)
        return st;
    for (size_t i = 0; wanted && i < graphs->n; i++) {
        struct buf name;
        buf_init(&name, 512);
        st = buf_addf(&name, PAGE_GRAPH "%s", graphs->item[i]);
        if (st == NT_OK)
            st = strlist_add(&p->media, buf_text(&name));
        buf_clean(&name);
        if (st != NT_OK)
            return st;
    }
    if (wanted) {
        p->flags |= PAGE_PICTURE;
        p->due = p->created + MEDIA_DEADLINE;
    }
    return NT_OK;
}

static bool is_name(const char *media)
{
    return !strncmp(media, PAGE_GRAPH, sizeof PAGE_GRAPH - 1);
}

void media_forget(struct page *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->media.n; i++) {
        char *media = p->media.item[i];
        p->media.item[i] = NULL;
        if (is_name(media))
            mem_free(media);
        else
            p->media.item[n++] = media;
    }
    p->media.n = n;
    p->flags &= ~(unsigned)PAGE_PICTURE;
}

enum nt_status media_settle(const struct config *c, struct page *p, const struct strlist *urls)
{
    enum nt_status st = NT_OK;
    media_forget(p);
    for (size_t i = 0; st == NT_OK && i < urls->n && p->media.n < ORDER_MEDIA_MAX; i++)
        st = strlist_add(&p->media, urls->item[i]);
    if (st == NT_OK && p->media.n && !may_have_media(c, p->number))
        st = link_first(c, p);
    return st;
}

bool media_travels(const struct page *p)
{
    return p->media.n && !(p->flags & (PAGE_TEXT_ONLY | PAGE_PICTURE));
}

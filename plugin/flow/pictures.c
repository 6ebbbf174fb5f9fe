/*
 * pictures: the pages that wait for pictures, and the pictures that are made for them.
 *
 * One entry is one alert: its pictures are made once, however many pages it has. An entry comes from the store alone
 * (mirror.c sees the page), so it does not matter who accepted the alert, or whether this is the process that did; it
 * begins after the commit, when the alert has been answered for. Its time counts from the acceptance. Whatever is there
 * by then, the pages get it in the next transaction, and the rest is told in their history.
 *
 * A page whose time was over before anybody drained has no entry; claim.c sends its text by pictures_give_up().
 *
 * DIAGNOSTICS: what keeps a picture away is a warning in the log and a step in the history of each page. Store errors
 * end the turn.
 */
#include "flow/engine.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "flow/darkroom.h"
#include "flow/media.h"

#include <stdio.h>
#include <string.h>

enum {
    AT_ONCE = 4,
    WHY_MAX = 32 * 1024,           /* what a job says, with wider ends of lines */
    WHY_TOLD = ENGINE_REASON - 64, /* of it in a page's history, where what became of the page comes last */
    MARGIN = 25                    /* ms before the page itself is due, so that what is there goes with it */
};

static const char too_late[] = "not there within 5 s";

struct shot {
    int64_t alert_id;
    int64_t until; /* boot ms */
    struct strlist graphs;
    struct job *job; /* NULL: not begun */
    bool over;       /* the result is there */
    bool recorded;   /* in this turn's transaction */
    struct strlist media;
    char *words;     /* what the job says of those that did not come; NULL: nothing */
    const char *why; /* static: why there are none, or not all; NULL: the words have it */
};

struct pictures {
    struct darkroom room;
    bool open;
    struct {
        struct shot **item;
        size_t n, size;
    } shots;
};

static void shot_free(struct shot *s)
{
    if (!s)
        return;
    job_free(s->job);
    strlist_clean(&s->graphs);
    strlist_clean(&s->media);
    mem_free(s->words);
    mem_free(s);
}

/* NULL: no memory. */
static struct shot *shot_new(const struct page *page, int64_t until)
{
    static const size_t prefix = sizeof PAGE_GRAPH - 1;
    struct shot *s = mem_zalloc(sizeof *s);
    enum nt_status st = s ? NT_OK : NT_ENOMEM;
    if (s)
        *s = (struct shot){.alert_id = page->alert_id, .until = until};
    for (size_t i = 0; st == NT_OK && i < page->media.n; i++)
        if (!strncmp(page->media.item[i], PAGE_GRAPH, prefix))
            st = strlist_add(&s->graphs, page->media.item[i] + prefix);
    if (st == NT_OK)
        return s;
    shot_free(s);
    return NULL;
}

static struct pictures *pictures_of(struct drainer *d)
{
    if (!d->pictures)
        d->pictures = mem_zalloc(sizeof *d->pictures);
    return d->pictures;
}

enum nt_status pictures_note(struct drainer *d, const struct page *page)
{
    int64_t left = page->created + MEDIA_DEADLINE - d->now;
    if (!(page->flags & PAGE_PICTURE) || !(PAGE_BIT(page->state) & PAGE_UNSENT) || !page->alert_id || left <= 0)
        return NT_OK;
    struct pictures *p = pictures_of(d);
    if (!p)
        return NT_ENOMEM;
    for (size_t i = 0; i < p->shots.n; i++)
        if (p->shots.item[i]->alert_id == page->alert_id)
            return NT_OK;
    struct shot *s = NULL;
    if (VECTOR_GROW(&p->shots, item))
        s = shot_new(page, d->boot + (left < MEDIA_DEADLINE ? left : MEDIA_DEADLINE) - MARGIN);
    if (!s)
        return NT_ENOMEM;
    p->shots.item[p->shots.n++] = s;
    return NT_OK;
}

/* The lines of a result as one line of history. NULL: there are none, or no memory. */
static char *one_line(const char *lines)
{
    struct buf text;
    buf_init(&text, WHY_MAX);
    for (const char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1)
        buf_addf(&text, "%s%.*s", text.len ? "; " : "", (int)(end - line), line);
    char *out = text.len ? buf_steal(&text) : NULL;
    buf_clean(&text);
    return out;
}

static void fail(struct shot *s, const char *why)
{
    s->over = true;
    s->why = why;
    log_warning("pictures of alert %lld: %s", (long long)s->alert_id, why);
}

static void made(void *arg, const struct job_result *result)
{
    struct shot *s = arg;
    s->over = true;
    s->words = one_line(result->why);
    if (s->words)
        log_warning("pictures of alert %lld: %s", (long long)s->alert_id, s->words);
    if (strlist_copy(&s->media, result->media) != NT_OK || (s->media.n < s->graphs.n && !s->words))
        fail(s, nt_status_text(NT_ENOMEM));
    char *notes = one_line(result->notes);
    if (notes)
        log_info("pictures of alert %lld: %s", (long long)s->alert_id, notes);
    mem_free(notes);
    (void)fault_point("pictures.made");
}

static void begin(struct drainer *d, struct shot *s)
{
    struct alert *alert = NULL;
    enum nt_status st = d->r->store->ops->alert_get(d->r->store, s->alert_id, &alert);
    (void)fault_point("pictures.begin");
    if (st == NT_OK && !d->pictures->open) {
        st = darkroom_open(&d->pictures->room, d->r);
        d->pictures->open = st == NT_OK;
    }
    if (st == NT_OK)
        st = darkroom_begin(&d->pictures->room, alert, &s->graphs, made, s, &s->job);
    if (st != NT_OK)
        fail(s, nt_status_text(st));
    alert_free(alert);
}

/* Who is about to go begins nothing, and waits for nothing: another one will. */
static bool is_idle(const struct drainer *d)
{
    return !pictures_busy(d) || d->leaving || (!d->starter_asked && d->o->starter->at_once);
}

void pictures_turn(struct drainer *d)
{
    struct pictures *p = d->pictures;
    size_t active = 0;
    if (is_idle(d))
        return;
    if (p->open)
        darkroom_turn(&p->room);
    for (size_t i = 0; i < p->shots.n; i++) {
        struct shot *s = p->shots.item[i];
        if (s->over)
            continue;
        if (s->job && !job_turn(s->job) && d->boot >= s->until)
            job_expire(s->job, too_late);
        else if (!s->job && d->boot >= s->until)
            fail(s, too_late);
        active += s->job && !s->over;
    }
    for (size_t i = 0; i < p->shots.n && active < AT_ONCE; i++) {
        struct shot *s = p->shots.item[i];
        if (s->job || s->over)
            continue;
        begin(d, s);
        active++;
        if (s->job)
            (void)job_turn(s->job); /* a file may be there already */
    }
}

bool pictures_news(const struct drainer *d)
{
    for (size_t i = 0; d->pictures && i < d->pictures->shots.n; i++)
        if (d->pictures->shots.item[i]->over)
            return true;
    return false;
}

bool pictures_busy(const struct drainer *d)
{
    return d->pictures && d->pictures->shots.n;
}

struct waiting {
    struct drainer *d;
    const struct shot *shot;
    enum nt_status status;
};

static enum nt_status put_in(struct drainer *d, struct page *p, const struct strlist *urls, const char *why)
{
    size_t before = urls->n;
    enum nt_status st = media_settle(d->r->config, p, urls);
    if (st != NT_OK)
        return st;
    p->due = d->now;
    if (!*why)
        return settle_save(d, p, p->state, "with %zu picture%s", before, before == 1 ? "" : "s");
    return settle_save(d, p, p->state, "%.*s; %s", WHY_TOLD, why,
                       before       ? "goes without that"
                       : p->media.n ? "goes without pictures of ours"
                                    : "the text goes alone");
}

static bool settle_page(void *arg, const struct page *page)
{
    struct waiting *w = arg;
    if (!(page->flags & PAGE_PICTURE) || !(PAGE_BIT(page->state) & PAGE_UNSENT))
        return true;
    const struct shot *s = w->shot;
    struct page *p = page_copy(page);
    w->status = p ? put_in(w->d, p, &s->media, s->why ? s->why : s->words ? s->words : "") : NT_ENOMEM;
    page_free(p);
    return w->status == NT_OK;
}

enum nt_status pictures_settle(struct drainer *d)
{
    struct store *store = d->r->store;
    enum nt_status st = NT_OK;
    for (size_t i = 0; st == NT_OK && d->pictures && i < d->pictures->shots.n; i++) {
        struct shot *s = d->pictures->shots.item[i];
        struct waiting w = {.d = d, .shot = s};
        if (!s->over)
            continue;
        st =
            store->ops->pages(store, &(struct store_query){.kind = PAGES_OF_ALERT, .id = s->alert_id}, settle_page, &w);
        if (st == NT_OK)
            st = w.status;
        s->recorded = st == NT_OK;
    }
    return st;
}

void pictures_sweep(struct drainer *d, bool committed)
{
    struct pictures *p = d->pictures;
    size_t n = 0;
    for (size_t i = 0; p && i < p->shots.n; i++) {
        struct shot *s = p->shots.item[i];
        if (s->recorded && committed) {
            shot_free(s);
            continue;
        }
        s->recorded = false;
        p->shots.item[n++] = s;
    }
    if (p)
        p->shots.n = n;
}

enum nt_status pictures_give_up(struct drainer *d, struct page *p)
{
    struct strlist none;
    strlist_init(&none);
    log_warning("page %lld to %s: its pictures are %s; the text goes alone", (long long)p->id, p->number, too_late);
    return put_in(d, p, &none, too_late);
}

int pictures_fds(const struct drainer *d, int *out)
{
    return !is_idle(d) && d->pictures->open ? darkroom_fds(&d->pictures->room, out) : 0;
}

int64_t pictures_next(const struct drainer *d)
{
    int64_t next = INT64_MAX;
    if (is_idle(d))
        return next;
    for (size_t i = 0; i < d->pictures->shots.n; i++)
        if (d->pictures->shots.item[i]->until < next)
            next = d->pictures->shots.item[i]->until;
    if (d->pictures->open) {
        int64_t wait = darkroom_next(&d->pictures->room);
        if (wait >= 0 && d->boot + wait < next)
            next = d->boot + wait;
    }
    return next;
}

void pictures_stop(struct drainer *d)
{
    struct pictures *p = d->pictures;
    for (size_t i = 0; p && i < p->shots.n; i++) {
        struct shot *s = p->shots.item[i];
        if (!s->over) {
            job_free(s->job);
            s->job = NULL;
        }
    }
    if (p && p->open)
        darkroom_close(&p->room);
    if (p)
        p->open = false;
}

void pictures_forget(struct drainer *d)
{
    struct pictures *p = d->pictures;
    for (size_t i = 0; p && i < p->shots.n; i++)
        shot_free(p->shots.item[i]);
    if (p)
        p->shots.n = 0;
}

void pictures_clean(struct drainer *d)
{
    struct pictures *p = d->pictures;
    if (!p)
        return;
    pictures_forget(d);
    pictures_stop(d);
    mem_free(p->shots.item);
    mem_free(p);
    d->pictures = NULL;
}

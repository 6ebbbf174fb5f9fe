/*
 * source: what all sources share: their beginning and their end.
 *
 * Owner of the source between source_start() and its end. The end may come from within the start, or from a callback of
 * the transport or the runner; `done` is called last, when nothing of the source is left.
 *
 * DIAGNOSTICS: whatever goes wrong is words for `done`.
 */
#include "media/source.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct source_ops *ops_of(const struct config_graph *g)
{
    switch (g->kind) {
    case CONFIG_GRAPH_URL:
        return &source_url;
    case CONFIG_GRAPH_COMMAND:
        return &source_command;
    case CONFIG_GRAPH_FILE:
        return &source_file;
    case CONFIG_GRAPH_ZABBIX:
        break;
    }
    return &source_zabbix;
}

void source_start(const struct source_request *r, struct source **out)
{
    const struct source_ops *ops = ops_of(r->graph);
    struct source *s = mem_zalloc(ops->size);
    *out = s;
    if (!s) {
        r->done(r->arg, nt_status_text(NT_ENOMEM));
        return;
    }
    s->ops = ops;
    s->env = r->env;
    s->graph = r->graph;
    s->picture = r->picture;
    s->owner = out;
    s->done = r->done;
    s->arg = r->arg;
    enum nt_status st = ops->start(s, r->expand, r->expand_arg);
    /* a source that began well may be gone by now */
    if (st != NT_OK)
        source_end(s, *s->why ? s->why : nt_status_text(st));
}

void source_cancel(struct source *s)
{
    if (!s)
        return;
    *s->owner = NULL;
    s->ops->clean(s);
    mem_free(s);
}

void source_end(struct source *s, const char *why)
{
    char words[MEDIA_WHY];
    source_done *done = s->done;
    void *arg = s->arg;
    if (!why) {
        enum nt_status st = picture_finish(s->picture);
        if (st != NT_OK)
            why = *s->picture->why ? s->picture->why : nt_status_text(st);
    }
    if (why)
        snprintf(words, sizeof words, "%s", why);
    source_cancel(s);
    done(arg, why ? words : NULL);
}

void source_fail(struct source *s, const char *format, ...)
{
    va_list args;
    if (*s->why) /* the first cause is the one to tell */
        return;
    va_start(args, format);
    vsnprintf(s->why, sizeof s->why, format, args);
    va_end(args);
}

bool source_take(struct source *s, const void *data, size_t len)
{
    enum nt_status st = picture_add(s->picture, data, len);
    if (st != NT_OK)
        source_fail(s, "%s", *s->picture->why ? s->picture->why : nt_status_text(st));
    return st == NT_OK;
}

enum nt_status source_text(struct source *s, source_expand *expand, void *arg, const char *what, const char *text,
                           struct buf *out)
{
    enum nt_status st = expand(arg, text, out);
    if (st == NT_OK)
        st = buf_status(out);
    if (st == NT_OK && strlen(buf_text(out)) != out->len)
        st = NT_EINVAL;
    if (st != NT_OK && st != NT_ENOMEM)
        source_fail(s, "%s: the template cannot be used: %s", what, nt_status_text(st));
    return st;
}

/*
 * source: where a picture comes from (`graphs:`), behind one small vtable.
 *
 * source_url, source_command, source_file and source_zabbix each embed struct source and fill a source_ops. A source
 * expands its templates at the start, gets the bytes without ever blocking, puts them into the picture, and says once
 * how that ended. Time is limited from outside: who started it cancels it.
 */
#ifndef NT_MEDIA_SOURCE_H
#define NT_MEDIA_SOURCE_H

#include "base/buf.h"
#include "config/config.h"
#include "media/env.h"
#include "media/picture.h"

struct source;

/* Renders a template of the configuration for the alert at hand; only used within source_start(). */
typedef enum nt_status source_expand(void *arg, const char *text, struct buf *out);
/* why: NULL = the picture is whole; else the words for the page's history, without secrets. */
typedef void source_done(void *arg, const char *why);

struct source_ops {
    const char *name;
    size_t size; /* of the struct that embeds struct source */
    /* Begins; may end at once by source_end(). A status: it could not begin, and source_fail() may have the words. */
    enum nt_status (*start)(struct source *s, source_expand *expand, void *arg);
    /* Drops what is under way and what it owns; after the end as well. */
    void (*clean)(struct source *s);
};

struct source {
    const struct source_ops *ops;
    const struct media_env *env;
    const struct config_graph *graph; /* borrowed */
    struct picture *picture;          /* the owner's; to be filled */
    char why[MEDIA_WHY];
    struct source **owner; /* where the owner keeps it: NULL there once it has ended */
    source_done *done;
    void *arg;
};

struct source_request {
    const struct media_env *env;
    const struct config_graph *graph;
    struct picture *picture; /* initialised */
    source_expand *expand;
    void *expand_arg;
    source_done *done; /* once, maybe from within source_start(); not after source_cancel() */
    void *arg;
};

/* *out is the source while it is under way, NULL from its end on (set before `done` is called). Without memory `done`
 * is called all the same. */
void source_start(const struct source_request *r, struct source **out);
/* NULL is fine. */
void source_cancel(struct source *s);

/* For sources. The end: frees s. why NULL = what is in the picture is all of it (it is checked here). */
void source_end(struct source *s, const char *why);
/* Notes why, for source_end(s, s->why) or a status of start. */
void source_fail(struct source *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts bytes into the picture; false when they are refused, and the words are noted. */
bool source_take(struct source *s, const void *data, size_t len);
/* Expands a template; what names it in the words of a failure. */
enum nt_status source_text(struct source *s, source_expand *expand, void *arg, const char *what, const char *text,
                           struct buf *out) NT_MUST_USE;

/* source_file's way to a path below a folder: a descriptor, −1 with errno (EXDEV: it leads out). by_hand: not by the
 * kernel's own rule, as where it has none. */
int source_file_open(const char *folder, const char *path, bool by_hand);

extern const struct source_ops source_url, source_command, source_file, source_zabbix;

#endif

/*
 * view: a value as the renderer sees it, wherever it comes from (private to the stage).
 *
 * An alert's fields, a digest's list and JSON data are all views: a tagged value, with a small table of functions where
 * it has something inside. Views are copied freely and own nothing.
 */
#ifndef NT_TEMPLATE_VIEW_H
#define NT_TEMPLATE_VIEW_H

#include "template/rendering.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name;
struct view;

enum view_kind {
    VIEW_NULL,     /* there, and empty */
    VIEW_BOOL,     /* number is 0 or 1 */
    VIEW_TEXT,     /* text, raw: it is cleaned when it is used */
    VIEW_NUMBER,   /* real */
    VIEW_TIME,     /* number: seconds since the epoch */
    VIEW_DURATION, /* number: seconds; < 0 unknown */
    VIEW_LIST,
    VIEW_OBJECT
};

/* How a plain text gives way when the whole is too long. */
enum view_mark { MARK_NONE, MARK_SERVICE, MARK_HOST };

struct view_ops {
    /* The member of that name; false when there is none. part: the name's nth part, or -1 for the whole name. */
    bool (*get)(const struct view *object, const struct name *name, long part, struct view *out);
    /* The list's next element after `cursor` (NULL before the first), which moves on; false at the end. */
    bool (*next)(const struct view *list, const void **cursor, struct view *out);
};

struct view {
    enum view_kind kind;
    enum view_mark mark;
    const char *text;
    size_t len;
    int64_t number;
    double real;
    const struct view_ops *ops; /* of lists and objects */
    const void *data;
};

/* What a section asks: everything is true but null, false, 0, "", an empty list and an unknown or zero duration. */
bool view_true(const struct view *v);

struct cJSON;
/* JSON data, borrowed. */
void json_view(const struct cJSON *item, struct view *out);

#endif

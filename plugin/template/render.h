/*
 * render: a parsed template and a context → text with spans (private to the stage).
 */
#ifndef NT_TEMPLATE_RENDER_H
#define NT_TEMPLATE_RENDER_H

#include "base/status.h"
#include "template/rendering.h"
#include "template/set.h"
#include "template/view.h"

#include <stdbool.h>

struct render_job {
    struct template_set *set;
    struct template *template;
    const struct view *context;
    const struct render_options *options;
    int64_t time;  /* seconds since the epoch, of what the text is about: tells the age when no field does */
    bool verbatim; /* the template's own text as it is, and nothing trimmed: what the specification asks for */
    bool checked;  /* unknown fields are faults */
};

/* Renders into out, which is emptied first. Only NT_ENOMEM: a fault renders as nothing and the first is logged. */
enum nt_status render(const struct render_job *job, struct rendering *out) NT_MUST_USE;
/* Is there anything in it but white space? */
bool rendering_blank(const struct rendering *r);

#endif

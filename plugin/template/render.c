/*
 * render: walks a parsed template with a stack of contexts and writes text and spans.
 *
 * The contexts are a linked list on the C stack, innermost first. A name is looked up in each of them from the inside
 * out; once its first part is found, its further parts are looked up in there alone.
 *
 * Everything is bounded: the depth of sections and partials together, the size of the text (the rendering's own
 * maximum), and the work, counted in bytes that pass through, so that loops in loops end too. What lies beyond a bound
 * is left out.
 *
 * A page that goes out late tells the age of its news: the first time that the text shows gets it in parentheses,
 * "03:12 (7m ago)"; a text that shows no time gets it at its end.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. A fault renders as nothing; the first one met in a template is logged, once for as long as its set lives.
 */
#include "template/render.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/vector.h"
#include "template/check.h"
#include "template/value.h"

#include <string.h>

enum {
    DEPTH_MAX = 64,
    WORK_MAX = 4 * 1024 * 1024, /* bytes */
    WORK_NODE = 16              /* what a node costs before its text */
};

struct frame {
    struct view view;
    const struct frame *outer;
};

struct renderer {
    const struct render_job *job;
    struct rendering *out;
    struct filter_context filters;
    struct value value;
    size_t work;
    int depth;
    bool full;      /* a bound was met: nothing more is written */
    bool age_shown; /* or need not be */
    enum nt_status status;
};

static void render_children(struct renderer *r, struct template *t, const struct node *parent,
                            const struct frame *context);

/* May something about t be logged? Once a file is enough, however many indentations of it there are. */
static bool log_begin(const struct template_set *set, struct template *t)
{
    bool before = t->logged;
    for (size_t i = 0; i < set->n && !before; i++)
        before = set->item[i]->logged && strcmp(set->item[i]->path, t->path) == 0;
    t->logged = true;
    return !before;
}

static void log_fault(const struct template_set *set, struct template *t, const struct node *node, const char *what)
{
    if (!log_begin(set, t))
        return;
    if (node->line)
        log_warning("template %s:%lu:%lu: %s", t->path, node->line, node->column, what);
    else
        log_warning("template %s: %s", t->path, what);
}

struct log_first {
    const struct template_set *set;
    struct template *template;
};

static void log_first(void *arg, const char *file, unsigned long line, unsigned long column, const char *message)
{
    const struct log_first *l = arg;
    if (log_begin(l->set, l->template))
        log_warning("template %s:%lu:%lu: %s", file, line, column, message);
}

/* Looks a template over before its first use. */
static void judge(const struct renderer *r, struct template *t)
{
    struct log_first first = {.set = r->job->set, .template = t};
    struct check_report report = {.report = log_first, .arg = &first};
    if (t->judged)
        return;
    t->judged = true;
    check_tree(t, r->job->checked, &report);
}

static void spend(struct renderer *r, size_t bytes)
{
    r->work += WORK_NODE + bytes;
    if (r->work > WORK_MAX)
        r->full = true;
}

/* Appends clean text; what does not fit ends the rendering, at a character's boundary. */
static void put(struct renderer *r, const char *text, size_t len)
{
    struct buf *out = &r->out->text;
    if (r->status || r->full)
        return;
    size_t room = out->max - out->len;
    if (len > room) {
        for (len = room; len && ((unsigned char)text[len] & 0xC0) == 0x80;)
            len--;
        r->full = true;
    }
    r->status = buf_add(out, text, len);
}

static void add_span(struct renderer *r, const struct span *span)
{
    if (r->status || !span->len)
        return;
    if (!VECTOR_GROW(r->out, span))
        r->status = NT_ENOMEM;
    else
        r->out->span[r->out->n++] = *span;
}

/* The template's own text. Outside the specification's strict reading it is made clean like everything else. */
static void put_literal(struct renderer *r, const struct node *node)
{
    if (r->job->verbatim) {
        put(r, node->text, node->len);
        return;
    }
    value_reset(&r->value);
    r->status = utf8_clean(&r->value.text, node->text, node->len);
    put(r, buf_text(&r->value.text), r->value.text.len);
}

/* False when it is nowhere. */
static bool look_up(const struct frame *context, const struct name *name, struct view *out)
{
    if (!name->parts) {
        *out = context->view;
        return true;
    }
    if (name->macro)
        for (const struct frame *f = context; f; f = f->outer)
            if (f->view.kind == VIEW_OBJECT && f->view.ops->get(&f->view, name, -1, out))
                return true;
    const struct frame *f = context;
    while (f && !(f->view.kind == VIEW_OBJECT && f->view.ops->get(&f->view, name, 0, out)))
        f = f->outer;
    if (!f)
        return false;
    for (size_t part = 1; part < name->parts; part++) {
        struct view object = *out;
        if (object.kind != VIEW_OBJECT || !object.ops->get(&object, name, (long)part, out))
            return false;
    }
    return true;
}

static int64_t age_at(const struct renderer *r, int64_t seconds)
{
    int64_t age = age_between(r->filters.now, seconds);
    return age > 0 ? age : r->job->options->late;
}

static void put_age(struct renderer *r, int64_t age)
{
    value_reset(&r->value);
    buf_adds(&r->value.text, " (");
    age_text(&r->value.text, age);
    r->status = buf_adds(&r->value.text, ")");
    put(r, buf_text(&r->value.text), r->value.text.len);
    r->age_shown = true;
}

static void put_value(struct renderer *r, const struct node *node, const struct view *v)
{
    bool fit = false, hides_age = false;
    size_t minimum = 0;
    r->status = value_of(&r->value, v, r->filters.zone);
    for (size_t i = 0; i < node->filters && !r->status; i++) {
        const struct filter *f = &node->filter[i];
        r->status = filter_apply(f, &r->filters, &r->value);
        fit = filter_is_fit(f, &minimum) || fit;
        hides_age = filter_hides_age(f) || hides_age;
    }
    if (r->status)
        return;
    size_t len = r->value.text.len;
    struct span span = {.start = r->out->text.len};
    spend(r, len);
    put(r, buf_text(&r->value.text), len);
    if (fit || v->mark != MARK_NONE) {
        span.kind = fit ? SPAN_FIT : v->mark == MARK_HOST ? SPAN_HOST : SPAN_SERVICE;
        span.minimum = fit ? minimum : 0;
        span.len = r->out->text.len - span.start;
        add_span(r, &span);
    }
    if (v->kind != VIEW_TIME || r->age_shown)
        return;
    if (hides_age)
        r->age_shown = true;
    else
        put_age(r, age_at(r, v->number));
}

static void render_section(struct renderer *r, struct template *t, const struct node *node, const struct frame *context)
{
    struct frame inner = {.view = {.kind = VIEW_NULL}, .outer = context};
    bool found = look_up(context, &node->name, &inner.view);
    bool truth = found && view_true(&inner.view);
    if (node->kind == NODE_INVERTED) {
        if (!truth)
            render_children(r, t, node, context);
        return;
    }
    if (!truth)
        return;
    if (inner.view.kind == VIEW_LIST) {
        const struct view list = inner.view;
        const void *cursor = NULL;
        while (!r->status && !r->full && list.ops->next(&list, &cursor, &inner.view)) {
            spend(r, 0);
            render_children(r, t, node, &inner);
        }
        return;
    }
    render_children(r, t, node, &inner);
}

static void render_partial(struct renderer *r, struct template *t, const struct node *node, const struct frame *context)
{
    struct template *partial = NULL;
    r->status = set_find(r->job->set, node->name.whole, node->indent ? node->indent : "", SET_BESIDE, &partial);
    if (r->status)
        return;
    if (!partial) {
        if (r->job->checked)
            log_fault(r->job->set, t, node, "the partial is not there");
        return;
    }
    judge(r, partial);
    render_children(r, partial, &partial->tree.root, context);
}

static void render_node(struct renderer *r, struct template *t, const struct node *node, const struct frame *context)
{
    struct view v;
    switch (node->kind) {
    case NODE_TEXT:
        spend(r, node->len);
        put_literal(r, node);
        break;
    case NODE_VALUE:
        if (!look_up(context, &node->name, &v))
            v = (struct view){.kind = VIEW_NULL};
        put_value(r, node, &v);
        break;
    case NODE_SECTION:
    case NODE_INVERTED:
        render_section(r, t, node, context);
        break;
    case NODE_PARTIAL:
        render_partial(r, t, node, context);
        break;
    }
}

static void render_children(struct renderer *r, struct template *t, const struct node *parent,
                            const struct frame *context)
{
    if (r->depth == DEPTH_MAX) {
        if (parent->children)
            log_fault(r->job->set, t, parent, "sections and partials too deep in each other: left out");
        return;
    }
    r->depth++;
    for (size_t i = 0; i < parent->children && !r->status && !r->full; i++) {
        spend(r, 0);
        if (!parent->child[i].faulty)
            render_node(r, t, &parent->child[i], context);
    }
    r->depth--;
}

static bool blank(char c)
{
    return c == ' ' || c == '\n';
}

/* White space at both ends goes, and the spans follow. */
static void trim(struct rendering *out)
{
    size_t lead = 0, kept = 0;
    while (out->text.len && blank(out->text.data[out->text.len - 1]))
        buf_truncate(&out->text, out->text.len - 1);
    while (lead < out->text.len && blank(out->text.data[lead]))
        lead++;
    if (lead) {
        memmove(out->text.data, out->text.data + lead, out->text.len - lead);
        buf_truncate(&out->text, out->text.len - lead);
    }
    for (size_t i = 0; i < out->n; i++) {
        struct span s = out->span[i];
        size_t end = s.start + s.len;
        s.start = s.start > lead ? s.start - lead : 0;
        end = end > lead ? end - lead : 0;
        if (end > out->text.len)
            end = out->text.len;
        s.len = end > s.start ? end - s.start : 0;
        if (s.len)
            out->span[kept++] = s;
    }
    out->n = kept;
}

bool rendering_blank(const struct rendering *r)
{
    for (size_t i = 0; i < r->text.len; i++)
        if (!blank(r->text.data[i]))
            return false;
    return true;
}

enum nt_status render(const struct render_job *job, struct rendering *out)
{
    struct renderer r = {.job = job, .out = out, .age_shown = job->options->late <= 0};
    struct frame context = {.view = *job->context};
    struct template *t = job->template;
    value_init(&r.value);
    buf_reset(&out->text);
    out->n = 0;
    r.filters.now = job->options->now / 1000;
    r.status = set_zone_find(job->set, job->options->timezone, &r.filters.zone);
    if (r.status)
        goto done;
    judge(&r, t);
    render_children(&r, t, &t->tree.root, &context);
    if (r.full)
        log_fault(job->set, t, &t->tree.root, "too long: the text ends early");
    if (r.status || job->verbatim)
        goto done;
    trim(out);
    if (!r.age_shown && !rendering_blank(out))
        put_age(&r, age_at(&r, job->time));
done:
    value_clean(&r.value);
    return r.status;
}

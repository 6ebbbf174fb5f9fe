/*
 * template: the stage's doors — an alert, a digest, or JSON data into text.
 *
 * For a page there is always a text: the template asked for, else `default`, else the one built in. A template that is
 * so broken that nothing comes of it gives way to the installed one of its name, then to the one built in: a page never
 * goes out empty.
 *
 * DIAGNOSTICS
 * NT_ENOMEM alone for pages. Whatever else is wrong is logged and worked around.
 */
#include "template/template.h"

#include "base/log.h"
#include "base/mem.h"
#include "template/check.h"
#include "template/render.h"
#include "template/set.h"
#include "template/view.h"

#include <string.h>

static enum nt_status render_by(struct render_job *job, struct template *t, struct rendering *out)
{
    job->template = t;
    return render(job, out);
}

/* job has all but the template. */
static enum nt_status render_page(struct render_job *job, const char *name, bool asked, struct rendering *out)
{
    struct template_set *set = job->set;
    struct template *t = NULL, *next = NULL;
    enum nt_status status = set_find(set, name, "", SET_BESIDE, &t);
    if (!status && !t) {
        if (asked)
            log_warning("there is no template \"%s\": the default is used", name);
        status = set_find(set, "default", "", SET_BESIDE, &t);
    }
    if (!status && t)
        status = render_by(job, t, out);
    if (status || (t && !rendering_blank(out)))
        return status;
    if (t && !t->logged)
        log_warning("template %s gives an empty text: another is used", t->path);
    if (t && t->place != SET_INSTALLED)
        status = set_find(set, t->name, "", SET_INSTALLED, &next);
    if (!status && next)
        status = render_by(job, next, out);
    if (status || (next && !rendering_blank(out)))
        return status;
    status = set_builtin(set, &next);
    if (status)
        return status;
    return render_by(job, next, out);
}

enum nt_status template_render_alert(struct template_set *set, const char *name, const struct alert *alert,
                                     const struct render_options *options, struct rendering *out)
{
    const struct alert_context context = {.alert = alert, .options = options};
    struct view view;
    bool asked = name && *name;
    alert_view(&context, &view);
    struct render_job job = {.set = set, .context = &view, .options = options, .time = alert->time, .checked = true};
    return render_page(&job, asked ? name : alert_event_name(alert->event), asked, out);
}

static void log_report(void *arg, const char *file, unsigned long line, unsigned long column, const char *message)
{
    (void)arg;
    (void)line;
    log_warning("%s: column %lu: %s", file, column, message);
}

enum nt_status template_render_text(struct template_set *set, const char *what, const char *text,
                                    const struct alert *alert, const struct render_options *options,
                                    struct rendering *out)
{
    const struct alert_context context = {.alert = alert, .options = options};
    struct check_report report = {.report = log_report};
    struct template *t = NULL;
    struct view view;
    enum nt_status status = template_from_text(text, what, &t);
    if (status)
        return status;
    check_tree(t, true, &report);
    t->judged = true;
    if (report.n) {
        status = NT_EINVAL;
    } else {
        alert_view(&context, &view);
        struct render_job job = {.set = set,
                                 .template = t,
                                 .context = &view,
                                 .options = options,
                                 .time = alert->time,
                                 .verbatim = true,
                                 .checked = true};
        status = render(&job, out);
    }
    template_free(t);
    return status;
}

enum nt_status template_render_digest(struct template_set *set, const struct alert *const *alerts, size_t listed,
                                      size_t count, const struct render_options *options, struct rendering *out)
{
    struct view view;
    struct alert_context *each = mem_array(listed + 1, sizeof *each);
    if (!each)
        return NT_ENOMEM;
    for (size_t i = 0; i < listed; i++)
        each[i] = (struct alert_context){.alert = alerts[i], .options = options};
    const struct digest_context context = {.alert = each, .listed = listed, .count = count, .options = options};
    digest_view(&context, &view);
    struct render_job job = {.set = set,
                             .context = &view,
                             .options = options,
                             .time = listed ? alerts[0]->time : options->now / 1000,
                             .checked = true};
    enum nt_status status = render_page(&job, "digest", false, out);
    mem_free(each);
    return status;
}

/* A set like the given one that looks into the path's own folder first. */
static enum nt_status set_beside(const struct template_set *set, const char *path, struct template_set **out)
{
    enum nt_status status = template_set_new(set->folder[SET_DIR], set->folder[SET_INSTALLED], out);
    if (status)
        return status;
    size_t len = (size_t)(strrchr(path, '/') - path);
    char *folder = mem_strndup(path, len ? len : 1);
    if (!folder) {
        template_set_free(*out);
        *out = NULL;
        return NT_ENOMEM;
    }
    mem_free((*out)->folder[SET_BESIDE]);
    (*out)->folder[SET_BESIDE] = folder;
    return NT_OK;
}

enum nt_status template_render_json(struct template_set *set, const char *name, const struct cJSON *data,
                                    const struct render_options *options, struct rendering *out,
                                    template_report *report, void *arg)
{
    enum nt_status status;
    struct template_set *beside = NULL;
    struct template *loaded = NULL, *t = NULL;
    struct check_report reported = {.report = report, .arg = arg};
    struct view view;
    if (strchr(name, '/')) {
        status = set_beside(set, name, &beside);
        if (!status)
            status = template_load(name, name, "", &loaded);
        t = loaded;
    } else {
        status = set_find(set, name, "", SET_BESIDE, &t);
        if (!status && !t)
            status = NT_ENOENT;
    }
    if (status)
        goto done;
    check_tree(t, false, &reported);
    if (reported.n) {
        status = NT_EINVAL;
        goto done;
    }
    json_view(data, &view);
    struct render_job job = {
        .set = beside ? beside : set, .template = t, .context = &view, .options = options, .verbatim = true};
    status = render(&job, out);
done:
    template_free(loaded);
    template_set_free(beside);
    return status;
}

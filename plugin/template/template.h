/*
 * template: Mustache for plain text, with filters and elastic fields.
 *
 * A template_set finds templates by name (template_dir first, then the installed folder), parses each once and keeps
 * it.
 */
#ifndef NT_TEMPLATE_TEMPLATE_H
#define NT_TEMPLATE_TEMPLATE_H

#include "base/buf.h"
#include "base/status.h"
#include "ingest/alert.h"
#include "template/rendering.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct template_set;

/* dir may be "" or NULL; installed likewise. For template_set_free(). */
enum nt_status template_set_new(const char *dir, const char *installed, struct template_set **out) NT_MUST_USE;
void template_set_free(struct template_set *set);

/* Receives each thing that is wrong in a template, with its place. */
typedef void template_report(void *arg, const char *file, unsigned long line, unsigned long column,
                             const char *message);

/* Parses every *.mustache in both folders and reports what is wrong: syntax, unknown filters and fields, missing
 * partials. Returns NT_EINVAL when anything was reported. */
enum nt_status template_set_check(struct template_set *set, template_report *report, void *arg) NT_MUST_USE;
/* Is there a template of that name (in either folder)? Only NT_ENOMEM. */
enum nt_status template_set_has(struct template_set *set, const char *name, bool *has) NT_MUST_USE;

struct render_options {
    const char *contact;  /* name, or "" */
    const char *number;   /* E.164, or "" */
    const char *timezone; /* IANA name; "" = the system's */
    int64_t now;          /* ms since the epoch */
    int64_t late; /* seconds that the page is late, when its age must be shown; 0 otherwise: `time` fields then print
                     "HH:MM (7m ago)" */
};

/* Renders the template `name` (NULL: the event's name; falls back to `default`, then to a text built in, so that there
 * is always something) for one alert. What is faulty renders empty; the first fault is logged. Only NT_ENOMEM can fail.
 */
enum nt_status template_render_alert(struct template_set *set, const char *name, const struct alert *alert,
                                     const struct render_options *options, struct rendering *out) NT_MUST_USE;

/* Renders a text that is no file's, such as an address in the configuration, for one alert: as it is written, nothing
 * trimmed. `what` names it in log lines. NT_EINVAL: it does not parse, or names what is no field; it is logged. */
enum nt_status template_render_text(struct template_set *set, const char *what, const char *text,
                                    const struct alert *alert, const struct render_options *options,
                                    struct rendering *out) NT_MUST_USE;

/* Renders `digest`: the first `listed` of alerts are `alerts`, count is the pages merged, `more` = count - listed. */
enum nt_status template_render_digest(struct template_set *set, const struct alert *const *alerts, size_t listed,
                                      size_t count, const struct render_options *options,
                                      struct rendering *out) NT_MUST_USE;

/* Renders `name` (a template's name, or a path of a template file when it holds a '/') with a JSON object as the only
 * context. Unknown fields are empty, as Mustache has it. NT_ENOENT: no such template; NT_EINVAL: it does not parse
 * (reported). Partials come from data's folder set. */
enum nt_status template_render_json(struct template_set *set, const char *name, const struct cJSON *data,
                                    const struct render_options *options, struct rendering *out,
                                    template_report *report, void *arg) NT_MUST_USE;

#endif

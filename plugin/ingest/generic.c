/*
 * generic: neutral field names as pairs, or a plain text → the alert.
 *
 *     event=flapping phase=start host=web01 service=HTTP state=CRITICAL output="5xx rate 12%"
 *
 * A name that is no neutral field is kept as a raw macro, so that a template can use it. Without `event`, state OK or
 * UP is a recovery and anything else a problem; monitors' words (FLAPPINGSTART, downtimeend) are taken too. `class` and
 * `severity` are worked out where they are not given.
 *
 * DIAGNOSTICS
 * NT_EINVAL for an event, phase or class that does not exist: whoever writes such a command is there to read it.
 * NT_ENOMEM.
 */
#include "ingest/classify.h"
#include "ingest/macros.h"
#include "ingest/moment.h"
#include "ingest/output.h"
#include "ingest/source.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct macro_field text_fields[] = {
    {offsetof(struct alert, state), {"state"}},       {offsetof(struct alert, severity), {"severity"}},
    {offsetof(struct alert, host), {"host"}},         {offsetof(struct alert, host_alias), {"host_alias"}},
    {offsetof(struct alert, address), {"address"}},   {offsetof(struct alert, service), {"service"}},
    {offsetof(struct alert, perfdata), {"perfdata"}}, {offsetof(struct alert, author), {"author"}},
    {offsetof(struct alert, comment), {"comment"}},   {offsetof(struct alert, problem_id), {"problem_id"}},
    {offsetof(struct alert, event_id), {"event_id"}}, {offsetof(struct alert, url), {"url"}},
    {offsetof(struct alert, pager), {"pager"}},       {offsetof(struct alert, contact), {"contact"}},
};
/* Read by hand below. */
static const char *const other_fields[] = {"event",       "phase", "class",    "output",
                                           "long_output", "time",  "duration", "notification_number"};

bool generic_is_field(const char *name)
{
    for (size_t i = 0; i < sizeof text_fields / sizeof *text_fields; i++)
        if (!strcmp(text_fields[i].names[0], name))
            return true;
    for (size_t i = 0; i < sizeof other_fields / sizeof *other_fields; i++)
        if (!strcmp(other_fields[i], name))
            return true;
    return false;
}

static enum nt_status read_event(struct alert *a, const struct kv *fields, struct buf *error)
{
    const char *event = kv_text(fields, "event"), *phase = kv_text(fields, "phase");
    if (*event && classify_word(event, &a->event, &a->phase)) {
        buf_addf(
            error,
            "event \"%.64s\" does not exist: problem, recovery, acknowledgement, flapping, downtime, custom or test",
            event);
        return NT_EINVAL;
    }
    if (!*event)
        classify_type(a, "");
    if (!*phase)
        return NT_OK;
    for (enum alert_phase p = PHASE_START; p <= PHASE_CANCELLED; p++) {
        if (!strcasecmp(alert_phase_name(p), phase)) {
            /* Only these two have phases; on another event it says nothing. */
            if (a->event == EVENT_FLAPPING || a->event == EVENT_DOWNTIME)
                a->phase = p;
            return NT_OK;
        }
    }
    buf_addf(error, "phase \"%.64s\" does not exist: start, end or cancelled", phase);
    return NT_EINVAL;
}

static enum nt_status read_class(struct alert *a, const struct kv *fields, const struct strlist *urgent_states,
                                 struct buf *error)
{
    const char *class = kv_text(fields, "class");
    a->class = classify_class(a, urgent_states);
    if (!strcasecmp(class, "urgent"))
        a->class = CLASS_URGENT;
    else if (!strcasecmp(class, "routine"))
        a->class = CLASS_ROUTINE;
    else if (*class) {
        buf_addf(error, "class \"%.64s\" does not exist: urgent or routine", class);
        return NT_EINVAL;
    }
    return NT_OK;
}

enum nt_status generic_read(const struct ingest_input *in, struct alert *a, struct buf *error)
{
    enum nt_status status = NT_OK;
    struct kv fields;
    kv_init(&fields);
    for (size_t i = 0; in->pairs && i < in->pairs->n && !status; i++) {
        const struct kv_pair *p = &in->pairs->pair[i];
        status = macros_put(generic_is_field(p->key) ? &fields : &a->macros, p->key, strlen(p->key), p->value);
    }
    const char *output = kv_text(&fields, "output"), *long_output = kv_text(&fields, "long_output");
    if (!*output && !*long_output && in->text)
        output = in->text;
    if (!status)
        status = macros_fill(a, &fields, text_fields, sizeof text_fields / sizeof *text_fields);
    if (!status)
        status = output_set(a, output, long_output, false);
    if (!status)
        status = read_event(a, &fields, error);
    if (!status)
        status = read_class(a, &fields, in->urgent_states, error);
    if (!status && !*a->severity)
        status = alert_set(&a->severity, classify_severity(a->state));
    if (status)
        goto done;
    for (char *c = a->severity; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    a->time = moment_epoch(kv_text(&fields, "time"), a->time);
    a->duration = moment_duration(kv_text(&fields, "duration"), a->time);
    a->notification_number = macros_number(kv_text(&fields, "notification_number"));
done:
    kv_clean(&fields);
    return status;
}

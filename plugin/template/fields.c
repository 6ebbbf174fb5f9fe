/*
 * fields: what a template's names mean, of an alert and of a digest.
 *
 * Names are found once, when a template is parsed; here it is only a matter of picking the value. All texts are
 * borrowed from the alert and the options.
 *
 * A name without lower-case letters is one of the monitor's macros. Those that are the host's or the service's name
 * under another name give way like these when a text is too long.
 *
 * DIAGNOSTICS
 * None: an empty field is empty text, and a macro that the monitor did not send is not there.
 */
#include "template/fields.h"

#include "ingest/alert.h"
#include "template/node.h"
#include "template/template.h"
#include "template/view.h"

#include <string.h>

static const struct {
    const char *name;
    enum field field;
} names[] = {
    {"source", FIELD_SOURCE},
    {"event", FIELD_EVENT},
    {"phase", FIELD_PHASE},
    {"state", FIELD_STATE},
    {"severity", FIELD_SEVERITY},
    {"class", FIELD_CLASS},
    {"host", FIELD_HOST},
    {"host_alias", FIELD_HOST_ALIAS},
    {"address", FIELD_ADDRESS},
    {"service", FIELD_SERVICE},
    {"output", FIELD_OUTPUT},
    {"long_output", FIELD_LONG_OUTPUT},
    {"perfdata", FIELD_PERFDATA},
    {"time", FIELD_TIME},
    {"duration", FIELD_DURATION},
    {"author", FIELD_AUTHOR},
    {"comment", FIELD_COMMENT},
    {"notification_number", FIELD_NOTIFICATION_NUMBER},
    {"problem_id", FIELD_PROBLEM_ID},
    {"event_id", FIELD_EVENT_ID},
    {"url", FIELD_URL},
    {"contact", FIELD_CONTACT},
    {"number", FIELD_NUMBER},
    {"urgent", FIELD_URGENT},
    {"problem", FIELD_PROBLEM},
    {"recovery", FIELD_RECOVERY},
    {"acknowledgement", FIELD_ACKNOWLEDGEMENT},
    {"flapping", FIELD_FLAPPING},
    {"downtime", FIELD_DOWNTIME},
    {"custom", FIELD_CUSTOM},
    {"test", FIELD_TEST},
    {"start", FIELD_START},
    {"end", FIELD_END},
    {"cancelled", FIELD_CANCELLED},
    {"nagios", FIELD_NAGIOS},
    {"icinga2", FIELD_ICINGA2},
    {"zabbix", FIELD_ZABBIX},
    {"generic", FIELD_GENERIC},
    {"count", FIELD_COUNT},
    {"alerts", FIELD_ALERTS},
    {"more", FIELD_MORE},
};

static const struct {
    const char *name;
    enum view_mark mark;
} marked_macros[] = {
    {"HOSTNAME", MARK_HOST},       {"HOSTDISPLAYNAME", MARK_HOST},       {"HOST.NAME", MARK_HOST},
    {"SERVICEDESC", MARK_SERVICE}, {"SERVICEDISPLAYNAME", MARK_SERVICE}, {"SERVICENAME", MARK_SERVICE},
};

enum field field_find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].field;
    return FIELD_NONE;
}

static void set_text(struct view *out, const char *text, enum view_mark mark)
{
    *out = (struct view){.kind = VIEW_TEXT, .text = text ? text : "", .mark = mark};
    out->len = strlen(out->text);
}

static void set_number(struct view *out, enum view_kind kind, int64_t number)
{
    *out = (struct view){.kind = kind, .number = number, .real = (double)number};
}

/* The fields that are one of a few words, as the truth of one. */
static bool alert_is(const struct alert *a, enum field field)
{
    switch (field) {
    case FIELD_URGENT:
        return a->class == CLASS_URGENT;
    case FIELD_PROBLEM:
        return a->event == EVENT_PROBLEM;
    case FIELD_RECOVERY:
        return a->event == EVENT_RECOVERY;
    case FIELD_ACKNOWLEDGEMENT:
        return a->event == EVENT_ACKNOWLEDGEMENT;
    case FIELD_FLAPPING:
        return a->event == EVENT_FLAPPING;
    case FIELD_DOWNTIME:
        return a->event == EVENT_DOWNTIME;
    case FIELD_CUSTOM:
        return a->event == EVENT_CUSTOM;
    case FIELD_TEST:
        return a->event == EVENT_TEST;
    case FIELD_START:
        return a->phase == PHASE_START;
    case FIELD_END:
        return a->phase == PHASE_END;
    case FIELD_CANCELLED:
        return a->phase == PHASE_CANCELLED;
    case FIELD_NAGIOS:
        return a->source == SOURCE_NAGIOS;
    case FIELD_ICINGA2:
        return a->source == SOURCE_ICINGA2;
    case FIELD_ZABBIX:
        return a->source == SOURCE_ZABBIX;
    case FIELD_GENERIC:
        return a->source == SOURCE_GENERIC;
    default:
        return false;
    }
}

static bool alert_text(const struct alert_context *c, enum field field, struct view *out)
{
    const struct alert *a = c->alert;
    const char *text;
    enum view_mark mark = MARK_NONE;
    switch (field) {
    case FIELD_SOURCE:
        text = alert_source_name(a->source);
        break;
    case FIELD_EVENT:
        text = alert_event_name(a->event);
        break;
    case FIELD_PHASE:
        text = alert_phase_name(a->phase);
        break;
    case FIELD_STATE:
        text = a->state;
        break;
    case FIELD_SEVERITY:
        text = a->severity;
        break;
    case FIELD_CLASS:
        text = alert_class_name(a->class);
        break;
    case FIELD_HOST:
        text = a->host;
        mark = MARK_HOST;
        break;
    case FIELD_HOST_ALIAS:
        text = a->host_alias;
        break;
    case FIELD_ADDRESS:
        text = a->address;
        break;
    case FIELD_SERVICE:
        text = a->service;
        mark = MARK_SERVICE;
        break;
    case FIELD_OUTPUT:
        text = a->output;
        break;
    case FIELD_LONG_OUTPUT:
        text = a->long_output;
        break;
    case FIELD_PERFDATA:
        text = a->perfdata;
        break;
    case FIELD_AUTHOR:
        text = a->author;
        break;
    case FIELD_COMMENT:
        text = a->comment;
        break;
    case FIELD_PROBLEM_ID:
        text = a->problem_id;
        break;
    case FIELD_EVENT_ID:
        text = a->event_id;
        break;
    case FIELD_URL:
        text = a->url;
        break;
    case FIELD_CONTACT:
        text = c->options->contact;
        break;
    case FIELD_NUMBER:
        text = c->options->number;
        break;
    default:
        return false;
    }
    set_text(out, text, mark);
    return true;
}

static bool alert_field(const struct alert_context *c, enum field field, struct view *out)
{
    const struct alert *a = c->alert;
    switch (field) {
    case FIELD_TIME:
        set_number(out, VIEW_TIME, a->time);
        return true;
    case FIELD_DURATION:
        set_number(out, VIEW_DURATION, a->duration);
        return true;
    case FIELD_NOTIFICATION_NUMBER:
        set_number(out, a->notification_number < 0 ? VIEW_NULL : VIEW_NUMBER, a->notification_number);
        return true;
    case FIELD_NONE:
    case FIELD_COUNT:
    case FIELD_ALERTS:
    case FIELD_MORE:
        return false;
    default:
        if (!alert_text(c, field, out))
            set_number(out, VIEW_BOOL, alert_is(a, field));
        return true;
    }
}

static enum view_mark macro_mark(const char *name)
{
    for (size_t i = 0; i < sizeof marked_macros / sizeof *marked_macros; i++)
        if (strcmp(marked_macros[i].name, name) == 0)
            return marked_macros[i].mark;
    return MARK_NONE;
}

static bool alert_get(const struct view *object, const struct name *name, long part, struct view *out)
{
    const struct alert_context *c = object->data;
    if (part < 0) {
        const char *value = name->macro ? kv_get(&c->alert->macros, name->whole) : NULL;
        if (value)
            set_text(out, value, macro_mark(name->whole));
        return value != NULL;
    }
    return part == 0 && alert_field(c, name->field, out);
}

static const struct view_ops alert_ops = {.get = alert_get};

void alert_view(const struct alert_context *context, struct view *out)
{
    *out = (struct view){.kind = VIEW_OBJECT, .ops = &alert_ops, .data = context};
}

/* The list's cursor is the alert that was given out last. */
static bool digest_next(const struct view *list, const void **cursor, struct view *out)
{
    const struct digest_context *c = list->data;
    const struct alert_context *last = *cursor, *alert = last ? last + 1 : c->alert;
    if (!alert || alert >= c->alert + c->listed)
        return false;
    *cursor = alert;
    alert_view(alert, out);
    return true;
}

static const struct view_ops digest_list_ops = {.next = digest_next};

static bool digest_urgent(const struct digest_context *c)
{
    for (size_t i = 0; i < c->listed; i++)
        if (c->alert[i].alert->class == CLASS_URGENT)
            return true;
    return false;
}

static bool digest_get(const struct view *object, const struct name *name, long part, struct view *out)
{
    const struct digest_context *c = object->data;
    if (part != 0)
        return false;
    switch (name->field) {
    case FIELD_COUNT:
        set_number(out, VIEW_NUMBER, (int64_t)c->count);
        return true;
    case FIELD_MORE:
        set_number(out, VIEW_NUMBER, c->count > c->listed ? (int64_t)(c->count - c->listed) : 0);
        return true;
    case FIELD_ALERTS:
        *out = (struct view){.kind = VIEW_LIST, .ops = &digest_list_ops, .data = c};
        return true;
    case FIELD_URGENT:
        set_number(out, VIEW_BOOL, digest_urgent(c));
        return true;
    case FIELD_CONTACT:
        set_text(out, c->options->contact, MARK_NONE);
        return true;
    case FIELD_NUMBER:
        set_text(out, c->options->number, MARK_NONE);
        return true;
    default:
        return false;
    }
}

static const struct view_ops digest_ops = {.get = digest_get};

void digest_view(const struct digest_context *context, struct view *out)
{
    *out = (struct view){.kind = VIEW_OBJECT, .ops = &digest_ops, .data = context};
}

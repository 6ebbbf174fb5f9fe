/*
 * fields: the neutral fields of an alert and of a digest, as a template sees them (private to the stage).
 */
#ifndef NT_TEMPLATE_FIELDS_H
#define NT_TEMPLATE_FIELDS_H

#include <stddef.h>

enum field {
    FIELD_NONE,
    FIELD_SOURCE,
    FIELD_EVENT,
    FIELD_PHASE,
    FIELD_STATE,
    FIELD_SEVERITY,
    FIELD_CLASS,
    FIELD_HOST,
    FIELD_HOST_ALIAS,
    FIELD_ADDRESS,
    FIELD_SERVICE,
    FIELD_OUTPUT,
    FIELD_LONG_OUTPUT,
    FIELD_PERFDATA,
    FIELD_TIME,
    FIELD_DURATION,
    FIELD_AUTHOR,
    FIELD_COMMENT,
    FIELD_NOTIFICATION_NUMBER,
    FIELD_PROBLEM_ID,
    FIELD_EVENT_ID,
    FIELD_URL,
    FIELD_CONTACT,
    FIELD_NUMBER,
    /* true or false */
    FIELD_URGENT,
    FIELD_PROBLEM,
    FIELD_RECOVERY,
    FIELD_ACKNOWLEDGEMENT,
    FIELD_FLAPPING,
    FIELD_DOWNTIME,
    FIELD_CUSTOM,
    FIELD_TEST,
    FIELD_START,
    FIELD_END,
    FIELD_CANCELLED,
    FIELD_NAGIOS,
    FIELD_ICINGA2,
    FIELD_ZABBIX,
    FIELD_GENERIC,
    /* of a digest */
    FIELD_COUNT,
    FIELD_ALERTS,
    FIELD_MORE
};

struct alert;
struct render_options;
struct view;

/* FIELD_NONE when there is none of that name. */
enum field field_find(const char *name);

/* An alert as the outermost context. Both are borrowed for as long as the view is used. */
struct alert_context {
    const struct alert *alert;
    const struct render_options *options;
};
void alert_view(const struct alert_context *context, struct view *out);

/* A digest as the outermost context. */
struct digest_context {
    const struct alert_context *alert; /* `listed` of them */
    size_t listed, count;
    const struct render_options *options;
};
void digest_view(const struct digest_context *context, struct view *out);

#endif

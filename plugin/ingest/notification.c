/*
 * notification: the macros that Nagios, Naemon and Icinga 2 have in common → the neutral fields.
 *
 * The macros have been collected by the monitor's own file (nagios.c, icinga2.c); each field takes the first of its
 * names that has a value. A notification is about a service when anything names one: in a host notification Nagios
 * leaves the service macros empty in the environment and unexpanded ("$SERVICEDESC$") on the command line.
 *
 * Times come from the epoch macros alone. TIMET is the moment of the notification; the state's age is Nagios's own
 * count, else the time since the last change, and neither if it is not plausible.
 *
 * DIAGNOSTICS
 * NT_ENOMEM only.
 */
#include "ingest/classify.h"
#include "ingest/macros.h"
#include "ingest/moment.h"
#include "ingest/output.h"
#include "ingest/source.h"

#include <stddef.h>
#include <string.h>

#define FIELD(member, ...)                                                                                             \
    {                                                                                                                  \
        offsetof(struct alert, member),                                                                                \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const struct macro_field common_fields[] = {
    FIELD(host, "HOSTNAME", "HOSTDISPLAYNAME", "HOSTALIAS", "HOSTADDRESS"),
    FIELD(host_alias, "HOSTALIAS", "HOSTDISPLAYNAME"),
    FIELD(address, "HOSTADDRESS", "HOSTADDRESS6"),
    FIELD(service, "SERVICEDESC", "SERVICENAME", "SERVICEDISPLAYNAME"),
    FIELD(author, "NOTIFICATIONAUTHOR", "NOTIFICATIONAUTHORNAME", "NOTIFICATIONAUTHORALIAS"),
    FIELD(comment, "NOTIFICATIONCOMMENT"),
    FIELD(pager, "CONTACTPAGER"),
    FIELD(contact, "CONTACTNAME", "USEREMAIL"),
};
static const struct macro_field host_fields[] = {
    FIELD(state, "HOSTSTATE"),
    FIELD(perfdata, "HOSTPERFDATA"),
    FIELD(problem_id, "HOSTPROBLEMID"),
    FIELD(event_id, "HOSTEVENTID"),
};
static const struct macro_field service_fields[] = {
    FIELD(state, "SERVICESTATE"),
    FIELD(perfdata, "SERVICEPERFDATA"),
    FIELD(problem_id, "SERVICEPROBLEMID"),
    FIELD(event_id, "SERVICEEVENTID"),
};
/* Who acknowledged, for commands that do not pass the notification's own author and comment. */
static const struct macro_field host_ack_fields[] = {FIELD(author, "HOSTACKAUTHOR"), FIELD(comment, "HOSTACKCOMMENT")};
static const struct macro_field service_ack_fields[] = {FIELD(author, "SERVICEACKAUTHOR"),
                                                        FIELD(comment, "SERVICEACKCOMMENT")};

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool notification_unresolved(const char *value)
{
    size_t len = strspn(value + (*value == '$'), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");
    return len && value[0] == '$' && value[len + 1] == '$' && !value[len + 2];
}

static bool about_service(const struct alert *a)
{
    const struct kv *m = &a->macros;
    return *a->service || (*kv_text(m, "SERVICESTATE") && !*kv_text(m, "HOSTSTATE")) ||
           (*kv_text(m, "SERVICEOUTPUT") && !*kv_text(m, "HOSTOUTPUT") && !*kv_text(m, "HOSTSTATE"));
}

/* Nagios counts problems and events from 1: 0 is "none". */
static enum nt_status drop_zero(char **field)
{
    return strcmp(*field, "0") ? NT_OK : alert_set(field, "");
}

/* The first that is a link: without website_url Nagios writes "website_url not set/…" into the info URLs. */
static enum nt_status set_url(struct alert *a, bool service)
{
    static const char *const of_host[] = {"HOSTINFOURL", "ICINGAWEB2URL", "HOSTNOTESURL", "HOSTACTIONURL"};
    static const char *const of_service[] = {"SERVICEINFOURL", "ICINGAWEB2URL", "SERVICENOTESURL", "SERVICEACTIONURL"};
    for (size_t i = 0; i < COUNT(of_host); i++) {
        const char *value = kv_text(&a->macros, service ? of_service[i] : of_host[i]);
        if (macros_is_link(value))
            return alert_set(&a->url, value);
    }
    return NT_OK;
}

static void set_times(struct alert *a, bool service)
{
    const struct kv *m = &a->macros;
    a->time = moment_epoch(kv_text(m, "TIMET"), a->time);
    a->duration = moment_duration(kv_text(m, service ? "SERVICEDURATIONSEC" : "HOSTDURATIONSEC"), a->time);
    if (a->duration < 0)
        a->duration = moment_since(kv_text(m, service ? "LASTSERVICESTATECHANGE" : "LASTHOSTSTATECHANGE"), a->time);
}

enum nt_status notification_read(struct alert *a, const struct strlist *urgent_states, bool escaped)
{
    const struct kv *m = &a->macros;
    enum nt_status status = macros_fill(a, m, common_fields, COUNT(common_fields));
    if (status)
        return status;
    bool service = about_service(a);
    status = service ? macros_fill(a, m, service_fields, COUNT(service_fields))
                     : macros_fill(a, m, host_fields, COUNT(host_fields));
    if (!status)
        status = drop_zero(&a->problem_id);
    if (!status)
        status = drop_zero(&a->event_id);
    if (!status)
        status = set_url(a, service);
    if (!status)
        status = output_set(a, kv_text(m, service ? "SERVICEOUTPUT" : "HOSTOUTPUT"),
                            kv_text(m, service ? "LONGSERVICEOUTPUT" : "LONGHOSTOUTPUT"), escaped);
    if (status)
        return status;

    classify_type(a, kv_text(m, "NOTIFICATIONTYPE"));
    if (a->event == EVENT_ACKNOWLEDGEMENT && !*a->author && !*a->comment)
        status = service ? macros_fill(a, m, service_ack_fields, COUNT(service_ack_fields))
                         : macros_fill(a, m, host_ack_fields, COUNT(host_ack_fields));
    a->notification_number = macros_number(
        macros_first(m, "NOTIFICATIONNUMBER", service ? "SERVICENOTIFICATIONNUMBER" : "HOSTNOTIFICATIONNUMBER", NULL));
    set_times(a, service);
    if (!status)
        status = alert_set(&a->severity, classify_severity(a->state));
    a->class = classify_class(a, urgent_states);
    return status;
}

/*
 * ingest: what a monitor handed over → struct alert: whose it is, its reader, and what all readers leave to be done.
 *
 * The source, when it is not named, is guessed from names alone, never from values, so that all notifications of one
 * command are of one source and their objects match: subject or message: Zabbix; then what the pairs are called; then
 * the environment; else generic. Nagios prefixes its environment, Icinga 2 does not. In pairs most names are common to
 * both: those only one of them has decide, and without any it is Nagios.
 *
 * DIAGNOSTICS
 * NT_EINVAL, with words, for an unknown source or when neither host, service nor any text was given (a test needs none
 * of them); the generic reader's. NT_ENOMEM.
 */
#include "ingest/ingest.h"

#include "ingest/identity.h"
#include "ingest/source.h"
#include "ingest/zabbix_message.h"

#include <string.h>

static bool has_any(const struct kv *kv, const char *const *names, size_t n)
{
    for (size_t i = 0; kv && i < n; i++)
        if (kv_get(kv, names[i]))
            return true;
    return false;
}

#define HAS_ANY(kv, names) has_any(kv, names, sizeof(names) / sizeof *(names))

static const char *const notification_names[] = {
    "NOTIFICATIONTYPE", "HOSTNAME",     "HOSTSTATE",     "HOSTOUTPUT",      "SERVICEDESC",
    "SERVICENAME",      "SERVICESTATE", "SERVICEOUTPUT", "HOSTDISPLAYNAME", "SERVICEDISPLAYNAME"};
static const char *const nagios_names[] = {"NAGIOS_NOTIFICATIONTYPE", "NAGIOS_HOSTNAME", "NAGIOS_SERVICEDESC",
                                           "NAGIOS_HOSTSTATE", "NAGIOS_SERVICESTATE"};
/* Where these are among the pairs it is Nagios's notification command, whatever else is. */
static const char *const nagios_only_names[] = {
    "HOSTALIAS",          "CONTACTALIAS",    "CONTACTADDRESS1",  "NOTIFICATIONAUTHOR", "NOTIFICATIONRECIPIENTS",
    "LONGSERVICEOUTPUT",  "LONGHOSTOUTPUT",  "SERVICEPROBLEMID", "HOSTPROBLEMID",      "SERVICENOTIFICATIONNUMBER",
    "SERVICEDURATIONSEC", "HOSTDURATIONSEC", "SERVICESTATETYPE", "HOSTSTATETYPE",      "HOSTNOTIFICATIONNUMBER",
    "SERVICEINFOURL",     "HOSTINFOURL",     "SHORTDATETIME",    "SERVICEATTEMPT",     "HOSTATTEMPT"};
static const char *const icinga2_only_names[] = {"USEREMAIL",       "SERVICENAME",        "ICINGAWEB2URL",
                                                 "HOSTDISPLAYNAME", "SERVICEDISPLAYNAME", "NOTIFICATIONAUTHORNAME"};
static const char *const zabbix_names[] = {"EVENT.ID",  "EVENT.NAME", "EVENT.VALUE", "EVENT.STATUS",
                                           "HOST.NAME", "TRIGGER.ID", "TRIGGER.NAME"};

static enum alert_source guess(const struct ingest_input *in)
{
    if (in->subject || in->message)
        return SOURCE_ZABBIX;
    bool nagios_env = HAS_ANY(in->env, nagios_names), icinga2_env = in->env && kv_get(in->env, "NOTIFICATIONTYPE");
    if (HAS_ANY(in->pairs, nagios_names))
        return SOURCE_NAGIOS;
    if (HAS_ANY(in->pairs, notification_names)) {
        if (nagios_env || HAS_ANY(in->pairs, nagios_only_names))
            return SOURCE_NAGIOS;
        return icinga2_env || HAS_ANY(in->pairs, icinga2_only_names) ? SOURCE_ICINGA2 : SOURCE_NAGIOS;
    }
    if (HAS_ANY(in->pairs, zabbix_names))
        return SOURCE_ZABBIX;
    for (size_t i = 0; in->pairs && i < in->pairs->n; i++)
        if (generic_is_field(in->pairs->pair[i].key))
            return SOURCE_GENERIC;
    return nagios_env ? SOURCE_NAGIOS : icinga2_env ? SOURCE_ICINGA2 : SOURCE_GENERIC;
}

static enum nt_status read_by_source(const struct ingest_input *in, struct alert *a, struct buf *error)
{
    switch (a->source) {
    case SOURCE_NAGIOS:
        return nagios_read(in, a);
    case SOURCE_ICINGA2:
        return icinga2_read(in, a);
    case SOURCE_ZABBIX:
        return zabbix_read(in, a);
    case SOURCE_GENERIC:
        break;
    }
    return generic_read(in, a, error);
}

static bool is_empty(const struct alert *a)
{
    return !*a->host && !*a->service && !*a->output && !*a->long_output && !*a->comment;
}

enum nt_status ingest(const struct ingest_input *in, struct alert **out, struct buf *error)
{
    enum nt_status status;
    *out = NULL;
    struct alert *a = alert_new();
    if (!a)
        return NT_ENOMEM;
    if (!in->source || !*in->source) {
        a->source = guess(in);
    } else if ((status = alert_source_parse(in->source, &a->source))) {
        buf_addf(error, "source \"%.64s\" does not exist: nagios, icinga2, zabbix or generic", in->source);
        goto done;
    }
    a->received = in->now;
    a->time = in->now / 1000;
    status = read_by_source(in, a, error);
    if (status)
        goto done;
    if (in->test) {
        a->event = EVENT_TEST;
        a->phase = PHASE_NONE;
        /* A test shall show what would happen to a page that matters. */
        a->class = CLASS_URGENT;
    } else if (a->event != EVENT_TEST && is_empty(a)) {
        buf_addf(error, "no alert: %s named no host and gave no text", alert_source_name(a->source));
        status = NT_EINVAL;
        goto done;
    }
    struct zabbix_subject subject;
    zabbix_subject_read(in->subject ? in->subject : "", &subject);
    status = identity_object(a, subject.text);
    if (!status)
        status = identity_news(a, in->to, in->subject, in->message);
done:
    if (status)
        alert_free(a);
    else
        *out = a;
    return status;
}

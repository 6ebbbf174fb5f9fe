/*
 * channel_notification: a notification of Icinga Notifications → Icinga 2's macros, and whom to page.
 *
 * From here on it is an alert like any other of Icinga 2: it can be handed over, and its object is that of the same
 * host and service notified by Icinga 2 itself.
 *
 *     tags host, service            HOSTNAME, SERVICEDESC; without a host tag the object's whole name is the host
 *     incident.severity             the state: ok → OK/UP, warning and less → WARNING, crit and more → CRITICAL/DOWN,
 *                                   err → UNKNOWN of a service (that is how Icinga's unknown arrives), else as crit
 *     event.type, if it is there    the kind of the notification; else ok is a recovery, anything else a problem, and
 *                                   no severity at all a custom message
 *
 * Muting is told as a downtime, for that is what it comes from, and nobody is to be woken for it. An incident that
 * comes of age, and an acknowledgement that was taken back, are the problem once more.
 *
 * Whom: the addresses of the channel's own type; else those of a type that is a phone's; else the contact's other
 * addresses and then his name, as far as they are contacts, aliases or groups of ours. An address may be such a word
 * instead of a number, too.
 *
 * DIAGNOSTICS
 * NT_EINVAL with words for params that are about nothing; NT_ENOMEM. Members of the wrong type count as missing.
 */
#include "ingest/channel_private.h"

#include "base/number.h"
#include "ingest/macros.h"
#include "ingest/moment.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 64 * 1024 };

static const char *const phone_types[] = {"sms", "phone", "mobile", "pager", "tel", "twilio"};

/* Icinga Notifications' severities, in their order. */
static const struct {
    const char *severity, *host_state, *service_state, *other_state;
} severities[] = {
    {"ok", "UP", "OK", "OK"},
    {"debug", "WARNING", "WARNING", "WARNING"},
    {"info", "WARNING", "WARNING", "WARNING"},
    {"notice", "WARNING", "WARNING", "WARNING"},
    {"warning", "WARNING", "WARNING", "WARNING"},
    {"err", "DOWN", "UNKNOWN", "CRITICAL"},
    {"crit", "DOWN", "CRITICAL", "CRITICAL"},
    {"alert", "DOWN", "CRITICAL", "CRITICAL"},
    {"emerg", "DOWN", "CRITICAL", "CRITICAL"},
};

/* The early versions' event types that are more than a change of state. */
static const struct {
    const char *type, *notification;
} kinds[] = {
    {"acknowledgement-set", "ACKNOWLEDGEMENT"},
    {"custom", "CUSTOM"},
    {"downtime-start", "DOWNTIMESTART"},
    {"downtime-end", "DOWNTIMEEND"},
    {"downtime-removed", "DOWNTIMECANCELLED"},
    {"flapping-start", "FLAPPINGSTART"},
    {"flapping-end", "FLAPPINGEND"},
    {"mute", "DOWNTIMESTART"},
    {"unmute", "DOWNTIMEEND"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static enum nt_status put(struct channel_request *r, const char *name, const char *value)
{
    return macros_put(&r->macros, name, strlen(name), value);
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *kind_of(const char *type, const char *severity)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (!strcmp(kinds[i].type, type))
            return kinds[i].notification;
    return !*severity ? "CUSTOM" : strcmp(severity, "ok") ? "PROBLEM" : "RECOVERY";
}

/* A severity that nobody has heard of stays as it is: such a state is urgent. */
static const char *state_of(const char *severity, bool service, bool host)
{
    for (size_t i = 0; i < COUNT(severities); i++)
        if (!strcmp(severities[i].severity, severity))
            return service ? severities[i].service_state : host ? severities[i].host_state : severities[i].other_state;
    return severity;
}

static enum nt_status put_link(struct channel_request *r, const cJSON *object, const cJSON *incident)
{
    const char *url = channel_text(object, "url");
    if (!macros_is_link(url))
        url = channel_text(incident, "url");
    return put(r, "ICINGAWEB2URL", url);
}

static enum nt_status put_time(struct channel_request *r, const cJSON *event)
{
    char number[24];
    int64_t at = moment_stamp(channel_text(event, "time"));
    if (at < 0)
        return NT_OK;
    snprintf(number, sizeof number, "%lld", (long long)at);
    return put(r, "TIMET", number);
}

static enum nt_status put_incident(struct channel_request *r, const cJSON *incident, bool service)
{
    char number[24];
    const cJSON *id = member(incident, "id");
    enum nt_status status = put(r, "INCIDENTURL", channel_text(incident, "url"));
    if (!status)
        status = put(r, "INCIDENTSEVERITY", channel_text(incident, "severity"));
    if (status || !cJSON_IsNumber(id) || !(id->valuedouble >= 1 && id->valuedouble <= 9007199254740992.0))
        return status;
    snprintf(number, sizeof number, "%.0f", id->valuedouble);
    return put(r, service ? "SERVICEPROBLEMID" : "HOSTPROBLEMID", number);
}

static bool says_what_people_did(const char *notification)
{
    return !strcmp(notification, "ACKNOWLEDGEMENT") || !strcmp(notification, "CUSTOM") ||
           !strncmp(notification, "DOWNTIME", 8);
}

static enum nt_status put_event(struct channel_request *r, const cJSON *event, const char *notification, bool service)
{
    const char *message = channel_text(event, "message");
    bool comment = says_what_people_did(notification);
    enum nt_status status = put(r, "NOTIFICATIONTYPE", notification);
    if (!status)
        status = put(r, comment ? "NOTIFICATIONCOMMENT" : service ? "SERVICEOUTPUT" : "HOSTOUTPUT", message);
    if (!status)
        status = put(r, "NOTIFICATIONAUTHORNAME", channel_text(event, "username"));
    if (!status)
        status = put(r, "EVENTTYPE", channel_text(event, "type"));
    return status ? status : put_time(r, event);
}

static enum nt_status put_alert(struct channel_request *r, const cJSON *params, struct buf *error)
{
    const cJSON *object = member(params, "object"), *incident = member(params, "incident"),
                *event = member(params, "event"), *tags = member(object, "tags");
    const char *name = channel_text(object, "name"), *host = channel_text(tags, "host"),
               *service = *host ? channel_text(tags, "service") : "", *severity = channel_text(incident, "severity");
    if (!*name && !*host && !*channel_text(event, "message")) {
        buf_adds(error, "params: neither an object nor a message");
        return NT_EINVAL;
    }
    const char *notification = kind_of(channel_text(event, "type"), severity);
    enum nt_status status = put(r, "HOSTNAME", *host ? host : name);
    if (!status)
        status = put(r, "SERVICEDESC", service);
    if (!status)
        status = put(r, "OBJECTNAME", name);
    if (!status)
        status = put(r, *service ? "SERVICESTATE" : "HOSTSTATE", state_of(severity, *service, *host));
    if (!status)
        status = put_event(r, event, notification, *service);
    if (!status)
        status = put_incident(r, incident, *service);
    return status ? status : put_link(r, object, incident);
}

static bool is_phone_type(const char *type)
{
    for (size_t i = 0; i < COUNT(phone_types); i++)
        if (!strcasecmp(phone_types[i], type))
            return true;
    return false;
}

/* A number in E.164, or the word as it is. */
static enum nt_status add_address(struct channel_request *r, const char *address)
{
    char number[NUMBER_MAX];
    if (number_parse(address, strlen(address), number) == NT_OK)
        return strlist_has(&r->to, number) ? NT_OK : strlist_add(&r->to, number);
    return strlist_split(&r->to, address, ",;");
}

/* The addresses of the channel's type, or (NULL) of any phone's. */
static enum nt_status add_addresses(struct channel_request *r, const cJSON *addresses, const char *type)
{
    enum nt_status status = NT_OK;
    const cJSON *each;
    cJSON_ArrayForEach(each, addresses)
    {
        const char *its = channel_text(each, "type");
        if (!status && (type ? !strcasecmp(its, type) : is_phone_type(its)))
            status = add_address(r, channel_text(each, "address"));
    }
    return status;
}

/* What else the contact is known by: a mail address may be an alias. */
static enum nt_status put_other_words(struct channel_request *r, const cJSON *addresses)
{
    struct buf words;
    buf_init(&words, WORDS_MAX);
    const cJSON *each;
    cJSON_ArrayForEach(each, addresses)
    {
        const char *address = channel_text(each, "address");
        if (*address && words.len + strlen(address) < WORDS_MAX)
            buf_addf(&words, "%s%s", words.len ? "," : "", address);
    }
    enum nt_status status = buf_status(&words);
    if (!status)
        status = put(r, "CONTACTPAGER", buf_text(&words));
    buf_clean(&words);
    return status;
}

enum nt_status channel_notification_read(const cJSON *params, const char *type, struct channel_request *r,
                                         struct buf *error)
{
    if (!cJSON_IsObject(params)) {
        buf_adds(error, "params: an object is expected");
        return NT_EINVAL;
    }
    const cJSON *contact = member(params, "contact"), *addresses = member(contact, "addresses");
    enum nt_status status = put_alert(r, params, error);
    if (!status)
        status = put(r, "CONTACTNAME", channel_text(contact, "full_name"));
    if (!status)
        status = add_addresses(r, addresses, type);
    if (!status && !r->to.n)
        status = add_addresses(r, addresses, NULL);
    if (!status && !r->to.n)
        status = put_other_words(r, addresses);
    return status;
}

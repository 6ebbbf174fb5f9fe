/*
 * strict: judges what a client wants created, as Twilio does, and more narrowly.
 *
 * What Twilio refuses is refused with its code. What Twilio lets pass but a careful client does not do (a parameter it
 * has never heard of, a repeated one, a '+' that was not encoded) is a violation: kept for the tests to see.
 *
 * The order is Twilio's as far as it shows: recipient, sender, content, then the rest.
 */
#include "sim.h"

#include "segments.h"

#include "base/number.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parameter {
    const char *name;
    bool many;
    char kind; /* t text, b boolean, u URL, 1 a number, r enable|disable */
};

static const struct parameter message_parameter[] = {
    {"To", false, 't'},
    {"From", false, 't'},
    {"MessagingServiceSid", false, 't'},
    {"Body", false, 't'},
    {"MediaUrl", true, 'u'},
    {"StatusCallback", false, 'u'},
    {"ApplicationSid", false, 't'},
    {"ValidityPeriod", false, '1'},
    {"RiskCheck", false, 'r'},
    {"SmartEncoded", false, 'b'},
    {"SendAsMms", false, 'b'},
    {"ProvideFeedback", false, 'b'},
    {"ShortenUrls", false, 'b'},
    {"ForceDelivery", false, 'b'},
    {"ScheduleType", false, 't'},
    {"SendAt", false, 't'},
    {"MaxPrice", false, 't'},
    {"Attempt", false, '1'},
    {"ContentRetention", false, 't'},
    {"AddressRetention", false, 't'},
    {"TrafficType", false, 't'},
    {"PersistentAction", true, 't'},
    {"MessageIntent", false, 't'},
    {"FallbackFrom", false, 't'},
    {"ContentSid", false, 't'},
    {"ContentVariables", false, 't'},
    {NULL, false, 0},
};

static const struct parameter call_parameter[] = {
    {"To", false, 't'},
    {"From", false, 't'},
    {"Twiml", false, 't'},
    {"Url", false, 'u'},
    {"ApplicationSid", false, 't'},
    {"Method", false, 't'},
    {"Timeout", false, '1'},
    {"StatusCallback", false, 'u'},
    {"StatusCallbackMethod", false, 't'},
    {"StatusCallbackEvent", true, 't'},
    {"FallbackUrl", false, 'u'},
    {"FallbackMethod", false, 't'},
    {"MachineDetection", false, 't'},
    {"SendDigits", false, 't'},
    {"TimeLimit", false, '1'},
    {NULL, false, 0},
};

static bool is_url(const char *s)
{
    const char *rest = strncasecmp(s, "https://", 8) == 0 ? s + 8 : strncasecmp(s, "http://", 7) == 0 ? s + 7 : "";
    return *rest && *rest != '/' && strcspn(rest, " \t\n\"<>") == strlen(rest);
}

static const struct parameter *parameter_of(const struct parameter *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static bool value_fits(const struct parameter *p, const char *value)
{
    char *end;
    switch (p->kind) {
    case 'b':
        return strcasecmp(value, "true") == 0 || strcasecmp(value, "false") == 0;
    case 'r':
        return strcmp(value, "enable") == 0 || strcmp(value, "disable") == 0;
    case '1':
        return *value >= '0' && *value <= '9' && strtol(value, &end, 10) >= 0 && *end == '\0';
    default:
        return true;
    }
}

/* What no request may do, whatever it asks for. */
static bool check_form(struct sim *s, struct exchange *x, const struct parameter *table)
{
    const char *type = exchange_header(x, "Content-Type");
    if (!type || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) {
        exchange_violation(x, "Content-Type %s", type ? type : "missing");
        exchange_refuse(x, 415, 20415, "Unsupported Content-Type");
        return false;
    }
    if (x->query.n)
        exchange_violation(x, "parameters in the URL of a POST");
    if (x->form.fault)
        exchange_violation(x, "form: %s", x->form.fault);
    for (size_t i = 0; i < x->form.n; i++) {
        const struct field *f = &x->form.item[i];
        const struct parameter *p = parameter_of(table, f->name);
        if (!p) {
            exchange_violation(x, "unknown parameter %s", f->name);
            if (!s->settings.lenient) {
                exchange_refuse(x, 400, 20001, "Unknown parameter %s", f->name);
                return false;
            }
            continue;
        }
        if (!p->many && fields_count(&x->form, f->name) > 1)
            exchange_violation(x, "parameter %s more than once", f->name);
        if (f->value[0] == ' ' && strcmp(f->name, "Body") != 0)
            exchange_violation(x, "%s begins with a space: a '+' that was not encoded", f->name);
        if (f->value[0] == '\0')
            exchange_violation(x, "parameter %s is empty", f->name);
        if (!value_fits(p, f->value)) {
            exchange_refuse(x, 400, 20001, "Invalid parameter %s", f->name);
            return false;
        }
    }
    return true;
}

static bool check_to(struct exchange *x, const char *to)
{
    static const struct {
        const char *number;
        int code;
        const char *message;
    } magic[] = {
        {"+15005550001", 21211, "The 'To' number +15005550001 is not a valid phone number."},
        {"+15005550002", 21612, "The 'To' phone number +15005550002 is not currently reachable using the 'From' one."},
        {"+15005550003", 21408, "Permission to send an SMS has not been enabled for the region of this number."},
        {"+15005550004", 21610, "Attempt to send to unsubscribed recipient"},
        {"+15005550009", 21614, "'To' number +15005550009 is not a valid mobile number"},
    };
    if (!to || !*to) {
        exchange_refuse(x, 400, 21604, "A 'To' phone number is required.");
        return false;
    }
    if (!number_is_e164(to)) {
        exchange_refuse(x, 400, 21211, "The 'To' number %s is not a valid phone number.", to);
        return false;
    }
    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
        if (strcmp(to, magic[i].number) == 0) {
            exchange_refuse(x, 400, magic[i].code, "%s", magic[i].message);
            return false;
        }
    return true;
}

static bool check_from(struct sim *s, struct exchange *x, const char *to, const char *from)
{
    if (strcmp(from, "+15005550008") == 0) {
        exchange_refuse(x, 429, 21611, "This 'From' number has exceeded the maximum number of queued messages");
        return false;
    }
    if (sender_kind(from) == SENDER_BAD || strcmp(from, "+15005550001") == 0) {
        exchange_refuse(x, 400, 21212, "The 'From' number %s is not a valid phone number, shortcode, or name", from);
        return false;
    }
    if (!account_sender(&s->account, from)) {
        exchange_refuse(x, 400, 21606,
                        "The 'From' phone number provided (%s) is not a valid, message-capable Twilio phone number",
                        from);
        return false;
    }
    if (sender_kind(from) == SENDER_ALPHA && strncmp(to, "+1", 2) == 0) {
        exchange_refuse(x, 400, 21612, "%s cannot be reached from the alphanumeric sender %s", to, from);
        return false;
    }
    return true;
}

static bool check_service(struct sim *s, struct exchange *x, const char *sid, const char *from)
{
    const struct service *service = account_service(&s->account, sid);
    if (!sid_is(sid, "MG") || !service) {
        exchange_refuse(x, sid_is(sid, "MG") ? 404 : 400, 21701, "The Messaging Service %s does not exist", sid);
        return false;
    }
    for (int i = 0; from && i < service->n; i++)
        if (strcmp(service->pool[i], from) == 0)
            return true;
    if (from) {
        exchange_refuse(x, 400, 21712, "The 'From' number is not part of the Messaging Service %s", sid);
        return false;
    }
    return true;
}

static bool check_media(struct sim *s, struct exchange *x, const char *from, struct draft *d)
{
    for (size_t i = 0; i < x->form.n; i++) {
        if (strcmp(x->form.item[i].name, "MediaUrl") != 0)
            continue;
        if (d->n_media == LEDGER_MEDIA) {
            exchange_refuse(x, 400, 21623, "Number of media files exceeds allowed limit");
            return false;
        }
        d->media[d->n_media++] = x->form.item[i].value;
        if (!is_url(x->form.item[i].value)) {
            exchange_refuse(x, 400, 21620, "Invalid media URL(s)");
            return false;
        }
    }
    const struct sender *sender = from ? account_sender(&s->account, from) : NULL;
    if (d->n_media && sender && sender->no_media) {
        exchange_refuse(x, 400, 21621, "The 'From' number %s is not enabled for MMS", from);
        return false;
    }
    return true;
}

static bool check_rest(struct exchange *x, struct draft *d)
{
    const char *validity = fields_get(&x->form, "ValidityPeriod"), *app = fields_get(&x->form, "ApplicationSid");
    d->validity = validity ? strtol(validity, NULL, 10) : 0;
    if (validity && (d->validity < 1 || d->validity > 36000)) {
        exchange_refuse(x, 400, 20001, "ValidityPeriod %s is out of range", validity);
        return false;
    }
    d->callback = fields_get(&x->form, "StatusCallback");
    if (d->callback && !is_url(d->callback)) {
        exchange_refuse(x, 400, 21609, "The StatusCallback URL %s is not a valid URL.", d->callback);
        return false;
    }
    if (app && !sid_is(app, "AP")) {
        exchange_refuse(x, 400, 20001, "Invalid ApplicationSid");
        return false;
    }
    if ((fields_get(&x->form, "SendAt") || fields_get(&x->form, "ScheduleType")) && !d->service) {
        exchange_refuse(x, 400, 35118, "MessagingServiceSid is required to schedule a message");
        return false;
    }
    return true;
}

bool strict_message(struct sim *s, struct exchange *x, struct draft *d)
{
    *d = (struct draft){.to = fields_get(&x->form, "To"),
                        .from = fields_get(&x->form, "From"),
                        .service = fields_get(&x->form, "MessagingServiceSid"),
                        .body = fields_get(&x->form, "Body")};
    if (!check_form(s, x, message_parameter) || !check_to(x, d->to))
        return false;
    if ((!d->from || !*d->from) && !d->service) {
        exchange_refuse(x, 400, 21603, "A 'From' or 'MessagingServiceSid' parameter is required.");
        return false;
    }
    if (d->service ? !check_service(s, x, d->service, d->from) : !check_from(s, x, d->to, d->from))
        return false;
    if (!check_media(s, x, d->from, d))
        return false;
    if ((!d->body || !*d->body) && d->n_media == 0 && !fields_get(&x->form, "ContentSid")) {
        exchange_refuse(x, 400, 21602, "Message body is required.");
        return false;
    }
    if (d->body && segments_characters(d->body) > 1600) {
        exchange_refuse(x, 400, 21617, "The concatenated message body exceeds the 1600 character limit");
        return false;
    }
    return check_rest(x, d);
}

bool strict_call(struct sim *s, struct exchange *x)
{
    const char *to = fields_get(&x->form, "To"), *from = fields_get(&x->form, "From");
    const char *twiml = fields_get(&x->form, "Twiml"), *url = fields_get(&x->form, "Url");
    if (!check_form(s, x, call_parameter))
        return false;
    if (!to || !number_is_e164(to)) {
        exchange_refuse(x, 400, to ? 21211 : 21201, "The 'To' number %s is not a valid phone number.", to ? to : "");
        return false;
    }
    if (!from || !account_sender(&s->account, from) || sender_kind(from) != SENDER_NUMBER) {
        exchange_refuse(x, 400, from ? 21210 : 21213, "The 'From' number %s is not yours", from ? from : "");
        return false;
    }
    if (!twiml && !url && !fields_get(&x->form, "ApplicationSid")) {
        exchange_refuse(x, 400, 21205, "Url parameter is required.");
        return false;
    }
    if ((twiml && strlen(twiml) > 4000) || (url && !is_url(url))) {
        exchange_refuse(x, 400, 21205, "Url or Twiml is not valid");
        return false;
    }
    return true;
}

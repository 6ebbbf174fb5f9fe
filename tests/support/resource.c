/*
 * resource: a message as JSON: the resource Twilio answers with, and the view of the recipient's phone.
 *
 * As there, counts are strings, most things may be null, and dates are RFC 2822 in UTC. A message of a messaging
 * service has neither sender nor segments until a number of the pool has been chosen.
 */
#include "ledger.h"

#include <stdio.h>
#include <time.h>

static void date(struct json *j, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[48];
    if (ms == 0 || !gmtime_r(&seconds, &tm) || !strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm))
        json_null(j);
    else
        json_string(j, text);
}

static void text_or_null(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_string(j, text && *text ? text : NULL);
}

static void count(struct json *j, const char *key, int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    json_key(j, key);
    json_string(j, text);
}

void message_json(const struct message *m, const struct account *a, const struct settings *s, int64_t clock,
                  struct json *j)
{
    enum message_status status = message_status_at(m, clock);
    int64_t sent = message_date_sent(m, clock, s->speed);
    bool unassigned = status == MESSAGE_ACCEPTED;
    bool ended_badly = (status == MESSAGE_UNDELIVERED || status == MESSAGE_FAILED) && m->error;
    char text[160];

    json_object(j);
    json_key(j, "body");
    json_string(j, s->redact || m->emptied ? "" : m->body);
    count(j, "num_segments", unassigned ? 0 : m->segments);
    json_key(j, "direction");
    json_string(j, status == MESSAGE_RECEIVED ? "inbound" : "outbound-api");
    text_or_null(j, "from", unassigned ? NULL : m->from);
    json_key(j, "date_updated");
    date(j, sent ? sent : m->created);
    json_key(j, "price");
    if (sent) {
        snprintf(text, sizeof text, "-%d.%05d", m->segments * 750 / 100000, m->segments * 750 % 100000);
        json_string(j, text);
    } else {
        json_null(j);
    }
    json_key(j, "error_message");
    json_string(j, ended_badly ? "The message was not delivered" : NULL);
    json_key(j, "uri");
    snprintf(text, sizeof text, "/2010-04-01/Accounts/%s/Messages/%s.json", a->sid, m->sid);
    json_string(j, text);
    json_key(j, "account_sid");
    json_string(j, a->sid);
    count(j, "num_media", m->n_media);
    json_key(j, "to");
    json_string(j, m->to);
    json_key(j, "date_created");
    date(j, m->created);
    json_key(j, "status");
    json_string(j, message_status_name(status));
    json_key(j, "sid");
    json_string(j, m->sid);
    json_key(j, "date_sent");
    date(j, sent);
    text_or_null(j, "messaging_service_sid", m->service);
    json_key(j, "error_code");
    if (ended_badly)
        json_int(j, m->error);
    else
        json_null(j);
    json_key(j, "price_unit");
    json_string(j, "USD");
    json_key(j, "api_version");
    json_string(j, "2010-04-01");
    json_key(j, "subresource_uris");
    json_object(j);
    json_key(j, "media");
    snprintf(text, sizeof text, "/2010-04-01/Accounts/%s/Messages/%s/Media.json", a->sid, m->sid);
    json_string(j, text);
    json_end(j);
    json_end(j);
}

void message_phone_json(const struct message *m, int64_t clock, struct json *j)
{
    json_object(j);
    json_key(j, "sid");
    json_string(j, m->sid);
    json_key(j, "to");
    json_string(j, m->to);
    text_or_null(j, "from", m->from);
    text_or_null(j, "service", m->service);
    json_key(j, "body");
    json_string(j, m->body);
    json_key(j, "encoding");
    json_string(j, m->ucs2 ? "UCS-2" : "GSM-7");
    json_key(j, "segments");
    json_int(j, m->segments);
    json_key(j, "media");
    json_array(j);
    for (int i = 0; i < m->n_media; i++)
        json_string(j, m->media[i]);
    json_end(j);
    json_key(j, "status");
    json_string(j, message_status_name(message_status_at(m, clock)));
    json_key(j, "error");
    if (m->error)
        json_int(j, m->error);
    else
        json_null(j);
    text_or_null(j, "callback", m->callback);
    json_key(j, "validity");
    if (m->validity)
        json_int(j, m->validity);
    else
        json_null(j);
    json_key(j, "created");
    json_int(j, m->created);
    json_key(j, "deleted");
    json_bool(j, m->deleted);
    json_end(j);
}

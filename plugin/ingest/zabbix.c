/*
 * zabbix: subject and message of a script media type → the alert.
 *
 * The macros come from the message's KEY=VALUE lines, pairs win over them. What the message does not say is taken from
 * the subject's first word and the labels of Zabbix's own templates, so that a media type with default messages pages
 * well too. Zabbix has no services: `output` is the event's name, `long_output` the operational data (else the item's
 * last value) and whatever text the message has besides.
 *
 * An update is an acknowledgement when it acknowledges, a custom message otherwise. What a monitored host says may look
 * like a line of the message, and must not turn a problem into something quiet: EVENT.UPDATE.STATUS decides. Urgent are
 * problems of severity 4 (high) and more, or of a severity nobody has said, and updates that raise a problem's severity
 * to 4 or more.
 *
 * DIAGNOSTICS
 * NT_ENOMEM only: what is missing stays empty.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "ingest/macros.h"
#include "ingest/moment.h"
#include "ingest/output.h"
#include "ingest/source.h"
#include "ingest/zabbix_message.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { SEVERITY_URGENT = 4 };
static const char *const severities[] = {"not classified", "information", "warning", "average", "high", "disaster"};
#define SEVERITIES ((long)(sizeof severities / sizeof *severities))

static const struct macro_field fields[] = {
    {offsetof(struct alert, host), {"HOST.NAME", "HOST.HOST", "HOST.NAME1", "HOSTNAME"}},
    {offsetof(struct alert, address), {"HOST.IP", "HOST.CONN", "HOST.DNS", "HOST.IP1"}},
    {offsetof(struct alert, author), {"USER.FULLNAME", "USER.USERNAME", "USER.ALIAS"}},
    {offsetof(struct alert, comment), {"EVENT.UPDATE.MESSAGE", "ACK.MESSAGE"}},
    {offsetof(struct alert, event_id), {"EVENT.ID"}},
    {offsetof(struct alert, problem_id), {"EVENT.ID"}},
    {offsetof(struct alert, url), {"TRIGGER.URL", "EVENT.URL"}},
    {offsetof(struct alert, pager), {"ALERT.SENDTO"}},
    {offsetof(struct alert, severity), {"EVENT.SEVERITY", "TRIGGER.SEVERITY"}},
};

static enum nt_status collect(const struct ingest_input *in, struct kv *macros, struct buf *rest)
{
    enum nt_status status = zabbix_message_read(in->message ? in->message : "", macros, rest);
    for (size_t i = 0; in->pairs && i < in->pairs->n && !status; i++) {
        const struct kv_pair *p = &in->pairs->pair[i];
        status = macros_put(macros, p->key, strlen(p->key), zabbix_value(p->value));
    }
    if (!status && in->subject)
        status = macros_put(macros, "ALERT.SUBJECT", 13, in->subject);
    if (!status && in->message)
        status = macros_put(macros, "ALERT.MESSAGE", 13, in->message);
    return status;
}

/* Does the word stand alone in the first line of text? ("unacknowledged" is not "acknowledged".) */
static bool says(const char *text, const char *word)
{
    size_t len = strlen(word), line = strcspn(text, "\n");
    for (size_t at = 0; at + len <= line; at++) {
        bool starts = !at || strchr(" ,(:", text[at - 1]),
             ends = !text[at + len] || strchr(" ,.:;)\r\n", text[at + len]);
        if (starts && ends && !strncasecmp(text + at, word, len))
            return true;
    }
    return false;
}

static enum zabbix_kind kind_of(const struct kv *m, const struct zabbix_subject *subject, const char *rest)
{
    const char *update = kv_text(m, "EVENT.UPDATE.STATUS");
    /* A message that says that it is none has no action either: that one is a monitored host's text. */
    if (strcmp(update, "0") != 0 &&
        (!strcmp(update, "1") || *kv_text(m, "EVENT.UPDATE.ACTION") || (!*update && subject->kind == ZABBIX_UPDATE)))
        return ZABBIX_UPDATE;
    const char *value = macros_first(m, "EVENT.VALUE", "TRIGGER.VALUE", NULL);
    if (!strcmp(value, "0") || !strcmp(value, "1"))
        return *value == '0' ? ZABBIX_RECOVERY : ZABBIX_PROBLEM;
    const char *status = macros_first(m, "EVENT.STATUS", "TRIGGER.STATUS", "STATUS", NULL);
    if (!strcasecmp(status, "RESOLVED") || !strcasecmp(status, "OK"))
        return ZABBIX_RECOVERY;
    if (*status)
        return ZABBIX_PROBLEM;
    if (*kv_text(m, "EVENT.RECOVERY.ID"))
        return ZABBIX_RECOVERY;
    if (subject->kind != ZABBIX_UNSAID)
        return subject->kind;
    return strncasecmp(rest, "Problem has been resolved", 25) ? ZABBIX_PROBLEM : ZABBIX_RECOVERY;
}

static bool acknowledges(const struct kv *m, const char *rest)
{
    const char *action = kv_text(m, "EVENT.UPDATE.ACTION");
    if (*action)
        return says(action, "acknowledged");
    const char *status = kv_text(m, "EVENT.ACK.STATUS");
    if (*status)
        return !strcasecmp(status, "Yes") || !strcmp(status, "1");
    return says(rest, "acknowledged") || !strncasecmp(kv_text(m, "ALERT.SUBJECT"), "Acknowledged", 12);
}

static long severity_rank(const char *name, size_t len)
{
    for (long i = 0; i < SEVERITIES; i++)
        if (strlen(severities[i]) == len && !strncasecmp(severities[i], name, len))
            return i;
    return -1;
}

/* 0–5, or -1 when the alert does not say it. */
static long severity_of(const struct kv *m)
{
    long number = macros_number(macros_first(m, "EVENT.NSEVERITY", "TRIGGER.NSEVERITY", NULL));
    const char *name = macros_first(m, "EVENT.SEVERITY", "TRIGGER.SEVERITY", NULL);
    return number >= 0 ? number : severity_rank(name, strlen(name));
}

/* "changed severity from Warning to High": true when the new one is urgent and the old one was not. */
static bool raises(const char *action, long severity)
{
    static const char phrase[] = "changed severity from ";
    const char *from = strstr(action, phrase);
    if (!from)
        return false;
    from += sizeof phrase - 1;
    const char *to = strstr(from, " to ");
    size_t from_len = to ? (size_t)(to - from) : strlen(from);
    if (to) {
        to += 4;
        /* "… to High and commented", "… to High, closed" */
        const char *end = strstr(to, " and ");
        size_t to_len = strcspn(to, ",");
        if (end && (size_t)(end - to) < to_len)
            to_len = (size_t)(end - to);
        long named = severity_rank(to, to_len);
        severity = named >= 0 ? named : severity;
    }
    /* A name of the site's own is not known: better one page too many. */
    return severity >= SEVERITY_URGENT && severity_rank(from, from_len) < SEVERITY_URGENT;
}

static void classify(struct alert *a, const struct zabbix_subject *subject, const char *rest)
{
    const struct kv *m = &a->macros;
    long severity = severity_of(m);
    a->class = CLASS_ROUTINE;
    switch (kind_of(m, subject, rest)) {
    case ZABBIX_RECOVERY:
        a->event = EVENT_RECOVERY;
        break;
    case ZABBIX_UPDATE:
        a->event = acknowledges(m, rest) ? EVENT_ACKNOWLEDGEMENT : EVENT_CUSTOM;
        if (raises(kv_text(m, "EVENT.UPDATE.ACTION"), severity))
            a->class = CLASS_URGENT;
        break;
    case ZABBIX_PROBLEM:
    case ZABBIX_UNSAID:
        a->event = EVENT_PROBLEM;
        if (severity < 0 || severity >= SEVERITY_URGENT)
            a->class = CLASS_URGENT;
        break;
    }
}

static enum nt_status set_state(struct alert *a)
{
    const char *value = kv_text(&a->macros, "EVENT.VALUE"), *status = kv_text(&a->macros, "EVENT.STATUS");
    bool good = a->event == EVENT_RECOVERY ||
                (a->event != EVENT_PROBLEM && (!strcmp(value, "0") || !strcasecmp(status, "RESOLVED")));
    return alert_set(&a->state, good ? "OK" : "PROBLEM");
}

/* Zabbix's own word, or its site's, in lower case. */
static enum nt_status set_severity(struct alert *a)
{
    long rank = severity_of(&a->macros);
    if (!*a->severity)
        return rank >= 0 && rank < SEVERITIES ? alert_set(&a->severity, severities[rank]) : NT_OK;
    struct buf lower;
    buf_init(&lower, (size_t)4 * MACRO_VALUE_MAX);
    enum nt_status status = NT_OK;
    if (utf8_valid(a->severity, strlen(a->severity))) {
        status = utf8_lower(&lower, a->severity, strlen(a->severity));
        if (!status)
            status = alert_set(&a->severity, buf_text(&lower));
    }
    buf_clean(&lower);
    return status;
}

static enum nt_status set_output(struct alert *a, const struct zabbix_subject *subject, const struct buf *rest)
{
    const struct kv *m = &a->macros;
    const char *name = macros_first(m, "EVENT.NAME", "TRIGGER.NAME", NULL);
    const char *data = macros_first(m, "EVENT.OPDATA", "ITEM.LASTVALUE", "ITEM.VALUE", NULL);
    struct buf more;
    buf_init(&more, 2 * (rest->len + MACRO_VALUE_MAX));
    buf_adds(&more, data);
    if (rest->len && more.len)
        buf_addc(&more, '\n');
    buf_adds(&more, buf_text(rest));
    enum nt_status status = buf_status(&more);
    if (!status)
        status = output_set(a, *name ? name : subject->text, buf_text(&more), false);
    buf_clean(&more);
    return status;
}

static void set_times(struct alert *a, const struct zabbix_subject *subject)
{
    const struct kv *m = &a->macros;
    const char *at = a->event == EVENT_RECOVERY  ? kv_text(m, "EVENT.RECOVERY.TIMESTAMP")
                     : a->event == EVENT_PROBLEM ? kv_text(m, "EVENT.TIMESTAMP")
                                                 : kv_text(m, "EVENT.UPDATE.TIMESTAMP");
    a->time = moment_epoch(at, a->time);
    const char *age = macros_first(m, "EVENT.DURATION", "EVENT.AGE", NULL);
    a->duration = moment_age(*age ? age : subject->age);
}

enum nt_status zabbix_read(const struct ingest_input *in, struct alert *a)
{
    struct zabbix_subject subject;
    zabbix_subject_read(in->subject ? in->subject : "", &subject);
    struct buf rest;
    buf_init(&rest, in->message ? strlen(in->message) + 1 : 1);
    enum nt_status status = collect(in, &a->macros, &rest);
    if (!status)
        status = macros_fill(a, &a->macros, fields, sizeof fields / sizeof *fields);
    if (status)
        goto done;
    classify(a, &subject, buf_text(&rest));
    status = set_state(a);
    if (!status)
        status = set_severity(a);
    if (!status)
        status = set_output(a, &subject, &rest);
    /* An update without a word of its author still says what was done. */
    if (!status && !*a->comment && a->event == EVENT_CUSTOM)
        status = alert_set(&a->comment, kv_text(&a->macros, "EVENT.UPDATE.ACTION"));
    set_times(a, &subject);
done:
    buf_clean(&rest);
    return status;
}

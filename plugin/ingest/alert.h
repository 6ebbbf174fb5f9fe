/*
 * alert: one notification event of a monitor, neutral (a record).
 *
 * All strings are owned and never NULL; "" = the monitor did not say. They are raw: UTF-8 is not checked here, newlines
 * may be inside output, comment and the macros; cleaning is the text's job.
 */
#ifndef NT_INGEST_ALERT_H
#define NT_INGEST_ALERT_H

#include "base/kv.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum alert_source { SOURCE_NAGIOS, SOURCE_ICINGA2, SOURCE_ZABBIX, SOURCE_GENERIC };
enum alert_event {
    EVENT_PROBLEM,
    EVENT_RECOVERY,
    EVENT_ACKNOWLEDGEMENT,
    EVENT_FLAPPING,
    EVENT_DOWNTIME,
    EVENT_CUSTOM,
    EVENT_TEST
};
enum alert_phase { PHASE_NONE, PHASE_START, PHASE_END, PHASE_CANCELLED };
enum alert_class { CLASS_URGENT, CLASS_ROUTINE };

struct alert {
    enum alert_source source;
    enum alert_event event;
    enum alert_phase phase;
    enum alert_class class;
    char *state;    /* the monitor's word */
    char *severity; /* ok warning critical unknown, or Zabbix's in lower case */
    char *host, *host_alias, *address, *service;
    char *output;      /* first line */
    char *long_output; /* the rest, real newlines */
    char *perfdata;
    char *author, *comment;
    char *problem_id, *event_id;
    char *url;
    int64_t time;             /* epoch seconds of the event; the moment of receipt when the monitor did not say */
    int64_t received;         /* epoch milliseconds */
    int64_t duration;         /* seconds the state has lasted; -1 unknown */
    long notification_number; /* -1 unknown; 0 is a real value that downtime notifications carry */
    char *object;             /* key of the object: source, host, service (or the source and Zabbix's EVENT.ID) */
    char *identity;           /* what makes two alerts of an object the same news; see ingest/identity.h */
    char *pager;              /* CONTACTPAGER or Zabbix's send-to: used with no --to */
    char *contact;            /* CONTACTNAME: used when pager is empty too */
    struct kv macros; /* raw macros by their own names (HOSTNAME, HOST.NAME, _SERVICERUNBOOK), without NAGIOS_ */
};

/* An empty alert: every string "", numbers unknown. NULL = no memory. */
struct alert *alert_new(void);
void alert_free(struct alert *a);
/* Replaces one of the strings above. */
enum nt_status alert_set(char **field, const char *value) NT_MUST_USE;

const char *alert_source_name(enum alert_source s); /* nagios icinga2 zabbix generic */
const char *alert_event_name(enum alert_event e);
const char *alert_phase_name(enum alert_phase p); /* "" start end cancelled */
const char *alert_class_name(enum alert_class c); /* urgent routine */
enum nt_status alert_source_parse(const char *word, enum alert_source *out) NT_MUST_USE;
enum nt_status alert_event_parse(const char *word, enum alert_event *out) NT_MUST_USE;

/* Everything, for the store, as packed pairs (neutral fields under names with '@' before them, then the macros); and
 * back. Unpacking is strict about form and tolerant of missing fields: stored data may be damaged. */
enum nt_status alert_pack(const struct alert *a, struct buf *out) NT_MUST_USE;
enum nt_status alert_unpack(const void *data, size_t len, struct alert **out) NT_MUST_USE;

#endif

/*
 * ingest: what a monitor handed over → struct alert.
 */
#ifndef NT_INGEST_INGEST_H
#define NT_INGEST_INGEST_H

#include "base/buf.h"
#include "base/kv.h"
#include "base/strlist.h"
#include "ingest/alert.h"

#include <stdbool.h>
#include <stdint.h>

struct ingest_input {
    const char *source;     /* nagios|icinga2|zabbix|generic; NULL or "": guess */
    const struct kv *pairs; /* MACRO=VALUE of the command line; win over env */
    const struct kv *env;   /* the whole environment */
    const char *subject;    /* Zabbix; NULL when not given */
    const char *message;    /* Zabbix; NULL when not given */
    const char *text;       /* generic: standard input when there are no pairs; NULL when not given */
    const char *to;         /* the --to words joined by commas (part of Zabbix's identity); NULL when not given */
    bool test;              /* --test: event `test` */
    int64_t now;            /* ms since the epoch */
    const struct strlist *urgent_states;
};

/* NT_EINVAL with a message in error: nothing that could be an alert (no host, no text), unknown source. *out is for
 * alert_free(). */
enum nt_status ingest(const struct ingest_input *in, struct alert **out, struct buf *error) NT_MUST_USE;

/* The options of Icinga's shipped mail scripts, as `twilio-host-notification` / `twilio-service-notification`
 * take them (service true for the latter): fills macros (the env form's names) and to. NT_EINVAL with a message in
 * error. */
enum nt_status icinga2_options(int argc, char *const argv[], bool service, struct kv *macros, struct strlist *to,
                               bool *verbose, struct buf *error) NT_MUST_USE;

#endif

/*
 * zabbix_message: the subject and the message of a Zabbix alert, taken apart.
 */
#ifndef NT_INGEST_ZABBIX_MESSAGE_H
#define NT_INGEST_ZABBIX_MESSAGE_H

#include "base/buf.h"
#include "base/kv.h"

enum zabbix_kind { ZABBIX_UNSAID, ZABBIX_PROBLEM, ZABBIX_RECOVERY, ZABBIX_UPDATE };

/* What a subject says by the word it begins with, and what stands after that: "Resolved in 10s: 5xx rate" is a
 * recovery, its text "5xx rate", its age "10s". text borrows from the subject; age is "" when it is not said. */
struct zabbix_subject {
    enum zabbix_kind kind;
    const char *text;
    char age[48];
};
void zabbix_subject_read(const char *subject, struct zabbix_subject *out);

/* The KEY=VALUE lines of a message into macros, all other text into rest. A message without any is text as a whole;
 * what Zabbix's own templates label ("Host: web01") is then taken for the macros as well. */
enum nt_status zabbix_message_read(const char *message, struct kv *macros, struct buf *rest) NT_MUST_USE;
/* "" for what Zabbix writes when a macro has no value: "*UNKNOWN*", or the macro itself, "{EVENT.UPDATE.ACTION}". */
const char *zabbix_value(const char *value);

#endif

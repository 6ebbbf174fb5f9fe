/*
 * identity: which object an alert is about, and when two alerts of it are the same news.
 */
#ifndef NT_INGEST_IDENTITY_H
#define NT_INGEST_IDENTITY_H

#include "ingest/alert.h"

enum { IDENTITY_OBJECT_MAX = 255, IDENTITY_NEWS_LEN = 32 };

/* Sets object: printable, at most IDENTITY_OBJECT_MAX bytes, the same for all notifications of an object and for no
 * other. subject: Zabbix's without its leading word, or "". */
enum nt_status identity_object(struct alert *a, const char *subject) NT_MUST_USE;
/* Sets identity, 32 hexadecimal digits: of send-to, subject and message when there is one of the latter two (Zabbix),
 * otherwise of event, phase, state, and the letters and digits of author, comment and output. Any may be NULL. */
enum nt_status identity_news(struct alert *a, const char *to, const char *subject, const char *message) NT_MUST_USE;

#endif

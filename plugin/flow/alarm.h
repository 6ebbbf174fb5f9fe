/*
 * alarm: tells the admin by another way — the configured command, text on its standard input, at most once a cause in
 * 15 minutes.
 */
#ifndef NT_FLOW_ALARM_H
#define NT_FLOW_ALARM_H

#include "flow/runtime.h"

/* cause: a stable word ("account", "store", "expired", "refused:+1…"); text: what is wrong, in words. Logs loudly in
 * any case. The memory of causes is in the store (mark "alarm:CAUSE") and in the process, so that it works with a
 * broken store. Needs no transaction; when one is open pass in_transaction. Never fails. */
void alarm_raise(struct runtime *r, const char *cause, bool in_transaction, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Reaps finished alarm commands; call now and then. */
void alarm_reap(void);

#endif

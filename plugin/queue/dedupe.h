/*
 * dedupe: is this alert, to this number, news we have already accepted?
 */
#ifndef NT_QUEUE_DEDUPE_H
#define NT_QUEUE_DEDUPE_H

#include "queue/store.h"

/* *original: id of the page it repeats (followed to the first of a chain of duplicates), 0 when it is news. window: `deduplicate`, ms; Zabbix's two hours are built in.
 * now: ms since the epoch; records from the future count as now. Rules: see the .c. */
enum nt_status dedupe_find(struct store *s, const struct alert *alert, const char *number, int64_t now, int64_t window,
                           int64_t *original) NT_MUST_USE;

#endif

/*
 * classify: from the monitors' words to event, phase, severity and class.
 */
#ifndef NT_INGEST_CLASSIFY_H
#define NT_INGEST_CLASSIFY_H

#include "base/strlist.h"
#include "ingest/alert.h"

#include <stdbool.h>

/* PROBLEM, FLAPPINGSTOP, DOWNTIMECANCELLED … in any case; also the events' own names. NT_EINVAL: none of them. */
enum nt_status classify_word(const char *word, enum alert_event *event, enum alert_phase *phase) NT_MUST_USE;
/* The event and phase a notification type stands for; with none, state OK or UP is a recovery and the rest problems;
 * one that is not known is a custom message (and logged): its text still has to arrive. */
void classify_type(struct alert *a, const char *type);
bool classify_good(const char *state); /* OK or UP */
/* ok warning critical unknown; "" for an empty state. Static. */
const char *classify_severity(const char *state);
/* By the alert's event, phase and state (not for Zabbix, whose severities decide). urgent_states NULL: the default. */
enum alert_class classify_class(const struct alert *a, const struct strlist *urgent_states);

#endif

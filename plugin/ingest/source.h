/*
 * source: how the stage reads each kind of source (internal to the stage).
 *
 * Each reader fills everything of a but received, object, identity and what --test changes; a comes with source, time
 * and received set.
 */
#ifndef NT_INGEST_SOURCE_H
#define NT_INGEST_SOURCE_H

#include "ingest/ingest.h"

enum nt_status nagios_read(const struct ingest_input *in, struct alert *a) NT_MUST_USE;
enum nt_status icinga2_read(const struct ingest_input *in, struct alert *a) NT_MUST_USE;
enum nt_status zabbix_read(const struct ingest_input *in, struct alert *a) NT_MUST_USE;
/* NT_EINVAL, said in error: an event or phase that does not exist. */
enum nt_status generic_read(const struct ingest_input *in, struct alert *a, struct buf *error) NT_MUST_USE;

/* Nagios's macros, most of which are Icinga's names too, from a->macros to the fields. escaped: newlines are literal
 * backslash-n. */
enum nt_status notification_read(struct alert *a, const struct strlist *urgent_states, bool escaped) NT_MUST_USE;
/* True for "$SERVICEDESC$": a macro that the monitor left as it was because it has no value here. */
bool notification_unresolved(const char *value);

/* Is name one of the neutral fields that `generic` takes? */
bool generic_is_field(const char *name);

#endif

/*
 * schema: the tables that describe every section of the configuration (keys, types, defaults, documentation). From them come
 * the loader's checks, the commented example and the manual page.
 */
#ifndef NT_CONFIG_SCHEMA_H
#define NT_CONFIG_SCHEMA_H

#include "base/buf.h"
#include "base/status.h"

/* Appends the commented example configuration (YAML that loads once its token file exists). */
enum nt_status schema_write_example(struct buf *out) NT_MUST_USE;
/* Appends notify_twilio.yaml(5) as roff. */
enum nt_status schema_write_man(struct buf *out) NT_MUST_USE;

#endif

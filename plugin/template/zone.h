/*
 * zone: local time of a named time zone, without touching the process's own TZ (private to the stage).
 */
#ifndef NT_TEMPLATE_ZONE_H
#define NT_TEMPLATE_ZONE_H

#include "base/status.h"

#include <stdint.h>
#include <time.h>

struct zone;

/* The zone database: $TZDIR, else /usr/share/zoneinfo. */
const char *zone_folder(void);
/* NT_EINVAL: no name of a zone (it must not leave the folder); NT_ENOENT; NT_ECORRUPT. For zone_free(). */
enum nt_status zone_load(const char *folder, const char *name, struct zone **out) NT_MUST_USE;
/* The same from a file's bytes. */
enum nt_status zone_parse(const void *data, size_t len, struct zone **out) NT_MUST_USE;
void zone_free(struct zone *z);
/* Local time at that second. zone NULL: the system's. tm_zone is borrowed from the zone. */
void zone_local(const struct zone *z, int64_t seconds, struct tm *out);

#endif

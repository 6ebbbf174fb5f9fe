/* environment: which variables belong to an alert. libc only. */
#ifndef NT_NOTIFY_ENVIRONMENT_H
#define NT_NOTIFY_ENVIRONMENT_H

#include <stdbool.h>

/* Does the environment carry a monitor's alert at all (NAGIOS_…, or NOTIFICATIONTYPE)? */
bool environment_has_alert(char *const *env);
/* Is this NAME=VALUE one of an alert's variables? Secrets of the surroundings (names with TOKEN, SECRET, PASSWORD, KEY)
 * and the shell's own never are. */
bool environment_is_alert(const char *entry);

#endif

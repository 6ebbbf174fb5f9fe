/* text: a plain text on standard input as the alert. libc only. */
#ifndef NT_NOTIFY_TEXT_H
#define NT_NOTIFY_TEXT_H

#include "base/status.h"
#include "notify/arguments.h"

#include <stdbool.h>

/* Is standard input to be read: no pairs, no test, nothing of Zabbix, no alert in the environment, and it is no
 * terminal? */
bool text_wanted(const struct arguments *a, char *const *env);
/* Everything there is, at most 64 KB (the rest cannot be in any text message); NULs become blanks. For mem_free();
 * NULL: nothing. NT_ENOMEM: nothing has been read. */
enum nt_status text_read(int fd, char **out) NT_MUST_USE;

#endif

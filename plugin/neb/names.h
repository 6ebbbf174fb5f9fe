/* names: which custom variables the monitor's objects have. */
#ifndef NT_NEB_NAMES_H
#define NT_NEB_NAMES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_MAX = 256, NAMES_LENGTH_MAX = 200 };

/* Names of macros such as _SERVICERUNBOOK, each once. */
struct names {
    char **name;
    size_t n, size;
};

void names_init(struct names *s);
void names_clean(struct names *s);
/* Adds one; a known one, an impossible one, or one too many is left out. */
enum nt_status names_add(struct names *s, const char *prefix, const char *name, size_t len) NT_MUST_USE;
/* Adds what a file of objects, as the cores write their object cache, defines for hosts, services and contacts.
 * NT_ENOENT, NT_EACCES, NT_EIO: not read, or not to its end; NT_EINVAL: no ordinary file; NT_ENOMEM. */
enum nt_status names_read(struct names *s, const char *path) NT_MUST_USE;

#endif

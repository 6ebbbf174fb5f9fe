/*
 * directory: who is meant by a word. Names, aliases and numbers of a configuration, sorted for look-up.
 */
#ifndef NT_ONCALL_DIRECTORY_H
#define NT_ONCALL_DIRECTORY_H

#include "base/status.h"
#include "config/config.h"

#include <stddef.h>

/* One word and what it stands for: exactly one of contact and group. */
struct entry {
    const char *word; /* borrowed from the config */
    const struct config_contact *contact;
    const struct config_group *group;
    size_t order; /* of the file: contacts with their aliases, then groups */
};

struct directory {
    struct entry *name;
    size_t names;
    struct entry *number;
    size_t numbers;
};

/* Borrows from config until directory_clean(). */
enum nt_status directory_init(struct directory *d, const struct config *config) NT_MUST_USE;
void directory_clean(struct directory *d);

/* The contact (by name or alias) or group called word: as written, else whatever the case; the first of the file when
 * several are. NULL: nobody. Borrowed from d. */
const struct entry *directory_find(const struct directory *d, const char *word);
/* The contact that has this number (E.164); NULL: nobody. */
const struct config_contact *directory_owner(const struct directory *d, const char *number);

#endif

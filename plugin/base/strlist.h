/* strlist: an ordered list of strings, owned. */
#ifndef NT_BASE_STRLIST_H
#define NT_BASE_STRLIST_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct strlist {
    char **item;
    size_t n;
    size_t size;
};

void strlist_init(struct strlist *l);
void strlist_clean(struct strlist *l);
enum nt_status strlist_add(struct strlist *l, const char *s) NT_MUST_USE;
enum nt_status strlist_addn(struct strlist *l, const char *s, size_t len) NT_MUST_USE;
bool strlist_has(const struct strlist *l, const char *s);
/* `to` becomes a copy of `from`: what it held is freed. */
enum nt_status strlist_copy(struct strlist *to, const struct strlist *from) NT_MUST_USE;
/* Splits at any of the separators, trims blanks, leaves empty parts out, adds the rest to l. */
enum nt_status strlist_split(struct strlist *l, const char *text, const char *separators) NT_MUST_USE;

#endif

/*
 * macros: the raw macros of an alert: taken in within bounds, and read into its neutral fields.
 */
#ifndef NT_INGEST_MACROS_H
#define NT_INGEST_MACROS_H

#include "ingest/alert.h"

#include <stdbool.h>

/* No text message has use for more, and the hand-over frame cuts at the same place. */
enum { MACRO_VALUE_MAX = 16 * 1024, MACRO_NAME_MAX = 255 };

/* Keeps a macro, its value cut at MACRO_VALUE_MAX (not within a UTF-8 sequence). Left out: names that are empty, too
 * long, or start with '@' (the store's own); an empty value where there is none to replace. */
enum nt_status macros_put(struct kv *macros, const char *name, size_t name_len, const char *value) NT_MUST_USE;
/* Bytes of text, at most max, that end with a whole character. */
size_t macros_cut(const char *text, size_t len, size_t max);

/* One neutral field and the macros that may fill it, the best first. */
struct macro_field {
    size_t offset; /* of the char * in struct alert */
    const char *names[5];
};
/* Fills each field with the first of its macros that is not empty; a field without one stays. */
enum nt_status macros_fill(struct alert *a, const struct kv *macros, const struct macro_field *fields,
                           size_t n) NT_MUST_USE;
/* The first of the names (the list ends with NULL) that has a value, else "". Borrowed from macros. */
const char *macros_first(const struct kv *macros, ...) __attribute__((sentinel));
/* A number from 0 up, -1 when the text is none. */
long macros_number(const char *text);
bool macros_is_link(const char *text); /* http:// or https:// */

#endif

/* fields: application/x-www-form-urlencoded text (a form or a query) as an ordered list of pairs, nothing lost. */
#ifndef SIM_FIELDS_H
#define SIM_FIELDS_H

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>

struct field {
    char *name;
    char *value;
};

struct fields {
    struct field *item;
    size_t n, size;
    const char *fault; /* what is wrong with the encoding, static; NULL: nothing */
};

/* Never returns without memory: the simulator ends itself instead (need()). */
void fields_decode(struct fields *f, const char *text, size_t len);
void fields_clean(struct fields *f);
/* The first of that name, NULL when missing. Borrowed. */
const char *fields_get(const struct fields *f, const char *name);
size_t fields_count(const struct fields *f, const char *name);
/* [["To","+1…"],…] */
void fields_json(const struct fields *f, struct json *j);
/* Appends text percent-encoded. */
void fields_encode(struct buf *out, const char *text);

/* Gives p back, or ends the program when it is NULL: a test tool without memory has nothing to save. */
void *need(void *p);
char *need_text(const char *s);

#endif

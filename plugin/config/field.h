/*
 * field: what the schema tables are made of. A section describes a mapping of the file and the struct that it fills;
 * binding, the last good copy, freeing and the documentation all walk the same tables.
 */
#ifndef NT_CONFIG_FIELD_H
#define NT_CONFIG_FIELD_H

#include "config/form.h"

#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_TEXT,     /* char * */
    FIELD_SECRET,   /* char *, never shown, never copied */
    FIELD_PATH,     /* char *, made absolute against the file's folder */
    FIELD_WORD,     /* char *, one of words */
    FIELD_CHOICE,   /* an enum: the index in words */
    FIELD_INT,      /* int, min … max */
    FIELD_RATE,     /* double, above 0, at most max */
    FIELD_BOOL,     /* bool */
    FIELD_DURATION, /* int64_t ms, min … max */
    FIELD_LIST,     /* struct strlist, each item of form or one of words */
    FIELD_SECTION,  /* a struct inside */
    FIELD_SECTIONS  /* an array on the heap: pointer at offset, size_t at count */
};

enum {
    FIELD_REQUIRED = 1,
    FIELD_QUIET = 2,     /* may hold a secret: not shown, and (lists) not copied */
    FIELD_LINES = 4,     /* newlines and tabs are fine */
    FIELD_LOCAL = 8,     /* not in the last good copy: what it led to is */
    FIELD_VITAL = 16,    /* where a fault is, nobody may guess (credentials, addresses) */
    FIELD_INHERITS = 32, /* a throttle that, left out, stays empty: somebody else's holds */
    FIELD_SHOWN = 64     /* stands in the example without a comment sign */
};

struct section;

struct field {
    const char *key;
    enum field_type type;
    unsigned flags;
    size_t offset;
    size_t count;                  /* FIELD_SECTIONS */
    const struct section *section; /* FIELD_SECTION, FIELD_SECTIONS */
    const struct form *form;       /* texts and lists; NULL: any */
    const char *const *words;      /* ends with NULL */
    int64_t min, max;              /* lists and sections: most items in max, 0 = FIELD_ITEMS_MAX */
    const char *initial;           /* the default as it would be written; NULL: empty */
    const char *example;           /* when there is no default worth showing */
    const char *doc;               /* sentences */
};

struct section {
    const char *name; /* as the documentation and messages call it; "" the file itself */
    const char *doc;
    size_t size;
    const struct field *field;
    size_t fields;
};

enum { FIELD_ITEMS_MAX = 100000, FIELD_TEXT_MAX = 4096, FIELD_LINES_MAX = 65536 };

extern const struct section schema_config;
extern const struct section schema_twilio;
extern const struct section schema_sender;
extern const struct section schema_contact;
extern const struct section schema_group;
extern const struct section schema_throttle;
extern const struct section schema_graph;
extern const struct section schema_publish;

/* The place of a field in the struct of its section. */
static inline void *field_of(const struct field *f, void *target)
{
    return (char *)target + f->offset;
}

static inline size_t *field_count_of(const struct field *f, void *target)
{
    return (void *)((char *)target + f->count);
}

#endif

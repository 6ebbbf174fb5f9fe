/*
 * set: the templates that were found, parsed once and kept (private to the stage).
 */
#ifndef NT_TEMPLATE_SET_H
#define NT_TEMPLATE_SET_H

#include "base/status.h"
#include "template/node.h"
#include "template/template.h"
#include "template/zone.h"

#include <stdbool.h>
#include <stddef.h>

/* Where templates are looked for, in this order. The first is only used for templates given as a path: their partials
 * lie beside them. */
enum set_place { SET_BESIDE, SET_DIR, SET_INSTALLED, SET_PLACES };

struct template
{
    char *name;           /* as asked for */
    char *indent;         /* put before each line of the source; "" none */
    enum set_place first; /* where the search began */
    enum set_place place; /* where it was found */
    char *path;           /* of the file, or "(built in)" */
    bool judged;          /* its faults have been looked for, to be logged */
    bool logged;          /* one has been logged: that is enough */
    struct template_tree tree;
};

struct set_zone {
    char *name;
    struct zone *zone; /* NULL: it could not be loaded */
};

struct template_set {
    char *folder[SET_PLACES]; /* "" = none */
    struct template **item;
    size_t n, size;
    struct template *builtin;
    struct {
        struct set_zone *item;
        size_t n, size;
    } zones;
};

/* The template of that name, looked for from `first` on, each of its lines indented. NULL in *out when there is none or
 * the name can be none's. Borrowed from the set. A file that cannot be read is logged and counts as missing. */
enum nt_status set_find(struct template_set *set, const char *name, const char *indent, enum set_place first,
                        struct template **out) NT_MUST_USE;
/* The text of last resort. Borrowed. */
enum nt_status set_builtin(struct template_set *set, struct template **out) NT_MUST_USE;
/* NULL in *out: the system's zone, be it that the name is "" or that it cannot be loaded (logged once). Borrowed until
 * the next call. */
enum nt_status set_zone_find(struct template_set *set, const char *name, const struct zone **out) NT_MUST_USE;
/* May it be a template's name: no slash, no dot in front, at most 128 bytes? */
bool set_name_valid(const char *name);

/* Reads and parses one file. NT_ENOENT, NT_EACCES, NT_EIO; NT_ETOOBIG: over 64 KB. For template_free(). */
enum nt_status template_load(const char *path, const char *name, const char *indent, struct template **out) NT_MUST_USE;
/* The same from a text; what: its name, and what it is called in messages. */
enum nt_status template_from_text(const char *text, const char *what, struct template **out) NT_MUST_USE;
void template_free(struct template *t);

#endif

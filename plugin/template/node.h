/*
 * node: a parsed template, the tree that the renderer walks (private to the stage).
 *
 * A template owns everything below it. Texts of NODE_TEXT are borrowed from the template's source.
 */
#ifndef NT_TEMPLATE_NODE_H
#define NT_TEMPLATE_NODE_H

#include "base/buf.h"
#include "base/status.h"
#include "template/fields.h"
#include "template/filters.h"
#include "template/template.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TEMPLATE_SOURCE_MAX = 64 * 1024, /* bytes of a template file */
    TEMPLATE_NESTING_MAX = 32,       /* sections within sections in one file */
    TEMPLATE_NAME_MAX = 128          /* bytes of a field's, macro's or partial's name */
};

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL };

/* A name as it is looked up: "person.name" is whole, and path is its two parts, each with its NUL. */
struct name {
    char *whole;
    char *path;
    size_t parts;     /* 0 for the implicit iterator "." */
    bool macro;       /* no lower-case letter in it: a raw macro, tried whole before it is taken apart */
    enum field field; /* of the first part; FIELD_NONE when it is no field */
};

struct node {
    enum node_kind kind;
    unsigned long line, column;
    const char *text; /* NODE_TEXT */
    size_t len;
    struct name name;      /* the others */
    bool faulty;           /* renders as nothing */
    struct filter *filter; /* NODE_VALUE */
    size_t filters;
    char *indent;       /* NODE_PARTIAL alone on its line: what stood before it; else NULL */
    struct node *child; /* sections */
    size_t children, children_size;
};

struct fault {
    unsigned long line, column;
    char *message;
};

struct faults {
    struct fault *item;
    size_t n, size;
};

/* The root is a section without a name. */
struct template_tree {
    struct buf source;
    struct node root;
    struct faults faults; /* of syntax, filters and their arguments, in the order of the text */
};

/* Takes the source over (it is empty afterwards) and parses it. A template with faults is a template all the same: the
 * faulty parts render as nothing. Only NT_ENOMEM; out may be cleaned in any case. */
enum nt_status template_parse(struct buf *source, struct template_tree *out) NT_MUST_USE;
void template_tree_clean(struct template_tree *t);

/* Sets name from a tag's text; name_clean() in any case. */
enum nt_status name_set(struct name *name, const char *text, size_t len) NT_MUST_USE;
void name_clean(struct name *name);
void node_clean(struct node *node);
enum nt_status faults_add(struct faults *f, unsigned long line, unsigned long column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void faults_clean(struct faults *f);

#endif

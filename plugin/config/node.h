/*
 * node: a YAML document as a tree that knows its places.
 *
 * A mapping's children are its keys in the order of the file, each with its value; keys are texts and unique.
 */
#ifndef NT_CONFIG_NODE_H
#define NT_CONFIG_NODE_H

#include "base/status.h"
#include "config/problem.h"

#include <stdbool.h>
#include <stddef.h>

enum node_kind {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAP,
    NODE_BROKEN /* an alias, or a key that is not a text: told already, taken for nothing */
};

struct node {
    enum node_kind kind;
    unsigned long line, column; /* from 1 */
    bool plain;                 /* a text without quotes */
    char *text;                 /* NODE_TEXT; NULL otherwise */
    struct node *value;         /* of a key */
    struct node *first, *last;  /* children */
    struct node *next;
    size_t n;
};

enum { NODE_TEXT_MAX = 1024 * 1024 * 4, NODE_DEPTH_MAX = 16, NODE_KEYS_MAX = 128 };

struct node *node_new(enum node_kind kind, unsigned long line, unsigned long column);
/* The whole tree; texts are overwritten first, for some are secrets. NULL is fine. */
void node_free(struct node *n);
void node_append(struct node *parent, struct node *child);

/* The key of a mapping, or its value; NULL when it is not there or map is not a mapping (or NULL). */
const struct node *node_key(const struct node *map, const char *key);
const struct node *node_get(const struct node *map, const char *key);
/* The nth child, from 0; NULL past the end. */
const struct node *node_at(const struct node *list, size_t index);
/* Missing, or written as nothing, ~, null or "". */
bool node_empty(const struct node *n);

/*
 * Parses YAML. *out is NULL for a text that holds no document. Refused with a place, in problems, all fatal: aliases,
 * tags, merge keys, keys twice, keys that are no text, a second document, NUL characters, more than NODE_DEPTH_MAX
 * levels, NODE_KEYS_MAX keys in a mapping or NODE_TEXT_MAX bytes. What can be taken is taken even so, so that the rest
 * is checked too; after an error of syntax there is no tree: NT_ECONFIG.
 */
enum nt_status node_parse(const char *file, const char *text, size_t len, struct problems *problems,
                          struct node **out) NT_MUST_USE;

#endif

/*
 * node: the tree that a configuration file is read into.
 *
 * A parent owns its children, a key its value. Depth is bounded by the parser, so freeing may recurse.
 *
 * DIAGNOSTICS
 * node_new() returns NULL when there is no memory; nothing else can fail.
 */
#include "config/node.h"

#include "base/mem.h"

#include <string.h>

struct node *node_new(enum node_kind kind, unsigned long line, unsigned long column)
{
    struct node *n = mem_zalloc(sizeof *n);
    if (!n)
        return NULL;
    n->kind = kind;
    n->line = line;
    n->column = column;
    return n;
}

void node_free(struct node *n)
{
    if (!n)
        return;
    for (struct node *child = n->first, *next; child; child = next) {
        next = child->next;
        node_free(child);
    }
    node_free(n->value);
    if (n->text)
        explicit_bzero(n->text, strlen(n->text));
    mem_free(n->text);
    mem_free(n);
}

void node_append(struct node *parent, struct node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

const struct node *node_key(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (const struct node *k = map->first; k; k = k->next)
        if (k->text && !strcmp(k->text, key))
            return k;
    return NULL;
}

const struct node *node_get(const struct node *map, const char *key)
{
    const struct node *k = node_key(map, key);
    return k ? k->value : NULL;
}

const struct node *node_at(const struct node *list, size_t index)
{
    const struct node *child = list ? list->first : NULL;
    while (child && index--)
        child = child->next;
    return child;
}

bool node_empty(const struct node *n)
{
    if (!n)
        return true;
    if (n->kind != NODE_TEXT)
        return false;
    if (!*n->text)
        return true;
    return n->plain &&
           (!strcmp(n->text, "~") || !strcmp(n->text, "null") || !strcmp(n->text, "Null") || !strcmp(n->text, "NULL"));
}

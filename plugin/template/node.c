/*
 * node: the parts of a parsed template, made and freed.
 *
 * DIAGNOSTICS
 * NT_ENOMEM.
 */
#include "template/node.h"

#include "base/mem.h"
#include "base/vector.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    FAULTS_MAX = 100, /* what comes after so many helps nobody */
    MESSAGE_MAX = 240
};

enum nt_status name_set(struct name *name, const char *text, size_t len)
{
    *name = (struct name){.parts = 0};
    name->whole = mem_strndup(text, len);
    name->path = mem_strndup(text, len);
    if (!name->whole || !name->path)
        return NT_ENOMEM;
    if (strcmp(name->whole, ".") == 0)
        return NT_OK;
    name->parts = 1;
    name->macro = true;
    for (size_t i = 0; i < len && name->whole[i]; i++) {
        if (name->whole[i] >= 'a' && name->whole[i] <= 'z')
            name->macro = false;
        if (name->whole[i] == '.') {
            name->path[i] = '\0';
            name->parts++;
        }
    }
    name->field = field_find(name->path);
    return NT_OK;
}

void name_clean(struct name *name)
{
    mem_free(name->whole);
    mem_free(name->path);
    *name = (struct name){.parts = 0};
}

void node_clean(struct node *node)
{
    name_clean(&node->name);
    for (size_t i = 0; i < node->filters; i++)
        filter_clean(&node->filter[i]);
    mem_free(node->filter);
    mem_free(node->indent);
    for (size_t i = 0; i < node->children; i++)
        node_clean(&node->child[i]); /* no deeper than TEMPLATE_NESTING_MAX */
    mem_free(node->child);
    *node = (struct node){.kind = NODE_TEXT};
}

enum nt_status faults_add(struct faults *f, unsigned long line, unsigned long column, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    if (f->n == FAULTS_MAX)
        return NT_OK;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0)
        return NT_EINVAL;
    if (!VECTOR_GROW(f, item))
        return NT_ENOMEM;
    char *message = mem_strdup(text);
    if (!message)
        return NT_ENOMEM;
    f->item[f->n++] = (struct fault){.line = line, .column = column, .message = message};
    return NT_OK;
}

void faults_clean(struct faults *f)
{
    for (size_t i = 0; i < f->n; i++)
        mem_free(f->item[i].message);
    mem_free(f->item);
    *f = (struct faults){.item = NULL};
}

void template_tree_clean(struct template_tree *t)
{
    node_clean(&t->root);
    faults_clean(&t->faults);
    buf_clean(&t->source);
}

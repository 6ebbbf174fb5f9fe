/*
 * yaml: text → nodes; the only user of libyaml.
 *
 * libyaml's events are read rather than its documents: an alias is then still an alias, with the place where it stands,
 * and every bound holds before anything has been built. A document full of aliases to aliases costs no more than its
 * bytes. The parser owns the tree until the end; open mappings and lists are kept on a stack of fixed depth.
 *
 * DIAGNOSTICS
 * See node_parse(). NT_ECONFIG after an error of syntax and at a bound; NT_ENOMEM.
 */
#include "config/node.h"

#include "base/mem.h"

#include <string.h>
#include <yaml.h>

struct builder {
    const char *file;
    struct problems *problems;
    enum nt_status status;
    struct node *root;
    struct node *open[NODE_DEPTH_MAX];
    int depth;
    int documents;
};

static void complain(struct builder *b, yaml_mark_t at, const char *message)
{
    if (!b->status)
        b->status = problems_add(b->problems, b->file, at.line + 1, at.column + 1, true, "%s", message);
}

/* Complains, and ends the parsing. */
static void stop(struct builder *b, yaml_mark_t at, const char *message)
{
    complain(b, at, message);
    if (!b->status)
        b->status = NT_ECONFIG;
}

/* A key is waiting when the innermost open node is a mapping whose last key has no value yet. */
static struct node *waiting_key(const struct builder *b)
{
    const struct node *in = b->depth ? b->open[b->depth - 1] : NULL;
    return in && in->kind == NODE_MAP && in->last && !in->last->value ? in->last : NULL;
}

static void add_key(struct builder *b, struct node *map, struct node *key, yaml_mark_t at)
{
    if (key->kind != NODE_TEXT) {
        /* Its children, if it has any, are still read into it. */
        if (key->kind != NODE_BROKEN)
            complain(b, at, "a key must be a plain text");
    } else if (key->plain && !strcmp(key->text, "<<")) {
        complain(b, at, "merge keys (<<) are not taken");
        key->kind = NODE_BROKEN;
    } else {
        const struct node *other = node_key(map, key->text);
        if (other && other->kind == NODE_TEXT && !b->status) {
            b->status = problems_add(b->problems, b->file, key->line, key->column, true,
                                     "the key '%.64s' is here twice (first in line %lu)", key->text, other->line);
            key->kind = NODE_BROKEN;
        }
    }
    node_append(map, key);
    if (map->n > NODE_KEYS_MAX)
        stop(b, at, "too many keys in one mapping");
}

/* Puts a node where it belongs; the builder owns it from then on. */
static void place(struct builder *b, struct node *n, yaml_mark_t at)
{
    struct node *in = b->depth ? b->open[b->depth - 1] : NULL;
    struct node *key = waiting_key(b);
    if (key)
        key->value = n;
    else if (in && in->kind == NODE_MAP)
        add_key(b, in, n, at);
    else if (in)
        node_append(in, n);
    else
        b->root = n;
}

static struct node *add(struct builder *b, enum node_kind kind, yaml_mark_t at)
{
    struct node *n = node_new(kind, at.line + 1, at.column + 1);
    if (!n)
        b->status = NT_ENOMEM;
    return n;
}

static void add_text(struct builder *b, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    struct node *n = add(b, NODE_TEXT, e->start_mark);
    if (!n)
        return;
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = mem_strndup(text, e->data.scalar.length);
    if (!n->text) {
        node_free(n);
        b->status = NT_ENOMEM;
        return;
    }
    if (strlen(text) != e->data.scalar.length)
        complain(b, e->start_mark, "a text must not hold a NUL character");
    if (e->data.scalar.tag)
        complain(b, e->start_mark, "tags (!…) are not taken");
    place(b, n, e->start_mark);
}

static void open_node(struct builder *b, const yaml_event_t *e, enum node_kind kind, const yaml_char_t *tag)
{
    if (b->depth == NODE_DEPTH_MAX) {
        stop(b, e->start_mark, "nested too deeply");
        return;
    }
    struct node *n = add(b, kind, e->start_mark);
    if (!n)
        return;
    if (tag)
        complain(b, e->start_mark, "tags (!…) are not taken");
    place(b, n, e->start_mark);
    b->open[b->depth++] = n;
}

static void close_node(struct builder *b)
{
    b->depth--;
}

static void take(struct builder *b, const yaml_event_t *e)
{
    struct node *n;
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++)
            stop(b, e->start_mark, "a second document begins here; only one is taken");
        break;
    case YAML_ALIAS_EVENT:
        complain(b, e->start_mark, "aliases (*…) are not taken: write the value out");
        n = b->status ? NULL : add(b, NODE_BROKEN, e->start_mark);
        if (n)
            place(b, n, e->start_mark);
        break;
    case YAML_SCALAR_EVENT:
        add_text(b, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
        open_node(b, e, NODE_LIST, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        open_node(b, e, NODE_MAP, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_node(b);
        break;
    default:
        break;
    }
}

/* The reader, which looks at bytes before there are lines, tells an offset only. */
static yaml_mark_t mark_of_offset(const char *text, size_t len, size_t offset)
{
    yaml_mark_t at = {.index = offset};
    for (size_t i = 0; i < offset && i < len; i++) {
        at.column++;
        if (text[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    }
    return at;
}

static void syntax_error(struct builder *b, const yaml_parser_t *parser, const char *text, size_t len)
{
    const char *problem = parser->problem ? parser->problem : "not YAML";
    yaml_mark_t at = parser->problem_mark;
    if (parser->error == YAML_MEMORY_ERROR) {
        b->status = NT_ENOMEM;
        return;
    }
    if (parser->error == YAML_READER_ERROR)
        at = mark_of_offset(text, len, parser->problem_offset);
    if (parser->context)
        b->status =
            problems_add(b->problems, b->file, at.line + 1, at.column + 1, true, "YAML: %s (%s that began in line %zu)",
                         problem, parser->context, parser->context_mark.line + 1);
    else
        b->status = problems_add(b->problems, b->file, at.line + 1, at.column + 1, true, "YAML: %s", problem);
    if (!b->status)
        b->status = NT_ECONFIG;
}

enum nt_status node_parse(const char *file, const char *text, size_t len, struct problems *problems, struct node **out)
{
    struct builder b = {.file = file, .problems = problems};
    yaml_parser_t parser;
    bool end = false;
    *out = NULL;
    if (len > NODE_TEXT_MAX) {
        b.status = problems_add(problems, file, 0, 0, true, "is larger than %d MB", NODE_TEXT_MAX / 1024 / 1024);
        return b.status ? b.status : NT_ECONFIG;
    }
    if (!yaml_parser_initialize(&parser))
        return NT_ENOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (!b.status && !end) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            syntax_error(&b, &parser, text, len);
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        take(&b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (b.status) {
        node_free(b.root);
        return b.status;
    }
    *out = b.root;
    return NT_OK;
}

/*
 * parse: a template's text → the tree of its tags.
 *
 * One walk over the tags; the text before each becomes a NODE_TEXT that borrows from the source. Sections that are open
 * form a stack; a node on it does not move while it is there, since only its own children are appended to.
 *
 * Nothing stops the parser: a tag it cannot make sense of is noted as a fault and renders as nothing. A section that is
 * never closed renders as nothing from its opening on; a tag that is never closed takes the text up to the next tag or
 * the end of its line along.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. Everything else is a fault with line and column (of the tag, in characters, from 1).
 */
#include "base/mem.h"
#include "base/vector.h"
#include "template/node.h"
#include "template/tag.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct template_tree *tree;
    struct reader reader;
    struct node *open[TEMPLATE_NESTING_MAX + 1]; /* [0] is the root */
    size_t depth;
    enum nt_status status;
};

#define FAULT(p, line, column, ...)                                                                                    \
    do {                                                                                                               \
        if (!(p)->status)                                                                                              \
            (p)->status = faults_add(&(p)->tree->faults, line, column, __VA_ARGS__);                                   \
    } while (0)

/* At most 40 bytes of a text from the template, for a message. */
#define SHOWN(piece) (int)((piece).len > 40 ? 40 : (piece).len), (piece).at

static struct node *add_node(struct parser *p, enum node_kind kind)
{
    struct node *parent = p->open[p->depth];
    if (p->status)
        return NULL;
    if (!vector_grow(&parent->child, parent->children, &parent->children_size, sizeof *parent->child)) {
        p->status = NT_ENOMEM;
        return NULL;
    }
    struct node *node = &parent->child[parent->children++];
    *node = (struct node){.kind = kind};
    return node;
}

static void add_text(struct parser *p, const char *from, const char *to)
{
    if (from >= to)
        return;
    struct node *node = add_node(p, NODE_TEXT);
    if (node) {
        node->text = from;
        node->len = (size_t)(to - from);
    }
}

/* What is wrong with a name, in words; NULL: nothing. */
static const char *judge_name(struct piece name)
{
    if (!name.len)
        return "a tag without a name";
    if (name.len > TEMPLATE_NAME_MAX)
        return "a name longer than 128 bytes";
    for (size_t i = 0; i < name.len; i++)
        if (char_blank(name.at[i]) || !name.at[i])
            return "a name cannot hold white space";
    return NULL;
}

/* A node for a tag, its name set if it is one. */
static struct node *add_named(struct parser *p, enum node_kind kind, const struct tag *tag, struct piece name)
{
    struct node *node = add_node(p, kind);
    if (!node)
        return NULL;
    node->line = tag->line;
    node->column = tag->column;
    const char *wrong = judge_name(name);
    if (wrong) {
        node->faulty = true;
        FAULT(p, tag->line, tag->column, "%s: \"%.*s\"", wrong, SHOWN(name));
    }
    if (!p->status)
        p->status = name_set(&node->name, name.at, name.len);
    if (wrong)
        node->name.parts = 0; /* nothing to look up, nor to wonder about any more */
    return node;
}

/* Cuts the text before the next bar off; a bar between double quotes is none. True when a bar followed. */
static bool next_between_bars(struct piece *rest, struct piece *found)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < rest->len && (quoted || rest->at[n] != '|'); n++)
        if (rest->at[n] == '"')
            quoted = !quoted;
    bool more = n < rest->len;
    *found = piece_trim((struct piece){rest->at, n});
    rest->at += n + more;
    rest->len -= n + more;
    return more;
}

static void add_filter(struct parser *p, struct node *node, const struct tag *tag, struct piece text)
{
    char *name = NULL, *arg = NULL;
    struct buf complaint;
    buf_init(&complaint, 200);
    const char *colon = memchr(text.at, ':', text.len);
    struct piece name_piece = piece_trim((struct piece){text.at, colon ? (size_t)(colon - text.at) : text.len});
    name = mem_strndup(name_piece.at, name_piece.len);
    if (!name)
        goto no_memory;
    if (colon) {
        struct piece a = piece_trim((struct piece){colon + 1, text.len - (size_t)(colon + 1 - text.at)});
        if (a.len > 1 && a.at[0] == '"' && a.at[a.len - 1] == '"')
            a = (struct piece){a.at + 1, a.len - 2};
        arg = mem_strndup(a.at, a.len);
        if (!arg)
            goto no_memory;
    }
    struct filter *grown = mem_resize(node->filter, (node->filters + 1) * sizeof *grown);
    if (!grown)
        goto no_memory;
    node->filter = grown;
    enum nt_status status = filter_set(&node->filter[node->filters++], name, arg, &complaint);
    if (status == NT_EINVAL) {
        node->faulty = true;
        FAULT(p, tag->line, tag->column, "%s", buf_text(&complaint));
    } else if (status) {
        goto no_memory;
    }
    goto done;
no_memory:
    p->status = NT_ENOMEM;
done:
    buf_clean(&complaint);
    mem_free(name);
    mem_free(arg);
}

static void add_value(struct parser *p, const struct tag *tag)
{
    struct piece rest = tag->content, part;
    bool more = next_between_bars(&rest, &part);
    struct node *node = add_named(p, NODE_VALUE, tag, part);
    while (node && !p->status && more) {
        more = next_between_bars(&rest, &part);
        add_filter(p, node, tag, part);
    }
}

static void open_section(struct parser *p, const struct tag *tag)
{
    struct piece name = piece_trim(tag->content);
    struct node *node = add_named(p, tag->sigil == '#' ? NODE_SECTION : NODE_INVERTED, tag, name);
    if (!node)
        return;
    if (memchr(name.at, '|', name.len)) {
        node->faulty = true;
        FAULT(p, tag->line, tag->column, "a section takes a plain name, without filters: \"%.*s\"", SHOWN(name));
    }
    if (p->depth == TEMPLATE_NESTING_MAX) {
        node->faulty = true;
        FAULT(p, tag->line, tag->column, "sections nested more than %d deep; the rest is left out",
              TEMPLATE_NESTING_MAX);
        p->reader.pos = p->reader.end;
        return;
    }
    p->open[++p->depth] = node;
}

/* Gives the innermost open section up. */
static void leave_unclosed(struct parser *p)
{
    struct node *node = p->open[p->depth--];
    node->faulty = true;
    FAULT(p, node->line, node->column, "the section \"%.40s\" is never closed", node->name.whole);
}

static void close_section(struct parser *p, const struct tag *tag)
{
    struct piece name = piece_trim(tag->content);
    size_t depth = p->depth;
    while (depth && (strlen(p->open[depth]->name.whole) != name.len ||
                     memcmp(p->open[depth]->name.whole, name.at, name.len) != 0))
        depth--;
    if (!depth) {
        FAULT(p, tag->line, tag->column, "no section \"%.*s\" is open here", SHOWN(name));
        return;
    }
    while (p->depth > depth)
        leave_unclosed(p);
    p->depth--;
}

static void add_partial(struct parser *p, const struct tag *tag)
{
    struct node *node = add_named(p, NODE_PARTIAL, tag, piece_trim(tag->content));
    if (!node || !tag->standalone)
        return;
    node->indent = mem_strndup(tag->text_end, (size_t)(tag->start - tag->text_end));
    if (!node->indent)
        p->status = NT_ENOMEM;
}

static void take_tag(struct parser *p, const struct tag *tag)
{
    p->reader.pos = tag->after;
    switch (tag->sigil) {
    case '#':
    case '^':
        open_section(p, tag);
        break;
    case '/':
        close_section(p, tag);
        break;
    case '>':
        add_partial(p, tag);
        break;
    case '=':
        if (!reader_delimiters(&p->reader, tag->content)) {
            struct piece shown = piece_trim(tag->content);
            FAULT(p, tag->line, tag->column, "delimiters are two words without \"=\", such as {{=<%% %%>=}}: \"%.*s\"",
                  SHOWN(shown));
        }
        break;
    case '!':
        break;
    default:
        add_value(p, tag);
        break;
    }
}

static void parse_all(struct parser *p)
{
    enum tag_end end = TAG_CLOSED;
    while (end != TAG_NONE && !p->status) {
        struct tag tag;
        end = reader_next(&p->reader, &tag);
        add_text(p, p->reader.pos, tag.text_end);
        if (end == TAG_UNCLOSED) {
            FAULT(p, tag.line, tag.column, "this tag is never closed");
            p->reader.pos = tag.after;
        } else if (end == TAG_CLOSED) {
            take_tag(p, &tag);
        }
    }
    while (p->depth && !p->status)
        leave_unclosed(p);
}

static int compare_faults(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

enum nt_status template_parse(struct buf *source, struct template_tree *out)
{
    *out = (struct template_tree){.source = *source, .root.kind = NODE_SECTION};
    buf_init(source, out->source.max);
    struct parser p = {.tree = out, .open[0] = &out->root};
    reader_init(&p.reader, buf_text(&out->source), out->source.len);
    parse_all(&p);
    if (out->faults.n)
        qsort(out->faults.item, out->faults.n, sizeof *out->faults.item, compare_faults);
    return p.status;
}

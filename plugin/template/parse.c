/*
 * parse: a template's text → the tree of its tags.
 *
 * One walk over the text. At each opening delimiter the tag's kind is told by its first character; the text before it
 * becomes a NODE_TEXT that borrows from the source. Sections that are open form a stack; a node on it does not move
 * while it is there, since only its own children are appended to.
 *
 * A tag that prints nothing by itself and has its line to itself takes the whole line away, newline included; a partial
 * keeps the white space before it as its indentation:
 *
 *     "a\n  {{#x}}\nb\n  {{/x}}\nc"   →   "a\n", section x ("b\n"), "c"
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

#include <stdlib.h>
#include <string.h>

enum { DELIMITER_MAX = 16 };

struct piece {
    const char *at;
    size_t len;
};

struct parser {
    struct template_tree *tree;
    const char *text, *end;
    const char *pos; /* everything before it has been dealt with */
    struct piece opening, closing;
    struct node *open[TEMPLATE_NESTING_MAX + 1]; /* [0] is the root */
    size_t depth;
    /* the place that was counted last */
    const char *counted;
    unsigned long line, column;
    enum nt_status status;
};

/* A tag as it stands in the text. */
struct tag {
    const char *start, *after; /* the whole of it */
    char sigil;                /* of "{&#^/>!=", or 0 */
    struct piece content;
    const char *line_start; /* of a tag that stands alone: where its line begins; else NULL */
    unsigned long line, column;
};

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct piece trim(struct piece p)
{
    while (p.len && blank(*p.at)) {
        p.at++;
        p.len--;
    }
    while (p.len && blank(p.at[p.len - 1]))
        p.len--;
    return p;
}

/* Where `what` begins in [from, end); NULL. */
static const char *find(const char *from, const char *end, const char *what, size_t len)
{
    return from < end ? memmem(from, (size_t)(end - from), what, len) : NULL;
}

/* Counts on to a place that is not before the last one. */
static void count_to(struct parser *p, const char *place)
{
    for (; p->counted < place; p->counted++) {
        unsigned char c = (unsigned char)*p->counted;
        if (c == '\n') {
            p->line++;
            p->column = 1;
        } else if ((c & 0xC0) != 0x80) {
            p->column++;
        }
    }
}

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
        if (blank(name.at[i]) || !name.at[i])
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
    *found = trim((struct piece){rest->at, n});
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
    struct piece name_piece = trim((struct piece){text.at, colon ? (size_t)(colon - text.at) : text.len});
    name = mem_strndup(name_piece.at, name_piece.len);
    if (!name)
        goto no_memory;
    if (colon) {
        struct piece a = trim((struct piece){colon + 1, text.len - (size_t)(colon + 1 - text.at)});
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
    struct piece name = trim(tag->content);
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
        p->pos = p->end;
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
    struct piece name = trim(tag->content);
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
    struct node *node = add_named(p, NODE_PARTIAL, tag, trim(tag->content));
    if (!node || !tag->line_start)
        return;
    node->indent = mem_strndup(tag->line_start, (size_t)(tag->start - tag->line_start));
    if (!node->indent)
        p->status = NT_ENOMEM;
}

/* "<% %>" between the equals signs. */
static void set_delimiters(struct parser *p, const struct tag *tag)
{
    struct piece both = trim(tag->content), opening = {both.at, 0};
    while (opening.len < both.len && !blank(both.at[opening.len]))
        opening.len++;
    struct piece closing = trim((struct piece){both.at + opening.len, both.len - opening.len});
    bool fine = opening.len && closing.len && opening.len <= DELIMITER_MAX && closing.len <= DELIMITER_MAX;
    for (size_t i = 0; i < closing.len; i++)
        fine = fine && !blank(closing.at[i]) && closing.at[i] != '=';
    for (size_t i = 0; i < opening.len; i++)
        fine = fine && opening.at[i] != '=';
    if (!fine) {
        FAULT(p, tag->line, tag->column, "delimiters are two words without \"=\", such as {{=<%% %%>=}}: \"%.*s\"",
              SHOWN(both));
        return;
    }
    p->opening = opening;
    p->closing = closing;
}

/* Has the tag its line to itself? Then its text begins at the line's start and ends after its newline. */
static void look_standalone(const struct parser *p, struct tag *tag)
{
    const char *start = tag->start, *after = tag->after;
    while (start > p->pos && (start[-1] == ' ' || start[-1] == '\t'))
        start--;
    if (start > p->text && start[-1] != '\n')
        return;
    while (after < p->end && (*after == ' ' || *after == '\t'))
        after++;
    if (after < p->end && *after == '\r' && after + 1 < p->end && after[1] == '\n')
        after++;
    if (after < p->end && *after != '\n')
        return;
    tag->line_start = start;
    tag->after = after < p->end ? after + 1 : after;
}

/* Reads the tag that starts at `start`; false when it is never closed. */
static bool read_tag(struct parser *p, const char *start, struct tag *tag)
{
    char closing[DELIMITER_MAX + 1];
    size_t n = 0;
    const char *s = start + p->opening.len;
    count_to(p, start);
    *tag = (struct tag){.start = start, .line = p->line, .column = p->column};
    while (s < p->end && blank(*s))
        s++;
    if (s < p->end && *s && strchr("{&#^/>!=", *s))
        tag->sigil = *s++;
    if (tag->sigil == '{')
        closing[n++] = '}';
    if (tag->sigil == '=')
        closing[n++] = '=';
    memcpy(closing + n, p->closing.at, p->closing.len);
    n += p->closing.len;
    const char *end = find(s, p->end, closing, n);
    if (!end)
        return false;
    /* A tag that opens within another: the outer one lacks its end. */
    if (tag->sigil != '!' && tag->sigil != '=' && find(s, end, p->opening.at, p->opening.len))
        return false;
    tag->content = (struct piece){s, (size_t)(end - s)};
    tag->after = end + n;
    if (tag->sigil && strchr("#^/>!=", tag->sigil))
        look_standalone(p, tag);
    return true;
}

static void take_tag(struct parser *p, const struct tag *tag)
{
    p->pos = tag->after;
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
        set_delimiters(p, tag);
        break;
    case '!':
        break;
    default:
        add_value(p, tag);
        break;
    }
}

/* Where to go on: at the next tag or the end of the line, whichever comes first. */
static const char *skip_unclosed(const struct piece *opening, const char *start, const char *end)
{
    const char *newline = memchr(start, '\n', (size_t)(end - start));
    if (newline)
        end = newline;
    const char *next = find(start + opening->len, end, opening->at, opening->len);
    return next ? next : end;
}

static void parse_all(struct parser *p)
{
    while (p->pos < p->end && !p->status) {
        struct tag tag;
        const char *start = find(p->pos, p->end, p->opening.at, p->opening.len);
        if (!start) {
            add_text(p, p->pos, p->end);
            break;
        }
        if (read_tag(p, start, &tag)) {
            add_text(p, p->pos, tag.line_start ? tag.line_start : start);
            take_tag(p, &tag);
        } else {
            FAULT(p, tag.line, tag.column, "this tag is never closed");
            add_text(p, p->pos, start);
            p->pos = skip_unclosed(&p->opening, start, p->end);
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
    const char *text = buf_text(&out->source);
    struct parser p = {.tree = out,
                       .text = text,
                       .end = text + out->source.len,
                       .pos = text,
                       .opening = {"{{", 2},
                       .closing = {"}}", 2},
                       .open[0] = &out->root,
                       .counted = text,
                       .line = 1,
                       .column = 1};
    parse_all(&p);
    if (out->faults.n)
        qsort(out->faults.item, out->faults.n, sizeof *out->faults.item, compare_faults);
    return p.status;
}

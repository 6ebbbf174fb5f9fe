/*
 * check: contacts and groups: every name means one thing, every member is somebody, no group is part of itself.
 *
 * Names are looked up in a sorted index, exactly first and then without regard to case. Members are kept as they were
 * written; what means nobody, or would close a circle, is taken out.
 *
 * DIAGNOSTICS
 * Problems, all mild: with one member missing the others are still paged.
 */
#include "config/reading.h"

#include "base/mem.h"
#include "base/number.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum name_kind { NAME_CONTACT, NAME_ALIAS, NAME_GROUP };

static const char *const kind_words[] = {"contact", "alias", "group"};

struct name {
    const char *text;
    const struct node *node;
    enum name_kind kind;
    size_t owner; /* index of the contact or group */
};

struct names {
    struct name *item;
    size_t n;
};

/* Nearer to the beginning of the file. */
static bool before(const struct node *a, const struct node *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

static int by_name(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    int order = strcasecmp(a->text, b->text);
    if (!order)
        order = strcmp(a->text, b->text);
    if (order)
        return order;
    return before(a->node, b->node) ? -1 : before(b->node, a->node);
}

static void add_name(struct names *names, const char *text, const struct node *node, enum name_kind kind, size_t owner)
{
    if (*text && node)
        names->item[names->n++] = (struct name){.text = text, .node = node, .kind = kind, .owner = owner};
}

static void collect(struct reading *r, struct names *names)
{
    const struct config *c = r->config;
    size_t most = c->contacts + c->groups + 1;
    for (size_t i = 0; i < c->contacts; i++)
        most += c->contact[i].aliases.n;
    *names = (struct names){.item = mem_array(most, sizeof *names->item)};
    if (!names->item) {
        r->status = NT_ENOMEM;
        return;
    }
    const struct node *list = node_get(r->root, "contacts");
    const struct node *item = list ? list->first : NULL;
    for (size_t i = 0; i < c->contacts && item; i++, item = item->next) {
        const struct config_contact *contact = &c->contact[i];
        add_name(names, contact->name, node_get(item, "name"), NAME_CONTACT, i);
        const struct node *aliases = node_get(item, "aliases");
        const struct node *alias = aliases ? aliases->first : NULL;
        for (size_t k = 0; k < contact->aliases.n && alias; alias = alias->next)
            if (alias->text && !strcmp(alias->text, contact->aliases.item[k]))
                add_name(names, contact->aliases.item[k++], alias, NAME_ALIAS, i);
    }
    list = node_get(r->root, "groups");
    item = list ? list->first : NULL;
    for (size_t i = 0; i < c->groups && item; i++, item = item->next)
        add_name(names, c->group[i].name, node_get(item, "name"), NAME_GROUP, i);
    qsort(names->item, names->n, sizeof *names->item, by_name);
}

/* Neighbours in the index that are the same word for different things. */
static void check_twice(struct reading *r, const struct names *names)
{
    for (size_t i = 1; i < names->n; i++) {
        const struct name *a = &names->item[i - 1], *b = &names->item[i];
        bool same_person = (a->kind == NAME_GROUP) == (b->kind == NAME_GROUP) && a->owner == b->owner;
        if (strcasecmp(a->text, b->text) != 0 || same_person)
            continue;
        if (before(b->node, a->node)) {
            const struct name *swap = a;
            a = b;
            b = swap;
        }
        reading_fault(r, b->node, false, "the name '%.*s' is taken: %s '%.*s' in line %lu%s", READING_QUOTE, b->text,
                      kind_words[a->kind], READING_QUOTE, a->text, a->node->line,
                      strcmp(a->text, b->text) ? " differs only in upper and lower case" : " has it");
    }
}

/* Exactly as written if there is such a name, else in any case; NULL: none. */
static const struct name *find(const struct names *names, const char *text)
{
    size_t low = 0, high = names->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcasecmp(names->item[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct name *any = NULL;
    for (; low < names->n && !strcasecmp(names->item[low].text, text); low++) {
        if (!strcmp(names->item[low].text, text))
            return &names->item[low];
        if (!any)
            any = &names->item[low];
    }
    return any;
}

/* The list anew, of those members that mean somebody. */
static void check_members(struct reading *r, const struct names *names, const char *key, const struct node *list,
                          struct strlist *members)
{
    size_t from = 0;
    const struct node *item = list && list->kind == NODE_LIST ? list->first : NULL;
    for (; item && from < members->n; item = item->next) {
        char number[NUMBER_MAX];
        char *member = members->item[from];
        if (!item->text || strcmp(item->text, member) != 0)
            continue; /* not a text: told */
        if (find(names, member)) {
            from++;
            continue;
        }
        if (!number_parse(member, strlen(member), number)) {
            if (strcmp(member, number) != 0)
                reading_fault(r, item, false, "%s: '%.*s' is not written as E.164 has it (taken as %s)", key,
                              READING_QUOTE, member, number);
            reading_set(r, &members->item[from], number);
            from++;
        } else {
            reading_fault(r, item, false, "%s: '%.*s' is no contact, alias, group or number", key, READING_QUOTE,
                          member);
            mem_free(member);
            members->n--;
            memmove(&members->item[from], &members->item[from + 1], (members->n - from) * sizeof *members->item);
        }
    }
}

/*
 * A walk over groups, depth first, with a stack of its own: a file may nest them as deep as it is long. A member that
 * is a group still on the stack closes a circle: that member goes.
 *
 *     a: [b], b: [c], c: [a]   walked from a: a, b, c are on the stack when c names a; c becomes []
 */
struct walk {
    struct reading *r;
    const struct names *names;
    struct {
        size_t group, member;
    } * stack;
    size_t depth;
    unsigned char *state; /* 0 not seen, 1 on the stack, 2 done */
};

static const struct node *member_node(const struct reading *r, size_t group, const char *member)
{
    const struct node *item = node_at(node_get(r->root, "groups"), group);
    const struct node *members = node_get(item, "members");
    for (const struct node *n = members ? members->first : NULL; n; n = n->next)
        if (n->text && !strcmp(n->text, member))
            return n;
    return item;
}

static void cut_circle(struct walk *w, size_t group, size_t member, size_t target)
{
    struct strlist *members = &w->r->config->group[group].members;
    struct buf way;
    size_t first = 0;
    buf_init(&way, 1024);
    while (w->stack[first].group != target)
        first++;
    for (size_t i = first; i < w->depth && i < first + 8; i++)
        buf_addf(&way, "%.*s → ", READING_QUOTE, w->r->config->group[w->stack[i].group].name);
    buf_addf(&way, "%s%.*s", w->depth - first > 8 ? "… → " : "", READING_QUOTE, w->r->config->group[target].name);
    if (buf_status(&way) == NT_ENOMEM)
        w->r->status = NT_ENOMEM;
    reading_fault(w->r, member_node(w->r, group, members->item[member]), false,
                  "members: the group is part of itself: %s", buf_text(&way));
    buf_clean(&way);
    mem_free(members->item[member]);
    members->n--;
    memmove(&members->item[member], &members->item[member + 1], (members->n - member) * sizeof *members->item);
}

static void push(struct walk *w, size_t group)
{
    w->state[group] = 1;
    w->stack[w->depth].group = group;
    w->stack[w->depth].member = 0;
    w->depth++;
}

static void walk_from(struct walk *w, size_t start)
{
    push(w, start);
    while (w->depth && !w->r->status) {
        size_t group = w->stack[w->depth - 1].group, member = w->stack[w->depth - 1].member;
        const struct strlist *members = &w->r->config->group[group].members;
        if (member == members->n) {
            w->state[group] = 2;
            w->depth--;
            continue;
        }
        const struct name *name = find(w->names, members->item[member]);
        if (name && name->kind == NAME_GROUP && w->state[name->owner] == 1) {
            cut_circle(w, group, member, name->owner);
            continue;
        }
        w->stack[w->depth - 1].member++;
        if (name && name->kind == NAME_GROUP && !w->state[name->owner])
            push(w, name->owner);
    }
}

static void check_circles(struct reading *r, const struct names *names)
{
    size_t groups = r->config->groups;
    struct walk w = {.r = r, .names = names};
    w.stack = mem_array(groups + 1, sizeof *w.stack);
    w.state = mem_zalloc(groups + 1);
    if (!w.stack || !w.state)
        r->status = NT_ENOMEM;
    for (size_t i = 0; i < groups && !r->status; i++)
        if (!w.state[i])
            walk_from(&w, i);
    mem_free(w.stack);
    mem_free(w.state);
}

void people_check(struct reading *r)
{
    struct names names;
    struct config *c = r->config;
    if (r->status)
        return;
    collect(r, &names);
    if (r->status)
        goto done;
    check_twice(r, &names);
    const struct node *groups = node_get(r->root, "groups");
    const struct node *item = groups ? groups->first : NULL;
    for (size_t i = 0; i < c->groups && item; i++, item = item->next)
        check_members(r, &names, "members", node_get(item, "members"), &c->group[i].members);
    check_members(r, &names, "fallback", node_get(r->root, "fallback"), &c->fallback);
    if (!r->status)
        check_circles(r, &names);
done:
    mem_free(names.item);
}

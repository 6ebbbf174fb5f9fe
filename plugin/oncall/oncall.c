/*
 * oncall: WHO words → recipients.
 *
 * A word is a name or alias, else a number, else it is taken apart: at commas and semicolons, then at blanks. Pager
 * fields come as their owners like them:
 *
 *     "alice"                              the contact
 *     "+15005550001,+15005550002"          two numbers
 *     "+49 151 234567"                     one: as a whole it is a number
 *     "+49 151 234567 +49 151 765432"      two: the longest run of pieces that means something, then the next
 *     "alice bob"                          both, unless somebody is called so
 *
 * Groups are opened depth first with a stack of their own, each once, so circles end and order is kept. Recipients
 * borrow their contacts from the configuration; the directory lives for one call.
 *
 * DIAGNOSTICS
 * NT_ENOBODY with notes; NT_ENOMEM. Notes have one line for each thing that an admin would want to know; their own
 * bound never stops a page.
 */
#include "oncall/oncall.h"

#include "base/mem.h"
#include "base/vector.h"
#include "oncall/directory.h"

#include <stdarg.h>
#include <string.h>

enum { QUOTE = 80, PIECES_MAX = 64, RUN_MAX = 300 };

struct resolving {
    const struct config *config;
    struct directory directory;
    bool *opened; /* by group */
    size_t *stack_group, *stack_member;
    struct recipients *out;
    struct buf *notes;
    bool routine_problem;
    bool known; /* something of who means somebody, even if nobody is paged */
    bool muted; /* somebody was left out for routine: false */
    bool lost;  /* somebody or something was left out for another reason */
    enum nt_status status;
};

__attribute__((format(printf, 2, 3))) static void note(struct resolving *r, const char *format, ...)
{
    va_list args;
    if (!r->notes || r->status)
        return;
    size_t before = r->notes->len;
    va_start(args, format);
    enum nt_status status = buf_addv(r->notes, format, args);
    va_end(args);
    if (!status)
        status = buf_addc(r->notes, '\n');
    if (status)
        buf_truncate(r->notes, before);
    if (status == NT_ENOMEM)
        r->status = status;
}

static bool listed(const struct recipients *l, const char *number)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->item[i].number, number))
            return true;
    return false;
}

/* The number is paged; the contact's others are for failover. Once for each number: the first that asks for it has it.
 */
static void add(struct resolving *r, const struct config_contact *contact, const char *number)
{
    struct recipient made = {.contact = contact};
    r->known = true;
    if (contact && r->routine_problem && !contact->routine) {
        note(r, "%.*s is not paged: no routine problems (routine: false)", QUOTE, contact->name);
        r->muted = true;
        return;
    }
    if (listed(r->out, number))
        return;
    size_t len = strlen(number);
    if (len >= sizeof made.number || !VECTOR_GROW(r->out, item)) {
        r->status = NT_ENOMEM;
        return;
    }
    memcpy(made.number, number, len + 1);
    for (size_t i = 0; contact && i < contact->numbers.n; i++)
        if (strcmp(contact->numbers.item[i], number) != 0 && !strlist_has(&made.others, contact->numbers.item[i]) &&
            !r->status)
            r->status = strlist_add(&made.others, contact->numbers.item[i]);
    if (r->status)
        strlist_clean(&made.others);
    else
        r->out->item[r->out->n++] = made;
}

static void add_contact(struct resolving *r, const struct config_contact *c)
{
    r->known = true;
    if (c->numbers.n) {
        add(r, c, c->numbers.item[0]);
    } else {
        note(r, "%.*s is not paged: no number", QUOTE, c->name);
        r->lost = true;
    }
}

/* A name, alias or number; a group is left to the caller. False: it means nothing. */
static bool take(struct resolving *r, const char *word, const struct config_group **group)
{
    char number[NUMBER_MAX];
    const struct entry *entry = directory_find(&r->directory, word);
    *group = NULL;
    if (entry && entry->contact)
        add_contact(r, entry->contact);
    else if (entry)
        *group = entry->group;
    else if (!number_parse(word, strlen(word), number))
        add(r, directory_owner(&r->directory, number), number);
    else
        return false;
    return true;
}

/* On the stack, unless it has been opened before. */
static size_t open_group(struct resolving *r, const struct config_group *g, size_t depth)
{
    size_t index = (size_t)(g - r->config->group);
    if (r->opened[index])
        return depth;
    if (!g->members.n) {
        note(r, "nobody is in the group %.*s", QUOTE, g->name);
        r->lost = true;
    }
    r->opened[index] = true;
    r->stack_group[depth] = index;
    r->stack_member[depth] = 0;
    return depth + 1;
}

static void add_group(struct resolving *r, const struct config_group *top)
{
    size_t depth = open_group(r, top, 0);
    while (depth && !r->status) {
        const struct config_group *g = &r->config->group[r->stack_group[depth - 1]], *inner;
        if (r->stack_member[depth - 1] == g->members.n) {
            depth--;
            continue;
        }
        const char *member = g->members.item[r->stack_member[depth - 1]++];
        if (!take(r, member, &inner)) {
            note(r, "'%.*s', a member of the group %.*s, means nobody", QUOTE, member, QUOTE, g->name);
            r->lost = true;
        } else if (inner) {
            depth = open_group(r, inner, depth);
        }
    }
}

static bool resolve_word(struct resolving *r, const char *word)
{
    const struct config_group *group;
    if (!take(r, word, &group))
        return false;
    if (group)
        add_group(r, group);
    return true;
}

/* n pieces with a blank between them; false: longer than any name or number. */
static bool join(struct resolving *r, const struct strlist *pieces, size_t from, size_t n, struct buf *run)
{
    size_t len = n - 1;
    for (size_t k = from; k < from + n; k++)
        len += strlen(pieces->item[k]);
    if (len > RUN_MAX)
        return false;
    buf_reset(run);
    for (size_t k = from; k < from + n; k++) {
        buf_adds(run, k > from ? " " : "");
        buf_adds(run, pieces->item[k]);
    }
    r->status = buf_status(run);
    return !r->status;
}

static void means_nothing(struct resolving *r, const char *text)
{
    note(r, "'%.*s' is no contact, alias, group or number (with its country code, like +15005550001)", QUOTE, text);
    r->lost = true;
}

/* "a b c": the longest run from the first piece that means something; then on from behind it. */
static void resolve_pieces(struct resolving *r, const char *text)
{
    struct strlist pieces;
    struct buf run;
    strlist_init(&pieces);
    buf_init(&run, RUN_MAX);
    r->status = strlist_split(&pieces, text, " \t\r\n\v\f");
    size_t most = pieces.n < PIECES_MAX ? pieces.n : PIECES_MAX, before = r->notes ? r->notes->len : 0;
    bool any = false;
    for (size_t i = 0, n; i < most && !r->status; i += n ? n : 1) {
        for (n = most - i; n && !r->status; n--)
            if (join(r, &pieces, i, n, &run) && resolve_word(r, buf_text(&run)))
                break;
        any |= n > 0;
        if (!n && !r->status)
            means_nothing(r, pieces.item[i]);
    }
    if (!any && !r->status && pieces.n > 1) {
        /* None of it: then it was meant as one, such as a number without its country code. */
        if (r->notes)
            buf_truncate(r->notes, before);
        means_nothing(r, text);
    }
    if (pieces.n > most)
        note(r, "only the first %d words of a field are looked at", PIECES_MAX);
    buf_clean(&run);
    strlist_clean(&pieces);
}

static void resolve_list(struct resolving *r, const struct strlist *who)
{
    for (size_t i = 0; i < who->n && !r->status; i++) {
        struct strlist whole, parts;
        strlist_init(&whole);
        strlist_init(&parts);
        r->status = strlist_split(&whole, who->item[i], ""); /* trims */
        if (!r->status && whole.n && !resolve_word(r, whole.item[0])) {
            r->status = strlist_split(&parts, whole.item[0], ",;");
            for (size_t k = 0; k < parts.n && !r->status; k++)
                if (!resolve_word(r, parts.item[k]))
                    resolve_pieces(r, parts.item[k]);
        }
        strlist_clean(&whole);
        strlist_clean(&parts);
    }
}

static void use_fallback(struct resolving *r)
{
    const struct strlist *fallback = &r->config->fallback;
    if (!fallback->n)
        return;
    memset(r->opened, 0, r->config->groups * sizeof *r->opened);
    note(r, "nobody is meant: the fallback is used");
    resolve_list(r, fallback);
}

enum nt_status oncall_resolve(const struct config *config, const struct strlist *who, bool routine_problem,
                              struct recipients *out, bool *only_muted, struct buf *notes)
{
    struct resolving r = {.config = config, .out = out, .notes = notes, .routine_problem = routine_problem};
    size_t before = out->n;
    if (only_muted)
        *only_muted = false;
    r.status = directory_init(&r.directory, config);
    if (r.status)
        return r.status;
    r.opened = mem_array(config->groups + 1, sizeof *r.opened);
    r.stack_group = mem_array(config->groups + 1, sizeof *r.stack_group);
    r.stack_member = mem_array(config->groups + 1, sizeof *r.stack_member);
    if (!r.opened || !r.stack_group || !r.stack_member)
        r.status = NT_ENOMEM;
    if (!r.status)
        resolve_list(&r, who);
    if (!r.status && !r.known)
        use_fallback(&r);
    if (!r.status && out->n == before) {
        if (only_muted)
            *only_muted = r.muted && !r.lost;
        r.status = NT_ENOBODY;
    }
    if (r.status && r.status != NT_ENOBODY)
        while (out->n > before)
            strlist_clean(&out->item[--out->n].others);
    mem_free(r.opened);
    mem_free(r.stack_group);
    mem_free(r.stack_member);
    directory_clean(&r.directory);
    return r.status;
}

bool oncall_means(const struct config *config, const char *word)
{
    struct config without_fallback = *config;
    struct recipients found;
    struct strlist who;
    strlist_init(&without_fallback.fallback);
    recipients_init(&found);
    strlist_init(&who);
    enum nt_status status = strlist_add(&who, word);
    if (!status)
        status = oncall_resolve(&without_fallback, &who, false, &found, NULL, NULL);
    recipients_clean(&found);
    strlist_clean(&who);
    return status == NT_OK;
}

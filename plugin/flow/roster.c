/*
 * roster: the words of `oncall` → the people, as a page would find them.
 *
 * The whole list is resolved at once, as for a page: so order, fallback and the one row a number has are the real ones.
 * Then each word alone tells which rows it leads to.
 *
 * DIAGNOSTICS: NT_ENOBODY, NT_ENOMEM. A store that cannot be read only leaves the numbers' states at zero.
 */
#include "flow/roster.h"

#include "base/mem.h"
#include "base/vector.h"
#include "oncall/oncall.h"

#include <string.h>

enum { ROSTER_NOTES = 64 * 1024 };

void roster_init(struct roster *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->notes, ROSTER_NOTES);
}

void roster_clean(struct roster *r)
{
    for (size_t i = 0; i < r->n; i++) {
        strlist_clean(&r->item[i].others);
        strlist_clean(&r->item[i].via);
    }
    mem_free(r->item);
    buf_clean(&r->notes);
    roster_init(r);
}

static enum nt_status everybody(const struct config *c, struct strlist *who)
{
    enum nt_status st = NT_OK;
    for (size_t i = 0; st == NT_OK && i < c->groups; i++)
        st = strlist_add(who, c->group[i].name);
    for (size_t i = 0; st == NT_OK && i < c->contacts; i++)
        st = strlist_add(who, c->contact[i].name);
    return st;
}

static enum nt_status add_row(struct runtime *r, const struct recipient *to, struct roster *out)
{
    if (!VECTOR_GROW(out, item))
        return NT_ENOMEM;
    struct roster_row *row = &out->item[out->n];
    memset(row, 0, sizeof *row);
    memcpy(row->number, to->number, sizeof row->number);
    row->contact = to->contact;
    enum nt_status st = strlist_copy(&row->others, &to->others);
    if (st != NT_OK)
        return st;
    out->n++;
    if (r->store && r->store->ops->number_get(r->store, row->number, &row->state) != NT_OK)
        memset(&row->state, 0, sizeof row->state);
    return NT_OK;
}

/* Marks the rows that this word, taken alone, leads to; a contact's own name says nothing new. */
static enum nt_status mark(const struct config *with_fallback, const char *word, const char *as, struct roster *out,
                           size_t *found)
{
    struct config c = *with_fallback; /* borrowed, less the fallback */
    struct strlist one;
    struct recipients to;
    memset(&c.fallback, 0, sizeof c.fallback);
    strlist_init(&one);
    recipients_init(&to);
    enum nt_status st = strlist_add(&one, word);
    if (st == NT_OK)
        st = oncall_resolve(&c, &one, false, &to, NULL, NULL);
    for (size_t i = 0; st == NT_OK && i < to.n; i++)
        for (size_t k = 0; st == NT_OK && k < out->n; k++) {
            struct roster_row *row = &out->item[k];
            if (strcmp(row->number, to.item[i].number) != 0)
                continue;
            ++*found;
            bool own = row->contact && !strcmp(row->contact->name, as);
            if (!own && strcmp(row->number, as) != 0 && !strlist_has(&row->via, as))
                st = strlist_add(&row->via, as);
        }
    recipients_clean(&to);
    strlist_clean(&one);
    return st == NT_ENOBODY ? NT_OK : st;
}

/* Each line once: a contact without a number is told once, however many groups he is in. */
static enum nt_status tell_once(struct strlist *lines, struct buf *out)
{
    enum nt_status st = NT_OK;
    for (size_t i = 0; i < lines->n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = !strcmp(lines->item[k], lines->item[i]);
        if (!seen)
            st = buf_addf(out, "%s\n", lines->item[i]);
    }
    return st == NT_ENOMEM ? st : NT_OK;
}

enum nt_status roster_read(struct runtime *r, const struct strlist *given, struct roster *out)
{
    const struct config *c = r->config;
    struct strlist who, lines;
    struct recipients to;
    struct buf notes;
    size_t meant = 0;
    strlist_init(&who);
    strlist_init(&lines);
    recipients_init(&to);
    buf_init(&notes, ROSTER_NOTES);
    enum nt_status st = given->n ? strlist_copy(&who, given) : everybody(c, &who), resolved = NT_OK;
    if (st == NT_OK) {
        resolved = oncall_resolve(c, &who, false, &to, NULL, &notes);
        st = resolved == NT_ENOBODY ? NT_OK : resolved;
    }
    for (size_t i = 0; st == NT_OK && i < to.n; i++)
        st = add_row(r, &to.item[i], out);
    for (size_t i = 0; st == NT_OK && i < who.n; i++)
        st = mark(c, who.item[i], who.item[i], out, &meant);
    out->fallback_used = st == NT_OK && out->n && !meant;
    for (size_t i = 0; st == NT_OK && (out->fallback_used || !given->n) && i < c->fallback.n; i++)
        st = mark(c, c->fallback.item[i], "fallback", out, &meant);
    if (st == NT_OK)
        st = strlist_split(&lines, buf_text(&notes), "\n");
    if (st == NT_OK)
        st = tell_once(&lines, &out->notes);
    recipients_clean(&to);
    strlist_clean(&lines);
    strlist_clean(&who);
    buf_clean(&notes);
    return st == NT_OK ? resolved : st;
}

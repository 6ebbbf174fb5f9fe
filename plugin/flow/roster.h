/*
 * roster: who would be paged now, and by which words.
 */
#ifndef NT_FLOW_ROSTER_H
#define NT_FLOW_ROSTER_H

#include "base/buf.h"
#include "base/strlist.h"
#include "flow/runtime.h"
#include "oncall/recipient.h"

#include <stdbool.h>
#include <stddef.h>

struct roster_row {
    char number[NUMBER_MAX];
    const struct config_contact *contact; /* borrowed from the configuration; NULL for a bare number */
    struct strlist others;                /* failover numbers, in order */
    struct strlist via;                   /* the words that lead here */
    struct number_state state;            /* zeros without a store */
};

struct roster {
    struct roster_row *item;
    size_t n, size;
    struct buf notes;   /* a line each: unknown words, contacts without a number … */
    bool fallback_used; /* nothing of what was asked for means anybody */
};

void roster_init(struct roster *r);
void roster_clean(struct roster *r);

/* who empty: every group and contact there is. r->store may be NULL. NT_ENOBODY with notes when nobody is left. */
enum nt_status roster_read(struct runtime *r, const struct strlist *who, struct roster *out) NT_MUST_USE;

#endif

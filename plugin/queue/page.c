/*
 * page: one message to one number, as a record.
 *
 * Who owns what: a page owns all its strings and both lists; page_free() takes everything. page_set() replaces a
 * string by a copy. Nothing here knows how pages are stored.
 *
 * DIAGNOSTICS: NT_ENOMEM alone.
 */
#include "queue/page.h"

#include "base/mem.h"

#include <string.h>

static const char *const state_names[] = {
    [PAGE_QUEUED] = "queued",       [PAGE_HELD] = "held",           [PAGE_SENDING] = "sending",
    [PAGE_SENT] = "sent",           [PAGE_DELIVERED] = "delivered", [PAGE_UNDELIVERED] = "undelivered",
    [PAGE_FAILED] = "failed",       [PAGE_EXPIRED] = "expired",     [PAGE_SUPERSEDED] = "superseded",
    [PAGE_CANCELLED] = "cancelled", [PAGE_MERGED] = "merged",       [PAGE_DUPLICATE] = "duplicate",
};

enum { STATES = sizeof state_names / sizeof *state_names };

/* Every owned string, so that new and free cannot disagree. */
enum { STRINGS = 12 };

static void strings_of(struct page *p, char **field[STRINGS])
{
    char **const all[STRINGS] = {&p->contact, &p->object,  &p->identity, &p->alert_state,
                                 &p->host,    &p->service, &p->body,     &p->template_name,
                                 &p->from,    &p->sender,  &p->sid,      &p->error_message};
    memcpy(field, all, sizeof all);
}

struct page *page_new(void)
{
    struct page *p = mem_zalloc(sizeof *p);
    if (!p)
        return NULL;
    strlist_init(&p->others);
    strlist_init(&p->media);
    p->notification_number = -1;
    char **field[STRINGS];
    strings_of(p, field);
    for (size_t i = 0; i < STRINGS; i++) {
        *field[i] = mem_strdup("");
        if (!*field[i]) {
            page_free(p);
            return NULL;
        }
    }
    return p;
}

void page_free(struct page *p)
{
    if (!p)
        return;
    char **field[STRINGS];
    strings_of(p, field);
    for (size_t i = 0; i < STRINGS; i++)
        mem_free(*field[i]);
    strlist_clean(&p->others);
    strlist_clean(&p->media);
    mem_free(p);
}

enum nt_status page_set(char **field, const char *value)
{
    char *copy = mem_strdup(value);
    if (!copy)
        return NT_ENOMEM;
    mem_free(*field);
    *field = copy;
    return NT_OK;
}

struct page *page_copy(const struct page *p)
{
    struct page *copy = mem_alloc(sizeof *copy), flat;
    if (!copy)
        return NULL;
    /* The numbers come over as they are; the copy has its own strings and lists from the start, so that it may be freed
     * at any point. */
    flat = *p;
    char **field[STRINGS], **source[STRINGS];
    strings_of(&flat, source);
    memcpy(copy, p, sizeof *copy);
    strlist_init(&copy->others);
    strlist_init(&copy->media);
    strings_of(copy, field);
    for (size_t i = 0; i < STRINGS; i++)
        *field[i] = NULL;
    for (size_t i = 0; i < STRINGS; i++) {
        if (!(*field[i] = mem_strdup(*source[i])))
            goto fail;
    }
    if (strlist_copy(&copy->others, &p->others) || strlist_copy(&copy->media, &p->media))
        goto fail;
    return copy;
fail:
    page_free(copy);
    return NULL;
}

bool page_next_number(struct page *p)
{
    while (p->others.n) {
        char *next = p->others.item[0];
        size_t len = strlen(next);
        bool fits = len && len < sizeof p->number;
        if (fits)
            memcpy(p->number, next, len + 1);
        mem_free(next);
        p->others.n--;
        memmove(p->others.item, p->others.item + 1, p->others.n * sizeof *p->others.item);
        if (fits)
            return true;
    }
    return false;
}

const char *page_state_name(enum page_state s)
{
    return (unsigned)s < STATES ? state_names[s] : "unknown";
}

bool page_settled(enum page_state s)
{
    return s > PAGE_SENDING;
}

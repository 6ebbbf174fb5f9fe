/*
 * directory: names and numbers of a configuration, sorted once and searched by halves, so that a group of thousands
 * costs no more than thousands of look-ups.
 *
 * Owns the two arrays; the words belong to the configuration.
 *
 * DIAGNOSTICS
 * NT_ENOMEM from directory_init(), which then leaves nothing to clean.
 */
#include "oncall/directory.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_order(const struct entry *a, const struct entry *b)
{
    return a->order == b->order ? 0 : a->order < b->order ? -1 : 1;
}

static int by_name(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = strcasecmp(a->word, b->word);
    return order ? order : by_order(a, b);
}

static int by_number(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = strcmp(a->word, b->word);
    return order ? order : by_order(a, b);
}

static void add(struct entry *list, size_t *n, const char *word, const struct config_contact *contact,
                const struct config_group *group)
{
    if (!*word)
        return;
    list[*n] = (struct entry){.word = word, .contact = contact, .group = group, .order = *n};
    ++*n;
}

enum nt_status directory_init(struct directory *d, const struct config *config)
{
    size_t names = config->contacts + config->groups, numbers = 0;
    for (size_t i = 0; i < config->contacts; i++) {
        names += config->contact[i].aliases.n;
        numbers += config->contact[i].numbers.n;
    }
    *d = (struct directory){0};
    d->name = mem_array(names + 1, sizeof *d->name);
    d->number = mem_array(numbers + 1, sizeof *d->number);
    if (!d->name || !d->number) {
        directory_clean(d);
        return NT_ENOMEM;
    }
    for (size_t i = 0; i < config->contacts; i++) {
        const struct config_contact *c = &config->contact[i];
        add(d->name, &d->names, c->name, c, NULL);
        for (size_t k = 0; k < c->aliases.n; k++)
            add(d->name, &d->names, c->aliases.item[k], c, NULL);
        for (size_t k = 0; k < c->numbers.n; k++)
            add(d->number, &d->numbers, c->numbers.item[k], c, NULL);
    }
    for (size_t i = 0; i < config->groups; i++)
        add(d->name, &d->names, config->group[i].name, NULL, &config->group[i]);
    qsort(d->name, d->names, sizeof *d->name, by_name);
    qsort(d->number, d->numbers, sizeof *d->number, by_number);
    return NT_OK;
}

void directory_clean(struct directory *d)
{
    mem_free(d->name);
    mem_free(d->number);
    *d = (struct directory){0};
}

/* The first entry whose word is not before the one looked for. */
static size_t lower_bound(const struct entry *list, size_t n, const char *word,
                          int (*compare)(const char *, const char *))
{
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (compare(list[middle].word, word) < 0)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

const struct entry *directory_find(const struct directory *d, const char *word)
{
    size_t first = lower_bound(d->name, d->names, word, strcasecmp);
    for (size_t i = first; i < d->names && !strcasecmp(d->name[i].word, word); i++)
        if (!strcmp(d->name[i].word, word))
            return &d->name[i];
    return first < d->names && !strcasecmp(d->name[first].word, word) ? &d->name[first] : NULL;
}

const struct config_contact *directory_owner(const struct directory *d, const char *number)
{
    size_t first = lower_bound(d->number, d->numbers, number, strcmp);
    return first < d->numbers && !strcmp(d->number[first].word, number) ? d->number[first].contact : NULL;
}

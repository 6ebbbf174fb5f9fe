/*
 * strlist: an ordered list of strings. The list owns the copies it keeps.
 *
 * DIAGNOSTICS
 * NT_ENOMEM; then the list is what it was.
 */
#include "base/strlist.h"

#include "base/mem.h"
#include "base/vector.h"

#include <string.h>

void strlist_init(struct strlist *l)
{
    *l = (struct strlist){0};
}

/* Back to n items, the later ones freed. */
static void shorten(struct strlist *l, size_t n)
{
    while (l->n > n)
        mem_free(l->item[--l->n]);
}

void strlist_clean(struct strlist *l)
{
    shorten(l, 0);
    mem_free(l->item);
    strlist_init(l);
}

enum nt_status strlist_add(struct strlist *l, const char *s)
{
    return strlist_addn(l, s, strlen(s));
}

enum nt_status strlist_addn(struct strlist *l, const char *s, size_t len)
{
    char *copy = mem_strndup(s, len);
    if (!copy)
        return NT_ENOMEM;
    if (!VECTOR_GROW(l, item)) {
        mem_free(copy);
        return NT_ENOMEM;
    }
    l->item[l->n++] = copy;
    return NT_OK;
}

bool strlist_has(const struct strlist *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->item[i], s))
            return true;
    return false;
}

enum nt_status strlist_copy(struct strlist *to, const struct strlist *from)
{
    struct strlist copy;
    strlist_init(&copy);
    for (size_t i = 0; i < from->n; i++) {
        enum nt_status status = strlist_add(&copy, from->item[i]);
        if (status) {
            strlist_clean(&copy);
            return status;
        }
    }
    strlist_clean(to);
    *to = copy;
    return NT_OK;
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum nt_status strlist_split(struct strlist *l, const char *text, const char *separators)
{
    size_t before = l->n;
    for (const char *at = text;;) {
        size_t len = strcspn(at, separators);
        const char *start = at, *end = at + len;
        while (start < end && blank(*start))
            start++;
        while (start < end && blank(end[-1]))
            end--;
        if (start < end) {
            enum nt_status status = strlist_addn(l, start, (size_t)(end - start));
            if (status) {
                shorten(l, before);
                return status;
            }
        }
        if (!at[len])
            return NT_OK;
        at += len + 1;
    }
}

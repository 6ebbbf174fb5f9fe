/*
 * accepted: the pages that an order came to, as its sender is told. They are its own.
 *
 * DIAGNOSTICS: NT_ENOMEM; notes that do not fit any more are cut.
 */
#include "flow/accepted.h"

#include "base/mem.h"
#include "base/vector.h"

#include <string.h>

enum { NOTES_MAX = 64 * 1024, EXIT_SENT = 0, EXIT_ALL_REFUSED = 69 };

void accepted_init(struct accepted *a)
{
    memset(a, 0, sizeof *a);
    buf_init(&a->notes, NOTES_MAX);
}

void accepted_clean(struct accepted *a)
{
    for (size_t i = 0; i < a->n; i++)
        page_free(a->page[i]);
    mem_free(a->page);
    buf_clean(&a->notes);
    accepted_init(a);
}

enum nt_status accepted_add(struct accepted *a, struct page *page)
{
    if (!page || !VECTOR_GROW(a, page))
        return NT_ENOMEM;
    a->page[a->n++] = page;
    return NT_OK;
}

/* A duplicate stands as its original does: a copy of a refused page carries its error. */
static bool was_refused(const struct page *p)
{
    return p->state == PAGE_FAILED || (p->state == PAGE_DUPLICATE && *p->error_message);
}

int accepted_exit(const struct accepted *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (!was_refused(a->page[i]))
            return EXIT_SENT;
    return a->n ? EXIT_ALL_REFUSED : EXIT_SENT;
}

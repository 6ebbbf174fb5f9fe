/*
 * recipient: the numbers that will be paged. A list owns its failover numbers; contacts belong to the config.
 *
 * DIAGNOSTICS
 * None.
 */
#include "oncall/recipient.h"

#include "base/mem.h"

void recipients_init(struct recipients *r)
{
    *r = (struct recipients){0};
}

void recipients_clean(struct recipients *r)
{
    for (size_t i = 0; i < r->n; i++)
        strlist_clean(&r->item[i].others);
    mem_free(r->item);
    recipients_init(r);
}

/* recipient: one number that will be paged, and whose it is (a record). */
#ifndef NT_ONCALL_RECIPIENT_H
#define NT_ONCALL_RECIPIENT_H

#include "base/number.h"
#include "base/strlist.h"
#include "config/config.h"

#include <stdbool.h>

struct recipient {
    char number[NUMBER_MAX];
    const struct config_contact *contact; /* borrowed from the config; NULL for a bare number */
    struct strlist others;                /* the contact's further numbers, in order: failover */
};

struct recipients {
    struct recipient *item;
    size_t n, size;
};

void recipients_init(struct recipients *r);
void recipients_clean(struct recipients *r);

#endif

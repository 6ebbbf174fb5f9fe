/*
 * check: what is wrong in a parsed template (private to the stage).
 */
#ifndef NT_TEMPLATE_CHECK_H
#define NT_TEMPLATE_CHECK_H

#include "template/set.h"
#include "template/template.h"

#include <stdbool.h>
#include <stddef.h>

struct check_report {
    template_report *report; /* NULL: count only */
    void *arg;
    size_t n; /* things reported so far */
};

/* Reports the tree's faults in the order of the text, with fields the names that are no fields among them. */
void check_tree(const struct template *t, bool fields, struct check_report *r);

#endif

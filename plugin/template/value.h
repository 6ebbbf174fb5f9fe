/*
 * value: a piece of text on its way from a view through its filters into the rendering (private to the stage).
 */
#ifndef NT_TEMPLATE_VALUE_H
#define NT_TEMPLATE_VALUE_H

#include "base/buf.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct view;
struct zone;

enum { VALUE_MAX = 64 * 1024 };

struct value {
    struct buf text;  /* clean UTF-8 */
    struct buf spare; /* filters write here, then the two change places */
    bool counted;     /* number is what the text says */
    int64_t number;   /* seconds */
};

void value_init(struct value *v);
void value_clean(struct value *v);
void value_reset(struct value *v);
/* Makes it what the view says, before any filter. zone NULL: the system's. Only NT_ENOMEM. */
enum nt_status value_of(struct value *value, const struct view *v, const struct zone *zone) NT_MUST_USE;

#endif

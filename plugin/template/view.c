/*
 * view: what a view is worth as a truth.
 *
 * DIAGNOSTICS
 * None.
 */
#include "template/view.h"

bool view_true(const struct view *v)
{
    const void *cursor = NULL;
    struct view first;
    switch (v->kind) {
    case VIEW_NULL:
        return false;
    case VIEW_BOOL:
        return v->number != 0;
    case VIEW_TEXT:
        return v->len > 0;
    case VIEW_NUMBER:
        return v->real != 0;
    case VIEW_TIME:
        return true;
    case VIEW_DURATION:
        return v->number > 0;
    case VIEW_LIST:
        return v->ops->next(v, &cursor, &first);
    case VIEW_OBJECT:
        return true;
    }
    return false;
}

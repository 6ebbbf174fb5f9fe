/*
 * cluster: extended grapheme clusters as Twilio's segment calculator forms them.
 *
 * The calculator splits by the rules of Unicode 10 (annex 29, GB3 to GB13), where emoji have break classes of their
 * own, and looks at the whole cluster gathered so far. That makes it differ from the annex in places, and since the aim
 * is the same number of parts, the differences are kept:
 *  - a skin tone joins its emoji across one Extend, not across two;
 *  - once regional indicators beyond the first were followed by something else, that cluster is over;
 *  - a third regional indicator never joins.
 * The state needed for it is small: the first class, the last two, and what was seen between.
 *
 * Example: E_Base Extend E_Modifier is one cluster, E_Base Extend Extend | E_Modifier two;
 * RI RI ZWJ | ZWJ two, RI ZWJ ZWJ one.
 *
 * DIAGNOSTICS
 * None. Invalid bytes are clusters of one unit, so that every text comes to its end.
 */
#include "sms/cluster.h"

#include "base/utf8.h"
#include "sms/cluster_class.h"

#include <stdbool.h>
#include <stdint.h>

struct cluster {
    enum cluster_class before, last; /* the last two; before is CLASS_OTHER when there is but one */
    bool extended;                   /* an Extend was seen */
    bool regional;                   /* a regional indicator was seen after the first code point */
    bool other;                      /* something else was seen after the first code point */
    bool regional_late;              /* a regional indicator came after something else */
};

static bool is_base(enum cluster_class class)
{
    return class == CLASS_BASE || class == CLASS_BASE_GAZ;
}

static bool joins(const struct cluster *c, enum cluster_class next)
{
    if (c->regional && !c->regional_late && c->last != CLASS_PREPEND && c->last != CLASS_REGIONAL &&
        next != CLASS_REGIONAL)
        return false;
    if (c->last == CLASS_BREAK || next == CLASS_BREAK)
        return false;
    if (c->last == CLASS_L && (next == CLASS_L || next == CLASS_V || next == CLASS_LV || next == CLASS_LVT))
        return true;
    if ((c->last == CLASS_LV || c->last == CLASS_V) && (next == CLASS_V || next == CLASS_T))
        return true;
    if ((c->last == CLASS_LVT || c->last == CLASS_T) && next == CLASS_T)
        return true;
    if (next == CLASS_EXTEND || next == CLASS_ZWJ || next == CLASS_SPACING || c->last == CLASS_PREPEND)
        return true;
    if (next == CLASS_MODIFIER && (c->extended ? c->last == CLASS_EXTEND && is_base(c->before) : is_base(c->last)))
        return true;
    if (c->last == CLASS_ZWJ && (next == CLASS_GAZ || next == CLASS_BASE_GAZ))
        return true;
    return !c->regional && c->last == CLASS_REGIONAL && next == CLASS_REGIONAL;
}

static void join(struct cluster *c, enum cluster_class next)
{
    if (next == CLASS_REGIONAL) {
        c->regional = true;
        c->regional_late |= c->other;
    } else {
        c->other = true;
    }
    c->extended |= next == CLASS_EXTEND;
    c->before = c->last;
    c->last = next;
}

size_t cluster_next(const char *s, size_t len, size_t *units)
{
    uint32_t cp;
    size_t n = utf8_next(s, len, &cp);
    *units = 1;
    if (!n)
        return 1;
    *units += cp > 0xFFFF;
    struct cluster c = {.last = cluster_class_of(cp)};
    c.extended = c.last == CLASS_EXTEND;
    while (n < len) {
        size_t step = utf8_next(s + n, len - n, &cp);
        enum cluster_class next = cluster_class_of(step ? cp : '?');
        if (!step || !joins(&c, next))
            break;
        join(&c, next);
        *units += cp > 0xFFFF ? 2 : 1;
        n += step;
    }
    return n;
}

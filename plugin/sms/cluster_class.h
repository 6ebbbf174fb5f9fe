/*
 * cluster_class: the break class of a code point, by Unicode 10.
 */
#ifndef NT_SMS_CLUSTER_CLASS_H
#define NT_SMS_CLUSTER_CLASS_H

#include <stdint.h>

enum cluster_class {
    CLASS_OTHER,
    CLASS_BREAK, /* CR, LF, Control */
    CLASS_EXTEND,
    CLASS_ZWJ,
    CLASS_SPACING,
    CLASS_PREPEND,
    CLASS_REGIONAL,
    CLASS_L,
    CLASS_V,
    CLASS_T,
    CLASS_LV,
    CLASS_LVT,
    CLASS_BASE,     /* E_Base */
    CLASS_BASE_GAZ, /* E_Base_GAZ */
    CLASS_GAZ,      /* Glue_After_Zwj */
    CLASS_MODIFIER,
};

enum cluster_class cluster_class_of(uint32_t cp);

#endif

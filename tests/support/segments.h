/* segments: how many parts a text costs, counted here on its own as a check on the product's counting. */
#ifndef SIM_SEGMENTS_H
#define SIM_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct segments {
    bool ucs2;
    size_t units; /* septets, or UTF-16 units */
    size_t parts; /* at least 1 */
};

/* text is valid UTF-8. */
struct segments segments_count(const char *text);
/* Characters (code points), as the limit of 1,600 counts them. */
size_t segments_characters(const char *text);

#endif

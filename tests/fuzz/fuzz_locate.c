/* fuzz_locate: any text gives an answer, and a path that is found is absolute and ends. */
#include "fuzz.h"

#include "handover/locate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[108];
    memset(out, 'x', sizeof out);
    if (locate_in_text((const char *)data, size, out, sizeof out) == LOCATE_FOUND)
        if (out[0] != '/' || !memchr(out, '\0', sizeof out))
            abort();
    return 0;
}

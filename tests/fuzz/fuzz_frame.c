/* fuzz_frame: whatever arrives is stepped through within its bounds, and what is written is read back. */
#include "fuzz.h"

#include "handover/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char memory[FRAME_MAX];
    const char *text = (const char *)data, *key, *value;
    size_t at = 0, key_len, value_len, written = 0;
    bool bad = false;
    struct frame copy;
    frame_init(&copy, memory);
    while (frame_next(text, size, &at, &key, &key_len, &value, &value_len, &bad)) {
        if (key < text || value + value_len >= text + size || value[value_len] || !key_len)
            abort();
        written += frame_putn(&copy, key, key_len, value, value_len);
    }
    if (!bad && at < size)
        abort();
    for (at = 0; frame_next(copy.data, copy.len, &at, &key, &key_len, &value, &value_len, &bad);)
        written--;
    if (bad || written || (!copy.cut && copy.len && memcmp(copy.data, text, copy.len)))
        abort();
    return 0;
}

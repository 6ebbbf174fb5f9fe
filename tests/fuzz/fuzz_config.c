/* fuzz_config: any text either loads, and then its copy loads as the same, or leaves a fatal problem that says why. */
#include "fuzz.h"

#include "base/log.h"
#include "config/reading.h"

#include <stdlib.h>
#include <string.h>

/* What data loads as; NULL when it does not. */
static struct config *load(const char *data, size_t size, enum reading_mode mode)
{
    struct problems problems;
    struct reading r = {.file = "f", .base = "/etc/f", .mode = mode, .problems = &problems};
    struct config *c = NULL;
    problems_init(&problems);
    if (reading_text(&r, data, size, &c))
        abort();
    bool fatal = false;
    for (size_t i = 0; i < problems.n; i++) {
        struct buf line;
        buf_init(&line, 65536);
        if (problem_format(&problems.item[i], &line) || strchr(buf_text(&line), '\n'))
            abort();
        buf_clean(&line);
        fatal |= problems.item[i].fatal;
    }
    if (fatal != r.fatal || (!fatal && !c))
        abort();
    if (fatal) {
        config_free(c);
        c = NULL;
    }
    problems_clean(&problems);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first, second;
    struct config *c = load((const char *)data, size, READING_TEXT);
    if (!c)
        return 0;
    buf_init(&first, 64 << 20);
    buf_init(&second, 64 << 20);
    if (config_dump(c, &first))
        abort();
    config_free(c);
    c = load(buf_text(&first), first.len, READING_COPY);
    if (!c || config_dump(c, &second) || strcmp(buf_text(&first), buf_text(&second)))
        abort();
    config_free(c);
    buf_clean(&first);
    buf_clean(&second);
    log_close();
    return 0;
}

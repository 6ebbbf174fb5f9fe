/*
 * sms_tool: what the sms stage says about texts, for a test in another language to compare.
 *
 *     sms_tool count            one line a text: encoding, units, segments
 *     sms_tool clusters         one line a text: the UTF-16 units of each of its clusters
 *     sms_tool fit MODE MAX     MODE auto|gsm7|ucs2: encoding, segments, whether it was cut, then the body and a NUL
 *
 * The texts come on standard input, each ended by a NUL.
 *
 * DIAGNOSTICS
 * Exit 64 for wrong arguments, 1 when memory or the output fails.
 */
#include "sms/cluster.h"
#include "sms/fit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count(const char *text, size_t len)
{
    struct sms_count c = sms_count(text, len);
    return printf("%s %zu %d\n", sms_encoding_name(c.encoding), c.units, c.segments) > 0;
}

static int clusters(const char *text, size_t len)
{
    size_t units;
    for (size_t i = 0; i < len; printf("%zu ", units))
        i += cluster_next(text + i, len - i, &units);
    return putchar('\n') != EOF;
}

static int fit(const char *text, size_t len, enum sms_mode mode, int max_segments)
{
    struct rendering r = {.n = 0};
    struct sms_text out;
    buf_init(&r.text, SIZE_MAX / 4);
    sms_text_init(&out);
    int good = !buf_add(&r.text, text, len) && !sms_fit(&r, mode, max_segments, &out);
    if (good)
        good = printf("%s %d %d %s", sms_encoding_name(out.encoding), out.segments, out.truncated,
                      buf_text(&out.body)) > 0 &&
               putchar('\0') != EOF;
    buf_clean(&r.text);
    sms_text_clean(&out);
    return good;
}

int main(int argc, char **argv)
{
    char *text = NULL;
    size_t size = 0;
    ssize_t len;
    int good = 1;
    const char *word = argc > 1 ? argv[1] : "";
    enum sms_mode mode = SMS_AUTO;
    if (!strcmp(word, "fit") && argc == 4)
        mode = !strcmp(argv[2], "gsm7") ? SMS_FORCE_GSM7 : !strcmp(argv[2], "ucs2") ? SMS_FORCE_UCS2 : SMS_AUTO;
    else if (argc != 2 || (strcmp(word, "count") && strcmp(word, "clusters")))
        return 64;
    while (good && (len = getdelim(&text, &size, '\0', stdin)) > 0) {
        size_t n = (size_t)len - (text[len - 1] == '\0');
        if (!strcmp(word, "count"))
            good = count(text, n);
        else if (!strcmp(word, "clusters"))
            good = clusters(text, n);
        else
            good = fit(text, n, mode, atoi(argv[3]));
    }
    free(text);
    return good && !fflush(stdout) ? 0 : 1;
}

/*
 * options: see the header. Words and options may be mixed in any order; after "--" there are words only.
 *
 * DIAGNOSTICS: every mistake is said in words that name the option.
 */
#include "notify/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_SOCKET = 256, OPTION_JSON, OPTIONS_MAX = 24, LETTERS_MAX = 32 };

static const struct option general[] = {
    {"config", required_argument, NULL, 'c'},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
};
enum { GENERAL = sizeof general / sizeof *general };

bool options_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || end == text || *end || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool options_parse(int argc, char **argv, const char *letters, const struct option *own, options_take *take, void *arg,
                   struct options *out, char *error, size_t size)
{
    struct option all[OPTIONS_MAX + 1] = {{NULL, 0, NULL, 0}};
    char accepted[LETTERS_MAX];
    const char *wrong;
    size_t n = GENERAL;
    int c;
    memset(out, 0, sizeof *out);
    out->word = argv + 1;
    memcpy(all, general, sizeof general);
    for (; own && own->name && n < OPTIONS_MAX; own++)
        all[n++] = *own;
    snprintf(accepted, sizeof accepted, "-:c:v%s", letters ? letters : "");
    opterr = 0;
    optind = 0;
    while ((c = getopt_long(argc, argv, accepted, all, NULL)) != -1) {
        switch (c) {
        case 'c':
            out->general.config = optarg;
            break;
        case OPTION_SOCKET:
            out->general.socket = optarg;
            break;
        case OPTION_JSON:
            out->general.json = true;
            break;
        case 'v':
            out->general.verbose = true;
            break;
        case 1:
            out->word[out->words++] = optarg; /* never ahead of what getopt has read */
            break;
        case ':':
            snprintf(error, size, "%s needs a value", argv[optind - 1]);
            return false;
        case '?':
            snprintf(error, size, "unknown option %s", argv[optind - 1]);
            return false;
        default:
            wrong = take(arg, c, optarg);
            if (wrong) {
                snprintf(error, size, "'%s' %s", optarg ? optarg : argv[optind - 1], wrong);
                return false;
            }
        }
    }
    for (; optind < argc; optind++)
        out->word[out->words++] = argv[optind];
    return true;
}

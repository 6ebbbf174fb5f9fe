/*
 * arguments: parsing what `send` and `render` take, with getopt_long.
 *
 * Owner of the arrays, not of the words. DIAGNOSTICS: every mistake is said in words that name the option.
 */
#include "notify/arguments.h"

#include "base/mem.h"
#include "base/status.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_SUBJECT = 256,
    OPTION_MESSAGE,
    OPTION_SOCKET,
    OPTION_JSON,
    OPTION_FROM,
    OPTION_MAX_SEGMENTS,
    OPTION_TEST,
    OPTION_WAIT,
    OPTION_DRY_RUN,
    OPTION_DATA,
    OPTION_SAVE
};

enum { MEDIA_LIMIT = 10, SEGMENTS_LIMIT = 100, WAIT_LIMIT = 86400 };

static bool add(struct word_list *l, const char *word)
{
    const char **more = mem_resize((void *)l->item, (l->n + 1) * sizeof *more);
    if (!more)
        return false;
    l->item = more;
    l->item[l->n++] = word;
    return true;
}

static bool has(const struct word_list *l, const char *word)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->item[i], word))
            return true;
    return false;
}

static bool integer(const char *text, long min, long max, int *out)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (errno || end == text || *end || v < min || v > max)
        return false;
    *out = (int)v;
    return true;
}

/* KEY=VALUE, the key not empty and without blanks. */
static bool is_pair(const char *word)
{
    const char *equals = strchr(word, '=');
    if (!equals || equals == word)
        return false;
    for (const char *c = word; c < equals; c++)
        if (isspace((unsigned char)*c))
            return false;
    return true;
}

static bool no_memory(struct arguments *out, char *error, size_t size)
{
    out->no_memory = true;
    snprintf(error, size, "%s", nt_status_text(NT_ENOMEM));
    return false;
}

void arguments_clean(struct arguments *a)
{
    mem_free((void *)a->to.item);
    mem_free((void *)a->media.item);
    mem_free((void *)a->graphs.item);
    mem_free((void *)a->pairs.item);
    memset(a, 0, sizeof *a);
}

bool arguments_parse(int argc, char **argv, struct arguments *out, char *error, size_t size)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"socket", required_argument, NULL, OPTION_SOCKET},
        {"json", no_argument, NULL, OPTION_JSON},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"source", required_argument, NULL, 's'},
        {"to", required_argument, NULL, 't'},
        {"template", required_argument, NULL, 'T'},
        {"media", required_argument, NULL, 'm'},
        {"graph", required_argument, NULL, 'g'},
        {"from", required_argument, NULL, OPTION_FROM},
        {"max-segments", required_argument, NULL, OPTION_MAX_SEGMENTS},
        {"subject", required_argument, NULL, OPTION_SUBJECT},
        {"message", required_argument, NULL, OPTION_MESSAGE},
        {"test", no_argument, NULL, OPTION_TEST},
        {"wait", required_argument, NULL, OPTION_WAIT},
        {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
        {"data", required_argument, NULL, OPTION_DATA},
        {"save", required_argument, NULL, OPTION_SAVE},
        {NULL, 0, NULL, 0},
    };
    static const char *const sources[] = {"nagios", "icinga2", "zabbix", "generic"};
    bool known = false;
    int c;
    memset(out, 0, sizeof *out);
    out->wait = ARGUMENTS_WAIT;
    opterr = 0;
    optind = 0;
    /* '-' in front: words between options are taken in order, so `send host=web01 -t alice` works without
     * POSIXLY_CORRECT */
    while ((c = getopt_long(argc, argv, "-:c:vhVs:t:T:m:g:", options, NULL)) != -1) {
        bool room = true;
        switch (c) {
        case 'c':
            out->config = optarg;
            break;
        case OPTION_SOCKET:
            out->socket = optarg;
            break;
        case OPTION_JSON:
            out->json = true;
            break;
        case 'v':
            out->verbose = true;
            break;
        case 'h':
            out->help = true;
            break;
        case 'V':
            out->version = true;
            break;
        case 's':
            out->source = optarg;
            known = false;
            for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
                known |= !strcmp(optarg, sources[i]);
            if (!known) {
                snprintf(error, size, "--source: '%s' is none of nagios, icinga2, zabbix, generic", optarg);
                return false;
            }
            break;
        case 't':
            room = add(&out->to, optarg);
            break;
        case 'T':
            out->template_name = optarg;
            break;
        case 'm':
            room = add(&out->media, optarg);
            if (out->media.n + out->graphs.n > MEDIA_LIMIT) {
                snprintf(error, size, "--media: more than %d pictures", MEDIA_LIMIT);
                return false;
            }
            if (strncmp(optarg, "http://", 7) != 0 && strncmp(optarg, "https://", 8) != 0) {
                snprintf(error, size, "--media: '%s' is no http or https URL", optarg);
                return false;
            }
            break;
        case 'g':
            if (!has(&out->graphs, optarg))
                room = add(&out->graphs, optarg);
            if (out->media.n + out->graphs.n > MEDIA_LIMIT) {
                snprintf(error, size, "--graph: more than %d pictures", MEDIA_LIMIT);
                return false;
            }
            break;
        case OPTION_SAVE:
            out->save = optarg;
            break;
        case OPTION_FROM:
            out->from = optarg;
            break;
        case OPTION_MAX_SEGMENTS:
            if (!integer(optarg, 1, SEGMENTS_LIMIT, &out->max_segments)) {
                snprintf(error, size, "--max-segments: '%s' is no number from 1 to %d", optarg, SEGMENTS_LIMIT);
                return false;
            }
            break;
        case OPTION_SUBJECT:
            out->subject = optarg;
            break;
        case OPTION_MESSAGE:
            out->message = optarg;
            break;
        case OPTION_TEST:
            out->test = true;
            break;
        case OPTION_WAIT:
            if (!integer(optarg, 0, WAIT_LIMIT, &out->wait)) {
                snprintf(error, size, "--wait: '%s' is no number of seconds", optarg);
                return false;
            }
            break;
        case OPTION_DRY_RUN:
            out->dry_run = true;
            break;
        case OPTION_DATA:
            out->data = optarg;
            break;
        case 1:
            if (!is_pair(optarg)) {
                snprintf(error, size, "'%s' is no MACRO=VALUE", optarg);
                return false;
            }
            room = add(&out->pairs, optarg);
            break;
        case ':':
            snprintf(error, size, "%s needs a value", argv[optind - 1]);
            return false;
        default:
            snprintf(error, size, "unknown option %s", argv[optind - 1]);
            return false;
        }
        if (!room)
            return no_memory(out, error, size);
    }
    for (; optind < argc; optind++) { /* after "--" */
        if (!is_pair(argv[optind])) {
            snprintf(error, size, "'%s' is no MACRO=VALUE", argv[optind]);
            return false;
        }
        if (!add(&out->pairs, argv[optind]))
            return no_memory(out, error, size);
    }
    return true;
}

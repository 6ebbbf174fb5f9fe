/* options: what every command takes (-c, --socket, --json, -v), its own options, and words. */
#ifndef NT_NOTIFY_OPTIONS_H
#define NT_NOTIFY_OPTIONS_H

#include "notify/arguments.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    struct arguments general; /* config, socket, json and verbose only */
    char **word;              /* borrowed from argv, which is put in another order */
    size_t words;
};

/* A command's own option, by its val. NULL, or what is wrong with the value ("is no range"). */
typedef const char *options_take(void *arg, int option, const char *value);

/* letters: the short ones among own ("w:C:"); own ends with a zero entry, its vals are letters or ≥ OPTIONS_OWN. False:
 * error holds words. */
enum { OPTIONS_OWN = 1024 };
bool options_parse(int argc, char **argv, const char *letters, const struct option *own, options_take *take, void *arg,
                   struct options *out, char *error, size_t size);

/* A whole number within bounds. */
bool options_number(const char *text, int64_t min, int64_t max, int64_t *out);

#endif

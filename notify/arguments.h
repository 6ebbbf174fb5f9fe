/*
 * arguments: the command line of `send` and `render`, and the options every command takes. libc only: the front uses it
 * too.
 */
#ifndef NT_NOTIFY_ARGUMENTS_H
#define NT_NOTIFY_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    EXIT_OK = 0,
    EXIT_USAGE_ERROR = 64,
    EXIT_NO_RECIPIENT = 65,
    EXIT_ALL_REFUSED = 69,
    EXIT_TRY_AGAIN = 75,
    EXIT_CONFIG_ERROR = 78,
    ARGUMENTS_WAIT = 10
};

/* Words borrowed from argv. */
struct word_list {
    const char **item;
    size_t n;
};

struct arguments {
    const char *config, *socket;
    bool json, verbose, help, version;
    const char *source, *template_name, *from, *subject, *message, *data;
    const char *save;                          /* render: where a graph's picture goes */
    struct word_list to, media, graphs, pairs; /* pairs: KEY=VALUE as given */
    int max_segments;                          /* 0 = not given */
    int wait;                                  /* s */
    bool test, dry_run;
    bool no_memory; /* not read to the end, for want of it */
};

/* argv[0] is the command's name. False: error holds words (usage). arguments_clean() in any case. */
bool arguments_parse(int argc, char **argv, struct arguments *out, char *error, size_t size);
void arguments_clean(struct arguments *a);

#endif

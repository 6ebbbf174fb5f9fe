/* options: the words behind the module's path in the core's configuration. */
#ifndef NT_NEB_OPTIONS_H
#define NT_NEB_OPTIONS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_SOCKET_SIZE = 108, OPTIONS_ERROR_SIZE = 256, OPTIONS_WAIT = 50, OPTIONS_WAIT_MAX = 1000 };

struct options {
    char *commands;                   /* "a,b": the commands that are taken over */
    char socket[OPTIONS_SOCKET_SIZE]; /* "" = not said */
    int wait;                         /* ms for the daemon's answer */
};

void options_init(struct options *o);
void options_clean(struct options *o);

/* "commands=A[,B…] [socket=PATH] [wait=MS]", in any order; text may be NULL. NT_EINVAL with words in error: unknown or
 * repeated words, no command, a path or a time that is none. NT_ENOMEM. Nothing is kept of a text that is wrong. */
enum nt_status options_read(struct options *o, const char *text, char error[OPTIONS_ERROR_SIZE]) NT_MUST_USE;
/* Steps through the commands: *at starts as NULL. A borrowed name of *len bytes; NULL at the end. */
const char *options_next_command(const struct options *o, const char **at, size_t *len);
/* Is it one of the commands? */
bool options_command(const struct options *o, const char *name);

#endif

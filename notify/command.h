/*
 * command: one entry a command; each lives in a file of its own.
 */
#ifndef NT_NOTIFY_COMMAND_H
#define NT_NOTIFY_COMMAND_H

struct command {
    const char *name;
    const char *summary;               /* one line */
    const char *help;                  /* usage, options, an example */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

extern const struct command command_send, command_render, command_serve, command_queue, command_oncall, command_config,
    command_check, command_channel;

struct arguments;

/* Takes what `send` and `render` take (and `channel` some of). Not 0: the exit status; it was said why, and out is
 * empty. */
int command_arguments(const struct command *c, int argc, char **argv, struct arguments *out);
/* "notify_twilio: " and the words on stderr, with the hint how to get help. Returns 64. */
int command_usage(const struct command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

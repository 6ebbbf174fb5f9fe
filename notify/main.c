/*
 * main: notify_twilio-full.so, everything that needs more than libc. The front loads it when it has to, so that there
 * is one process and one start, and a hand-over pays for neither.
 */
#include "base/paths.h"
#include "notify/arguments.h"
#include "notify/channel.h"
#include "notify/command.h"
#include "notify/dropin.h"
#include "notify/full.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {&command_send,   &command_render, &command_serve, &command_queue,
                                                 &command_oncall, &command_config, &command_check, &command_channel};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fputs("notify_twilio pages the people on call through Twilio.\n\nUsage: notify_twilio COMMAND [OPTIONS] "
          "[MACRO=VALUE …]\n\nCommands:\n",
          to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nEvery command takes -c/--config FILE (else $NOTIFY_TWILIO_CONFIG, else " NT_CONFIG_PATH
          "), --socket PATH,\n"
          "--json, -v/--verbose and -h/--help. -V prints the version.\n"
          "\nExample: notify_twilio send -t oncall host=web01 service=HTTP state=CRITICAL output='no answer'\n",
          to);
}

int command_usage(const struct command *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "notify_twilio %s: ", c->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry 'notify_twilio %s --help'.\n", c->name);
    va_end(args);
    return EXIT_USAGE_ERROR;
}

int command_arguments(const struct command *c, int argc, char **argv, struct arguments *out)
{
    char error[256];
    if (arguments_parse(argc, argv, out, error, sizeof error))
        return EXIT_OK;
    bool no_memory = out->no_memory;
    arguments_clean(out);
    if (!no_memory)
        return command_usage(c, "%s", error);
    fprintf(stderr, "notify_twilio: %s\n", error);
    return EXIT_TRY_AGAIN;
}

/* argv[0] is the command's name, or the link's that stands for it. */
static int run_command(const struct command *c, int argc, char **argv)
{
    for (int k = 1; k < argc && strcmp(argv[k], "--") != 0; k++) {
        if (!strcmp(argv[k], "-h") || !strcmp(argv[k], "--help")) {
            printf("notify_twilio %s: %s\n\n%s", c->name, c->summary, c->help);
            return EXIT_OK;
        }
        if (!strcmp(argv[k], "-V") || !strcmp(argv[k], "--version")) {
            puts("notify_twilio " NT_VERSION);
            return EXIT_OK;
        }
    }
    return c->run(argc, argv);
}

NT_EXPORT int nt_main(int argc, char **argv)
{
    const char *slash = argc ? strrchr(argv[0], '/') : NULL, *name = slash ? slash + 1 : argc ? argv[0] : "";
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file that may not grow is a full disk, not the end */

    if (!strcmp(name, "twilio-host-notification") || !strcmp(name, "twilio-service-notification"))
        return dropin_run(argc, argv, !strcmp(name, "twilio-service-notification"));
    if (!strcmp(name, "check_notify_twilio")) /* a plugin among the monitor's own */
        return run_command(&command_check, argc, argv);
    if (argc == 1 && channel_is_called(argv[0]))
        return channel_run(name, &(struct arguments){.wait = ARGUMENTS_WAIT});
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE_ERROR;
    }
    if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
        puts("notify_twilio " NT_VERSION);
        return EXIT_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return run_command(commands[i], argc - 1, argv + 1);
    fprintf(stderr, "notify_twilio: there is no command '%s'\n", argv[1]);
    print_help(stderr);
    return EXIT_USAGE_ERROR;
}

/*
 * channel: a notification channel of Icinga Notifications: a process that is started once and told about each
 * notification on standard input (channel_talk.h). This is the command, and the names that stand for it.
 *
 * Standard output belongs to the protocol. Exit: 0; 75 when answers find nobody.
 *
 * DIAGNOSTICS: stderr has what is wrong with requests; Icinga Notifications logs it.
 */
#include "notify/channel.h"

#include "notify/channel_talk.h"
#include "notify/command.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where this program is; after an upgrade what is there now. */
static const char *own_program(char path[PATH_MAX])
{
    static const char gone[] = " (deleted)", self[] = "/proc/self/exe";
    ssize_t n = readlink(self, path, PATH_MAX - 1);
    if (n <= 0)
        return self;
    path[n] = '\0';
    size_t tail = strlen(gone);
    if ((size_t)n > tail && !strcmp(path + n - tail, gone))
        path[(size_t)n - tail] = '\0';
    return access(path, X_OK) == 0 ? path : self;
}

/* The commands are started in the root folder. */
static const char *absolute(const char *path, char out[PATH_MAX])
{
    return path && realpath(path, out) ? out : path;
}

int channel_run(const char *type, const struct arguments *a)
{
    char program[PATH_MAX], config[PATH_MAX], socket[PATH_MAX], given[PATH_MAX];
    const char *env = getenv("NOTIFY_TWILIO_CONFIG");
    if (env && *env && *env != '/' && realpath(env, given))
        setenv("NOTIFY_TWILIO_CONFIG", given, 1);
    struct channel_way way = {own_program(program), absolute(a->config, config), absolute(a->socket, socket), NULL};
    return channel_talk(type, &way);
}

bool channel_is_called(const char *path)
{
    static const char folder[] = "/channels/";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t before = (size_t)(name - path);
    return !strcmp(name, CHANNEL_TYPE) ||
           (before >= strlen(folder) && !strncmp(name - strlen(folder), folder, strlen(folder)));
}

static int run(int argc, char **argv)
{
    struct arguments a;
    int status = command_arguments(&command_channel, argc, argv, &a);
    if (status != EXIT_OK)
        return status;
    if (a.pairs.n || a.to.n || a.source || a.dry_run || a.data)
        status = command_usage(&command_channel, "takes no alert: it is told on standard input");
    else
        status = channel_run(CHANNEL_TYPE, &a);
    arguments_clean(&a);
    return status;
}

const struct command command_channel = {
    .name = "channel",
    .summary = "a channel of Icinga Notifications",
    .run = run,
    .help =
        "Usage: notify_twilio channel [-c FILE] [--socket PATH]\n"
        "\n"
        "Speaks the protocol of Icinga Notifications' channels on standard input and output. Make a link to the "
        "program\n"
        "in its folder of channels; the link's name is the channel's type, and the program knows by it (" CHANNEL_TYPE
        ",\nor any name in a folder called channels) what it is for:\n"
        "\n"
        "    ln -s /usr/bin/notify_twilio /usr/libexec/icinga-notifications/channels/" CHANNEL_TYPE "\n"
        "\n"
        "A contact is paged at his addresses of that type, else at those of type sms, phone, mobile, pager, tel or\n"
        "twilio: numbers, or contacts, aliases and groups of the configuration. Without any, his other addresses and\n"
        "his name are tried as such words.\n"
        "\n"
        "Example: notify_twilio channel <<<'{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"GetInfo\"}'\n",
};

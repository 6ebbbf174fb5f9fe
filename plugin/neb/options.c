/*
 * options: reading "commands=notify-by-twilio socket=/run/notify_twilio/socket".
 *
 * A word that is not understood makes the whole text wrong: with half of what an admin wanted, the module might take
 * over what it should not.
 *
 * DIAGNOSTICS
 * NT_EINVAL with words for the log; NT_ENOMEM.
 */
#include "neb/options.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

void options_init(struct options *o)
{
    memset(o, 0, sizeof *o);
}

void options_clean(struct options *o)
{
    mem_free(o->commands);
    options_init(o);
}

/* "a,b": at least one name, none empty. */
static bool is_list(const char *text, size_t len)
{
    if (!len || text[0] == ',' || text[len - 1] == ',')
        return false;
    for (size_t i = 1; i < len; i++)
        if (text[i] == ',' && text[i - 1] == ',')
            return false;
    return true;
}

static enum nt_status read_word(struct options *o, const char *word, size_t len, char error[OPTIONS_ERROR_SIZE])
{
    static const char commands[] = "commands=", socket[] = "socket=";
    const size_t commands_len = sizeof commands - 1, socket_len = sizeof socket - 1;
    int shown = len < 100 ? (int)len : 100;
    if (len >= commands_len && !memcmp(word, commands, commands_len)) {
        word += commands_len;
        len -= commands_len;
        if (o->commands || !is_list(word, len)) {
            snprintf(error, OPTIONS_ERROR_SIZE, "commands= needs the names of commands, once, with commas between");
            return NT_EINVAL;
        }
        o->commands = mem_strndup(word, len);
        return o->commands ? NT_OK : NT_ENOMEM;
    }
    if (len >= socket_len && !memcmp(word, socket, socket_len)) {
        word += socket_len;
        len -= socket_len;
        if (*o->socket || !len || *word != '/' || len >= sizeof o->socket) {
            snprintf(error, OPTIONS_ERROR_SIZE, "socket= needs an absolute path of at most %zu bytes, once",
                     sizeof o->socket - 1);
            return NT_EINVAL;
        }
        memcpy(o->socket, word, len);
        o->socket[len] = '\0';
        return NT_OK;
    }
    snprintf(error, OPTIONS_ERROR_SIZE, "what is \"%.*s\"? There are commands=NAME[,NAME...] and socket=PATH", shown,
             word);
    return NT_EINVAL;
}

enum nt_status options_read(struct options *o, const char *text, char error[OPTIONS_ERROR_SIZE])
{
    enum nt_status status = NT_OK;
    options_init(o);
    for (const char *at = text ? text : ""; !status && *(at += strspn(at, blanks));) {
        size_t len = strcspn(at, blanks);
        status = read_word(o, at, len, error);
        at += len;
    }
    if (!status && !o->commands) {
        snprintf(error, OPTIONS_ERROR_SIZE, "commands=NAME[,NAME...] is missing");
        status = NT_EINVAL;
    }
    if (status)
        options_clean(o);
    return status;
}

bool options_command(const struct options *o, const char *name)
{
    size_t len = strlen(name);
    const char *at = o->commands;
    while (at && len) {
        size_t n = strcspn(at, ",");
        if (n == len && !memcmp(at, name, len))
            return true;
        at = at[n] ? at + n + 1 : NULL;
    }
    return false;
}

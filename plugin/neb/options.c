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
    o->wait = OPTIONS_WAIT;
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

static enum nt_status read_commands(struct options *o, const char *value, size_t len)
{
    if (o->commands || !is_list(value, len))
        return NT_EINVAL;
    o->commands = mem_strndup(value, len);
    return o->commands ? NT_OK : NT_ENOMEM;
}

static enum nt_status read_socket(struct options *o, const char *value, size_t len)
{
    if (*o->socket || !len || *value != '/' || len >= sizeof o->socket)
        return NT_EINVAL;
    memcpy(o->socket, value, len);
    o->socket[len] = '\0';
    return NT_OK;
}

static enum nt_status read_wait(struct options *o, const char *value, size_t len)
{
    int wait = 0;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || i >= 4)
            return NT_EINVAL;
        wait = wait * 10 + (value[i] - '0');
    }
    if (wait < 1 || wait > OPTIONS_WAIT_MAX)
        return NT_EINVAL;
    o->wait = wait;
    return NT_OK;
}

static enum nt_status read_word(struct options *o, const char *word, size_t len, char error[OPTIONS_ERROR_SIZE])
{
    static const struct {
        const char *name;
        enum nt_status (*read)(struct options *o, const char *value, size_t len);
        const char *needs;
    } words[] = {
        {"commands=", read_commands, "the names of commands, once, with commas between"},
        {"socket=", read_socket, "an absolute path, once, not longer than a socket's may be"},
        {"wait=", read_wait, "milliseconds, from 1 to 1000"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t name_len = strlen(words[i].name);
        if (len < name_len || memcmp(word, words[i].name, name_len) != 0)
            continue;
        enum nt_status status = words[i].read(o, word + name_len, len - name_len);
        if (status == NT_EINVAL)
            snprintf(error, OPTIONS_ERROR_SIZE, "%s needs %s", words[i].name, words[i].needs);
        return status;
    }
    snprintf(error, OPTIONS_ERROR_SIZE,
             "what is \"%.*s\"? There are commands=, socket= and wait=", len < 100 ? (int)len : 100, word);
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
        snprintf(error, OPTIONS_ERROR_SIZE, "commands= is missing: the names of commands, with commas between");
        status = NT_EINVAL;
    }
    if (status)
        options_clean(o);
    return status;
}

const char *options_next_command(const struct options *o, const char **at, size_t *len)
{
    const char *name = *at ? *at : o->commands;
    if (!name || !*name)
        return NULL;
    *len = strcspn(name, ",");
    *at = name + *len + (name[*len] == ',');
    return name;
}

bool options_command(const struct options *o, const char *name)
{
    const char *at = NULL, *one;
    size_t len;
    while ((one = options_next_command(o, &at, &len)))
        if (strlen(name) == len && !memcmp(one, name, len))
            return true;
    return false;
}

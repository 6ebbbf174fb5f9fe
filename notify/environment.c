/*
 * environment: of a process's variables, only those that can be a monitor's macros are handed on: NAGIOS_… always, and
 * other capital names when a notification type is there (Icinga's form). What the shell or an admin keeps there stays
 * there.
 */
#include "notify/environment.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static bool starts(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

bool environment_has_alert(char *const *env)
{
    for (; *env; env++)
        if ((starts(*env, "NAGIOS_") && strchr(*env, '=')) || starts(*env, "NOTIFICATIONTYPE="))
            return true;
    return false;
}

bool environment_is_alert(const char *entry)
{
    static const char *const own[] = {"PATH",
                                      "HOME",
                                      "PWD",
                                      "OLDPWD",
                                      "SHLVL",
                                      "USER",
                                      "LOGNAME",
                                      "SHELL",
                                      "TERM",
                                      "LANG",
                                      "TZ",
                                      "MAIL",
                                      "EDITOR",
                                      "PAGER",
                                      "IFS",
                                      "INVOCATION_ID",
                                      "JOURNAL_STREAM",
                                      "NOTIFY_SOCKET",
                                      "CREDENTIALS_DIRECTORY",
                                      "STATE_DIRECTORY",
                                      "RUNTIME_DIRECTORY",
                                      "LD_PRELOAD",
                                      "LD_LIBRARY_PATH"};
    static const char *const secret[] = {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "_KEY"};
    const char *equals = strchr(entry, '=');
    if (!equals || equals == entry || !equals[1])
        return false;
    size_t len = (size_t)(equals - entry);
    if (starts(entry, "NAGIOS_"))
        return true;
    if (starts(entry, "NOTIFY_TWILIO_") || starts(entry, "LC_"))
        return false;
    for (const char *c = entry; c < equals; c++)
        if (islower((unsigned char)*c))
            return false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strlen(own[i]) == len && !memcmp(entry, own[i], len))
            return false;
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        for (size_t at = 0; at + strlen(secret[i]) <= len; at++)
            if (!memcmp(entry + at, secret[i], strlen(secret[i])))
                return false;
    return true;
}

/*
 * core: the functions of the monitor whose process this is, looked up when the module is loaded.
 *
 * Nothing is linked: the same file runs in every core that has these names, and where one is missing it says so instead
 * of failing to load, which would keep the monitor from starting.
 *
 * What process_macros_r() returns is the C library's memory, which is what mem_free() takes.
 *
 * DIAGNOSTICS
 * core_look_up() names what is missing. Without a log (neither Nagios's nor Naemon's) nothing is said.
 */
#include "neb/core.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAID_MAX = 1024, NAME_MAX_ = 300 };

enum { NAGIOS_API = 4, NAEMON_1_1_API = 5, NAEMON_1_4_2_API = 6, NAEMON_1_4_3_API = 7, NAEMON_1_5_API = 8 };

static void look_up(const char *name, void *out)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(out, &symbol, sizeof symbol); /* ISO C has no cast from an object to a function */
}

const char *core_look_up(struct core *c)
{
    static const char *const clearers[CORE_CLEARERS] = {
        "clear_volatile_macros_r",     "clear_host_macros_r",         "clear_hostgroup_macros_r",
        "clear_service_macros_r",      "clear_servicegroup_macros_r", "clear_contact_macros_r",
        "clear_contactgroup_macros_r", "clear_argv_macros_r",         "clear_summary_macros_r"};
    const struct {
        const char *name;
        void *out;
        bool needed;
    } wanted[] = {
        {"neb_register_callback", &c->register_callback, true},
        {"neb_deregister_callback", &c->deregister_callback, true},
        {"neb_set_module_info", &c->set_module_info, false},
        {"process_macros_r", &c->process_macros, true},
        {"grab_host_macros_r", &c->grab_host, true},
        {"grab_service_macros_r", &c->grab_service, true},
        {"grab_contact_macros_r", &c->grab_contact, true},
        {"find_host", &c->find_host, true},
        {"find_command", &c->find_command, false},
        {"write_to_all_logs", &c->write_to_all_logs, false},
        {"nm_log", &c->nm_log, false},
        {"log_notifications", &c->log_notifications, false},
    };
    const char *missing = NULL;
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *found;
        look_up(wanted[i].name, wanted[i].out);
        memcpy(&found, wanted[i].out, sizeof found);
        if (!found && wanted[i].needed && !missing)
            missing = wanted[i].name;
    }
    for (size_t i = 0; i < CORE_CLEARERS; i++)
        look_up(clearers[i], &c->clear[i]);
    return missing;
}

/* The next of a version's numbers, 0 when there is none; *at goes past it and its dot. */
static long next_number(const char **at)
{
    char *end;
    long number = strtol(*at, &end, 10);
    *at = *end == '.' ? end + 1 : end;
    return number;
}

int core_api_of_naemon(const char *version)
{
    size_t digits = version ? strspn(version, "0123456789") : 0;
    if (!digits || version[digits] != '.')
        return NAEMON_1_5_API; /* no version, so a later one than is known here */
    long major = next_number(&version), minor = next_number(&version), patch = next_number(&version);
    if (major > 1 || (major == 1 && minor >= 5))
        return NAEMON_1_5_API;
    if (major < 1 || minor < 1)
        return NAGIOS_API;
    if (minor < 4 || patch < 2)
        return NAEMON_1_1_API;
    return patch == 2 ? NAEMON_1_4_2_API : NAEMON_1_4_3_API;
}

int core_api_version(void)
{
    neb_version_function *version;
    neb_nm_log_function *naemon;
    look_up("nm_log", &naemon);
    look_up("get_program_version", &version);
    return naemon ? core_api_of_naemon(version ? version() : NULL) : NAGIOS_API;
}

void core_log(const struct core *c, int kind, const char *text)
{
    if (c->nm_log) {
        c->nm_log(kind, "%s", text);
        return;
    }
    if (!c->write_to_all_logs)
        return;
    char *copy = mem_strdup(text); /* it cuts newlines off, in place */
    if (copy)
        c->write_to_all_logs(copy, (unsigned long)kind);
    mem_free(copy);
}

void core_say(const struct core *c, int kind, const char *format, ...)
{
    static const char name[] = "notify_twilio: ";
    char text[SAID_MAX];
    va_list args;
    memcpy(text, name, sizeof name);
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the line above starts it */
    vsnprintf(text + sizeof name - 1, sizeof text - sizeof name + 1, format, args);
    va_end(args);
    core_log(c, kind, text);
}

bool core_grab(const struct core *c, const struct neb_contact_method *n, union neb_macros *macros)
{
    void *host = c->find_host(n->host_name);
    memset(macros, 0, sizeof *macros);
    if (!host)
        return false;
    c->grab_host(macros, host);
    if (n->notification_type == NEB_SERVICE)
        c->grab_service(macros, n->object);
    c->grab_contact(macros, n->contact);
    return true;
}

void core_clear(const struct core *c, union neb_macros *macros)
{
    for (size_t i = 0; i < CORE_CLEARERS; i++)
        if (c->clear[i])
            c->clear[i](macros);
}

char *core_macro(const struct core *c, union neb_macros *macros, const char *name)
{
    char text[NAME_MAX_], *out = NULL;
    int len = snprintf(text, sizeof text, "$%s$", name);
    if (len < 0 || (size_t)len >= sizeof text)
        return NULL;
    c->process_macros(macros, text, &out, 0);
    /* A name that the core does not know comes back as it went in. */
    if (out && (!*out || !strcmp(out, text))) {
        mem_free(out);
        out = NULL;
    }
    return out;
}

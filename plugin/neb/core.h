/*
 * core: the functions of the monitor whose process this is, and saying something in its log.
 */
#ifndef NT_NEB_CORE_H
#define NT_NEB_CORE_H

#include "neb/abi.h"

#include <stdbool.h>
#include <stddef.h>

enum { CORE_CLEARERS = 9 };

struct core {
    neb_register_function *register_callback;
    neb_deregister_function *deregister_callback;
    neb_set_info_function *set_module_info; /* may be NULL */
    neb_process_function *process_macros;
    neb_grab_function *grab_host, *grab_service, *grab_contact;
    neb_clear_function *clear[CORE_CLEARERS]; /* each may be NULL */
    neb_find_function *find_host;
    neb_find_function *find_command;           /* may be NULL */
    neb_write_log_function *write_to_all_logs; /* Nagios; else NULL */
    neb_nm_log_function *nm_log;               /* Naemon; else NULL */
    const int *log_notifications;              /* may be NULL */
};

/* Looks them up in the process. The name of the first that is needed and not there, NULL when all are. */
const char *core_look_up(struct core *c);
/* Which interface the core will ask for (`__neb_api_version`). */
int core_api_version(void);
/* The number that a Naemon of this version asks for. */
int core_api_of_naemon(const char *version);

/* One line in the core's log; nothing when it has none. */
void core_log(const struct core *c, int kind, const char *text);
void core_say(const struct core *c, int kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fills empty macros with a notification's objects. False: the core knows no such host. */
bool core_grab(const struct core *c, const struct neb_contact_method *n, union neb_macros *macros);
void core_clear(const struct core *c, union neb_macros *macros);
/* A macro's value as it is, for mem_free(); NULL when it has none here. */
char *core_macro(const struct core *c, union neb_macros *macros, const char *name);

#endif

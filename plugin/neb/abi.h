/*
 * abi: what is known of the cores' binary interface, Nagios 4.0 to 4.5 and Naemon 1.0 to 1.5. The one place for it.
 *
 * The cores' own headers are not used: they are not packaged everywhere, and differ in structures that nothing here
 * looks into. What follows is the same in all of these releases.
 */
#ifndef NT_NEB_ABI_H
#define NT_NEB_ABI_H

#include <sys/time.h>

/* Kinds of callbacks, and the types of the events that are of interest among them. */
enum { NEB_PROCESS = 0, NEB_CONTACT_METHOD = 21 };
enum { NEB_EVENT_LOOP_START = 105, NEB_METHOD_START = 604 };

/* What a callback returns: go on, or: the module has done it, neither run the command nor log it. */
enum { NEB_GO_ON = 0, NEB_TAKEN_OVER = 206 };

/* neb_contact_method.notification_type */
enum { NEB_HOST = 0, NEB_SERVICE = 1 };

/* neb_contact_method.reason_type */
enum neb_reason {
    NEB_NORMAL,
    NEB_ACKNOWLEDGEMENT,
    NEB_FLAPPING_START,
    NEB_FLAPPING_STOP,
    NEB_FLAPPING_DISABLED,
    NEB_DOWNTIME_START,
    NEB_DOWNTIME_END,
    NEB_DOWNTIME_CANCELLED,
    NEB_CUSTOM
};

/* neb_set_module_info(): what is told. */
enum { NEB_INFO_TITLE = 0, NEB_INFO_VERSION = 3, NEB_INFO_LICENSE = 4, NEB_INFO_DESCRIPTION = 5 };

/* Kinds of log lines. */
enum { NEB_LOG_WARNING = 2, NEB_LOG_INFO = 262144, NEB_LOG_HOST = 524288, NEB_LOG_SERVICE = 1048576 };

/* With NEB_PROCESS. */
struct neb_process {
    int type, flags, attr;
    struct timeval timestamp;
};

/* With NEB_CONTACT_METHOD: one notification command is about to run for one contact. Any string may be NULL. */
struct neb_contact_method {
    int type, flags, attr;
    struct timeval timestamp;
    int notification_type;
    struct timeval start_time, end_time;
    char *host_name, *service_description, *contact_name, *command_name, *command_args;
    int reason_type, state;
    char *output, *ack_author, *ack_data;
    int escalated;
    void *object, *contact;
};

/* The core's nagios_macros: some 1.7 KB that differ by release. All zero is its empty state; nothing else is known. */
union neb_macros {
    void *alignment;
    char bytes[16384];
};

/* The cores' functions. Objects are only passed on. */
typedef int neb_callback(int kind, void *data);
typedef int neb_register_function(int kind, void *module, int priority, neb_callback *callback);
typedef int neb_deregister_function(int kind, neb_callback *callback);
typedef int neb_set_info_function(void *module, int what, char *text);
typedef int neb_process_function(union neb_macros *macros, char *text, char **out, int options);
typedef int neb_grab_function(union neb_macros *macros, void *object);
typedef int neb_clear_function(union neb_macros *macros);
typedef void *neb_find_function(const char *name);
typedef int neb_write_log_function(char *text, unsigned long kind);  /* Nagios */
typedef void neb_nm_log_function(int kind, const char *format, ...); /* Naemon */
typedef const char *neb_version_function(void);

#endif

/*
 * module: the event broker module, and all there is of it that lives as long as the monitor.
 *
 * It stands in front of the notification commands whose names it is given. For each notification that is about to run
 * one of them it hands the alert to the daemon, and takes the notification over only when the daemon has confirmed that
 * the page is stored. In every other case the core goes on as if the module were not there, and runs the command: that
 * offers the alert again, or delivers it by itself. For a while after trouble the module does not try at all, so that a
 * daemon which hangs costs the monitor 50 ms (`wait=`) once, and not with every notification.
 *
 * No page is lost, for a command runs unless a commit is certain. None is doubled: a request that the daemon has not
 * begun to store after four fifths of that time is dropped there (its deadline), before the module stops waiting; one
 * that is stored while nobody waits any more is the same news as what the command brings, and is recognised as such.
 *
 * Everything runs in the core's only thread. What there is to keep between two callbacks is in `module`, and is given
 * back when the core unloads it, which Nagios does with every reload.
 *
 * DIAGNOSTICS
 * In the core's log, when something begins and when it is over, not with every notification. Initialisation never
 * fails: Nagios would not start. A module that cannot work says why, and does nothing.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/random.h"
#include "handover/client.h"
#include "handover/locate.h"
#include "neb/consent.h"
#include "neb/core.h"
#include "neb/names.h"
#include "neb/notification.h"
#include "neb/options.h"

#include <errno.h>
#include <string.h>

enum { AWAY = 10 * 1000, ANSWER_SIZE = 4096, PATH_SIZE = 108 };

/* What is wrong at the moment, so that it is told once. */
enum trouble { TROUBLE_NONE, TROUBLE_NOBODY, TROUBLE_DENIED, TROUBLE_SILENT, TROUBLE_FAILED, TROUBLE_ANSWER };

static struct {
    struct core core;
    struct options options;
    struct names names;
    struct handover_link link;
    char socket[PATH_SIZE];
    int64_t away_until; /* CLOCK_BOOTTIME */
    enum trouble trouble;
    bool arguments_told;
    union neb_macros macros;
    char frame[FRAME_MAX], answer[ANSWER_SIZE];
} module = {.link = {-1}};

#define EXPORTED __attribute__((visibility("default")))
EXPORTED extern int __neb_api_version;
EXPORTED int nebmodule_init(int flags, char *args, void *handle);
EXPORTED int nebmodule_deinit(int flags, int reason);

/* The core compares it with its own, after the module is loaded and before it is initialised. */
int __neb_api_version = 4;

__attribute__((constructor)) static void choose_api_version(void)
{
    __neb_api_version = core_api_version();
}

static void stay_away(enum trouble trouble, const char *detail)
{
    static const char then[] = "the notification commands do it";
    module.away_until = clock_boot(clock_system()) + AWAY;
    if (trouble == module.trouble)
        return;
    module.trouble = trouble;
    const struct core *c = &module.core;
    switch (trouble) {
    case TROUBLE_NONE:
        break;
    case TROUBLE_NOBODY:
        core_say(c, NEB_LOG_WARNING, "no daemon on %s (%s): %s", module.socket, detail, then);
        break;
    case TROUBLE_DENIED:
        core_say(c, NEB_LOG_WARNING, "permission denied on %s: is this user in the group notify_twilio? Until then %s",
                 module.socket, then);
        break;
    case TROUBLE_SILENT:
        core_say(c, NEB_LOG_WARNING, "no answer on %s within %d ms (%s): %s", module.socket, module.options.wait,
                 detail, then);
        break;
    case TROUBLE_FAILED:
        core_say(c, NEB_LOG_WARNING, "the alert cannot be handed over to %s (%s): %s", module.socket, detail, then);
        break;
    case TROUBLE_ANSWER:
        core_say(c, NEB_LOG_WARNING, "%s does not take the alert (%s): %s", module.socket,
                 *detail ? detail : "an answer that is none", then);
        break;
    }
}

static bool hand_over(const struct frame *frame)
{
    char words[256];
    switch (handover_link_ask(&module.link, module.socket, frame->data, frame->len, module.options.wait, module.answer,
                              sizeof module.answer)) {
    case HANDOVER_ANSWERED:
        if (consent_given(module.answer, strlen(module.answer) < sizeof module.answer - 1))
            return true;
        consent_error(module.answer, words, sizeof words);
        handover_link_close(&module.link);
        stay_away(TROUBLE_ANSWER, words);
        break;
    case HANDOVER_NOBODY:
        stay_away(TROUBLE_NOBODY, strerror(errno));
        break;
    case HANDOVER_DENIED:
        stay_away(TROUBLE_DENIED, "");
        break;
    case HANDOVER_SILENT:
        stay_away(TROUBLE_SILENT, strerror(errno));
        break;
    case HANDOVER_FAILED:
        stay_away(TROUBLE_FAILED, strerror(errno));
        break;
    }
    return false;
}

static bool is_ours(const struct neb_contact_method *n)
{
    if (n->type != NEB_METHOD_START || !n->command_name || !n->contact_name || !n->host_name || !n->object ||
        !n->contact || (n->notification_type == NEB_SERVICE && !n->service_description) ||
        !options_command(&module.options, n->command_name))
        return false;
    if (!n->command_args || !*n->command_args)
        return true;
    /* What they mean, only the command line knows. */
    if (!module.arguments_told)
        core_say(&module.core, NEB_LOG_WARNING,
                 "%s has arguments (!%.200s): such notifications are left to the command", n->command_name,
                 n->command_args);
    module.arguments_told = true;
    return false;
}

static int on_contact_method(int kind, void *data)
{
    const struct neb_contact_method *n = data;
    char uuid[UUID_SIZE];
    struct frame frame;
    if (kind != NEB_CONTACT_METHOD || !n || !is_ours(n) || clock_boot(clock_system()) < module.away_until)
        return NEB_GO_ON;
    if (!core_grab(&module.core, n, &module.macros))
        return NEB_GO_ON;
    random_uuid(uuid);
    frame_init(&frame, module.frame);
    notification_write(&module.core, n, &module.macros, &module.names, uuid,
                       clock_wall(clock_system()) + module.options.wait * 4 / 5, &frame);
    bool taken = hand_over(&frame);
    if (taken) {
        notification_log(&module.core, n, &module.macros);
        if (module.trouble != TROUBLE_NONE)
            core_say(&module.core, NEB_LOG_INFO, "%s takes alerts again", module.socket);
        module.trouble = TROUBLE_NONE;
    }
    core_clear(&module.core, &module.macros);
    return taken ? NEB_TAKEN_OVER : NEB_GO_ON;
}

/* A name that is none of the core's commands is a slip of somebody's pen. */
static void check_commands(void)
{
    const char *at = NULL, *name;
    size_t len;
    while (module.core.find_command && (name = options_next_command(&module.options, &at, &len))) {
        char *copy = mem_strndup(name, len);
        if (copy && !module.core.find_command(copy))
            core_say(&module.core, NEB_LOG_WARNING, "there is no command %s", copy);
        mem_free(copy);
    }
}

/* All objects are known by now, and written down. */
static int on_process(int kind, void *data)
{
    const struct neb_process *p = data;
    if (kind != NEB_PROCESS || !p || p->type != NEB_EVENT_LOOP_START)
        return NEB_GO_ON;
    check_commands();
    memset(&module.macros, 0, sizeof module.macros);
    char *path = core_macro(&module.core, &module.macros, "OBJECTCACHEFILE");
    core_clear(&module.core, &module.macros);
    names_clean(&module.names);
    enum nt_status status = path ? names_read(&module.names, path) : NT_ENOENT;
    if (status)
        core_say(&module.core, NEB_LOG_WARNING, "custom variables will be missing: %s: %s",
                 path ? path : "object_cache_file", nt_status_text(status));
    mem_free(path);
    return NEB_GO_ON;
}

static void forget(void)
{
    options_clean(&module.options);
    names_clean(&module.names);
    handover_link_close(&module.link);
    module.away_until = 0;
    module.trouble = TROUBLE_NONE;
    module.arguments_told = false;
}

/* The daemon's socket: as said, or where the commands find it too. */
static void find_socket(void)
{
    if (!locate_socket(*module.options.socket ? module.options.socket : NULL, NULL, module.socket,
                       sizeof module.socket))
        memcpy(module.socket, NT_SOCKET_PATH, sizeof NT_SOCKET_PATH);
}

int nebmodule_init(int flags, char *args, void *handle)
{
    static char title[] = "notify_twilio", version[] = NT_VERSION, license[] = "MIT",
                description[] = "hands notifications to notify_twilio's daemon";
    char error[OPTIONS_ERROR_SIZE] = "";
    struct core *c = &module.core;
    (void)flags;
    forget();
    const char *missing = core_look_up(c);
    if (c->set_module_info) {
        c->set_module_info(handle, NEB_INFO_TITLE, title);
        c->set_module_info(handle, NEB_INFO_VERSION, version);
        c->set_module_info(handle, NEB_INFO_LICENSE, license);
        c->set_module_info(handle, NEB_INFO_DESCRIPTION, description);
    }
    if (missing) {
        core_say(c, NEB_LOG_WARNING, "does nothing: this monitor has no %s()", missing);
        return 0;
    }
    enum nt_status status = options_read(&module.options, args, error);
    if (status) {
        core_say(c, NEB_LOG_WARNING, "does nothing: %s", *error ? error : nt_status_text(status));
        return 0;
    }
    find_socket();
    if (c->register_callback(NEB_CONTACT_METHOD, handle, 0, on_contact_method) != 0 ||
        c->register_callback(NEB_PROCESS, handle, 0, on_process) != 0) {
        core_say(c, NEB_LOG_WARNING, "does nothing: callbacks cannot be registered");
        return 0;
    }
    core_say(c, NEB_LOG_INFO, "%s hands %s over to %s", NT_VERSION, module.options.commands, module.socket);
    return 0;
}

int nebmodule_deinit(int flags, int reason)
{
    (void)flags;
    (void)reason;
    if (module.core.deregister_callback && module.options.commands) {
        module.core.deregister_callback(NEB_CONTACT_METHOD, on_contact_method);
        module.core.deregister_callback(NEB_PROCESS, on_process);
    }
    forget();
    return 0;
}

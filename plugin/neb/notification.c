/*
 * notification: what a core tells of a notification, as a hand-over frame and as the line of its log.
 *
 * The macros are asked for one by one, unstripped: nothing here passes through a shell. Some exist only while the core
 * prepares a command and are made from the callback's data: NOTIFICATIONTYPE and its like, and who acknowledged. Sums
 * over all objects (TOTALHOSTSUP) and lists of members are left out: they cost time that grows with the installation,
 * in the core's only thread. So is SERVICENOTES: in Nagios 4.4, each time one asks for it, its text is lost as memory.
 *
 * The line of the log is the core's own, for the programs that read it:
 *
 *     SERVICE NOTIFICATION: alice;web01;HTTP;CRITICAL;notify-by-twilio;no answer
 *     SERVICE NOTIFICATION: alice;web01;HTTP;ACKNOWLEDGEMENT (CRITICAL);notify-by-twilio;no answer;bob;on it
 *     HOST NOTIFICATION: alice;web01;DOWNTIMESTART (UP);notify-by-twilio;PING OK
 *
 * Nagios names author and comment of acknowledgements and custom notifications, Naemon those of all but plain ones.
 *
 * DIAGNOSTICS
 * What does not fit a frame is left out, the least important first. Without memory a macro or the line is missing.
 */
#include "neb/notification.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_ = 64 * 1024, OUTPUT_MAX = 16 * 1024 };

/* What decides comes first, so that a frame without room for everything has it. */
static const char *const host_first[] = {"HOSTSTATE",   "HOSTNOTIFICATIONID", "HOSTPROBLEMID",  "HOSTDURATIONSEC",
                                         "HOSTADDRESS", "HOSTALIAS",          "HOSTDISPLAYNAME"};
static const char *const service_first[] = {"SERVICESTATE", "SERVICENOTIFICATIONID", "SERVICEPROBLEMID",
                                            "SERVICEDURATIONSEC", "SERVICEDISPLAYNAME"};
static const char *const service_text[] = {"SERVICEOUTPUT", "LONGSERVICEOUTPUT"};
static const char *const host_text[] = {"HOSTOUTPUT", "LONGHOSTOUTPUT"};

static const char *const contact_rest[] = {"CONTACTALIAS",
                                           "CONTACTEMAIL",
                                           "CONTACTADDRESS1",
                                           "CONTACTADDRESS2",
                                           "CONTACTADDRESS3",
                                           "CONTACTADDRESS4",
                                           "CONTACTADDRESS5",
                                           "CONTACTADDRESS6",
                                           "CONTACTGROUPNAME",
                                           "CONTACTGROUPNAMES",
                                           "CONTACTGROUPALIAS",
                                           "LONGDATETIME",
                                           "SHORTDATETIME",
                                           "DATE",
                                           "TIME"};
static const char *const service_rest[] = {"SERVICEPERFDATA",      "SERVICEINFOURL",
                                           "SERVICENOTESURL",      "SERVICEACTIONURL",
                                           "SERVICESTATEID",       "LASTSERVICESTATE",
                                           "LASTSERVICESTATEID",   "SERVICESTATETYPE",
                                           "SERVICEATTEMPT",       "MAXSERVICEATTEMPTS",
                                           "SERVICEEVENTID",       "LASTSERVICEEVENTID",
                                           "LASTSERVICEPROBLEMID", "SERVICENOTIFICATIONNUMBER",
                                           "SERVICEDURATION",      "SERVICEDOWNTIME",
                                           "SERVICEISVOLATILE",    "SERVICEIMPORTANCE",
                                           "SERVICELATENCY",       "SERVICEEXECUTIONTIME",
                                           "SERVICEPERCENTCHANGE", "SERVICEGROUPNAME",
                                           "SERVICEGROUPNAMES",    "SERVICEGROUPALIAS",
                                           "LASTSERVICECHECK",     "LASTSERVICESTATECHANGE",
                                           "LASTSERVICEOK",        "LASTSERVICEWARNING",
                                           "LASTSERVICEUNKNOWN",   "LASTSERVICECRITICAL",
                                           "SERVICECHECKCOMMAND"};
static const char *const host_rest[] = {
    "HOSTPERFDATA",        "HOSTINFOURL",   "HOSTNOTESURL",    "HOSTACTIONURL",       "HOSTNOTES",
    "HOSTSTATEID",         "LASTHOSTSTATE", "LASTHOSTSTATEID", "HOSTSTATETYPE",       "HOSTATTEMPT",
    "MAXHOSTATTEMPTS",     "HOSTEVENTID",   "LASTHOSTEVENTID", "LASTHOSTPROBLEMID",   "HOSTNOTIFICATIONNUMBER",
    "HOSTDURATION",        "HOSTDOWNTIME",  "HOSTIMPORTANCE",  "HOSTLATENCY",         "HOSTEXECUTIONTIME",
    "HOSTPERCENTCHANGE",   "HOSTGROUPNAME", "HOSTGROUPNAMES",  "HOSTGROUPALIAS",      "LASTHOSTCHECK",
    "LASTHOSTSTATECHANGE", "LASTHOSTUP",    "LASTHOSTDOWN",    "LASTHOSTUNREACHABLE", "HOSTCHECKCOMMAND"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_service(const struct neb_contact_method *n)
{
    return n->notification_type == NEB_SERVICE;
}

/* Its name, NULL for the core's ordinary ones. */
static const char *reason_name(int reason)
{
    static const char *const names[] = {
        [NEB_ACKNOWLEDGEMENT] = "ACKNOWLEDGEMENT",      [NEB_FLAPPING_START] = "FLAPPINGSTART",
        [NEB_FLAPPING_STOP] = "FLAPPINGSTOP",           [NEB_FLAPPING_DISABLED] = "FLAPPINGDISABLED",
        [NEB_DOWNTIME_START] = "DOWNTIMESTART",         [NEB_DOWNTIME_END] = "DOWNTIMEEND",
        [NEB_DOWNTIME_CANCELLED] = "DOWNTIMECANCELLED", [NEB_CUSTOM] = "CUSTOM"};
    return reason > 0 && (size_t)reason < COUNT(names) ? names[reason] : NULL;
}

const char *notification_type(const struct neb_contact_method *n)
{
    const char *name = reason_name(n->reason_type);
    return name ? name : n->state ? "PROBLEM" : "RECOVERY";
}

static void put(struct frame *f, const char *name, const char *value)
{
    if (value && *value)
        frame_put(f, name, value);
}

static void put_macro(const struct core *core, union neb_macros *macros, struct frame *f, const char *name,
                      const char *as)
{
    char *value = core_macro(core, macros, name);
    put(f, as, value);
    mem_free(value);
}

static void put_macros(const struct core *core, union neb_macros *macros, struct frame *f, const char *const *names,
                       size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_macro(core, macros, f, names[i], names[i]);
}

void notification_write(const struct core *core, const struct neb_contact_method *n, union neb_macros *macros,
                        const struct names *custom, const char *uuid, int64_t deadline, struct frame *frame)
{
    char number[32];
    frame_put(frame, "notify_twilio", "1");
    frame_put(frame, "request", uuid);
    snprintf(number, sizeof number, "%lld", (long long)deadline);
    frame_put(frame, "deadline", number);
    frame_put(frame, "source", "nagios");
    frame_put(frame, "notify_twilio_macros", "1"); /* from here on no name is an option's */

    put(frame, "NOTIFICATIONTYPE", notification_type(n));
    put(frame, "HOSTNAME", n->host_name);
    if (is_service(n)) {
        put(frame, "SERVICEDESC", n->service_description);
        put_macros(core, macros, frame, service_first, COUNT(service_first));
    }
    put_macros(core, macros, frame, host_first, COUNT(host_first));
    put(frame, "CONTACTNAME", n->contact_name);
    put_macro(core, macros, frame, "CONTACTPAGER", "CONTACTPAGER");
    put_macro(core, macros, frame, is_service(n) ? "SERVICENOTIFICATIONNUMBER" : "HOSTNOTIFICATIONNUMBER",
              "NOTIFICATIONNUMBER");
    put_macro(core, macros, frame, "TIMET", "TIMET");
    frame_put(frame, "NOTIFICATIONISESCALATED", n->escalated ? "1" : "0");
    put(frame, "NOTIFICATIONAUTHOR", n->ack_author);
    put(frame, "NOTIFICATIONCOMMENT", n->ack_data);
    if (n->reason_type == NEB_ACKNOWLEDGEMENT) {
        put(frame, is_service(n) ? "SERVICEACKAUTHOR" : "HOSTACKAUTHOR", n->ack_author);
        put(frame, is_service(n) ? "SERVICEACKCOMMENT" : "HOSTACKCOMMENT", n->ack_data);
    }

    if (is_service(n))
        put_macros(core, macros, frame, service_text, COUNT(service_text));
    put_macros(core, macros, frame, host_text, COUNT(host_text));
    put_macros(core, macros, frame, contact_rest, COUNT(contact_rest));
    for (size_t i = 0; i < custom->n; i++)
        put_macro(core, macros, frame, custom->name[i], custom->name[i]);
    if (is_service(n))
        put_macros(core, macros, frame, service_rest, COUNT(service_rest));
    put_macros(core, macros, frame, host_rest, COUNT(host_rest));
}

static bool says_who(const struct core *core, int reason)
{
    return reason_name(reason) && (core->nm_log || reason == NEB_ACKNOWLEDGEMENT || reason == NEB_CUSTOM);
}

void notification_log(const struct core *core, const struct neb_contact_method *n, union neb_macros *macros)
{
    bool service = is_service(n);
    const char *reason = reason_name(n->reason_type);
    char *state = NULL, *output = NULL;
    struct buf line;
    if (core->log_notifications && !*core->log_notifications)
        return;
    buf_init(&line, LINE_MAX_);
    state = core_macro(core, macros, service ? "SERVICESTATE" : "HOSTSTATE");
    output = core_macro(core, macros, service ? "SERVICEOUTPUT" : "HOSTOUTPUT");
    buf_addf(&line, "%s NOTIFICATION: %s;%s;", service ? "SERVICE" : "HOST", n->contact_name, n->host_name);
    if (service)
        buf_addf(&line, "%s;", n->service_description);
    buf_addf(&line, reason ? "%s (%s);" : "%s%s;", reason ? reason : "", state ? state : "");
    buf_addf(&line, "%s;%.*s", n->command_name, OUTPUT_MAX, output ? output : "");
    if (says_who(core, n->reason_type))
        buf_addf(&line, ";%.*s;%.*s", OUTPUT_MAX, n->ack_author ? n->ack_author : "", OUTPUT_MAX,
                 n->ack_data ? n->ack_data : "");
    if (buf_status(&line) != NT_ENOMEM)
        core_log(core, service ? NEB_LOG_SERVICE : NEB_LOG_HOST, buf_text(&line));
    mem_free(state);
    mem_free(output);
    buf_clean(&line);
}

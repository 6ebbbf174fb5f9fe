/*
 * schema: the sections of the configuration that are not a family of their own: the file itself, message, throttle,
 * and the small ones. See field.h for what a table says, schema_twilio.c, schema_people.c and schema_media.c for the
 * rest.
 *
 * A small section such as `daemon` has no struct of its own: its offsets count from struct config, and it sits at
 * offset 0.
 */
#include "config/field.h"

#include "base/paths.h"
#include "config/config.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const encodings[] = {"auto", "gsm7", "ucs2", NULL};
_Static_assert(CONFIG_ENCODING_AUTO == 0 && CONFIG_ENCODING_GSM7 == 1 && CONFIG_ENCODING_UCS2 == 2,
               "the words above are in the order of enum config_encoding");

#define AT(member) offsetof(struct config_message, member)
static const struct field message_fields[] = {
    {.key = "max_segments",
     .type = FIELD_INT,
     .offset = AT(max_segments),
     .min = 1,
     .max = 10,
     .initial = "1",
     .doc = "The most segments that one page may take. What is longer is shortened, the plugin's output first."},
    {.key = "encoding",
     .type = FIELD_CHOICE,
     .offset = AT(encoding),
     .words = encodings,
     .initial = "auto",
     .doc = "auto: GSM-7 when the text allows it, once curly quotes and the like have been replaced, else UCS-2. gsm7: "
            "accents are stripped and what is left becomes '?'. ucs2: always UCS-2."},
    {.key = "template_dir",
     .type = FIELD_PATH,
     .offset = AT(template_dir),
     .initial = "/etc/notify_twilio/templates",
     .doc = "Templates of your own; those not found here are taken from the installed ones."},
    {.key = "timezone",
     .type = FIELD_TEXT,
     .form = &form_timezone,
     .offset = AT(timezone),
     .example = "Europe/Berlin",
     .doc = "The time zone of the times in texts. Default: the system's."},
};
#undef AT

static const struct section message_section = {
    .name = "message",
    .doc = "How texts are written.",
    .size = sizeof(struct config_message),
    .field = message_fields,
    .fields = COUNT(message_fields),
};

#define AT(member) offsetof(struct config_tier, member)
static const struct field tier_fields[] = {
    {.key = "pages",
     .type = FIELD_INT,
     .flags = FIELD_REQUIRED,
     .offset = AT(pages),
     .min = 1,
     .max = 1000000,
     .example = "3",
     .doc = "So many pages at most…"},
    {.key = "per",
     .type = FIELD_DURATION,
     .flags = FIELD_REQUIRED,
     .offset = AT(per),
     .min = 1,
     .max = 365 * DAY,
     .example = "1m",
     .doc = "…within any stretch of this length."},
};
#undef AT

static const struct section tier_section = {
    .name = "throttle tier",
    .doc = "A bound on the pages to one number.",
    .size = sizeof(struct config_tier),
    .field = tier_fields,
    .fields = COUNT(tier_fields),
};

#define AT(member) offsetof(struct config_throttle, member)
static const struct field throttle_fields[] = {
    {.key = "urgent",
     .type = FIELD_SECTIONS,
     .section = &tier_section,
     .offset = AT(urgent.tier),
     .count = AT(urgent.n),
     .max = 16,
     .initial = "[{pages: 3, per: 1m}, {pages: 10, per: 15m}, {pages: 30, per: 3h}]",
     .doc = "The tiers for urgent pages; all of them hold. [] is no limit."},
    {.key = "routine",
     .type = FIELD_SECTIONS,
     .section = &tier_section,
     .offset = AT(routine.tier),
     .count = AT(routine.n),
     .max = 16,
     .initial = "[{pages: 1, per: 1m}, {pages: 5, per: 15m}, {pages: 20, per: 3h}]",
     .doc = "The tiers for routine pages. They are counted apart: routine never delays urgent."},
};
#undef AT

const struct section schema_throttle = {
    .name = "throttle",
    .doc =
        "How many pages one number gets, computed from what was sent. Each tier {pages: N, per: T} allows N pages in "
        "any "
        "stretch of the length T. Pages beyond that are held, and go together as one digest when there is room again.",
    .size = sizeof(struct config_throttle),
    .field = throttle_fields,
    .fields = COUNT(throttle_fields),
};

#define AT(member) offsetof(struct config, member)
static const struct field hold_fields[] = {
    {.key = "urgent",
     .type = FIELD_DURATION,
     .offset = AT(hold_max_urgent),
     .max = 7 * DAY,
     .initial = "5m",
     .doc = "For urgent pages."},
    {.key = "routine",
     .type = FIELD_DURATION,
     .offset = AT(hold_max_routine),
     .max = 7 * DAY,
     .initial = "1h",
     .doc = "For routine pages."},
};

static const struct section hold_section = {
    .name = "hold_max",
    .doc = "How long a page is held by the throttle at most; then one digest goes whatever the tiers say.",
    .size = sizeof(struct config),
    .field = hold_fields,
    .fields = COUNT(hold_fields),
};

static const struct field expire_fields[] = {
    {.key = "urgent",
     .type = FIELD_DURATION,
     .offset = AT(expire_urgent),
     .min = SECOND,
     .max = 30 * DAY,
     .initial = "4h",
     .doc = "For urgent pages. One that expires raises the alarm."},
    {.key = "routine",
     .type = FIELD_DURATION,
     .offset = AT(expire_routine),
     .min = SECOND,
     .max = 30 * DAY,
     .initial = "1h",
     .doc = "For routine pages."},
};

static const struct section expire_section = {
    .name = "expire",
    .doc = "When a page that could not be delivered is given up. Follow-ups have the time of the problem they follow.",
    .size = sizeof(struct config),
    .field = expire_fields,
    .fields = COUNT(expire_fields),
};

static const struct field alarm_fields[] = {
    {.key = "command",
     .type = FIELD_LIST,
     .flags = FIELD_LINES,
     .offset = AT(alarm_command),
     .max = 256,
     .example = "[/usr/bin/mail, -s, paging is in trouble, root]",
     .doc = "A program and its arguments, run without a shell; the text is on its standard input."},
};

static const struct section alarm_section = {
    .name = "alarm",
    .doc = "Whom to tell when paging itself is in trouble. At most once per cause in 15 minutes.",
    .size = sizeof(struct config),
    .field = alarm_fields,
    .fields = COUNT(alarm_fields),
};

static const struct field daemon_fields[] = {
    {.key = "socket",
     .type = FIELD_PATH,
     .offset = AT(socket),
     .initial = NT_SOCKET_PATH,
     .doc = "The Unix socket on which alerts are handed over."},
};

static const struct section daemon_section = {
    .name = "daemon",
    .doc = "The process that delivers.",
    .size = sizeof(struct config),
    .field = daemon_fields,
    .fields = COUNT(daemon_fields),
};

static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

static const struct field log_fields[] = {
    {.key = "level",
     .type = FIELD_WORD,
     .offset = AT(log_level),
     .words = levels,
     .initial = "info",
     .doc = "What is logged: this and worse."},
    {.key = "to",
     .type = FIELD_TEXT,
     .offset = AT(log_to),
     .initial = "syslog",
     .doc = "syslog, stderr, or the path of a file."},
};

static const struct section log_section = {
    .name = "log",
    .doc = "The log. No secret appears in it.",
    .size = sizeof(struct config),
    .field = log_fields,
    .fields = COUNT(log_fields),
};

static const struct field config_fields[] = {
    {.key = "twilio",
     .type = FIELD_SECTION,
     .flags = FIELD_REQUIRED | FIELD_VITAL,
     .section = &schema_twilio,
     .offset = AT(twilio)},
    {.key = "message", .type = FIELD_SECTION, .section = &message_section, .offset = AT(message)},
    {.key = "urgent_states",
     .type = FIELD_LIST,
     .offset = AT(urgent_states),
     .max = 256,
     .initial = "[CRITICAL, DOWN, UNREACHABLE, UNKNOWN]",
     .doc =
         "A problem in one of these states is urgent; so are flapping in one of them, custom notifications, Zabbix's "
         "severities from High on, and any state not recognised. The rest is routine."},
    {.key = "contacts",
     .type = FIELD_SECTIONS,
     .section = &schema_contact,
     .offset = AT(contact),
     .count = AT(contacts)},
    {.key = "groups", .type = FIELD_SECTIONS, .section = &schema_group, .offset = AT(group), .count = AT(groups)},
    {.key = "fallback",
     .type = FIELD_LIST,
     .offset = AT(fallback),
     .max = 1000,
     .example = "[oncall]",
     .doc =
         "Who is paged when all the names that an alert was addressed to mean nobody: contacts, groups or numbers. Not "
         "for a known contact that has no number."},
    {.key = "throttle", .type = FIELD_SECTION, .section = &schema_throttle, .offset = AT(throttle)},
    {.key = "hold_max", .type = FIELD_SECTION, .section = &hold_section},
    {.key = "expire", .type = FIELD_SECTION, .section = &expire_section},
    {.key = "deduplicate",
     .type = FIELD_DURATION,
     .offset = AT(deduplicate),
     .max = DAY,
     .initial = "60s",
     .doc = "The same news of the same object to the same number within this time is one page. 0: never."},
    {.key = "retain",
     .type = FIELD_DURATION,
     .offset = AT(retain),
     .min = SECOND,
     .max = 3650 * DAY,
     .initial = "90d",
     .doc = "How long the history is kept."},
    {.key = "alarm", .type = FIELD_SECTION, .section = &alarm_section},
    {.key = "store",
     .type = FIELD_TEXT,
     .form = &form_store,
     .offset = AT(store),
     .initial = "sqlite:" NT_STORE_PATH,
     .doc = "The queue and its history, on a local file system. The folder should be mode 2770, group notify_twilio."},
    {.key = "daemon", .type = FIELD_SECTION, .section = &daemon_section},
    {.key = "media_prefixes",
     .type = FIELD_LIST,
     .form = &form_prefix,
     .offset = AT(media_prefixes),
     .max = 1000,
     .initial = "[\"+1\"]",
     .doc = "Numbers that begin with one of these get pictures (MMS); others get the text, with the link if it fits."},
    {.key = "graphs",
     .type = FIELD_SECTIONS,
     .section = &schema_graph,
     .offset = AT(graph),
     .count = AT(graphs),
     .max = 1000},
    {.key = "publish",
     .type = FIELD_SECTIONS,
     .section = &schema_publish,
     .offset = AT(publish),
     .count = AT(publishes),
     .max = 100},
    {.key = "log", .type = FIELD_SECTION, .section = &log_section},
};
#undef AT

const struct section schema_config = {
    .name = "",
    .doc = "",
    .size = sizeof(struct config),
    .field = config_fields,
    .fields = COUNT(config_fields),
};

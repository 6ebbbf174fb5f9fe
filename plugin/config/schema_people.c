/*
 * schema: contacts and groups.
 */
#include "config/field.h"

#include "config/config.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define AT(member) offsetof(struct config_contact, member)
static const struct field contact_fields[] = {
    {.key = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_name,
     .offset = AT(name),
     .example = "alice",
     .doc = "The name; best the one the monitor has for its contact or user."},
    {.key = "aliases",
     .type = FIELD_LIST,
     .form = &form_name,
     .offset = AT(aliases),
     .example = "[alice@example.org]",
     .doc = "Other names that mean the same person wherever somebody is named, such as the mail address that a monitor "
            "passes."},
    {.key = "numbers",
     .type = FIELD_LIST,
     .form = &form_number,
     .offset = AT(numbers),
     .max = 100,
     .example = "[\"+15005550001\", \"+15005550002\"]",
     .doc = "Telephone numbers in E.164. The first is paged; the others are for when it fails."},
    {.key = "routine",
     .type = FIELD_BOOL,
     .offset = AT(routine),
     .initial = "true",
     .doc = "false: no routine problems. Follow-ups of what did page still come."},
    {.key = "timezone",
     .type = FIELD_TEXT,
     .form = &form_timezone,
     .offset = AT(timezone),
     .example = "America/New_York",
     .doc = "The time zone of the times in texts to this contact. Default: that of the section message."},
    {.key = "throttle",
     .type = FIELD_SECTION,
     .flags = FIELD_INHERITS,
     .section = &schema_throttle,
     .offset = AT(throttle),
     .example = "{urgent: [{pages: 6, per: 1m}]}",
     .doc = "As the section throttle, for this contact's numbers. A class left out is as it is there."},
};
#undef AT

const struct section schema_contact = {
    .name = "contacts",
    .doc = "The people.",
    .size = sizeof(struct config_contact),
    .field = contact_fields,
    .fields = COUNT(contact_fields),
};

#define AT(member) offsetof(struct config_group, member)
static const struct field group_fields[] = {
    {.key = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_name,
     .offset = AT(name),
     .example = "oncall",
     .doc = "The name."},
    {.key = "members",
     .type = FIELD_LIST,
     .offset = AT(members),
     .example = "[alice, bob]",
     .doc = "Contacts, other groups, or numbers."},
};
#undef AT

const struct section schema_group = {
    .name = "groups",
    .doc = "Names for several people at once.",
    .size = sizeof(struct config_group),
    .field = group_fields,
    .fields = COUNT(group_fields),
};

/*
 * alert: the neutral record of one notification, its words, and its packed form.
 *
 * An alert owns every string in it. The packed form is that of base/kv: "KEY=VALUE\0" after each other, first the
 * neutral fields under their names with '@' before them, then the macros. A macro cannot pass itself off as a field:
 * names that start with '@' are left out.
 *
 *     "@source=nagios\0@event=problem\0@host=web01\0HOSTNAME=web01\0"
 *
 * Fields that say nothing are left out too, so a packed alert of little content is short.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. alert_unpack(): NT_ECORRUPT for data that does not end with NUL or holds a pair without '=' or without a
 * key. A number or word that makes no sense leaves its field as it is in an empty alert: an old or damaged record still
 * says what it can.
 */
#include "ingest/alert.h"

#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const source_names[] = {
    [SOURCE_NAGIOS] = "nagios", [SOURCE_ICINGA2] = "icinga2", [SOURCE_ZABBIX] = "zabbix", [SOURCE_GENERIC] = "generic"};
static const char *const event_names[] = {
    [EVENT_PROBLEM] = "problem",   [EVENT_RECOVERY] = "recovery", [EVENT_ACKNOWLEDGEMENT] = "acknowledgement",
    [EVENT_FLAPPING] = "flapping", [EVENT_DOWNTIME] = "downtime", [EVENT_CUSTOM] = "custom",
    [EVENT_TEST] = "test"};
static const char *const phase_names[] = {
    [PHASE_NONE] = "", [PHASE_START] = "start", [PHASE_END] = "end", [PHASE_CANCELLED] = "cancelled"};
static const char *const class_names[] = {[CLASS_URGENT] = "urgent", [CLASS_ROUTINE] = "routine"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The strings of an alert, by their packed names. */
static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"@state", offsetof(struct alert, state)},       {"@severity", offsetof(struct alert, severity)},
    {"@host", offsetof(struct alert, host)},         {"@host_alias", offsetof(struct alert, host_alias)},
    {"@address", offsetof(struct alert, address)},   {"@service", offsetof(struct alert, service)},
    {"@output", offsetof(struct alert, output)},     {"@long_output", offsetof(struct alert, long_output)},
    {"@perfdata", offsetof(struct alert, perfdata)}, {"@author", offsetof(struct alert, author)},
    {"@comment", offsetof(struct alert, comment)},   {"@problem_id", offsetof(struct alert, problem_id)},
    {"@event_id", offsetof(struct alert, event_id)}, {"@url", offsetof(struct alert, url)},
    {"@object", offsetof(struct alert, object)},     {"@identity", offsetof(struct alert, identity)},
    {"@pager", offsetof(struct alert, pager)},       {"@contact", offsetof(struct alert, contact)},
};

static char **text_of(struct alert *a, size_t i)
{
    return (char **)(void *)((char *)a + texts[i].offset);
}

static const char *const_text_of(const struct alert *a, size_t i)
{
    return *(char *const *)(const void *)((const char *)a + texts[i].offset);
}

struct alert *alert_new(void)
{
    struct alert *a = mem_zalloc(sizeof *a);
    if (!a)
        return NULL;
    a->source = SOURCE_GENERIC;
    a->duration = -1;
    a->notification_number = -1;
    kv_init(&a->macros);
    for (size_t i = 0; i < COUNT(texts); i++) {
        char **text = text_of(a, i);
        if (!(*text = mem_strdup(""))) {
            alert_free(a);
            return NULL;
        }
    }
    return a;
}

void alert_free(struct alert *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < COUNT(texts); i++)
        mem_free(*text_of(a, i));
    kv_clean(&a->macros);
    mem_free(a);
}

enum nt_status alert_set(char **field, const char *value)
{
    char *copy = mem_strdup(value ? value : "");
    if (!copy)
        return NT_ENOMEM;
    mem_free(*field);
    *field = copy;
    return NT_OK;
}

const char *alert_source_name(enum alert_source s)
{
    return source_names[s];
}

const char *alert_event_name(enum alert_event e)
{
    return event_names[e];
}

const char *alert_phase_name(enum alert_phase p)
{
    return phase_names[p];
}

const char *alert_class_name(enum alert_class c)
{
    return class_names[c];
}

/* Index of word among names, or -1. */
static int find_name(const char *const *names, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (!strcasecmp(names[i], word))
            return (int)i;
    return -1;
}

enum nt_status alert_source_parse(const char *word, enum alert_source *out)
{
    int i = find_name(source_names, COUNT(source_names), word);
    if (i < 0)
        return NT_EINVAL;
    *out = (enum alert_source)i;
    return NT_OK;
}

enum nt_status alert_event_parse(const char *word, enum alert_event *out)
{
    int i = find_name(event_names, COUNT(event_names), word);
    if (i < 0)
        return NT_EINVAL;
    *out = (enum alert_event)i;
    return NT_OK;
}

static void pack_pair(struct buf *out, const char *name, const char *value)
{
    if (!*value)
        return;
    buf_adds(out, name);
    buf_addc(out, '=');
    buf_add(out, value, strlen(value) + 1);
}

/* Digits by hand: an alert is packed for each one accepted, and printf would be a quarter of that. */
static void pack_number(struct buf *out, const char *name, int64_t value, int64_t silent)
{
    if (value == silent)
        return;
    char digits[24], *at = digits + sizeof digits - 1;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *at = '\0';
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        *--at = '-';
    pack_pair(out, name, at);
}

enum nt_status alert_pack(const struct alert *a, struct buf *out)
{
    size_t before = out->len;
    pack_pair(out, "@source", alert_source_name(a->source));
    pack_pair(out, "@event", alert_event_name(a->event));
    pack_pair(out, "@phase", alert_phase_name(a->phase));
    pack_pair(out, "@class", alert_class_name(a->class));
    pack_number(out, "@time", a->time, 0);
    pack_number(out, "@received", a->received, 0);
    pack_number(out, "@duration", a->duration, -1);
    pack_number(out, "@notification_number", a->notification_number, -1);
    for (size_t i = 0; i < COUNT(texts); i++)
        pack_pair(out, texts[i].name, const_text_of(a, i));
    for (size_t i = 0; i < a->macros.n; i++) {
        const struct kv_pair *p = &a->macros.pair[i];
        if (p->key[0] == '@')
            continue;
        buf_adds(out, p->key);
        buf_addc(out, '=');
        buf_add(out, p->value, p->value_len + 1);
    }
    enum nt_status status = buf_status(out);
    if (status)
        buf_truncate(out, before);
    return status;
}

/* A whole decimal number within [least, most], or fallback. */
static int64_t number_or(const char *text, int64_t least, int64_t most, int64_t fallback)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || end == text || *end || value < least || value > most ? fallback : value;
}

/* One field of a packed alert. A name that is not known was written by a newer version: it is passed over. */
static enum nt_status unpack_field(struct alert *a, const char *name, size_t name_len, const char *value)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        if (strlen(texts[i].name) == name_len && !memcmp(texts[i].name, name, name_len))
            return alert_set(text_of(a, i), value);
    char word[32];
    if (name_len >= sizeof word)
        return NT_OK;
    memcpy(word, name, name_len);
    word[name_len] = '\0';
    int i;
    if (!strcmp(word, "@source") && (i = find_name(source_names, COUNT(source_names), value)) >= 0)
        a->source = (enum alert_source)i;
    else if (!strcmp(word, "@event") && (i = find_name(event_names, COUNT(event_names), value)) >= 0)
        a->event = (enum alert_event)i;
    else if (!strcmp(word, "@phase") && (i = find_name(phase_names, COUNT(phase_names), value)) >= 0)
        a->phase = (enum alert_phase)i;
    else if (!strcmp(word, "@class") && (i = find_name(class_names, COUNT(class_names), value)) >= 0)
        a->class = (enum alert_class)i;
    else if (!strcmp(word, "@time"))
        a->time = number_or(value, 0, INT64_MAX, 0);
    else if (!strcmp(word, "@received"))
        a->received = number_or(value, 0, INT64_MAX, 0);
    else if (!strcmp(word, "@duration"))
        a->duration = number_or(value, 0, INT64_MAX, -1);
    else if (!strcmp(word, "@notification_number"))
        a->notification_number = (long)number_or(value, 0, LONG_MAX, -1);
    return NT_OK;
}

enum nt_status alert_unpack(const void *data, size_t len, struct alert **out)
{
    const char *at = data, *end = at + len;
    enum nt_status status = NT_OK;
    *out = NULL;
    if (len && end[-1])
        return NT_ECORRUPT;
    struct alert *a = alert_new();
    if (!a)
        return NT_ENOMEM;
    while (at < end && !status) {
        size_t pair_len = strlen(at);
        const char *equals = memchr(at, '=', pair_len);
        if (!equals || equals == at)
            status = NT_ECORRUPT;
        else if (*at == '@')
            status = unpack_field(a, at, (size_t)(equals - at), equals + 1);
        else
            status = kv_putn(&a->macros, at, (size_t)(equals - at), equals + 1, pair_len - (size_t)(equals + 1 - at));
        at += pair_len + 1;
    }
    if (status)
        alert_free(a);
    else
        *out = a;
    return status;
}

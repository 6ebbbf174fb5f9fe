/*
 * zabbix_message: the subject and the message of a Zabbix alert, taken apart.
 *
 * A script gets send-to, subject and message, nothing else; so the message template carries the macros as lines:
 *
 *     EVENT.ID={EVENT.ID}                EVENT.ID=4711
 *     EVENT.OPDATA={EVENT.OPDATA}   →    EVENT.OPDATA=first line
 *     RUNBOOK={$RUNBOOK}                 second line, PATH=/bin
 *                                        RUNBOOK=https://…
 *
 * Values may span lines and may hold anything, so where a value ends is a guess. A line begins a new one when it is a
 * name of capitals, digits, dots and '_', then '='; not if that name was there already (a template says each once, and
 * a comment cannot speak for the host), and a name without a dot, which may be anybody's text, only directly after
 * another such line or at the start: within a value that already goes over lines it is text. (RUNBOOK above would be
 * lost: own names are safe before values of many lines, or with a dot in them.)
 *
 * DIAGNOSTICS
 * NT_ENOMEM only: any text is a message.
 */
#include "ingest/zabbix_message.h"

#include "ingest/macros.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Names without a dot that only a template writes. */
static const char *const plain_names[] = {"NOTIFIED", "DATE", "TIME"};

/* How Zabbix's own message templates (since 3.0) label what they say. */
static const struct {
    const char *label, *name;
} labels[] = {
    {"Problem name", "EVENT.NAME"},
    {"Host", "HOST.NAME"},
    {"Severity", "EVENT.SEVERITY"},
    {"Operational data", "EVENT.OPDATA"},
    {"Original problem ID", "EVENT.ID"},
    {"Problem duration", "EVENT.DURATION"},
    {"Trigger", "TRIGGER.NAME"},
    {"Trigger status", "TRIGGER.STATUS"},
    {"Trigger severity", "TRIGGER.SEVERITY"},
    {"Original event ID", "EVENT.ID"},
};

/* Words that begin a subject. Only a loose one counts without the colon: an event may well be named "Recovery plan is
 * old". */
static const struct {
    const char *word;
    enum zabbix_kind kind;
    bool loose;
} subject_words[] = {
    {"Problem", ZABBIX_PROBLEM, true},      {"Resolved", ZABBIX_RECOVERY, true}, {"Recovered", ZABBIX_RECOVERY, true},
    {"Recovery", ZABBIX_RECOVERY, false},   {"OK", ZABBIX_RECOVERY, false},      {"Updated", ZABBIX_UPDATE, false},
    {"Acknowledged", ZABBIX_UPDATE, false},
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* After the word: nothing, " problem", " in 2h 5m" or both, then a colon (or the bracket's end)? Then *text is what
 * follows it. */
static bool read_preamble(const char *at, char age[48], const char **text)
{
    if (!strncasecmp(at, " problem", 8))
        at += 8;
    if (!strncasecmp(at, " in ", 4)) {
        size_t len = strspn(at + 4, "0123456789yMdhms ");
        if (len && len < 48) {
            memcpy(age, at + 4, len);
            age[len] = '\0';
            at += 4 + len;
        }
    }
    if (*at != ':' && *at != ']') {
        age[0] = '\0';
        return false;
    }
    at++;
    *text = at + strspn(at, " :");
    return true;
}

void zabbix_subject_read(const char *subject, struct zabbix_subject *out)
{
    *out = (struct zabbix_subject){.kind = ZABBIX_UNSAID, .text = subject};
    const char *at = subject + strspn(subject, " [");
    for (size_t i = 0; i < sizeof subject_words / sizeof *subject_words; i++) {
        size_t len = strlen(subject_words[i].word);
        if (strncasecmp(at, subject_words[i].word, len) != 0 || is_letter(at[len]))
            continue;
        bool whole = read_preamble(at + len, out->age, &out->text);
        if (whole || subject_words[i].loose)
            out->kind = subject_words[i].kind;
        break;
    }
}

const char *zabbix_value(const char *value)
{
    size_t len = strlen(value);
    if (!strcmp(value, "*UNKNOWN*"))
        return "";
    /* {EVENT.ID}, {$SITE}, {{ITEM.VALUE}.regsub(…)}, {?avg(…)}, {#DISK}; but {"json": 1} is a value. */
    if (len > 2 && value[0] == '{' && value[len - 1] == '}' && !strchr(value, '\n') &&
        (is_letter(value[1]) || strchr("$?{#", value[1])))
        return "";
    return value;
}

/* Length of the macro's name that a line begins with before its '=', 0 if it begins with none; *dotted: there is a dot
 * in it. */
static size_t name_length(const char *line, bool *dotted)
{
    size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
    if (!len || len > MACRO_NAME_MAX || line[len] != '=' || line[len - 1] == '.' ||
        !((*line >= 'A' && *line <= 'Z') || *line == '_'))
        return 0;
    *dotted = memchr(line, '.', len);
    return len;
}

static bool is_plain_name(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof plain_names / sizeof *plain_names; i++)
        if (strlen(plain_names[i]) == len && !memcmp(plain_names[i], name, len))
            return true;
    return false;
}

static void trim(struct buf *b)
{
    while (b->len && strchr(" \t\r\n", b->data[b->len - 1]))
        buf_truncate(b, b->len - 1);
}

/* Ends the value that was being read. */
static enum nt_status finish(struct kv *macros, const char *name, size_t name_len, struct buf *value)
{
    trim(value);
    enum nt_status status = buf_status(value);
    if (status || !name)
        return status;
    const char *text = buf_text(value);
    /* Kept even when empty: the name has been said. */
    text = zabbix_value(text + strspn(text, " \t"));
    status = kv_putn(macros, name, name_len, text, macros_cut(text, strlen(text), MACRO_VALUE_MAX));
    buf_reset(value);
    return status;
}

static enum nt_status read_label(const char *line, size_t len, struct kv *macros)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t n = strlen(labels[i].label);
        if (len <= n + 2 || strncmp(line, labels[i].label, n) != 0 || strncmp(line + n, ": ", 2) != 0 ||
            kv_get(macros, labels[i].name))
            continue;
        struct buf value;
        buf_init(&value, len);
        buf_add(&value, line + n + 2, len - n - 2);
        enum nt_status status = finish(macros, labels[i].name, strlen(labels[i].name), &value);
        buf_clean(&value);
        return status;
    }
    return NT_OK;
}

enum nt_status zabbix_message_read(const char *message, struct kv *macros, struct buf *rest)
{
    enum nt_status status = NT_OK;
    const char *name = NULL; /* of the value being read, in the message */
    size_t name_len = 0;
    bool after_name = true; /* the line before began a value, or there is none */
    struct buf value;
    buf_init(&value, strlen(message) + 1);

    for (const char *line = message, *next; *line && !status; line = next) {
        size_t len = strcspn(line, "\n");
        next = line + len + (line[len] == '\n');
        if (len && line[len - 1] == '\r')
            len--;
        bool dotted = false;
        size_t found = name_length(line, &dotted);
        if (found && !kv_getn(macros, line, found) && !(found == name_len && !memcmp(line, name, found)) &&
            (dotted || after_name || is_plain_name(line, found))) {
            status = finish(macros, name, name_len, &value);
            name = line;
            name_len = found;
            buf_add(&value, line + found + 1, len - found - 1);
            after_name = true;
        } else {
            struct buf *to = name ? &value : rest;
            if (to->len)
                buf_addc(to, '\n');
            buf_add(to, line, len);
            after_name = false;
        }
    }
    if (!status)
        status = finish(macros, name, name_len, &value);
    trim(rest);
    if (!status)
        status = buf_status(rest);
    for (const char *line = message; !name && *line && !status;) {
        size_t len = strcspn(line, "\n");
        status = read_label(line, len, macros);
        line += len + (line[len] == '\n');
    }
    buf_clean(&value);
    return status;
}

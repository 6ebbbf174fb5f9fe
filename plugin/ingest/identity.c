/*
 * identity: the object's key and the identity of the news.
 *
 * The key is the object's address, its parts joined as Icinga joins them:
 *
 *     nagios!web01!HTTP     nagios!web01     zabbix!event!4711     zabbix!trigger!23133!web01
 *
 * What would make it ambiguous or unprintable ('!', '%', control characters, bytes that are no UTF-8) is written as
 * %21. A key over the bound keeps its beginning and ends in a hash of the whole. An alert about nothing but a text (no
 * host, no service) has the text for its object, so that two unlike texts never supersede each other; a test is an
 * object of its own, so that it takes no real page away.
 *
 * Zabbix: EVENT.ID names the problem, and its updates and its recovery carry the same. Without it, the trigger and
 * host; without a trigger, the host and what the subject says after "Problem:" or "Resolved in 5m:".
 *
 * Of author, comment and output only letters and digits count for the identity: what Nagios hands to a module is raw,
 * what it puts on a command line for the same notification has lost its quotes and brackets.
 *
 * DIAGNOSTICS
 * NT_ENOMEM.
 */
#include "ingest/identity.h"

#include "base/hash.h"
#include "base/utf8.h"

#include <string.h>

static void add_part(struct buf *key, const char *part)
{
    unsigned char last = utf8_valid(part, strlen(part)) ? 0xFF : 0x7E;
    for (const char *at = part; *at;) {
        size_t plain = 0;
        while ((unsigned char)at[plain] > ' ' && (unsigned char)at[plain] <= last && !strchr("!%\x7F", at[plain]))
            plain++;
        /* A blank within a service's name is nothing to hide. */
        if (at[plain] == ' ')
            plain++;
        buf_add(key, at, plain);
        at += plain;
        if (*at && !plain) {
            unsigned char c = (unsigned char)*at++;
            buf_add(key, (const char[]){'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]}, 3);
        }
    }
}

static void add_parts(struct buf *key, const char *const *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(key, '!');
        add_part(key, parts[i]);
    }
}

/* ASCII letters and digits, and all of UTF-8 beyond ASCII, as far as is needed to tell two texts apart. */
static bool is_significant(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

static uint64_t hash_significant(uint64_t hash, const char *text)
{
    for (const char *at = text; *at;) {
        size_t run = 0;
        while (is_significant((unsigned char)at[run]))
            run++;
        hash = hash_add(hash, at, run);
        at += run + (at[run] != '\0');
    }
    return hash_add(hash, "", 1);
}

static uint64_t hash_part(uint64_t hash, const char *text)
{
    /* With the NUL: "ab" "c" is not "a" "bc". */
    return hash_add(hash, text, strlen(text) + 1);
}

static void add_text_key(struct buf *key, const struct alert *a)
{
    char hex[HASH_HEX];
    hash_hex(hash_significant(HASH_START, *a->output ? a->output : *a->long_output ? a->long_output : a->comment), hex);
    buf_adds(key, "!!!");
    buf_adds(key, hex);
}

static void add_zabbix_key(struct buf *key, const struct alert *a, const char *subject)
{
    const char *trigger = kv_text(&a->macros, "TRIGGER.ID");
    if (*a->event_id)
        add_parts(key, (const char *const[]){"", "event", a->event_id}, 3);
    else if (*trigger)
        add_parts(key, (const char *const[]){"", "trigger", trigger, a->host}, 4);
    else if (*subject)
        add_parts(key, (const char *const[]){"", "text", a->host, subject}, 4);
    else if (*a->host)
        add_parts(key, (const char *const[]){"", "text", a->host, a->output}, 4);
    else
        add_text_key(key, a);
}

enum nt_status identity_object(struct alert *a, const char *subject)
{
    struct buf key;
    buf_init(&key, SIZE_MAX / 4);
    if (a->event == EVENT_TEST)
        buf_adds(&key, "test!");
    buf_adds(&key, alert_source_name(a->source));
    if (a->source == SOURCE_ZABBIX)
        add_zabbix_key(&key, a, subject);
    else if (*a->service)
        add_parts(&key, (const char *const[]){"", a->host, a->service}, 3);
    else if (*a->host)
        add_parts(&key, (const char *const[]){"", a->host}, 2);
    else
        add_text_key(&key, a);

    enum nt_status status = buf_status(&key);
    if (!status && key.len > IDENTITY_OBJECT_MAX) {
        char hex[HASH_HEX];
        hash_hex(hash_text(buf_text(&key)), hex);
        size_t kept = IDENTITY_OBJECT_MAX - HASH_HEX;
        /* Not within a character. */
        while (kept && ((unsigned char)key.data[kept] & 0xC0) == 0x80)
            kept--;
        buf_truncate(&key, kept);
        /* '%' is followed by a hexadecimal digit in every key that was not cut. */
        buf_addc(&key, '%');
        status = buf_adds(&key, hex);
    }
    if (!status)
        status = alert_set(&a->object, buf_text(&key));
    buf_clean(&key);
    return status;
}

enum nt_status identity_news(struct alert *a, const char *to, const char *subject, const char *message)
{
    /* Two hashes of 64 bits from different beginnings: no two of a store's alerts meet by chance. */
    static const char *const beginnings[] = {"news", "identity"};
    char hex[2 * HASH_HEX];
    for (size_t i = 0; i < 2; i++) {
        uint64_t hash = hash_text(beginnings[i]);
        if (a->source == SOURCE_ZABBIX && (subject || message)) {
            hash = hash_part(hash, to ? to : "");
            hash = hash_part(hash, subject ? subject : "");
            hash = hash_part(hash, message ? message : "");
        } else {
            hash = hash_part(hash, alert_event_name(a->event));
            hash = hash_part(hash, alert_phase_name(a->phase));
            hash = hash_part(hash, a->state);
            hash = hash_significant(hash, a->author);
            hash = hash_significant(hash, a->comment);
            hash = hash_significant(hash, a->output);
        }
        hash_hex(hash, hex + i * (HASH_HEX - 1));
    }
    return alert_set(&a->identity, hex);
}

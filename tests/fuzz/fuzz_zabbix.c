/*
 * fuzz_zabbix: any text as a subject and as a message: what is taken from it lies within its bounds, and what the
 * packaged message says of the host cannot be said again by a comment.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "ingest/macros.h"
#include "ingest/zabbix_message.h"

#include <stdlib.h>
#include <string.h>

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check_subject(const char *text)
{
    struct zabbix_subject s;
    zabbix_subject_read(text, &s);
    require(s.text >= text && s.text <= text + strlen(text));
    require(strlen(s.age) < sizeof s.age && strspn(s.age, "0123456789yMdhms ") == strlen(s.age));
    require(s.kind != ZABBIX_UNSAID || s.text == text);
}

static void check_message(const char *text)
{
    struct kv macros;
    struct buf rest;
    kv_init(&macros);
    buf_init(&rest, strlen(text) + 1);
    require(!zabbix_message_read(text, &macros, &rest));
    require(rest.len <= strlen(text));
    for (size_t i = 0; i < macros.n; i++) {
        const char *key = macros.pair[i].key, *value = macros.pair[i].value;
        require(*key && strlen(key) <= MACRO_NAME_MAX && strlen(value) <= MACRO_VALUE_MAX);
        require(strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == strlen(key));
        require(!*value || !strchr(" \t\r\n", value[strlen(value) - 1]));
        for (size_t k = 0; k < i; k++)
            require(strcmp(macros.pair[k].key, key) != 0);
    }
    kv_clean(&macros);
    buf_clean(&rest);
}

/* The text as the comment of an update, last in the message as it is packaged: what stands before it stays. */
static void check_comment(const char *text)
{
    static const char head[] = "EVENT.ID=4711\nHOST.NAME=web01\nEVENT.NAME=disk full\nEVENT.UPDATE.MESSAGE=";
    struct kv macros;
    struct buf message, rest;
    kv_init(&macros);
    buf_init(&message, sizeof head + strlen(text) + 1);
    buf_init(&rest, sizeof head + strlen(text) + 1);
    buf_adds(&message, head);
    buf_adds(&message, text);
    require(!buf_status(&message) && !zabbix_message_read(buf_text(&message), &macros, &rest));
    require(!strcmp(kv_text(&macros, "EVENT.ID"), "4711") && !strcmp(kv_text(&macros, "HOST.NAME"), "web01"));
    require(!strcmp(kv_text(&macros, "EVENT.NAME"), "disk full") && !rest.len);
    kv_clean(&macros);
    buf_clean(&message);
    buf_clean(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    require(text != NULL);
    check_subject(text);
    check_message(text);
    check_comment(text);
    mem_free(text);
    return 0;
}

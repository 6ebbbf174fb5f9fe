/*
 * fuzz_ingest: whatever a monitor, a check's author or a damaged store hands over.
 *
 * The first byte says what the rest is: a packed alert, a Zabbix subject and message, a text, or the pairs of a source.
 * An alert that comes out has bounded fields, an object and an identity, and is the same after packing and unpacking.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "ingest/ingest.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD_MAX = 16 * 1024, OBJECT_MAX = 255 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Packs, unpacks, and packs again: the same bytes. */
static void check_packing(const struct alert *a)
{
    struct buf one, two;
    struct alert *back = NULL;
    buf_init(&one, 64 << 20);
    buf_init(&two, 64 << 20);
    require(!alert_pack(a, &one));
    require(!alert_unpack(one.data, one.len, &back));
    require(!alert_pack(back, &two));
    require(one.len == two.len && !memcmp(one.data, two.data, one.len));
    alert_free(back);
    buf_clean(&one);
    buf_clean(&two);
}

static void check_alert(const struct alert *a)
{
    require(*a->object && strlen(a->object) <= OBJECT_MAX && !strchr(a->object, '\n'));
    require(strlen(a->identity) == 32);
    require(strlen(a->output) <= FIELD_MAX && strlen(a->long_output) <= FIELD_MAX && !strchr(a->output, '\n'));
    require(a->time > 0 && a->time <= a->received / 1000);
    check_packing(a);
}

static void run_ingest(struct ingest_input *in)
{
    struct alert *a = NULL;
    struct buf error;
    buf_init(&error, 4096);
    in->now = INT64_C(1795425600000);
    enum nt_status status = ingest(in, &a, &error);
    require(status == NT_OK || (status == NT_EINVAL && error.len && !a));
    if (a)
        check_alert(a);
    alert_free(a);
    buf_clean(&error);
}

static void run_zabbix(const char *text)
{
    /* The first line is the subject. */
    size_t line = strcspn(text, "\n");
    char *subject = mem_strndup(text, line);
    require(subject != NULL);
    run_ingest(&(struct ingest_input){.subject = subject, .message = text[line] ? text + line + 1 : NULL});
    mem_free(subject);
}

static void run_pairs(const char *source, const uint8_t *data, size_t size)
{
    struct kv pairs;
    kv_init(&pairs);
    if (!kv_unpack(&pairs, data, size)) {
        run_ingest(&(struct ingest_input){.source = source, .pairs = &pairs});
        run_ingest(&(struct ingest_input){.source = source, .env = &pairs});
    }
    kv_clean(&pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const sources[] = {NULL, "nagios", "icinga2", "zabbix", "generic"};
    if (!size)
        return 0;
    uint8_t what = data[0];
    data++;
    size--;
    if (what == 'p') {
        struct alert *a = NULL;
        if (!alert_unpack(data, size, &a))
            check_packing(a);
        alert_free(a);
    } else if (what >= '0' && what <= '4') {
        run_pairs(sources[what - '0'], data, size);
    } else {
        char *text = mem_strndup((const char *)data, size);
        require(text != NULL);
        if (what == 'z')
            run_zabbix(text);
        else
            run_ingest(&(struct ingest_input){.text = text});
        mem_free(text);
    }
    return 0;
}

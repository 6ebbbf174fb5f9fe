/* alert: names, the packed form and back, damage. */
#include "ingest/alert.h"

#include "given.h"

static struct alert *full_alert(void)
{
    struct alert *a = alert_new();
    assert_non_null(a);
    a->source = SOURCE_ICINGA2;
    a->event = EVENT_FLAPPING;
    a->phase = PHASE_END;
    a->class = CLASS_ROUTINE;
    a->time = 1795425548;
    a->received = GIVEN_NOW;
    a->duration = 0;
    a->notification_number = 0;
    char **texts[] = {&a->state,    &a->severity,    &a->host,     &a->host_alias, &a->address, &a->service,
                      &a->output,   &a->long_output, &a->perfdata, &a->author,     &a->comment, &a->problem_id,
                      &a->event_id, &a->url,         &a->object,   &a->identity,   &a->pager,   &a->contact};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char value[40];
        snprintf(value, sizeof value, "text %zu = \xC3\xBC\n\xFF", i);
        assert_int_equal(alert_set(texts[i], value), NT_OK);
    }
    assert_int_equal(kv_put(&a->macros, "HOSTNAME", "web01"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "_SERVICERUNBOOK", "https://x/?a=1&b=2"), NT_OK);
    return a;
}

static void assert_same(const struct alert *a, const struct alert *b)
{
    const char *of_a[] = {a->state,    a->severity,    a->host,     a->host_alias, a->address, a->service,
                          a->output,   a->long_output, a->perfdata, a->author,     a->comment, a->problem_id,
                          a->event_id, a->url,         a->object,   a->identity,   a->pager,   a->contact};
    const char *of_b[] = {b->state,    b->severity,    b->host,     b->host_alias, b->address, b->service,
                          b->output,   b->long_output, b->perfdata, b->author,     b->comment, b->problem_id,
                          b->event_id, b->url,         b->object,   b->identity,   b->pager,   b->contact};
    for (size_t i = 0; i < sizeof of_a / sizeof *of_a; i++)
        assert_string_equal(of_a[i], of_b[i]);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->event, b->event);
    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->class, b->class);
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->received, b->received);
    assert_int_equal(a->duration, b->duration);
    assert_int_equal(a->notification_number, b->notification_number);
    assert_int_equal(a->macros.n, b->macros.n);
    for (size_t i = 0; i < a->macros.n; i++)
        assert_string_equal(a->macros.pair[i].value, kv_text(&b->macros, a->macros.pair[i].key));
}

static void test_alert__packs_and_unpacks_everything(void **state)
{
    (void)state;
    struct alert *full = full_alert(), *empty = alert_new(), *back = NULL;
    struct buf packed;
    buf_init(&packed, 100000);
    assert_int_equal(alert_pack(full, &packed), NT_OK);
    assert_int_equal(alert_unpack(packed.data, packed.len, &back), NT_OK);
    assert_same(full, back);
    alert_free(back);

    buf_reset(&packed);
    assert_int_equal(alert_pack(empty, &packed), NT_OK);
    assert_int_equal(alert_unpack(packed.data, packed.len, &back), NT_OK);
    assert_same(empty, back);
    alert_free(back);
    assert_int_equal(alert_unpack("", 0, &back), NT_OK);
    assert_same(empty, back);
    alert_free(back);
    alert_free(full);
    alert_free(empty);
    alert_free(NULL);
    buf_clean(&packed);
}

static void test_alert__macros_cannot_pose_as_fields(void **state)
{
    (void)state;
    struct alert *a = alert_new(), *back = NULL;
    struct buf packed;
    buf_init(&packed, 1000);
    assert_int_equal(alert_set(&a->host, "web01"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "@host", "evil"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "@class", "routine"), NT_OK);
    assert_int_equal(alert_pack(a, &packed), NT_OK);
    assert_int_equal(alert_unpack(packed.data, packed.len, &back), NT_OK);
    assert_string_equal(back->host, "web01");
    assert_int_equal(back->class, CLASS_URGENT);
    assert_int_equal(back->macros.n, 0);
    alert_free(a);
    alert_free(back);
    buf_clean(&packed);
}

#define BYTES(text) text, sizeof(text) - 1

static void test_alert__tells_damage_from_what_is_only_missing(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        enum nt_status status;
    } rows[] = {
        {BYTES("@host=web01\0HOSTNAME=web01\0"), NT_OK},
        {BYTES("@host=web01"), NT_ECORRUPT},
        {BYTES("@host\0"), NT_ECORRUPT},
        {BYTES("=web01\0"), NT_ECORRUPT},
        {BYTES("\0"), NT_ECORRUPT},
        {BYTES("@host=a\0\0"), NT_ECORRUPT},
        {BYTES("@=x\0"), NT_OK},
        {BYTES("@from_a_newer_version=x\0@host=web01\0"), NT_OK},
        {BYTES("@a_name_that_is_longer_than_any_that_there_is_in_any_version=x\0"), NT_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct alert *a = NULL;
        assert_int_equal(alert_unpack(rows[i].data, rows[i].len, &a), rows[i].status);
        assert_true(!a == (rows[i].status != NT_OK));
        alert_free(a);
    }
    static const char damaged[] = "@event=nothing\0@phase=7\0@class=\0@source=x\0@time=12x\0@duration=-9\0"
                                  "@notification_number=99999999999999999999\0@received=\0";
    struct alert *a = NULL, *empty = alert_new();
    assert_int_equal(alert_unpack(damaged, sizeof damaged - 1, &a), NT_OK);
    assert_same(a, empty);
    alert_free(a);
    alert_free(empty);
}

static void test_alert__names_go_both_ways(void **state)
{
    (void)state;
    static const char *const sources[] = {"nagios", "icinga2", "zabbix", "generic"};
    static const char *const events[] = {"problem", "recovery", "acknowledgement", "flapping", "downtime",
                                         "custom",  "test"};
    enum alert_source s;
    enum alert_event e;
    for (int i = 0; i < 4; i++) {
        assert_string_equal(alert_source_name((enum alert_source)i), sources[i]);
        assert_int_equal(alert_source_parse(sources[i], &s), NT_OK);
        assert_int_equal(s, i);
    }
    for (int i = 0; i < 7; i++) {
        assert_string_equal(alert_event_name((enum alert_event)i), events[i]);
        assert_int_equal(alert_event_parse(events[i], &e), NT_OK);
        assert_int_equal(e, i);
    }
    assert_int_equal(alert_source_parse("prometheus", &s), NT_EINVAL);
    assert_int_equal(alert_event_parse("", &e), NT_EINVAL);
    assert_string_equal(alert_phase_name(PHASE_NONE), "");
    assert_string_equal(alert_phase_name(PHASE_CANCELLED), "cancelled");
    assert_string_equal(alert_class_name(CLASS_URGENT), "urgent");
    assert_string_equal(alert_class_name(CLASS_ROUTINE), "routine");
}

static void test_alert__a_full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    struct alert *a = full_alert();
    struct buf small;
    buf_init(&small, 200);
    buf_adds(&small, "before");
    assert_int_equal(alert_pack(a, &small), NT_ETOOBIG);
    assert_int_equal(small.len, 6);
    buf_clean(&small);
    alert_free(a);
}

static void test_alert__survives_each_failed_allocation(void **state)
{
    (void)state;
    struct alert *full = full_alert();
    struct buf packed;
    buf_init(&packed, 100000);
    assert_int_equal(alert_pack(full, &packed), NT_OK);
    for (unsigned long n = 1;; n++) {
        struct alert *a = NULL;
        mem_fail_at(n);
        enum nt_status status = alert_unpack(packed.data, packed.len, &a);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        alert_free(a);
        if (!failed)
            break;
    }
    for (unsigned long n = 1;; n++) {
        struct buf out;
        buf_init(&out, 100000);
        mem_fail_at(n);
        enum nt_status status = alert_pack(full, &out);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        buf_clean(&out);
        if (!failed)
            break;
    }
    buf_clean(&packed);
    alert_free(full);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert__packs_and_unpacks_everything),
        cmocka_unit_test(test_alert__macros_cannot_pose_as_fields),
        cmocka_unit_test(test_alert__tells_damage_from_what_is_only_missing),
        cmocka_unit_test(test_alert__names_go_both_ways),
        cmocka_unit_test(test_alert__a_full_buffer_is_left_as_it_was),
        cmocka_unit_test(test_alert__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Hand-over frames, also hostile ones. */
#include "flow/order.h"

#include "base/mem.h"
#include "handover/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Text with '|' for each NUL. */
static enum nt_status read_text(const char *text, struct order *o, struct buf *error)
{
    size_t len = strlen(text);
    char *frame = mem_strdup(text);
    assert_non_null(frame);
    for (size_t i = 0; i < len; i++)
        if (frame[i] == '|')
            frame[i] = '\0';
    order_init(o);
    buf_init(error, 4096);
    enum nt_status st = order_read(frame, len, o, error);
    mem_free(frame);
    return st;
}

static void test_order__options_and_macros(void **state)
{
    (void)state;
    struct order o;
    struct buf error;
    assert_int_equal(read_text("notify_twilio=1|request=0f8fad5b-d9cb-469f-a165-70867728950e|deadline=1700000000123|"
                               "source=nagios|to=alice,bob|to=+15005550001|template=short|media=https://a/b|graph=cpu|"
                               "from=+15005550006|max_segments=3|test=1|HOSTNAME=web01|to=mallory|"
                               "notify_twilio_environment=1|NAGIOS_HOSTSTATE=DOWN|from=x|",
                               &o, &error),
                     NT_OK);
    assert_string_equal(o.uuid, "0f8fad5b-d9cb-469f-a165-70867728950e");
    assert_int_equal(o.deadline, INT64_C(1700000000123));
    assert_string_equal(o.source, "nagios");
    assert_int_equal(o.to.n, 3);
    assert_string_equal(o.to.item[2], "+15005550001");
    assert_string_equal(o.template_name, "short");
    assert_int_equal(o.media.n, 1);
    assert_int_equal(o.graphs.n, 1);
    assert_string_equal(o.graphs.item[0], "cpu");
    assert_string_equal(o.from, "+15005550006");
    assert_int_equal(o.max_segments, 3);
    assert_true(o.test);
    assert_int_equal(o.pairs.n, 2);
    assert_string_equal(kv_text(&o.pairs, "to"), "mallory"); /* a macro by then */
    assert_int_equal(o.env.n, 2);
    assert_string_equal(kv_text(&o.env, "from"), "x");
    order_clean(&o);
    buf_clean(&error);
}

static void test_order__macros_cannot_pass_for_options(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "notify_twilio=1|HOSTNAME=x|to=+15005559999|from=+1|template=../../etc/passwd|",
        "notify_twilio=1|to=alice|SERVICEOUTPUT=x\nto=+15005559999|request=0f8fad5b-d9cb-469f-a165-70867728950e|",
        "notify_twilio=1|notify_twilio_environment=1|to=+15005559999|",
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct order o;
        struct buf error;
        assert_int_equal(read_text(frames[i], &o, &error), NT_OK);
        assert_false(strlist_has(&o.to, "+15005559999"));
        assert_null(o.from);
        assert_null(o.template_name);
        assert_string_equal(o.uuid, "");
        order_clean(&o);
        buf_clean(&error);
    }
}

static void test_order__refuses(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "",
        "|",
        "HOSTNAME=web01|",
        "notify_twilio=2|HOSTNAME=web01|",
        "notify_twilio=11|",
        "notify_twilio=|",
        "to=alice|notify_twilio=1|",
        "notify_twilio=1|HOSTNAME|",
        "notify_twilio=1|=x|",
        "notify_twilio=1|HOSTNAME=web01",
        "notify_twilio=1|request=short|",
        "notify_twilio=1|deadline=soon|",
        "notify_twilio=1|deadline=-5|",
        "notify_twilio=1|deadline=99999999999999999999|",
        "notify_twilio=1|max_segments=0|",
        "notify_twilio=1|max_segments=1x|",
        "notify_twilio=1|media=1|media=2|media=3|media=4|media=5|media=6|media=7|media=8|media=9|media=10|media=11|",
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct order o;
        struct buf error;
        assert_int_equal(read_text(frames[i], &o, &error), NT_EINVAL);
        assert_true(error.len > 0);
        order_clean(&o);
        buf_clean(&error);
    }
}

static void test_order__garbage_does_no_harm(void **state)
{
    (void)state;
    static const char seed[] = "notify_twilio=1\0to=alice\0media=http://x\0deadline=12\0HOSTNAME=web01\0";
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        char frame[sizeof seed];
        struct order o;
        struct buf error;
        memcpy(frame, seed, sizeof seed);
        for (int n = 0; n < 4; n++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            frame[random % sizeof frame] = (char)(random >> 40);
        }
        size_t len = (size_t)(random >> 20) % (sizeof seed + 1);
        char *exact = mem_alloc(len); /* so that reading past the end is seen */
        assert_non_null(exact);
        memcpy(exact, frame, len);
        order_init(&o);
        buf_init(&error, 4096);
        enum nt_status st = order_read(exact, len, &o, &error);
        assert_true(st == NT_OK || st == NT_EINVAL);
        order_clean(&o);
        buf_clean(&error);
        mem_free(exact);
    }
}

static void test_order__each_allocation_fails_once(void **state)
{
    (void)state;
    static const char frame[] = "notify_twilio=1\0to=alice,bob\0source=nagios\0media=http://x\0HOSTNAME=web01\0"
                                "notify_twilio_environment=1\0NAGIOS_X=y";
    for (unsigned long n = 1; n < 100; n++) {
        struct order o;
        struct buf error;
        order_init(&o);
        buf_init(&error, 4096);
        mem_fail_at(n);
        enum nt_status st = order_read(frame, sizeof frame, &o, &error);
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        order_clean(&o);
        buf_clean(&error);
        if (!failed)
            return;
    }
    fail_msg("still failing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order__options_and_macros),
        cmocka_unit_test(test_order__macros_cannot_pass_for_options),
        cmocka_unit_test(test_order__refuses),
        cmocka_unit_test(test_order__garbage_does_no_harm),
        cmocka_unit_test(test_order__each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

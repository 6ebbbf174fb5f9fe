/* generic: neutral names, plain texts, and words that do not exist. */
#include "given.h"

static void test_generic__takes_every_neutral_name(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL,
               LIST("event=flapping", "phase=end", "state=WARNING", "severity=Minor", "class=urgent", "host=nas",
                    "host_alias=Storage", "address=192.0.2.9", "service=raid", "output=degraded\nsdb gone",
                    "long_output=sdc too", "perfdata=disks=7", "time=1795425500", "duration=61", "author=bob",
                    "comment=mine", "notification_number=3", "problem_id=p1", "event_id=e1",
                    "url=https://nas.example.org/", "pager=+15005550001", "contact=alice", "RUNBOOK=https://w/",
                    "colour=red"),
               LIST("HOSTNAME=this-machine"));
    const struct alert *a = given_read(&g);
    assert_int_equal(a->source, SOURCE_GENERIC);
    assert_int_equal(a->event, EVENT_FLAPPING);
    assert_int_equal(a->phase, PHASE_END);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_string_equal(a->state, "WARNING");
    assert_string_equal(a->severity, "minor");
    assert_string_equal(a->host, "nas");
    assert_string_equal(a->host_alias, "Storage");
    assert_string_equal(a->address, "192.0.2.9");
    assert_string_equal(a->service, "raid");
    assert_string_equal(a->output, "degraded");
    assert_string_equal(a->long_output, "sdb gone\nsdc too");
    assert_string_equal(a->perfdata, "disks=7");
    assert_int_equal(a->time, 1795425500);
    assert_int_equal(a->duration, 61);
    assert_string_equal(a->author, "bob");
    assert_string_equal(a->comment, "mine");
    assert_int_equal(a->notification_number, 3);
    assert_string_equal(a->problem_id, "p1");
    assert_string_equal(a->event_id, "e1");
    assert_string_equal(a->url, "https://nas.example.org/");
    assert_string_equal(a->pager, "+15005550001");
    assert_string_equal(a->contact, "alice");
    assert_int_equal(a->macros.n, 2);
    assert_string_equal(kv_text(&a->macros, "RUNBOOK"), "https://w/");
    assert_string_equal(kv_text(&a->macros, "colour"), "red");
    assert_string_equal(a->object, "generic!nas!raid");
    given_clean(&g);
}

static void test_generic__the_event_is_said_or_follows_from_the_state(void **state)
{
    (void)state;
    static const struct {
        const char *event, *phase, *state;
        enum alert_event expected;
        enum alert_phase expected_phase;
        enum alert_class class;
    } rows[] = {
        {"event=", "phase=", "state=OK", EVENT_RECOVERY, PHASE_NONE, CLASS_ROUTINE},
        {"event=", "phase=", "state=up", EVENT_RECOVERY, PHASE_NONE, CLASS_ROUTINE},
        {"event=", "phase=", "state=WARNING", EVENT_PROBLEM, PHASE_NONE, CLASS_ROUTINE},
        {"event=", "phase=", "state=CRITICAL", EVENT_PROBLEM, PHASE_NONE, CLASS_URGENT},
        {"event=", "phase=", "state=", EVENT_PROBLEM, PHASE_NONE, CLASS_URGENT},
        {"event=problem", "phase=", "state=OK", EVENT_PROBLEM, PHASE_NONE, CLASS_ROUTINE},
        {"event=recovery", "phase=start", "state=OK", EVENT_RECOVERY, PHASE_NONE, CLASS_ROUTINE},
        {"event=acknowledgement", "phase=", "state=DOWN", EVENT_ACKNOWLEDGEMENT, PHASE_NONE, CLASS_ROUTINE},
        {"event=flapping", "phase=", "state=DOWN", EVENT_FLAPPING, PHASE_START, CLASS_URGENT},
        {"event=flapping", "phase=cancelled", "state=DOWN", EVENT_FLAPPING, PHASE_CANCELLED, CLASS_ROUTINE},
        {"event=Downtime", "phase=END", "state=DOWN", EVENT_DOWNTIME, PHASE_END, CLASS_ROUTINE},
        {"event=DOWNTIMESTART", "phase=", "state=DOWN", EVENT_DOWNTIME, PHASE_START, CLASS_ROUTINE},
        {"event=custom", "phase=", "state=OK", EVENT_CUSTOM, PHASE_NONE, CLASS_URGENT},
        {"event=test", "phase=", "state=", EVENT_TEST, PHASE_NONE, CLASS_URGENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given g;
        given_init(&g, "generic", LIST("host=nas", rows[i].event, rows[i].phase, rows[i].state), NULL);
        const struct alert *a = given_read(&g);
        assert_int_equal(a->event, rows[i].expected);
        assert_int_equal(a->phase, rows[i].expected_phase);
        assert_int_equal(a->class, rows[i].class);
        given_clean(&g);
    }
}

static void test_generic__words_that_do_not_exist_are_told(void **state)
{
    (void)state;
    static const char *const rows[] = {"event=explosion", "phase=middle", "class=loud"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given g;
        given_init(&g, NULL, LIST("host=nas", rows[i]), NULL);
        struct alert *a = NULL;
        assert_int_equal(ingest(&g.in, &a, &g.error), NT_EINVAL);
        assert_null(a);
        assert_non_null(strstr(buf_text(&g.error), strchr(rows[i], '=') + 1));
        given_clean(&g);
    }
}

static void test_generic__a_text_alone_is_an_alert(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL, NULL, LIST("HOSTNAME=this-machine", "HOME=/root"));
    g.in.text = "\nBackup of nas failed\ntape 7 is full\n";
    const struct alert *a = given_read(&g);
    assert_int_equal(a->source, SOURCE_GENERIC);
    assert_int_equal(a->event, EVENT_PROBLEM);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_string_equal(a->host, "");
    assert_string_equal(a->output, "Backup of nas failed");
    assert_string_equal(a->long_output, "tape 7 is full");
    assert_string_equal(a->severity, "");
    assert_int_equal(a->time, GIVEN_NOW / 1000);
    given_clean(&g);

    /* With pairs it is their output, unless they have one. */
    given_init(&g, NULL, LIST("host=nas"), NULL);
    g.in.text = "failed";
    assert_string_equal(given_read(&g)->output, "failed");
    given_clean(&g);
    given_init(&g, NULL, LIST("host=nas", "output=said"), NULL);
    g.in.text = "failed";
    assert_string_equal(given_read(&g)->output, "said");
    given_clean(&g);
}

static void test_generic__survives_each_failed_allocation(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL, LIST("host=nas", "state=DOWN", "output=one\ntwo", "RUNBOOK=x"), NULL);
    given_fails_each_allocation(&g);
    given_clean(&g);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generic__takes_every_neutral_name),
        cmocka_unit_test(test_generic__the_event_is_said_or_follows_from_the_state),
        cmocka_unit_test(test_generic__words_that_do_not_exist_are_told),
        cmocka_unit_test(test_generic__a_text_alone_is_an_alert),
        cmocka_unit_test(test_generic__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* zabbix: problems, recoveries and updates, with the packaged message, the default ones and free text. */
#include "given.h"

static const struct alert *read(struct given *g, const char *subject, const char *message)
{
    given_init(g, NULL, NULL, NULL);
    g->in.subject = subject;
    g->in.message = message;
    g->in.to = "+15005550001";
    return given_read(g);
}

static void test_zabbix__reads_a_message_of_macros(void **state)
{
    (void)state;
    struct given g;
    const struct alert *a =
        read(&g, "Problem: queue on mx2 above 500",
             "NOTIFIED=2026.11.23 09:32:46\r\nEVENT.ID=4711\r\nEVENT.VALUE=1\r\nEVENT.STATUS=PROBLEM\r\n"
             "EVENT.UPDATE.STATUS=0\r\nEVENT.SEVERITY=High\r\nEVENT.NSEVERITY=4\r\nEVENT.NAME=queue above 500\r\n"
             "HOST.NAME=mx2\r\nHOST.IP=192.0.2.25\r\nTRIGGER.ID=23133\r\nTRIGGER.URL=https://wiki.example.org/q\r\n"
             "EVENT.DURATION=2h 5m\r\nEVENT.TIMESTAMP=1795425000\r\nUSER.FULLNAME={USER.FULLNAME}\r\n"
             "EVENT.TAGS=site:Berlin\r\nITEM.LASTVALUE=512\r\nEVENT.OPDATA=deferred 400\r\nactive 112\r\n"
             "EVENT.UPDATE.MESSAGE={EVENT.UPDATE.MESSAGE}\r\n");
    assert_int_equal(a->source, SOURCE_ZABBIX);
    assert_int_equal(a->event, EVENT_PROBLEM);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_string_equal(a->state, "PROBLEM");
    assert_string_equal(a->severity, "high");
    assert_string_equal(a->host, "mx2");
    assert_string_equal(a->address, "192.0.2.25");
    assert_string_equal(a->service, "");
    assert_string_equal(a->output, "queue above 500");
    assert_string_equal(a->long_output, "deferred 400\nactive 112");
    assert_string_equal(a->event_id, "4711");
    assert_string_equal(a->problem_id, "4711");
    assert_string_equal(a->url, "https://wiki.example.org/q");
    assert_string_equal(a->author, "");
    assert_string_equal(a->comment, "");
    assert_int_equal(a->time, 1795425000);
    assert_int_equal(a->duration, 7500);
    assert_int_equal(a->notification_number, -1);
    assert_string_equal(kv_text(&a->macros, "EVENT.TAGS"), "site:Berlin");
    assert_string_equal(kv_text(&a->macros, "ALERT.SUBJECT"), "Problem: queue on mx2 above 500");
    given_clean(&g);
}

/* Word for word what Zabbix 6.0.14 handed over of the packaged media type: an import makes CRLF of each line's end. */
static const struct {
    const char *subject, *message;
    enum alert_event event;
    const char *state;
    enum alert_class class;
    const char *output, *long_output, *author, *comment;
    int64_t duration;
} records[] = {
    {"Problem: value is bad: 12.5",
     "NOTIFIED=2026.11.23 15:29:27\r\nEVENT.UPDATE.STATUS=0\r\nEVENT.ID=1\r\nEVENT.VALUE=1\r\nEVENT.STATUS=PROBLEM\r\n"
     "EVENT.NSEVERITY=4\r\nEVENT.SEVERITY=High\r\nEVENT.TIMESTAMP={EVENT.TIMESTAMP}\r\nEVENT.AGE=3s\r\n"
     "EVENT.ACK.STATUS=No\r\nTRIGGER.ID=1\r\nITEM.ID=1\r\nHOST.NAME=web01\r\nHOST.HOST=web01\r\nHOST.IP=*UNKNOWN*\r\n"
     "TRIGGER.URL=\r\nEVENT.TAGS=\r\nEVENT.NAME=value is bad: 12.5\r\nITEM.LASTVALUE=12.5",
     EVENT_PROBLEM, "PROBLEM", CLASS_URGENT, "value is bad: 12.5", "12.5", "", "", 3},
    {"Updated: value is bad: 12.5",
     "NOTIFIED=2026.11.23 15:29:30\r\nEVENT.UPDATE.STATUS=1\r\nEVENT.UPDATE.ACTION=acknowledged and commented\r\n"
     "EVENT.ID=1\r\nEVENT.VALUE=1\r\nEVENT.STATUS=PROBLEM\r\nEVENT.NSEVERITY=4\r\nEVENT.SEVERITY=High\r\n"
     "EVENT.UPDATE.TIMESTAMP={EVENT.UPDATE.TIMESTAMP}\r\nEVENT.AGE=6s\r\nEVENT.ACK.STATUS=Yes\r\nTRIGGER.ID=1\r\n"
     "ITEM.ID=1\r\nHOST.NAME=web01\r\nHOST.HOST=web01\r\nHOST.IP=*UNKNOWN*\r\nTRIGGER.URL=\r\n"
     "USER.FULLNAME=Bob Baker (bob)\r\nEVENT.TAGS=\r\nEVENT.NAME=value is bad: 12.5\r\n"
     "EVENT.UPDATE.MESSAGE=I'm on it\r\nsecond $(id)",
     EVENT_ACKNOWLEDGEMENT, "PROBLEM", CLASS_ROUTINE, "value is bad: 12.5", "", "Bob Baker (bob)",
     "I'm on it\nsecond $(id)", 6},
    {"Resolved in 7s: value is bad: 12.5",
     "NOTIFIED=2026.11.23 15:29:33\r\nEVENT.UPDATE.STATUS=0\r\nEVENT.ID=1\r\nEVENT.RECOVERY.ID=2\r\nEVENT.VALUE=0\r\n"
     "EVENT.STATUS=RESOLVED\r\nEVENT.NSEVERITY=4\r\nEVENT.SEVERITY=High\r\n"
     "EVENT.RECOVERY.TIMESTAMP={EVENT.RECOVERY.TIMESTAMP}\r\nEVENT.DURATION=7s\r\nEVENT.ACK.STATUS=Yes\r\n"
     "TRIGGER.ID=1\r\nITEM.ID=1\r\nHOST.NAME=web01\r\nHOST.HOST=web01\r\nHOST.IP=*UNKNOWN*\r\nTRIGGER.URL=\r\n"
     "EVENT.TAGS=\r\nEVENT.NAME=value is bad: 12.5\r\nITEM.LASTVALUE=1",
     EVENT_RECOVERY, "OK", CLASS_ROUTINE, "value is bad: 12.5", "1", "", "", 7},
};

static void test_zabbix__reads_what_the_server_hands_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct given g;
        const struct alert *a = read(&g, records[i].subject, records[i].message);
        assert_int_equal(a->event, records[i].event);
        assert_string_equal(a->state, records[i].state);
        assert_string_equal(a->severity, "high");
        assert_int_equal(a->class, records[i].class);
        assert_string_equal(a->host, "web01");
        assert_string_equal(a->address, "");
        assert_string_equal(a->url, "");
        assert_string_equal(a->output, records[i].output);
        assert_string_equal(a->long_output, records[i].long_output);
        assert_string_equal(a->author, records[i].author);
        assert_string_equal(a->comment, records[i].comment);
        assert_string_equal(a->object, "zabbix!event!1");
        assert_int_equal(a->time, GIVEN_NOW / 1000);
        assert_int_equal(a->duration, records[i].duration);
        assert_string_equal(kv_text(&a->macros, "ITEM.ID"), "1");
        given_clean(&g);
    }
}

static const struct {
    const char *message;
    enum alert_event event;
    const char *state;
    enum alert_class class;
} rows[] = {
    {"EVENT.VALUE=1\nEVENT.NSEVERITY=5", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    {"EVENT.VALUE=1\nEVENT.NSEVERITY=4", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    {"EVENT.VALUE=1\nEVENT.NSEVERITY=3", EVENT_PROBLEM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.NSEVERITY=0", EVENT_PROBLEM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.SEVERITY=Disaster", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    {"EVENT.VALUE=1\nEVENT.SEVERITY=Average", EVENT_PROBLEM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.SEVERITY=Schlimm", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    {"EVENT.VALUE=1\nEVENT.SEVERITY=Schlimm\nEVENT.NSEVERITY=2", EVENT_PROBLEM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    {"HOST.NAME=x", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    /* recovery */
    {"EVENT.VALUE=0\nEVENT.NSEVERITY=5", EVENT_RECOVERY, "OK", CLASS_ROUTINE},
    {"EVENT.STATUS=RESOLVED", EVENT_RECOVERY, "OK", CLASS_ROUTINE},
    {"EVENT.STATUS=OK", EVENT_RECOVERY, "OK", CLASS_ROUTINE},
    {"EVENT.RECOVERY.ID=5", EVENT_RECOVERY, "OK", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.STATUS=RESOLVED", EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    /* updates */
    {"EVENT.VALUE=1\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=acknowledged\nEVENT.NSEVERITY=5", EVENT_ACKNOWLEDGEMENT,
     "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=acknowledged and commented\nEVENT.ACK.STATUS=Yes",
     EVENT_ACKNOWLEDGEMENT, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=commented\nEVENT.ACK.STATUS=Yes\nEVENT.NSEVERITY=5",
     EVENT_CUSTOM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=unacknowledged", EVENT_CUSTOM, "PROBLEM",
     CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.UPDATE.STATUS=1\nEVENT.ACK.STATUS=Yes", EVENT_ACKNOWLEDGEMENT, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=1\nEVENT.UPDATE.STATUS=1\nEVENT.ACK.STATUS=No", EVENT_CUSTOM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.VALUE=0\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=commented", EVENT_CUSTOM, "OK", CLASS_ROUTINE},
    /* none, whatever an item's value says */
    {"EVENT.UPDATE.STATUS=0\nEVENT.VALUE=1\nITEM.LASTVALUE=x\nEVENT.UPDATE.STATUS=1\n"
     "EVENT.UPDATE.ACTION=acknowledged\nEVENT.VALUE=0\nEVENT.RECOVERY.ID=5\nEVENT.STATUS=RESOLVED",
     EVENT_PROBLEM, "PROBLEM", CLASS_URGENT},
    {"EVENT.UPDATE.STATUS=0\nEVENT.VALUE=0\nITEM.LASTVALUE=x\nEVENT.UPDATE.ACTION=acknowledged", EVENT_RECOVERY, "OK",
     CLASS_ROUTINE},
    {"EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=changed severity from Warning to High\nEVENT.NSEVERITY=4",
     EVENT_CUSTOM, "PROBLEM", CLASS_URGENT},
    {"EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=changed severity from Warning to High and commented", EVENT_CUSTOM,
     "PROBLEM", CLASS_URGENT},
    {"EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=acknowledged, changed severity from Average to Disaster and "
     "commented",
     EVENT_ACKNOWLEDGEMENT, "PROBLEM", CLASS_URGENT},
    {"EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=changed severity from High to Disaster\nEVENT.NSEVERITY=5",
     EVENT_CUSTOM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=changed severity from High to Warning\nEVENT.NSEVERITY=2",
     EVENT_CUSTOM, "PROBLEM", CLASS_ROUTINE},
    {"EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=changed severity from Lau to Schlimm\nEVENT.NSEVERITY=4", EVENT_CUSTOM,
     "PROBLEM", CLASS_URGENT},
};

static void test_zabbix__tells_problems_recoveries_and_updates_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given g;
        const struct alert *a = read(&g, "x", rows[i].message);
        assert_int_equal(a->event, rows[i].event);
        assert_string_equal(a->state, rows[i].state);
        assert_int_equal(a->class, rows[i].class);
        given_clean(&g);
    }
}

static void test_zabbix__an_update_says_who_and_what(void **state)
{
    (void)state;
    struct given g;
    const struct alert *a = read(&g, "Updated: x",
                                 "EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=commented\nUSER.FULLNAME=Bob (bob)\n"
                                 "EVENT.UPDATE.MESSAGE=on it\ncall me");
    assert_string_equal(a->author, "Bob (bob)");
    assert_string_equal(a->comment, "on it\ncall me");
    given_clean(&g);
    a = read(&g, "Updated: x",
             "EVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=changed severity from Warning to High\n"
             "EVENT.UPDATE.MESSAGE={EVENT.UPDATE.MESSAGE}");
    assert_string_equal(a->comment, "changed severity from Warning to High");
    given_clean(&g);
}

static void test_zabbix__free_text_pages_too(void **state)
{
    (void)state;
    struct given g;
    const struct alert *a = read(&g, "Problem: queue on mx2 above 500", "status=PROBLEM\nhost=mx2 *UNKNOWN*\nack=No");
    assert_int_equal(a->event, EVENT_PROBLEM);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_string_equal(a->state, "PROBLEM");
    assert_string_equal(a->severity, "");
    assert_string_equal(a->host, "");
    assert_string_equal(a->output, "queue on mx2 above 500");
    assert_string_equal(a->long_output, "status=PROBLEM\nhost=mx2 *UNKNOWN*\nack=No");
    given_clean(&g);

    a = read(&g, "Resolved in 10s: queue on mx2 above 500", "status=RESOLVED id=3 rid=13");
    assert_int_equal(a->event, EVENT_RECOVERY);
    assert_string_equal(a->state, "OK");
    assert_int_equal(a->duration, 10);
    given_clean(&g);

    a = read(&g, "Updated: queue",
             "Bob acknowledged and commented at 2026.11.23: unacknowledged before status=PROBLEM");
    assert_int_equal(a->event, EVENT_ACKNOWLEDGEMENT);
    assert_string_equal(a->state, "PROBLEM");
    given_clean(&g);

    a = read(&g, "Updated: queue", "Bob unacknowledged problem at 9\n\nCurrent status, acknowledged: No.");
    assert_int_equal(a->event, EVENT_CUSTOM);
    given_clean(&g);

    a = read(&g, "", "only a message\nof two lines");
    assert_string_equal(a->output, "only a message");
    assert_string_equal(a->long_output, "of two lines");
    given_clean(&g);

    a = read(&g, "only a subject", NULL);
    assert_string_equal(a->output, "only a subject");
    assert_int_equal(a->event, EVENT_PROBLEM);
    given_clean(&g);
}

static void test_zabbix__the_default_templates_are_understood(void **state)
{
    (void)state;
    struct given g;
    const struct alert *a = read(&g, "mx2: queue",
                                 "Problem has been resolved at 09:40:00 on 2026.11.23\r\nProblem name: queue above "
                                 "500\r\nProblem duration: 7m 14s\r\nHost: mx2\r\nSeverity: Warning\r\n"
                                 "Original problem ID: 4711\r\n");
    assert_int_equal(a->event, EVENT_RECOVERY);
    assert_string_equal(a->host, "mx2");
    assert_string_equal(a->severity, "warning");
    assert_string_equal(a->output, "queue above 500");
    assert_string_equal(a->object, "zabbix!event!4711");
    assert_int_equal(a->duration, 434);
    given_clean(&g);
}

static void test_zabbix__severity_is_in_lower_case(void **state)
{
    (void)state;
    static const char *const severities[][2] = {
        {"EVENT.SEVERITY=Not classified", "not classified"},
        {"EVENT.SEVERITY=\xC3\x84rgerlich", "\xC3\xA4rgerlich"},
        {"EVENT.SEVERITY=BAD \xFF", "BAD \xFF"},
        {"EVENT.NSEVERITY=3", "average"},
        {"EVENT.NSEVERITY=9", ""},
        {"TRIGGER.SEVERITY=Disaster", "disaster"},
        {"EVENT.SEVERITY=*UNKNOWN*", ""},
    };
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        struct given g;
        assert_string_equal(read(&g, "x", severities[i][0])->severity, severities[i][1]);
        given_clean(&g);
    }
}

static void test_zabbix__pairs_win_over_the_message(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "zabbix", LIST("HOST.NAME=from-pair", "EVENT.NAME={EVENT.NAME}", "ITEM.ID=5"), NULL);
    g.in.message = "HOST.NAME=from-message\nEVENT.OPDATA=512";
    g.in.subject = "Problem: x";
    const struct alert *a = given_read(&g);
    assert_string_equal(a->host, "from-pair");
    assert_string_equal(a->output, "x");
    assert_string_equal(a->long_output, "512");
    assert_string_equal(kv_text(&a->macros, "ITEM.ID"), "5");
    given_clean(&g);
}

static void test_zabbix__survives_each_failed_allocation(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL, LIST("ITEM.ID=5"), NULL);
    g.in.subject = "Updated: x";
    g.in.message =
        "Hello\nEVENT.UPDATE.STATUS=1\nEVENT.UPDATE.ACTION=commented\nEVENT.SEVERITY=High\nEVENT.OPDATA=1\n2";
    given_fails_each_allocation(&g);
    g.in.message = "Host: mx2\nSeverity: High\nOriginal problem ID: 3";
    given_fails_each_allocation(&g);
    given_clean(&g);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zabbix__reads_a_message_of_macros),
        cmocka_unit_test(test_zabbix__reads_what_the_server_hands_over),
        cmocka_unit_test(test_zabbix__tells_problems_recoveries_and_updates_apart),
        cmocka_unit_test(test_zabbix__an_update_says_who_and_what),
        cmocka_unit_test(test_zabbix__free_text_pages_too),
        cmocka_unit_test(test_zabbix__the_default_templates_are_understood),
        cmocka_unit_test(test_zabbix__severity_is_in_lower_case),
        cmocka_unit_test(test_zabbix__pairs_win_over_the_message),
        cmocka_unit_test(test_zabbix__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* channel_notification: what Icinga Notifications tells → the alert, and whom to page. */
#include "ingest/channel_request.h"

#include "given.h"

struct told {
    struct channel_request r;
    struct given given;
    const struct alert *alert;
    struct buf to; /* joined by blanks */
};

#define LINE(params) "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"SendNotification\",\"params\":{" params "}}"
#define SERVICE                                                                                                        \
    "\"object\":{\"name\":\"web01!HTTP\",\"url\":\"https://mon.example.org/icingadb/service\",\"tags\":{"              \
    "\"host\":\"web01\",\"service\":\"HTTP\"}}"
#define HOST  "\"object\":{\"name\":\"web01\",\"url\":\"/icingadb/host\",\"tags\":{\"host\":\"web01\"}}"
#define OTHER "\"object\":{\"name\":\"pod shop-7f\",\"url\":\"\",\"tags\":{\"namespace\":\"shop\",\"service\":\"pay\"}}"
#define INCIDENT(severity)                                                                                             \
    "\"incident\":{\"id\":1437,\"url\":\"https://mon.example.org/incident?id=1437\",\"severity\":" severity "}"
#define EVENT "\"event\":{\"time\":\"2026-11-23T09:19:08.445439055Z\",\"message\":\"no answer\\nfor 5 s\"}"

static void tell(struct told *t, const char *line)
{
    struct buf error;
    memset(t, 0, sizeof *t);
    buf_init(&error, 4096);
    buf_init(&t->to, 4096);
    channel_request_init(&t->r, CHANNEL_PLAIN);
    assert_int_equal(channel_request_read(line, strlen(line), "twiliosms", &t->r, &error), NT_OK);
    assert_int_equal(t->r.method, CHANNEL_SEND_NOTIFICATION);
    for (size_t i = 0; i < t->r.to.n; i++)
        buf_addf(&t->to, "%s%s", i ? " " : "", t->r.to.item[i]);
    t->given.in = (struct ingest_input){.source = "icinga2", .pairs = &t->r.macros, .now = GIVEN_NOW};
    buf_init(&t->given.error, 4096);
    t->alert = given_read(&t->given);
    buf_clean(&error);
}

static void forget(struct told *t)
{
    given_clean(&t->given);
    channel_request_clean(&t->r);
    buf_clean(&t->to);
}

static void test_channel_notification__becomes_an_alert_of_icinga2(void **state)
{
    (void)state;
    struct told t;
    tell(&t,
         LINE("\"contact\":{\"full_name\":\"Alice A.\",\"addresses\":[]}," SERVICE "," INCIDENT("\"crit\"") "," EVENT));
    assert_int_equal(t.alert->source, SOURCE_ICINGA2);
    assert_int_equal(t.alert->event, EVENT_PROBLEM);
    assert_int_equal(t.alert->class, CLASS_URGENT);
    assert_string_equal(t.alert->host, "web01");
    assert_string_equal(t.alert->service, "HTTP");
    assert_string_equal(t.alert->state, "CRITICAL");
    assert_string_equal(t.alert->severity, "critical");
    assert_string_equal(t.alert->output, "no answer");
    assert_string_equal(t.alert->long_output, "for 5 s");
    assert_string_equal(t.alert->url, "https://mon.example.org/icingadb/service");
    assert_string_equal(t.alert->problem_id, "1437");
    assert_string_equal(t.alert->contact, "Alice A.");
    assert_string_equal(t.alert->object, "icinga2!web01!HTTP");
    assert_int_equal(t.alert->time, 1795425548);
    assert_string_equal(kv_text(&t.alert->macros, "INCIDENTSEVERITY"), "crit");
    forget(&t);
}

static void test_channel_notification__severities_are_states(void **state)
{
    (void)state;
    static const struct {
        const char *severity, *service, *host, *other;
        enum alert_event event;
        enum alert_class class;
    } rows[] = {
        {"\"ok\"", "OK", "UP", "OK", EVENT_RECOVERY, CLASS_ROUTINE},
        {"\"debug\"", "WARNING", "WARNING", "WARNING", EVENT_PROBLEM, CLASS_ROUTINE},
        {"\"info\"", "WARNING", "WARNING", "WARNING", EVENT_PROBLEM, CLASS_ROUTINE},
        {"\"notice\"", "WARNING", "WARNING", "WARNING", EVENT_PROBLEM, CLASS_ROUTINE},
        {"\"warning\"", "WARNING", "WARNING", "WARNING", EVENT_PROBLEM, CLASS_ROUTINE},
        {"\"err\"", "UNKNOWN", "DOWN", "CRITICAL", EVENT_PROBLEM, CLASS_URGENT},
        {"\"crit\"", "CRITICAL", "DOWN", "CRITICAL", EVENT_PROBLEM, CLASS_URGENT},
        {"\"alert\"", "CRITICAL", "DOWN", "CRITICAL", EVENT_PROBLEM, CLASS_URGENT},
        {"\"emerg\"", "CRITICAL", "DOWN", "CRITICAL", EVENT_PROBLEM, CLASS_URGENT},
        /* one that nobody has heard of: better a page too many */
        {"\"doom\"", "doom", "doom", "doom", EVENT_PROBLEM, CLASS_URGENT},
        {"null", "", "", "", EVENT_CUSTOM, CLASS_URGENT},
        {"7", "", "", "", EVENT_CUSTOM, CLASS_URGENT},
    };
    static const char *const objects[] = {SERVICE, HOST, OTHER};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const states[] = {rows[i].service, rows[i].host, rows[i].other};
        for (size_t k = 0; k < 3; k++) {
            char line[2048];
            struct told t;
            snprintf(line, sizeof line, LINE("%s,\"incident\":{\"id\":1,\"severity\":%s}," EVENT), objects[k],
                     rows[i].severity);
            tell(&t, line);
            assert_string_equal(t.alert->state, states[k]);
            assert_int_equal(t.alert->event, rows[i].event);
            assert_int_equal(t.alert->class, rows[i].class);
            forget(&t);
        }
    }
}

static void test_channel_notification__early_versions_say_what_happened(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum alert_event event;
        enum alert_phase phase;
        bool comment;
    } rows[] = {
        {"state", EVENT_PROBLEM, PHASE_NONE, false},
        {"incident-age", EVENT_PROBLEM, PHASE_NONE, false},
        {"acknowledgement-set", EVENT_ACKNOWLEDGEMENT, PHASE_NONE, true},
        {"acknowledgement-cleared", EVENT_PROBLEM, PHASE_NONE, false},
        {"custom", EVENT_CUSTOM, PHASE_NONE, true},
        {"downtime-start", EVENT_DOWNTIME, PHASE_START, true},
        {"downtime-end", EVENT_DOWNTIME, PHASE_END, true},
        {"downtime-removed", EVENT_DOWNTIME, PHASE_CANCELLED, true},
        {"flapping-start", EVENT_FLAPPING, PHASE_START, false},
        {"flapping-end", EVENT_FLAPPING, PHASE_END, false},
        {"mute", EVENT_DOWNTIME, PHASE_START, true},
        {"unmute", EVENT_DOWNTIME, PHASE_END, true},
        {"something-new", EVENT_PROBLEM, PHASE_NONE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[2048];
        struct told t;
        snprintf(line, sizeof line,
                 LINE(SERVICE "," INCIDENT("\"crit\"") ",\"event\":{\"time\":\"2026-11-23T09:19:08Z\",\"type\":\"%s\","
                                                       "\"username\":\"bob\",\"message\":\"on it\"}"),
                 rows[i].type);
        tell(&t, line);
        assert_int_equal(t.alert->event, rows[i].event);
        assert_int_equal(t.alert->phase, rows[i].phase);
        assert_string_equal(t.alert->author, "bob");
        assert_string_equal(t.alert->comment, rows[i].comment ? "on it" : "");
        assert_string_equal(t.alert->output, rows[i].comment ? "" : "on it");
        forget(&t);
    }
}

static void test_channel_notification__is_about_an_object(void **state)
{
    (void)state;
    static const struct {
        const char *params, *host, *service, *object, *url;
    } rows[] = {
        {SERVICE, "web01", "HTTP", "icinga2!web01!HTTP", "https://mon.example.org/icingadb/service"},
        {HOST "," INCIDENT("\"crit\""), "web01", "", "icinga2!web01", "https://mon.example.org/incident?id=1437"},
        {OTHER, "pod shop-7f", "", "icinga2!pod shop-7f", ""},
        {"\"object\":{\"name\":\"x\",\"tags\":null}", "x", "", "icinga2!x", ""},
        {"\"object\":{\"name\":\"x\",\"tags\":[1,2]},\"contact\":null,\"incident\":null,\"event\":null", "x", "",
         "icinga2!x", ""},
        {"\"object\":{\"name\":7,\"tags\":{\"host\":\"a\",\"service\":{}}}", "a", "", "icinga2!a", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[2048];
        struct told t;
        snprintf(line, sizeof line, LINE("%s"), rows[i].params);
        tell(&t, line);
        assert_string_equal(t.alert->host, rows[i].host);
        assert_string_equal(t.alert->service, rows[i].service);
        assert_string_equal(t.alert->object, rows[i].object);
        assert_string_equal(t.alert->url, rows[i].url);
        forget(&t);
    }
}

static void test_channel_notification__goes_to_the_channels_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *addresses, *to, *pager;
    } rows[] = {
        {"{\"type\":\"twiliosms\",\"address\":\"+15005550001\"}", "+15005550001", ""},
        {"{\"type\":\"TwilioSMS\",\"address\":\"+1 (500) 555-0001\"}", "+15005550001", ""},
        /* its own type first, and then alone */
        {"{\"type\":\"phone\",\"address\":\"+15005550002\"},{\"type\":\"twiliosms\",\"address\":\"+15005550001\"}",
         "+15005550001", ""},
        {"{\"type\":\"email\",\"address\":\"a@example.org\"},{\"type\":\"phone\",\"address\":\"0015005550002\"},"
         "{\"type\":\"mobile\",\"address\":\"+15005550003\"},{\"type\":\"sms\",\"address\":\"+1-500-555-0002\"}",
         "+15005550002 +15005550003", ""},
        {"{\"type\":\"pager\",\"address\":\"oncall, bob\"},{\"type\":\"tel\",\"address\":\"\"}", "oncall bob", ""},
        {"{\"type\":\"email\",\"address\":\"a@example.org\"},{\"type\":\"rocketchat\",\"address\":\"#ops\"}", "",
         "a@example.org,#ops"},
        {"{\"type\":\"sms\",\"address\":\" \"},{\"type\":\"sms\"},{\"address\":\"+15005550001\"},7,null", "",
         " ,+15005550001"},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[2048];
        struct told t;
        snprintf(line, sizeof line, LINE("\"contact\":{\"full_name\":\"Alice\",\"addresses\":[%s]}," HOST "," EVENT),
                 rows[i].addresses);
        tell(&t, line);
        assert_string_equal(buf_text(&t.to), rows[i].to);
        assert_string_equal(t.alert->pager, rows[i].pager);
        assert_string_equal(t.alert->contact, "Alice");
        forget(&t);
    }
}

static void test_channel_notification__of_an_implausible_time_is_of_now(void **state)
{
    (void)state;
    static const char *const times[] = {"\"0001-01-01T00:00:00Z\"", "\"2099-01-01T00:00:00Z\"", "\"yesterday\"",
                                        "1795425548", "null"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char line[1024];
        struct told t;
        snprintf(line, sizeof line, LINE(HOST ",\"event\":{\"time\":%s,\"message\":\"x\"}"), times[i]);
        tell(&t, line);
        assert_int_equal(t.alert->time, GIVEN_NOW / 1000);
        forget(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_notification__becomes_an_alert_of_icinga2),
        cmocka_unit_test(test_channel_notification__severities_are_states),
        cmocka_unit_test(test_channel_notification__early_versions_say_what_happened),
        cmocka_unit_test(test_channel_notification__is_about_an_object),
        cmocka_unit_test(test_channel_notification__goes_to_the_channels_addresses),
        cmocka_unit_test(test_channel_notification__of_an_implausible_time_is_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

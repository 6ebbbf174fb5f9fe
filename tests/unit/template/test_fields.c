/* fields: every name an alert and a digest answer to. */
#include "fixture.h"

static void test_fields__every_field(void **state)
{
    static const struct {
        const char *template, *expected;
    } table[] = {
        {"{{source}} {{event}} [{{phase}}] {{state}} {{severity}} {{class}}",
         "nagios problem [] CRITICAL critical urgent"},
        {"{{host}} {{host_alias}} {{address}} {{service}}", "web01.example.org Web server 1 192.0.2.10 HTTP"},
        {"{{output}}|{{long_output}}|{{perfdata}}", "Connection refused|first\nsecond|time=0.1s"},
        {"{{time}} {{duration}} {{notification_number}} {{problem_id}}", "02:12 2h 5m 2 17"},
        {"{{author}}|{{comment}}|{{event_id}}|{{url}}", "ann|on it|e9|https://x.example.org/"},
        {"{{contact}} {{number}}", "alice +15005550001"},
        {"{{#urgent}}U{{/urgent}}{{#problem}}P{{/problem}}{{#recovery}}R{{/recovery}}{{#acknowledgement}}A{{/"
         "acknowledgement}}"
         "{{#flapping}}F{{/flapping}}{{#downtime}}D{{/downtime}}{{#custom}}C{{/custom}}{{#test}}T{{/test}}",
         "UP"},
        {"{{#start}}s{{/start}}{{#end}}e{{/end}}{{#cancelled}}c{{/cancelled}}.", "."},
        {"{{#nagios}}n{{/nagios}}{{#icinga2}}i{{/icinga2}}{{#zabbix}}z{{/zabbix}}{{#generic}}g{{/generic}}", "n"},
        {"{{HOSTNAME}} {{SERVICEDESC}} {{HOST.NAME}} {{_SERVICERUNBOOK}}{{NOSUCH}}{{NO.SUCH}}",
         "web01.example.org HTTP zbx https://wiki.example.org/http"},
        {"{{#_SERVICERUNBOOK}}see {{.}}{{/_SERVICERUNBOOK}}{{^NOSUCH}}!{{/NOSUCH}}",
         "see https://wiki.example.org/http!"},
        {"[{{count}}{{more}}{{#alerts}}x{{/alerts}}]", "[]"},
        {"{{duration | upper}} {{time | time:%d.%m.%y}} {{time | duration | first:1}}", "2H 5M 23.11.26 2"},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    fixture_set(&a->author, "ann");
    fixture_set(&a->comment, "on it");
    fixture_set(&a->event_id, "e9");
    fixture_set(&a->url, "https://x.example.org/");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_string_equal(fixture_page(&f, table[i].template, a), table[i].expected);
        assert_int_equal(f.logged, 0);
    }
    alert_free(a);
    fixture_close(&f);
}

static void test_fields__truths_follow_event_and_phase(void **state)
{
    static const enum alert_event events[] = {
        EVENT_PROBLEM, EVENT_RECOVERY, EVENT_ACKNOWLEDGEMENT, EVENT_FLAPPING, EVENT_DOWNTIME, EVENT_CUSTOM, EVENT_TEST};
    static const enum alert_phase phases[] = {PHASE_START, PHASE_END, PHASE_CANCELLED};
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    struct render_options options = fixture_options();
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        char text[128], expected[128];
        a->event = events[i];
        const char *name = alert_event_name(a->event);
        snprintf(text, sizeof text, "{{#%s}}yes {{event}}{{/%s}}", name, name);
        snprintf(expected, sizeof expected, "yes %s", name);
        fixture_write(&f, name, text);
        fixture_renew(&f, NULL);
        assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
        assert_string_equal(buf_text(&f.out.text), expected);
    }
    a->event = EVENT_PROBLEM;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        char text[128];
        a->phase = phases[i];
        snprintf(text, sizeof text, "{{#%s}}yes{{/%s}}", alert_phase_name(a->phase), alert_phase_name(a->phase));
        assert_string_equal(fixture_page(&f, text, a), "yes");
    }
    a->class = CLASS_ROUTINE;
    assert_string_equal(fixture_page(&f, "{{class}}{{#urgent}} no{{/urgent}}", a), "routine");
    alert_free(a);
    fixture_close(&f);
}

static void test_fields__unknown_numbers_are_empty(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    a->duration = -1;
    a->notification_number = -1;
    assert_string_equal(fixture_page(&f, "[{{duration}}{{#duration}}x{{/duration}}{{notification_number}}]", a), "[]");
    a->duration = 0;
    a->notification_number = 0;
    assert_string_equal(fixture_page(&f, "[{{duration}}{{#duration}}x{{/duration}} {{notification_number}}]", a),
                        "[0s 0]");
    a->time = INT64_MIN;
    a->duration = INT64_MAX;
    assert_non_null(fixture_page(&f, "{{time}} {{time | ago}} {{duration}}", a));
    alert_free(a);
    fixture_close(&f);
}

static void test_fields__digest(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert(), *b = fixture_alert();
    const struct alert *both[] = {a, b};
    struct render_options options = fixture_options();
    fixture_set(&b->host, "db01");
    fixture_set(&b->service, "");
    fixture_set(&b->state, "DOWN");
    b->class = CLASS_ROUTINE;
    fixture_write(&f, "digest",
                  "{{count}} for {{contact}} {{number}}{{#urgent}}!{{/urgent}}\n"
                  "{{#alerts}}\n{{state}} {{host}}{{#service}}/{{service}}{{/service}} of {{count}}\n{{/alerts}}\n"
                  "{{#more}}\n+{{more}}\n{{/more}}\n");
    assert_int_equal(template_render_digest(f.set, both, 2, 12, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "12 for alice +15005550001!\nCRITICAL web01.example.org/HTTP of 12\n"
                                               "DOWN db01 of 12\n+10");
    assert_int_equal(f.out.n, 3);
    assert_int_equal(template_render_digest(f.set, both + 1, 1, 1, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "1 for alice +15005550001\nDOWN db01 of 1");
    assert_int_equal(template_render_digest(f.set, both, 0, 3, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "3 for alice +15005550001\n+3");
    assert_int_equal(f.logged, 0);
    /* A field of an alert says nothing about many. */
    fixture_write(&f, "digest", "[{{host}}{{time}}{{problem}}]");
    fixture_renew(&f, NULL);
    assert_int_equal(template_render_digest(f.set, both, 2, 2, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "[]");
    /* The age of the one named first. */
    options.late = 200;
    options.now += 200 * 1000;
    fixture_write(&f, "digest", "{{#alerts}}{{host}} {{time}};{{/alerts}}");
    fixture_renew(&f, NULL);
    assert_int_equal(template_render_digest(f.set, both, 2, 2, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "web01.example.org 02:12 (3m ago);db01 02:12;");
    alert_free(a);
    alert_free(b);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields__every_field),
        cmocka_unit_test(test_fields__truths_follow_event_and_phase),
        cmocka_unit_test(test_fields__unknown_numbers_are_empty),
        cmocka_unit_test(test_fields__digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * defaults: the texts that come with the program, for every event and kind of alert.
 *
 * What they look like is kept in tests/golden/template/; after an intended change run this test with NT_GOLDEN_UPDATE=1
 * and read the difference.
 */
#include "fixture.h"

#include "base/file.h"

#include <ctype.h>

enum { SMS = 160 };

struct case_of {
    const char *title;
    enum alert_event event;
    enum alert_phase phase;
};

/* Nagios's service, its host, and Zabbix. For alert_free(). */
static struct alert *make_alert(int kind, enum alert_event event, enum alert_phase phase)
{
    struct alert *a = alert_new();
    bool fine = event == EVENT_RECOVERY || event == EVENT_DOWNTIME;
    assert_non_null(a);
    a->event = event;
    a->phase = phase;
    a->time = EVENT_AT;
    a->duration = event == EVENT_RECOVERY ? 1725 : -1;
    fixture_set(&a->host, kind == 2 ? "db01" : "web01");
    if (kind == 0) {
        a->source = SOURCE_NAGIOS;
        fixture_set(&a->service, "HTTP");
        fixture_set(&a->state, fine ? "OK" : "CRITICAL");
        fixture_set(&a->severity, fine ? "ok" : "critical");
        fixture_set(&a->output, fine ? "HTTP OK: 200 in 0.031 s" : "CRITICAL - Connection refused");
    } else if (kind == 1) {
        a->source = SOURCE_NAGIOS;
        fixture_set(&a->state, fine ? "UP" : "DOWN");
        fixture_set(&a->severity, fine ? "ok" : "critical");
        fixture_set(&a->output, fine ? "PING OK - 0% loss, 0.4 ms" : "PING CRITICAL - Packet loss = 100%");
    } else {
        a->source = SOURCE_ZABBIX;
        fixture_set(&a->state, event == EVENT_RECOVERY ? "OK" : "PROBLEM");
        fixture_set(&a->severity, "high");
        fixture_set(&a->output, "Disk space is critically low on /var (used > 90%)");
    }
    if (event == EVENT_ACKNOWLEDGEMENT || event == EVENT_DOWNTIME || event == EVENT_CUSTOM) {
        fixture_set(&a->author, "bob");
        fixture_set(&a->comment, "Replacing the switch,\nback at four");
    }
    return a;
}

static const char *const kind_names[] = {"a service of Nagios", "a host of Nagios", "Zabbix"};

static void compare_golden(const char *name, const struct buf *text)
{
    char path[PATH_MAX];
    struct buf expected;
    snprintf(path, sizeof path, NT_SOURCE_DIR "/tests/golden/template/%s.txt", name);
    if (getenv("NT_GOLDEN_UPDATE"))
        assert_int_equal(file_replace(path, buf_text(text), text->len, 0644), NT_OK);
    buf_init(&expected, TEXT_MAX);
    assert_int_equal(file_read(path, &expected, NULL), NT_OK);
    assert_string_equal(buf_text(text), buf_text(&expected));
    buf_clean(&expected);
}

/* One SMS, of characters that every phone's plain alphabet has. */
static void assert_plain(const struct rendering *r)
{
    assert_true(r->text.len > 0 && r->text.len <= SMS);
    for (size_t i = 0; i < r->text.len; i++) {
        char c = r->text.data[i];
        assert_true(c == '\n' || (c >= ' ' && c < 0x7F && !strchr("`^{}[]~\\|", c)));
    }
}

static void assert_names(const struct rendering *r, const struct alert *a)
{
    char event[32];
    const char *text = buf_text(&r->text);
    snprintf(event, sizeof event, "%s", alert_event_name(a->event));
    for (char *p = event; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    assert_non_null(strstr(text, event));
    assert_non_null(strstr(text, a->host));
    assert_non_null(strstr(text, a->service));
    assert_non_null(strstr(text, a->state));
    assert_non_null(strstr(text, "02:12"));
}

static void open_installed(struct fixture *f)
{
    fixture_open(f);
    fixture_renew(f, INSTALLED_TEMPLATES);
}

static void test_defaults__texts(void **state)
{
    static const struct case_of cases[] = {
        {"problem", EVENT_PROBLEM, PHASE_NONE},
        {"recovery", EVENT_RECOVERY, PHASE_NONE},
        {"acknowledgement", EVENT_ACKNOWLEDGEMENT, PHASE_NONE},
        {"flapping", EVENT_FLAPPING, PHASE_START},
        {"flapping", EVENT_FLAPPING, PHASE_END},
        {"flapping", EVENT_FLAPPING, PHASE_CANCELLED},
        {"downtime", EVENT_DOWNTIME, PHASE_START},
        {"downtime", EVENT_DOWNTIME, PHASE_END},
        {"downtime", EVENT_DOWNTIME, PHASE_CANCELLED},
        {"custom", EVENT_CUSTOM, PHASE_NONE},
        {"test", EVENT_TEST, PHASE_NONE},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    struct fixture f;
    struct buf all;
    (void)state;
    open_installed(&f);
    buf_init(&all, TEXT_MAX);
    for (size_t i = 0; i < CASES; i++) {
        struct render_options options = fixture_options();
        for (int kind = 0; kind < 3; kind++) {
            struct alert *a = make_alert(kind, cases[i].event, cases[i].phase);
            assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
            assert_plain(&f.out);
            assert_names(&f.out, a);
            buf_addf(&all, "== %s%s%s\n%s\n", kind_names[kind], *alert_phase_name(a->phase) ? ", " : "",
                     alert_phase_name(a->phase), buf_text(&f.out.text));
            /* Late by seven minutes. */
            options.late = 425;
            options.now += 430 * 1000;
            assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
            assert_non_null(strstr(buf_text(&f.out.text), "02:12 (7m ago)"));
            assert_names(&f.out, a);
            options = fixture_options();
            alert_free(a);
        }
        if (i + 1 == CASES || strcmp(cases[i].title, cases[i + 1].title) != 0) {
            compare_golden(cases[i].title, &all);
            buf_reset(&all);
        }
    }
    assert_int_equal(f.logged, 0);
    buf_clean(&all);
    fixture_close(&f);
}

static void test_defaults__default_serves_any_event(void **state)
{
    struct fixture f;
    struct buf all;
    (void)state;
    open_installed(&f);
    buf_init(&all, TEXT_MAX);
    for (int event = EVENT_PROBLEM; event <= EVENT_TEST; event++) {
        struct render_options options = fixture_options();
        struct alert *a = make_alert(0, (enum alert_event)event,
                                     event == EVENT_FLAPPING || event == EVENT_DOWNTIME ? PHASE_START : PHASE_NONE);
        assert_int_equal(template_render_alert(f.set, "default", a, &options, &f.out), NT_OK);
        assert_plain(&f.out);
        assert_names(&f.out, a);
        buf_addf(&all, "== %s\n%s\n", alert_event_name(a->event), buf_text(&f.out.text));
        alert_free(a);
    }
    compare_golden("default", &all);
    buf_clean(&all);
    fixture_close(&f);
}

static void test_defaults__digest(void **state)
{
    struct fixture f;
    struct buf all;
    struct render_options options = fixture_options();
    struct alert *list[5];
    const struct alert *alerts[5];
    (void)state;
    open_installed(&f);
    buf_init(&all, TEXT_MAX);
    list[0] = make_alert(1, EVENT_PROBLEM, PHASE_NONE);
    list[1] = make_alert(0, EVENT_PROBLEM, PHASE_NONE);
    list[2] = make_alert(2, EVENT_PROBLEM, PHASE_NONE);
    list[3] = make_alert(0, EVENT_RECOVERY, PHASE_NONE);
    list[4] = make_alert(0, EVENT_FLAPPING, PHASE_START);
    for (size_t i = 0; i < 5; i++)
        alerts[i] = list[i];
    assert_int_equal(template_render_digest(f.set, alerts, 4, 12, &options, &f.out), NT_OK);
    buf_addf(&all, "== twelve, four of them named\n%s\n", buf_text(&f.out.text));
    assert_non_null(strstr(buf_text(&f.out.text), "12 alerts"));
    assert_non_null(strstr(buf_text(&f.out.text), "+8 more"));
    assert_non_null(strstr(buf_text(&f.out.text), "web01 02:12"));
    assert_int_equal(template_render_digest(f.set, alerts + 3, 2, 2, &options, &f.out), NT_OK);
    assert_plain(&f.out);
    buf_addf(&all, "== all of two\n%s\n", buf_text(&f.out.text));
    assert_null(strstr(buf_text(&f.out.text), "more"));
    compare_golden("digest", &all);
    for (size_t i = 0; i < 5; i++)
        alert_free(list[i]);
    buf_clean(&all);
    fixture_close(&f);
}

/* What cannot give way leaves room for some output, with names as long as they usually are. */
static void test_defaults__fixed_text_is_short(void **state)
{
    struct fixture f;
    struct render_options options = fixture_options();
    (void)state;
    open_installed(&f);
    for (int event = EVENT_PROBLEM; event <= EVENT_TEST; event++) {
        struct alert *a = make_alert(0, (enum alert_event)event, PHASE_START);
        size_t fixed = 0;
        fixture_set(&a->host, "web-frontend-01.example.org");
        fixture_set(&a->service, "Apache worker threads");
        fixture_set(&a->author, "nagiosadmin");
        assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
        fixed = f.out.text.len;
        for (size_t i = 0; i < f.out.n; i++)
            if (f.out.span[i].kind == SPAN_FIT)
                fixed -= f.out.span[i].len;
        assert_true(fixed <= 120);
        alert_free(a);
    }
    fixture_close(&f);
}

/* A text alone, as `generic` takes it from standard input. */
static void test_defaults__text_without_a_host(void **state)
{
    struct fixture f;
    struct render_options options = fixture_options();
    (void)state;
    open_installed(&f);
    struct alert *a = alert_new();
    assert_non_null(a);
    a->source = SOURCE_GENERIC;
    a->time = EVENT_AT;
    fixture_set(&a->output, "the roof is on fire");
    assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "PROBLEM: 02:12\nthe roof is on fire");
    alert_free(a);
    fixture_close(&f);
}

static void test_defaults__nothing_to_complain_about(void **state)
{
    static const char *const names[] = {"problem", "recovery", "acknowledgement", "flapping", "downtime",
                                        "custom",  "test",     "default",         "digest"};
    struct fixture f;
    (void)state;
    open_installed(&f);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool has = false;
        assert_int_equal(template_set_has(f.set, names[i], &has), NT_OK);
        assert_true(has);
    }
    assert_int_equal(template_set_check(f.set, fixture_report, &f), NT_OK);
    assert_string_equal(buf_text(&f.report), "");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults__texts),
        cmocka_unit_test(test_defaults__default_serves_any_event),
        cmocka_unit_test(test_defaults__digest),
        cmocka_unit_test(test_defaults__fixed_text_is_short),
        cmocka_unit_test(test_defaults__text_without_a_host),
        cmocka_unit_test(test_defaults__nothing_to_complain_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

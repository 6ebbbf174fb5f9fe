/* ingest: guessing the source, tests, nothing at all, and hostile input. */
#include "given.h"

static void test_ingest__guesses_the_source_by_names(void **state)
{
    (void)state;
    const struct {
        const char *const *pairs, *const *env;
        const char *subject, *text;
        enum alert_source source;
    } rows[] = {
        {NULL, NULL, "Problem: x", NULL, SOURCE_ZABBIX},
        {LIST("HOSTNAME=a"), NULL, "Problem: x", NULL, SOURCE_ZABBIX},
        {LIST("HOST.NAME=a"), NULL, NULL, NULL, SOURCE_ZABBIX},
        {NULL, LIST("NAGIOS_HOSTNAME=a", "NAGIOS_NOTIFICATIONTYPE=PROBLEM"), NULL, NULL, SOURCE_NAGIOS},
        {LIST("NAGIOS_HOSTNAME=a"), NULL, NULL, NULL, SOURCE_NAGIOS},
        {LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=a", "HOSTSTATE=DOWN"), NULL, NULL, NULL, SOURCE_NAGIOS},
        {LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=a", "HOSTDISPLAYNAME=A"), NULL, NULL, NULL, SOURCE_ICINGA2},
        {LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=a", "USEREMAIL=x@y"), NULL, NULL, NULL, SOURCE_ICINGA2},
        {LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=a", "SERVICENAME="), NULL, NULL, NULL, SOURCE_ICINGA2},
        /* Nagios has display names as well. */
        {LIST("HOSTNAME=a", "HOSTALIAS=A", "HOSTDISPLAYNAME=A"), NULL, NULL, NULL, SOURCE_NAGIOS},
        {LIST("HOSTNAME=a", "HOSTDISPLAYNAME=A"), LIST("NAGIOS_HOSTNAME=a"), NULL, NULL, SOURCE_NAGIOS},
        {NULL, LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=a"), NULL, NULL, SOURCE_ICINGA2},
        {LIST("HOSTNAME=a"), LIST("NOTIFICATIONTYPE=PROBLEM"), NULL, NULL, SOURCE_ICINGA2},
        {LIST("RUNBOOK=x"), LIST("NAGIOS_HOSTNAME=a"), NULL, NULL, SOURCE_NAGIOS},
        {NULL, LIST("HOSTNAME=this-machine"), NULL, "text", SOURCE_GENERIC},
        {LIST("host=a"), LIST("HOSTNAME=this-machine"), NULL, NULL, SOURCE_GENERIC},
        {LIST("host=a"), LIST("NAGIOS_HOSTNAME=a"), NULL, NULL, SOURCE_GENERIC},
        {NULL, NULL, NULL, "text", SOURCE_GENERIC},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given g;
        given_init(&g, i & 1 ? "" : NULL, rows[i].pairs, rows[i].env);
        g.in.subject = rows[i].subject;
        g.in.text = rows[i].text;
        assert_int_equal(given_read(&g)->source, rows[i].source);
        given_clean(&g);
    }
}

static void test_ingest__nothing_is_told(void **state)
{
    (void)state;
    static const char *const sources[] = {NULL, "nagios", "icinga2", "zabbix", "generic"};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        for (int way = 0; way < 3; way++) {
            struct given g;
            given_init(&g, sources[i],
                       way ? LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=", "host=", "EVENT.VALUE=1") : NULL,
                       LIST("HOSTNAME=this-machine"));
            if (way == 2) {
                g.in.subject = "";
                g.in.message = " \n";
                g.in.text = "\n";
            }
            struct alert *a = NULL;
            assert_int_equal(ingest(&g.in, &a, &g.error), NT_EINVAL);
            assert_null(a);
            assert_true(g.error.len > 0);
            given_clean(&g);
        }
    }
    struct given g;
    given_init(&g, "prometheus", LIST("host=a"), NULL);
    struct alert *a = NULL;
    assert_int_equal(ingest(&g.in, &a, &g.error), NT_EINVAL);
    assert_non_null(strstr(buf_text(&g.error), "prometheus"));
    given_clean(&g);
    /* No lists at all. */
    struct buf error;
    buf_init(&error, 100);
    assert_int_equal(ingest(&(struct ingest_input){.text = "x", .now = GIVEN_NOW}, &a, &error), NT_OK);
    alert_free(a);
    buf_clean(&error);
}

static void test_ingest__a_test_needs_nothing_and_is_urgent(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL, NULL, NULL);
    g.in.test = true;
    const struct alert *a = given_read(&g);
    assert_int_equal(a->event, EVENT_TEST);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_int_equal(a->source, SOURCE_GENERIC);
    given_clean(&g);

    given_init(&g, NULL, LIST("NOTIFICATIONTYPE=FLAPPINGSTOP", "HOSTNAME=web01", "HOSTSTATE=UP", "SERVICENAME=s"),
               NULL);
    g.in.test = true;
    a = given_read(&g);
    assert_int_equal(a->event, EVENT_TEST);
    assert_int_equal(a->phase, PHASE_NONE);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_string_equal(a->host, "web01");
    given_clean(&g);
}

static void test_ingest__a_megabyte_is_cut_and_kept_raw(void **state)
{
    (void)state;
    static const char *const names[] = {"HOSTNAME", "SERVICEDESC",        "SERVICEOUTPUT", "NOTIFICATIONCOMMENT",
                                        "TIMET",    "NOTIFICATIONNUMBER", "SERVICESTATE",  "NOTIFICATIONTYPE"};
    enum { SIZE = 1 << 20 };
    char *big = mem_alloc(SIZE + 1);
    for (int i = 0; i < SIZE; i++)
        big[i] = (char)(i % 255 + 1);
    big[SIZE] = '\0';
    struct given g;
    given_init(&g, "nagios", NULL, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(kv_put(&g.pairs, names[i], big), NT_OK);
    const struct alert *a = given_read(&g);
    assert_int_equal(a->event, EVENT_CUSTOM);
    assert_int_equal(a->class, CLASS_URGENT);
    assert_memory_equal(a->host, big, 1000);
    assert_true(strlen(a->host) <= 16 * 1024 && strlen(a->comment) <= 16 * 1024 && strlen(a->object) <= 255);
    struct buf packed;
    buf_init(&packed, SIZE);
    assert_int_equal(alert_pack(a, &packed), NT_OK);
    buf_clean(&packed);
    given_clean(&g);

    given_init(&g, NULL, NULL, NULL);
    g.in.subject = g.in.message = g.in.text = big;
    a = given_read(&g);
    assert_true(strlen(a->output) <= 16 * 1024 && strlen(a->long_output) <= 16 * 1024 && strlen(a->object) <= 255);
    given_clean(&g);
    mem_free(big);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ingest__guesses_the_source_by_names),
        cmocka_unit_test(test_ingest__nothing_is_told),
        cmocka_unit_test(test_ingest__a_test_needs_nothing_and_is_urgent),
        cmocka_unit_test(test_ingest__a_megabyte_is_cut_and_kept_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* nagios: every notification type, host and service, from pairs and from the environment. */
#include "given.h"

static const struct {
    const char *type;
    enum alert_event event;
    enum alert_phase phase;
    const char *host_state, *service_state;
    enum alert_class class;
} types[] = {
    {"PROBLEM", EVENT_PROBLEM, PHASE_NONE, "DOWN", "CRITICAL", CLASS_URGENT},
    {"PROBLEM", EVENT_PROBLEM, PHASE_NONE, "UNREACHABLE", "UNKNOWN", CLASS_URGENT},
    {"RECOVERY", EVENT_RECOVERY, PHASE_NONE, "UP", "OK", CLASS_ROUTINE},
    {"ACKNOWLEDGEMENT", EVENT_ACKNOWLEDGEMENT, PHASE_NONE, "DOWN", "CRITICAL", CLASS_ROUTINE},
    {"FLAPPINGSTART", EVENT_FLAPPING, PHASE_START, "DOWN", "CRITICAL", CLASS_URGENT},
    {"FLAPPINGSTOP", EVENT_FLAPPING, PHASE_END, "UP", "OK", CLASS_ROUTINE},
    {"FLAPPINGDISABLED", EVENT_FLAPPING, PHASE_CANCELLED, "UP", "OK", CLASS_ROUTINE},
    {"DOWNTIMESTART", EVENT_DOWNTIME, PHASE_START, "DOWN", "CRITICAL", CLASS_ROUTINE},
    {"DOWNTIMEEND", EVENT_DOWNTIME, PHASE_END, "UP", "OK", CLASS_ROUTINE},
    {"DOWNTIMECANCELLED", EVENT_DOWNTIME, PHASE_CANCELLED, "UP", "OK", CLASS_ROUTINE},
    {"CUSTOM", EVENT_CUSTOM, PHASE_NONE, "UP", "OK", CLASS_URGENT},
    {"", EVENT_RECOVERY, PHASE_NONE, "UP", "OK", CLASS_ROUTINE},
    {"", EVENT_PROBLEM, PHASE_NONE, "DOWN", "WARNING", CLASS_URGENT},
};

static void put(struct kv *kv, const char *prefix, const char *name, const char *value)
{
    char key[80];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    assert_int_equal(kv_put(kv, key, value), NT_OK);
}

/* What the core sets for one notification, about as it does. */
static void put_notification(struct kv *kv, const char *prefix, size_t type, bool service)
{
    put(kv, prefix, "NOTIFICATIONTYPE", types[type].type);
    put(kv, prefix, "HOSTNAME", "db7");
    put(kv, prefix, "HOSTALIAS", "Database 7");
    put(kv, prefix, "HOSTADDRESS", "192.0.2.7");
    put(kv, prefix, "HOSTSTATE", service ? "UP" : types[type].host_state);
    put(kv, prefix, "HOSTOUTPUT", service ? "PING ok" : "no route\\nsince noon");
    put(kv, prefix, "HOSTPERFDATA", service ? "" : "rta=1s");
    put(kv, prefix, "HOSTPROBLEMID", "0");
    put(kv, prefix, "TIMET", "1795425548");
    put(kv, prefix, "HOSTDURATIONSEC", "1795425548");
    put(kv, prefix, "LASTHOSTSTATECHANGE", "1795425048");
    put(kv, prefix, "SERVICEDESC", service ? "Disk /var" : "");
    put(kv, prefix, "SERVICESTATE", service ? types[type].service_state : "");
    put(kv, prefix, "SERVICEOUTPUT", service ? "DISK `91%` \"full\"" : "");
    put(kv, prefix, "LONGSERVICEOUTPUT", service ? "/var 91%\\n/tmp 3%" : "");
    put(kv, prefix, "SERVICEPERFDATA", service ? "used=91%;80;90" : "");
    put(kv, prefix, "SERVICEPROBLEMID", service ? "12" : "");
    put(kv, prefix, "SERVICEDURATIONSEC", service ? "75" : "");
    put(kv, prefix, "SERVICEINFOURL", "website_url not set/cgi-bin/extinfo.cgi");
    put(kv, prefix, "SERVICENOTESURL", service ? "https://wiki.example.org/disk" : "");
    put(kv, prefix, "NOTIFICATIONAUTHOR", "bob");
    put(kv, prefix, "NOTIFICATIONCOMMENT", "on it; call me");
    put(kv, prefix, "NOTIFICATIONNUMBER", "0");
    put(kv, prefix, "CONTACTNAME", "alice");
    put(kv, prefix, "CONTACTPAGER", "+15005550001");
}

static void test_nagios__reads_every_type_for_hosts_and_services(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int way = 0; way < 6; way++) {
            bool service = way & 1;
            struct given g;
            given_init(&g, way == 0 ? NULL : "nagios", NULL, NULL);
            /* Bare pairs, pairs named as in the environment, the environment. */
            put_notification(way < 4 ? &g.pairs : &g.env, way < 2 ? "" : "NAGIOS_", i, service);
            const struct alert *a = given_read(&g);
            bool warning = !strcmp(types[i].service_state, "WARNING");
            assert_int_equal(a->source, SOURCE_NAGIOS);
            assert_int_equal(a->event, types[i].event);
            assert_int_equal(a->phase, types[i].phase);
            assert_int_equal(a->class, service && warning ? CLASS_ROUTINE : types[i].class);
            assert_string_equal(a->state, service ? types[i].service_state : types[i].host_state);
            assert_string_equal(a->host, "db7");
            assert_string_equal(a->host_alias, "Database 7");
            assert_string_equal(a->address, "192.0.2.7");
            assert_string_equal(a->service, service ? "Disk /var" : "");
            assert_string_equal(a->output, service ? "DISK `91%` \"full\"" : "no route");
            assert_string_equal(a->long_output, service ? "/var 91%\n/tmp 3%" : "since noon");
            assert_string_equal(a->perfdata, service ? "used=91%;80;90" : "rta=1s");
            assert_string_equal(a->author, "bob");
            assert_string_equal(a->comment, "on it; call me");
            assert_string_equal(a->problem_id, service ? "12" : "");
            assert_string_equal(a->url, service ? "https://wiki.example.org/disk" : "");
            assert_string_equal(a->pager, "+15005550001");
            assert_string_equal(a->contact, "alice");
            assert_int_equal(a->time, 1795425548);
            assert_int_equal(a->received, GIVEN_NOW);
            assert_int_equal(a->duration, service ? 75 : 500);
            assert_int_equal(a->notification_number, 0);
            assert_string_equal(a->object, service ? "nagios!db7!Disk /var" : "nagios!db7");
            assert_string_equal(kv_text(&a->macros, "HOSTNAME"), "db7");
            assert_null(kv_get(&a->macros, "NAGIOS_HOSTNAME"));
            given_clean(&g);
        }
    }
}

static void test_nagios__pairs_win_over_the_environment(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL, LIST("HOSTNAME=from-pair", "CONTACTPAGER=", "SERVICEDESC=$SERVICEDESC$", "_HOSTSITE=Berlin"),
               LIST("NAGIOS_HOSTNAME=from-env", "NAGIOS_CONTACTPAGER=+1", "NAGIOS_NOTIFICATIONTYPE=PROBLEM",
                    "NAGIOS_HOSTSTATE=DOWN", "NAGIOS__HOSTSITE=Paris", "NAGIOS__HOSTRACK=7", "HOME=/root",
                    "NAGIOS_CONTACTADDRESS0=first", "NAGIOS_CONTACTADDRESS5=sixth", "NAGIOS_CONTACTADDRESSX=x"));
    const struct alert *a = given_read(&g);
    assert_int_equal(a->source, SOURCE_NAGIOS);
    assert_string_equal(a->host, "from-pair");
    assert_string_equal(a->service, "");
    assert_string_equal(a->state, "DOWN");
    assert_string_equal(a->pager, "");
    assert_string_equal(kv_text(&a->macros, "_HOSTSITE"), "Berlin");
    assert_string_equal(kv_text(&a->macros, "_HOSTRACK"), "7");
    /* The environment counts addresses from zero, the macros from one. */
    assert_string_equal(kv_text(&a->macros, "CONTACTADDRESS1"), "first");
    assert_string_equal(kv_text(&a->macros, "CONTACTADDRESS6"), "sixth");
    assert_string_equal(kv_text(&a->macros, "CONTACTADDRESSX"), "x");
    assert_null(kv_get(&a->macros, "CONTACTADDRESS0"));
    assert_null(kv_get(&a->macros, "HOME"));
    given_clean(&g);
}

static void test_nagios__an_unexpanded_macro_was_not_given(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "nagios",
               LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=db7", "HOSTSTATE=DOWN", "HOSTOUTPUT=costs $5$ or $X$ a day",
                    "SERVICEDESC=$SERVICEDESC$", "SERVICESTATE=$SERVICESTATE$", "SERVICEOUTPUT=$_SERVICEX$",
                    "HOSTALIAS=$", "HOSTADDRESS=$$"),
               NULL);
    const struct alert *a = given_read(&g);
    assert_string_equal(a->service, "");
    assert_string_equal(a->state, "DOWN");
    assert_string_equal(a->output, "costs $5$ or $X$ a day");
    assert_string_equal(a->host_alias, "$");
    assert_string_equal(a->address, "$$");
    given_clean(&g);
}

static void test_nagios__acknowledgements_fall_back_to_the_objects_own_comment(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "nagios",
               LIST("NOTIFICATIONTYPE=ACKNOWLEDGEMENT", "HOSTNAME=db7", "SERVICEDESC=Disk", "SERVICEACKAUTHOR=bob",
                    "SERVICEACKCOMMENT=mine", "HOSTACKAUTHOR=nobody"),
               NULL);
    const struct alert *a = given_read(&g);
    assert_string_equal(a->author, "bob");
    assert_string_equal(a->comment, "mine");
    given_clean(&g);
}

static void test_nagios__a_strange_type_still_pages(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "nagios", LIST("NOTIFICATIONTYPE=EXPLOSION", "HOSTNAME=db7", "HOSTSTATE=UP"), NULL);
    const struct alert *a = given_read(&g);
    assert_int_equal(a->event, EVENT_CUSTOM);
    assert_int_equal(a->class, CLASS_URGENT);
    given_clean(&g);
}

static void test_nagios__a_missing_host_is_no_reason_to_be_silent(void **state)
{
    (void)state;
    static const struct {
        const char *pair, *host, *service, *output;
    } rows[] = {
        {"HOSTALIAS=Database 7", "Database 7", "", ""},
        {"HOSTADDRESS=192.0.2.7", "192.0.2.7", "", ""},
        {"SERVICEDESC=Disk", "", "Disk", ""},
        {"SERVICEOUTPUT=full", "", "", "full"},
        {"LONGHOSTOUTPUT=all of it", "", "", "all of it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given g;
        given_init(&g, "nagios", LIST(rows[i].pair), NULL);
        const struct alert *a = given_read(&g);
        assert_string_equal(a->host, rows[i].host);
        assert_string_equal(a->service, rows[i].service);
        assert_string_equal(a->output, rows[i].output);
        assert_int_equal(a->class, CLASS_URGENT);
        given_clean(&g);
    }
}

static void test_nagios__survives_each_failed_allocation(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "nagios", NULL, NULL);
    put_notification(&g.env, "NAGIOS_", 0, true);
    put(&g.pairs, "", "HOSTNAME", "db8");
    given_fails_each_allocation(&g);
    given_clean(&g);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nagios__reads_every_type_for_hosts_and_services),
        cmocka_unit_test(test_nagios__pairs_win_over_the_environment),
        cmocka_unit_test(test_nagios__an_unexpanded_macro_was_not_given),
        cmocka_unit_test(test_nagios__acknowledgements_fall_back_to_the_objects_own_comment),
        cmocka_unit_test(test_nagios__a_strange_type_still_pages),
        cmocka_unit_test(test_nagios__a_missing_host_is_no_reason_to_be_silent),
        cmocka_unit_test(test_nagios__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

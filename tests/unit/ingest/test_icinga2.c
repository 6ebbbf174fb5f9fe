/* icinga2: the environment form, the pairs, and the options of the mail scripts. */
#include "given.h"

static const struct {
    const char *type;
    enum alert_event event;
    enum alert_phase phase;
    const char *host_state, *service_state;
    enum alert_class class;
} types[] = {
    {"PROBLEM", EVENT_PROBLEM, PHASE_NONE, "DOWN", "CRITICAL", CLASS_URGENT},
    {"RECOVERY", EVENT_RECOVERY, PHASE_NONE, "UP", "OK", CLASS_ROUTINE},
    {"ACKNOWLEDGEMENT", EVENT_ACKNOWLEDGEMENT, PHASE_NONE, "DOWN", "CRITICAL", CLASS_ROUTINE},
    {"CUSTOM", EVENT_CUSTOM, PHASE_NONE, "UP", "OK", CLASS_URGENT},
    {"FLAPPINGSTART", EVENT_FLAPPING, PHASE_START, "DOWN", "CRITICAL", CLASS_URGENT},
    {"FLAPPINGEND", EVENT_FLAPPING, PHASE_END, "UP", "OK", CLASS_ROUTINE},
    {"DOWNTIMESTART", EVENT_DOWNTIME, PHASE_START, "UP", "OK", CLASS_ROUTINE},
    {"DOWNTIMEEND", EVENT_DOWNTIME, PHASE_END, "UP", "OK", CLASS_ROUTINE},
    {"DOWNTIMECANCELLED", EVENT_DOWNTIME, PHASE_CANCELLED, "DOWN", "CRITICAL", CLASS_ROUTINE},
};

static void put(struct kv *kv, const char *name, const char *value)
{
    assert_int_equal(kv_put(kv, name, value), NT_OK);
}

static void assert_notification(const struct alert *a, size_t type, bool service)
{
    assert_int_equal(a->source, SOURCE_ICINGA2);
    assert_int_equal(a->event, types[type].event);
    assert_int_equal(a->phase, types[type].phase);
    assert_int_equal(a->class, types[type].class);
    assert_string_equal(a->state, service ? types[type].service_state : types[type].host_state);
    assert_string_equal(a->host, "mx2");
    assert_string_equal(a->host_alias, "Mail 2");
    assert_string_equal(a->address, "192.0.2.25");
    assert_string_equal(a->service, service ? "queue" : "");
    assert_string_equal(a->output, service ? "QUEUE 512" : "no ping \\n at all");
    assert_string_equal(a->long_output, service ? "deferred 400\nactive 112" : "");
    assert_string_equal(a->author, "bob");
    assert_string_equal(a->comment, "mine");
    assert_string_equal(a->object, service ? "icinga2!mx2!queue" : "icinga2!mx2");
    /* Localised dates are never read. */
    assert_int_equal(a->time, GIVEN_NOW / 1000);
}

static void test_icinga2__reads_every_type_for_hosts_and_services(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int way = 0; way < 4; way++) {
            bool service = way & 1;
            struct given g;
            given_init(&g, NULL, NULL, LIST("PATH=/usr/bin", "SERVICE_PASSWORD=hush", "API_TOKEN=hush"));
            struct kv *kv = way < 2 ? &g.env : &g.pairs;
            put(kv, "NOTIFICATIONTYPE", types[i].type);
            put(kv, "HOSTNAME", "mx2");
            put(kv, "HOSTDISPLAYNAME", "Mail 2");
            put(kv, "HOSTADDRESS", "192.0.2.25");
            put(kv, "HOSTSTATE", service ? "UP" : types[i].host_state);
            put(kv, "HOSTOUTPUT", service ? "" : "no ping \\n at all");
            put(kv, "SERVICENAME", service ? "queue" : "");
            put(kv, "SERVICEDESC", service ? "queue" : "");
            put(kv, "SERVICEDISPLAYNAME", service ? "Mail queue" : "");
            put(kv, "SERVICESTATE", service ? types[i].service_state : "");
            put(kv, "SERVICEOUTPUT", service ? "QUEUE 512\ndeferred 400\nactive 112" : "");
            put(kv, "LONGDATETIME", "2020-01-01 00:00:00 +0000");
            put(kv, "NOTIFICATIONAUTHORNAME", "bob");
            put(kv, "NOTIFICATIONCOMMENT", "mine");
            put(kv, "USEREMAIL", "alice@example.org");
            put(kv, "CONTACTPAGER", "+15005550001;+15005550002");
            const struct alert *a = given_read(&g);
            assert_notification(a, i, service);
            assert_string_equal(a->pager, "+15005550001,+15005550002");
            assert_string_equal(a->contact, "alice@example.org");
            assert_null(kv_get(&a->macros, "PATH"));
            assert_null(kv_get(&a->macros, "SERVICE_PASSWORD"));
            assert_null(kv_get(&a->macros, "API_TOKEN"));
            given_clean(&g);
        }
    }
}

static void test_icinga2__the_shells_hostname_is_not_icingas(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "icinga2", LIST("NOTIFICATIONTYPE=PROBLEM", "SERVICENAME=queue"), LIST("HOSTNAME=this-machine"));
    assert_string_equal(given_read(&g)->host, "");
    given_clean(&g);

    given_init(&g, NULL, LIST("HOSTNAME=mx2", "TIMET=1795425500"),
               LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=other", "_HOSTRACK=7"));
    const struct alert *a = given_read(&g);
    assert_int_equal(a->source, SOURCE_ICINGA2);
    assert_string_equal(a->host, "mx2");
    assert_int_equal(a->time, 1795425500);
    assert_string_equal(kv_text(&a->macros, "_HOSTRACK"), "7");
    given_clean(&g);
}

static char *word(const char *text)
{
    /* argv holds no const. */
    return (char *)(uintptr_t)text;
}

static void test_icinga2__takes_the_mail_scripts_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int service = 0; service < 2; service++) {
            char *host_argv[] = {word("twilio-host-notification"),
                                 word("-d"),
                                 word("2026-11-23 09:25:57 +0000"),
                                 word("-l"),
                                 word("mx2"),
                                 word("-n"),
                                 word("Mail 2"),
                                 word("-o"),
                                 word("no ping \\n at all"),
                                 word("-r"),
                                 word("alice@example.org"),
                                 word("-s"),
                                 word(types[i].host_state),
                                 word("-t"),
                                 word(types[i].type),
                                 word("-4"),
                                 word("192.0.2.25"),
                                 word("-6"),
                                 word(""),
                                 word("-b"),
                                 word("bob"),
                                 word("-cmine"),
                                 word("-i"),
                                 word("https://icinga.example.org/icingaweb2"),
                                 word("-f"),
                                 word("icinga@example.org"),
                                 word("-X"),
                                 word("host notes"),
                                 word("-v"),
                                 word("yes")};
            char *service_argv[] = {word("twilio-service-notification"),
                                    word("-d"),
                                    word(""),
                                    word("-e"),
                                    word("queue"),
                                    word("-l"),
                                    word("mx2"),
                                    word("-n"),
                                    word("Mail 2"),
                                    word("-o"),
                                    word("QUEUE 512\ndeferred 400\nactive 112"),
                                    word("-r"),
                                    word("+15005550001, bob"),
                                    word("-r"),
                                    word("carol;dave"),
                                    word("-s"),
                                    word(types[i].service_state),
                                    word("-t"),
                                    word(types[i].type),
                                    word("-u"),
                                    word("Mail queue"),
                                    word("-4"),
                                    word("192.0.2.25"),
                                    word("-b"),
                                    word("bob"),
                                    word("-c"),
                                    word("mine"),
                                    word("-x"),
                                    word("-notes that begin with a dash"),
                                    word("-v"),
                                    word("false")};
            struct given g;
            struct strlist to;
            bool verbose = false;
            given_init(&g, "icinga2", NULL, NULL);
            strlist_init(&to);
            enum nt_status status = service ? icinga2_options((int)(sizeof service_argv / sizeof *service_argv),
                                                              service_argv, true, &g.pairs, &to, &verbose, &g.error)
                                            : icinga2_options((int)(sizeof host_argv / sizeof *host_argv), host_argv,
                                                              false, &g.pairs, &to, &verbose, &g.error);
            assert_int_equal(status, NT_OK);
            const struct alert *a = given_read(&g);
            assert_notification(a, i, service);
            assert_int_equal(verbose, !service);
            assert_int_equal(to.n, service ? 4 : 1);
            assert_string_equal(to.item[0], service ? "+15005550001" : "alice@example.org");
            if (service) {
                assert_string_equal(to.item[3], "dave");
                assert_string_equal(kv_text(&a->macros, "SERVICEDESC"), "queue");
                assert_string_equal(kv_text(&a->macros, "SERVICEDISPLAYNAME"), "Mail queue");
                assert_string_equal(kv_text(&a->macros, "SERVICENOTES"), "-notes that begin with a dash");
            } else {
                assert_string_equal(a->url, "https://icinga.example.org/icingaweb2");
                assert_string_equal(kv_text(&a->macros, "HOSTNOTES"), "host notes");
            }
            strlist_clean(&to);
            given_clean(&g);
        }
    }
}

static enum nt_status options(const char *const *words, bool service, struct kv *macros, struct buf *error)
{
    char *argv[8];
    int argc = 0;
    while (words[argc] && argc < 8) {
        argv[argc] = word(words[argc]);
        argc++;
    }
    struct strlist to;
    bool verbose;
    strlist_init(&to);
    enum nt_status status = icinga2_options(argc, argv, service, macros, &to, &verbose, error);
    strlist_clean(&to);
    return status;
}

static void test_icinga2__names_the_letter_it_does_not_know(void **state)
{
    (void)state;
    struct kv macros;
    struct buf error;
    kv_init(&macros);
    buf_init(&error, 1000);
    assert_int_equal(options(LIST("x", "-l", "mx2", "-z", "y"), true, &macros, &error), NT_EINVAL);
    assert_non_null(strstr(buf_text(&error), "-z"));
    buf_reset(&error);
    /* A letter of the other script. */
    assert_int_equal(options(LIST("x", "-e", "queue"), false, &macros, &error), NT_EINVAL);
    assert_non_null(strstr(buf_text(&error), "-e"));
    buf_reset(&error);
    assert_int_equal(options(LIST("x", "--host", "mx2"), false, &macros, &error), NT_EINVAL);
    buf_reset(&error);
    /* Nothing required, stray words and a last option without its value: what there is is used. */
    assert_int_equal(options(LIST("x", "stray", "-l", "mx3", "--", "-", "-c"), false, &macros, &error), NT_OK);
    assert_string_equal(kv_text(&macros, "HOSTNAME"), "mx3");
    assert_string_equal(kv_text(&macros, "NOTIFICATIONCOMMENT"), "");
    assert_int_equal(options(LIST("x"), false, &macros, &error), NT_OK);
    assert_string_equal(buf_text(&error), "");
    kv_clean(&macros);
    buf_clean(&error);
}

static void test_icinga2__survives_each_failed_allocation(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, NULL, LIST("SERVICENAME=queue", "SERVICESTATE=CRITICAL", "SERVICEOUTPUT=one\ntwo"),
               LIST("NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=mx2", "CONTACTPAGER=+15005550001"));
    given_fails_each_allocation(&g);
    given_clean(&g);
    for (unsigned long n = 1;; n++) {
        struct kv macros;
        struct buf error;
        kv_init(&macros);
        buf_init(&error, 1000);
        mem_fail_at(n);
        enum nt_status status = options(LIST("x", "-l", "mx2", "-r", "a,b", "-e", "queue"), true, &macros, &error);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        kv_clean(&macros);
        buf_clean(&error);
        if (!failed)
            break;
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_icinga2__reads_every_type_for_hosts_and_services),
        cmocka_unit_test(test_icinga2__the_shells_hostname_is_not_icingas),
        cmocka_unit_test(test_icinga2__takes_the_mail_scripts_options),
        cmocka_unit_test(test_icinga2__names_the_letter_it_does_not_know),
        cmocka_unit_test(test_icinga2__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The module in a core that looks like Nagios, with a daemon that may do anything. */
#include "stub_core.h"
#include "stub_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../handover/socket_fixture.h"

static struct place place;
static struct stub_module module;
static int descriptors;

static void start(const char *words)
{
    char arguments[300];
    snprintf(arguments, sizeof arguments, "%s socket=%s", words, place.path);
    assert_int_equal(module.init(0, arguments, stub_core.handle), 0);
}

static int setup(void **state)
{
    (void)state;
    descriptors = open_descriptors();
    if (place_make(&place))
        return -1;
    stub_core_reset();
    stub_core_load(&module);
    stub_daemon_start(place.path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stub_core_unload(&module);
    stub_daemon_end();
    if (open_descriptors() != descriptors)
        return -1;
    return place_remove(&place);
}

static int notify(bool of_service)
{
    struct neb_contact_method n = stub_core_problem(of_service);
    return stub_core_notify(&n);
}

static void test_nagios__takes_a_notification_over(void **state)
{
    (void)state;
    assert_int_equal(module.api, 4);
    start("commands=notify");
    assert_string_equal(stub_core.title, "notify_twilio");
    assert_int_equal(stub_core_said("hands notify over to"), 1);
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_int_equal(stub_daemon.requests, 1);
    static const struct {
        const char *key, *value;
    } t[] = {{"notify_twilio", "1"},
             {"source", "nagios"},
             {"NOTIFICATIONTYPE", "PROBLEM"},
             {"HOSTNAME", "web01"},
             {"SERVICEDESC", "HTTP"},
             {"SERVICESTATE", "CRITICAL"},
             {"SERVICEOUTPUT", "no 'answer' & $HOME"},
             {"LONGSERVICEOUTPUT", "more\\nlines"},
             {"HOSTSTATE", "UP"},
             {"CONTACTNAME", "alice"},
             {"CONTACTPAGER", "+15005550006"},
             {"NOTIFICATIONNUMBER", "1"},
             {"TIMET", "1700000000"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        assert_string_equal(stub_daemon_value(t[i].key), t[i].value);
    assert_int_equal(strlen(stub_daemon_value("request")), 36);
    /* The daemon drops it before the module stops waiting, which is after 50 ms. */
    assert_int_equal(strtoll(stub_daemon_value("deadline"), NULL, 10), stub_daemon.wall + 40);
    assert_int_equal(
        stub_core_said("1048576 SERVICE NOTIFICATION: alice;web01;HTTP;CRITICAL;notify;no 'answer' & $HOME\n"), 1);

    char first[64];
    snprintf(first, sizeof first, "%s", stub_daemon_value("request"));
    assert_int_equal(notify(false), NEB_TAKEN_OVER);
    assert_int_equal(stub_core_said("524288 HOST NOTIFICATION: alice;web01;UP;notify;PING OK\n"), 1);
    assert_string_equal(stub_daemon_value("HOSTOUTPUT"), "PING OK");
    assert_string_equal(stub_daemon_value("SERVICEDESC"), "");
    assert_string_not_equal(stub_daemon_value("request"), first);
    assert_int_equal(stub_daemon.accepted, 1); /* one connection for all */
}

static void test_nagios__leaves_alone_what_is_not_its_own(void **state)
{
    (void)state;
    static char other[] = "notify-by-mail", words[] = "oncall", none[] = "";
    start("commands=notify,page");
    struct neb_contact_method n = stub_core_problem(true);
    n.command_name = other;
    assert_int_equal(stub_core_notify(&n), NEB_GO_ON);
    n = stub_core_problem(true);
    n.type = NEB_METHOD_START + 1; /* the end of a method */
    assert_int_equal(stub_core_notify(&n), NEB_GO_ON);
    n = stub_core_problem(true);
    n.command_args = words;
    assert_int_equal(stub_core_notify(&n), NEB_GO_ON);
    assert_int_equal(stub_core_notify(&n), NEB_GO_ON);
    assert_int_equal(stub_core_said("notify has arguments (!oncall)"), 1);
    assert_int_equal(stub_core.on_method(NEB_CONTACT_METHOD, NULL), NEB_GO_ON);
    assert_int_equal(stub_core.on_method(NEB_PROCESS, &n), NEB_GO_ON);
    for (int missing = 0; missing < 6; missing++) {
        n = stub_core_problem(true);
        char **texts[] = {&n.host_name, &n.service_description, &n.contact_name, &n.command_name};
        if (missing < 4)
            *texts[missing] = NULL;
        else if (missing == 4)
            n.object = NULL;
        else
            n.contact = NULL;
        assert_int_equal(stub_core_notify(&n), NEB_GO_ON);
    }
    stub_core.knows_no_host = true;
    assert_int_equal(notify(true), NEB_GO_ON);
    stub_core.knows_no_host = false;
    assert_int_equal(stub_daemon.requests, 0);
    assert_int_equal(stub_daemon.accepted, 0);
    n = stub_core_problem(true);
    n.command_args = none;
    assert_int_equal(stub_core_notify(&n), NEB_TAKEN_OVER);
}

static void test_nagios__waits_once_for_a_silent_daemon(void **state)
{
    (void)state;
    start("commands=notify");
    stub_daemon.manner = STUB_IS_SILENT;
    int64_t from = stub_daemon.boot;
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_daemon.boot - from, 50);
    assert_int_equal(stub_core_said("no answer on"), 1);
    assert_int_equal(stub_core_said("SERVICE NOTIFICATION"), 0); /* the core logs it with the command */
    /* For ten seconds it does not even look, whatever the daemon does. */
    stub_daemon.manner = STUB_AGREES;
    from = stub_daemon.boot;
    for (int i = 0; i < 100; i++)
        assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_daemon.boot, from);
    stub_daemon.boot += 9999;
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_daemon.requests, 0);
    stub_daemon.boot += 1;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_int_equal(stub_core_said("takes alerts again"), 1);
    /* The request that was given up is still there when the daemon goes on, and is of no use any more. */
    assert_int_equal(stub_daemon.too_late, 1);
    assert_int_equal(stub_daemon.requests, 1);
}

static void test_nagios__waits_as_long_as_it_is_told(void **state)
{
    (void)state;
    start("commands=notify wait=20");
    stub_daemon.manner = STUB_IS_SILENT;
    int64_t from = stub_daemon.boot;
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_daemon.boot - from, 20);
    stub_daemon.boot += 10000;
    stub_daemon.manner = STUB_AGREES_LATE;
    assert_int_equal(notify(true), NEB_GO_ON);
    /* The late answer is not taken for that of the next request. */
    stub_daemon.boot += 10000;
    stub_daemon.manner = STUB_REFUSES;
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_core_said("SERVICE NOTIFICATION"), 0);
}

static void test_nagios__an_answer_in_time_is_an_answer(void **state)
{
    (void)state;
    start("commands=notify");
    stub_daemon.manner = STUB_AGREES_LATE;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    stub_daemon.manner = STUB_AGREES_AT_LENGTH;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_int_equal(stub_daemon.accepted, 1);
}

static void test_nagios__any_other_answer_lets_the_command_run(void **state)
{
    (void)state;
    static const struct {
        enum stub_manner manner;
        const char *says;
    } t[] = {{STUB_REFUSES, "does not take the alert (nobody \"known\")"},
             {STUB_TALKS_GARBAGE, "does not take the alert (an answer that is none)"},
             {STUB_TALKS_BINARY, "does not take the alert (an answer that is none)"},
             {STUB_HANGS_UP, "no answer on"},
             {STUB_HANGS_UP_UNREAD, "no answer on"}};
    start("commands=notify");
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        stub_daemon.manner = STUB_AGREES;
        assert_int_equal(notify(true), NEB_TAKEN_OVER);
        stub_core.log[0] = '\0';
        stub_daemon.manner = t[i].manner;
        assert_int_equal(notify(true), NEB_GO_ON);
        if (stub_core_said(t[i].says) != 1)
            fail_msg("%s: %s", t[i].says, stub_core.log);
        assert_int_equal(stub_core_said("SERVICE NOTIFICATION"), 0);
        stub_daemon.manner = STUB_AGREES;
        assert_int_equal(notify(true), NEB_GO_ON);
        stub_daemon.boot += 10000;
    }
}

static void test_nagios__finds_a_new_daemon_at_once(void **state)
{
    (void)state;
    start("commands=notify");
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    stub_daemon_end();
    stub_daemon_start(place.path);
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    /* One that closes connections, and one that has something to say unasked. */
    stub_daemon.manner = STUB_AGREES_AND_GOES;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    stub_daemon.manner = STUB_AGREES_AND_MORE;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_int_equal(stub_daemon.accepted, 2);
    stub_daemon.manner = STUB_AGREES;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_int_equal(stub_daemon.accepted, 3);
    assert_int_equal(stub_core_said("the notification commands do it"), 0);
}

static void test_nagios__without_a_daemon(void **state)
{
    (void)state;
    start("commands=notify");
    stub_daemon_end(); /* the file is there, and nobody behind it */
    int64_t from = stub_daemon.boot;
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_daemon.boot, from); /* nothing to wait for */
    assert_int_equal(stub_core_said("no daemon on"), 1);
    unlink(place.path);
    stub_daemon.boot += 10000;
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_core_said("no daemon on"), 1); /* said once for as long as it lasts */
    stub_daemon_start(place.path);
    stub_daemon.boot += 10000;
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    stub_daemon_end();
    assert_int_equal(notify(true), NEB_GO_ON);
    assert_int_equal(stub_core_said("no daemon on"), 2);
}

static void test_nagios__permission_denied_is_said_as_such(void **state)
{
    (void)state;
    bool root = !geteuid();
    start("commands=notify");
    assert_int_equal(chmod(place.path, 0), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    int answer = notify(true);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(answer, NEB_GO_ON);
    assert_int_equal(stub_core_said("permission denied on"), 1);
    assert_int_equal(stub_core_said("in the group notify_twilio?"), 1);
}

static void test_nagios__bad_words_leave_it_inert(void **state)
{
    (void)state;
    static char wrong[][64] = {"", "commands=", "command=notify", "commands=notify socket=here",
                               "commands=notify wait=no"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        stub_core.log[0] = '\0';
        assert_int_equal(module.init(0, wrong[i], stub_core.handle), 0);
        assert_int_equal(stub_core_said("notify_twilio: does nothing: "), 1);
        assert_null(stub_core.on_method);
        assert_null(stub_core.on_process);
        assert_int_equal(module.deinit(0, 0), 0);
    }
    assert_int_equal(module.init(0, NULL, stub_core.handle), 0);
    assert_null(stub_core.on_method);
    stub_core.registers_nothing = true;
    start("commands=notify");
    assert_int_equal(stub_core_said("callbacks cannot be registered"), 1);
    stub_core.registers_nothing = false;
}

static void test_nagios__reloads(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        start("commands=notify");
        assert_int_equal(notify(true), NEB_TAKEN_OVER);
        stub_daemon.manner = STUB_REFUSES;
        assert_int_equal(notify(true), NEB_GO_ON);
        stub_core_unload(&module);
        /* Nothing is left but the daemon's two ends: not a connection, nor the ten seconds. */
        stub_daemon.manner = STUB_AGREES;
        stub_core_load(&module);
    }
    start("commands=other");
    start("commands=notify"); /* twice, without an end between */
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
}

static void test_nagios__custom_variables_come_along(void **state)
{
    (void)state;
    static const char objects[] =
        "define host {\n\t_SITE\tBerlin\n\t}\ndefine service {\n\t_RUNBOOK\tx\n\t_GONE\tx\n\t}\n";
    char path[64];
    snprintf(path, sizeof path, "%s/objects", place.folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(objects, f);
    fclose(f);
    struct neb_process loop = {.type = NEB_EVENT_LOOP_START}, other = {.type = NEB_EVENT_LOOP_START + 1};
    start("commands=notify");
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_string_equal(stub_daemon_value("_SERVICERUNBOOK"), "");
    assert_int_equal(stub_core.on_process(NEB_PROCESS, &other), NEB_GO_ON);
    assert_int_equal(stub_core_said("custom variables"), 0);
    stub_core.object_cache = path;
    assert_int_equal(stub_core.on_process(NEB_PROCESS, &loop), NEB_GO_ON);
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
    assert_string_equal(stub_daemon_value("_SERVICERUNBOOK"), "https://wiki.example.org/");
    assert_string_equal(stub_daemon_value("_HOSTSITE"), "Berlin \"Mitte\"");
    assert_string_equal(stub_daemon_value("_SERVICEGONE"), "");
    unlink(path);
    assert_int_equal(stub_core.on_process(NEB_PROCESS, &loop), NEB_GO_ON);
    assert_int_equal(stub_core_said("custom variables will be missing: "), 1);
    stub_core.object_cache = NULL;
    assert_int_equal(stub_core.on_process(NEB_PROCESS, &loop), NEB_GO_ON);
    assert_int_equal(notify(true), NEB_TAKEN_OVER);
}

static void test_nagios__says_which_commands_there_are_not(void **state)
{
    (void)state;
    struct neb_process loop = {.type = NEB_EVENT_LOOP_START};
    start("commands=notfy,notify,page");
    assert_int_equal(stub_core_said("there is no command"), 0); /* the core knows none yet */
    assert_int_equal(stub_core.on_process(NEB_PROCESS, &loop), NEB_GO_ON);
    assert_int_equal(stub_core_said("there is no command notfy\n"), 1);
    assert_int_equal(stub_core_said("there is no command page\n"), 1);
    assert_int_equal(stub_core_said("there is no command"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nagios__takes_a_notification_over),
        TEST(test_nagios__leaves_alone_what_is_not_its_own),
        TEST(test_nagios__waits_once_for_a_silent_daemon),
        TEST(test_nagios__waits_as_long_as_it_is_told),
        TEST(test_nagios__an_answer_in_time_is_an_answer),
        TEST(test_nagios__any_other_answer_lets_the_command_run),
        TEST(test_nagios__finds_a_new_daemon_at_once),
        TEST(test_nagios__without_a_daemon),
        TEST(test_nagios__permission_denied_is_said_as_such),
        TEST(test_nagios__bad_words_leave_it_inert),
        TEST(test_nagios__reloads),
        TEST(test_nagios__custom_variables_come_along),
        TEST(test_nagios__says_which_commands_there_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

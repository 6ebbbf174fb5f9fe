/* The module in a core that looks like Naemon: the interface's number, and the log, are what is different. */
#include "stub_core.h"
#include "stub_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../handover/socket_fixture.h"

static void test_naemon__takes_a_notification_over(void **state)
{
    (void)state;
    static char author[] = "bob", comment[] = "100% sure: %s%n";
    struct stub_module module;
    struct place place;
    char arguments[200];
    assert_int_equal(place_make(&place), 0);
    stub_core_reset();
    stub_core_load(&module);
    assert_int_equal(module.api, 6);
    stub_daemon_start(place.path);
    snprintf(arguments, sizeof arguments, "socket=%s commands=notify", place.path);
    assert_int_equal(module.init(0, arguments, stub_core.handle), 0);
    struct neb_contact_method n = stub_core_problem(true);
    n.reason_type = NEB_DOWNTIME_START;
    n.ack_author = author;
    n.ack_data = comment;
    assert_int_equal(stub_core_notify(&n), NEB_TAKEN_OVER);
    assert_string_equal(stub_daemon_value("NOTIFICATIONTYPE"), "DOWNTIMESTART");
    assert_string_equal(stub_daemon_value("NOTIFICATIONCOMMENT"), comment);
    assert_int_equal(stub_core_said("1048576 SERVICE NOTIFICATION: alice;web01;HTTP;DOWNTIMESTART (CRITICAL);notify;"
                                    "no 'answer' & $HOME;bob;100% sure: %s%n\n"),
                     1);
    stub_daemon_end();
    assert_int_equal(stub_core_notify(&n), NEB_GO_ON);
    assert_int_equal(stub_core_said("2 notify_twilio: no daemon on"), 1);
    stub_core_unload(&module);
    assert_int_equal(place_remove(&place), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_naemon__takes_a_notification_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* locate: plain forms are read, all else is left to the full parser, and who names the socket first wins. */
#include "handover/locate.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/paths.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_locate__in_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path; /* path: NULL: unsure, "": the default */
    } cases[] = {
        {"", ""},
        {"twilio:\n  account_sid: AC1\n", ""},
        {"daemon: {socket: /run/x}\n", "/run/x"},
        {"daemon: {socket: /run/x}", "/run/x"},
        {"daemon: { socket: \"/run/x\" } # here\r\n", "/run/x"},
        {"daemon: {socket: '/run/with space'}\n", "/run/with space"},
        {"daemon: {}\n", ""},
        {"daemon:\n  socket: /run/x\n", "/run/x"},
        {"---\n# first\n\ndaemon:\n\n  # the socket\n  socket:   /run/x   # c\nlog: {level: info}\n", "/run/x"},
        {"daemon:\n    socket: \"/run/x\"\ntwilio:\n  account_sid: AC1\n", "/run/x"},
        {"daemon:\n  other: 1\n  socket: /run/x\n", "/run/x"},
        {"daemon:\n  other: 1\n", ""},
        {"contacts:\n- name: alice\n  numbers: [\"+1\"]\ndaemon: {socket: /run/x}\n", "/run/x"},
        {"other:\n  daemon: {socket: /run/inner}\n", ""},
        {"other:\n  daemon:\n    socket: /run/inner\ndaemon: {socket: /run/x}\n", "/run/x"},
        {"# daemon: {socket: /run/comment}\n", ""},
        {"daemonx: {socket: /run/x}\n", ""},
        {"alarm: {command: [echo, \"it's\"]}\ndaemon: {socket: /run/x}\n", "/run/x"},
        {"# it's fine\ndaemon: {socket: /run/x}\n", "/run/x"},
        {"x: a#b\ndaemon: {socket: /run/x}\n", "/run/x"},
        /* A later socket: that is not the daemon's. */
        {"daemon:\n  socket: /run/x\nother:\n  socket: /run/y\n", "/run/x"},

        {"daemon:\n", NULL},
        {"daemon:\nlog: {level: info}\n", NULL},
        {"daemon: ~\n", NULL},
        {"daemon: {socket: relative}\n", NULL},
        {"daemon: {socket: }\n", NULL},
        {"daemon: {socket: /run/x, more: 1}\n", NULL},
        {"daemon: {socket: /run/x\n}\n", NULL},
        {"daemon: {\"socket\": /run/x}\n", NULL},
        {"daemon: &a {socket: /run/x}\n", NULL},
        {"daemon: *a\n", NULL},
        {"daemon: {socket: *a}\n", NULL},
        {"daemon: {socket: \"/run/\\x41\"}\n", NULL},
        {"daemon: {socket: '/run/it''s'}\n", NULL},
        {"daemon: {socket: /run/x: y}\n", NULL},
        {"daemon:\n  socket: /run/x\n    y\n", NULL},
        {"daemon:\n  socket: |\n    /run/x\n", NULL},
        {"daemon:\n  socket: /run/x\n  socket: /run/y\n", NULL},
        {"daemon:\n\tsocket: /run/x\n", NULL},
        {"daemon: {socket: /run/x}\ndaemon: {socket: /run/y}\n", NULL},
        {"\"daemon\": {socket: /run/x}\n", NULL},
        {"? daemon\n: {socket: /run/x}\n", NULL},
        {"{daemon: {socket: /run/x}}\n", NULL},
        {"x: {a: 1,\ndaemon: {socket: /run/evil}}\n", NULL},
        {"x: \"a\ndaemon: {socket: /run/evil}\nb\"\n", NULL},
        {"x: 'a\ndaemon: {socket: /run/evil}\nb'\n", NULL},
        {"text: |\n  it's\ndaemon: {socket: /run/x}\n", NULL},
        {"daemon: {socket: /run/x}\n---\ndaemon: {socket: /run/y}\n", NULL},
        {"daemon: {socket: /run/x}\n...\n", NULL},
        {"%YAML 1.1\n---\ndaemon: {socket: /run/x}\n", NULL},
        {"\xEF\xBB\xBF"
         "daemon: {socket: /run/x}\n",
         NULL},
        {"daemon: {socket: /run/\xC3\xBC}\n", NULL},
        {"daemon: {socket: /run/x]\n", NULL},
        {"x: a\rdaemon: {socket: /run/x}\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64] = "";
        enum locate_end end = locate_in_text(cases[i].text, strlen(cases[i].text), out, sizeof out);
        enum locate_end expected = !cases[i].path ? LOCATE_UNSURE : *cases[i].path ? LOCATE_FOUND : LOCATE_DEFAULT;
        if (end != expected)
            fail_msg("%d for:\n%s", end, cases[i].text);
        if (end == LOCATE_FOUND)
            assert_string_equal(out, cases[i].path);
    }
    char out[64];
    assert_int_equal(locate_in_text("daemon: {socket: /run/x}\0", 25, out, sizeof out), LOCATE_UNSURE);
}

static void test_locate__a_path_that_does_not_fit(void **state)
{
    (void)state;
    char out[8];
    static const char text[] = "daemon: {socket: /1234567}\n";
    assert_int_equal(locate_in_text(text, sizeof text - 1, out, 8), LOCATE_UNSURE);
    static const char fits[] = "daemon: {socket: /123456}\n";
    assert_int_equal(locate_in_text(fits, sizeof fits - 1, out, 8), LOCATE_FOUND);
    assert_string_equal(out, "/123456");
    assert_false(locate_socket("/12345678", NULL, out, 8));
}

static void test_locate__who_names_it_first(void **state)
{
    (void)state;
    char folder[] = "/tmp/nt-locate-XXXXXX", one[64], two[64], none[64], odd[64];
    assert_non_null(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two", folder);
    snprintf(none, sizeof none, "%s/none", folder);
    snprintf(odd, sizeof odd, "%s/odd", folder);
    assert_int_equal(file_replace(one, "daemon: {socket: /one}\n", 23, 0600), NT_OK);
    assert_int_equal(file_replace(two, "daemon: {socket: /two}\n", 23, 0600), NT_OK);
    assert_int_equal(file_replace(none, "log: {level: info}\n", 19, 0600), NT_OK);
    assert_int_equal(file_replace(odd, "{daemon: {socket: /odd}}\n", 25, 0600), NT_OK);
    const struct {
        const char *option, *config, *env_socket, *env_config, *path; /* NULL: cannot tell */
    } cases[] = {
        {"/option", one, "/env", two, "/option"},
        {NULL, one, "/env", two, "/one"},
        {NULL, NULL, "/env", two, "/env"},
        {NULL, NULL, "", two, "/two"},
        {NULL, NULL, NULL, two, "/two"},
        {NULL, none, "/env", NULL, NT_SOCKET_PATH},
        {NULL, NULL, NULL, none, NT_SOCKET_PATH},
        {NULL, odd, "/env", NULL, NULL},
        {NULL, "/nonexistent", "/env", NULL, NULL},
        {NULL, folder, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[108];
        unsetenv("NOTIFY_TWILIO_SOCKET");
        unsetenv("NOTIFY_TWILIO_CONFIG");
        if (cases[i].env_socket)
            setenv("NOTIFY_TWILIO_SOCKET", cases[i].env_socket, 1);
        if (cases[i].env_config)
            setenv("NOTIFY_TWILIO_CONFIG", cases[i].env_config, 1);
        bool found = locate_socket(cases[i].option, cases[i].config, out, sizeof out);
        assert_int_equal(found, cases[i].path != NULL);
        if (found)
            assert_string_equal(out, cases[i].path);
    }
    char out[108];
    mem_fail_at(1);
    assert_false(locate_socket(NULL, one, out, sizeof out));
    mem_fail_at(0);
    unlink(one);
    unlink(two);
    unlink(none);
    unlink(odd);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locate__in_text),
        cmocka_unit_test(test_locate__a_path_that_does_not_fit),
        cmocka_unit_test(test_locate__who_names_it_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

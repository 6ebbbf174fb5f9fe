/*
 * agreement: where locate gives an answer, the full parser gives the same.
 *
 * Each text is made a whole configuration and put through both. locate may say "cannot tell" of any; it may also take a
 * path from a text that the full parser refuses, since the last good copy is then not its business.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "config/load.h"
#include "handover/locate.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char account[] = "twilio:\n"
                              "  account_sid: AC00000000000000000000000000000000\n"
                              "  auth_token: abcdefghabcdefghabcdefghabcdefgh\n"
                              "  senders: [{from: \"+15005550006\"}]\n";

static const char *const texts[] = {
    "",
    "daemon: {socket: /run/x}\n",
    "daemon: { socket: \"/run/x\" } # here\r\n",
    "daemon: {socket: '/run/with space'}\n",
    "daemon: {}\n",
    "daemon:\n",
    "daemon: ~\n",
    "daemon:\n  socket: /run/x\n",
    "daemon:\n  # the socket\n\n  socket:   /run/x   # c\nlog: {level: info}\n",
    "daemon:\n  socket: /run/x#y\n",
    "daemon:\n  socket: /run/a=b~c+d\n",
    "daemon:\n  socket: \"/run/#x\"\n",
    "daemon:\n  socket: '/run/x: y'\n",
    "daemon:\n  socket: /run/x\n    y\n",
    "daemon:\n  socket: /run/x\n\n    y\n",
    "daemon:\n  socket:\n    /run/x\n",
    "daemon:\n  socket: >-\n    /run/x\n",
    "daemon:\n  socket: !!str /run/x\n",
    "daemon: {socket: \"/run/\\x41\"}\n",
    "daemon: {socket: '/run/it''s'}\n",
    "\"daemon\": {socket: /run/x}\n",
    "? daemon\n: {socket: /run/x}\n",
    "contacts:\n- name: alice\n  numbers: [\"+15005550001\"]\ndaemon: {socket: /run/x}\n",
    "alarm: {command: [echo, \"a\ndaemon: {socket: /run/evil}\nb\"]}\n",
    "alarm: {command: [echo, 'a\ndaemon: {socket: /run/evil}\nb']}\n",
    "alarm: {command: [echo,\ndaemon, {socket: /run/evil}]}\n",
    "alarm:\n  command:\n    - echo\n    - |\n      daemon: {socket: /run/inner}\ndaemon: {socket: /run/x}\n",
    "urgent_states: [DOWN,\n  CRITICAL]\ndaemon: {socket: /run/x}\n",
    "log: {level: info} # it's\ndaemon: {socket: /run/x}\n",
    "daemon: {socket: /run/x}\n---\ndaemon: {socket: /run/y}\n",
    "daemon: {socket: /run/x}\n...\n# end\n",
};

static void quiet(void)
{
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
}

static void test_agreement__locate_and_the_full_parser(void **state)
{
    (void)state;
    quiet();
    char path[] = "/tmp/nt-agreement-XXXXXX";
    int fd = mkstemp(path), found = 0, loaded = 0;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int order = 0; order < 2; order++) {
            struct buf whole;
            buf_init(&whole, 10000);
            buf_addf(&whole, "%s%s", order ? account : texts[i], order ? texts[i] : account);
            assert_int_equal(file_replace(path, whole.data, whole.len, 0600), NT_OK);
            buf_clean(&whole);

            char socket[108];
            struct config *config = NULL;
            struct problems problems;
            problems_init(&problems);
            bool sure = locate_socket(NULL, path, socket, sizeof socket);
            enum nt_status status = config_load(path, &config, &problems);
            problems_clean(&problems);
            found += sure;
            if (status)
                continue;
            loaded++;
            if (sure && strcmp(socket, config->socket))
                fail_msg("%s, not %s, for:\n%s", socket, config->socket, texts[i]);
            config_free(config);
        }
    /* The comparison is worth something only if both had something to say. */
    assert_in_range(found, 20, 60);
    assert_in_range(loaded, 20, 60);
    unlink(path);
    log_close();
}

int main(void)
{
    unsetenv("NOTIFY_TWILIO_SOCKET");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_agreement__locate_and_the_full_parser)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

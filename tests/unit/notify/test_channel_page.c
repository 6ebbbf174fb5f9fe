/* channel_page: a `send` that does what it likes, as a shell script in its place. */
#include "notify/channel_page.h"

#include "base/clock.h"
#include "base/mem.h"

#include <poll.h>
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

enum { PATIENCE = 60 * 1000 };

struct place {
    char folder[64], program[96];
    struct channel_settings settings;
    struct channel_request request;
    struct channel_way way;
    struct channel_page page;
};

static void make_script(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "#!/bin/sh\n%s\n", text) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

static void begin(struct place *p, const char *script)
{
    memset(p, 0, sizeof *p);
    strcpy(p->folder, "/tmp/nt-channel-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->program, sizeof p->program, "%s/send", p->folder);
    make_script(p->program, script);
    channel_settings_init(&p->settings);
    channel_request_init(&p->request, CHANNEL_JSONRPC);
    strcpy(p->request.id, "7");
    assert_int_equal(kv_put(&p->request.macros, "HOSTNAME", "web01"), NT_OK);
    assert_int_equal(kv_put(&p->request.macros, "SERVICEOUTPUT", "it's \"$(id)\"\nnot well"), NT_OK);
    assert_int_equal(strlist_add(&p->request.to, "+15005550001"), NT_OK);
    assert_int_equal(strlist_add(&p->request.to, "-x"), NT_OK);
    p->way = (struct channel_way){.program = p->program, .settings = &p->settings};
}

static void end(struct place *p)
{
    channel_page_clean(&p->page);
    channel_request_clean(&p->request);
    channel_settings_clean(&p->settings);
    unlink(p->program);
    assert_int_equal(rmdir(p->folder), 0);
}

/* Until it has ended, at the time that the test says it is. */
static int finish(struct place *p, int64_t now)
{
    int64_t limit = clock_boot(clock_system()) + PATIENCE;
    int status = 0;
    while (!channel_page_turn(&p->page, now, &status)) {
        assert_true(clock_boot(clock_system()) < limit);
        poll(NULL, 0, 5);
    }
    return status;
}

static void expect_reason(struct place *p, int status, const char *expected)
{
    struct buf reason;
    buf_init(&reason, 8192);
    channel_page_reason(&p->page, status, &reason);
    assert_string_equal(buf_text(&reason), expected);
    buf_clean(&reason);
}

static void test_channel_page__ends_as_send_does(void **state)
{
    (void)state;
    static const struct {
        const char *script, *reason;
        int status;
    } rows[] = {
        {"exit 0", "", 0},
        {"echo 'notify_twilio: +15005550001: opted out' >&2; exit 69", "+15005550001: opted out", 69},
        {"printf 'notify_twilio: one\\n\\nnotify_twilio: \\ntwo\\nthree' >&2; exit 65", "one; two; three", 65},
        {"exit 65", "nobody to page, or nothing to say", 65},
        {"exit 69", "refused for good", 69},
        {"exit 75", "neither stored nor sent", 75},
        {"exit 3", "it came to a bad end", 3},
        {"kill -KILL $$", "it came to a bad end", -1},
        /* what it prints is nobody's business, least of all the protocol's */
        {"echo '{\"id\":7}'; cat; exit 0", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct place p;
        begin(&p, rows[i].script);
        assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
        assert_true(p.page.running);
        assert_string_equal(p.page.id, "7");
        assert_int_equal(finish(&p, 1000), rows[i].status);
        assert_false(p.page.running);
        if (*rows[i].reason)
            expect_reason(&p, rows[i].status, rows[i].reason);
        end(&p);
    }
}

static void test_channel_page__hands_words_on_as_they_are(void **state)
{
    (void)state;
    struct place p;
    begin(&p, "for word; do printf '[%s]' \"$word\" >&2; done; exit 1");
    p.way.config = "/etc/x.yaml";
    p.way.socket = "/run/x";
    p.settings.max_segments = 2;
    p.settings.wait = 0;
    assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    assert_int_equal(finish(&p, 0), 1);
    expect_reason(&p, 1,
                  "[send][--source=icinga2][--config][/etc/x.yaml][--socket][/run/x][--max-segments][2][--wait][0]"
                  "[--to][+15005550001][--to][-x][HOSTNAME=web01][SERVICEOUTPUT=it's \"$(id)\"; not well]");
    end(&p);
    begin(&p, "for word; do printf '[%s]' \"$word\" >&2; done; exit 1");
    p.way.config = "/etc/x.yaml";
    p.settings.config = mem_strdup("/etc/y.yaml"); /* what was set wins */
    p.settings.from = mem_strdup("+15005550006");
    strlist_clean(&p.request.to);
    kv_clean(&p.request.macros);
    assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    assert_int_equal(finish(&p, 0), 1);
    expect_reason(&p, 1, "[send][--source=icinga2][--config][/etc/y.yaml][--from][+15005550006]");
    end(&p);
}

static void test_channel_page__that_takes_too_long_is_asked_and_then_killed(void **state)
{
    (void)state;
    struct place p;
    int status = 0;
    begin(&p, "echo 'notify_twilio: waiting' >&2; exec sleep 600");
    assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    assert_false(channel_page_turn(&p.page, 39 * 1000, &status)); /* its ten seconds and half a minute */
    assert_false(p.page.asked);
    assert_int_equal(finish(&p, 40 * 1000), -1);
    assert_true(p.page.asked);
    end(&p);

    begin(&p, "trap '' TERM; echo deaf >&2; while :; do sleep 600; done");
    assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    int64_t limit = clock_boot(clock_system()) + PATIENCE;
    while (!p.page.said.len) { /* before the trap is set it would end by itself */
        assert_true(clock_boot(clock_system()) < limit);
        assert_false(channel_page_turn(&p.page, 0, &status));
        poll(NULL, 0, 5);
    }
    assert_false(channel_page_turn(&p.page, 40 * 1000, &status));
    assert_true(p.page.asked);
    assert_false(channel_page_turn(&p.page, 45 * 1000 - 1, &status));
    assert_true(channel_page_turn(&p.page, 45 * 1000, &status));
    assert_int_equal(status, -1);
    end(&p);
}

static void test_channel_page__keeps_the_beginning_of_a_long_speech(void **state)
{
    (void)state;
    struct place p;
    begin(&p, "echo begin >&2; i=0; while [ $i -lt 3000 ]; do echo 'this is said over and over again' >&2; i=$((i+1)); "
              "done; exit 75");
    assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    assert_int_equal(finish(&p, 0), 75);
    assert_memory_equal(buf_text(&p.page.said), "begin\nthis is said", 18);
    assert_int_equal(p.page.said.len, 4096);
    end(&p);
}

static void test_channel_page__knows_what_it_is_about(void **state)
{
    (void)state;
    struct place p;
    struct channel_request other;
    begin(&p, "exit 0");
    channel_request_init(&other, CHANNEL_PLAIN);
    assert_int_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    assert_true(channel_page_same(&p.page, &p.request));
    assert_int_equal(kv_put(&other.macros, "HOSTNAME", "web01"), NT_OK);
    assert_true(channel_page_same(&p.page, &other));
    assert_int_equal(kv_put(&other.macros, "SERVICEDESC", "HTTP"), NT_OK);
    assert_false(channel_page_same(&p.page, &other));
    assert_int_equal(finish(&p, 0), 0);
    channel_request_clean(&other);
    end(&p);
}

static void test_channel_page__that_cannot_be_started_is_none(void **state)
{
    (void)state;
    struct place p;
    begin(&p, "exit 0");
    p.way.program = "/nonexistent/send";
    assert_int_not_equal(channel_page_start(&p.page, &p.way, &p.request, 0), NT_OK);
    assert_false(p.page.running);
    p.way.program = p.program;
    unsigned long n = 1;
    for (;; n++) {
        mem_fail_at(n);
        enum nt_status status = channel_page_start(&p.page, &p.way, &p.request, 0);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        assert_int_equal(p.page.running, !failed);
        if (!failed)
            break;
    }
    assert_true(n > 5);
    assert_int_equal(finish(&p, 0), 0);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_page__ends_as_send_does),
        cmocka_unit_test(test_channel_page__hands_words_on_as_they_are),
        cmocka_unit_test(test_channel_page__that_takes_too_long_is_asked_and_then_killed),
        cmocka_unit_test(test_channel_page__keeps_the_beginning_of_a_long_speech),
        cmocka_unit_test(test_channel_page__knows_what_it_is_about),
        cmocka_unit_test(test_channel_page__that_cannot_be_started_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* publisher: names, addresses, folders and uploads, against a transport that does as it is told. */
#include "base/log.h"
#include "base/mem.h"
#include "media/published.h"
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define AMONG(url)   (strrchr(url, '/') + 1)

static void test_publisher__names_are_random_and_known_again(void **state)
{
    (void)state;
    char a[PUBLISH_NAME], b[PUBLISH_NAME];
    assert_int_equal(publish_name(PICTURE_PNG, a), NT_OK);
    assert_int_equal(publish_name(PICTURE_PNG, b), NT_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_string_equal(a + 32, ".png");
    assert_true(publish_is_name(a));
    assert_int_equal(publish_name(PICTURE_JPEG, a), NT_OK);
    assert_string_equal(a + 32, ".jpg");
    assert_true(publish_is_name(a));
    assert_int_equal(publish_name(PICTURE_GIF, a), NT_OK);
    assert_string_equal(a + 32, ".gif");
    assert_true(publish_is_name(a));

    static const char *const others[] = {
        "",
        ".png",
        "0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef.",
        "0123456789abcdef0123456789abcdef.php",
        "0123456789abcdef0123456789abcdef.pngx",
        "0123456789abcdef0123456789abcdef.PNG",
        "0123456789ABCDEF0123456789abcdef.png",
        "0123456789abcdef0123456789abcde.png",
        "0123456789abcdef0123456789abcdef0.png",
        "../3456789abcdef0123456789abcdef.png",
        "logo.png",
    };
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(publish_is_name(others[i]));
}

/* directory */

static char *in_folder(struct sandbox *s)
{
    s->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    s->publish.directory = s->folder;
    s->publish.public_url = (char *)(uintptr_t) "https://www.example.org/m/";
    return s->folder;
}

static void test_publisher__a_folder_gets_a_whole_file_for_all_to_read(void **state)
{
    struct sandbox *s = *state;
    char *folder = in_folder(s);
    mode_t mask = umask(077);
    sandbox_publish(s);
    umask(mask);
    assert_int_equal(s->ended, 1);
    assert_null(strstr(s->url, "//m"));
    assert_int_equal(strncmp(s->url, "https://www.example.org/m/", 26), 0);
    assert_true(publish_is_name(AMONG(s->url)));
    size_t len;
    char *text = sandbox_read(folder, AMONG(s->url), &len);
    assert_non_null(text);
    assert_int_equal(len, sandbox_png_len);
    assert_memory_equal(text, sandbox_png, len);
    free(text);
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, AMONG(s->url));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(sandbox_count(folder), 2); /* and the state folder */
    assert_int_equal(sandbox_count(s->state), 0);
}

static void test_publisher__an_address_has_one_slash_between(void **state)
{
    struct sandbox *s = *state;
    (void)in_folder(s);
    s->publish.public_url = (char *)(uintptr_t) "https://www.example.org/m";
    sandbox_publish(s);
    assert_int_equal(strncmp(s->url, "https://www.example.org/m/", 26), 0);
    assert_true(publish_link_len(&s->publish) >= strlen(s->url));
}

static void test_publisher__a_folder_that_is_none(void **state)
{
    struct sandbox *s = *state;
    char path[128];
    static const struct {
        const char *name, *why;
    } table[] = {{"none", "No such file or directory"}, {"file", "Not a directory"}};
    (void)in_folder(s);
    sandbox_write(s->folder, "file", "");
    for (size_t i = 0; i < COUNT(table); i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, table[i].name);
        s->publish.directory = path;
        sandbox_publish(s);
        assert_int_equal(s->ended, 1);
        assert_string_equal(s->url, "");
        assert_non_null(strstr(s->why, table[i].why));
    }
}

/* A full disk, or a quota: here a limit on the size of files. */
static void test_publisher__half_a_file_does_not_stay(void **state)
{
    struct sandbox *s = *state;
    struct rlimit before, little = {10, 10};
    char *folder = in_folder(s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    sandbox_publish(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(s->ended, 1);
    assert_string_equal(s->url, "");
    assert_non_null(strstr(s->why, "File too large"));
    assert_int_equal(sandbox_count(folder), 1); /* the state folder */
}

/* put */

static void by_put(struct sandbox *s, const char *put, const char *public_url)
{
    s->publish.kind = CONFIG_PUBLISH_PUT;
    s->publish.put = (char *)(uintptr_t)put;
    s->publish.public_url = (char *)(uintptr_t)public_url;
}

static size_t notes(const struct sandbox *s)
{
    char path[128];
    snprintf(path, sizeof path, "%s/published", s->state);
    return sandbox_count(path);
}

static void test_publisher__put_uploads_and_remembers(void **state)
{
    struct sandbox *s = *state;
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m");
    sandbox_publish(s);
    assert_int_equal(s->ended, 0);
    assert_int_equal(s->transport.calls, 1);
    const struct fake_call *c = &s->transport.call[0];
    assert_string_equal(c->method, "PUT");
    assert_int_equal(strncmp(c->url, "https://up.example.org/m/", 25), 0);
    assert_true(publish_is_name(AMONG(c->url)));
    assert_string_equal(c->headers, "Content-Type: image/png\n");
    assert_ptr_equal(c->request.picture, &s->picture);
    assert_int_equal(c->request.redirects, 0);
    assert_int_equal(notes(s), 1);

    char path[128];
    size_t len;
    snprintf(path, sizeof path, "%s/published", s->state);
    char *text = sandbox_read(path, AMONG(c->url), &len);
    assert_non_null(text);
    assert_string_equal(text, c->url);
    free(text);

    fake_answer(&s->transport, 0, 201, "");
    assert_int_equal(s->ended, 1);
    assert_int_equal(strncmp(s->url, "https://www.example.org/m/", 26), 0);
    assert_string_equal(AMONG(s->url), AMONG(c->url));
    assert_int_equal(notes(s), 1);
}

static void test_publisher__one_place_for_all_is_not_remembered(void **state)
{
    struct sandbox *s = *state;
    by_put(s, "https://up.example.org/last.png", "https://www.example.org/last.png");
    sandbox_publish(s);
    assert_string_equal(s->transport.call[0].url, "https://up.example.org/last.png");
    fake_answer(&s->transport, 0, 204, "");
    assert_string_equal(s->url, "https://www.example.org/last.png");
    assert_int_equal(notes(s), 0);
}

static void test_publisher__what_servers_say_instead(void **state)
{
    static const struct {
        long status;
        const char *body, *why;
        size_t notes;
    } table[] = {
        {301, "", "upload: HTTP 301", 0},
        {403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", "upload: HTTP 403 (SignatureDoesNotMatch)", 0},
        {403, "<Code>no word</Code>", "upload: HTTP 403", 0},
        {403, "<Code>", "upload: HTTP 403", 0},
        {403, "<Code>Unfinished", "upload: HTTP 403", 0},
        {404, "<html>", "upload: HTTP 404", 0},
        {202, "", "upload: HTTP 202", 1}, /* maybe it will be there */
        {507, "", "upload: HTTP 507", 1},
        {0, "connection reset", "upload: connection reset", 1},
        {0, "", "upload: no answer", 1},
    };
    struct sandbox *s = *state;
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m/");
    for (size_t i = 0; i < COUNT(table); i++) {
        char path[128];
        sandbox_publish(s);
        if (table[i].status)
            fake_answer(&s->transport, i, table[i].status, table[i].body);
        else
            fake_no_answer(&s->transport, i, table[i].body);
        assert_int_equal(s->ended, 1);
        assert_string_equal(s->url, "");
        assert_string_equal(s->why, table[i].why);
        assert_int_equal(notes(s), table[i].notes);
        snprintf(path, sizeof path, "%s/published", s->state);
        sandbox_empty(path);
    }
}

static void test_publisher__cancelled_means_cancelled(void **state)
{
    struct sandbox *s = *state;
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m/");
    sandbox_publish(s);
    publish_cancel(s->publication);
    assert_null(s->publication);
    assert_int_equal(s->transport.cancelled, 1);
    assert_int_equal(s->ended, 0);
    assert_int_equal(notes(s), 1); /* it may have arrived */
}

static void test_publisher__header_files(void **state)
{
    static const struct {
        const char *text, *headers; /* NULL: refused */
    } table[] = {
        {"Authorization: Basic c2VjcmV0\n", "Authorization: Basic c2VjcmV0\nContent-Type: image/png\n"},
        {"# ours\n\ncontent-type: image/x-ours\r\n", "content-type: image/x-ours\n"},
        {"", "Content-Type: image/png\n"},
        {"Authorization\n", NULL},
    };
    struct sandbox *s = *state;
    char path[128];
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m/");
    snprintf(path, sizeof path, "%s/headers", s->folder);
    s->publish.header_file = path;
    for (size_t i = 0, call = 0; i < COUNT(table); i++) {
        sandbox_write(s->folder, "headers", table[i].text);
        sandbox_publish(s);
        if (table[i].headers) {
            assert_string_equal(s->transport.call[call].headers, table[i].headers);
            fake_answer(&s->transport, call++, 200, "");
            assert_string_not_equal(s->url, "");
        } else {
            assert_int_equal(s->ended, 1);
            assert_non_null(strstr(s->why, "/headers cannot be used"));
        }
    }
    assert_int_equal(unlink(path), 0);
    sandbox_publish(s);
    assert_non_null(strstr(s->why, "/headers cannot be used"));
}

static void test_publisher__an_address_that_is_not_asked(void **state)
{
    struct sandbox *s = *state;
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m/");
    s->transport.refuse = NT_EINVAL;
    sandbox_publish(s);
    assert_int_equal(s->ended, 1);
    assert_string_equal(s->why, "nothing can be sent to such an address");
    assert_int_equal(notes(s), 0);
}

static void test_publisher__without_a_state_folder_it_goes_all_the_same(void **state)
{
    struct sandbox *s = *state;
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m/");
    s->env.state_dir = "";
    sandbox_publish(s);
    fake_answer(&s->transport, 0, 200, "");
    assert_string_not_equal(s->url, "");
    s->env.state_dir = "/nowhere/at/all";
    sandbox_publish(s);
    fake_answer(&s->transport, 1, 200, "");
    assert_string_not_equal(s->url, "");
}

static void test_publisher__survives_the_failure_of_each_allocation(void **state)
{
    struct sandbox *s = *state;
    char path[128];
    sandbox_write(s->folder, "headers", "Authorization: Basic c2VjcmV0\n");
    snprintf(path, sizeof path, "%s/headers", s->folder);
    static const enum config_publish_kind kinds[] = {CONFIG_PUBLISH_DIRECTORY, CONFIG_PUBLISH_PUT, CONFIG_PUBLISH_S3,
                                                     CONFIG_PUBLISH_COMMAND};
    by_put(s, "https://up.example.org/m/", "https://www.example.org/m/");
    s->publish.directory = s->folder;
    s->publish.header_file = path;
    s->publish.s3.endpoint = (char *)(uintptr_t) "https://s3.example.org";
    s->publish.s3.region = s->publish.s3.bucket = s->publish.s3.access_key_id = s->publish.s3.secret_access_key =
        (char *)(uintptr_t) "x";
    assert_int_equal(strlist_add(&s->publish.command, "/bin/true"), NT_OK);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        s->publish.kind = kinds[i];
        for (unsigned long n = 1;; n++) {
            s->transport.calls = 0;
            mem_fail_at(n);
            sandbox_publish(s);
            mem_fail_at(0);
            if (!mem_failed() && kinds[i] != CONFIG_PUBLISH_DIRECTORY)
                assert_non_null(s->publication);
            /* a note that was not written, or a log line, is no reason to fail */
            assert_int_equal(s->ended, s->publication ? 0 : 1);
            if (s->ended && mem_failed())
                assert_string_equal(s->url, "");
            publish_cancel(s->publication);
            if (!mem_failed())
                break;
        }
    }
}

/* command */

static void by_command(struct sandbox *s, const char *script)
{
    s->publish.kind = CONFIG_PUBLISH_COMMAND;
    strlist_clean(&s->publish.command);
    assert_int_equal(strlist_add(&s->publish.command, "/bin/sh"), NT_OK);
    assert_int_equal(strlist_add(&s->publish.command, "-c"), NT_OK);
    assert_int_equal(strlist_add(&s->publish.command, script), NT_OK);
}

static void test_publisher__a_command_gets_the_picture_and_says_where_it_is(void **state)
{
    struct sandbox *s = *state;
    char script[256];
    size_t len;
    snprintf(script, sizeof script, "cat >%s/got; echo https://paste.example.org/1", s->folder);
    by_command(s, script);
    for (int i = 0; i < 2; i++) { /* a second time, it finds the picture from its beginning */
        sandbox_publish(s);
        sandbox_wait(s);
        assert_string_equal(s->why, "");
        assert_string_equal(s->url, "https://paste.example.org/1");
        char *text = sandbox_read(s->folder, "got", &len);
        assert_non_null(text);
        assert_int_equal(len, sandbox_png_len);
        assert_memory_equal(text, sandbox_png, len);
        free(text);
    }
}

static void test_publisher__a_command_cannot_change_the_picture(void **state)
{
    struct sandbox *s = *state;
    by_command(s, "(echo garbage >&0) 2>/dev/null; echo https://paste.example.org/1");
    sandbox_publish(s);
    sandbox_wait(s);
    unsigned char bytes[256];
    ssize_t n = picture_read(&s->picture, 0, bytes, sizeof bytes);
    assert_int_equal(n, sandbox_png_len);
    assert_memory_equal(bytes, sandbox_png, sandbox_png_len);
}

static void test_publisher__what_commands_do_instead(void **state)
{
    static const struct {
        const char *script, *url, *why; /* why: a part of it */
    } table[] = {
        {"printf https://a.example.org/", "https://a.example.org/", NULL},
        {"printf 'http://a.example.org/x\\r\\n'", "http://a.example.org/x", NULL},
        {"true", NULL, "prints no address"},
        {"echo", NULL, "no http or https address"},
        {"echo ftp://a.example.org/", NULL, "no http or https address"},
        {"echo https://", NULL, "no http or https address"},
        {"echo https:///x", NULL, "no http or https address"},
        {"echo https://user@a.example.org/x y", NULL, "no http or https address"},
        {"echo uploading; echo https://a.example.org/", NULL, "more than an address"},
        {"printf 'https://a.example.org/\\n\\n'", NULL, "more than an address"},
        {"printf 'https://a.example.org/\\0x'", NULL, "more than an address"},
        {"printf 'https://a.example.org/\\303\\244'", NULL, "no http or https address"},
        {"printf 'https://a.example.org/\\033[1m'", NULL, "no http or https address"},
        {"echo https://a.example.org/; exit 3", NULL, "command: exit status 3"},
        {"echo 'no room' >&2; exit 1", NULL, "command: exit status 1: no room"},
        {"kill -9 $$", NULL, "command: killed by signal 9"},
        {"while :; do echo https://a.example.org/; done", NULL, "more than an address"},
        {"echo https://a.example.org/$(head -c 2048 /dev/zero | tr '\\0' x)", NULL, ""},
        {"sleep 1000 & echo https://a.example.org/b", "https://a.example.org/b", NULL},
        {"echo https://a.example.org/c; exec >&-; exec 2>&-; exit 0", "https://a.example.org/c", NULL},
    };
    struct sandbox *s = *state;
    for (size_t i = 0; i < COUNT(table); i++) {
        by_command(s, table[i].script);
        sandbox_publish(s);
        sandbox_wait(s);
        if (table[i].url) {
            assert_string_equal(s->url, table[i].url);
        } else {
            assert_string_equal(s->url, "");
            if (!strstr(s->why, table[i].why))
                fail_msg("%s: %s", table[i].script, s->why);
        }
    }
}

static void test_publisher__a_command_that_is_not_there(void **state)
{
    struct sandbox *s = *state;
    by_command(s, "");
    strlist_clean(&s->publish.command);
    assert_int_equal(strlist_add(&s->publish.command, "/nowhere/publish"), NT_OK);
    sandbox_publish(s);
    sandbox_wait(s);
    assert_string_equal(s->url, "");
    assert_non_null(strstr(s->why, "/nowhere/publish"));
}

/* It ignores every signal that can be ignored, and its children, too. */
static void test_publisher__a_command_that_hangs_is_killed(void **state)
{
    struct sandbox *s = *state;
    char script[512], path[128];
    size_t len;
    snprintf(script, sizeof script,
             "trap '' TERM HUP INT; sleep 1000 & echo $! >%s/half; mv %s/half %s/pid; wait; sleep 1000", s->folder,
             s->folder, s->folder);
    by_command(s, script);
    sandbox_publish(s);
    snprintf(path, sizeof path, "%s/pid", s->folder);
    for (int i = 0; access(path, F_OK) && i < 600; i++) {
        runner_turn(s->env.runner);
        usleep(100 * 1000);
    }
    char *text = sandbox_read(s->folder, "pid", &len);
    assert_non_null(text);
    long pid = strtol(text, NULL, 10);
    free(text);
    assert_true(pid > 1);
    publish_cancel(s->publication);
    /* the group is killed at once; who reaps an orphan is somebody else's business */
    for (int i = 0; i < 600; i++) {
        char stat_path[64], line[256] = "";
        snprintf(stat_path, sizeof stat_path, "/proc/%ld/stat", pid);
        FILE *f = fopen(stat_path, "re");
        bool gone = !f || !fgets(line, sizeof line, f) || strstr(line, ") Z ") || strstr(line, ") X ");
        if (f)
            fclose(f);
        if (gone)
            return;
        usleep(100 * 1000);
    }
    fail_msg("%ld still runs", pid);
}

int main(void)
{
    assert_int_equal(log_open("test", LOG_LEVEL_ERROR, "stderr"), NT_OK);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_publisher__##name, sandbox_setup, sandbox_teardown)
        TEST(names_are_random_and_known_again),
        TEST(a_folder_gets_a_whole_file_for_all_to_read),
        TEST(an_address_has_one_slash_between),
        TEST(a_folder_that_is_none),
        TEST(half_a_file_does_not_stay),
        TEST(put_uploads_and_remembers),
        TEST(one_place_for_all_is_not_remembered),
        TEST(what_servers_say_instead),
        TEST(cancelled_means_cancelled),
        TEST(header_files),
        TEST(an_address_that_is_not_asked),
        TEST(without_a_state_folder_it_goes_all_the_same),
        TEST(survives_the_failure_of_each_allocation),
        TEST(a_command_gets_the_picture_and_says_where_it_is),
        TEST(a_command_cannot_change_the_picture),
        TEST(what_commands_do_instead),
        TEST(a_command_that_is_not_there),
        TEST(a_command_that_hangs_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

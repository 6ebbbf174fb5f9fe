/* last good copy: its name, what is in it and what is not, and that it is used when it has to be. */
#include "base/file.h"
#include "base/mem.h"
#include "config/load.h"
#include "config/reading.h"

#include "folder.h"

#define NOW INT64_C(1735689600123)

static struct folder folder;
static char path[256];

static int make(void **state)
{
    (void)state;
    folder_make(&folder);
    snprintf(path, sizeof path, "%s/config.yaml", folder.path);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    log_tap(NULL, NULL);
    log_close();
    folder_remove(&folder);
    return 0;
}

static void check_path(const char *config, const char *expected)
{
    char *got = config_last_good_path(config);
    assert_string_equal(got, expected);
    mem_free(got);
}

static void test_last_good__is_named_after_the_path(void **state)
{
    (void)state;
    setenv("STATE_DIRECTORY", "/state:/other", 1);
    check_path("/etc/notify_twilio/config.yaml", "/state/last-good-etc-notify_twilio-config.yaml");
    check_path("/a-b", "/state/last-good-a%2Db");
    check_path("/a/b", "/state/last-good-a-b");
    check_path("/a b\n%", "/state/last-good-a%20b%0A%25");
    unsetenv("STATE_DIRECTORY");
    check_path("/c", "/var/lib/notify_twilio/last-good-c");
    setenv("STATE_DIRECTORY", "", 1);
    check_path("/c", "/var/lib/notify_twilio/last-good-c");
    char longest[4000], other[4000];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    strcpy(other, longest);
    other[sizeof other - 2] = 'y';
    char *a = config_last_good_path(longest), *b = config_last_good_path(other);
    assert_true(strlen(strrchr(a, '/') + 1) < 255);
    assert_string_not_equal(a, b);
    mem_free(a);
    mem_free(b);
}

static struct config *open_config(enum nt_status expected)
{
    struct problems p;
    struct config *c = NULL;
    problems_init(&p);
    enum nt_status status = config_open(path, &c, &p);
    if (status != expected)
        fail_msg("status %d; %s", status, p.n ? p.item[p.n - 1].message : "");
    problems_clean(&p);
    return c;
}

/* Writes text as the config, loads it and saves its copy; the copy's text is in out. */
static void save(const char *text, struct buf *out)
{
    struct problems p;
    struct config *c = NULL;
    struct stat st;
    char *copy;
    problems_init(&p);
    folder_write(&folder, "config.yaml", text, 0640);
    assert_int_equal(config_load(path, &c, &p), NT_OK);
    umask(077);
    assert_int_equal(config_save_last_good(c, NOW, &copy), NT_OK);
    umask(022);
    buf_init(out, 1 << 20);
    assert_int_equal(file_read(copy, out, NULL), NT_OK);
    assert_int_equal(stat(copy, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    mem_free(copy);
    config_free(c);
    problems_clean(&p);
}

static const char rich[] =
    "twilio:\n"
    "  account_sid: " ACCOUNT "\n"
    "  auth_token: hunter22\n"
    "  proxy: http://user:swordfish@proxy:1\n"
    "  edge: dublin\n"
    "  senders: [{from: 12345, segments_per_second: 0.25, prefixes: ['+1']}, {messaging_service_sid: " SERVICE "}]\n"
    "message: {encoding: gsm7, timezone: UTC}\n"
    "urgent_states: []\n"
    "contacts:\n"
    "  - {name: \"al \\\"ice\\\\\", aliases: ['a: b', '#x'], numbers: ['+1 500 555 0001'], throttle: {urgent: []}}\n"
    "  - {name: bob, routine: false}\n"
    "groups: [{name: g, members: [bob, nobody]}]\n"
    "throttle: {routine: []}\n"
    "alarm: {command: [mail, \"a\\nb\\tc\"]}\n"
    "store: sqlite:queue.db\n"
    "media_prefixes: []\n"
    "graphs:\n"
    "  - {name: u, url: 'https://g', headers: ['Authorization: Bearer magpie']}\n"
    "  - {name: z, zabbix: {url: 'https://z', user: u, password: cuckoo, item: i}}\n"
    "publish: [{s3: {endpoint: 'https://s', region: r, bucket: b, access_key_id: a, secret_access_key: jackdaw}}]\n"
    "log: {to: file.log}\n";

static void test_last_good__says_the_same_without_the_secrets(void **state)
{
    (void)state;
    static const char *const secret[] = {"hunter22", "swordfish", "magpie", "cuckoo", "jackdaw"};
    struct buf copy, before, after;
    struct problems p;
    struct config *c = NULL;
    problems_init(&p);
    save(rich, &copy);
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        assert_null(strstr(buf_text(&copy), secret[i]));
    assert_non_null(strstr(buf_text(&copy), "# saved: 1735689600123\n"));
    assert_int_equal(config_load(path, &c, &p), NT_OK);
    problems_clean(&p);
    buf_init(&before, 1 << 20);
    assert_int_equal(config_dump(c, &before), NT_OK);
    config_free(c);

    folder_write(&folder, "config.yaml", "twilio: [\n  auth_token: hunter23\n", 0640);
    c = open_config(NT_OK);
    buf_init(&after, 1 << 20);
    assert_int_equal(config_dump(c, &after), NT_OK);
    assert_string_equal(buf_text(&before), buf_text(&after));
    assert_string_equal(c->path, path);
    assert_true(c->last_good == NOW);
    assert_non_null(strstr(c->last_good_reason, "config.yaml:"));
    assert_false(c->salvaged);
    assert_string_equal(c->twilio.auth_token, "hunter23");
    assert_string_equal(c->contact[0].name, "al \"ice\\");
    assert_string_equal(c->contact[0].numbers.item[0], "+15005550001");
    assert_true(c->contact[0].throttle.given);
    assert_int_equal(c->contact[0].throttle.urgent.n, 0);
    assert_false(c->contact[1].throttle.given);
    assert_string_equal(c->alarm_command.item[1], "a\nb\tc");
    assert_int_equal(c->urgent_states.n, 0);
    assert_int_equal(c->group[0].members.n, 1);
    assert_string_equal(c->twilio.base_url, "https://api.dublin.us1.twilio.com");
    assert_true(c->twilio.sender[0].segments_per_second == 0.25);
    char *saved = NULL;
    assert_int_equal(config_save_last_good(c, NOW, &saved), NT_EINVAL); /* it did not load from its file */
    assert_null(saved);
    config_free(c);
    buf_clean(&copy);
    buf_clean(&before);
    buf_clean(&after);
}

#define GOOD TWILIO "message: {max_segments: 7}\n"

static void keep_line(void *arg, enum log_level level, const char *line)
{
    buf_addf(arg, "%d %s\n", (int)level, line);
}

/* What the file has become, and whether its copy is used then. */
static void test_last_good__is_used_when_the_file_does_not_load(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* NULL: gone */
        bool used;
        const char *reason;
    } row[] = {
        {"twilio: [\n# auth_token: not me\nauth_token: 0123456789abcdef\n", true, "YAML"},
        {TWILIO "colour: red\n", true, "unknown key 'colour'"},
        {TWILIO "message: {max_segments: many}\n", true, "whole number"},
        {"twilio:\n  account_sid: " ACCOUNT "\n  auth_token: 0123456789abcdef\n", true, "senders is missing"},
        {"", true, "is empty"},
        {NULL, true, "cannot be read"},
        {TWILIO, false, ""},
        {TWILIO "fallback: [nobody]\n", false, ""},
        {"twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: none\n" SENDERS "x: 1 # auth_token: 0123\n", true,
         "unknown key 'x'"},
    };
    struct buf copy;
    save(GOOD, &copy);
    buf_clean(&copy);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct buf log;
        buf_init(&log, 65536);
        log_tap(keep_line, &log);
        unlink(path);
        if (row[i].text)
            folder_write(&folder, "config.yaml", row[i].text, 0640);
        struct config *c = open_config(NT_OK);
        if ((c->last_good != 0) != row[i].used || !strstr(c->last_good_reason, row[i].reason))
            fail_msg("%s: %s", row[i].text, c->last_good_reason);
        assert_int_equal(c->message.max_segments, row[i].used ? 7 : 1);
        bool loud = strstr(buf_text(&log), "0 THE CONFIGURATION") && strstr(buf_text(&log), "2025-01-01 00:00:00 UTC");
        assert_true(loud == row[i].used);
        config_free(c);
        buf_clean(&log);
    }
}

static void test_last_good__finds_inline_secrets_in_what_is_left_of_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *token;
    } row[] = {
        {"[ auth_token: abcd", "abcd"},
        {"[\n    auth_token:   'ab cd' # x", "ab cd"},
        {"[\n  auth_token: \"abcd\"\n", "abcd"},
        {"[ {auth_token: abcd, x: y}", "abcd"},
        {"[ {\"auth_token\": \"abcd\"", "abcd"},
        {"[\n# auth_token: no\n  auth_token: yes!\n", "yes!"},
        {"[\n  my_auth_token: no\n  auth_token_file: no\n", ""},
        {"[\n  auth_token:\n  x: y\n", ""},
        {"[\n  auth_token", ""},
        {"[", ""},
    };
    struct buf copy;
    save(GOOD, &copy);
    buf_clean(&copy);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        folder_write(&folder, "config.yaml", row[i].text, 0640);
        struct config *c = open_config(NT_OK);
        if (strcmp(c->twilio.auth_token, row[i].token))
            fail_msg("%s: '%s'", row[i].text, c->twilio.auth_token);
        config_free(c);
    }
    save("twilio:\n  account_sid: " ACCOUNT "\n  api_key_sid: " KEY
         "\n  api_key_secret: first\n  proxy: http://u:p@h\n" SENDERS,
         &copy);
    buf_clean(&copy);
    folder_write(&folder, "config.yaml", "[\n  api_key_sid: " KEY "\n  api_key_secret: second\n  proxy: http://u:q@h\n",
                 0640);
    struct config *c = open_config(NT_OK);
    assert_string_equal(c->twilio.api_key_secret, "second");
    assert_string_equal(c->twilio.auth_token, "");
    assert_string_equal(c->twilio.proxy, "http://u:q@h");
    config_free(c);
}

static void test_last_good__secrets_in_files_are_read_there(void **state)
{
    (void)state;
    struct buf copy;
    folder_write(&folder, "token", "first\n", 0600);
    save("twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: token\n" SENDERS, &copy);
    assert_non_null(strstr(buf_text(&copy), "/token\"\n"));
    assert_null(strstr(buf_text(&copy), "first"));
    buf_clean(&copy);
    folder_write(&folder, "config.yaml", "[", 0640);
    folder_write(&folder, "token", "second\n", 0600);
    struct config *c = open_config(NT_OK);
    assert_string_equal(c->twilio.auth_token, "second");
    config_free(c);
    /* The service manager's credentials go before, as they do for the file itself. */
    char folder_of[256];
    snprintf(folder_of, sizeof folder_of, "%s/credentials", folder.path);
    assert_int_equal(mkdir(folder_of, 0700), 0);
    folder_write(&folder, "credentials/token", "third\n", 0400);
    setenv("CREDENTIALS_DIRECTORY", folder_of, 1);
    c = open_config(NT_OK);
    assert_string_equal(c->twilio.auth_token, "third");
    config_free(c);
}

/* A new token file that is not there yet: the old one goes on. */
static void test_last_good__is_used_when_it_alone_has_credentials(void **state)
{
    (void)state;
    struct buf copy;
    folder_write(&folder, "token", "first\n", 0600);
    save("twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: token\n" SENDERS, &copy);
    buf_clean(&copy);
    folder_write(&folder, "config.yaml", "twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: new\n" SENDERS, 0640);
    struct config *c = open_config(NT_OK);
    assert_string_equal(c->twilio.auth_token, "first");
    assert_true(c->last_good == NOW);
    config_free(c);
    unlink(folder_path(&folder, "token"));
    c = open_config(NT_OK);
    assert_string_equal(c->twilio.auth_token, "");
    assert_int_equal(c->last_good, 0);
    config_free(c);
}

static void test_last_good__a_broken_copy_is_no_copy(void **state)
{
    (void)state;
    struct problems p;
    struct config *c = NULL;
    char *copy = config_last_good_path(path);
    assert_int_equal(file_replace(copy, "twilio: [", 9, 0640), NT_OK);
    folder_write(&folder, "config.yaml", "[", 0640);
    problems_init(&p);
    assert_int_equal(config_open(path, &c, &p), NT_ECONFIG);
    assert_null(c);
    assert_int_equal(p.n, 2);
    assert_non_null(strstr(p.item[1].message, "the last good copy does not load: "));
    problems_clean(&p);
    unlink(copy);
    problems_init(&p);
    assert_int_equal(config_open(path, &c, &p), NT_ECONFIG);
    assert_non_null(strstr(p.item[1].message, "there is no last good copy"));
    problems_clean(&p);
    mem_free(copy);
}

static void test_last_good__a_folder_that_is_missing_is_told(void **state)
{
    (void)state;
    struct problems p;
    struct config *c = NULL;
    char *saved = NULL;
    problems_init(&p);
    folder_write(&folder, "config.yaml", TWILIO, 0640);
    assert_int_equal(config_load(path, &c, &p), NT_OK);
    setenv("STATE_DIRECTORY", "/nonexistent/folder", 1);
    assert_int_equal(config_save_last_good(c, NOW, &saved), NT_ENOENT);
    assert_null(saved);
    config_free(c);
    problems_clean(&p);
}

static void test_last_good__no_memory_is_told(void **state)
{
    (void)state;
    struct buf copy;
    struct problems p;
    struct config *c = NULL;
    save(rich, &copy);
    buf_clean(&copy);
    problems_init(&p);
    assert_int_equal(config_load(path, &c, &p), NT_OK);
    problems_clean(&p);
    for (unsigned long n = 1;; n++) {
        char *saved = NULL;
        mem_fail_at(n);
        enum nt_status status = config_save_last_good(c, NOW, &saved);
        bool failed = mem_failed();
        mem_fail_at(0);
        /* The fsync of the folder, which needs a name, may be left out. */
        if (status != NT_ENOMEM)
            assert_int_equal(status, NT_OK);
        mem_free(saved);
        if (!failed)
            break;
    }
    config_free(c);
    folder_write(&folder, "config.yaml", "[\n  auth_token: hunter22\n  proxy: http://u:swordfish@h\n", 0640);
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        c = NULL;
        problems_init(&p);
        mem_fail_at(n);
        enum nt_status status = config_open(path, &c, &p);
        failed = mem_failed();
        mem_fail_at(0);
        if (status != NT_ENOMEM)
            assert_int_equal(status, NT_OK);
        assert_true((c != NULL) == (status == NT_OK));
        config_free(c);
        problems_clean(&p);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_last_good__##name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(is_named_after_the_path),
        TEST(says_the_same_without_the_secrets),
        TEST(is_used_when_the_file_does_not_load),
        TEST(finds_inline_secrets_in_what_is_left_of_the_file),
        TEST(secrets_in_files_are_read_there),
        TEST(is_used_when_it_alone_has_credentials),
        TEST(a_broken_copy_is_no_copy),
        TEST(a_folder_that_is_missing_is_told),
        TEST(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

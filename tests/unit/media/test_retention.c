/* retention: what is old enough goes, and nothing else. */
#include "base/log.h"
#include "base/mem.h"
#include "media/published.h"
#include "media/retention.h"
#include "sandbox.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT(text)   ((char *)(uintptr_t)(text))
#define NAME         "0123456789abcdef0123456789abcdef.png"

enum { HOUR = 3600 };

static void age(const struct sandbox *s, const char *folder, const char *name, int64_t seconds)
{
    char path[512];
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)(s->clock.wall_ms / 1000 - seconds)}};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW), 0);
}

static bool there(const char *folder, const char *name)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return lstat(path, &st) == 0;
}

static struct config config_of(struct sandbox *s)
{
    return (struct config){.publish = &s->publish, .publishes = 1};
}

/* Sweeps until the end, or until requests are waited for. */
static void turn(struct retention *r)
{
    for (int i = 0; i < 1000 && retention_turn(r) && retention_next(r) == 0; i++) {
    }
}

static void test_retention__a_folder_loses_old_pictures_of_ours_alone(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    struct retention *r;
    static const struct {
        const char *name;
        int64_t age; /* s */
        bool stays;
    } table[] = {
        {"00000000000000000000000000000000.png", 25 * HOUR, false},
        {"11111111111111111111111111111111.jpg", 24 * HOUR, false},
        {"22222222222222222222222222222222.gif", 23 * HOUR, true},
        {"33333333333333333333333333333333.png", -HOUR, true}, /* of the future */
        {PUBLISH_HALF "44444444444444444444444444444444.png", 2 * HOUR, false},
        {PUBLISH_HALF "55555555555555555555555555555555.png", HOUR / 2, true},
        {"66666666666666666666666666666666.php", 1000 * HOUR, true},
        {"logo.png", 1000 * HOUR, true},
        {".htaccess", 1000 * HOUR, true},
        {"A6666666666666666666666666666666.png", 1000 * HOUR, true},
    };
    s->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    s->publish.directory = s->folder;
    for (size_t i = 0; i < COUNT(table); i++) {
        sandbox_write(s->folder, table[i].name, "x");
        age(s, s->folder, table[i].name, table[i].age);
    }
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    turn(r);
    assert_false(retention_turn(r));
    assert_int_equal(retention_deleted(r), 3);
    retention_free(r);
    for (size_t i = 0; i < COUNT(table); i++)
        if (there(s->folder, table[i].name) != table[i].stays)
            fail_msg("%s", table[i].name);
}

static void test_retention__links_and_folders_with_our_names_stay(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    struct retention *r;
    char target[128], path[128];
    s->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    s->publish.directory = s->folder;
    sandbox_write(s->state, "precious", "x");
    age(s, s->state, "precious", 1000 * HOUR);
    snprintf(target, sizeof target, "%s/precious", s->state);
    snprintf(path, sizeof path, "%s/" NAME, s->folder);
    assert_int_equal(symlink(target, path), 0);
    age(s, s->folder, NAME, 1000 * HOUR);
    snprintf(path, sizeof path, "%s/00000000000000000000000000000000.png", s->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    age(s, s->folder, "00000000000000000000000000000000.png", 1000 * HOUR);
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    turn(r);
    assert_int_equal(retention_deleted(r), 0);
    retention_free(r);
    assert_true(there(s->state, "precious"));
    assert_true(there(s->folder, NAME));
    assert_true(there(s->folder, "00000000000000000000000000000000.png"));
}

static void test_retention__a_folder_that_is_not_there(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    struct retention *r;
    s->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    s->publish.directory = TEXT("/nowhere/at/all");
    s->env.state_dir = "";
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    assert_false(retention_turn(r));
    assert_false(retention_turn(r));
    retention_free(r);
}

/* On servers. */

static void by_put(struct sandbox *s)
{
    s->publish.kind = CONFIG_PUBLISH_PUT;
    s->publish.put = TEXT("https://up.example.org/m/");
}

static char *notes(const struct sandbox *s)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/published", s->state);
    return path;
}

static void note(const struct sandbox *s, const char *name, const char *address, int64_t seconds)
{
    published_note(s->state, name, address);
    age(s, notes(s), name, seconds);
}

static void test_retention__what_is_on_a_server_is_deleted_there(void **state)
{
    static const struct {
        long status; /* 0 none */
        bool gone;
    } table[] = {
        {204, true},  {200, true},  {404, true},  {410, true}, {403, false},
        {405, false}, {301, false}, {500, false}, {0, false},
    };
    struct sandbox *s = *state;
    struct config config = config_of(s);
    char headers[128];
    sandbox_write(s->folder, "headers", "Authorization: Basic c2VjcmV0\n");
    snprintf(headers, sizeof headers, "%s/headers", s->folder);
    s->publish.header_file = headers;
    by_put(s);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct retention *r;
        note(s, NAME, "https://up.example.org/m/" NAME, 25 * HOUR);
        note(s, "11111111111111111111111111111111.jpg", "https://up.example.org/m/11111111111111111111111111111111.jpg",
             23 * HOUR);
        assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
        s->transport.calls = 0;
        turn(r);
        assert_int_equal(s->transport.calls, 1);
        assert_string_equal(s->transport.call[0].method, "DELETE");
        assert_string_equal(s->transport.call[0].url, "https://up.example.org/m/" NAME);
        assert_string_equal(s->transport.call[0].headers, "Authorization: Basic c2VjcmV0\n");
        assert_true(retention_turn(r));
        if (table[i].status)
            fake_answer(&s->transport, 0, table[i].status, "");
        else
            fake_no_answer(&s->transport, 0, "connection refused");
        assert_false(retention_turn(r));
        assert_int_equal(retention_deleted(r), table[i].gone);
        retention_free(r);
        assert_int_equal(there(notes(s), NAME), !table[i].gone);
        assert_true(there(notes(s), "11111111111111111111111111111111.jpg"));
        sandbox_empty(notes(s));
    }
}

static void test_retention__in_a_bucket(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    struct retention *r;
    s->publish.kind = CONFIG_PUBLISH_S3;
    s->publish.s3.endpoint = TEXT("https://s3.example.org");
    s->publish.s3.region = s->publish.s3.access_key_id = s->publish.s3.secret_access_key = TEXT("x");
    s->publish.s3.bucket = TEXT("graphs");
    s->publish.s3.prefix = TEXT("a b/");
    sandbox_publish(s);
    char url[4096];
    snprintf(url, sizeof url, "%s", s->transport.call[0].url);
    fake_answer(&s->transport, 0, 200, "");
    assert_int_equal(s->ended, 1);
    age(s, notes(s), strrchr(url, '/') + 1, 24 * HOUR);
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    turn(r);
    assert_int_equal(s->transport.calls, 2);
    assert_string_equal(s->transport.call[1].method, "DELETE");
    assert_string_equal(s->transport.call[1].url, url);
    assert_non_null(strstr(s->transport.call[1].headers, "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Sig"));
    fake_answer(&s->transport, 1, 204, "");
    assert_false(retention_turn(r));
    retention_free(r);
    assert_int_equal(sandbox_count(notes(s)), 0);
}

static void test_retention__a_server_that_hangs_ends_the_sweep(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    struct retention *r;
    by_put(s);
    for (int i = 0; i < 10; i++) {
        char name[PUBLISH_NAME], address[128];
        assert_int_equal(publish_name(PICTURE_PNG, name), NT_OK);
        snprintf(address, sizeof address, "https://up.example.org/m/%s", name);
        note(s, name, address, 25 * HOUR);
    }
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    turn(r);
    assert_int_equal(s->transport.calls, 4); /* at once */
    assert_true(retention_next(r) > 1000);
    fake_answer(&s->transport, 0, 204, "");
    assert_int_equal(retention_next(r), 0);
    turn(r);
    assert_int_equal(s->transport.calls, 5);
    fake_clock_advance(&s->clock, 60 * 1000);
    assert_int_equal(retention_next(r), 0);
    assert_false(retention_turn(r));
    assert_int_equal(s->transport.calls, 5);
    assert_int_equal(s->transport.cancelled, 4);
    assert_int_equal(retention_deleted(r), 1);
    assert_int_equal(sandbox_count(notes(s)), 9);
    retention_free(r);
}

static void test_retention__what_nobody_can_delete_is_forgotten_after_a_week(void **state)
{
    static const struct {
        const char *name, *address;
        int64_t age; /* days */
        bool stays;
    } table[] = {
        {NAME, "https://elsewhere.example.org/m/" NAME, 6, true},
        {NAME, "https://elsewhere.example.org/m/" NAME, 8, false},
        {NAME, "https://up.example.org/m/other", 8, false},
        {NAME, "", 8, false},
        {"README", "https://up.example.org/m/README", 1000, true},
    };
    struct sandbox *s = *state;
    struct config config = config_of(s);
    by_put(s);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct retention *r;
        note(s, table[i].name, table[i].address, table[i].age * 24 * HOUR);
        assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
        turn(r);
        assert_int_equal(s->transport.calls, 0);
        retention_free(r);
        assert_int_equal(there(notes(s), table[i].name), table[i].stays);
        sandbox_empty(notes(s));
    }
    /* one that its server does not let go */
    struct retention *r;
    note(s, NAME, "https://up.example.org/m/" NAME, 9 * 24 * HOUR);
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    turn(r);
    fake_answer(&s->transport, 0, 403, "");
    retention_free(r);
    assert_false(there(notes(s), NAME));
}

static void test_retention__ended_in_the_middle(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    struct retention *r;
    by_put(s);
    note(s, NAME, "https://up.example.org/m/" NAME, 25 * HOUR);
    assert_int_equal(retention_new(&s->env, &config, &r), NT_OK);
    (void)retention_turn(r);
    retention_free(r);
    assert_int_equal(s->transport.cancelled, 1);
    assert_true(there(notes(s), NAME));
    retention_free(NULL);
}

static void test_retention__survives_the_failure_of_each_allocation(void **state)
{
    struct sandbox *s = *state;
    struct config config = config_of(s);
    by_put(s);
    for (unsigned long n = 1;; n++) {
        struct retention *r;
        sandbox_empty(notes(s));
        note(s, NAME, "https://up.example.org/m/" NAME, 25 * HOUR);
        s->transport.calls = 0;
        mem_fail_at(n);
        enum nt_status status = retention_new(&s->env, &config, &r);
        if (!status)
            turn(r);
        mem_fail_at(0);
        if (!mem_failed())
            assert_int_equal(s->transport.calls, 1);
        retention_free(r);
        assert_true(there(notes(s), NAME));
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    assert_int_equal(log_open("test", LOG_LEVEL_ERROR, "stderr"), NT_OK);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_retention__##name, sandbox_setup, sandbox_teardown)
        TEST(a_folder_loses_old_pictures_of_ours_alone),
        TEST(links_and_folders_with_our_names_stay),
        TEST(a_folder_that_is_not_there),
        TEST(what_is_on_a_server_is_deleted_there),
        TEST(in_a_bucket),
        TEST(a_server_that_hangs_ends_the_sweep),
        TEST(what_nobody_can_delete_is_forgotten_after_a_week),
        TEST(ended_in_the_middle),
        TEST(survives_the_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

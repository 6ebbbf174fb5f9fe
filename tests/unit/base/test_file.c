/* file: reading with a bound, replacing without a gap, paths. */
#include "base/file.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char folder[] = "/tmp/nt-file-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int entries(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    while (dir && readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails when a temporary file was left */
}

static void test_file__replace_and_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 8191, 8192, 8193, 100000};
    static char data[100000];
    mode_t mask = umask(077);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf b;
        mode_t mode = 0;
        memset(data, 'a' + (int)i, sizes[i]);
        assert_int_equal(file_replace(path, data, sizes[i], 0640), NT_OK);
        buf_init(&b, sizes[i]);
        assert_int_equal(file_read(path, &b, &mode), NT_OK);
        assert_int_equal(mode & 07777, 0640);
        assert_int_equal(b.len, sizes[i]);
        assert_memory_equal(buf_text(&b), data, sizes[i]);
        buf_clean(&b);
        if (sizes[i]) {
            buf_init(&b, sizes[i] - 1);
            assert_int_equal(file_read(path, &b, NULL), NT_ETOOBIG);
            assert_int_equal(b.len, 0);
            buf_clean(&b);
        }
    }
    umask(mask);
    assert_int_equal(entries(), 1);
}

static void test_file__reading_appends(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 6);
    assert_int_equal(file_replace(path, "def", 3, 0600), NT_OK);
    assert_int_equal(buf_adds(&b, "abc"), NT_OK);
    assert_int_equal(file_read(path, &b, NULL), NT_OK);
    assert_string_equal(buf_text(&b), "abcdef");
    buf_clean(&b);
}

static void test_file__what_cannot_be_read(void **state)
{
    (void)state;
    struct buf b;
    mode_t mode = 07;
    buf_init(&b, 100);
    assert_int_equal(file_read(path, &b, &mode), NT_ENOENT);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file_read(folder, &b, &mode), NT_EIO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(file_replace(path, "x", 1, 0600), NT_OK);
    char below[80];
    snprintf(below, sizeof below, "%s/below", path);
    assert_int_equal(file_read(below, &b, &mode), NT_ENOENT);
    assert_int_equal(mode, 07);
    if (!geteuid()) {
        /* Root may read everything: look as somebody else. */
        assert_int_equal(seteuid(65534), 0);
        assert_int_equal(file_read(path, &b, &mode), NT_EACCES);
        assert_int_equal(file_replace(path, "y", 1, 0600), NT_EACCES);
        assert_int_equal(seteuid(0), 0);
    }
    buf_clean(&b);
    assert_int_equal(entries(), 1);
}

static void test_file__a_failed_replacement_leaves_the_old(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0); /* a folder cannot be renamed over */
    assert_int_not_equal(file_replace(path, "x", 1, 0600), NT_OK);
    assert_int_equal(entries(), 1);
    rmdir(path);
    for (unsigned long n = 1;; n++) {
        assert_int_equal(file_replace(path, "old", 3, 0600), NT_OK);
        mem_fail_at(n);
        enum nt_status status = file_replace(path, "new", 3, 0600);
        mem_fail_at(0);
        struct buf b;
        buf_init(&b, 10);
        assert_int_equal(file_read(path, &b, NULL), NT_OK);
        assert_string_equal(buf_text(&b), status ? "old" : "new");
        buf_clean(&b);
        assert_int_equal(entries(), 1);
        if (!mem_failed())
            break;
    }
}

static void test_file__names_of_the_longest(void **state)
{
    (void)state;
    char name[NAME_MAX + 1], longest[PATH_MAX];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    snprintf(longest, sizeof longest, "%s/%s", folder, name);
    assert_int_equal(file_replace(longest, "x", 1, 0600), NT_OK);
    assert_int_equal(unlink(longest), 0);
}

static void test_file__beside(void **state)
{
    (void)state;
    static const struct {
        const char *base, *name, *joined;
    } cases[] = {
        {"/etc/notify_twilio/config.yaml", "auth_token", "/etc/notify_twilio/auth_token"},
        {"/etc/notify_twilio/config.yaml", "/run/token", "/run/token"},
        {"/etc/notify_twilio/config.yaml", "../token", "/etc/notify_twilio/../token"},
        {"config.yaml", "token", "token"},
        {"./config.yaml", "token", "./token"},
        {"/config.yaml", "token", "/token"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *joined = file_beside(cases[i].base, cases[i].name);
        assert_string_equal(joined, cases[i].joined);
        mem_free(joined);
        mem_fail_at(1);
        assert_null(file_beside(cases[i].base, cases[i].name));
        mem_fail_at(0);
    }
}

static void test_file__absolute(void **state)
{
    (void)state;
    char here[PATH_MAX], *made;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    static const struct {
        const char *path, *tail; /* NULL: as it is */
    } cases[] = {{"/x/../y", NULL}, {"a", "/a"}, {"./a", "/a"}, {".//./a/./b", "/a/./b"}, {"../a", "/../a"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[PATH_MAX];
        snprintf(expected, sizeof expected, "%s%s", cases[i].tail ? folder : cases[i].path,
                 cases[i].tail ? cases[i].tail : "");
        made = file_absolute(cases[i].path);
        assert_string_equal(made, expected);
        mem_free(made);
        mem_fail_at(1);
        assert_null(file_absolute(cases[i].path));
        mem_fail_at(0);
    }
    assert_int_equal(chdir(here), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file__replace_and_read),
        TEST(test_file__reading_appends),
        TEST(test_file__what_cannot_be_read),
        TEST(test_file__a_failed_replacement_leaves_the_old),
        TEST(test_file__names_of_the_longest),
        TEST(test_file__beside),
        TEST(test_file__absolute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* log: levels, secrets, control characters, cuts, files. */
#include "base/log.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
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

static struct {
    char line[4096];
    enum log_level level;
    int n;
} seen;

static void tap(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    snprintf(seen.line, sizeof seen.line, "%s", line);
    seen.level = level;
    seen.n++;
}

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    log_tap(tap, NULL);
    return log_open("test", LOG_LEVEL_DEBUG, "/dev/null");
}

static int teardown(void **state)
{
    (void)state;
    log_tap(NULL, NULL);
    log_close();
    return 0;
}

static void test_log__levels(void **state)
{
    (void)state;
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        assert_int_equal(log_open("test", (enum log_level)level, "/dev/null"), NT_OK);
        seen.n = 0;
        log_error("a");
        log_warning("b");
        log_info("c");
        log_debug("d");
        assert_int_equal(seen.n, level + 1);
        assert_int_equal(seen.level, level);
    }
    enum log_level level;
    assert_int_equal(log_level_parse("warning", &level), NT_OK);
    assert_int_equal(level, LOG_LEVEL_WARNING);
    assert_int_equal(log_level_parse("WARNING", &level), NT_EINVAL);
    assert_int_equal(log_level_parse("", &level), NT_EINVAL);
}

static void test_log__control_characters_are_visible(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain ü 😀", "plain ü 😀"},
        {"two\nlines\ttab", "two\\nlines\\ttab"},
        {"\x1B[31mred\r\x7F", "\\x1B[31mred\\x0D\\x7F"},
        {"\xC2\x9B"
         "csi",
         "\\x9Bcsi"},
        {"bad \xFF\xC3", "bad \\xFF\\xC3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        log_info("%s", cases[i].in);
        assert_string_equal(seen.line, cases[i].out);
    }
}

static void test_log__secrets_do_not_show(void **state)
{
    (void)state;
    log_secret("abcd");
    log_secret("cdef");
    log_secret("token-with-\n-newline");
    log_secret("abc"); /* too short to hide */
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"xabcdx", "x***x"},   {"abcd", "***"},        {"abcdabcd", "***"},
        {"xabcdefx", "x***x"}, {"abc def", "abc def"}, {"AC1:token-with-\n-newline@", "AC1:***@"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        log_info("%s", cases[i].in);
        assert_string_equal(seen.line, cases[i].out);
    }
}

/* Wherever the cut falls, no part of a secret stands before it. */
static void test_log__a_cut_shows_no_half_secret(void **state)
{
    (void)state;
    static char text[40000];
    static const char secret[] = "5ecret5ecret5ecret5ecret";
    log_secret(secret);
    static const size_t around[] = {2000, 2040, 16384 - 24, 16384};
    for (size_t a = 0; a < sizeof around / sizeof *around; a++)
        for (size_t at = around[a] - 30; at < around[a] + 30; at++) {
            memset(text, '.', sizeof text - 1);
            memcpy(text + at, secret, sizeof secret - 1);
            log_info("%s", text);
            assert_null(strstr(seen.line, "5ec"));
        }
    /* Full of secrets, so that what is left after hiding them is short. */
    for (size_t at = 0; at + 24 < sizeof text; at += 24)
        memcpy(text + at, secret, 24);
    log_info("%s", text);
    assert_string_equal(seen.line, "***");
}

static void test_log__lines_are_cut_at_a_character(void **state)
{
    (void)state;
    char text[6000] = "";
    for (int lead = 0; lead < 4; lead++) {
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)lead; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "€", 3);
        text[sizeof text - 10] = '\0';
        log_info("%s", text);
        size_t len = strlen(seen.line);
        assert_in_range(len, 2040, 2048);
        assert_true(utf8_valid(seen.line, len));
        assert_string_equal(seen.line + len - 3, "...");
    }
}

static void test_log__the_latest_secrets_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        char secret[32];
        snprintf(secret, sizeof secret, "secret-%02d", i);
        log_secret(secret);
        log_secret(secret);
    }
    log_info("secret-39 secret-08");
    assert_string_equal(seen.line, "*** ***");
    mem_fail_at(1);
    log_secret("nomemory");
    mem_fail_at(0);
    log_info("secret-39");
    assert_string_equal(seen.line, "***");
}

static void test_log__errno_survives(void **state)
{
    (void)state;
    errno = ENOSPC;
    log_error("%m");
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(seen.line, "No space left on device");
}

static void test_log__files_are_appended_to(void **state)
{
    (void)state;
    char folder[] = "/tmp/nt-log-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    mode_t mask = umask(0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(log_open("pager", LOG_LEVEL_INFO, path), NT_OK);
        log_warning("line %d", i);
        log_debug("not written");
        log_close();
    }
    umask(mask);
    struct buf text;
    mode_t mode;
    buf_init(&text, 10000);
    assert_int_equal(file_read(path, &text, &mode), NT_OK);
    assert_int_equal(mode & 0777, 0640);
    char expected[64];
    const char *first = strstr(buf_text(&text), "\n");
    assert_non_null(first);
    snprintf(expected, sizeof expected, "Z pager[%ld]: warning: line 0\n", (long)getpid());
    assert_non_null(strstr(buf_text(&text), expected));
    assert_non_null(strstr(first + 1, ": warning: line 1\n"));
    buf_clean(&text);
    unlink(path);
    rmdir(folder);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_log__a_shared_folder_shares_its_log(void **state)
{
    (void)state;
    char folder[] = "/tmp/nt-log-XXXXXX", path[64], link[64];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 02770), 0);
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    mode_t mask = umask(077);
    assert_int_equal(log_open("pager", LOG_LEVEL_INFO, path), NT_OK);
    log_close();
    assert_int_equal(mode_of(path), 0660);
    /* what is there already stays as somebody made it */
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(log_open("pager", LOG_LEVEL_INFO, path), NT_OK);
    log_close();
    assert_int_equal(mode_of(path), 0600);
    /* a link may lead to a file that is not there yet */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("log", link), 0);
    assert_int_equal(log_open("pager", LOG_LEVEL_INFO, link), NT_OK);
    log_close();
    assert_int_equal(mode_of(path), 0600);
    /* a folder of somebody's own keeps its log to itself */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    umask(0);
    assert_int_equal(log_open("pager", LOG_LEVEL_INFO, path), NT_OK);
    log_close();
    umask(mask);
    assert_int_equal(mode_of(path), 0640);
    unlink(link);
    unlink(path);
    rmdir(folder);
}

static void test_log__a_stranger_s_link_is_not_followed(void **state)
{
    (void)state;
    char folder[] = "/tmp/nt-test-log-XXXXXX", file[64], link[64];
    struct stat st;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/precious", folder);
    snprintf(link, sizeof link, "%s/log", folder);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(symlink("precious", link), 0);
    /* our own leads where we want it to */
    assert_int_equal(log_open("test", LOG_LEVEL_INFO, link), NT_OK);
    log_info("one");
    log_close();
    assert_int_equal(stat(file, &st), 0);
    off_t size = st.st_size;
    assert_true(size > 0);
    if (lchown(link, 65534, 65534) == 0) { /* only root can play the stranger */
        log_tap(tap, NULL);
        assert_int_not_equal(log_open("test", LOG_LEVEL_INFO, link), NT_OK);
        log_info("two");
        log_close();
        log_tap(NULL, NULL);
        assert_int_equal(stat(file, &st), 0);
        assert_int_equal(st.st_size, size);
    }
    assert_int_equal(unlink(link) | unlink(file) | rmdir(folder), 0);
}

static void test_log__what_cannot_be_opened_goes_to_stderr(void **state)
{
    (void)state;
    char path[] = "/tmp/nt-log-XXXXXX";
    int fd = mkstemp(path), saved = dup(STDERR_FILENO);
    assert_true(fd >= 0 && saved >= 0);
    dup2(fd, STDERR_FILENO);
    log_close();
    assert_int_equal(log_open("pager", LOG_LEVEL_WARNING, "/nonexistent/folder/log"), NT_ENOENT);
    assert_false(log_has_file());
    log_warning("still %s", "here");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    struct buf text;
    buf_init(&text, 10000);
    assert_int_equal(file_read(path, &text, NULL), NT_OK);
    assert_non_null(strstr(buf_text(&text), "/nonexistent/folder/log"));
    assert_non_null(strstr(buf_text(&text), "pager: warning: still here\n"));
    buf_clean(&text);
    unlink(path);
}

static void test_log__a_file_that_is_open_is_kept_when_another_cannot_be_opened(void **state)
{
    (void)state;
    char path[] = "/tmp/nt-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(log_open("pager", LOG_LEVEL_WARNING, path), NT_OK);
    assert_true(log_has_file());
    assert_int_equal(log_open("pager", LOG_LEVEL_WARNING, "/nonexistent/folder/log"), NT_ENOENT);
    assert_true(log_has_file());
    log_warning("still %s", "here");
    struct buf text;
    buf_init(&text, 10000);
    assert_int_equal(file_read(path, &text, NULL), NT_OK);
    assert_non_null(strstr(buf_text(&text), "/nonexistent/folder/log"));
    assert_non_null(strstr(buf_text(&text), "warning: still here\n"));
    buf_clean(&text);
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_log__levels),
        TEST(test_log__control_characters_are_visible),
        TEST(test_log__secrets_do_not_show),
        TEST(test_log__a_cut_shows_no_half_secret),
        TEST(test_log__lines_are_cut_at_a_character),
        TEST(test_log__the_latest_secrets_are_kept),
        TEST(test_log__errno_survives),
        TEST(test_log__files_are_appended_to),
        TEST(test_log__a_shared_folder_shares_its_log),
        TEST(test_log__a_stranger_s_link_is_not_followed),
        TEST(test_log__what_cannot_be_opened_goes_to_stderr),
        TEST(test_log__a_file_that_is_open_is_kept_when_another_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

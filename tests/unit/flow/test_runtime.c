/* Where the templates are, and how loud the log is. */
#include "flow/runtime.h"

#include "base/log.h"
#include "base/paths.h"
#include "desk.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a file system with two folders ---- */

/* access() comes by here (--wrap). */
static const char *there, *too; /* the only paths that are there; NULL: the real file system */

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);

int __wrap_access(const char *path, int mode)
{
    if (!there)
        return __real_access(path, mode);
    return !strcmp(path, there) || !strcmp(path, too) ? 0 : -1;
}

static void test_runtime__where_the_templates_are(void **state)
{
    (void)state;
    static const char *const places[] = {"/../templates", "/../../templates", "/../share/notify_twilio/templates",
                                         "/../../share/notify_twilio/templates"};
    char self[PATH_MAX] = "", beside[PATH_MAX + 64];
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    *strrchr(self, '/') = '\0';

    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", "/somewhere/else", 1), 0);
    there = too = NT_TEMPLATE_DIR;
    assert_string_equal(runtime_template_dir(), "/somewhere/else"); /* as it was said, there or not */
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", "", 1), 0);
    assert_string_equal(runtime_template_dir(), NT_TEMPLATE_DIR);
    assert_int_equal(unsetenv("NOTIFY_TWILIO_TEMPLATES"), 0);
    assert_string_equal(runtime_template_dir(), NT_TEMPLATE_DIR); /* installed */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(beside, sizeof beside, "%s%s", self, places[i]);
        there = too = beside;
        assert_string_equal(runtime_template_dir(), beside); /* of a build, or of an installation that was moved */
        too = NT_TEMPLATE_DIR;
        assert_string_equal(runtime_template_dir(), NT_TEMPLATE_DIR); /* what is installed goes first */
    }
    there = too = "/nowhere";
    assert_string_equal(runtime_template_dir(), NT_TEMPLATE_DIR); /* to say what is missing */
    there = too = NULL;
}

/* ---- the log ---- */

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)line;
    if ((int)level > *(int *)arg)
        *(int *)arg = (int)level;
}

/* A word that is none (a configuration that nobody has checked) is not silence, and no flood. */
static void test_runtime__how_loud_the_log_is(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum log_level most;
    } cases[] = {{"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"info", LOG_LEVEL_INFO},
                 {"debug", LOG_LEVEL_DEBUG}, {"whisper", LOG_LEVEL_INFO},    {"", LOG_LEVEL_INFO}};
    struct desk d;
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", NT_SOURCE_DIR "/templates", 1), 0);
    assert_int_equal(desk_open(&d, ""), 0);
    char *configured = d.r.config->log_level;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char word[16];
        int heard = -1;
        snprintf(word, sizeof word, "%s", cases[i].word);
        d.r.config->log_level = word;
        runtime_reopen_log(&d.r);
        log_tap(hear, &heard);
        log_error("a line of the test");
        log_warning("a line of the test");
        log_info("a line of the test");
        log_debug("a line of the test");
        log_tap(NULL, NULL);
        assert_int_equal(heard, cases[i].most);
    }
    d.r.config->log_level = configured;
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runtime__where_the_templates_are),
        cmocka_unit_test(test_runtime__how_loud_the_log_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* options: what is understood, and that nothing else is. */
#include "neb/options.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_options__are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *commands, *socket;
        int wait;
    } t[] = {
        {"commands=notify-by-twilio", "notify-by-twilio", "", 50},
        {"commands=a,b socket=/run/s", "a,b", "/run/s", 50},
        {"  socket=/run/s\tcommands=a \n", "a", "/run/s", 50},
        {"commands=a wait=1", "a", "", 1},
        {"wait=1000 commands=a", "a", "", 1000},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct options o;
        char error[OPTIONS_ERROR_SIZE] = "";
        assert_int_equal(options_read(&o, t[i].text, error), NT_OK);
        assert_string_equal(o.commands, t[i].commands);
        assert_string_equal(o.socket, t[i].socket);
        assert_int_equal(o.wait, t[i].wait);
        options_clean(&o);
    }
}

static void test_options__what_is_wrong_is_said(void **state)
{
    (void)state;
    char long_path[300] = "commands=a socket=/";
    memset(long_path + strlen(long_path), 'x', 200);
    const struct {
        const char *text, *says;
    } t[] = {
        {NULL, "commands= is missing"},
        {"", "commands= is missing"},
        {"socket=/run/s", "commands= is missing"},
        {"commands=", "commands= needs"},
        {"commands=,a", "commands= needs"},
        {"commands=a,", "commands= needs"},
        {"commands=a,,b", "commands= needs"},
        {"commands=a commands=b", "commands= needs"},
        {"commands=a, b", "commands= needs"},
        {"commands=a socket=", "socket= needs"},
        {"commands=a socket=run/s", "socket= needs"},
        {"commands=a socket=/a socket=/b", "socket= needs"},
        {long_path, "socket= needs"},
        {"commands=a wait=", "wait= needs"},
        {"commands=a wait=0", "wait= needs"},
        {"commands=a wait=1001", "wait= needs"},
        {"commands=a wait=99999999999999999999", "wait= needs"},
        {"commands=a wait=-1", "wait= needs"},
        {"commands=a wait=1s", "wait= needs"},
        {"command=a", "what is \"command=a\"?"},
        {"commands=a verbose", "what is \"verbose\"?"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct options o;
        char error[OPTIONS_ERROR_SIZE] = "";
        assert_int_equal(options_read(&o, t[i].text, error), NT_EINVAL);
        if (strncmp(error, t[i].says, strlen(t[i].says)) != 0)
            fail_msg("%s: %s", t[i].text ? t[i].text : "NULL", error);
        assert_null(o.commands);
        assert_string_equal(o.socket, "");
    }
}

static void test_options__commands_are_whole_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool listed;
    } t[] = {{"notify", true}, {"page-me", true}, {"x", true}, {"notif", false}, {"notify-x", false},
             {"page", false},  {"me", false},     {"", false}, {"y", false},     {"notify,page-me", false}};
    struct options o;
    char error[OPTIONS_ERROR_SIZE];
    assert_int_equal(options_read(&o, "commands=notify,page-me,x", error), NT_OK);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (options_command(&o, t[i].name) != t[i].listed)
            fail_msg("%s", t[i].name);
    options_clean(&o);
    assert_false(options_command(&o, "notify"));
}

static void test_options__say_when_memory_runs_out(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct options o;
        char error[OPTIONS_ERROR_SIZE] = "";
        mem_fail_at(n);
        enum nt_status status = options_read(&o, "commands=a socket=/s", error);
        mem_fail_at(0);
        assert_int_equal(status, mem_failed() ? NT_ENOMEM : NT_OK);
        options_clean(&o);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options__are_read),
        cmocka_unit_test(test_options__what_is_wrong_is_said),
        cmocka_unit_test(test_options__commands_are_whole_names),
        cmocka_unit_test(test_options__say_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

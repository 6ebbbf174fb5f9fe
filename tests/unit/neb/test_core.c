/* core: the functions that are missing are named, and every core's interface has its number. */
#include "neb/core.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_core__names_what_is_missing(void **state)
{
    (void)state;
    struct core c;
    /* This program is no core. */
    assert_string_equal(core_look_up(&c), "neb_register_callback");
    core_say(&c, NEB_LOG_INFO, "to nobody");
    assert_int_equal(core_api_version(), 4);
}

static void test_core__interface_of_naemon(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        int api;
    } t[] = {
        {"1.0.0", 4}, {"1.0.10", 4}, {"1.1.0", 5}, {"1.2.4", 5},      {"1.3.1", 5},   {"1.4.0", 5},  {"1.4.1", 5},
        {"1.4.2", 6}, {"1.4.3", 7},  {"1.4.4", 7}, {"1.5.0", 8},      {"1.5.2", 8},   {"1.6.0", 8},  {"2.0.0", 8},
        {"1.4", 5},   {"0.8", 4},    {"", 8},      {"unheard of", 8}, {"1.5.1-x", 8}, {"1.10.0", 8},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (core_api_of_naemon(t[i].version) != t[i].api)
            fail_msg("%s: %d", t[i].version, core_api_of_naemon(t[i].version));
    assert_int_equal(core_api_of_naemon(NULL), 8);
}

/* A core that lacks something goes on without the module, instead of not starting. */
static void test_core__the_module_in_a_program_that_is_none(void **state)
{
    (void)state;
    char arguments[] = "commands=notify";
    void *library = dlopen(NT_NEB, RTLD_NOW | RTLD_GLOBAL), *symbol;
    int (*init)(int flags, char *args, void *handle), (*deinit)(int flags, int reason);
    assert_non_null(library);
    assert_non_null(symbol = dlsym(library, "nebmodule_init"));
    memcpy(&init, &symbol, sizeof init);
    assert_non_null(symbol = dlsym(library, "nebmodule_deinit"));
    memcpy(&deinit, &symbol, sizeof deinit);
    assert_int_equal(init(0, arguments, library), 0);
    assert_int_equal(deinit(0, 0), 0);
    assert_int_equal(dlclose(library), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core__names_what_is_missing),
        cmocka_unit_test(test_core__interface_of_naemon),
        cmocka_unit_test(test_core__the_module_in_a_program_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

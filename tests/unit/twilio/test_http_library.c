/* http_library: a libcurl that is there, and of no use. */
#include "twilio/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>

static void check(const char *path, enum nt_status expected)
{
    /* Who asks for its name gets what already has it. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    struct http_options o = {.ca_file = "", .proxy = "", .address_cache = ""};
    struct http *h = (struct http *)&o;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(http_new(&o, &h), expected);
        assert_null(h);
        http_free(h);
    }
    dlclose(library);
}

/* In this order: what is whole is kept. */
static void test_http_library__one_of_no_use_is_left_alone(void **state)
{
    (void)state;
    check(PART_OF_CURL, NT_EIO);
    check(NO_CURL, NT_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_library__one_of_no_use_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

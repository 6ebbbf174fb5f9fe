/* http_library: a libcurl that is there, and of no use. */
#include "twilio/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>

static void test_http_library__one_that_cannot_begin_is_left_alone(void **state)
{
    (void)state;
    /* Who asks for its name gets what already has it. */
    void *library = dlopen(NO_CURL, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    struct http_options o = {.ca_file = "", .proxy = "", .address_cache = ""};
    struct http *h = (struct http *)&o;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(http_new(&o, &h), NT_ENOMEM);
        assert_null(h);
        http_free(h);
    }
    dlclose(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_library__one_that_cannot_begin_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* hash: the published values of FNV-1a. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_hash__published_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "cbf29ce484222325"},
        {"a", "af63dc4c8601ec8c"},
        {"foobar", "85944171f73967e8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char hex[HASH_HEX];
        hash_hex(hash_text(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void test_hash__goes_on(void **state)
{
    (void)state;
    assert_true(hash_add(hash_add(HASH_START, "foo", 3), "bar", 3) == hash_text("foobar"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash__published_values),
        cmocka_unit_test(test_hash__goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

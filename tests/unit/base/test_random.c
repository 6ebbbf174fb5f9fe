/* random: the form of a UUID, and that no two are equal. */
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_random__uuid_is_version_4(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char uuid[UUID_SIZE];
        random_uuid(uuid);
        assert_int_equal(strlen(uuid), 36);
        for (int at = 0; at < 36; at++) {
            if (at == 8 || at == 13 || at == 18 || at == 23)
                assert_int_equal(uuid[at], '-');
            else
                assert_non_null(strchr("0123456789abcdef", uuid[at]));
        }
        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));
    }
}

static void test_random__differs(void **state)
{
    (void)state;
    char a[UUID_SIZE], b[UUID_SIZE];
    random_uuid(a);
    random_uuid(b);
    assert_string_not_equal(a, b);
    assert_true(random_u64() != random_u64());
    unsigned char block[1000] = {0}, seen = 0;
    random_bytes(block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++)
        seen |= block[i];
    assert_int_equal(seen, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random__uuid_is_version_4),
        cmocka_unit_test(test_random__differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* vector: growth, and what is left when there is no memory. */
#include "base/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct numbers {
    int *item;
    size_t n, size;
};

static void test_vector__keeps_what_it_holds(void **state)
{
    (void)state;
    struct numbers v = {0};
    for (int i = 0; i < 1000; i++) {
        assert_true(VECTOR_GROW(&v, item));
        v.item[v.n++] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.item[i], i);
    mem_free(v.item);
}

static void test_vector__a_failed_growth_changes_nothing(void **state)
{
    (void)state;
    struct numbers v = {0};
    while (v.n < 8 && VECTOR_GROW(&v, item))
        v.item[v.n++] = 7;
    mem_fail_at(1);
    assert_false(VECTOR_GROW(&v, item));
    mem_fail_at(0);
    assert_int_equal(v.n, 8);
    assert_int_equal(v.size, 8);
    assert_int_equal(v.item[7], 7);
    mem_free(v.item);
}

static void test_vector__sizes_do_not_overflow(void **state)
{
    (void)state;
    struct numbers v = {.n = SIZE_MAX / 4, .size = SIZE_MAX / 4};
    assert_false(VECTOR_GROW(&v, item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector__keeps_what_it_holds),
        cmocka_unit_test(test_vector__a_failed_growth_changes_nothing),
        cmocka_unit_test(test_vector__sizes_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

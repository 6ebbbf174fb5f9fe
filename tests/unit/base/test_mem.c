/* mem: sizes at the edges, and failures on demand. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_mem__size_zero_is_a_block(void **state)
{
    (void)state;
    void *a = mem_alloc(0), *b = mem_zalloc(0), *c = mem_array(0, 8), *d = mem_resize(NULL, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_non_null(d);
    assert_ptr_not_equal(a, b);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(d);
    mem_free(NULL);
}

static void test_mem__overflow_is_no_memory(void **state)
{
    (void)state;
    assert_null(mem_array(SIZE_MAX / 2, 3));
    assert_null(mem_strndup("", SIZE_MAX));
}

static void test_mem__copies(void **state)
{
    (void)state;
    char *all = mem_strdup("pager"), *part = mem_strndup("pager", 3), *none = mem_strndup(NULL, 0);
    assert_string_equal(all, "pager");
    assert_string_equal(part, "pag");
    assert_string_equal(none, "");
    mem_free(all);
    mem_free(part);
    mem_free(none);
}

static void test_mem__zeroed(void **state)
{
    (void)state;
    unsigned char *p = mem_array(16, 4);
    assert_non_null(p);
    for (int i = 0; i < 64; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
}

static void test_mem__the_nth_fails_once(void **state)
{
    (void)state;
    for (unsigned long n = 1; n <= 5; n++) {
        mem_fail_at(n);
        for (unsigned long i = 1; i <= 6; i++) {
            void *p = i % 2 ? mem_alloc(4) : mem_zalloc(4);
            assert_true((p == NULL) == (i == n));
            assert_int_equal(mem_failed(), i >= n);
            mem_free(p);
        }
    }
    mem_fail_at(0);
    assert_true(mem_failed()); /* still the answer to the last question */
    mem_fail_at(1);
    assert_false(mem_failed());
    mem_fail_at(0);
}

static void test_mem__a_failed_resize_keeps_the_block(void **state)
{
    (void)state;
    char *p = mem_strdup("kept");
    mem_fail_at(1);
    assert_null(mem_resize(p, 100));
    mem_fail_at(0);
    assert_string_equal(p, "kept");
    mem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mem__size_zero_is_a_block),
        cmocka_unit_test(test_mem__overflow_is_no_memory),
        cmocka_unit_test(test_mem__copies),
        cmocka_unit_test(test_mem__zeroed),
        cmocka_unit_test(test_mem__the_nth_fails_once),
        cmocka_unit_test(test_mem__a_failed_resize_keeps_the_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "flow/idmap.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_idmap__finds_what_was_added(void **state)
{
    (void)state;
    struct idmap m = {0};
    assert_int_equal(idmap_get(&m, 1), 0);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(idmap_add(&m, (i * 7919) % 1000, i + 1), NT_OK);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(idmap_get(&m, (i * 7919) % 1000), i + 1);
    assert_int_equal(idmap_get(&m, 1000), 0);
    assert_int_equal(idmap_get(&m, -1), 0);
    assert_int_equal(idmap_add(&m, 5, 77), NT_OK); /* the last one wins */
    assert_int_equal(idmap_get(&m, 5), 77);
    assert_int_equal(m.n, 1000);
    idmap_clean(&m);
    assert_int_equal(idmap_get(&m, 5), 0);
}

static void test_idmap__no_memory(void **state)
{
    (void)state;
    struct idmap m = {0};
    mem_fail_at(1);
    assert_int_equal(idmap_add(&m, 1, 2), NT_ENOMEM);
    mem_fail_at(0);
    assert_int_equal(idmap_get(&m, 1), 0);
    assert_int_equal(idmap_add(&m, 1, 2), NT_OK);
    assert_int_equal(idmap_get(&m, 1), 2);
    idmap_clean(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idmap__finds_what_was_added),
        cmocka_unit_test(test_idmap__no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

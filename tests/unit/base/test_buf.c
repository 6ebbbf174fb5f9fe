/* buf: growth, the maximum, the error that sticks. */
#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_buf__empty_is_text(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_string_equal(buf_text(&b), "");
    buf_truncate(&b, 0);
    buf_reset(&b);
    assert_int_equal(buf_status(&b), NT_OK);
    char *text = buf_steal(&b);
    assert_string_equal(text, "");
    mem_free(text);
    buf_clean(&b);
}

static void test_buf__the_maximum_is_reached_and_not_passed(void **state)
{
    (void)state;
    static const size_t maxima[] = {0, 1, 2, 63, 64, 65, 127, 128, 1000};
    for (size_t i = 0; i < sizeof maxima / sizeof *maxima; i++) {
        struct buf b;
        buf_init(&b, maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++)
            assert_int_equal(buf_addc(&b, 'x'), NT_OK);
        assert_int_equal(b.len, maxima[i]);
        assert_true(b.size <= maxima[i] + 1);
        assert_int_equal(buf_addc(&b, 'y'), NT_ETOOBIG);
        assert_int_equal(b.len, maxima[i]);
        assert_int_equal(strlen(buf_text(&b)), maxima[i]);
        buf_clean(&b);
    }
}

static void test_buf__an_error_sticks_until_reset(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(buf_adds(&b, "abc"), NT_OK);
    assert_int_equal(buf_adds(&b, "de"), NT_ETOOBIG);
    assert_int_equal(buf_addc(&b, 'd'), NT_ETOOBIG);
    assert_int_equal(buf_addf(&b, "%d", 1), NT_ETOOBIG);
    assert_string_equal(buf_text(&b), "abc");
    assert_null(buf_steal(&b));
    buf_reset(&b);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_addf(&b, "%d", 1234), NT_OK);
    assert_int_equal(buf_addf(&b, "%d", 5), NT_ETOOBIG);
    assert_string_equal(buf_text(&b), "1234");
    buf_clean(&b);
}

static void test_buf__formats_of_any_length(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    for (int width = 1; width < 300; width += 7) {
        size_t before = b.len;
        assert_int_equal(buf_addf(&b, "%*d", width, 7), NT_OK);
        assert_int_equal(b.len - before, width);
        assert_int_equal(buf_text(&b)[b.len - 1], '7');
    }
    buf_clean(&b);
}

static void test_buf__holds_nul_and_is_cut(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_add(&b, "a\0b", 3), NT_OK);
    assert_int_equal(buf_add(&b, NULL, 0), NT_OK);
    assert_memory_equal(buf_text(&b), "a\0b", 4);
    buf_truncate(&b, 9);
    assert_int_equal(b.len, 3);
    buf_truncate(&b, 1);
    assert_string_equal(buf_text(&b), "a");
    assert_int_equal(b.len, 1);
    char *text = buf_steal(&b);
    assert_string_equal(text, "a");
    assert_int_equal(b.len, 0);
    assert_int_equal(b.max, 100);
    assert_int_equal(buf_adds(&b, "again"), NT_OK);
    mem_free(text);
    buf_clean(&b);
}

static void test_buf__no_maximum_does_not_overflow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_adds(&b, "x"), NT_OK);
    assert_int_equal(buf_add(&b, "", SIZE_MAX - 1), NT_ETOOBIG);
    assert_string_equal(buf_text(&b), "x");
    buf_clean(&b);
}

static void test_buf__out_of_memory(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct buf b;
        buf_init(&b, 10000);
        mem_fail_at(n);
        enum nt_status status = NT_OK;
        size_t good = 0;
        for (int i = 0; i < 500 && !status; i++) {
            status = i % 2 ? buf_adds(&b, "ab") : buf_addf(&b, "%c%c", 'a', 'b');
            good += status ? 0 : 2;
        }
        mem_fail_at(0);
        assert_int_equal(status, mem_failed() ? NT_ENOMEM : NT_OK);
        assert_int_equal(buf_status(&b), status);
        assert_int_equal(strlen(buf_text(&b)), good);
        buf_clean(&b);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf__empty_is_text),
        cmocka_unit_test(test_buf__the_maximum_is_reached_and_not_passed),
        cmocka_unit_test(test_buf__an_error_sticks_until_reset),
        cmocka_unit_test(test_buf__formats_of_any_length),
        cmocka_unit_test(test_buf__holds_nul_and_is_cut),
        cmocka_unit_test(test_buf__no_maximum_does_not_overflow),
        cmocka_unit_test(test_buf__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

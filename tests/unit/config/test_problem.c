/* problem: one clean line each, in the order of the file, and never too many. */
#include "base/mem.h"
#include "config/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_format(const struct problem *p, const char *expected)
{
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(problem_format(p, &b), NT_OK);
    assert_string_equal(buf_text(&b), expected);
    buf_clean(&b);
}

static void test_problem__has_a_place_or_none(void **state)
{
    (void)state;
    struct problems p;
    problems_init(&p);
    assert_int_equal(problems_add(&p, "a.yaml", 3, 14, true, "%s is %d", "x", 7), NT_OK);
    assert_int_equal(problems_add(&p, "a.yaml", 0, 0, true, "is empty"), NT_OK);
    check_format(&p.item[0], "a.yaml:3:14: x is 7");
    check_format(&p.item[1], "a.yaml: is empty");
    problems_clean(&p);
    problems_clean(&p);
}

static void test_problem__is_one_clean_line(void **state)
{
    (void)state;
    struct problems p;
    problems_init(&p);
    assert_int_equal(problems_add(&p, "a\nb", 1, 2, false, "bad '%s'", "x\r\ny\033[2J\x9b\xff"), NT_OK);
    check_format(&p.item[0], "a b:1:2: bad 'x y [2J\?\?'");
    problems_clean(&p);
}

static void test_problem__sorted_by_file_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        unsigned long line, column;
        const char *message;
    } given[] = {{"b", 1, 1, "6"}, {"a", 2, 1, "4"}, {"a", 1, 9, "3"},
                 {"a", 0, 0, "1"}, {"a", 1, 2, "2"}, {"a", 2, 1, "5"}};
    struct problems p;
    problems_init(&p);
    problems_sort(&p);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        assert_int_equal(problems_add(&p, given[i].file, given[i].line, given[i].column, true, "%s", given[i].message),
                         NT_OK);
    problems_sort(&p);
    for (size_t i = 0; i < p.n; i++)
        assert_int_equal(p.item[i].message[0], '1' + (char)i);
    problems_clean(&p);
}

static void test_problem__a_flood_ends_in_one_line(void **state)
{
    (void)state;
    struct problems p;
    problems_init(&p);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(problems_add(&p, "a", 1, 1, i == 99999, "%d", i), NT_OK);
    assert_true(p.n < 600);
    assert_string_equal(p.item[p.n - 1].message, "there are more problems than are listed here");
    assert_true(p.item[p.n - 1].fatal);
    problems_clean(&p);
}

static void test_problem__no_memory_adds_nothing(void **state)
{
    (void)state;
    struct problems p;
    problems_init(&p);
    for (unsigned long n = 1;; n++) {
        size_t before = p.n;
        mem_fail_at(n);
        enum nt_status status = problems_add(&p, "a", 1, 1, true, "message %lu", n);
        if (!mem_failed())
            break;
        assert_int_equal(status, NT_ENOMEM);
        assert_int_equal(p.n, before);
    }
    mem_fail_at(0);
    assert_int_equal(p.n, 1);
    problems_clean(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problem__has_a_place_or_none),
        cmocka_unit_test(test_problem__is_one_clean_line),
        cmocka_unit_test(test_problem__sorted_by_file_line_and_column),
        cmocka_unit_test(test_problem__a_flood_ends_in_one_line),
        cmocka_unit_test(test_problem__no_memory_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

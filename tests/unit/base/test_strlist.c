/* strlist: splitting, copies, no memory. */
#include "base/mem.h"
#include "base/strlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const struct strlist *l, const char *joined)
{
    char text[200] = "";
    for (size_t i = 0; i < l->n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s|", l->item[i]);
    assert_string_equal(text, joined);
}

static void test_strlist__split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *separators, *items;
    } cases[] = {
        {"", ",", ""},
        {" , ,, ", ",", ""},
        {"alice", ",", "alice|"},
        {"alice,bob", ",", "alice|bob|"},
        {" alice ,\tbob\n, +1 500 555 0001 ,", ",", "alice|bob|+1 500 555 0001|"},
        {"a;b,c d", ";,", "a|b|c d|"},
        {"one two", "", "one two|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strlist l;
        strlist_init(&l);
        assert_int_equal(strlist_split(&l, cases[i].text, cases[i].separators), NT_OK);
        expect(&l, cases[i].items);
        strlist_clean(&l);
    }
}

static void test_strlist__copy_replaces(void **state)
{
    (void)state;
    struct strlist a, b;
    strlist_init(&a);
    strlist_init(&b);
    assert_int_equal(strlist_split(&a, "x,y", ","), NT_OK);
    assert_int_equal(strlist_add(&b, "old"), NT_OK);
    assert_int_equal(strlist_copy(&b, &a), NT_OK);
    strlist_clean(&a);
    expect(&b, "x|y|");
    assert_true(strlist_has(&b, "x"));
    assert_false(strlist_has(&b, "old"));
    assert_int_equal(strlist_addn(&b, "zebra", 1), NT_OK);
    expect(&b, "x|y|z|");
    strlist_clean(&b);
}

static void test_strlist__out_of_memory_changes_nothing(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct strlist a, b;
        strlist_init(&a);
        strlist_init(&b);
        assert_int_equal(strlist_add(&a, "first"), NT_OK);
        assert_int_equal(strlist_add(&b, "old"), NT_OK);
        mem_fail_at(n);
        enum nt_status split = strlist_split(&a, "a,b,c,d,e,f,g,h,i,j", ",");
        enum nt_status copy = strlist_copy(&b, &a);
        mem_fail_at(0);
        if (split)
            expect(&a, "first|");
        if (copy)
            expect(&b, "old|");
        assert_int_equal(split || copy, mem_failed());
        strlist_clean(&a);
        strlist_clean(&b);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strlist__split),
        cmocka_unit_test(test_strlist__copy_replaces),
        cmocka_unit_test(test_strlist__out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

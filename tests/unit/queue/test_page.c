#include "support.h"

#include "base/mem.h"
#include "queue/page.h"

#include <string.h>

static void test_page__names_every_state(void **state)
{
    (void)state;
    for (int i = PAGE_QUEUED; i <= PAGE_DUPLICATE; i++) {
        const char *name = page_state_name((enum page_state)i);
        for (int k = PAGE_QUEUED; k < i; k++)
            assert_string_not_equal(name, page_state_name((enum page_state)k));
        assert_string_not_equal(name, "unknown");
        assert_int_equal(page_settled((enum page_state)i), i > PAGE_SENDING);
    }
    assert_string_equal(page_state_name((enum page_state)99), "unknown");
    assert_string_equal(page_state_name(PAGE_SUPERSEDED), "superseded");
}

static void test_page__copies_everything(void **state)
{
    (void)state;
    struct page *p = page_new();
    assert_non_null(p);
    assert_int_equal(page_set(&p->body, "text"), NT_OK);
    assert_int_equal(page_set(&p->sid, "SM1"), NT_OK);
    assert_int_equal(strlist_add(&p->others, NUMBER2), NT_OK);
    assert_int_equal(strlist_add(&p->media, "https://example.org/"), NT_OK);
    p->id = 4;
    p->flags = PAGE_DIGEST;
    strcpy(p->number, NUMBER);
    struct page *q = page_copy(p);
    page_free(p);
    assert_non_null(q);
    assert_int_equal(q->id, 4);
    assert_int_equal(q->flags, PAGE_DIGEST);
    assert_string_equal(q->number, NUMBER);
    assert_string_equal(q->body, "text");
    assert_string_equal(q->sid, "SM1");
    assert_string_equal(q->others.item[0], NUMBER2);
    assert_string_equal(q->media.item[0], "https://example.org/");
    page_free(q);
    page_free(NULL);
}

static void test_page__goes_on_to_the_next_number(void **state)
{
    (void)state;
    struct page *p = page_new();
    assert_non_null(p);
    strcpy(p->number, NUMBER);
    assert_int_equal(strlist_add(&p->others, "+123456789012345678901234567890"), NT_OK); /* no number: left out */
    assert_int_equal(strlist_add(&p->others, NUMBER2), NT_OK);
    assert_int_equal(strlist_add(&p->others, "+15005550003"), NT_OK);
    assert_true(page_next_number(p));
    assert_string_equal(p->number, NUMBER2);
    assert_int_equal(p->others.n, 1);
    assert_true(page_next_number(p));
    assert_string_equal(p->number, "+15005550003");
    assert_false(page_next_number(p));
    assert_string_equal(p->number, "+15005550003");
    page_free(p);
}

static void test_page__says_when_memory_runs_out(void **state)
{
    (void)state;
    struct page *p = page_new();
    assert_non_null(p);
    assert_int_equal(strlist_add(&p->others, NUMBER2), NT_OK);
    for (unsigned long n = 1; n < 100; n++) {
        mem_fail_at(n);
        struct page *a = page_new();
        struct page *b = a ? page_copy(p) : NULL;
        enum nt_status st = b ? page_set(&b->body, "x") : NT_ENOMEM;
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        page_free(a);
        page_free(b);
        if (!failed)
            break;
    }
    page_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page__names_every_state),
        cmocka_unit_test(test_page__copies_everything),
        cmocka_unit_test(test_page__goes_on_to_the_next_number),
        cmocka_unit_test(test_page__says_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

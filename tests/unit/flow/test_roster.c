/* Who would be paged, and by which words. */
#include "flow/roster.h"

#include "base/log.h"
#include "base/mem.h"
#include "desk.h"

#include <string.h>

static struct desk d;

static int teardown(void **state)
{
    (void)state;
    desk_close(&d);
    return 0;
}

/* "alice:al,oncall bob:oncall -:" */
static void describe(const struct roster *r, char out[512])
{
    struct buf b;
    buf_init(&b, 511);
    for (size_t i = 0; i < r->n; i++) {
        buf_addf(&b, "%s%s:", i ? " " : "", r->item[i].contact ? r->item[i].contact->name : r->item[i].number);
        for (size_t k = 0; k < r->item[i].via.n; k++)
            buf_addf(&b, "%s%s", k ? "," : "", r->item[i].via.item[k]);
    }
    strcpy(out, buf_text(&b));
    buf_clean(&b);
}

static void test_roster__words(void **state)
{
    static const struct {
        const char *more, *who, *expected;
        bool fallback;
    } cases[] = {
        {"", "", "alice:oncall bob:oncall", false},
        {"fallback: [bob]\n", "", "alice:oncall bob:oncall,fallback", false},
        {"", "oncall", "alice:oncall bob:oncall", false},
        {"", "alice", "alice:", false},
        {"", "al,oncall", "alice:al,oncall bob:oncall", false},
        {"", DESK_BOB, "bob:", false},
        {"", "+15005559999", "+15005559999:", false},
        {"", "zorro", "", false},
        {"", "zorro,bob", "bob:", false},
        {"fallback: [oncall]\n", "zorro", "alice:fallback bob:fallback", true},
        {"fallback: [oncall]\n", "zorro,bob", "bob:", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct roster roster;
        struct strlist who;
        char found[512];
        assert_int_equal(desk_open(&d, cases[i].more), 0);
        roster_init(&roster);
        strlist_init(&who);
        assert_int_equal(strlist_split(&who, cases[i].who, ","), NT_OK);
        assert_int_equal(roster_read(&d.r, &who, &roster), *cases[i].expected ? NT_OK : NT_ENOBODY);
        describe(&roster, found);
        assert_string_equal(found, cases[i].expected);
        assert_int_equal(roster.fallback_used, cases[i].fallback);
        assert_int_equal(strstr(cases[i].who, "zorro") != NULL, roster.notes.len > 0);
        roster_clean(&roster);
        strlist_clean(&who);
        if (i + 1 < sizeof cases / sizeof *cases)
            desk_close(&d);
    }
}

static void test_roster__what_is_known(void **state)
{
    struct roster roster;
    struct strlist who;
    struct number_state number = {.opted_out = 7, .last_paged = 9};
    (void)state;
    assert_int_equal(desk_open(&d, ""), 0);
    desk_begin(&d);
    assert_int_equal(d.r.store->ops->number_put(d.r.store, DESK_ALICE, &number), NT_OK);
    desk_commit(&d);
    roster_init(&roster);
    strlist_init(&who);
    assert_int_equal(roster_read(&d.r, &who, &roster), NT_OK);
    assert_int_equal(roster.item[0].state.opted_out, 7);
    assert_int_equal(roster.item[0].state.last_paged, 9);
    assert_int_equal(roster.item[0].others.n, 1);
    assert_string_equal(roster.item[0].others.item[0], DESK_CAROL);
    assert_int_equal(roster.item[1].state.opted_out, 0);
    roster_clean(&roster);
}

static void test_roster__without_a_store(void **state)
{
    struct roster roster;
    struct strlist who;
    (void)state;
    assert_int_equal(desk_open(&d, ""), 0);
    store_close(d.r.store);
    d.r.store = NULL;
    roster_init(&roster);
    strlist_init(&who);
    assert_int_equal(roster_read(&d.r, &who, &roster), NT_OK);
    assert_int_equal(roster.n, 2);
    roster_clean(&roster);
}

static void test_roster__out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(desk_open(&d, "fallback: [bob]\n"), 0);
    for (unsigned long n = 1;; n++) {
        struct roster roster;
        struct strlist who;
        roster_init(&roster);
        strlist_init(&who);
        mem_fail_at(n);
        enum nt_status st = roster_read(&d.r, &who, &roster);
        mem_fail_at(0);
        bool failed = mem_failed();
        assert_true(st == NT_OK || (failed && st == NT_ENOMEM));
        roster_clean(&roster);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_roster__words, teardown),
        cmocka_unit_test_teardown(test_roster__what_is_known, teardown),
        cmocka_unit_test_teardown(test_roster__without_a_store, teardown),
        cmocka_unit_test_teardown(test_roster__out_of_memory, teardown),
    };
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

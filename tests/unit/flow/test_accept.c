/* From an order to stored pages: who, what not, and what it does to what is there. */
#include "world.h"

#include "base/mem.h"
#include "flow/draft.h"
#include "flow/preview.h"

#include <stdio.h>
#include <string.h>

static const char people[] = "contacts:\n"
                             "  - name: alice\n"
                             "    aliases: [alice@example.org]\n"
                             "    numbers: [\"+15005550001\", \"+15005550003\"]\n"
                             "  - {name: bob, numbers: [\"+15005550002\"]}\n"
                             "  - {name: muted, numbers: [\"+15005550004\"], routine: false}\n"
                             "  - {name: empty, numbers: []}\n"
                             "groups:\n"
                             "  - {name: oncall, members: [alice, bob]}\n"
                             "fallback: [bob]\n";

static struct world *with_people(void)
{
    return world_new(&(struct world_options){.config = people});
}

static void order_of(struct order *o, const char *to, const char *state)
{
    order_init(o);
    assert_int_equal(order_set(&o->source, "generic"), NT_OK);
    if (to)
        assert_int_equal(strlist_split(&o->to, to, ","), NT_OK);
    assert_int_equal(kv_put(&o->pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&o->pairs, "service", "HTTP"), NT_OK);
    assert_int_equal(kv_put(&o->pairs, "state", state), NT_OK);
    assert_int_equal(kv_put(&o->pairs, "output", "5xx"), NT_OK);
}

static enum nt_status accept_now(struct world *w, const char *to, const char *state, struct accepted *out)
{
    struct order o;
    order_of(&o, to, state);
    accepted_init(out);
    enum nt_status st = world_order(w, &o, out);
    order_clean(&o);
    return st;
}

static void test_accept__recipients(void **state)
{
    (void)state;
    static const struct {
        const char *to, *state;
        enum nt_status status;
        const char *numbers[3];
        const char *note;
        bool muted;
    } table[] = {
        {"alice", "CRITICAL", NT_OK, {"+15005550001"}, NULL, false},
        {"alice@example.org", "CRITICAL", NT_OK, {"+15005550001"}, NULL, false},
        {"oncall", "CRITICAL", NT_OK, {"+15005550001", "+15005550002"}, NULL, false},
        {"oncall,alice,+15005550002", "CRITICAL", NT_OK, {"+15005550001", "+15005550002"}, NULL, false},
        {"+15005550009", "CRITICAL", NT_OK, {"+15005550009"}, NULL, false},
        {"nobody", "CRITICAL", NT_OK, {"+15005550002"}, "nobody", false}, /* the fallback */
        {"alice,nobody", "CRITICAL", NT_OK, {"+15005550001"}, "nobody", false},
        {"empty", "CRITICAL", NT_ENOBODY, {NULL}, NULL, false}, /* known: no fallback */
        {"muted", "WARNING", NT_ENOBODY, {NULL}, NULL, true},
        {"muted", "CRITICAL", NT_OK, {"+15005550004"}, NULL, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = with_people();
        struct accepted a;
        assert_int_equal(accept_now(w, table[i].to, table[i].state, &a), table[i].status);
        assert_int_equal(a.muted, table[i].muted);
        size_t want = 0;
        while (want < 3 && table[i].numbers[want])
            want++;
        assert_int_equal(a.n, want);
        for (size_t n = 0; n < want; n++)
            assert_string_equal(a.page[n]->number, table[i].numbers[n]);
        if (table[i].note)
            assert_non_null(strstr(buf_text(&a.notes), table[i].note));
        assert_int_equal(world_count(w, ~0u), want);
        assert_int_equal(accepted_exit(&a), 0);
        accepted_clean(&a);
        world_free(w);
    }
}

static void test_accept__pager_or_contact_without_to(void **state)
{
    (void)state;
    static const struct {
        const char *pager, *contact, *number;
    } table[] = {
        {"+15005550009", "alice", "+15005550009"},
        {"", "alice", "+15005550001"},
        {"alice@example.org", "bob", "+15005550001"},
        {"pager-of-nobody", "alice", "+15005550001"}, /* means nobody: her name does */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = with_people();
        struct order o;
        struct accepted a;
        accepted_init(&a);
        order_init(&o);
        assert_int_equal(order_set(&o.source, "nagios"), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "HOSTNAME", "web01"), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "HOSTSTATE", "DOWN"), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "NOTIFICATIONTYPE", "PROBLEM"), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "CONTACTPAGER", table[i].pager), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "CONTACTNAME", table[i].contact), NT_OK);
        assert_int_equal(world_order(w, &o, &a), NT_OK);
        assert_int_equal(a.n, 1);
        assert_string_equal(a.page[0]->number, table[i].number);
        accepted_clean(&a);
        order_clean(&o);
        world_free(w);
    }
}

static void opt_out(struct world *w, const char *number)
{
    struct store *s = w->outside.store;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->number_put(s, number, &(struct number_state){.opted_out = 1}), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
}

static void test_accept__opted_out(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    opt_out(w, "+15005550001");
    assert_int_equal(accept_now(w, "alice", "CRITICAL", &a), NT_OK);
    assert_string_equal(a.page[0]->number, "+15005550003"); /* her other number */
    assert_int_equal(a.page[0]->state, PAGE_QUEUED);
    accepted_clean(&a);
    opt_out(w, "+15005550003");
    assert_int_equal(accept_now(w, "alice", "WARNING", &a), NT_OK);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.page[0]->state, PAGE_FAILED);
    assert_int_equal(a.page[0]->error_code, 21610);
    assert_int_equal(accepted_exit(&a), 69);
    accepted_clean(&a);
    /* somebody else can be paged: no error */
    assert_int_equal(accept_now(w, "oncall", "DOWN", &a), NT_OK);
    assert_int_equal(accepted_exit(&a), 0);
    accepted_clean(&a);
    world_free(w);
}

static void test_accept__duplicates_stand_as_their_originals(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    assert_int_equal(accept_now(w, "bob", "CRITICAL", &a), NT_OK);
    int64_t first = a.page[0]->id;
    accepted_clean(&a);
    fake_clock_advance(&w->clock, 10 * SECOND);
    assert_int_equal(accept_now(w, "bob", "CRITICAL", &a), NT_OK);
    assert_int_equal(a.page[0]->state, PAGE_DUPLICATE);
    assert_int_equal(a.page[0]->merged_into, first);
    assert_int_equal(accepted_exit(&a), 0);
    accepted_clean(&a);
    /* the original was refused: its copy exits as it does, and is not tried again */
    struct page *p = world_page(w, first);
    struct store *s = w->outside.store;
    p->state = PAGE_FAILED;
    p->error_code = 21211;
    assert_int_equal(page_set(&p->error_message, "no such number"), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    page_free(p);
    assert_int_equal(accept_now(w, "bob", "CRITICAL", &a), NT_OK);
    assert_int_equal(a.page[0]->state, PAGE_DUPLICATE);
    assert_int_equal(a.page[0]->error_code, 21211);
    assert_int_equal(accepted_exit(&a), 69);
    accepted_clean(&a);
    world_free(w);
}

static void test_accept__newer_news_ends_older_and_says_which(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    assert_int_equal(accept_now(w, "oncall", "WARNING", &a), NT_OK);
    int64_t alice = a.page[0]->id, bob = a.page[1]->id;
    accepted_clean(&a);
    assert_int_equal(accept_now(w, "alice", "CRITICAL", &a), NT_OK);
    int64_t newer = a.page[0]->id;
    accepted_clean(&a);
    assert_page(w, alice, PAGE_SUPERSEDED);
    assert_page(w, bob, PAGE_QUEUED); /* another number */
    struct page *p = world_page(w, alice);
    assert_int_equal(p->merged_into, newer);
    page_free(p);
    world_free(w);
}

static void test_accept__recovery_of_nothing_sent_is_withheld(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    assert_int_equal(accept_now(w, "bob", "CRITICAL", &a), NT_OK);
    int64_t problem = a.page[0]->id;
    accepted_clean(&a);
    assert_int_equal(accept_now(w, "bob", "OK", &a), NT_OK);
    assert_int_equal(a.page[0]->state, PAGE_CANCELLED);
    struct page *p = world_page(w, problem);
    assert_int_equal(p->state, PAGE_CANCELLED);
    assert_int_equal(p->merged_into, a.page[0]->id);
    page_free(p);
    accepted_clean(&a);
    /* with nothing on record it goes */
    assert_int_equal(accept_now(w, "alice", "OK", &a), NT_OK);
    assert_int_equal(a.page[0]->state, PAGE_QUEUED);
    accepted_clean(&a);
    world_free(w);
}

static void test_accept__muted_contacts_hear_the_end_of_what_woke_them(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    /* a recovery on its own: nothing woke her */
    assert_int_equal(accept_now(w, "muted", "OK", &a), NT_OK);
    assert_int_equal(a.page[0]->state, PAGE_CANCELLED);
    accepted_clean(&a);
    int64_t problem = world_problem(w, "muted", "web02", "CRITICAL");
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_page(w, problem, PAGE_DELIVERED);
    int64_t over = world_problem(w, "muted", "web02", "OK");
    world_run(w, 10 * SECOND);
    assert_page(w, over, PAGE_DELIVERED);
    world_free(w);
}

static void test_accept__expiry_is_inherited(void **state)
{
    (void)state;
    struct world *w = with_people();
    int64_t urgent = world_problem(w, "bob", "web01", "CRITICAL"),
            routine = world_problem(w, "bob", "web02", "WARNING");
    world_start(w);
    world_run(w, 2 * MINUTE);
    world_kill(w);
    static const int64_t want[] = {4 * HOUR, 4 * HOUR, HOUR, HOUR};
    int64_t id[] = {urgent, world_problem(w, "bob", "web01", "OK"), routine, world_problem(w, "bob", "web02", "OK")};
    for (size_t i = 0; i < 4; i++) {
        struct page *p = world_page(w, id[i]);
        assert_int_equal(p->expire - p->created, want[i]);
        page_free(p);
    }
    world_free(w);
}

static void test_accept__a_request_counts_once(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct order o;
    struct accepted a, b;
    order_of(&o, "oncall", "CRITICAL");
    memcpy(o.uuid, "0f8fad5b-d9cb-469f-a165-70867728950e", UUID_SIZE);
    accepted_init(&a);
    accepted_init(&b);
    assert_int_equal(world_order(w, &o, &a), NT_OK);
    assert_int_equal(world_order(w, &o, &b), NT_OK);
    assert_false(a.repeated);
    assert_true(b.repeated);
    assert_int_equal(b.n, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(a.page[i]->id, b.page[i]->id);
    assert_int_equal(world_count(w, ~0u), 2);
    accepted_clean(&a);
    accepted_clean(&b);
    order_clean(&o);
    world_free(w);
}

static void test_accept__each_allocation_fails_once(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct order o;
    order_of(&o, "oncall", "CRITICAL");
    bool failed = true;
    unsigned long n = 1;
    for (; failed && n < 20000; n += n < 300 ? 1 : 7) {
        struct accepted a;
        struct buf error;
        accepted_init(&a);
        buf_init(&error, 4096);
        size_t before = world_count(w, ~0u);
        mem_fail_at(n);
        enum nt_status st = accept_order(&w->outside, &o, &a, &error);
        failed = mem_failed();
        mem_fail_at(0);
        assert_true(st == NT_OK || st == NT_ENOMEM);
        assert_false(w->outside.spare);
        assert_int_equal(world_count(w, ~0u), before + (st == NT_OK ? 2 : 0));
        accepted_clean(&a);
        buf_clean(&error);
    }
    assert_false(failed);
    order_clean(&o);
    world_free(w);
}

/* What repeats something does not wait for a picture of its own. */
static void test_accept__only_what_is_sent_waits_for_pictures(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "graphs: [{name: cpu, command: [\"true\"]}]\n"});
    for (int repeated = 0; repeated <= 1; repeated++) {
        struct order o;
        struct accepted a;
        order_of(&o, ALICE, "CRITICAL");
        accepted_init(&a);
        assert_int_equal(strlist_add(&o.graphs, "cpu"), NT_OK);
        assert_int_equal(strlist_add(&o.media, "https://example.org/own.png"), NT_OK);
        assert_int_equal(world_order(w, &o, &a), NT_OK);
        const struct page *p = a.page[0];
        assert_int_equal(p->state, repeated ? PAGE_DUPLICATE : PAGE_QUEUED);
        assert_int_equal((p->flags & PAGE_PICTURE) != 0, !repeated);
        assert_int_equal(p->media.n, repeated ? 1 : 2);
        assert_string_equal(p->media.item[0], "https://example.org/own.png");
        assert_int_equal(p->due == p->created, repeated);
        accepted_clean(&a);
        order_clean(&o);
    }
    world_free(w);
}

/* One try that is rolled back, with the nth operation or allocation failing; true when it did. */
static bool try_with_failure(struct world *w, const char *to, bool memory, unsigned long n, enum nt_status how,
                             enum nt_status *st, struct accepted *a)
{
    struct order o;
    struct alert *alert = NULL;
    struct buf error;
    struct store *s = w->outside.store;
    order_of(&o, to, "CRITICAL");
    buf_init(&error, 4096);
    assert_int_equal(draft_alert(&w->outside, &o, &alert, &error), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    w->frail.failed = false;
    w->frail.fail_with = how;
    if (memory)
        mem_fail_at(n);
    else
        w->frail.fail_at = (long)n;
    *st = accept_store(&w->outside, &o, alert, a, &error);
    bool failed = memory ? mem_failed() : w->frail.failed;
    mem_fail_at(0);
    w->frail.fail_at = 0;
    s->ops->rollback(s);
    alert_free(alert);
    order_clean(&o);
    buf_clean(&error);
    return failed;
}

static void save_as_refused(struct world *w, int64_t id)
{
    struct store *s = w->outside.store;
    struct page *p = world_page(w, id);
    p->state = PAGE_FAILED;
    p->error_code = 21211;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    page_free(p);
}

/* A recipient that cannot be paged, one whose page repeats a refused one, and one that is paged: whatever fails, the
 * whole alert does, and says so. An original that has gone when it is looked at is no failure. */
static void test_accept__each_step_of_it_fails_once(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    assert_int_equal(accept_now(w, "bob", "CRITICAL", &a), NT_OK);
    save_as_refused(w, a.page[0]->id);
    accepted_clean(&a);
    opt_out(w, "+15005550001");
    opt_out(w, "+15005550003");
    w->outside.store = frail_store_new(w->outside.store, &w->frail);
    assert_non_null(w->outside.store);
    static const struct {
        bool memory;
        enum nt_status how;
    } table[] = {{false, NT_EIO}, {false, NT_ENOENT}, {true, NT_ENOMEM}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool failed = true;
        int said = 0, borne = 0;
        for (unsigned long n = 1; failed; n++) {
            enum nt_status st;
            accepted_init(&a);
            failed = try_with_failure(w, "alice,bob,+15005550009", table[i].memory, n, table[i].how, &st, &a);
            if (st != NT_OK)
                assert_int_equal(st, table[i].how);
            said += st != NT_OK;
            borne += failed && st == NT_OK;
            if (st == NT_OK) {
                assert_int_equal(a.n, 3);
                assert_int_equal(a.page[0]->state, PAGE_FAILED);
                assert_int_equal(a.page[0]->error_code, 21610);
                assert_int_equal(a.page[1]->state, PAGE_DUPLICATE);
                assert_int_equal(a.page[2]->state, PAGE_QUEUED);
            }
            assert_true(failed || st == NT_OK);
            assert_int_equal(world_count(w, ~0u), 1);
            accepted_clean(&a);
        }
        assert_true(said > 5);
        assert_true(table[i].how != NT_ENOENT || borne > 0);
    }
    world_free(w);
}

/* It is found out when an alert comes: the damaged store is set aside, and the alert is in the new one. */
static void test_accept__a_store_that_turns_out_damaged(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct accepted a;
    int64_t before = world_problem(w, "bob", "web09", "CRITICAL");
    w->outside.store = frail_store_new(w->outside.store, &w->frail);
    assert_non_null(w->outside.store);
    w->frail.fail_at = 3;
    w->frail.fail_with = NT_ECORRUPT;
    assert_int_equal(accept_now(w, "+15005550009", "CRITICAL", &a), NT_OK);
    assert_true(w->frail.failed);
    assert_false(w->outside.spare);
    assert_int_equal(a.n, 1);
    assert_page(w, a.page[0]->id, PAGE_QUEUED);
    assert_page(w, before, PAGE_QUEUED); /* what could be read of the other has come along */
    assert_int_equal(world_count(w, ~0u), 2);
    accepted_clean(&a);
    world_free(w);
}

static void test_accept__preview_stores_nothing(void **state)
{
    (void)state;
    struct world *w = with_people();
    struct order o;
    struct preview p;
    struct buf error;
    order_of(&o, "oncall", "CRITICAL");
    preview_init(&p);
    buf_init(&error, 4096);
    assert_int_equal(preview_order(&w->outside, &o, false, &p, &error), NT_OK);
    assert_int_equal(p.n, 2);
    assert_string_equal(p.item[0].form.item[0].name, "To");
    assert_string_equal(p.item[0].form.item[0].value, "+15005550001");
    assert_non_null(strstr(buf_text(&p.item[0].url), "/2010-04-01/Accounts/AC"));
    assert_non_null(strstr(p.item[1].page->body, "web01"));
    assert_int_equal(world_count(w, ~0u), 0);
    preview_clean(&p);
    order_clean(&o);
    /* nobody: an error, or a text for nobody in particular */
    order_of(&o, "empty", "CRITICAL");
    assert_int_equal(preview_order(&w->outside, &o, false, &p, &error), NT_ENOBODY);
    assert_non_null(strstr(buf_text(&error), "nobody"));
    preview_clean(&p);
    assert_int_equal(preview_order(&w->outside, &o, true, &p, &error), NT_OK);
    assert_int_equal(p.n, 1);
    assert_string_equal(p.item[0].page->number, "");
    assert_int_equal(p.item[0].form.n, 0);
    preview_clean(&p);
    for (unsigned long n = 1; n < 5000; n++) {
        mem_fail_at(n);
        enum nt_status st = preview_order(&w->outside, &o, true, &p, &error);
        bool failed = mem_failed();
        mem_fail_at(0);
        preview_clean(&p);
        assert_true(st == NT_OK || st == NT_ENOMEM);
        if (!failed)
            break;
    }
    buf_clean(&error);
    order_clean(&o);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept__recipients),
        cmocka_unit_test(test_accept__pager_or_contact_without_to),
        cmocka_unit_test(test_accept__opted_out),
        cmocka_unit_test(test_accept__duplicates_stand_as_their_originals),
        cmocka_unit_test(test_accept__newer_news_ends_older_and_says_which),
        cmocka_unit_test(test_accept__recovery_of_nothing_sent_is_withheld),
        cmocka_unit_test(test_accept__muted_contacts_hear_the_end_of_what_woke_them),
        cmocka_unit_test(test_accept__expiry_is_inherited),
        cmocka_unit_test(test_accept__a_request_counts_once),
        cmocka_unit_test(test_accept__each_allocation_fails_once),
        cmocka_unit_test(test_accept__only_what_is_sent_waits_for_pictures),
        cmocka_unit_test(test_accept__each_step_of_it_fails_once),
        cmocka_unit_test(test_accept__a_store_that_turns_out_damaged),
        cmocka_unit_test(test_accept__preview_stores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

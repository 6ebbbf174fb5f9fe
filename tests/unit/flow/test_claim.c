/* What is looked at once more in the moment of sending: the number, the sender, the tiers, the text. */
#include "world.h"

#include "world_rules.h"

#include <stdio.h>
#include <string.h>

static void opt_out(struct world *w, const char *number)
{
    struct store *s = world_store(w);
    struct number_state state = {.opted_out = w->clock.wall_ms};
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->number_put(s, number, &state), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
}

/* A page made by the caller, as another program may have left it. */
static int64_t put(struct world *w, struct page *p, const char *number, const char *body)
{
    struct store *s = world_store(w);
    snprintf(p->number, sizeof p->number, "%s", number);
    p->event = EVENT_PROBLEM;
    p->due = p->created;
    p->expire = w->clock.wall_ms + HOUR;
    p->segments = 1;
    assert_int_equal(page_set(&p->body, body), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_put(s, p), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    return p->id;
}

static void test_claim__a_number_that_has_opted_out_meanwhile(void **state)
{
    (void)state;
    struct world *w =
        world_new(&(struct world_options){.config = "contacts:\n"
                                                    "  - {name: alice, numbers: [\"" ALICE "\", \"" BOB "\"]}\n"
                                                    "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    int64_t alone = world_problem(w, "+15005550009", "web01", "CRITICAL");
    int64_t first = world_problem(w, "alice", "web01", "CRITICAL");
    opt_out(w, ALICE);
    opt_out(w, "+15005550009");
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_page(w, alone, PAGE_FAILED);
    assert_page(w, first, PAGE_FAILED);
    assert_true(world_told(w, first, "opted out"));
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 0);
    assert_int_equal(fake_twilio_messages(&w->twilio, BOB), 1); /* the contact's next number */
    assert_int_equal(world_alarmed(w, "+15005550009 was not sent"), 1);
    assert_int_equal(world_alarmed(w, ALICE), 0);
    world_rules_end(w);
    world_free(w);
}

static void test_claim__a_digest_to_a_number_that_has_opted_out(void **state)
{
    (void)state;
    int64_t id[3];
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    id[0] = world_problem(w, ALICE, "web01", "CRITICAL");
    id[1] = world_problem(w, ALICE, "web02", "CRITICAL");
    id[2] = world_problem(w, ALICE, "web03", "CRITICAL");
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_page(w, id[0], PAGE_DELIVERED);
    assert_page(w, id[1], PAGE_HELD);
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .to = ALICE, .until = 90 * SECOND});
    world_run(w, 35 * SECOND);
    assert_page(w, id[1], PAGE_MERGED); /* told in a digest that does not get through */
    opt_out(w, ALICE);
    world_run(w, 5 * MINUTE);
    assert_page(w, id[1], PAGE_FAILED);
    assert_page(w, id[2], PAGE_FAILED);
    assert_int_equal(w->twilio.messages.n, 1);
    world_free(w);
}

static void test_claim__no_sender_for_the_number(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){
        .senders = "    - {from: \"+4915005550006\", prefixes: [\"+49\"], segments_per_second: 100}\n"});
    int64_t served = world_problem(w, "+4930123456", "web01", "CRITICAL");
    int64_t unserved = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_page(w, served, PAGE_DELIVERED);
    assert_page(w, unserved, PAGE_FAILED);
    assert_true(world_told(w, unserved, "no sender is left that serves this number"));
    assert_int_equal(world_alarmed(w, "no sender is left"), 1);
    world_free(w);
}

/* --from: a sender of the caller's, at a pace of its own. */
static void test_claim__the_sender_that_was_asked_for(void **state)
{
    (void)state;
    static const char mine[] = "+15005550077";
    struct world *w = world_new(&(struct world_options){0});
    int64_t id[3];
    for (int i = 0; i < 3; i++) {
        struct order o;
        struct accepted a;
        char host[16];
        order_init(&o);
        accepted_init(&a);
        snprintf(host, sizeof host, "web%02d", i);
        assert_int_equal(order_set(&o.source, "generic"), NT_OK);
        assert_int_equal(order_set(&o.from, mine), NT_OK);
        assert_int_equal(strlist_add(&o.to, ALICE), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "host", host), NT_OK);
        assert_int_equal(kv_put(&o.pairs, "state", "CRITICAL"), NT_OK);
        assert_int_equal(world_order(w, &o, &a), NT_OK);
        id[i] = a.page[0]->id;
        accepted_clean(&a);
        order_clean(&o);
    }
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_int_equal(w->twilio.posts.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_page(w, id[i], PAGE_DELIVERED);
        assert_string_equal(w->twilio.posts.item[i].sender, mine);
        /* a segment a second is what a sender nobody has configured can do */
        if (i)
            assert_true(w->twilio.posts.item[i].boot >= w->twilio.posts.item[i - 1].boot + SECOND);
    }
    world_rules_end(w);
    world_free(w);
}

static void test_claim__without_tiers_nothing_is_held(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: []}\n"});
    for (int i = 0; i < 20; i++) {
        char host[16];
        snprintf(host, sizeof host, "web%02d", i);
        (void)world_problem(w, ALICE, host, "CRITICAL");
    }
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_DELIVERED)), 20);
    assert_int_equal(w->twilio.messages.n, 20);
    world_free(w);
}

/* More sends than are remembered at once: the newest count. */
static void test_claim__a_long_history(void **state)
{
    (void)state;
    enum { SENDS = 4200, KEPT = 4096 };
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 4096, per: 3h}]}\n"});
    struct store *s = world_store(w);
    int64_t now = w->clock.wall_ms, start = now - 3 * HOUR + MINUTE;
    assert_int_equal(s->ops->begin(s), NT_OK);
    for (int i = 0; i < SENDS; i++)
        assert_int_equal(s->ops->send_put(s, ALICE, CLASS_URGENT, "X", start + i, 1), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 59 * SECOND);
    assert_page(w, id, PAGE_HELD);
    world_run(w, 30 * SECOND);
    assert_page(w, id, PAGE_DELIVERED); /* sent when those of three hours ago no longer count */
    struct page *p = world_page(w, id);
    assert_true(p->sent >= start + SENDS - KEPT + 3 * HOUR);
    page_free(p);
    world_free(w);
}

/* Late, and the alert that a new text would be made from is not to be found: the text of then goes. */
static void test_claim__a_late_page_without_its_alert(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    struct page *p = page_new();
    assert_non_null(p);
    p->created = w->clock.wall_ms - 10 * MINUTE;
    p->alert_id = 9999;
    int64_t id = put(w, p, ALICE, "web01 is down, as it was said then");
    page_free(p);
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_page(w, id, PAGE_DELIVERED);
    assert_string_equal(fake_twilio_last(&w->twilio, ALICE)->body, "web01 is down, as it was said then");
    world_free(w);
}

static void test_claim__in_the_alphabet_that_is_configured(void **state)
{
    (void)state;
    static const struct {
        const char *message, *part;
        unsigned flag;
    } table[] = {
        {"encoding: gsm7", "Lodz", 0}, {"encoding: ucs2", "Łódź", PAGE_UCS2}, {"encoding: auto", "Łódź", PAGE_UCS2}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){.message = table[i].message});
        struct page *p = world_page(w, world_problem(w, ALICE, "Łódź", "CRITICAL"));
        assert_non_null(strstr(p->body, table[i].part));
        assert_int_equal(p->flags & PAGE_UCS2, table[i].flag);
        page_free(p);
        world_free(w);
    }
}

/* More held back than anybody looks at one by one: the problems are among those that are. */
static void test_claim__a_digest_of_hundreds(void **state)
{
    (void)state;
    enum { NOTES = 280, PROBLEMS = 20 };
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    char host[32];
    (void)world_problem(w, ALICE, "first", "CRITICAL");
    world_start(w);
    world_run(w, SECOND);
    for (int i = 0; i < NOTES + PROBLEMS; i++) {
        snprintf(host, sizeof host, "host=%s%03d", i < NOTES ? "note" : "bad", i);
        (void)world_alert(w, NULL, ALICE, host, i < NOTES ? "event=custom" : "event=problem",
                          i < NOTES ? "state=OK" : "state=CRITICAL", NULL);
    }
    world_run(w, 2 * MINUTE);
    const struct tw_message *m = fake_twilio_last(&w->twilio, ALICE);
    assert_non_null(m);
    assert_non_null(strstr(m->body, "300 alerts"));
    assert_non_null(strstr(m->body, "bad"));
    assert_null(strstr(m->body, "note"));
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_MERGED)), NOTES + PROBLEMS);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim__a_number_that_has_opted_out_meanwhile),
        cmocka_unit_test(test_claim__a_digest_to_a_number_that_has_opted_out),
        cmocka_unit_test(test_claim__no_sender_for_the_number),
        cmocka_unit_test(test_claim__the_sender_that_was_asked_for),
        cmocka_unit_test(test_claim__without_tiers_nothing_is_held),
        cmocka_unit_test(test_claim__a_long_history),
        cmocka_unit_test(test_claim__a_late_page_without_its_alert),
        cmocka_unit_test(test_claim__in_the_alphabet_that_is_configured),
        cmocka_unit_test(test_claim__a_digest_of_hundreds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

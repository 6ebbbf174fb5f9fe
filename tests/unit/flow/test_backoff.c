/* When the engine tries again, and how: known good schedules on the virtual clock. */
#include "world.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct world *plain(void)
{
    return world_new(&(struct world_options){0});
}

/* ms since the world began of the nth request for a page; −1 none. */
static int64_t asked_at(const struct world *w, int64_t page, int nth)
{
    for (size_t i = 0; i < w->twilio.posts.n; i++)
        if (w->twilio.posts.item[i].page == page && nth-- == 0)
            return w->twilio.posts.item[i].boot - 100000000;
    return -1;
}

static void test_backoff__plain_page_is_delivered(void **state)
{
    (void)state;
    struct world *w = plain();
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_page(w, id, PAGE_DELIVERED);
    assert_int_equal(w->twilio.messages.n, 1);
    assert_non_null(strstr(fake_twilio_last(&w->twilio, ALICE)->body, "web01"));
    world_free(w);
}

static void test_backoff__a_quiet_day_is_quiet(void **state)
{
    (void)state;
    struct world *w = plain();
    world_start(w);
    world_run(w, DAY);
    assert_true(w->turns < 180000); /* two looks a second at the store */
    assert_int_equal(w->twilio.gets, 0);
    world_free(w);
}

/* 1, 2, 4, 8, 16, 32, 60, 60 s, each less a tenth at the most (no jitter here: the shortest). */
static void test_backoff__retries_double_up_to_a_minute(void **state)
{
    static const int64_t wait[] = {1, 2, 4, 8, 16, 32, 60, 60};
    (void)state;
    struct world *w = plain();
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .times = 9});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 5 * MINUTE);
    for (int i = 0; i < 8; i++) {
        int64_t pause = asked_at(w, id, i + 1) - asked_at(w, id, i) - w->twilio.latency, want = wait[i] * SECOND;
        assert_in_range(pause, want - want / 10, want + want / 10 + 10);
    }
    assert_page(w, id, PAGE_DELIVERED);
    world_free(w);
}

static void test_backoff__jitter_stays_within_a_tenth(void **state)
{
    (void)state;
    bool differ = false;
    int64_t before = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world *w = world_new(&(struct world_options){.seed = seed});
        world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .times = 4});
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, MINUTE);
        int64_t pause = asked_at(w, id, 4) - asked_at(w, id, 3) - w->twilio.latency;
        assert_in_range(pause, 7200, 8810);
        differ |= before && pause != before;
        before = pause;
        world_free(w);
    }
    assert_true(differ);
}

static void test_backoff__retry_after_is_honoured(void **state)
{
    (void)state;
    struct world *w = plain();
    world_twilio(
        w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .retry_after = 42 * SECOND, .times = 1});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 41 * SECOND);
    assert_int_equal(fake_twilio_posts_of(&w->twilio, id), 1);
    world_run(w, 3 * SECOND);
    assert_int_equal(fake_twilio_posts_of(&w->twilio, id), 2);
    assert_page(w, id, PAGE_SENT);
    world_free(w);
}

static void test_backoff__dead_line_is_probed_by_one_page(void **state)
{
    (void)state;
    struct world *w = plain();
    int64_t id[5];
    for (int i = 0; i < 5; i++) {
        char number[16];
        snprintf(number, sizeof number, "+1500555100%d", i);
        id[i] = world_problem(w, number, "web01", "CRITICAL");
    }
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .until = 2 * MINUTE});
    world_start(w);
    world_run(w, 110 * SECOND);
    /* the first five at once, then one at a time: at 1, 3, 7, 15, 31, 63 s */
    assert_in_range(w->twilio.posts.n, 9, 14);
    world_run(w, 2 * MINUTE);
    for (int i = 0; i < 5; i++)
        assert_page(w, id[i], PAGE_DELIVERED);
    assert_int_equal(w->twilio.messages.n, 5);
    world_free(w);
}

static void test_backoff__refused_credentials_keep_every_page(void **state)
{
    (void)state;
    struct world *w = plain();
    int64_t id[5];
    for (int i = 0; i < 5; i++) {
        char number[16];
        snprintf(number, sizeof number, "+1500555100%d", i);
        id[i] = world_problem(w, number, "web01", "CRITICAL");
    }
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 401, .code = 20003, .until = 10 * MINUTE});
    world_start(w);
    world_run(w, 9 * MINUTE + 30 * SECOND);
    assert_int_equal(world_alarmed(w, "does not let us in"), 1);
    assert_in_range(w->twilio.posts.n, 5 + 8, 5 + 10); /* one a minute */
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_QUEUED)), 5);
    struct buf trouble;
    buf_init(&trouble, 1000);
    assert_int_equal(w->outside.store->ops->mark_get(w->outside.store, "account", NULL, &trouble), NT_OK);
    assert_non_null(strstr(buf_text(&trouble), "credentials"));
    world_run(w, 3 * MINUTE);
    for (int i = 0; i < 5; i++)
        assert_page(w, id[i], PAGE_DELIVERED);
    buf_reset(&trouble);
    assert_int_equal(w->outside.store->ops->mark_get(w->outside.store, "account", NULL, &trouble), NT_ENOENT);
    buf_clean(&trouble);
    world_free(w);
}

/* The secret may have changed, or could not be read, between a request and the question what became of it. */
static void test_backoff__refused_credentials_for_the_list_are_told(void **state)
{
    (void)state;
    struct world *w = plain();
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 500, .times = 1});
    world_twilio(w,
                 (struct fault){.kind = FAULT_ANSWER, .lists = true, .http = 401, .code = 20003, .until = 3 * MINUTE});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 2 * MINUTE + 30 * SECOND);
    assert_int_equal(world_alarmed(w, "does not let us in"), 1);
    assert_page(w, id, PAGE_SENDING);
    world_run(w, 3 * MINUTE);
    assert_page(w, id, PAGE_DELIVERED);
    world_free(w);
}

/* What was refused has a minute before it: not when there is reason to think that it would be taken now. */
static void test_backoff__refused_pages_go_when_the_credentials_have_changed(void **state)
{
    (void)state;
    struct world *w = plain();
    int64_t id[5];
    for (int i = 0; i < 5; i++) {
        char number[16];
        snprintf(number, sizeof number, "+1500555100%d", i);
        id[i] = world_problem(w, number, "web01", "CRITICAL");
    }
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 401, .code = 20003, .until = 10 * SECOND});
    world_start(w);
    world_run(w, 15 * SECOND);
    assert_int_equal(w->twilio.posts.n, 5);
    world_reload(w, NULL); /* the same credentials: no reason */
    world_run(w, 15 * SECOND);
    assert_int_equal(w->twilio.posts.n, 5);
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_QUEUED)), 5);
    world_reload(w, "fedcba9876543210fedcba9876543210");
    world_run(w, 10 * SECOND);
    assert_int_equal(w->twilio.posts.n, 10);
    for (int i = 0; i < 5; i++)
        assert_page(w, id[i], PAGE_DELIVERED);
    world_free(w);
}

/* A success tells as much. */
static void test_backoff__one_that_is_let_in_brings_the_others(void **state)
{
    (void)state;
    struct world *w = plain();
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 401, .code = 20003, .until = 10 * SECOND});
    int64_t first = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 9 * SECOND);
    world_kill(w); /* the one that comes after it knows of no closed line */
    world_start(w);
    int64_t second = world_problem(w, BOB, "web01", "CRITICAL");
    world_run(w, 6 * SECOND);
    assert_page(w, second, PAGE_QUEUED);
    world_kill(w);
    world_start(w);
    int64_t third = world_problem(w, "+15005550003", "web01", "CRITICAL");
    world_run(w, 10 * SECOND);
    assert_page(w, third, PAGE_DELIVERED);
    assert_page(w, first, PAGE_DELIVERED);
    assert_page(w, second, PAGE_DELIVERED);
    world_free(w);
}

static void test_backoff__expiry_by_class_and_what_is_left_of_it(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "expire: {urgent: 20m, routine: 5m}\n"});
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .to = ALICE});
    int64_t urgent = world_problem(w, ALICE, "web01", "CRITICAL");
    int64_t routine = world_problem(w, ALICE, "web02", "WARNING");
    int64_t plain_page = world_problem(w, BOB, "web02", "WARNING");
    world_start(w);
    world_run(w, 5 * MINUTE - SECOND);
    assert_page(w, routine, PAGE_QUEUED);
    world_run(w, 3 * SECOND);
    assert_page(w, routine, PAGE_EXPIRED);
    assert_int_equal(w->alarms, 0);
    world_run(w, 15 * MINUTE);
    assert_page(w, urgent, PAGE_EXPIRED);
    assert_int_equal(world_alarmed(w, "expired unsent"), 1);
    assert_page(w, plain_page, PAGE_DELIVERED);
    for (size_t i = 0; i < w->twilio.posts.n; i++) {
        const struct tw_post *p = &w->twilio.posts.item[i];
        int64_t left = (p->page == urgent ? 20 * MINUTE : 5 * MINUTE) - (p->boot - 100000000);
        assert_in_range(p->validity, left / SECOND < 120 ? 120 : left / SECOND - 1,
                        left / SECOND < 120 ? 120 : left / SECOND + 1);
    }
    world_free(w);
}

static void test_backoff__a_late_page_keeps_its_link(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "media_prefixes: [\"+49\"]\n"});
    struct order order;
    struct accepted out;
    order_init(&order);
    accepted_init(&out);
    assert_int_equal(kv_put(&order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    assert_int_equal(strlist_add(&order.to, ALICE), NT_OK);
    assert_int_equal(strlist_add(&order.media, "https://example.org/graph.png"), NT_OK);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .until = 5 * MINUTE});
    assert_int_equal(world_order(w, &order, &out), NT_OK);
    assert_non_null(strstr(out.page[0]->body, "\nhttps://example.org/graph.png"));
    world_start(w);
    world_run(w, 10 * MINUTE);
    const char *body = fake_twilio_last(&w->twilio, ALICE)->body;
    assert_string_not_equal(body, out.page[0]->body); /* it tells its age */
    assert_non_null(strstr(body, "\nhttps://example.org/graph.png"));
    accepted_clean(&out);
    order_clean(&order);
    world_free(w);
}

/* ---- other ways ---- */

static const char two_senders[] = "    - {from: \"+15005550006\", segments_per_second: 100}\n"
                                  "    - {messaging_service_sid: MG00000000000000000000000000000001, "
                                  "segments_per_second: 100}\n";

static void test_backoff__next_sender_at_once(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.senders = two_senders});
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 400, .code = 21606, .from = "+15005550006"});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, SECOND);
    assert_page(w, id, PAGE_SENT);
    assert_string_equal(fake_twilio_last(&w->twilio, ALICE)->sender, "MG00000000000000000000000000000001");
    world_free(w);
}

static void test_backoff__no_sender_left_is_final(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.senders = two_senders});
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 400, .code = 21606});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, MINUTE);
    assert_page(w, id, PAGE_FAILED);
    assert_int_equal(w->twilio.posts.n, 2);
    assert_int_equal(world_alarmed(w, "refused for good"), 1);
    world_free(w);
}

/* to: a number; media or callback in the request; what is refused first; how often it is asked in all */
static void test_backoff__refused_parts_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *twilio;
        bool media;
        int code;
        size_t posts;
        enum page_state end;
    } table[] = {
        {"media", NULL, true, 21620, 2, PAGE_DELIVERED},
        {"media, sender", NULL, true, 21621, 2, PAGE_DELIVERED},
        {"no media to leave out", NULL, false, 21620, 1, PAGE_FAILED},
        {"callback", "  status_callback: https://example.org/x\n", false, 21609, 2, PAGE_DELIVERED},
        {"no callback to leave out", NULL, false, 21609, 1, PAGE_FAILED},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w =
            world_new(&(struct world_options){.twilio = table[i].twilio, .config = "media_prefixes: [\"+1\"]\n"});
        struct order order;
        struct accepted accepted;
        order_init(&order);
        accepted_init(&accepted);
        assert_int_equal(order_set(&order.source, "generic"), NT_OK);
        assert_int_equal(strlist_add(&order.to, ALICE), NT_OK);
        assert_int_equal(kv_put(&order.pairs, "host", "web01"), NT_OK);
        assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
        if (table[i].media)
            assert_int_equal(strlist_add(&order.media, "https://example.org/graph.png"), NT_OK);
        assert_int_equal(world_order(w, &order, &accepted), NT_OK);
        int64_t id = accepted.page[0]->id;
        world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 400, .code = table[i].code, .times = 1});
        world_start(w);
        world_run(w, 10 * SECOND);
        assert_int_equal(w->twilio.posts.n, table[i].posts);
        assert_page(w, id, table[i].end);
        if (table[i].posts == 2) {
            assert_int_equal(w->twilio.posts.item[1].media, 0);
            assert_false(w->twilio.posts.item[1].callback);
        }
        accepted_clean(&accepted);
        order_clean(&order);
        world_free(w);
    }
}

static const char alice_twice[] = "contacts:\n"
                                  "  - {name: alice, numbers: [\"+15005550001\", \"+15005550003\"]}\n"
                                  "  - {name: bob, numbers: [\"+15005550002\"]}\n";

static void test_backoff__refused_number_touches_no_other(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = alice_twice});
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 400, .code = 21211, .to = ALICE});
    int64_t id = world_problem(w, "alice,bob", "web01", "CRITICAL");
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_page(w, id, PAGE_FAILED);
    assert_page(w, id + 1, PAGE_DELIVERED);
    int64_t other = world_newest(w, "+15005550003", PAGE_AGAIN);
    assert_int_not_equal(other, 0);
    assert_page(w, other, PAGE_DELIVERED);
    assert_int_equal(w->alarms, 0);
    world_free(w);
}

static void test_backoff__opt_out_is_remembered(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = alice_twice});
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 400, .code = 21610, .to = ALICE});
    int64_t id = world_problem(w, "alice", "web01", "CRITICAL");
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_page(w, id, PAGE_FAILED);
    assert_int_equal(fake_twilio_messages(&w->twilio, "+15005550003"), 1);
    struct number_state number;
    assert_int_equal(w->outside.store->ops->number_get(w->outside.store, ALICE, &number), NT_OK);
    assert_int_not_equal(number.opted_out, 0);
    /* the next one goes to her other number right away, and one to the bare number is refused on the spot */
    size_t before = w->twilio.posts.n;
    int64_t next = world_problem(w, "alice", "web02", "CRITICAL");
    world_run(w, 10 * SECOND);
    assert_page(w, next, PAGE_DELIVERED);
    assert_int_equal(w->twilio.posts.n, before + 1);
    assert_string_equal(fake_twilio_last(&w->twilio, NULL)->to, "+15005550003");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff__plain_page_is_delivered),
        cmocka_unit_test(test_backoff__a_quiet_day_is_quiet),
        cmocka_unit_test(test_backoff__retries_double_up_to_a_minute),
        cmocka_unit_test(test_backoff__jitter_stays_within_a_tenth),
        cmocka_unit_test(test_backoff__retry_after_is_honoured),
        cmocka_unit_test(test_backoff__dead_line_is_probed_by_one_page),
        cmocka_unit_test(test_backoff__refused_credentials_keep_every_page),
        cmocka_unit_test(test_backoff__refused_pages_go_when_the_credentials_have_changed),
        cmocka_unit_test(test_backoff__one_that_is_let_in_brings_the_others),
        cmocka_unit_test(test_backoff__refused_credentials_for_the_list_are_told),
        cmocka_unit_test(test_backoff__a_late_page_keeps_its_link),
        cmocka_unit_test(test_backoff__expiry_by_class_and_what_is_left_of_it),
        cmocka_unit_test(test_backoff__next_sender_at_once),
        cmocka_unit_test(test_backoff__no_sender_left_is_final),
        cmocka_unit_test(test_backoff__refused_parts_are_left_out),
        cmocka_unit_test(test_backoff__refused_number_touches_no_other),
        cmocka_unit_test(test_backoff__opt_out_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Requests of which nobody knows what became: found, they are adopted; not found, they go again, never within 30 s. */
#include "world.h"

#include "base/mem.h"
#include "world_rules.h"

#include <stdio.h>
#include <string.h>

static int64_t asked_at(const struct world *w, int64_t page, int nth)
{
    for (size_t i = 0; i < w->twilio.posts.n; i++)
        if (w->twilio.posts.item[i].page == page && nth-- == 0)
            return w->twilio.posts.item[i].boot - 100000000;
    return -1;
}

static void test_ambiguous__every_way_to_lose_an_answer(void **state)
{
    (void)state;
    static const struct {
        enum fault_kind kind;
        bool arrived;
        int64_t by; /* settled within so many ms */
    } table[] = {
        {FAULT_5XX_AFTER, true, 2000},      {FAULT_RESET_AFTER, true, 2000},      {FAULT_GARBAGE_AFTER, true, 2000},
        {FAULT_TIMEOUT_AFTER, true, 32000}, {FAULT_TIMEOUT_LATE, true, 32000},    {FAULT_5XX_BEFORE, false, 33000},
        {FAULT_RESET_BEFORE, false, 33000}, {FAULT_GARBAGE_BEFORE, false, 33000}, {FAULT_TIMEOUT_BEFORE, false, 33000},
    };
    for (int redacted = 0; redacted < 2; redacted++)
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            struct world *w = world_new(&(struct world_options){0});
            w->twilio.redacted = redacted;
            world_twilio(w, (struct fault){.kind = table[i].kind, .times = 1});
            int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
            world_start(w);
            world_run(w, table[i].by);
            assert_int_equal(w->twilio.messages.n, 1);
            assert_int_equal(w->twilio.posts.n, table[i].arrived ? 1 : 2);
            assert_true(world_state(w, id) == PAGE_SENT || world_state(w, id) == PAGE_DELIVERED);
            if (!table[i].arrived)
                assert_in_range(asked_at(w, id, 1), 30000, 32000);
            world_run(w, MINUTE);
            assert_int_equal(w->twilio.messages.n, 1);
            assert_page(w, id, PAGE_DELIVERED);
            world_rules_end(w);
            world_free(w);
        }
}

/* What others sent, what we sent before, a list too short: none of them is ours. */
static void test_ambiguous__older_messages_are_not_taken_for_it(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "deduplicate: 0s\nthrottle:\n"
                                                                  "  urgent: [{pages: 100, per: 1m}]\n"});
    world_start(w);
    int64_t first = world_alert(w, NULL, ALICE, "host=web01", "state=CRITICAL", "output=x", "event=custom", NULL);
    world_run(w, 10 * SECOND);
    world_twilio(w, (struct fault){.kind = FAULT_RESET_BEFORE, .times = 1});
    /* the same words within a minute: the first message must not be adopted for the second page */
    int64_t second = world_alert(w, NULL, ALICE, "host=web01", "state=CRITICAL", "output=x", "event=custom", NULL);
    assert_int_not_equal(first, second);
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.messages.n, 2);
    assert_int_equal(fake_twilio_of_page(&w->twilio, second), 1);
    assert_page(w, first, PAGE_DELIVERED);
    assert_page(w, second, PAGE_DELIVERED);
    world_free(w);
}

static void test_ambiguous__two_alike_at_once_share_nothing(void **state)
{
    (void)state;
    /* two pages with the same words to the same number, of different objects: both arrive, both answers are lost */
    struct world *w = world_new(&(struct world_options){.config = "throttle:\n  urgent: [{pages: 100, per: 1m}]\n"});
    world_twilio(w, (struct fault){.kind = FAULT_RESET_AFTER, .times = 1});
    world_twilio(w, (struct fault){.kind = FAULT_RESET_BEFORE, .times = 1});
    int64_t a = world_alert(w, NULL, ALICE, "host=web01", "state=DOWN", "output=x", NULL);
    int64_t b = world_alert(w, "nagios", ALICE, "HOSTNAME=web01", "HOSTSTATE=DOWN", "HOSTOUTPUT=x",
                            "NOTIFICATIONTYPE=PROBLEM", NULL);
    assert_int_not_equal(a, b);
    world_start(w);
    world_run(w, 2 * MINUTE);
    assert_int_equal(w->twilio.messages.n, 2);
    assert_page(w, a, PAGE_DELIVERED);
    assert_page(w, b, PAGE_DELIVERED);
    world_rules_end(w);
    world_free(w);
}

static void test_ambiguous__list_that_does_not_come_is_asked_again(void **state)
{
    (void)state;
    static const enum fault_kind kind[] = {FAULT_DEAD, FAULT_RESET_BEFORE, FAULT_GARBAGE_BEFORE, FAULT_ANSWER};
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_twilio(w, (struct fault){.kind = FAULT_RESET_AFTER, .times = 1});
        world_twilio(w,
                     (struct fault){.kind = kind[i], .lists = true, .http = 503, .code = 20503, .until = 5 * MINUTE});
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, 5 * MINUTE);
        assert_page(w, id, PAGE_SENDING);
        assert_int_equal(w->twilio.posts.n, 1); /* not sent again by guessing */
        world_run(w, 2 * MINUTE);
        assert_page(w, id, PAGE_DELIVERED);
        assert_int_equal(w->twilio.posts.n, 1);
        world_free(w);
    }
}

static void test_ambiguous__list_too_short_decides_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "throttle:\n  urgent: [{pages: 100, per: 1m}]\n"});
    w->twilio.list_max = 3;
    world_start(w);
    int64_t id = 0;
    for (int i = 0; i < 8; i++) {
        char host[16];
        snprintf(host, sizeof host, "host=web%d", i);
        if (i == 2)
            world_twilio(w, (struct fault){.kind = FAULT_TIMEOUT_AFTER, .times = 1});
        int64_t page = world_alert(w, NULL, ALICE, host, "state=DOWN", NULL);
        id = i == 2 ? page : id;
        world_run(w, 4 * SECOND);
    }
    world_run(w, MINUTE);
    assert_page(w, id, PAGE_SENDING); /* the three newest do not reach back to it */
    assert_int_equal(fake_twilio_posts_of(&w->twilio, id), 1);
    w->twilio.list_max = 0;
    world_run(w, 3 * MINUTE);
    assert_page(w, id, PAGE_DELIVERED);
    assert_int_equal(fake_twilio_of_page(&w->twilio, id), 1);
    world_free(w);
}

/* A drainer dies at each of its writes in turn, and before and after each request: the next one goes on from there. */
static void test_ambiguous__killed_anywhere(void **state)
{
    (void)state;
    for (int die = 1; die < 80; die++) {
        struct world *w = world_new(&(struct world_options){0});
        int64_t a = world_problem(w, ALICE, "web01", "CRITICAL");
        int64_t b = world_problem(w, BOB, "web01", "WARNING");
        w->frail.die_at = die;
        w->respawn = true;
        world_run(w, 2 * MINUTE);
        long writes = w->frail.writes;
        assert_page(w, a, PAGE_DELIVERED);
        assert_page(w, b, PAGE_DELIVERED);
        assert_int_equal(w->twilio.messages.n, 2);
        world_rules_end(w);
        world_free(w);
        if (writes < die)
            break;
    }
    for (int unsent = 0; unsent < 2; unsent++) {
        struct world *w = world_new(&(struct world_options){0});
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        w->twilio.kill_at_post = 1;
        w->twilio.kill_unsent = unsent;
        w->respawn = true;
        world_run(w, 20 * SECOND);
        assert_int_equal(w->twilio.posts.n, unsent ? 0 : 1);
        world_run(w, MINUTE);
        assert_page(w, id, PAGE_DELIVERED);
        assert_int_equal(w->twilio.messages.n, 1);
        if (unsent)
            assert_in_range(asked_at(w, id, 0), 30000, 33000);
        world_free(w);
    }
}

/* The remnant of a crash long ago has had its 30 s; any other gets them from the restart, since the clock may have been set. */
static void test_ambiguous__remnants_by_their_age(void **state)
{
    (void)state;
    static const struct {
        int64_t away, jump; /* time without a drainer; the clock is set by */
        int64_t min, max;   /* when it goes again, after the restart */
    } table[] = {{5 * MINUTE, 0, 0, 2000}, {10 * SECOND, 0, 30000, 33000}, {0, -HOUR, 30000, 33000}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){0});
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        w->twilio.kill_at_post = 1;
        w->twilio.kill_unsent = true;
        world_start(w);
        world_run(w, 100);
        assert_false(w->alive);
        assert_page(w, id, PAGE_SENDING);
        world_run(w, table[i].away);
        world_jump(w, table[i].jump);
        int64_t start = world_now(w);
        world_start(w);
        world_run(w, MINUTE);
        assert_int_equal(fake_twilio_posts_of(&w->twilio, id), 1);
        assert_in_range(asked_at(w, id, 0) - start, table[i].min, table[i].max);
        world_free(w);
    }
}

/* The clock is set while a page is ambiguous: it is found all the same. */
static void test_ambiguous__found_though_the_clock_was_set(void **state)
{
    (void)state;
    static const int64_t jump[] = {DAY, -DAY, 90 * SECOND, -90 * SECOND};
    for (size_t i = 0; i < sizeof jump / sizeof *jump; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_twilio(w, (struct fault){.kind = FAULT_TIMEOUT_AFTER, .times = 1});
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, 10 * SECOND);
        world_jump(w, jump[i]);
        world_run(w, 2 * MINUTE);
        assert_int_equal(w->twilio.messages.n, 1);
        assert_page(w, id, PAGE_DELIVERED);
        world_free(w);
    }
}

/* A number whose requests are all lost has no more of them under way than its tiers allow: the others go on. */
static void test_ambiguous__holds_up_nobody_else(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.twilio = "  connections: 4\n"});
    world_twilio(w, (struct fault){.kind = FAULT_TIMEOUT_BEFORE, .to = ALICE, .until = MINUTE});
    for (int i = 0; i < 10; i++) {
        char host[16];
        snprintf(host, sizeof host, "host=web%d", i);
        (void)world_alert(w, NULL, ALICE, host, "state=DOWN", NULL);
    }
    world_start(w);
    world_run(w, 45 * SECOND);
    int64_t id = world_problem(w, BOB, "web01", "CRITICAL");
    world_run(w, 2 * SECOND);
    assert_page(w, id, PAGE_SENT);
    world_run(w, 5 * MINUTE);
    assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
    world_rules_end(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ambiguous__every_way_to_lose_an_answer),
        cmocka_unit_test(test_ambiguous__older_messages_are_not_taken_for_it),
        cmocka_unit_test(test_ambiguous__two_alike_at_once_share_nothing),
        cmocka_unit_test(test_ambiguous__list_that_does_not_come_is_asked_again),
        cmocka_unit_test(test_ambiguous__list_too_short_decides_nothing),
        cmocka_unit_test(test_ambiguous__killed_anywhere),
        cmocka_unit_test(test_ambiguous__remnants_by_their_age),
        cmocka_unit_test(test_ambiguous__found_though_the_clock_was_set),
        cmocka_unit_test(test_ambiguous__holds_up_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

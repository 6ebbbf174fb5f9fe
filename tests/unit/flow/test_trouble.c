/* The house itself in trouble: no memory, no store. */
#include "world.h"

#include "base/log.h"
#include "base/mem.h"
#include "world_rules.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CAROL "+15005550003"
#define DAVE  "+15005550004"

/* Each allocation of a drainer's life fails once: it goes on, or another one does. */
static void test_trouble__each_allocation_fails_once(void **state)
{
    (void)state;
    int failures = 0;
    bool failed = true;
    for (unsigned long n = 1; failed && n < 40000; n += n < 400 ? 3 : 61) {
        struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
        world_twilio(w, (struct fault){.kind = FAULT_RESET_AFTER, .times = 1});
        int64_t id[4];
        id[0] = world_problem(w, ALICE, "web01", "CRITICAL");
        id[1] = world_problem(w, ALICE, "web02", "CRITICAL");
        id[2] = world_problem(w, ALICE, "web03", "CRITICAL");
        id[3] = world_problem(w, BOB, "web01", "CRITICAL");
        w->respawn = true;
        world_start(w);
        mem_fail_at(n);
        world_run(w, 5 * MINUTE);
        failed = mem_failed();
        mem_fail_at(0);
        world_run(w, 5 * MINUTE);
        failures += failed;
        assert_page(w, id[0], PAGE_DELIVERED);
        assert_page(w, id[1], PAGE_MERGED);
        assert_page(w, id[2], PAGE_MERGED);
        assert_page(w, id[3], PAGE_DELIVERED);
        assert_int_equal(w->twilio.messages.n, 3);
        world_rules_end(w);
        world_free(w);
    }
    assert_false(failed);
    assert_true(failures > 100);
}

/*
 * An hour of everything: held back, told in a digest, refused on one number and gone on to the next, out of reach,
 * unknown, opted out, over before it was told, late, and the clock is set.
 */
static void eventful(struct world *w, int64_t id[4])
{
    world_twilio(w, (struct fault){.kind = FAULT_RESET_AFTER, .to = ALICE, .times = 1});
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .to = BOB, .times = 2});
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .to = CAROL, .http = 400, .code = 21610});
    id[0] = world_problem(w, "alice", "web01", "CRITICAL");
    id[1] = world_problem(w, "alice", "web02", "CRITICAL");
    id[2] = world_problem(w, "alice", "web03", "CRITICAL");
    id[3] = world_problem(w, "bob", "web01", "CRITICAL");
    (void)world_problem(w, "carol", "web01", "CRITICAL");
    (void)world_problem(w, "alice", "web04", "WARNING");
}

/* Whatever operation of the store fails, and however: everybody is told, nobody twice. */
static void test_trouble__each_operation_of_the_store_fails_once(void **state)
{
    (void)state;
    static const enum nt_status how[] = {NT_EIO, NT_ENOMEM, NT_EFULL, NT_ECORRUPT};
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        bool failed = true;
        int failures = 0;
        for (long n = 1; failed; n += 1 + n / 12) {
            int64_t id[4];
            struct world *w = world_new(
                &(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"
                                                  "contacts:\n"
                                                  "  - {name: alice, numbers: [\"" ALICE "\"]}\n"
                                                  "  - {name: bob, numbers: [\"" BOB "\"]}\n"
                                                  "  - {name: carol, numbers: [\"" CAROL "\", \"" DAVE "\"]}\n"});
            eventful(w, id);
            w->respawn = true;
            world_start(w);
            w->frail.fail_at = n;
            w->frail.fail_with = how[i];
            world_run(w, MINUTE / 2);
            (void)world_problem(w, "alice", "web03", "OK");
            world_jump(w, HOUR);
            world_run(w, 10 * MINUTE);
            failed = w->frail.failed;
            w->frail.fail_at = 0;
            failures += failed;
            world_run(w, 5 * MINUTE);
            assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
            assert_int_equal(world_count(w, PAGE_BIT(PAGE_EXPIRED)), 0);
            assert_page(w, id[0], PAGE_DELIVERED);
            assert_page(w, id[3], PAGE_DELIVERED);
            assert_int_equal(fake_twilio_messages(&w->twilio, DAVE), 1);
            world_rules_end(w);
            world_free(w);
        }
        assert_true(failures > 30);
    }
}

/* Lists without bodies, and a store that fails while an unknown page is looked for: the message of another page of the
 * same number is not taken for its own. */
static void test_trouble__a_look_without_the_store_tells_nothing(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 1; failed && n < 400; n += 1 + n / 30) {
        struct world *w = world_new(&(struct world_options){0});
        w->twilio.redacted = true;
        int64_t first = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, 10 * SECOND);
        assert_page(w, first, PAGE_DELIVERED);
        world_twilio(w, (struct fault){.kind = FAULT_RESET_BEFORE, .times = 1});
        int64_t second = world_problem(w, ALICE, "web02", "CRITICAL");
        w->frail.fail_at = n;
        w->frail.fail_with = NT_ENOMEM;
        w->respawn = true;
        world_run(w, 5 * MINUTE);
        failed = w->frail.failed;
        assert_page(w, second, PAGE_DELIVERED);
        assert_int_equal(fake_twilio_of_page(&w->twilio, second), 1);
        assert_int_equal(w->twilio.messages.n, 2);
        world_rules_end(w);
        world_free(w);
    }
}

/* Each allocation from a moment on, for as long as something happens: `from` ms after the start. */
static void fail_from(int64_t from, unsigned long most)
{
    bool failed = true;
    for (unsigned long n = 1; failed && n < most; n += 1 + n / 12) {
        int64_t id[4];
        struct world *w =
            world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"
                                                        "contacts:\n"
                                                        "  - {name: alice, numbers: [\"" ALICE "\"]}\n"
                                                        "  - {name: bob, numbers: [\"" BOB "\"]}\n"
                                                        "  - {name: carol, numbers: [\"" CAROL "\", \"" DAVE "\"]}\n"});
        eventful(w, id);
        w->respawn = true;
        world_start(w);
        if (from)
            world_run(w, from);
        mem_fail_at(n);
        world_run(w, 3 * SECOND);
        failed = mem_failed();
        mem_fail_at(0);
        world_run(w, 10 * MINUTE);
        assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
        for (size_t i = 0; i < 3; i++) /* whichever goes first */
            assert_true(PAGE_BIT(world_state(w, id[i])) & (PAGE_BIT(PAGE_DELIVERED) | PAGE_BIT(PAGE_MERGED)));
        assert_page(w, id[3], PAGE_DELIVERED);
        assert_int_equal(fake_twilio_messages(&w->twilio, DAVE), 1);
        world_rules_end(w);
        world_free(w);
    }
}

static void test_trouble__each_allocation_of_a_moment_fails_once(void **state)
{
    (void)state;
    fail_from(0, 3000);           /* claims, answers, refusals */
    fail_from(59 * SECOND, 3000); /* the digest */
    fail_from(500, 600);          /* the first look at the list */
}

static void test_trouble__a_store_that_cannot_be_written(void **state)
{
    (void)state;
    static const enum nt_status trouble[] = {NT_EFULL, NT_EIO, NT_EACCES, NT_EBUSY};
    for (size_t i = 0; i < sizeof trouble / sizeof *trouble; i++) {
        struct world *w = world_new(&(struct world_options){0});
        int64_t before = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, 50); /* under way */
        w->frail.trouble = trouble[i];
        int64_t during = world_problem(w, BOB, "web02", "CRITICAL");
        world_run(w, 5 * SECOND);
        assert_true(w->inside.spare);
        assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
        assert_int_equal(world_alarmed(w, "cannot be used"), 1);
        w->frail.trouble = NT_OK;
        world_run(w, MINUTE);
        assert_false(w->inside.spare);
        assert_page(w, before, PAGE_DELIVERED);
        assert_page(w, during, PAGE_DELIVERED);
        assert_int_equal(w->twilio.messages.n, 2);
        world_rules_end(w);
        world_free(w);
    }
}

/* What is under way when nothing can be read any more is not in memory: it is looked up as soon as the store is back.
 */
static void test_trouble__a_store_that_cannot_be_read_for_a_while(void **state)
{
    (void)state;
    static const enum fault_kind what[] = {FAULT_RESET_AFTER, FAULT_RESET_BEFORE};
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_twilio(w, (struct fault){.kind = what[i], .times = 1});
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, 50); /* under way */
        assert_page(w, id, PAGE_SENDING);
        w->frail.trouble = NT_EIO;
        w->frail.unreadable = true;
        world_run(w, 10 * SECOND);
        assert_true(w->inside.spare);
        w->frail.trouble = NT_OK;
        world_run(w, 2 * MINUTE);
        assert_false(w->inside.spare);
        assert_page(w, id, PAGE_DELIVERED);
        assert_int_equal(w->twilio.messages.n, 1);
        world_rules_end(w);
        world_free(w);
    }
}

/* What it has sent from memory is still due in the store: whoever came after it would send it again. */
static void test_trouble__a_drainer_does_not_end_with_debts(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.send = true});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    w->frail.trouble = NT_EBUSY;
    world_start(w);
    world_run(w, 2 * MINUTE);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    assert_false(w->alive);
    w->frail.trouble = NT_OK;
    assert_page(w, id, PAGE_DELIVERED);
    world_start(w);
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.messages.n, 1);
    world_rules_end(w);
    world_free(w);
}

static int lock_of(const struct world *w, enum nt_status expected)
{
    char store[128];
    int lock = -1;
    snprintf(store, sizeof store, "sqlite:%s/queue.db", w->folder);
    assert_int_equal(drain_lock_take(store, false, &lock, NULL), expected);
    return lock;
}

/* Without the lock it worked in memory. The store is somebody's by then, or nobody's, or somebody's until he is asked.
 */
static void test_trouble__back_to_the_store_with_the_lock_alone(void **state)
{
    (void)state;
    static const struct {
        bool send, rival;
        bool back, ends; /* what it does */
    } cases[] = {{true, false, true, false},
                 {false, false, true, false},
                 {true, true, false, true},
                 {false, true, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w =
            world_new(&(struct world_options){.send = cases[i].send, .unlocked = true, .no_follow = true});
        w->frail.trouble = NT_EBUSY;
        int64_t sent = world_problem(w, ALICE, "web01", "CRITICAL");
        int64_t kept = world_problem(w, BOB, "web01", "CRITICAL");
        world_twilio(w,
                     (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .to = BOB, .until = 50 * SECOND});
        world_start(w);
        world_run(w, 5 * SECOND);
        assert_true(w->inside.spare);
        int rival = cases[i].rival ? lock_of(w, NT_OK) : -1;
        w->frail.trouble = NT_OK;
        world_run(w, 30 * SECOND);
        assert_int_equal(w->inside.spare, !cases[i].back && !cases[i].ends);
        assert_int_equal(!w->alive, cases[i].ends);
        if (!cases[i].ends && !cases[i].back) { /* a daemon waits, and has said that it does */
            assert_true(drain_lock_wanted(w->inside.config->store));
            close(rival);
            rival = -1;
            world_run(w, 5 * SECOND);
            assert_false(w->inside.spare);
            assert_false(drain_lock_wanted(w->inside.config->store));
        }
        if (w->alive)
            (void)lock_of(w, NT_EBUSY); /* it is its own */
        if (cases[i].ends) {            /* what it had is the rival's now, with nothing in between */
            assert_page(w, kept, PAGE_QUEUED);
            close(rival);
            world_start(w);
        }
        world_run(w, 2 * MINUTE);
        assert_page(w, sent, PAGE_SENT);
        assert_page(w, kept, PAGE_SENT);
        assert_int_equal(w->twilio.messages.n, 2);
        world_free(w);
    }
}

/* It has the store's pages under way in memory when it learns that another one drains: it waits for their answers, and
 * hands over what became of them. */
static void test_trouble__a_request_is_finished_before_the_store_is_handed_over(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.send = true, .unlocked = true, .no_follow = true});
    world_twilio(w, (struct fault){.kind = FAULT_SLOW, .delay = 25 * SECOND, .times = 1});
    w->frail.trouble = NT_EBUSY;
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 5 * SECOND);
    assert_true(w->inside.spare);
    int rival = lock_of(w, NT_OK);
    w->frail.trouble = NT_OK;
    world_run(w, 15 * SECOND); /* the store was tried, and is somebody else's */
    assert_true(w->alive);
    assert_page(w, id, PAGE_QUEUED);
    world_run(w, 15 * SECOND);
    assert_false(w->alive);
    assert_page(w, id, PAGE_SENT);
    close(rival);
    world_start(w);
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.posts.n, 1);
    world_free(w);
}

/* One that has asked for the lock, and ends before it gets it, asks no longer. */
static void test_trouble__the_wish_ends_with_the_drainer(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.unlocked = true, .no_follow = true});
    w->frail.trouble = NT_EBUSY;
    (void)world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 5 * SECOND);
    int rival = lock_of(w, NT_OK);
    w->frail.trouble = NT_OK;
    world_run(w, 30 * SECOND);
    assert_true(drain_lock_wanted(w->inside.config->store));
    assert_int_equal(world_stop(w), NT_OK);
    assert_false(drain_lock_wanted(w->inside.config->store));
    close(rival);
    world_free(w);
}

static int new_clients_missed;

static void hear_client(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    new_clients_missed += strstr(line, "no new HTTP client could be made: the old one stays") != NULL;
}

/* The configuration was read again while a request was under way, and when that is over there is no memory for a new
 * client: the old one goes on until there is. */
static void test_trouble__no_memory_for_a_new_client(void **state)
{
    (void)state;
    new_clients_missed = 0;
    for (unsigned long n = 1; n <= 12; n++) {
        struct world *w = world_new(&(struct world_options){.no_follow = true});
        log_tap(hear_client, NULL);
        world_twilio(w, (struct fault){.kind = FAULT_SLOW, .delay = 10 * SECOND, .times = 1});
        int64_t first = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, SECOND);
        world_reload(w, NULL);
        world_run(w, 8 * SECOND);
        assert_page(w, first, PAGE_SENDING);
        /* up to the very moment of its answer */
        world_run(w, w->twilio.posts.item[0].boot + 10 * SECOND - 1 - w->clock.boot_ms);
        assert_page(w, first, PAGE_SENDING);
        mem_fail_at(n);
        world_run(w, SECOND);
        mem_fail_at(0);
        int64_t second = world_problem(w, BOB, "web01", "CRITICAL");
        world_run(w, MINUTE);
        assert_page(w, first, PAGE_SENT);
        assert_page(w, second, PAGE_SENT);
        assert_int_equal(w->twilio.posts.n, 2);
        world_rules_end(w);
        world_free(w);
    }
    assert_true(new_clients_missed >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trouble__each_allocation_fails_once),
        cmocka_unit_test(test_trouble__each_operation_of_the_store_fails_once),
        cmocka_unit_test(test_trouble__a_look_without_the_store_tells_nothing),
        cmocka_unit_test(test_trouble__each_allocation_of_a_moment_fails_once),
        cmocka_unit_test(test_trouble__a_store_that_cannot_be_written),
        cmocka_unit_test(test_trouble__a_store_that_cannot_be_read_for_a_while),
        cmocka_unit_test(test_trouble__a_drainer_does_not_end_with_debts),
        cmocka_unit_test(test_trouble__back_to_the_store_with_the_lock_alone),
        cmocka_unit_test(test_trouble__a_request_is_finished_before_the_store_is_handed_over),
        cmocka_unit_test(test_trouble__the_wish_ends_with_the_drainer),
        cmocka_unit_test(test_trouble__no_memory_for_a_new_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

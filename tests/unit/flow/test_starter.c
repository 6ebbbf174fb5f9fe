/* A `send` that drains, and the child that goes on: here it is the same process, told that it is the child. */
#include "world.h"

#include "base/mem.h"
#include "world_rules.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAROL "+15005550003"

struct leaving {
    struct world *w;
    struct starter starter;
    struct order order;
    struct accepted accepted;
    struct buf error;
    enum starter_may may;
    int child; /* what go() says */
    int gone;  /* how often it was called */
    void (*on_the_way)(struct leaving *l);
};

static enum starter_may may_go(void *arg)
{
    const struct leaving *l = arg;
    return l->gone && l->child == 0 ? STARTER_STAYS : l->may;
}

static int go(void *arg)
{
    struct leaving *l = arg;
    l->gone++;
    if (l->on_the_way)
        l->on_the_way(l);
    return l->child;
}

/* A drainer that was started with an alert of its own, for `to`. */
static void begin(struct leaving *l, const struct world_options *o, const char *to)
{
    struct world_options options = *o;
    options.send = true;
    memset(l, 0, sizeof *l);
    l->w = world_new(&options);
    order_init(&l->order);
    accepted_init(&l->accepted);
    buf_init(&l->error, 4096);
    assert_int_equal(order_set(&l->order.source, "generic"), NT_OK);
    assert_int_equal(strlist_add(&l->order.to, to), NT_OK);
    assert_int_equal(kv_put(&l->order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&l->order.pairs, "state", "CRITICAL"), NT_OK);
    l->starter = (struct starter){.order = &l->order,
                                  .accepted = &l->accepted,
                                  .error = &l->error,
                                  .status = NT_EBUSY,
                                  .may_go = may_go,
                                  .go = go,
                                  .arg = l};
    l->may = STARTER_STAYS;
}

static void start(struct leaving *l)
{
    world_start(l->w);
    l->w->drain.starter = &l->starter;
}

static int64_t own_page(const struct leaving *l)
{
    assert_int_equal(l->starter.status, NT_OK);
    assert_int_equal(l->accepted.n, 1);
    return l->accepted.page[0]->id;
}

static void end(struct leaving *l)
{
    world_rules_end(l->w);
    world_free(l->w);
    order_clean(&l->order);
    accepted_clean(&l->accepted);
    buf_clean(&l->error);
}

/* At its next turn. */
static void leave(struct leaving *l)
{
    l->may = STARTER_GOES;
    for (int i = 0; !l->gone && i < 1000; i++)
        world_run(l->w, 10);
    assert_int_equal(l->gone, 1);
}

/* Whoever ends with something undone is followed by another. */
static void see_it_through(struct world *w)
{
    for (int i = 0; i < 4; i++) {
        if (!w->alive && world_count(w, PAGE_UNSETTLED | PAGE_BIT(PAGE_SENT)))
            world_start(w);
        world_run(w, MINUTE);
    }
}

static void address_found(struct leaving *l)
{
    l->w->twilio.stuck = NULL;
}

/* One request has not left when its client is left behind, another has, a third looks for what became of its page, and
 * a receipt is being asked for: all of them come to their end with the new client. */
static void test_starter__requests_of_a_client_that_is_left_behind(void **state)
{
    (void)state;
    struct leaving l;
    begin(&l, &(struct world_options){0}, ALICE);
    struct world *w = l.w;
    world_twilio(w, (struct fault){.kind = FAULT_RESET_AFTER, .to = BOB, .times = 1});
    world_twilio(w, (struct fault){.kind = FAULT_SLOW, .lists = true, .delay = 20 * SECOND, .until = 8 * SECOND});
    world_twilio(w, (struct fault){.kind = FAULT_SLOW, .to = CAROL, .since = 4 * SECOND, .delay = 10 * SECOND});
    int64_t looked_for = world_problem(w, BOB, "web02", "CRITICAL");
    int64_t received = world_problem(w, CAROL, "web02", "CRITICAL");
    start(&l);
    world_run(w, 5 * SECOND);
    assert_page(w, looked_for, PAGE_SENDING);
    assert_page(w, own_page(&l), PAGE_SENT); /* its receipt is asked for, and does not come */
    int64_t left = world_problem(w, CAROL, "web03", "CRITICAL");
    w->twilio.stuck = ALICE;
    int64_t unsent = world_problem(w, ALICE, "web03", "CRITICAL");
    world_run(w, 2 * SECOND);
    assert_page(w, left, PAGE_SENDING);
    assert_page(w, unsent, PAGE_SENDING);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    l.on_the_way = address_found;
    l.may = STARTER_MAY_GO; /* not while a request would be hurt by it */
    world_run(w, SECOND);
    assert_int_equal(l.gone, 0);
    l.may = STARTER_GOES;
    world_run(w, 5 * SECOND);
    assert_int_equal(l.gone, 1);
    assert_true(world_told(w, unsent, "its sender was replaced"));
    assert_int_equal(fake_twilio_posts_of(&w->twilio, unsent), 1);
    assert_true(world_told(w, left, "nobody knows whether it arrived"));
    world_run(w, 2 * MINUTE);
    assert_page(w, looked_for, PAGE_DELIVERED);
    assert_page(w, received, PAGE_DELIVERED);
    assert_page(w, own_page(&l), PAGE_DELIVERED);
    assert_page(w, left, PAGE_DELIVERED);
    assert_page(w, unsent, PAGE_DELIVERED);
    assert_int_equal(w->twilio.messages.n, 5);
    end(&l);
}

/* The one connection that there may be was about to ask for a receipt: it is free again, and a page may have it. */
static void test_starter__questions_left_behind_keep_no_connection(void **state)
{
    (void)state;
    struct leaving l;
    begin(&l, &(struct world_options){.twilio = "  connections: 1\n"}, ALICE);
    start(&l);
    world_run(l.w, SECOND);
    l.w->twilio.stuck = "GET";
    world_run(l.w, 3 * SECOND);
    assert_page(l.w, own_page(&l), PAGE_SENT);
    int64_t id = world_problem(l.w, BOB, "web02", "CRITICAL");
    world_run(l.w, SECOND);
    l.on_the_way = address_found;
    l.may = STARTER_GOES;
    world_run(l.w, MINUTE);
    assert_int_equal(l.gone, 1);
    assert_page(l.w, own_page(&l), PAGE_DELIVERED);
    assert_page(l.w, id, PAGE_DELIVERED);
    end(&l);
}

/* No process can be made: pages go from this one, those too that were to wait until it has gone. Tried again now and
 * then. */
static void test_starter__no_process_can_be_made(void **state)
{
    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct leaving l;
        begin(&l, &(struct world_options){.no_follow = true}, ALICE);
        world_twilio(l.w, (struct fault){.kind = FAULT_SLOW, .delay = 12 * SECOND});
        l.starter.at_once = at_once;
        l.child = -1;
        l.may = STARTER_GOES;
        start(&l);
        world_run(l.w, 9 * SECOND);
        assert_page(l.w, own_page(&l), PAGE_SENDING);
        assert_int_equal(l.gone, 2);
        world_run(l.w, 10 * SECOND);
        assert_page(l.w, own_page(&l), PAGE_SENT);
        assert_int_equal(fake_twilio_messages(&l.w->twilio, ALICE), 1);
        assert_false(l.w->alive);
        assert_int_equal(l.w->end, NT_OK);
        end(&l);
    }
}

static void beside(const struct world *w, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", w->folder, name);
}

/* The store's lock cannot be opened: something else has its name. */
static void store_goes(struct leaving *l)
{
    char path[128];
    beside(l->w, "queue.write", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* The store does not open again: a page under way is not mixed up with one that comes into memory under its number, and
 * is looked up when the store is back. */
static void test_starter__the_store_does_not_open_again(void **state)
{
    (void)state;
    static const int child[] = {0, -1};
    for (size_t i = 0; i < sizeof child / sizeof *child; i++) {
        struct leaving l;
        char path[128];
        begin(&l, &(struct world_options){.socket = true}, ALICE);
        world_twilio(l.w, (struct fault){.kind = FAULT_SLOW, .to = ALICE, .delay = 10 * SECOND, .times = 1});
        world_twilio(l.w, (struct fault){.kind = FAULT_SLOW, .to = BOB, .delay = 60 * SECOND, .times = 1});
        start(&l);
        world_run(l.w, SECOND);
        int64_t id = own_page(&l);
        assert_page(l.w, id, PAGE_SENDING);
        l.on_the_way = store_goes;
        l.child = child[i];
        leave(&l);
        assert_true(l.w->inside.spare);
        assert_page(l.w, id, PAGE_SENDING);
        if (child[i] == 0) { /* it listens: number 1 in memory */
            struct order order;
            order_init(&order);
            assert_int_equal(order_set(&order.source, "generic"), NT_OK);
            assert_int_equal(strlist_add(&order.to, BOB), NT_OK);
            assert_int_equal(kv_put(&order.pairs, "host", "web02"), NT_OK);
            assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
            mem_free(world_offer(l.w, &order, SECOND));
            order_clean(&order);
            assert_int_equal(l.w->twilio.posts.n, 2);
        }
        l.may = STARTER_STAYS;
        world_run(l.w, 13 * SECOND - world_now(l.w));       /* alice's answer comes */
        assert_int_equal(l.w->inside.spare, child[i] == 0); /* without anything to do it ends */
        beside(l.w, "queue.write", path);
        assert_int_equal(rmdir(path), 0);
        see_it_through(l.w);
        assert_false(l.w->inside.spare);
        assert_page(l.w, id, PAGE_DELIVERED);
        assert_int_equal(world_count(l.w, PAGE_BIT(PAGE_DELIVERED)), child[i] == 0 ? 2 : 1);
        assert_int_equal(l.w->twilio.messages.n, child[i] == 0 ? 2 : 1);
        end(&l);
    }
}

static void no_memory(struct leaving *l)
{
    (void)l;
    sqlite3_hard_heap_limit64(1);
}

/* Not even a store in memory: the child ends, and the next drainer has the page. */
static void test_starter__no_store_at_all(void **state)
{
    (void)state;
    struct leaving l;
    begin(&l, &(struct world_options){0}, ALICE);
    l.on_the_way = no_memory;
    start(&l);
    world_run(l.w, 10);
    leave(&l);
    sqlite3_hard_heap_limit64(0);
    assert_false(l.w->alive);
    assert_int_equal(l.w->end, NT_ENOMEM);
    world_start(l.w);
    world_run(l.w, 2 * MINUTE);
    assert_page(l.w, own_page(&l), PAGE_DELIVERED);
    assert_int_equal(l.w->twilio.messages.n, 1);
    end(&l);
}

static void forget_holder(struct leaving *l)
{
    char path[128];
    l->w->twilio.stuck = NULL;
    beside(l->w, "queue.lock", path);
    assert_int_equal(truncate(path, 0), 0);
}

/* The lock that was taken on the way back to the store bears the child's name. */
static void test_starter__the_child_signs_the_lock(void **state)
{
    (void)state;
    struct leaving l;
    char store[128];
    long holder = 0;
    int lock = -1;
    begin(&l, &(struct world_options){.unlocked = true}, ALICE);
    world_twilio(l.w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .until = 60 * SECOND});
    l.w->frail.trouble = NT_EIO;
    start(&l);
    world_run(l.w, 5 * SECOND);
    assert_true(l.w->inside.spare);
    l.w->frail.trouble = NT_OK;
    world_run(l.w, 20 * SECOND);
    assert_false(l.w->inside.spare);
    l.on_the_way = forget_holder;
    leave(&l);
    snprintf(store, sizeof store, "sqlite:%s/queue.db", l.w->folder);
    assert_int_equal(drain_lock_take(store, false, &lock, &holder), NT_EBUSY);
    assert_int_equal(holder, getpid());
    world_run(l.w, 2 * MINUTE);
    assert_int_equal(world_count(l.w, PAGE_BIT(PAGE_DELIVERED)), 1);
    assert_int_equal(l.w->twilio.messages.n, 1);
    end(&l);
}

static unsigned long fails;

static void memory_fails(struct leaving *l)
{
    l->w->twilio.stuck = NULL;
    mem_fail_at(fails);
}

/* Each allocation on the way from the starter to its child: the page goes out all the same, once. */
static void test_starter__each_allocation_on_the_way(void **state)
{
    (void)state;
    bool failed = true;
    for (fails = 1; failed; fails++) {
        struct leaving l;
        begin(&l, &(struct world_options){0}, ALICE);
        l.w->twilio.stuck = ALICE;
        l.on_the_way = memory_fails;
        start(&l);
        world_run(l.w, 50);
        assert_int_equal(l.w->twilio.posts.n, 0);
        leave(&l);
        failed = mem_failed();
        mem_fail_at(0);
        int64_t id = own_page(&l);
        see_it_through(l.w);
        assert_page(l.w, id, PAGE_DELIVERED);
        assert_int_equal(l.w->twilio.messages.n, 1);
        end(&l);
    }
    assert_true(fails > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starter__requests_of_a_client_that_is_left_behind),
        cmocka_unit_test(test_starter__questions_left_behind_keep_no_connection),
        cmocka_unit_test(test_starter__no_process_can_be_made),
        cmocka_unit_test(test_starter__the_store_does_not_open_again),
        cmocka_unit_test(test_starter__no_store_at_all),
        cmocka_unit_test(test_starter__the_child_signs_the_lock),
        cmocka_unit_test(test_starter__each_allocation_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

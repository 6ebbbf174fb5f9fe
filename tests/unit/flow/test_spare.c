/* Away from the store and back: what goes along, and what others did to it meanwhile. */
#include "world.h"

#include "base/clock.h"
#include "base/mem.h"
#include "queue/lock.h"
#include "world_rules.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAROL "+15005550003"

/* Somebody's hands in the database. */
static void by_hand(const struct world *w, const char *text)
{
    char path[128];
    sqlite3 *db = NULL;
    char *error = NULL;
    snprintf(path, sizeof path, "%s/queue.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", text, error);
    sqlite3_close(db);
}

static size_t set_aside(const struct world *w)
{
    size_t n = 0;
    DIR *d = opendir(w->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strstr(e->d_name, "corrupt-") != NULL && !strstr(e->d_name, "-wal");
    closedir(d);
    return n;
}

static struct world *with_digests(void)
{
    return world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n", .socket = true});
}

/* A digest that is under way goes along with its members, and one that is made in memory comes back with its own. */
static void test_spare__digests_there_and_back(void **state)
{
    (void)state;
    int64_t a[3], b[3];
    struct world *w = with_digests();
    a[0] = world_problem(w, ALICE, "web01", "CRITICAL");
    a[1] = world_problem(w, ALICE, "web02", "CRITICAL");
    a[2] = world_problem(w, ALICE, "web03", "CRITICAL");
    world_start(w);
    world_run(w, 30 * SECOND);
    world_twilio(w,
                 (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .to = ALICE, .until = 86 * SECOND});
    b[0] = world_problem(w, BOB, "web01", "CRITICAL");
    b[1] = world_problem(w, BOB, "web02", "CRITICAL");
    b[2] = world_problem(w, BOB, "web03", "CRITICAL");
    world_run(w, 55 * SECOND); /* until 85 s: alice's digest is tried again and again, bob's is not made yet */
    assert_page(w, a[1], PAGE_MERGED);
    assert_page(w, b[1], PAGE_HELD);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    w->frail.trouble = NT_EIO;
    (void)world_problem(w, CAROL, "web09", "CRITICAL"); /* something to be written */
    world_run(w, 13 * SECOND);                          /* the way back is tried after 15 s */
    assert_true(w->inside.spare);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 2);
    assert_int_equal(fake_twilio_messages(&w->twilio, BOB), 2);
    w->frail.trouble = NT_OK;
    world_run(w, MINUTE);
    assert_false(w->inside.spare);
    struct page *of_a = world_page(w, a[1]), *of_b = world_page(w, b[1]);
    assert_int_equal(of_a->state, PAGE_MERGED);
    assert_int_equal(of_b->state, PAGE_MERGED);
    assert_page(w, of_a->merged_into, PAGE_DELIVERED);
    assert_page(w, of_b->merged_into, PAGE_DELIVERED);
    assert_int_not_equal(of_a->merged_into, of_b->merged_into);
    struct page *digest = world_page(w, of_b->merged_into);
    assert_string_equal(digest->number, BOB);
    page_free(digest);
    page_free(of_a);
    page_free(of_b);
    assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
    world_rules_end(w);
    world_free(w);
}

/* Who had opted out before is not paged from memory, and who does so meanwhile is known afterwards. */
static void test_spare__opt_outs_there_and_back(void **state)
{
    (void)state;
    struct world *w = with_digests();
    struct store *s = world_store(w);
    struct number_state number = {.opted_out = w->clock.wall_ms};
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->number_put(s, CAROL, &number), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .to = BOB, .http = 400, .code = 21610});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    w->frail.trouble = NT_EFULL;
    world_start(w);
    world_run(w, 5 * SECOND);
    assert_true(w->inside.spare);
    struct order order;
    char *answer = NULL;
    static const char *const to[] = {CAROL, BOB};
    for (size_t i = 0; i < 2; i++) {
        order_init(&order);
        assert_int_equal(order_set(&order.source, "generic"), NT_OK);
        assert_int_equal(strlist_add(&order.to, to[i]), NT_OK);
        assert_int_equal(kv_put(&order.pairs, "host", "web02"), NT_OK);
        assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
        answer = world_offer(w, &order, 3 * SECOND);
        order_clean(&order);
        mem_free(answer);
    }
    assert_int_equal(fake_twilio_messages(&w->twilio, CAROL), 0);
    w->frail.trouble = NT_OK;
    world_run(w, MINUTE);
    assert_false(w->inside.spare);
    assert_page(w, id, PAGE_DELIVERED);
    s = world_store(w);
    assert_int_equal(s->ops->number_get(s, BOB, &number), NT_OK);
    assert_true(number.opted_out > 0);
    for (size_t i = 0; i < w->twilio.posts.n; i++)
        assert_string_not_equal(w->twilio.posts.item[i].to, CAROL);
    world_free(w);
}

/* Somebody has tidied up in the database: what was sent is on record all the same. */
static void test_spare__pages_that_are_gone_from_the_store(void **state)
{
    (void)state;
    struct world *w = with_digests();
    (void)world_problem(w, ALICE, "web01", "CRITICAL");
    w->frail.trouble = NT_EIO;
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    by_hand(w, "DELETE FROM step; DELETE FROM page; DELETE FROM alert");
    w->frail.trouble = NT_OK;
    world_run(w, MINUTE);
    assert_false(w->inside.spare);
    assert_int_equal(world_count(w, ~0u), 1);
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_DELIVERED)), 1);
    assert_int_equal(w->twilio.messages.n, 1);
    world_free(w);
}

/* The store fails, and while the engine is away another process tells that web02, whose page was held, is well. */
static void ended_by_another(struct world *w, int64_t page)
{
    assert_page(w, page, PAGE_HELD);
    w->frail.trouble = NT_EIO;
    (void)world_problem(w, BOB, "web09", "CRITICAL");
    world_run(w, 5 * SECOND);
    assert_true(w->inside.spare);
    (void)world_problem(w, ALICE, "web02", "OK"); /* into the store */
    assert_page(w, page, PAGE_CANCELLED);
}

/* Ended by newer news while the engine was away, and not told from memory: it stays ended. */
static void test_spare__what_was_ended_meanwhile_stays_ended(void **state)
{
    (void)state;
    int64_t id[2];
    struct world *w = with_digests();
    id[0] = world_problem(w, ALICE, "web01", "CRITICAL");
    id[1] = world_problem(w, ALICE, "web02", "CRITICAL");
    world_start(w);
    world_run(w, 5 * SECOND);
    ended_by_another(w, id[1]);
    w->frail.trouble = NT_OK;
    world_run(w, 5 * MINUTE);
    assert_page(w, id[1], PAGE_CANCELLED);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    world_rules_end(w);
    world_free(w);
}

/* Found damaged when the way back is tried: set aside at once, and the new one has everything from memory. */
static void test_spare__back_to_a_store_that_is_damaged(void **state)
{
    (void)state;
    static const char *const how[] = {"no database", "DROP TABLE step", "DROP TABLE page"};
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        struct world *w = with_digests();
        int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
        w->frail.trouble = NT_EIO;
        world_start(w);
        world_run(w, 5 * SECOND);
        assert_true(w->inside.spare);
        if (i) {
            by_hand(w, how[i]);
        } else {
            char path[128];
            snprintf(path, sizeof path, "%s/queue.db", w->folder);
            by_hand(w, "PRAGMA wal_checkpoint(TRUNCATE)");
            FILE *f = fopen(path, "r+");
            assert_non_null(f);
            for (int n = 0; n < 512; n++)
                assert_int_equal(fwrite(how[i], 1, 8, f), 8);
            assert_int_equal(fclose(f), 0);
        }
        w->frail.trouble = NT_OK;
        world_run(w, MINUTE);
        assert_false(w->inside.spare);
        assert_int_equal(set_aside(w), 1);
        assert_int_equal(world_count(w, PAGE_BIT(PAGE_DELIVERED)), 1);
        assert_int_equal(w->twilio.messages.n, 1);
        (void)id;
        world_free(w);
    }
}

/* Rows that somebody deletes under the engine: before, during and after their request. */
static void test_spare__rows_deleted_under_the_engine(void **state)
{
    (void)state;
    struct world *w = with_digests();
    world_twilio(w, (struct fault){.kind = FAULT_SLOW, .delay = 10 * SECOND, .to = ALICE});
    (void)world_problem(w, ALICE, "web01", "CRITICAL");
    (void)world_problem(w, BOB, "web01", "CRITICAL");
    (void)world_problem(w, BOB, "web02", "CRITICAL");
    world_start(w);
    world_run(w, SECOND); /* alice's under way, bob's first sent, his second held */
    assert_int_equal(w->twilio.posts.n, 2);
    by_hand(w, "DELETE FROM page");
    world_run(w, 10 * MINUTE);
    assert_int_equal(w->twilio.posts.n, 2);
    assert_int_equal(world_count(w, ~0u), 0);
    int64_t id = world_problem(w, CAROL, "web01", "CRITICAL"); /* and it goes on */
    world_run(w, 30 * SECOND);
    assert_page(w, id, PAGE_DELIVERED);
    world_free(w);
}

/* Told in memory after somebody has ended it in the store: told is told. */
static void test_spare__what_was_told_meanwhile_stays_told(void **state)
{
    (void)state;
    int64_t id[3];
    struct world *w = with_digests();
    id[0] = world_problem(w, ALICE, "web01", "CRITICAL");
    id[1] = world_problem(w, ALICE, "web02", "CRITICAL");
    id[2] = world_problem(w, ALICE, "web03", "CRITICAL");
    world_start(w);
    world_run(w, 53 * SECOND);
    ended_by_another(w, id[1]);
    world_run(w, 5 * SECOND);
    assert_true(w->inside.spare);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 2); /* the digest */
    w->frail.trouble = NT_OK;
    world_run(w, 5 * MINUTE);
    assert_false(w->inside.spare);
    struct page *p = world_page(w, id[1]);
    assert_int_equal(p->state, PAGE_MERGED);
    assert_page(w, p->merged_into, PAGE_DELIVERED);
    page_free(p);
    world_free(w);
}

/* A world whose first page is under way, its second held, and its third late, when the store fails. */
static struct world *in_trouble(int64_t id[3])
{
    struct world *w = with_digests();
    world_twilio(w, (struct fault){.kind = FAULT_SLOW, .to = ALICE, .delay = 5 * SECOND, .times = 1});
    id[0] = world_problem(w, ALICE, "web01", "CRITICAL");
    id[1] = world_problem(w, BOB, "web01", "CRITICAL");
    id[2] = world_problem(w, BOB, "web02", "CRITICAL");
    world_start(w);
    world_run(w, 2 * SECOND);
    assert_page(w, id[0], PAGE_SENDING);
    assert_page(w, id[2], PAGE_HELD);
    (void)world_problem(w, CAROL, "web01", "CRITICAL"); /* something to be written */
    w->frail.trouble = NT_EIO;
    w->respawn = true;
    return w;
}

static void all_is_told(struct world *w, const int64_t id[3])
{
    w->frail.trouble = NT_OK;
    world_run(w, 100 * SECOND);
    assert_false(w->inside.spare);
    for (size_t i = 0; i < 3; i++)
        assert_page(w, id[i], PAGE_DELIVERED);
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_DELIVERED)), w->twilio.messages.n);
    assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    assert_int_equal(fake_twilio_messages(&w->twilio, BOB), 2);
    world_rules_end(w);
    world_free(w);
}

/* On the way into memory each allocation fails once. What comes in right afterwards is a page of its own, and takes
 * nobody's place on the way back. */
static void test_spare__each_allocation_on_the_way_there(void **state)
{
    (void)state;
    bool failed = true;
    unsigned long n;
    for (n = 1; failed; n++) {
        int64_t id[3];
        struct world *w = in_trouble(id);
        mem_fail_at(n);
        for (int i = 0; i < 400 && !w->inside.spare && !mem_failed(); i++)
            world_run(w, 10);
        failed = mem_failed();
        mem_fail_at(0);
        world_run(w, 3 * SECOND);
        char *answer = world_hand_over(w, "+15005550004", "host=web01", "state=CRITICAL", NULL);
        mem_free(answer);
        all_is_told(w, id);
    }
    assert_true(n > 50);
}

/* And on the way back: tried again. */
static void test_spare__each_allocation_on_the_way_back(void **state)
{
    (void)state;
    bool failed = true;
    unsigned long n;
    for (n = 1; failed; n++) {
        int64_t id[3];
        struct world *w = in_trouble(id);
        world_run(w, 12 * SECOND);
        assert_true(w->inside.spare);
        w->frail.trouble = NT_OK;
        mem_fail_at(n);
        for (int i = 0; i < 600 && w->inside.spare && !mem_failed(); i++)
            world_run(w, 10);
        failed = mem_failed();
        mem_fail_at(0);
        all_is_told(w, id);
    }
    assert_true(n > 50);
}

/* What cannot be read on the way is left where it is, or goes without its alert. */
static void test_spare__operations_that_fail_on_the_way_there(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 1; failed; n++) {
        int64_t id[3];
        struct world *w = in_trouble(id);
        w->frail.fail_at = n;
        w->frail.fail_with = NT_EIO;
        for (int i = 0; i < 400 && !w->inside.spare; i++)
            world_run(w, 10);
        assert_true(w->inside.spare);
        failed = w->frail.failed;
        w->frail.fail_at = 0;
        all_is_told(w, id);
    }
}

/* Memory that cannot be written either: nothing to go on to, and nothing is lost while it lasts. */
static void test_spare__memory_fails_as_well(void **state)
{
    (void)state;
    int64_t id[3];
    struct frail memory = {.trouble = NT_OK};
    struct world *w = in_trouble(id);
    world_run(w, SECOND);
    assert_true(w->inside.spare);
    struct store *frail = frail_store_new(w->inside.store, &memory);
    assert_non_null(frail);
    w->inside.store = frail;
    memory.trouble = NT_EIO;
    world_run(w, 8 * SECOND); /* alice's answer comes */
    assert_true(w->inside.spare);
    memory.trouble = NT_OK;
    all_is_told(w, id);
}

/* Whoever has the lock cannot be told that somebody waits for it: it is waited for all the same. */
static void test_spare__a_lock_that_nobody_can_wish_for(void **state)
{
    (void)state;
    char store[128], path[128];
    int rival = -1;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct world *w = world_new(&(struct world_options){.unlocked = true, .no_follow = true});
    snprintf(store, sizeof store, "sqlite:%s/queue.db", w->folder);
    snprintf(path, sizeof path, "%s/queue.lock", w->folder);
    assert_int_equal(drain_lock_take(store, false, &rival, NULL), NT_OK);
    int bar = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(fcntl(bar, F_OFD_SETLK, &whole), 0);
    w->frail.trouble = NT_EIO;
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 5 * SECOND);
    w->frail.trouble = NT_OK;
    world_run(w, 20 * SECOND);
    assert_true(w->inside.spare);
    assert_int_equal(close(bar), 0);
    assert_false(drain_lock_wanted(store));
    world_run(w, 3 * SECOND); /* the wish can be made now */
    assert_true(drain_lock_wanted(store));
    assert_true(w->inside.spare);
    close(rival);
    world_run(w, 5 * SECOND);
    assert_false(w->inside.spare);
    assert_page(w, id, PAGE_SENT);
    world_free(w);
}

/* Damaged, set aside, and damaged again within a minute: not set aside once more. Nor where there is no room for a new
 * one. */
static void test_spare__damaged_again_and_again(void **state)
{
    (void)state;
    for (int no_room = 0; no_room < 2; no_room++) {
        char path[128];
        int64_t id[3];
        struct world *w = in_trouble(id);
        snprintf(path, sizeof path, "%s/queue.db.new", w->folder);
        world_run(w, SECOND);
        assert_true(w->inside.spare);
        by_hand(w, "DROP TABLE step");
        if (no_room) {
            assert_int_equal(mkdir(path, 0700), 0);
            world_run(w, 30 * SECOND);
            assert_int_equal(set_aside(w), 0);
            assert_true(w->inside.spare);
            assert_int_equal(rmdir(path), 0);
        } else {
            for (int i = 0; i < 20000 && !set_aside(w); i++)
                world_run(w, 1);
            assert_int_equal(set_aside(w), 1);
            assert_true(w->inside.spare); /* until the next try, which finds it damaged, too */
            by_hand(w, "DROP TABLE step");
            world_run(w, 40 * SECOND);
            assert_int_equal(set_aside(w), 1);
            assert_true(w->inside.spare); /* waits in memory until its minute is over */
        }
        w->frail.trouble = NT_OK;
        world_run(w, 3 * MINUTE);
        assert_false(w->inside.spare);
        assert_int_equal(set_aside(w), no_room ? 1 : 2);
        assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
        assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
        assert_int_equal(fake_twilio_messages(&w->twilio, BOB), 2);
        assert_int_equal(fake_twilio_messages(&w->twilio, CAROL), 1);
        world_free(w);
    }
}

/* Somebody who has the store: from hold() on, until let_go(), or until others have asked so often that they waited
 * longer than for a mere look. */
static struct {
    int fd;      /* -1: nobody */
    int refused; /* others' questions */
    int enough;  /* 0: never */
} holder = {.fd = -1};

static void hold(const struct world *w, int enough)
{
    char url[128];
    struct place place;
    int fd;
    snprintf(url, sizeof url, "sqlite:%s/queue.db", w->folder);
    assert_int_equal(place_init(&place, url, NULL), NT_OK);
    assert_int_equal(write_lock_open(&place, &fd), NT_OK);
    assert_int_equal(write_lock_take(fd, 1000), NT_OK);
    place_clean(&place);
    holder.refused = 0;
    holder.enough = enough;
    holder.fd = fd;
}

static void let_go(void)
{
    close(holder.fd);
    holder.fd = -1;
}

/* libc's, but that the holder hears of it. */
int flock(int fd, int how)
{
    int rc = (int)syscall(SYS_flock, fd, how);
    if (rc != 0 && holder.fd >= 0 && ++holder.refused == holder.enough)
        let_go();
    return rc;
}

static struct world *in_memory(void)
{
    struct world *w = with_digests();
    w->frail.trouble = NT_EBUSY;
    (void)world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 5 * SECOND);
    assert_true(w->inside.spare);
    return w;
}

static void assert_told_once(struct world *w)
{
    assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
    assert_int_equal(fake_twilio_messages(&w->twilio, ALICE), 1);
    world_rules_end(w);
    world_free(w);
}

/* Looking whether the store can be gone back to keeps nobody waiting here. */
static void test_spare__looks_without_waiting(void **state)
{
    (void)state;
    struct world *w = in_memory();
    hold(w, 0);
    int64_t start = clock_boot(clock_system());
    world_run(w, 20 * SECOND);
    assert_in_range(clock_boot(clock_system()) - start, 0, STORE_PATIENCE - 1);
    assert_true(holder.refused > 0);
    assert_true(w->inside.spare);
    let_go();
    world_run(w, MINUTE);
    assert_false(w->inside.spare);
    assert_int_equal(w->inside.store->patience, STORE_PATIENCE); /* a commit is worth waiting for again */
    assert_told_once(w);
}

/* Nothing waits any more when it ends, and what it knows would be lost: that is worth more than a look. */
static void test_spare__waits_when_it_ends(void **state)
{
    (void)state;
    struct world *w = in_memory();
    hold(w, 400);
    assert_int_equal(world_stop(w), NT_OK);
    assert_int_equal(holder.fd, -1);
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_QUEUED) | PAGE_BIT(PAGE_SENDING)), 0); /* it knows of the message */
    world_start(w);
    world_run(w, MINUTE);
    assert_told_once(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spare__digests_there_and_back),
        cmocka_unit_test(test_spare__opt_outs_there_and_back),
        cmocka_unit_test(test_spare__pages_that_are_gone_from_the_store),
        cmocka_unit_test(test_spare__what_was_ended_meanwhile_stays_ended),
        cmocka_unit_test(test_spare__back_to_a_store_that_is_damaged),
        cmocka_unit_test(test_spare__rows_deleted_under_the_engine),
        cmocka_unit_test(test_spare__what_was_told_meanwhile_stays_told),
        cmocka_unit_test(test_spare__each_allocation_on_the_way_there),
        cmocka_unit_test(test_spare__each_allocation_on_the_way_back),
        cmocka_unit_test(test_spare__operations_that_fail_on_the_way_there),
        cmocka_unit_test(test_spare__memory_fails_as_well),
        cmocka_unit_test(test_spare__a_lock_that_nobody_can_wish_for),
        cmocka_unit_test(test_spare__damaged_again_and_again),
        cmocka_unit_test(test_spare__looks_without_waiting),
        cmocka_unit_test(test_spare__waits_when_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The engine in a world where everything happens: alerts, faults, clocks that are set, drainers that die at any write
 * or request. The rules are world_rules.c's; here is only chance.
 *
 * NT_SEEDS: how many worlds; NT_FIRST: the first one's seed; NT_SEED: this one alone, with its history printed.
 */
#include "world.h"

#include "base/mem.h"
#include "base/random.h"
#include "world_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 50 };
#else
enum { SEEDS = 150 };
#endif
enum { EVENTS = 200, HOSTS = 5 };

static const char config[] = "contacts:\n"
                             "  - {name: alice, numbers: [\"+15005550001\", \"+15005550003\"]}\n"
                             "  - {name: bob, numbers: [\"+15005550002\"]}\n"
                             "  - {name: muted, numbers: [\"+15005550004\"], routine: false}\n"
                             "groups:\n"
                             "  - {name: oncall, members: [alice, bob, muted]}\n"
                             "throttle:\n"
                             "  urgent: [{pages: 3, per: 1m}, {pages: 6, per: 5m}]\n"
                             "  routine: [{pages: 1, per: 1m}, {pages: 3, per: 5m}]\n"
                             "hold_max: {urgent: 1m, routine: 3m}\n"
                             "expire: {urgent: 10m, routine: 5m}\n";
static const char senders[] = "    - {from: \"+15005550006\", segments_per_second: 10}\n"
                              "    - {messaging_service_sid: MG00000000000000000000000000000001, "
                              "segments_per_second: 5}\n";

struct chance {
    struct world *w;
    struct strlist uuids; /* of what was handed over */
    int hosts_up[HOSTS];
    int64_t small_jump;
};

static unsigned pick(struct chance *c, unsigned n)
{
    return (unsigned)(world_random(c->w) >> 11) % n;
}

#define ONE_OF(c, array) ((array)[pick(c, sizeof(array) / sizeof *(array))])

static void put(struct order *o, const char *key, const char *value)
{
    assert_int_equal(kv_put(&o->pairs, key, value), NT_OK);
}

static void alert(struct chance *c)
{
    static const char *const to[] = {"alice", "bob", "muted", "oncall", "+15005550005", "alice,+15005550005"};
    static const char *const state[] = {"CRITICAL", "CRITICAL", "WARNING", "UNKNOWN", "OK", "OK"};
    static const char *const output[] = {"disk full", "5 users", "timeout after 10 s"};
    struct order o;
    struct accepted accepted;
    char host[16], number[16];
    order_init(&o);
    accepted_init(&accepted);
    assert_int_equal(order_set(&o.source, "generic"), NT_OK);
    assert_int_equal(strlist_split(&o.to, ONE_OF(c, to), ","), NT_OK);
    snprintf(host, sizeof host, "web%02u", pick(c, HOSTS));
    put(&o, "host", host);
    put(&o, "service", "HTTP");
    unsigned kind = pick(c, 20);
    const char *is = ONE_OF(c, state);
    put(&o, "state", is);
    if (kind == 0) {
        put(&o, "event", "acknowledgement");
    } else if (kind == 1) {
        put(&o, "event", "custom");
    } else if (kind == 2) {
        put(&o, "event", "flapping");
        put(&o, "phase", pick(c, 2) ? "start" : "end");
    } else if (kind == 3) {
        put(&o, "event", "downtime");
        put(&o, "phase", pick(c, 2) ? "start" : "end");
    }
    put(&o, "output", ONE_OF(c, output));
    if (pick(c, 2)) {
        snprintf(number, sizeof number, "%u", pick(c, 4));
        put(&o, "notification_number", number);
    }
    random_uuid(o.uuid);
    for (unsigned times = pick(c, 8) ? 1 : 2; times; times--) { /* two masters, or a notification that is run again */
        enum nt_status st = NT_OK;
        char *answer = pick(c, 3) ? NULL : world_offer(c->w, &o, SECOND);
        if (!answer) {
            st = world_order(c->w, &o, &accepted);
            assert_true(st == NT_OK || st == NT_ENOBODY);
            accepted_clean(&accepted);
        }
        if (answer ? strstr(answer, "\"id\":") != NULL : st == NT_OK) /* nobody to wake: nothing is kept */
            assert_int_equal(strlist_add(&c->uuids, o.uuid), NT_OK);
        mem_free(answer);
        if (pick(c, 2))
            random_uuid(o.uuid);
    }
    order_clean(&o);
}

static void trouble(struct chance *c)
{
    static const enum fault_kind kind[] = {
        FAULT_ANSWER,         FAULT_ANSWER,        FAULT_ANSWER,         FAULT_5XX_BEFORE,    FAULT_5XX_AFTER,
        FAULT_RESET_BEFORE,   FAULT_RESET_AFTER,   FAULT_TIMEOUT_BEFORE, FAULT_TIMEOUT_AFTER, FAULT_TIMEOUT_LATE,
        FAULT_GARBAGE_BEFORE, FAULT_GARBAGE_AFTER, FAULT_SLOW,           FAULT_DEAD};
    static const char *const to[] = {NULL, NULL, "+15005550001", "+15005550002", "+15005550004", "+15005550005"};
    static const struct {
        int http, code;
    } answer[] = {{429, 20429}, {401, 20003}, {400, 21211}, {400, 21606}, {400, 21612}, {429, 21611}, {400, 99999}};
    static const struct receipt receipt[] = {{.status = "undelivered", .code = 30003, .times = 2},
                                             {.status = "failed", .code = 30005, .times = 1},
                                             {.status = "undelivered", .code = 30007, .times = 1},
                                             {.status = "", .times = 3},
                                             {.status = "delivered", .after = 100000, .times = 4}};
    struct world *w = c->w;
    if (!pick(c, 4)) {
        struct receipt r = ONE_OF(c, receipt);
        if (w->twilio.receipts == TW_FAULTS)
            w->twilio.receipts = 0;
        world_receipt(w, r);
        return;
    }
    struct fault f = {.kind = ONE_OF(c, kind),
                      .to = ONE_OF(c, to),
                      .times = 1 + (int)pick(c, 3),
                      .delay = pick(c, 3) ? 0 : 1 + pick(c, 25000)};
    size_t a = pick(c, sizeof answer / sizeof *answer);
    f.http = answer[a].http;
    f.code = answer[a].code;
    f.retry_after = pick(c, 4) ? 0 : 1000 * (1 + (int64_t)pick(c, 20));
    f.lists = !pick(c, 5);
    if (!pick(c, 10)) { /* the line is dead for a while */
        f = (struct fault){.kind = FAULT_DEAD, .until = world_now(w) + 1000 * (int64_t)pick(c, 120)};
        struct fault lists = f;
        lists.lists = true;
        if (w->twilio.faults + 2 < TW_FAULTS)
            world_twilio(w, lists);
    }
    if (w->twilio.faults == TW_FAULTS)
        w->twilio.faults = 0;
    world_twilio(w, f);
}

static void death(struct chance *c)
{
    struct world *w = c->w;
    switch (pick(c, 3)) {
    case 0:
        world_kill(w);
        break;
    case 1:
        w->frail.die_at = 1 + (long)pick(c, 60);
        break;
    default:
        w->twilio.kill_at_post = 1 + (long)pick(c, 3);
        w->twilio.kill_unsent = pick(c, 2);
        break;
    }
    w->respawn = pick(c, 4);
}

static void set_clock(struct chance *c)
{
    /* small steps, so that Twilio's clock stays within what a look-up by another drainer allows */
    int64_t step = (int64_t)pick(c, 40000) - 20000;
    if (llabs(c->small_jump + step) > 30000)
        step = -c->small_jump;
    c->small_jump += step;
    world_jump(c->w, step);
}

static void live(struct chance *c)
{
    struct world *w = c->w;
    unsigned what = pick(c, 100);
    if (what < 60)
        alert(c);
    else if (what < 76)
        trouble(c);
    else if (what < 84)
        death(c);
    else if (what < 86)
        set_clock(c);
    unsigned how_long = pick(c, 20);
    world_run(w, how_long < 12 ? 1 + pick(c, 2000) : how_long < 19 ? 1 + pick(c, 15000) : 1 + pick(c, 120000));
    w->respawn = true;
}

/* What was handed over is there. */
static void assert_kept(struct chance *c)
{
    struct store *s = c->w->outside.store;
    struct alert *a = alert_new();
    assert_non_null(a);
    assert_int_equal(s->ops->begin(s), NT_OK);
    for (size_t i = 0; i < c->uuids.n; i++) {
        int64_t id = 0;
        enum nt_status st = s->ops->alert_put(s, a, c->uuids.item[i], &id);
        if (st != NT_EEXIST)
            world_break(c->w, "request %s is not in the store", c->uuids.item[i]);
    }
    s->ops->rollback(s);
    alert_free(a);
}

static void one_world(uint64_t seed, bool print)
{
    struct chance c = {0};
    strlist_init(&c.uuids);
    struct world *w = c.w =
        world_new(&(struct world_options){.config = config,
                                          .senders = senders,
                                          .twilio = seed % 3 ? "  connections: 4\n" : "  connections: 16\n",
                                          .socket = true,
                                          .seed = seed});
    world_start(w);
    for (int i = 0; i < EVENTS; i++)
        live(&c);
    world_mend(w);
    w->frail.die_at = w->twilio.kill_at_post = 0;
    w->respawn = true;
    for (int i = 0; i < 120 && (i < 3 || world_count(w, PAGE_UNSETTLED)); i++)
        world_run(w, MINUTE);
    world_run(w, 2 * MINUTE);
    assert_kept(&c);
    world_rules_end(w);
    if (print && !*w->broken)
        world_print(w);
    strlist_clean(&c.uuids);
    world_free(w);
}

static void test_random__nothing_lost_nothing_twice(void **state)
{
    (void)state;
    const char *one = getenv("NT_SEED"), *many = getenv("NT_SEEDS"), *from = getenv("NT_FIRST");
    if (one) {
        one_world(strtoull(one, NULL, 10), true);
        return;
    }
    uint64_t seeds = many ? strtoull(many, NULL, 10) : SEEDS, first = from ? strtoull(from, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        one_world(seed, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random__nothing_lost_nothing_twice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

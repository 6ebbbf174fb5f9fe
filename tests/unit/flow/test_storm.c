/* Too many alerts: tiers, digests, order, pacing — known good schedules on the virtual clock. */
#include "world.h"

#include "base/mem.h"
#include "world_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t problem(struct world *w, const char *to, int host, const char *state)
{
    char name[16];
    snprintf(name, sizeof name, "web%02d", host);
    return world_problem(w, to, name, state);
}

/* Messages to the number within [from, to) ms since the world began. */
static size_t messages(const struct world *w, const char *to, int64_t from, int64_t until)
{
    size_t n = 0;
    for (size_t i = 0; i < w->twilio.messages.n; i++) {
        const struct tw_message *m = &w->twilio.messages.item[i];
        int64_t at = m->boot - 100000000;
        n += !strcmp(m->to, to) && at >= from && at < until;
    }
    return n;
}

/* Fifty alerts in a minute to one number, by class: what the default tiers and hold_max let through, and when. */
static void test_storm__fifty_in_a_minute(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        size_t first_minute; /* pages by the first tier */
        int64_t digest_by;   /* the first digest has come by then */
        size_t most;         /* messages within the hour */
    } table[] = {
        {"CRITICAL", 3, MINUTE + 5 * SECOND, 10},
        {"WARNING", 1, MINUTE + 5 * SECOND, 6},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_start(w);
        for (int n = 0; n < 50; n++) {
            (void)problem(w, ALICE, n, table[i].state);
            world_run(w, MINUTE / 50);
        }
        assert_int_equal(messages(w, ALICE, 0, MINUTE), table[i].first_minute);
        world_run(w, table[i].digest_by - MINUTE);
        const struct tw_message *m = fake_twilio_last(&w->twilio, ALICE);
        assert_non_null(strstr(m->body, "alerts:"));
        world_run(w, HOUR);
        assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
        assert_in_range(w->twilio.messages.n, 2, table[i].most);
        assert_int_equal(world_count(w, PAGE_BIT(PAGE_EXPIRED)), 0);
        world_rules_end(w);
        world_free(w);
    }
}

static void test_storm__contacts_own_tiers(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "contacts:\n"
                                                                  "  - name: alice\n"
                                                                  "    numbers: [\"+15005550001\"]\n"
                                                                  "    throttle: {urgent: [{pages: 7, per: 1m}]}\n"
                                                                  "  - {name: bob, numbers: [\"+15005550002\"]}\n"});
    for (int n = 0; n < 10; n++)
        (void)problem(w, "alice,bob", n, "CRITICAL");
    world_start(w);
    world_run(w, 30 * SECOND);
    assert_int_equal(messages(w, ALICE, 0, MINUTE), 7);
    assert_int_equal(messages(w, BOB, 0, MINUTE), 3);
    world_free(w);
}

static void test_storm__hold_max_sends_one_digest_whatever_the_tiers_say(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){
        .config = "throttle: {urgent: [{pages: 1, per: 3h}]}\nhold_max: {urgent: 5m, routine: 1h}\n"});
    world_start(w);
    int64_t first = problem(w, ALICE, 0, "CRITICAL");
    world_run(w, SECOND);
    int64_t a = problem(w, ALICE, 1, "CRITICAL"), b = problem(w, ALICE, 2, "DOWN");
    world_run(w, 2 * MINUTE);
    int64_t c = problem(w, ALICE, 3, "CRITICAL");
    world_run(w, 3 * MINUTE - 3 * SECOND);
    assert_int_equal(w->twilio.messages.n, 1);
    assert_page(w, a, PAGE_HELD);
    world_run(w, 5 * SECOND);
    assert_int_equal(w->twilio.messages.n, 2);
    assert_page(w, first, PAGE_DELIVERED);
    assert_page(w, a, PAGE_MERGED);
    assert_page(w, b, PAGE_MERGED);
    assert_page(w, c, PAGE_MERGED); /* goes along */
    assert_non_null(strstr(fake_twilio_last(&w->twilio, ALICE)->body, "3 alerts:"));
    world_free(w);
}

static void test_storm__digest_names_the_worst_first(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.message = "max_segments: 4",
                                                        .config = "throttle: {routine: [{pages: 1, per: 1m}]}\n"});
    world_start(w);
    (void)problem(w, ALICE, 0, "WARNING");
    world_run(w, SECOND);
    (void)problem(w, ALICE, 1, "WARNING");
    (void)world_alert(w, NULL, ALICE, "host=web02", "service=HTTP", "state=OK", NULL);
    (void)world_alert(w, NULL, ALICE, "host=web03", "service=HTTP", "state=CRITICAL", "class=routine", NULL);
    world_run(w, 2 * MINUTE);
    const char *body = fake_twilio_last(&w->twilio, ALICE)->body;
    const char *critical = strstr(body, "web03"), *warning = strstr(body, "web01"), *ok = strstr(body, "web02");
    assert_non_null(critical);
    assert_non_null(warning);
    assert_non_null(ok);
    assert_true(critical < warning && warning < ok);
    assert_non_null(strstr(body, "3 alerts:"));
    world_free(w);
}

static void test_storm__recovered_members_vanish_from_a_digest(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    world_start(w);
    (void)problem(w, ALICE, 0, "CRITICAL");
    world_run(w, SECOND);
    int64_t a = problem(w, ALICE, 1, "CRITICAL"), b = problem(w, ALICE, 2, "CRITICAL"),
            c = problem(w, ALICE, 3, "DOWN");
    /* the digest is refused for a while: it is made anew each time */
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .until = 3 * MINUTE});
    world_run(w, 90 * SECOND);
    int64_t digest = world_newest(w, ALICE, PAGE_DIGEST);
    assert_int_not_equal(digest, 0);
    assert_page(w, a, PAGE_MERGED);
    int64_t over = problem(w, ALICE, 1, "OK");
    world_run(w, 3 * MINUTE);
    assert_page(w, a, PAGE_CANCELLED);
    assert_page(w, over, PAGE_CANCELLED);
    assert_page(w, b, PAGE_MERGED);
    assert_page(w, c, PAGE_MERGED);
    const char *body = fake_twilio_last(&w->twilio, ALICE)->body;
    assert_null(strstr(body, "web01"));
    assert_non_null(strstr(body, "2 alerts:"));
    world_free(w);
}

static void test_storm__all_recovered_no_digest_goes(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    world_start(w);
    (void)problem(w, ALICE, 0, "CRITICAL");
    world_run(w, SECOND);
    (void)problem(w, ALICE, 1, "CRITICAL");
    (void)problem(w, ALICE, 2, "CRITICAL");
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .until = 3 * MINUTE});
    world_run(w, 90 * SECOND);
    (void)problem(w, ALICE, 1, "OK");
    (void)problem(w, ALICE, 2, "OK");
    world_run(w, 5 * MINUTE);
    assert_int_equal(w->twilio.messages.n, 1);
    assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
    world_rules_end(w);
    world_free(w);
}

static void test_storm__refused_digest_gives_its_members_back(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    world_start(w);
    (void)problem(w, ALICE, 0, "CRITICAL");
    world_run(w, SECOND);
    int64_t a = problem(w, ALICE, 1, "CRITICAL"), b = problem(w, ALICE, 2, "CRITICAL");
    world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 400, .code = 21617, .times = 1});
    world_run(w, 10 * MINUTE);
    int64_t digest = world_newest(w, ALICE, PAGE_DIGEST);
    assert_page(w, digest, PAGE_FAILED);
    assert_page(w, a, PAGE_DELIVERED);
    assert_page(w, b, PAGE_DELIVERED);
    assert_int_equal(w->twilio.messages.n, 3);
    world_rules_end(w);
    world_free(w);
}

static void test_storm__urgent_never_waits_for_routine(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){
        .senders = "    - {from: \"+15005550006\", segments_per_second: 1}\n",
        .config = "throttle: {routine: [{pages: 1000, per: 1m}], urgent: [{pages: 1000, per: 1m}]}\n"});
    for (int n = 0; n < 60; n++)
        (void)problem(w, ALICE, n, "WARNING");
    world_start(w);
    world_run(w, 10 * SECOND + 500);
    int64_t id = problem(w, ALICE, 77, "CRITICAL");
    world_run(w, 2 * SECOND);
    assert_page(w, id, PAGE_SENT);
    /* and used-up routine tiers hold no urgent page back */
    world_free(w);
    w = world_new(&(struct world_options){0});
    world_start(w);
    for (int n = 0; n < 10; n++)
        (void)problem(w, ALICE, n, "WARNING");
    world_run(w, 5 * SECOND);
    id = problem(w, ALICE, 77, "CRITICAL");
    world_run(w, SECOND);
    assert_page(w, id, PAGE_SENT);
    world_free(w);
}

/* segments a second: never more in any window, and hardly ever idle while there is work */
static void test_storm__a_sender_is_paced_and_busy(void **state)
{
    (void)state;
    static const int rates[] = {1, 3, 10, 100};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        char senders[100];
        snprintf(senders, sizeof senders, "    - {from: \"+15005550006\", segments_per_second: %d}\n", rates[r]);
        struct world *w = world_new(&(struct world_options){.senders = senders, .no_follow = true});
        int pages = rates[r] * 10 < 200 ? rates[r] * 10 : 200;
        for (int n = 0; n < pages; n++) {
            char number[20];
            snprintf(number, sizeof number, "+1500556%04d", n);
            (void)problem(w, number, 0, "CRITICAL");
        }
        world_start(w);
        world_run(w, MINUTE);
        const struct tw_post *p = w->twilio.posts.item;
        size_t n = w->twilio.posts.n;
        assert_int_equal(n, pages);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++) /* j − i + 1 messages within the time from i to j */
                assert_true((int64_t)(j - i) * 1000 <= (p[j].boot - p[i].boot + 6) * rates[r]);
        double ideal = 1000.0 * (double)(n - 1) / rates[r], took = (double)(p[n - 1].boot - p[0].boot);
        assert_true(ideal / took >= 0.98);
        world_free(w);
    }
}

static void test_storm__a_quiet_numbers_first_page_goes_before_a_backlog(void **state)
{
    (void)state;
    struct world *w =
        world_new(&(struct world_options){.senders = "    - {from: \"+15005550006\", segments_per_second: 1}\n",
                                          .config = "throttle: {urgent: [{pages: 1000, per: 1m}]}\ndeduplicate: 0s\n"});
    for (int n = 0; n < 30; n++)
        (void)world_alert(w, NULL, ALICE, "host=web01", "state=CRITICAL", n % 2 ? "output=x" : "output=y",
                          "event=custom", NULL);
    for (int n = 0; n < 30; n++)
        (void)problem(w, ALICE, n, "CRITICAL");
    world_start(w);
    world_run(w, 5 * SECOND + 500);
    int64_t id = problem(w, BOB, 1, "CRITICAL");
    world_run(w, 2 * SECOND);
    assert_page(w, id, PAGE_SENT);
    world_free(w);
}

/* ms since the world began of the first request to the number; −1 none. */
static int64_t first_asked(const struct world *w, const char *to)
{
    for (size_t i = 0; i < w->twilio.posts.n; i++)
        if (!strcmp(w->twilio.posts.item[i].to, to))
            return w->twilio.posts.item[i].boot - 100000000;
    return -1;
}

/* 4,000 alerts a second to twenty numbers, and one to another number every 10 ms, over connections that each take 150
 * ms for a page: 107 a second. */
static void test_storm__quiet_numbers_need_not_wait_for_it(void **state)
{
    (void)state;
    enum { STORMY = 20, QUIET = 60, BURST = 40, CONNECTIONS = 10 };
    struct world *w = world_new(&(struct world_options){
        .senders = "    - {from: \"+15005550006\", segments_per_second: 100000}\n", .socket = true, .no_follow = true});
    char number[STORMY + QUIET][NUMBER_MAX], host[32];
    int64_t told[STORMY + QUIET], longest = 0, longest_of_storm = 0;
    int connection[CONNECTIONS];
    world_start(w);
    world_run(w, 100);
    for (int i = 0; i < CONNECTIONS; i++)
        connection[i] = world_connect(w);
    for (int i = 0; i < STORMY + QUIET; i++) {
        snprintf(number[i], sizeof number[i], "+1500556%04d", i);
        told[i] = -1;
    }
    for (int moment = 0; moment < QUIET; moment++) {
        for (int i = 0; i < BURST; i++) {
            int n = moment * BURST + i;
            snprintf(host, sizeof host, "host=web%d", n);
            if (told[n % STORMY] < 0)
                told[n % STORMY] = world_now(w);
            world_tell(connection[i % CONNECTIONS], number[n % STORMY], host, "state=CRITICAL", NULL);
        }
        world_run(w, 5);
        told[STORMY + moment] = world_now(w);
        world_tell(connection[0], number[STORMY + moment], "host=db01", "state=CRITICAL", NULL);
        world_run(w, 5);
    }
    world_run(w, 3 * SECOND);
    for (int i = 0; i < STORMY + QUIET; i++) {
        int64_t asked = first_asked(w, number[i]), took = asked - told[i];
        int64_t *most = i < STORMY ? &longest_of_storm : &longest;
        assert_true(asked >= 0);
        if (took > *most)
            *most = took;
    }
    assert_in_range(longest, 0, 100); /* all in their order: two round trips */
    assert_in_range(longest_of_storm, 0, 2500);
    for (int i = 0; i < CONNECTIONS; i++)
        close(connection[i]);
    world_free(w);
}

/* Many answers at once are no reason to let connections wait for the last of them, nor are receipts. */
static void test_storm__connections_are_busy(void **state)
{
    (void)state;
    enum { PAGES = 1600, ROUND_TRIP = 150, CONNECTIONS = 16 };
    struct world *w =
        world_new(&(struct world_options){.senders = "    - {from: \"+15005550006\", segments_per_second: 100000}\n"});
    for (int n = 0; n < PAGES; n++) {
        char number[NUMBER_MAX];
        snprintf(number, sizeof number, "+1500556%04d", n);
        (void)problem(w, number, 0, "CRITICAL");
    }
    world_start(w);
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.posts.n, PAGES);
    const struct tw_post *p = w->twilio.posts.item;
    double ideal = (double)(PAGES - CONNECTIONS) / CONNECTIONS * ROUND_TRIP;
    double took = (double)(p[PAGES - 1].boot - p[0].boot);
    assert_true(ideal / took >= 0.95);
    assert_in_range(w->twilio.gets, 10, 40); /* receipts: a list a second */
    world_free(w);
}

/* A day without a line, 500 alerts, then it comes back. */
static void test_storm__a_day_of_outage(void **state)
{
    (void)state;
    struct world *w =
        world_new(&(struct world_options){.config = "contacts:\n  - {name: alice, numbers: [\"+15005550001\"]}\n"
                                                    "  - {name: bob, numbers: [\"+15005550002\"]}\n"});
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .until = DAY});
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .lists = true, .until = DAY});
    world_start(w);
    for (int n = 0; n < 250; n++) {
        (void)problem(w, "alice,bob", n, n % 3 ? "CRITICAL" : "WARNING");
        world_run(w, DAY / 250);
    }
    assert_int_equal(w->twilio.messages.n, 0);
    assert_true(w->twilio.posts.n < 2000); /* one probe a minute and no more */
    /* an alarm for what expired, at most one in 15 min */
    size_t alarms = world_alarmed(w, "expired unsent");
    assert_in_range(alarms, 10, 4 * 24 + 1);
    for (size_t i = 0; i + 1 < w->alarms; i++)
        for (size_t j = i + 1; j < w->alarms; j++)
            if (strstr(w->alarm[i].text, "expired unsent") && strstr(w->alarm[j].text, "expired unsent"))
                assert_true(w->alarm[j].at - w->alarm[i].at >= 15 * MINUTE);
    world_run(w, 6 * HOUR);
    assert_int_equal(world_count(w, PAGE_UNSETTLED), 0);
    assert_true(w->twilio.messages.n > 0);
    assert_true(w->twilio.messages.n < 60);
    world_rules_end(w);
    world_free(w);
}

static void test_storm__expired_urgent_pages_are_told_in_the_next_digest(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.message = "max_segments: 4",
                                                        .config = "expire: {urgent: 10m, routine: 10m}\n"
                                                                  "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .until = 20 * MINUTE});
    world_start(w);
    int64_t gone = problem(w, ALICE, 1, "CRITICAL");
    world_run(w, 19 * MINUTE);
    assert_page(w, gone, PAGE_EXPIRED);
    for (int n = 2; n < 6; n++)
        (void)problem(w, ALICE, n, "CRITICAL");
    world_run(w, 5 * MINUTE);
    bool told = false;
    for (size_t i = 0; i < w->twilio.messages.n; i++)
        told |= strstr(w->twilio.messages.item[i].body, "web01") != NULL;
    assert_true(told);
    assert_page(w, gone, PAGE_EXPIRED);
    world_rules_end(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm__fifty_in_a_minute),
        cmocka_unit_test(test_storm__contacts_own_tiers),
        cmocka_unit_test(test_storm__hold_max_sends_one_digest_whatever_the_tiers_say),
        cmocka_unit_test(test_storm__digest_names_the_worst_first),
        cmocka_unit_test(test_storm__recovered_members_vanish_from_a_digest),
        cmocka_unit_test(test_storm__all_recovered_no_digest_goes),
        cmocka_unit_test(test_storm__refused_digest_gives_its_members_back),
        cmocka_unit_test(test_storm__urgent_never_waits_for_routine),
        cmocka_unit_test(test_storm__a_sender_is_paced_and_busy),
        cmocka_unit_test(test_storm__a_quiet_numbers_first_page_goes_before_a_backlog),
        cmocka_unit_test(test_storm__quiet_numbers_need_not_wait_for_it),
        cmocka_unit_test(test_storm__connections_are_busy),
        cmocka_unit_test(test_storm__a_day_of_outage),
        cmocka_unit_test(test_storm__expired_urgent_pages_are_told_in_the_next_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What happens to news on its way: receipts, newer news, repetitions, the clock being set. */
#include "world.h"

#include "base/mem.h"
#include "world_rules.h"

#include <stdio.h>
#include <string.h>

static const char people[] = "contacts:\n"
                             "  - {name: alice, numbers: [\"+15005550001\", \"+15005550003\"]}\n"
                             "  - {name: bob, numbers: [\"+15005550002\"]}\n";
static const char two_senders[] = "    - {from: \"+15005550006\", segments_per_second: 100}\n"
                                  "    - {from: \"+15005550007\", segments_per_second: 100}\n";

/* ---- receipts ---- */

static void test_news__receipts_and_what_follows(void **state)
{
    (void)state;
    static const struct {
        const char *to;
        const char *status;
        int code, times;
        enum page_state end;
        const char *other; /* the next message's number; NULL: none */
        const char *from;
        size_t messages, alarms;
    } table[] = {
        {"bob", "delivered", 0, 1, PAGE_DELIVERED, NULL, NULL, 1, 0},
        {"bob", "undelivered", 30003, 1, PAGE_UNDELIVERED, "+15005550002", "+15005550007", 2, 0},   /* next sender */
        {"bob", "undelivered", 30003, 2, PAGE_UNDELIVERED, "+15005550002", "+15005550007", 2, 1},   /* … once */
        {"bob", "failed", 30005, 1, PAGE_FAILED, NULL, NULL, 1, 1},                                 /* no such number */
        {"bob", "undelivered", 30007, 1, PAGE_UNDELIVERED, NULL, NULL, 1, 1},                       /* filtered */
        {"alice", "undelivered", 30003, 1, PAGE_UNDELIVERED, "+15005550003", "+15005550006", 2, 0}, /* next number */
        {"alice", "failed", 30005, 1, PAGE_FAILED, "+15005550003", "+15005550006", 2, 0},
        {"bob", "", 0, 1, PAGE_SENT, NULL, NULL, 1, 0}, /* none ever: sent it is */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){.config = people, .senders = two_senders});
        world_receipt(w, (struct receipt){.status = table[i].status, .code = table[i].code, .times = table[i].times});
        int64_t id = world_problem(w, table[i].to, "web01", "CRITICAL");
        world_start(w);
        world_run(w, 5 * MINUTE);
        assert_page(w, id, table[i].end);
        assert_int_equal(w->twilio.messages.n, table[i].messages);
        assert_int_equal(w->alarms, table[i].alarms);
        if (table[i].other) {
            assert_string_equal(w->twilio.messages.item[1].to, table[i].other);
            assert_string_equal(w->twilio.messages.item[1].sender, table[i].from);
        }
        world_run(w, 5 * HOUR);
        assert_page(w, id, table[i].end);
        world_rules_end(w);
        world_free(w);
    }
}

static void test_news__one_sender_once_more(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = people});
    world_receipt(w, (struct receipt){.status = "undelivered", .code = 30008, .times = 1});
    int64_t id = world_problem(w, "bob", "web01", "CRITICAL");
    world_start(w);
    world_run(w, 5 * MINUTE);
    assert_page(w, id, PAGE_UNDELIVERED);
    assert_int_equal(w->twilio.messages.n, 2);
    world_rules_end(w);
    world_free(w);
}

static void test_news__late_receipt_is_followed_and_asked_for_rarely(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    world_receipt(w, (struct receipt){.status = "delivered", .after = HOUR});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 59 * MINUTE);
    assert_page(w, id, PAGE_SENT);
    world_run(w, 3 * MINUTE);
    assert_page(w, id, PAGE_DELIVERED);
    assert_in_range(w->twilio.gets, 50, 75); /* 2, 3, 5 … s, then once a minute */
    world_free(w);
}

static void test_news__many_receipts_by_one_list(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.no_follow = false});
    for (int i = 0; i < 40; i++) {
        char number[20];
        snprintf(number, sizeof number, "+150055600%02d", i);
        (void)world_problem(w, number, "web01", "CRITICAL");
    }
    world_start(w);
    world_run(w, MINUTE);
    assert_int_equal(world_count(w, PAGE_BIT(PAGE_DELIVERED)), 40);
    assert_true(w->twilio.gets < 40);
    assert_true(w->twilio.lists > 0);
    world_free(w);
}

static void test_news__sends_drainer_ends_when_all_is_settled(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.send = true});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_page(w, id, PAGE_DELIVERED);
    assert_false(w->alive);
    assert_int_equal(w->end, NT_OK);
    world_free(w);
    /* one whose receipt never comes is followed for ten minutes */
    w = world_new(&(struct world_options){.send = true});
    world_receipt(w, (struct receipt){.status = ""});
    id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 9 * MINUTE);
    assert_true(w->alive);
    world_run(w, 2 * MINUTE);
    assert_false(w->alive);
    world_free(w);
}

/* ---- newer news ---- */

/* what: a state, or @ack, @custom, @flap, @unflap. */

static int64_t tell(struct world *w, const char *what, const char *number)
{
    char event[40] = "event=", note[40] = "notification_number=", in[40] = "state=";
    const char *state = "CRITICAL";
    bool is_event = *what == '@';
    strcat(note, number ? number : "");
    if (!strcmp(what, "@ack"))
        strcat(event, "acknowledgement");
    else if (!strcmp(what, "@custom"))
        strcat(event, "custom");
    else if (!strcmp(what, "@flap") || !strcmp(what, "@unflap"))
        strcat(event, "flapping");
    else
        state = what;
    strcat(in, state);
    return world_alert(w, NULL, ALICE, "host=web01", "service=HTTP", in, is_event ? event : "output=x",
                       !strcmp(what, "@unflap") ? "phase=end" : "phase=start", note, NULL);
}

/* The line is dead for a minute, then all goes: what is sent, in order. */
static void test_news__what_is_left_after_an_outage(void **state)
{
    (void)state;
    static const struct {
        const char *news[4];
        const char *sent[3]; /* words of the messages, in order */
    } table[] = {
        {{"CRITICAL"}, {"CRITICAL"}},
        {{"WARNING", "CRITICAL"}, {"CRITICAL"}},
        {{"WARNING", "CRITICAL", "WARNING"}, {"WARNING"}},
        {{"CRITICAL", "OK"}, {NULL}},
        {{"CRITICAL", "OK", "CRITICAL"}, {"CRITICAL"}},
        {{"CRITICAL", "@ack"}, {"ACKNOWLEDGEMENT"}},
        {{"CRITICAL", "@custom"}, {"CRITICAL", "CUSTOM"}},
        {{"@custom", "@custom"}, {"CUSTOM"}},
        {{"CRITICAL", "@flap", "@unflap"}, {"FLAPPING"}},
        {{"OK"}, {"RECOVERY"}}, /* nothing on record: it goes */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_twilio(w, (struct fault){.kind = FAULT_DEAD, .until = MINUTE});
        world_start(w);
        for (size_t n = 0; n < 4 && table[i].news[n]; n++) {
            (void)tell(w, table[i].news[n], NULL);
            world_run(w, 3 * SECOND);
        }
        world_run(w, 10 * MINUTE);
        size_t want = 0;
        while (want < 3 && table[i].sent[want])
            want++;
        if (w->twilio.messages.n != want)
            world_print(w);
        assert_int_equal(w->twilio.messages.n, want);
        for (size_t n = 0; n < want; n++)
            assert_non_null(strstr(w->twilio.messages.item[n].body, table[i].sent[n]));
        world_rules_end(w);
        world_free(w);
    }
}

/* A recovery comes while its problem is … */
static void test_news__recovery_at_every_stage(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct fault fault;
        int64_t when;
        size_t messages; /* at the end */
        enum page_state problem, recovery;
    } table[] = {
        {"queued", {.kind = FAULT_DEAD, .until = 10 * SECOND}, 5 * SECOND, 0, PAGE_CANCELLED, PAGE_CANCELLED},
        {"sending, arrives",
         {.kind = FAULT_SLOW, .delay = 10 * SECOND, .times = 1},
         5 * SECOND,
         2,
         PAGE_DELIVERED,
         PAGE_DELIVERED},
        {"sending, is refused",
         {.kind = FAULT_ANSWER, .http = 429, .code = 20429, .delay = 10 * SECOND, .times = 1},
         5 * SECOND,
         0,
         PAGE_CANCELLED,
         PAGE_CANCELLED},
        {"sent", {.kind = FAULT_NONE, .times = 1}, 2 * SECOND, 2, PAGE_DELIVERED, PAGE_DELIVERED},
        {"delivered", {.kind = FAULT_NONE, .times = 1}, 10 * SECOND, 2, PAGE_DELIVERED, PAGE_DELIVERED},
        {"ambiguous, had arrived",
         {.kind = FAULT_TIMEOUT_AFTER, .times = 1},
         20 * SECOND,
         2,
         PAGE_DELIVERED,
         PAGE_DELIVERED},
        {"ambiguous, found", {.kind = FAULT_RESET_AFTER, .times = 1}, 300, 2, PAGE_DELIVERED, PAGE_DELIVERED},
        /* what may have arrived once is not evidence that nothing did: the recovery goes */
        {"ambiguous, had not arrived",
         {.kind = FAULT_RESET_BEFORE, .times = 1},
         5 * SECOND,
         1,
         PAGE_SUPERSEDED,
         PAGE_DELIVERED},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_twilio(w, table[i].fault);
        int64_t problem = tell(w, "CRITICAL", NULL);
        world_start(w);
        world_run(w, table[i].when);
        int64_t recovery = tell(w, "OK", NULL);
        world_run(w, 5 * MINUTE);
        print_message("%s\n", table[i].name);
        assert_page(w, problem, table[i].problem);
        assert_page(w, recovery, table[i].recovery);
        assert_int_equal(w->twilio.messages.n, table[i].messages);
        world_rules_end(w);
        world_free(w);
    }
}

static void test_news__recovery_while_the_problem_is_held(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
    world_start(w);
    (void)world_problem(w, ALICE, "web02", "CRITICAL");
    world_run(w, SECOND);
    int64_t problem = tell(w, "CRITICAL", NULL);
    world_run(w, SECOND);
    assert_page(w, problem, PAGE_HELD);
    int64_t recovery = tell(w, "OK", NULL);
    world_run(w, 5 * MINUTE);
    assert_page(w, problem, PAGE_CANCELLED);
    assert_page(w, recovery, PAGE_CANCELLED);
    assert_int_equal(w->twilio.messages.n, 1);
    world_free(w);
}

/* ---- repetitions ---- */

static void test_news__repetitions(void **state)
{
    (void)state;
    static const struct {
        const char *first, *first_number, *second, *second_number;
        int64_t apart;
        size_t messages;
    } table[] = {
        {"CRITICAL", "1", "CRITICAL", "1", 10 * SECOND, 1}, /* the other master, or its fail-over */
        {"CRITICAL", "1", "CRITICAL", "2", 10 * SECOND, 2}, /* volatile, or an escalation */
        {"CRITICAL", NULL, "CRITICAL", NULL, 59 * SECOND, 1}, {"CRITICAL", NULL, "CRITICAL", NULL, 61 * SECOND, 2},
        {"CRITICAL", "1", "WARNING", "2", 10 * SECOND, 2},    {"@custom", "1", "@custom", "1", 10 * SECOND, 1},
        {"@custom", NULL, "@custom", NULL, 90 * SECOND, 2},   {"OK", "0", "OK", "0", 10 * SECOND, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){0});
        world_start(w);
        (void)tell(w, table[i].first, table[i].first_number);
        world_run(w, table[i].apart);
        (void)tell(w, table[i].second, table[i].second_number);
        world_run(w, 5 * MINUTE);
        if (w->twilio.messages.n != table[i].messages)
            world_print(w);
        assert_int_equal(w->twilio.messages.n, table[i].messages);
        world_rules_end(w);
        world_free(w);
    }
}

static void zabbix(struct world *w, const char *time)
{
    struct order order;
    struct accepted accepted;
    char message[200];
    order_init(&order);
    accepted_init(&accepted);
    snprintf(message, sizeof message, "HOST.NAME=db01\nEVENT.ID=4711\nEVENT.VALUE=1\nEVENT.NSEVERITY=5\nNOTIFIED=%s\n",
             time);
    assert_int_equal(order_set(&order.source, "zabbix"), NT_OK);
    assert_int_equal(order_set(&order.subject, "Problem: disk full"), NT_OK);
    assert_int_equal(order_set(&order.message, message), NT_OK);
    assert_int_equal(strlist_add(&order.to, ALICE), NT_OK);
    assert_int_equal(world_order(w, &order, &accepted), NT_OK);
    accepted_clean(&accepted);
    order_clean(&order);
}

static void test_news__zabbix_retries_and_escalates(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    world_start(w);
    zabbix(w, "2026.01.01 10:00:00");
    world_run(w, 40 * MINUTE);
    zabbix(w, "2026.01.01 10:00:00"); /* run again: the same notification */
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.messages.n, 1);
    zabbix(w, "2026.01.01 10:41:00"); /* the next step of the escalation */
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.messages.n, 2);
    world_rules_end(w);
    world_free(w);
}

static void test_news__handed_over_and_stored_is_one(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){.socket = true});
    struct order order;
    struct accepted accepted;
    order_init(&order);
    accepted_init(&accepted);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(strlist_add(&order.to, ALICE), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    memcpy(order.uuid, "0f8fad5b-d9cb-469f-a165-70867728950e", UUID_SIZE);
    world_start(w);
    world_run(w, SECOND);
    char *answer = world_offer(w, &order, SECOND);
    assert_non_null(answer);
    assert_non_null(strstr(answer, "\"ok\":true"));
    assert_int_equal(world_order(w, &order, &accepted), NT_OK); /* its fallback, on its own */
    assert_true(accepted.repeated);
    assert_int_equal(accepted.n, 1);
    world_run(w, MINUTE);
    assert_int_equal(w->twilio.messages.n, 1);
    mem_free(answer);
    accepted_clean(&accepted);
    order_clean(&order);
    answer = world_hand_over(w, "nobody", "host=web01", "state=CRITICAL", NULL);
    assert_non_null(strstr(answer, "\"ok\":false"));
    assert_non_null(strstr(answer, "\"exit\":65"));
    mem_free(answer);
    world_free(w);
}

/* ---- the clock ---- */

static void test_news__clock_set_while_pages_wait(void **state)
{
    (void)state;
    static const int64_t jump[] = {DAY, -DAY, HOUR, -HOUR};
    for (size_t i = 0; i < sizeof jump / sizeof *jump; i++) {
        struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
        world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .to = BOB, .times = 6});
        int64_t waits = world_problem(w, BOB, "web01", "CRITICAL"); /* tries again */
        int64_t first = world_problem(w, ALICE, "web01", "CRITICAL");
        world_start(w);
        world_run(w, SECOND);
        int64_t held = world_problem(w, ALICE, "web02", "CRITICAL"); /* held for 59 s */
        world_run(w, 10 * SECOND);
        assert_page(w, held, PAGE_HELD);
        world_jump(w, jump[i]);
        world_run(w, 10 * MINUTE);
        assert_page(w, waits, PAGE_DELIVERED);
        assert_page(w, first, PAGE_DELIVERED);
        assert_page(w, held, PAGE_DELIVERED);
        assert_int_equal(w->alarms, 0);
        /* and back again: nothing is held for a day, nothing expires */
        int64_t next = world_problem(w, ALICE, "web03", "CRITICAL");
        world_run(w, 10 * SECOND);
        world_jump(w, -jump[i]);
        world_run(w, 10 * MINUTE);
        assert_page(w, next, PAGE_DELIVERED);
        assert_int_equal(w->alarms, 0);
        world_free(w);
    }
}

static void test_news__clock_set_while_a_digest_waits(void **state)
{
    (void)state;
    static const int64_t jump[] = {DAY, -DAY};
    for (size_t i = 0; i < sizeof jump / sizeof *jump; i++) {
        struct world *w = world_new(&(struct world_options){.config = "throttle: {urgent: [{pages: 1, per: 1m}]}\n"});
        world_start(w);
        (void)world_problem(w, ALICE, "web00", "CRITICAL");
        world_run(w, SECOND);
        int64_t a = world_problem(w, ALICE, "web01", "CRITICAL"), b = world_problem(w, ALICE, "web02", "CRITICAL");
        world_twilio(w, (struct fault){.kind = FAULT_ANSWER, .http = 429, .code = 20429, .times = 6});
        world_run(w, 70 * SECOND);
        assert_page(w, a, PAGE_MERGED);
        world_jump(w, jump[i]);
        world_run(w, 10 * MINUTE);
        assert_page(w, a, PAGE_MERGED);
        assert_page(w, b, PAGE_MERGED);
        assert_int_equal(w->twilio.messages.n, 2);
        assert_int_equal(w->alarms, 0);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_news__receipts_and_what_follows),
        cmocka_unit_test(test_news__one_sender_once_more),
        cmocka_unit_test(test_news__late_receipt_is_followed_and_asked_for_rarely),
        cmocka_unit_test(test_news__many_receipts_by_one_list),
        cmocka_unit_test(test_news__sends_drainer_ends_when_all_is_settled),
        cmocka_unit_test(test_news__what_is_left_after_an_outage),
        cmocka_unit_test(test_news__recovery_at_every_stage),
        cmocka_unit_test(test_news__recovery_while_the_problem_is_held),
        cmocka_unit_test(test_news__repetitions),
        cmocka_unit_test(test_news__zabbix_retries_and_escalates),
        cmocka_unit_test(test_news__handed_over_and_stored_is_one),
        cmocka_unit_test(test_news__clock_set_while_pages_wait),
        cmocka_unit_test(test_news__clock_set_while_a_digest_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "support.h"

#include "base/mem.h"
#include "queue/dedupe.h"

static const int64_t window = 60 * SECOND;

static struct store *fresh(void)
{
    return open_store("sqlite::memory:");
}

static int64_t original_of(struct store *s, const struct said *said, const char *number, int64_t now)
{
    struct alert *a = alert_of(said);
    int64_t id = -1;
    assert_int_equal(dedupe_find(s, a, number, now, window, &id), NT_OK);
    alert_free(a);
    return id;
}

static const struct said problem = {.event = EVENT_PROBLEM};

static void test_dedupe__the_same_news_within_the_window(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct said first, second;
        const char *number;
        int64_t after;
        bool repeats;
    } t[] = {
        {"a second master",
         {.event = EVENT_PROBLEM, .notification = 1},
         {.event = EVENT_PROBLEM, .notification = 1},
         NUMBER,
         30 * SECOND,
         true},
        {"at once", {.event = EVENT_PROBLEM}, {.event = EVENT_PROBLEM}, NUMBER, 0, true},
        {"just within", {.event = EVENT_PROBLEM}, {.event = EVENT_PROBLEM}, NUMBER, 60 * SECOND - 1, true},
        {"just beyond", {.event = EVENT_PROBLEM}, {.event = EVENT_PROBLEM}, NUMBER, 60 * SECOND, false},
        {"the clock went back", {.event = EVENT_PROBLEM}, {.event = EVENT_PROBLEM}, NUMBER, -10 * DAY, true},
        {"another number", {.event = EVENT_PROBLEM}, {.event = EVENT_PROBLEM}, NUMBER2, 0, false},
        {"another object", {.event = EVENT_PROBLEM}, {.event = EVENT_PROBLEM, .service = "DNS"}, NUMBER, 0, false},
        {"another monitor",
         {.event = EVENT_PROBLEM},
         {.event = EVENT_PROBLEM, .source = SOURCE_ICINGA2},
         NUMBER,
         0,
         false},
        {"another output",
         {.event = EVENT_PROBLEM},
         {.event = EVENT_PROBLEM, .output = "disk fuller"},
         NUMBER,
         0,
         false},
        {"a recovery", {.event = EVENT_PROBLEM}, {.event = EVENT_RECOVERY, .state = "OK"}, NUMBER, 0, false},
        {"a volatile service",
         {.event = EVENT_PROBLEM, .notification = 1},
         {.event = EVENT_PROBLEM, .notification = 2},
         NUMBER,
         SECOND,
         false},
        {"only one has a number",
         {.event = EVENT_PROBLEM, .notification = 1},
         {.event = EVENT_PROBLEM},
         NUMBER,
         SECOND,
         true},
        {"flapping starts, then ends",
         {.event = EVENT_FLAPPING, .phase = PHASE_START},
         {.event = EVENT_FLAPPING, .phase = PHASE_END},
         NUMBER,
         0,
         false},
        {"the same comment",
         {.event = EVENT_CUSTOM, .identity = "bob: look"},
         {.event = EVENT_CUSTOM, .identity = "bob: look"},
         NUMBER,
         SECOND,
         true},
        {"another comment",
         {.event = EVENT_CUSTOM, .identity = "bob: look"},
         {.event = EVENT_CUSTOM, .identity = "bob: now"},
         NUMBER,
         SECOND,
         false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct store *s = fresh();
        int64_t id = put_said(s, &t[i].first, NUMBER, NOW, PAGE_QUEUED, 0);
        int64_t found = original_of(s, &t[i].second, t[i].number, NOW + t[i].after);
        if (found != (t[i].repeats ? id : 0))
            fail_msg("%s: %lld", t[i].what, (long long)found);
        store_close(s);
    }
}

/* Nagios says its number for the notification on both ways; the command's line cannot carry author and comment. */
static void test_dedupe__one_notification_on_two_ways(void **state)
{
    (void)state;
    static const struct {
        const char *what, *first, *second, *first_comment, *second_comment;
        enum alert_event event;
        const char *output;
        bool repeats;
    } t[] = {
        {"the command after the module", "17", "17", "look", "", EVENT_CUSTOM, "disk full 5", true},
        {"the module after the command", "17", "17", "", "look", EVENT_CUSTOM, "disk full 5", true},
        {"a second notice by the command", "17", "18", "look", "", EVENT_CUSTOM, "disk full 5", false},
        {"two notices with comments", "17", "17", "look", "now", EVENT_CUSTOM, "disk full 5", false},
        {"nobody commented", "17", "17", "", "", EVENT_CUSTOM, "disk full 5", false},
        {"another output", "17", "17", "look", "", EVENT_CUSTOM, "disk full 6", false},
        {"more output", "17", "17", "look", "", EVENT_CUSTOM, "disk full 50", false},
        {"no number", "", "", "look", "", EVENT_CUSTOM, "disk full 5", false},
        {"not counted", "0", "0", "look", "", EVENT_CUSTOM, "disk full 5", false},
        {"another event", "17", "17", "look", "", EVENT_PROBLEM, "disk full 5", false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct store *s = fresh();
        struct said first = {.event = EVENT_CUSTOM, .identity = "with", .output = "disk 'full' <5>"},
                    second = {.event = t[i].event, .identity = "without", .output = t[i].output};
        struct alert *a = alert_of(&first), *b = alert_of(&second);
        int64_t found = -1;
        assert_int_equal(alert_set(&a->comment, t[i].first_comment), NT_OK);
        assert_int_equal(alert_set(&b->comment, t[i].second_comment), NT_OK);
        assert_int_equal(kv_put(&a->macros, "SERVICENOTIFICATIONID", t[i].first), NT_OK);
        assert_int_equal(kv_put(&b->macros, "SERVICENOTIFICATIONID", t[i].second), NT_OK);
        int64_t id = put_alert_page(s, a, NUMBER, NOW, PAGE_SENT, 0);
        assert_int_equal(dedupe_find(s, b, NUMBER, NOW + SECOND, window, &found), NT_OK);
        if (found != (t[i].repeats ? id : 0))
            fail_msg("%s: %lld", t[i].what, (long long)found);
        assert_int_equal(dedupe_find(s, b, NUMBER, NOW + window, window, &found), NT_OK);
        assert_int_equal(found, 0);
        alert_free(a);
        alert_free(b);
        store_close(s);
    }
}

static void test_dedupe__whatever_became_of_the_original(void **state)
{
    (void)state;
    static const struct {
        enum page_state state;
        bool repeats;
    } t[] = {{PAGE_HELD, true},        {PAGE_SENDING, true},   {PAGE_SENT, true},   {PAGE_DELIVERED, true},
             {PAGE_UNDELIVERED, true}, {PAGE_FAILED, true},    {PAGE_MERGED, true}, {PAGE_EXPIRED, true},
             {PAGE_SUPERSEDED, false}, {PAGE_CANCELLED, false}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct store *s = fresh();
        int64_t id = put_said(s, &problem, NUMBER, NOW, t[i].state, 0);
        assert_int_equal(original_of(s, &problem, NUMBER, NOW + SECOND), t[i].repeats ? id : 0);
        store_close(s);
    }
    /* a withheld recovery repeated by the other master */
    struct said recovery = {.event = EVENT_RECOVERY, .state = "OK"};
    struct store *s = fresh();
    int64_t id = put_said(s, &recovery, NUMBER, NOW, PAGE_CANCELLED, 0);
    assert_int_equal(original_of(s, &recovery, NUMBER, NOW + SECOND), id);
    store_close(s);
}

static void test_dedupe__what_lies_between_makes_it_news(void **state)
{
    (void)state;
    struct said warning = {.event = EVENT_PROBLEM, .state = "WARNING"},
                recovery = {.event = EVENT_RECOVERY, .state = "OK"};
    struct store *s = fresh();
    put_said(s, &warning, NUMBER, NOW, PAGE_SENT, 0);
    int64_t second = put_said(s, &problem, NUMBER, NOW + 20 * SECOND, PAGE_SENT, 0);
    assert_int_equal(original_of(s, &warning, NUMBER, NOW + 40 * SECOND), 0);
    assert_int_equal(original_of(s, &problem, NUMBER, NOW + 40 * SECOND), second);
    /* flapping */
    put_said(s, &recovery, NUMBER, NOW + 41 * SECOND, PAGE_CANCELLED, 0);
    assert_int_equal(original_of(s, &problem, NUMBER, NOW + 42 * SECOND), 0);
    store_close(s);
}

static void test_dedupe__a_row_of_repetitions_leads_to_the_first(void **state)
{
    (void)state;
    struct store *s = fresh();
    int64_t first = put_said(s, &problem, NUMBER, NOW, PAGE_SENT, 0);
    int64_t copy = put_said(s, &problem, NUMBER, NOW + 50 * SECOND, PAGE_DUPLICATE, 0);
    set_state(s, copy, PAGE_DUPLICATE, 0, first);
    assert_int_equal(original_of(s, &problem, NUMBER, NOW + 55 * SECOND), first);
    assert_int_equal(original_of(s, &problem, NUMBER, NOW + 100 * SECOND), 0); /* told once a minute, not never again */
    store_close(s);
}

static void test_dedupe__an_old_page_tried_again_is_no_newer_news(void **state)
{
    (void)state;
    struct said recovery = {.event = EVENT_RECOVERY, .state = "OK"};
    struct store *s = fresh();
    struct page *p = NULL;
    int64_t first = put_said(s, &problem, NUMBER, NOW, PAGE_UNDELIVERED, 0);
    put_said(s, &recovery, NUMBER, NOW + SECOND, PAGE_QUEUED, 0);
    assert_int_equal(s->ops->page_get(s, first, &p), NT_OK);
    p->flags |= PAGE_AGAIN;
    p->state = PAGE_QUEUED;
    p->created = NOW + 2 * SECOND;
    put_page(s, p);
    page_free(p);
    assert_int_equal(original_of(s, &problem, NUMBER, NOW + 3 * SECOND), 0);
    store_close(s);
}

static void test_dedupe__zabbix_repeats_for_two_hours(void **state)
{
    (void)state;
    struct said step1 = {.source = SOURCE_ZABBIX, .event = EVENT_PROBLEM, .identity = "to|subject|NOTIFIED 10:00"};
    struct said step2 = step1;
    step2.identity = "to|subject|NOTIFIED 11:00";
    struct store *s = fresh();
    int64_t first = put_said(s, &step1, NUMBER, NOW, PAGE_FAILED, 0);
    assert_int_equal(original_of(s, &step1, NUMBER, NOW + 2 * HOUR - 1), first); /* refused, and not tried again */
    assert_int_equal(original_of(s, &step1, NUMBER, NOW + 2 * HOUR), 0);
    assert_int_equal(original_of(s, &step2, NUMBER, NOW + MINUTE), 0);
    int64_t second = put_said(s, &step2, NUMBER, NOW + HOUR, PAGE_DELIVERED, 0);
    /* what lies between does not matter, nor what became of it */
    assert_int_equal(original_of(s, &step1, NUMBER, NOW + HOUR + SECOND), first);
    assert_int_equal(original_of(s, &step2, NUMBER, NOW + HOUR + SECOND), second);
    set_state(s, second, PAGE_SUPERSEDED, 0, 0);
    assert_int_equal(original_of(s, &step2, NUMBER, NOW + HOUR + SECOND), second);
    store_close(s);
}

static void test_dedupe__no_window_no_duplicates(void **state)
{
    (void)state;
    struct store *s = fresh();
    struct alert *a = alert_of(&problem);
    int64_t id;
    put_said(s, &problem, NUMBER, NOW, PAGE_SENT, 0);
    assert_int_equal(dedupe_find(s, a, NUMBER, NOW, 0, &id), NT_OK);
    assert_int_equal(id, 0);
    alert_free(a);
    store_close(s);
}

static void test_dedupe__says_when_memory_runs_out(void **state)
{
    (void)state;
    struct store *s = fresh();
    struct said custom = {.event = EVENT_CUSTOM, .identity = "with"},
                command = {.event = EVENT_CUSTOM, .identity = "without"};
    struct alert *a = alert_of(&command), *first = alert_of(&custom);
    assert_int_equal(alert_set(&first->comment, "look"), NT_OK);
    assert_int_equal(kv_put(&first->macros, "SERVICENOTIFICATIONID", "17"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "SERVICENOTIFICATIONID", "17"), NT_OK);
    int64_t want = put_alert_page(s, first, NUMBER, NOW, PAGE_SENT, 0), id;
    for (unsigned long n = 1; n < 100; n++) {
        mem_fail_at(n);
        enum nt_status st = dedupe_find(s, a, NUMBER, NOW, window, &id);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        assert_int_equal(id, failed ? 0 : want);
        if (!failed)
            break;
    }
    alert_free(first);
    alert_free(a);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dedupe__the_same_news_within_the_window),
        cmocka_unit_test(test_dedupe__one_notification_on_two_ways),
        cmocka_unit_test(test_dedupe__whatever_became_of_the_original),
        cmocka_unit_test(test_dedupe__what_lies_between_makes_it_news),
        cmocka_unit_test(test_dedupe__a_row_of_repetitions_leads_to_the_first),
        cmocka_unit_test(test_dedupe__an_old_page_tried_again_is_no_newer_news),
        cmocka_unit_test(test_dedupe__zabbix_repeats_for_two_hours),
        cmocka_unit_test(test_dedupe__no_window_no_duplicates),
        cmocka_unit_test(test_dedupe__says_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

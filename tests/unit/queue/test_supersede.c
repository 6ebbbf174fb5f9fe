#include "support.h"

#include "base/mem.h"
#include "queue/supersede.h"

#include <stdio.h>
#include <string.h>

static const struct said problem = {.event = EVENT_PROBLEM};
static const struct said warning = {.event = EVENT_PROBLEM, .state = "WARNING", .routine = true};
static const struct said recovery = {.event = EVENT_RECOVERY, .state = "OK", .routine = true};
static const struct said ack = {.event = EVENT_ACKNOWLEDGEMENT, .routine = true};
static const struct said custom = {.event = EVENT_CUSTOM, .identity = "call me"};
static const struct said test = {.event = EVENT_TEST, .state = "OK"};
static const struct said flap = {.event = EVENT_FLAPPING, .phase = PHASE_START};
static const struct said flap_end_ok = {.event = EVENT_FLAPPING, .phase = PHASE_END, .state = "OK", .routine = true};
static const struct said flap_end_bad = {.event = EVENT_FLAPPING, .phase = PHASE_END, .routine = true};
static const struct said down = {.event = EVENT_DOWNTIME, .phase = PHASE_START, .state = "OK", .routine = true};
static const struct said down_end = {.event = EVENT_DOWNTIME, .phase = PHASE_CANCELLED, .state = "OK", .routine = true};

static struct store *fresh(void)
{
    return open_store("sqlite::memory:");
}

static struct supersede_result apply(struct store *s, const struct said *said)
{
    struct alert *a = alert_of(said);
    struct supersede_result r;
    memset(&r, 0x55, sizeof r);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(supersede_apply(s, a, NUMBER, NOW, &r), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    alert_free(a);
    return r;
}

static int64_t put(struct store *s, const struct said *said, enum page_state state, unsigned flags)
{
    return put_said(s, said, NUMBER, NOW, state, flags);
}

static int64_t put_digest(struct store *s, enum page_state state, unsigned flags)
{
    struct page *p = page_new();
    assert_non_null(p);
    strcpy(p->number, NUMBER);
    p->state = state;
    p->flags = flags | PAGE_DIGEST;
    int64_t id = put_page(s, p);
    page_free(p);
    return id;
}

/* Short, for the table below. */
#define Q    PAGE_QUEUED
#define H    PAGE_HELD
#define S    PAGE_SENDING
#define SENT PAGE_SENT
#define OVER PAGE_SUPERSEDED
#define OFF  PAGE_CANCELLED

/* What stands before, the alert that comes, and what becomes of both. */
struct record {
    const struct said *said;
    enum page_state state;
    unsigned flags;
    enum page_state then;
};

static void test_supersede__tells_what_becomes_of_what(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct record before[4];
        const struct said *comes;
        bool withhold, repeat, problem_sent;
    } t[] = {
        {"nothing on record", {{0}}, &recovery, false, false, false},
        {"a problem unsent", {{&problem, Q, 0, OFF}}, &recovery, true, false, false},
        {"a problem held", {{&problem, H, 0, OFF}}, &recovery, true, false, false},
        {"a problem sent", {{&problem, SENT, 0, SENT}}, &recovery, false, true, true},
        {"a problem under way", {{&problem, S, 0, S}}, &recovery, false, true, true},
        {"a problem of which nobody knows", {{&problem, S, PAGE_AMBIGUOUS, S}}, &recovery, false, true, true},
        {"a problem looked up, not found, back in the queue",
         {{&problem, Q, PAGE_MAY_HAVE_SENT, OVER}},
         &recovery,
         false,
         true,
         true},
        {"a problem undelivered", {{&problem, PAGE_UNDELIVERED, 0, PAGE_UNDELIVERED}}, &recovery, false, true, true},
        {"a problem refused may have gone elsewhere",
         {{&problem, PAGE_FAILED, 0, PAGE_FAILED}},
         &recovery,
         false,
         true,
         true},
        {"a problem expired", {{&problem, PAGE_EXPIRED, 0, PAGE_EXPIRED}}, &recovery, true, false, false},
        {"a problem dropped by hand", {{&problem, OFF, 0, OFF}}, &recovery, true, false, false},
        {"sent, and again unsent", {{&problem, SENT, 0, SENT}, {&problem, Q, 0, OVER}}, &recovery, false, true, true},
        {"the last story ended",
         {{&problem, SENT, 0, SENT}, {&recovery, SENT, 0, SENT}, {&problem, H, 0, OFF}},
         &recovery,
         true,
         true,
         false},
        {"the last story's end was not told",
         {{&problem, SENT, 0, SENT}, {&recovery, OVER, 0, OVER}, {&problem, H, 0, OVER}},
         &recovery,
         false,
         true,
         true},
        {"the last end may not have arrived",
         {{&problem, SENT, 0, SENT}, {&recovery, S, 0, S}, {&problem, H, 0, OVER}},
         &recovery,
         false,
         true,
         true},
        {"a withheld story before",
         {{&problem, OFF, 0, OFF}, {&recovery, OFF, 0, OFF}, {&problem, H, 0, OFF}},
         &recovery,
         true,
         false,
         false},
        {"its acknowledgement was told",
         {{&problem, OVER, 0, OVER}, {&ack, SENT, 0, SENT}},
         &recovery,
         false,
         true,
         false},
        {"a colleague's note was told",
         {{&problem, H, 0, OVER}, {&custom, SENT, 0, SENT}},
         &recovery,
         false,
         true,
         false},
        {"a test is no news of it", {{&test, SENT, 0, SENT}, {&problem, H, 0, OFF}}, &recovery, true, true, false},
        {"only an acknowledgement on record", {{&ack, OFF, 0, OFF}}, &recovery, false, false, false},
        {"duplicates are nothing", {{&problem, PAGE_DUPLICATE, 0, PAGE_DUPLICATE}}, &recovery, false, false, false},
        {"flapping unsent, then good", {{&flap, H, 0, OFF}}, &recovery, true, false, false},
        {"flapping sent", {{&flap, SENT, 0, SENT}}, &recovery, false, true, true},

        {"a worse problem", {{&warning, Q, 0, OVER}}, &problem, false, false, false},
        {"a milder problem", {{&problem, SENT, 0, SENT}, {&problem, H, 0, OVER}}, &warning, false, true, true},
        {"a problem after a recovery unsent",
         {{&problem, SENT, 0, SENT}, {&recovery, Q, 0, OVER}},
         &problem,
         false,
         true,
         true},
        {"flapping ends the problem", {{&problem, Q, 0, OVER}}, &flap, false, false, false},
        {"a downtime ends it", {{&problem, Q, 0, OVER}, {&ack, Q, 0, OVER}}, &down, false, false, false},

        {"an acknowledgement",
         {{&problem, Q, 0, OVER}, {&flap, Q, 0, Q}, {&custom, Q, 0, Q}},
         &ack,
         false,
         false,
         false},
        {"a note takes nothing away", {{&problem, Q, 0, Q}, {&recovery, Q, 0, Q}}, &custom, false, false, false},
        {"the same note", {{&problem, Q, 0, Q}, {&custom, H, 0, OVER}}, &custom, false, false, false},
        {"a test takes nothing away", {{&problem, Q, 0, Q}, {&test, Q, 0, OVER}}, &test, false, false, false},

        {"flapping over before it was told", {{&flap, H, 0, OFF}}, &flap_end_ok, true, false, false},
        {"flapping over, but bad", {{&flap, H, 0, OVER}}, &flap_end_bad, false, false, false},
        {"flapping over, start told", {{&flap, SENT, 0, SENT}}, &flap_end_ok, false, true, true},
        {"flapping over, problem told",
         {{&problem, SENT, 0, SENT}, {&flap, H, 0, OVER}},
         &flap_end_ok,
         false,
         true,
         true},
        {"flapping over, no record", {{0}}, &flap_end_ok, false, false, false},
        {"flapping twice",
         {{&flap, SENT, 0, SENT}, {&flap_end_ok, SENT, 0, SENT}, {&flap, H, 0, OFF}},
         &flap_end_ok,
         true,
         true,
         false},
        {"downtime over before it was told", {{&down, Q, 0, OFF}}, &down_end, true, false, false},
        {"downtime over, start told", {{&down, SENT, 0, SENT}}, &down_end, false, true, false},
        {"downtime over, problem unsent", {{&problem, Q, 0, OVER}}, &down_end, false, false, false},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct store *s = fresh();
        int64_t id[4] = {0};
        size_t ended = 0;
        for (size_t k = 0; k < 4 && t[i].before[k].said; k++)
            id[k] = put(s, t[i].before[k].said, t[i].before[k].state, t[i].before[k].flags);
        struct supersede_result r = apply(s, t[i].comes);
        for (size_t k = 0; k < 4 && id[k]; k++) {
            if (state_of(s, id[k]) != t[i].before[k].then)
                fail_msg("%s: page %zu is %s", t[i].what, k + 1, page_state_name(state_of(s, id[k])));
            if (t[i].before[k].then != t[i].before[k].state) {
                ended++;
                if (strncmp(last_reason(s, id[k]), t[i].withhold ? "cancelled: web01/HTTP" : "superseded: web01/HTTP",
                            20) != 0)
                    fail_msg("%s: the reason is: %s", t[i].what, last_reason(s, id[k]));
            }
        }
        if (r.withhold != t[i].withhold || r.repeat != t[i].repeat || r.problem_sent != t[i].problem_sent)
            fail_msg("%s: withhold %d repeat %d problem_sent %d", t[i].what, r.withhold, r.repeat, r.problem_sent);
        assert_int_equal(r.superseded + r.cancelled, ended);
        assert_int_equal(r.links, ended);
        if (t[i].withhold)
            assert_int_equal(r.superseded, 0);
        store_close(s);
    }
}

static void test_supersede__says_the_class_of_the_last_problem(void **state)
{
    (void)state;
    struct store *s = fresh();
    assert_false(apply(s, &recovery).has_problem);
    put(s, &problem, PAGE_SENT, 0);
    struct supersede_result r = apply(s, &recovery);
    assert_true(r.has_problem);
    assert_int_equal(r.problem_class, CLASS_URGENT);
    put(s, &warning, PAGE_SENT, 0);
    assert_int_equal(apply(s, &recovery).problem_class, CLASS_ROUTINE);
    put(s, &recovery, PAGE_SENT, 0);
    assert_false(apply(s, &down).has_problem);
    store_close(s);
}

static void test_supersede__other_objects_and_numbers_are_left_alone(void **state)
{
    (void)state;
    struct said dns = problem;
    dns.service = "DNS";
    struct store *s = fresh();
    int64_t mine = put(s, &problem, PAGE_QUEUED, 0), other = put(s, &dns, PAGE_QUEUED, 0);
    int64_t theirs = put_said(s, &problem, NUMBER2, NOW, PAGE_QUEUED, 0);
    struct supersede_result r = apply(s, &recovery);
    assert_int_equal(r.cancelled, 1);
    assert_int_equal(state_of(s, mine), PAGE_CANCELLED);
    assert_int_equal(state_of(s, other), PAGE_QUEUED);
    assert_int_equal(state_of(s, theirs), PAGE_QUEUED);
    store_close(s);
}

static void test_supersede__links_to_the_newer_page(void **state)
{
    (void)state;
    struct store *s = fresh();
    int64_t old = put(s, &problem, PAGE_QUEUED, 0);
    struct supersede_result r = apply(s, &warning);
    int64_t newer = put(s, &warning, PAGE_QUEUED, 0);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(supersede_link(s, &r, newer), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(merged_into(s, old), newer);
    assert_string_equal(last_reason(s, old), "superseded: web01/HTTP is now WARNING");
    store_close(s);
}

static void test_supersede__looking_changes_nothing(void **state)
{
    (void)state;
    struct store *s = fresh();
    struct alert *a = alert_of(&recovery);
    struct supersede_result r;
    int64_t old = put(s, &problem, PAGE_QUEUED, 0);
    assert_int_equal(supersede_look(s, a, NUMBER, NOW, &r), NT_OK);
    assert_true(r.withhold);
    assert_int_equal(r.cancelled + r.superseded + r.links, 0);
    assert_int_equal(state_of(s, old), PAGE_QUEUED);
    alert_free(a);
    store_close(s);
}

static void test_supersede__members_of_an_unsent_digest_are_unsent(void **state)
{
    (void)state;
    static const struct {
        enum page_state digest;
        unsigned flags;
        bool leaves, told;
    } t[] = {
        {PAGE_QUEUED, 0, true, false},  {PAGE_HELD, 0, true, false}, {PAGE_QUEUED, PAGE_MAY_HAVE_SENT, true, true},
        {PAGE_SENDING, 0, false, true}, {PAGE_SENT, 0, false, true}, {PAGE_UNDELIVERED, 0, false, true},
    };
    struct said dns = problem;
    dns.service = "DNS";
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct store *s = fresh();
        int64_t member = put(s, &problem, PAGE_HELD, 0), other = put(s, &dns, PAGE_HELD, 0);
        int64_t digest = put_digest(s, t[i].digest, t[i].flags);
        set_state(s, member, PAGE_MERGED, 0, digest);
        set_state(s, other, PAGE_MERGED, 0, digest);
        struct supersede_result r = apply(s, &recovery);
        assert_int_equal(r.withhold, !t[i].told);
        assert_int_equal(r.superseded + r.cancelled, t[i].leaves);
        assert_int_equal(state_of(s, member), !t[i].leaves ? PAGE_MERGED
                                              : t[i].told  ? PAGE_SUPERSEDED
                                                           : PAGE_CANCELLED);
        assert_int_equal(merged_into(s, member), t[i].leaves ? 0 : digest);
        assert_int_equal(state_of(s, digest), t[i].digest); /* somebody is left in it */
        if (t[i].leaves) {
            struct alert *a = alert_of(&(struct said){.event = EVENT_RECOVERY, .state = "OK", .service = "DNS"});
            assert_int_equal(s->ops->begin(s), NT_OK);
            assert_int_equal(supersede_apply(s, a, NUMBER, NOW, &r), NT_OK);
            assert_int_equal(s->ops->commit(s), NT_OK);
            assert_int_equal(state_of(s, digest), PAGE_SUPERSEDED); /* nobody is */
            alert_free(a);
        }
        store_close(s);
    }
}

static void test_supersede__an_expired_page_that_a_digest_told_counts_as_told(void **state)
{
    (void)state;
    struct store *s = fresh();
    int64_t expired = put(s, &problem, PAGE_EXPIRED, 0), digest = put_digest(s, PAGE_SENT, 0);
    set_state(s, expired, PAGE_EXPIRED, 0, digest);
    struct supersede_result r = apply(s, &recovery);
    assert_false(r.withhold);
    assert_true(r.problem_sent);
    set_state(s, expired, PAGE_EXPIRED, 0, 9999); /* purged: nobody knows any more */
    assert_false(apply(s, &recovery).withhold);
    store_close(s);
}

static void test_supersede__a_long_history_without_an_answer_is_no_evidence(void **state)
{
    (void)state;
    struct store *s = fresh();
    for (int i = 0; i < 20; i++)
        put(s, &problem, PAGE_EXPIRED, 0);
    assert_true(apply(s, &recovery).withhold); /* beyond the first look */
    struct alert *a = alert_of(&problem);
    assert_int_equal(s->ops->begin(s), NT_OK);
    for (int i = 0; i < 300; i++) {
        struct page *p = page_of(a, NUMBER, NOW);
        p->state = PAGE_EXPIRED;
        p->alert_id = 100 + i;
        assert_int_equal(s->ops->page_put(s, p), NT_OK);
        page_free(p);
    }
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_false(apply(s, &recovery).withhold);
    alert_free(a);
    store_close(s);
}

static bool stale(struct store *s, int64_t id)
{
    struct page *p = NULL;
    bool is = false;
    assert_int_equal(s->ops->page_get(s, id, &p), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(supersede_stale(s, p, NOW, &is), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(p->state, state_of(s, id));
    page_free(p);
    return is;
}

static void test_supersede__a_page_back_from_a_failed_attempt_may_be_stale(void **state)
{
    (void)state;
    struct store *s = fresh();
    int64_t old = put(s, &problem, PAGE_QUEUED, 0);
    assert_false(stale(s, old));
    int64_t newer = put(s, &recovery, PAGE_QUEUED, 0);
    put(s, &problem, PAGE_DUPLICATE, 0);
    put(s, &custom, PAGE_QUEUED, 0);
    assert_true(stale(s, old));
    assert_int_equal(state_of(s, old), PAGE_SUPERSEDED);
    assert_int_equal(merged_into(s, old), newer);
    char want[80];
    snprintf(want, sizeof want, "superseded by page %lld: web01/HTTP is now OK", (long long)newer);
    assert_string_equal(last_reason(s, old), want);
    store_close(s);
}

static void test_supersede__a_recovery_of_what_never_went_out_is_stale(void **state)
{
    (void)state;
    struct store *s = fresh();
    int64_t old = put(s, &problem, PAGE_SENDING, 0), end = put(s, &recovery, PAGE_QUEUED, 0);
    assert_false(stale(s, end)); /* it may have gone */
    set_state(s, old, PAGE_QUEUED, 0, 0);
    assert_true(stale(s, end));
    assert_int_equal(state_of(s, end), PAGE_CANCELLED);
    assert_int_equal(state_of(s, old), PAGE_CANCELLED);
    assert_int_equal(merged_into(s, old), end);
    store_close(s);

    s = fresh(); /* the problem is in a digest that came back */
    old = put(s, &problem, PAGE_HELD, 0);
    int64_t digest = put_digest(s, PAGE_SENDING, 0);
    set_state(s, old, PAGE_MERGED, 0, digest);
    end = put(s, &recovery, PAGE_QUEUED, 0);
    assert_false(stale(s, end));
    set_state(s, digest, PAGE_QUEUED, 0, 0);
    assert_true(stale(s, end));
    assert_int_equal(state_of(s, old), PAGE_CANCELLED);
    assert_int_equal(state_of(s, digest), PAGE_SUPERSEDED);
    store_close(s);

    s = fresh(); /* nothing on record: it goes */
    end = put(s, &recovery, PAGE_QUEUED, 0);
    assert_false(stale(s, end));
    store_close(s);

    s = fresh(); /* a request for it may have arrived: it goes on */
    put(s, &problem, PAGE_EXPIRED, 0);
    end = put(s, &recovery, PAGE_QUEUED, PAGE_MAY_HAVE_SENT);
    assert_false(stale(s, end));
    store_close(s);
}

static void test_supersede__news_is_as_old_as_its_alert(void **state)
{
    (void)state;
    struct store *s = fresh();
    struct page *p = NULL;
    int64_t old = put(s, &problem, PAGE_UNDELIVERED, 0), end = put(s, &recovery, PAGE_QUEUED, 0);
    assert_int_equal(s->ops->page_get(s, old, &p), NT_OK);
    p->flags = PAGE_AGAIN; /* another way for the first, under a new id */
    p->state = PAGE_QUEUED;
    int64_t again = put_page(s, p);
    page_free(p);
    assert_false(stale(s, end));
    assert_true(stale(s, again));
    assert_int_equal(merged_into(s, again), end);
    store_close(s);
}

static void test_supersede__a_member_leaves_its_digest(void **state)
{
    (void)state;
    struct store *s = fresh();
    int64_t old = put(s, &problem, PAGE_HELD, 0), digest = put_digest(s, PAGE_QUEUED, 0);
    set_state(s, old, PAGE_MERGED, 0, digest);
    int64_t newer = put(s, &warning, PAGE_QUEUED, 0);
    assert_true(stale(s, old));
    assert_int_equal(merged_into(s, old), newer);
    assert_int_equal(state_of(s, digest), PAGE_SUPERSEDED);
    assert_false(stale(s, digest));
    store_close(s);
}

static void test_supersede__says_when_memory_runs_out(void **state)
{
    (void)state;
    struct store *s = fresh();
    struct alert *a = alert_of(&recovery);
    put(s, &problem, PAGE_QUEUED, 0);
    int64_t member = put(s, &problem, PAGE_HELD, 0), digest = put_digest(s, PAGE_QUEUED, 0);
    int64_t end = put(s, &recovery, PAGE_QUEUED, 0);
    set_state(s, member, PAGE_MERGED, 0, digest);
    for (unsigned long n = 1; n < 2000; n++) {
        struct supersede_result r;
        struct page *p = NULL;
        bool is;
        assert_int_equal(s->ops->page_get(s, end, &p), NT_OK);
        assert_int_equal(s->ops->begin(s), NT_OK);
        mem_fail_at(n);
        enum nt_status st = supersede_stale(s, p, NOW, &is);
        if (st == NT_OK)
            st = supersede_apply(s, a, NUMBER, NOW, &r);
        if (st == NT_OK)
            st = supersede_link(s, &r, end);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        s->ops->rollback(s);
        page_free(p);
        if (!failed)
            break;
    }
    assert_int_equal(state_of(s, member), PAGE_MERGED);
    alert_free(a);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supersede__tells_what_becomes_of_what),
        cmocka_unit_test(test_supersede__says_the_class_of_the_last_problem),
        cmocka_unit_test(test_supersede__other_objects_and_numbers_are_left_alone),
        cmocka_unit_test(test_supersede__links_to_the_newer_page),
        cmocka_unit_test(test_supersede__looking_changes_nothing),
        cmocka_unit_test(test_supersede__members_of_an_unsent_digest_are_unsent),
        cmocka_unit_test(test_supersede__an_expired_page_that_a_digest_told_counts_as_told),
        cmocka_unit_test(test_supersede__a_long_history_without_an_answer_is_no_evidence),
        cmocka_unit_test(test_supersede__a_page_back_from_a_failed_attempt_may_be_stale),
        cmocka_unit_test(test_supersede__a_recovery_of_what_never_went_out_is_stale),
        cmocka_unit_test(test_supersede__news_is_as_old_as_its_alert),
        cmocka_unit_test(test_supersede__a_member_leaves_its_digest),
        cmocka_unit_test(test_supersede__says_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

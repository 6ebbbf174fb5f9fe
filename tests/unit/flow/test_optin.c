/* Numbers that said STOP, and whether they are asked about: each answer, more numbers than a round has room for, and no
 * memory. */
#include "bench.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { ROUND = 10 * 60000, MANY = 120, AT_ONCE = 50 };

static void opt_out(struct bench *b, const char *number)
{
    struct store *s = b->d.r->store;
    bench_begin(b);
    assert_int_equal(s->ops->number_put(s, number, &(struct number_state){.opted_out = b->d.now}), NT_OK);
    bench_commit(b);
}

static bool is_out(struct bench *b, const char *number)
{
    struct number_state state;
    struct store *s = b->d.r->store;
    assert_int_equal(s->ops->number_get(s, number, &state), NT_OK);
    return state.opted_out != 0;
}

/* Of some that are in order. */
static void number_of(int i, char out[NUMBER_MAX])
{
    snprintf(out, NUMBER_MAX, "+1500555%04u", (unsigned)i % 10000);
}

static void open_bench(struct bench *b)
{
    bench_open(b, &(struct world_options){0});
    b->o.follow = true;
    b->w->run_until = INT64_MAX;
    assert_int_equal(line_open(&b->d), NT_OK);
}

static void close_bench(struct bench *b)
{
    http_free(b->d.http);
    b->d.http = NULL;
    bench_close(b);
}

/* Twilio has a message from the number. */
static void wrote(struct bench *b, const char *number, const char *body)
{
    struct fake_twilio *t = &b->w->twilio;
    assert_true(t->messages.n < t->messages.size);
    struct tw_message *m = &t->messages.item[t->messages.n++];
    memset(m, 0, sizeof *m);
    snprintf(m->sid, sizeof m->sid, "SM%032zx", t->messages.n);
    snprintf(m->sender, sizeof m->sender, "%s", number);
    m->body = strdup(body);
    assert_non_null(m->body);
    m->wall = b->w->clock.wall_ms;
    m->end = "received";
}

/* One round; how many were asked about. */
static size_t ask_round(struct bench *b)
{
    struct drainer *d = &b->d;
    size_t before = b->w->twilio.gets;
    d->boot = clock_boot(d->r->clock);
    optin_start(d);
    while (d->questions.n && !optin_news(d))
        assert_int_equal(http_run(d->http, NULL, NULL, 0, SECOND), NT_OK);
    bench_begin(b);
    assert_int_equal(optin_settle(d), NT_OK);
    bench_commit(b);
    optin_clean(d);
    return b->w->twilio.gets - before;
}

/* ---- answers ---- */

/* What is no list tells nothing: the number stays as it is, and is asked about at the next round, not before. */
static void test_optin__an_answer_that_is_none(void **state)
{
    (void)state;
    static const struct fault answers[] = {
        {.kind = FAULT_ANSWER, .http = 500, .code = 20500, .lists = true},
        {.kind = FAULT_ANSWER, .http = 404, .code = 20404, .lists = true},
        {.kind = FAULT_GARBAGE_BEFORE, .lists = true},
        {.kind = FAULT_RESET_BEFORE, .lists = true},
        {.kind = FAULT_DEAD, .lists = true},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct bench b;
        open_bench(&b);
        opt_out(&b, ALICE);
        wrote(&b, ALICE, "START");
        world_twilio(b.w, answers[i]);
        assert_int_equal(ask_round(&b), 1);
        assert_true(is_out(&b, ALICE));
        world_mend(b.w);
        fake_clock_advance(&b.w->clock, ROUND - MINUTE);
        assert_int_equal(ask_round(&b), 0);
        assert_true(is_out(&b, ALICE));
        fake_clock_advance(&b.w->clock, MINUTE);
        assert_int_equal(ask_round(&b), 1);
        assert_false(is_out(&b, ALICE));
        close_bench(&b);
    }
}

/* ---- many ---- */

/* Nobody waits for ever behind those that are before him. */
static void test_optin__everybody_has_his_turn(void **state)
{
    (void)state;
    static const struct {
        int numbers;
        size_t asked[4]; /* in each round */
    } cases[] = {{0, {0, 0, 0, 0}},
                 {1, {1, 1, 1, 1}},
                 {AT_ONCE, {AT_ONCE, AT_ONCE, AT_ONCE, AT_ONCE}},
                 {AT_ONCE + 1, {AT_ONCE, 1, AT_ONCE, 1}},
                 {2 * AT_ONCE, {AT_ONCE, AT_ONCE, AT_ONCE, AT_ONCE}},
                 {MANY, {AT_ONCE, AT_ONCE, MANY - 2 * AT_ONCE, AT_ONCE}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        char number[NUMBER_MAX];
        open_bench(&b);
        opt_out(&b, "+0 a number that is longer than any that there is");
        for (int k = 0; k < cases[i].numbers; k++) {
            number_of(k, number);
            opt_out(&b, number);
        }
        for (size_t round = 0; round < 4; round++) {
            assert_int_equal(ask_round(&b), cases[i].asked[round]);
            fake_clock_advance(&b.w->clock, ROUND);
        }
        close_bench(&b);
    }
}

static void test_optin__the_last_of_many_starts_again(void **state)
{
    (void)state;
    struct bench b;
    char number[NUMBER_MAX];
    open_bench(&b);
    for (int i = 0; i < MANY; i++) {
        number_of(i, number);
        opt_out(&b, number);
    }
    wrote(&b, number, "Start");
    for (int round = 0; round < 3; round++) {
        assert_true(is_out(&b, number));
        (void)ask_round(&b);
        fake_clock_advance(&b.w->clock, ROUND);
    }
    assert_false(is_out(&b, number));
    number_of(0, number);
    assert_true(is_out(&b, number));
    close_bench(&b);
}

/* ---- no memory ---- */

/* Whom to ask whether he wants pages again cannot be noted: asked at the next round, and he stays opted out. */
static void test_optin__questions_without_memory(void **state)
{
    (void)state;
    struct bench b;
    bool failed = true;
    open_bench(&b);
    opt_out(&b, ALICE);
    for (unsigned long n = 1; failed; n++) {
        mem_fail_at(n);
        optin_start(&b.d);
        failed = mem_failed();
        mem_fail_at(0);
        assert_true(b.d.questions.n <= 1);
        assert_int_equal(b.d.optin_next, b.d.boot + ROUND);
        if (!failed)
            assert_int_equal(b.d.questions.n, 1);
        http_free(b.d.http);
        b.d.http = NULL;
        optin_clean(&b.d);
        b.d.optin_next = 0;
        assert_int_equal(line_open(&b.d), NT_OK);
    }
    assert_true(is_out(&b, ALICE));
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optin__an_answer_that_is_none),
        cmocka_unit_test(test_optin__everybody_has_his_turn),
        cmocka_unit_test(test_optin__the_last_of_many_starts_again),
        cmocka_unit_test(test_optin__questions_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

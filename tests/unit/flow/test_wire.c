/* The HTTP of pictures: what comes back, and what it does without memory. */
#include "flow/wire.h"

#include "base/mem.h"
#include "world.h"

#include <string.h>

struct ended {
    int times;
    bool answered;
    long status;
};

static void note(void *arg, const struct transport_result *r)
{
    struct ended *e = arg;
    e->times++;
    e->answered = r->answered;
    e->status = r->status;
    assert_non_null(r->body);
    assert_non_null(r->head);
}

static void wait_for(struct world *w, struct wire *wire, const struct ended *e, int times)
{
    for (int i = 0; i < 100 && e->times < times; i++)
        assert_int_equal(http_run(wire->http, NULL, NULL, 0, SECOND), NT_OK);
    assert_int_equal(e->times, times);
    assert_int_equal(w->twilio.under_way.n, 0);
}

/* Without memory there is no call, and nobody is told of its end. Afterwards it works. */
static void test_wire__each_allocation_fails_once(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    struct ended e = {0};
    const struct transport_request r = {
        .method = "GET", .url = "http://127.0.0.1:1/graph.png", .done = note, .arg = &e};
    unsigned long n = 1;
    w->run_until = INT64_MAX;
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .lists = true}); /* an answer would take memory, too */
    for (;; n++) {
        struct wire wire; /* from nothing each time: the client is made as well */
        struct transport_call *call = NULL, *second = NULL;
        wire_init(&wire, w->outside.config);
        mem_fail_at(n);
        enum nt_status st = wire.transport.ops->start(&wire.transport, &r, &call);
        mem_fail_at(0);
        bool failed = mem_failed();
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        assert_true((call == NULL) == failed);
        assert_int_equal(w->twilio.under_way.n, !failed);
        e = (struct ended){0};
        assert_int_equal(wire.transport.ops->start(&wire.transport, &r, &second), NT_OK);
        assert_non_null(second);
        wait_for(w, &wire, &e, failed ? 1 : 2);
        wire_clean(&wire);
        if (!failed)
            break;
    }
    assert_true(n > 3); /* its client, its call, its request */
    world_free(w);
}

/* A call that has been given up says nothing more; one that nobody answers has ended all the same. */
static void test_wire__ends(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    struct ended given_up = {0}, told = {0}, dead = {0};
    struct transport_request r = {.method = "GET", .url = "http://127.0.0.1:1/x.png", .done = note, .arg = &given_up};
    struct transport_call *call = NULL;
    struct wire wire;
    w->run_until = INT64_MAX;
    wire_init(&wire, w->outside.config);
    assert_int_equal(wire.transport.ops->start(&wire.transport, &r, &call), NT_OK);
    wire.transport.ops->cancel(&wire.transport, call);
    r.arg = &told;
    assert_int_equal(wire.transport.ops->start(&wire.transport, &r, &call), NT_OK);
    wait_for(w, &wire, &told, 1);
    assert_true(told.answered);
    assert_int_equal(told.status, 404); /* the simulated Twilio has no pictures */
    world_twilio(w, (struct fault){.kind = FAULT_DEAD, .lists = true});
    r.arg = &dead;
    assert_int_equal(wire.transport.ops->start(&wire.transport, &r, &call), NT_OK);
    wait_for(w, &wire, &dead, 1);
    assert_false(dead.answered);
    assert_int_equal(dead.status, 0);
    assert_int_equal(given_up.times, 0);
    wire_clean(&wire);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire__each_allocation_fails_once),
        cmocka_unit_test(test_wire__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

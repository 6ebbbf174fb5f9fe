/* The engine's patience: when it tries again, on the virtual clock. */
#include "world.h"

#include "base/mem.h"

#include <string.h>

static void test_backoff__plain_page_is_delivered(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    int64_t id = world_problem(w, ALICE, "web01", "CRITICAL");
    world_start(w);
    world_run(w, 10 * SECOND);
    assert_page(w, id, PAGE_DELIVERED);
    assert_int_equal(w->twilio.messages.n, 1);
    assert_non_null(strstr(fake_twilio_last(&w->twilio, ALICE)->body, "web01"));
    world_free(w);
}

static void test_backoff__a_quiet_day(void **state)
{
    (void)state;
    struct world *w = world_new(&(struct world_options){0});
    world_start(w);
    world_run(w, DAY);
    print_message("turns %ld\n", w->turns);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff__plain_page_is_delivered),
        cmocka_unit_test(test_backoff__a_quiet_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* outcome: every kind has a name of its own. */
#include "twilio/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_outcome__kinds_have_names(void **state)
{
    (void)state;
    for (int i = OUTCOME_SENT; i <= OUTCOME_ACCOUNT; i++) {
        const char *name = outcome_kind_name((enum outcome_kind)i);
        assert_true(strlen(name) > 3);
        for (int k = OUTCOME_SENT; k < i; k++)
            assert_string_not_equal(name, outcome_kind_name((enum outcome_kind)k));
    }
    assert_string_equal(outcome_kind_name(OUTCOME_AMBIGUOUS), "ambiguous");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome__kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

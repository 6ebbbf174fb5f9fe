/* errors: the table is found by search, complete and in words. */
#include "twilio/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A table that is not sorted loses entries to the binary search; so all that must be there are looked up. */
static void test_errors__gives_the_advice_of_each_code(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum error_advice advice;
    } table[] = {
        {11751, ADVICE_TEXT_ONLY},   {12300, ADVICE_TEXT_ONLY},   {30019, ADVICE_TEXT_ONLY},
        {10001, ADVICE_ACCOUNT},     {14107, ADVICE_RETRY_ONCE},  {20003, ADVICE_ACCOUNT},
        {20005, ADVICE_ACCOUNT},     {20403, ADVICE_ACCOUNT},     {20404, ADVICE_ACCOUNT},
        {20429, ADVICE_RETRY},       {20500, ADVICE_AMBIGUOUS},   {20503, ADVICE_AMBIGUOUS},
        {21211, ADVICE_REFUSED},     {21212, ADVICE_NEXT_SENDER}, {21217, ADVICE_REFUSED},
        {21408, ADVICE_REFUSED},     {21606, ADVICE_NEXT_SENDER}, {21608, ADVICE_REFUSED},
        {21609, ADVICE_NO_CALLBACK}, {21610, ADVICE_REFUSED},     {21611, ADVICE_RETRY},
        {21612, ADVICE_NEXT_SENDER}, {21614, ADVICE_REFUSED},     {21617, ADVICE_REFUSED},
        {21620, ADVICE_TEXT_ONLY},   {21621, ADVICE_TEXT_ONLY},   {21623, ADVICE_TEXT_ONLY},
        {21635, ADVICE_REFUSED},     {21659, ADVICE_NEXT_SENDER}, {21660, ADVICE_NEXT_SENDER},
        {21661, ADVICE_NEXT_SENDER}, {21701, ADVICE_NEXT_SENDER}, {21702, ADVICE_NEXT_SENDER},
        {21703, ADVICE_NEXT_SENDER}, {21704, ADVICE_NEXT_SENDER}, {21705, ADVICE_NEXT_SENDER},
        {30001, ADVICE_RETRY},       {30002, ADVICE_ACCOUNT},     {30003, ADVICE_RETRY_ONCE},
        {30004, ADVICE_REFUSED},     {30005, ADVICE_REFUSED},     {30006, ADVICE_REFUSED},
        {30007, ADVICE_REFUSED},     {30008, ADVICE_RETRY_ONCE},  {30017, ADVICE_RETRY_ONCE},
        {30022, ADVICE_RETRY_ONCE},  {30032, ADVICE_REFUSED},     {30033, ADVICE_REFUSED},
        {30034, ADVICE_REFUSED},     {30036, ADVICE_RETRY_ONCE},  {30410, ADVICE_RETRY_ONCE},
        {30500, ADVICE_RETRY_ONCE},  {63038, ADVICE_ACCOUNT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct error_entry *e = error_lookup(table[i].code);
        assert_non_null(e);
        assert_int_equal(e->code, table[i].code);
        assert_int_equal(e->advice, table[i].advice);
    }
}

static void test_errors__entries_are_usable(void **state)
{
    (void)state;
    int n = 0;
    for (int code = -1; code < 100000; code++) {
        const struct error_entry *e = error_lookup(code);
        if (!e)
            continue;
        n++;
        assert_int_equal(e->code, code);
        assert_true(strlen(e->meaning) > 10 && strlen(e->meaning) < 100);
        assert_int_not_equal(e->advice, ADVICE_UNKNOWN);
        assert_int_equal(e->opted_out, code == 21610);
        if (e->advice == ADVICE_ACCOUNT)
            assert_true(e->alarm);
    }
    assert_true(n >= 60);
}

static void test_errors__does_not_know_the_rest(void **state)
{
    (void)state;
    static const int table[] = {0, -1, 1, 10002, 21213, 21662, 30037, 99999, 2147483647};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_null(error_lookup(table[i]));
}

static void test_errors__of_the_account(void **state)
{
    (void)state;
    static const struct {
        int code;
        bool account;
    } table[] = {{0, false},     {400, false},   {401, true},   {402, true},   {403, true},   {404, true},
                 {405, false},   {407, true},    {429, false},  {500, false},  {503, false},  {20003, true},
                 {20429, false}, {21610, false}, {30002, true}, {63038, true}, {99999, false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(error_of_account(table[i].code), table[i].account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors__gives_the_advice_of_each_code),
        cmocka_unit_test(test_errors__entries_are_usable),
        cmocka_unit_test(test_errors__does_not_know_the_rest),
        cmocka_unit_test(test_errors__of_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

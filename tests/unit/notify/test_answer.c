/* What counts as an answer of the drainer, and what becomes of it. What is printed goes where nobody looks. */
#include "notify/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define PAGE "{\"id\":1,\"to\":\"+15005551001\",\"state\":\"queued\",\"error\":null}"

static void test_answer__status(void **state)
{
    static const struct {
        const char *answer;
        int status;
    } cases[] = {
        {"{\"ok\":true,\"exit\":0,\"pages\":[" PAGE "],\"notes\":\"\"}", 0},
        {"{\"ok\":true,\"exit\":69,\"pages\":[" PAGE "," PAGE "],\"notes\":\"x\"}", 69},
        {"{\"ok\":false,\"exit\":65,\"error\":\"nobody\"}", 65},
        {"{\"ok\":false,\"exit\":0,\"error\":\"takes no routine pages\"}", 0},
        /* the drainer could not: alone, then */
        {"{\"ok\":false,\"exit\":75,\"error\":\"past its deadline\"}", -1},
        /* no answer of ours: 256 would end as a 0 that nobody has earned */
        {"{\"ok\":true,\"exit\":256,\"pages\":[]}", -1},
        {"{\"ok\":false,\"exit\":256,\"error\":\"\"}", -1},
        {"{\"ok\":true,\"exit\":-1,\"pages\":[]}", -1},
        {"{\"ok\":true,\"exit\":99999999999999999999,\"pages\":[]}", -1},
        {"{\"ok\":true,\"exit\":0x0,\"pages\":[]}", -1},
        {"{\"ok\":true,\"exit\":,\"pages\":[]}", -1},
        {"{\"ok\":true,\"exit\":0}", -1},
        {"{\"ok\":true,\"exit\":0", -1},
        {"{\"ok\":true}", -1},
        {"", -1},
        {"no", -1},
    };
    (void)state;
    FILE *saved = stderr;
    stderr = fopen("/dev/null", "w");
    assert_non_null(stderr);
    int status[sizeof cases / sizeof *cases];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        status[i] = answer_tell(cases[i].answer, false);
    fclose(stderr);
    stderr = saved;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (status[i] != cases[i].status)
            fail_msg("%s: %d", cases[i].answer, status[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer__status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

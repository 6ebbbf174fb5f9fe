/* status: each has words of its own, and errno finds its status. */
#include "base/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_status__every_one_has_its_own_words(void **state)
{
    (void)state;
    for (int a = 0; a >= NT_EREFUSED; a--) {
        const char *text = nt_status_text((enum nt_status)a);
        assert_non_null(text);
        assert_string_not_equal(text, "unknown status");
        for (int b = 0; b > a; b--)
            assert_string_not_equal(text, nt_status_text((enum nt_status)b));
    }
}

static void test_status__strangers_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(nt_status_text((enum nt_status)1), "unknown status");
    assert_string_equal(nt_status_text((enum nt_status)(NT_EREFUSED - 1)), "unknown status");
}

static void test_status__errno(void **state)
{
    (void)state;
    static const struct {
        int error;
        enum nt_status status;
    } cases[] = {
        {0, NT_OK},           {ENOMEM, NT_ENOMEM}, {EACCES, NT_EACCES}, {EPERM, NT_EACCES},       {ENOENT, NT_ENOENT},
        {ENOTDIR, NT_ENOENT}, {ENOSPC, NT_EFULL},  {EDQUOT, NT_EFULL},  {EADDRINUSE, NT_EBUSY},   {EEXIST, NT_EEXIST},
        {EIO, NT_EIO},        {EISDIR, NT_EIO},    {EINVAL, NT_EINVAL}, {ETIMEDOUT, NT_ETIMEOUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(nt_status_errno(cases[i].error), cases[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status__every_one_has_its_own_words),
        cmocka_unit_test(test_status__strangers_are_unknown),
        cmocka_unit_test(test_status__errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

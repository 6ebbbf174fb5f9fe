/* fault: which pass of which place dies or fails. */
#include "base/fault.h"
#include "base/mem.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Passes "commit" `passes` times in a child: its exit status, the last fault_point's status negated, or 256 + a signal.
 */
static int pass_in_child(const char *spec, int passes)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        if (spec)
            setenv("NOTIFY_TWILIO_FAULT", spec, 1);
        else
            unsetenv("NOTIFY_TWILIO_FAULT");
        enum nt_status status = NT_OK;
        for (int i = 0; i < passes; i++) {
            if (fault_point("other") || fault_point("comm"))
                _exit(99);
            status = fault_point("commit");
        }
        _exit(-(int)status);
    }
    int end;
    assert_int_equal(waitpid(child, &end, 0), child);
    return WIFSIGNALED(end) ? 256 + WTERMSIG(end) : WEXITSTATUS(end);
}

static void test_fault__dies_or_fails_where_it_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        int passes, end;
    } cases[] = {
        {NULL, 3, 0},
        {"", 3, 0},
        {"commit", 1, 256 + SIGKILL},
        {"commit:1", 1, 256 + SIGKILL},
        {"commit:3", 2, 0},
        {"commit:3", 3, 256 + SIGKILL},
        {"commits", 3, 0},
        {"commit:0", 3, 0},
        {"commit:x", 3, 0},
        {"commit:1:nonsense", 3, 0},
        {"commit:1:enospc", 1, -NT_EFULL},
        {"commit:1:enospc", 5, -NT_EFULL},
        {"commit:2:eio", 1, 0},
        {"commit:2:eio", 2, -NT_EIO},
        {"commit:2:ebusy", 9, -NT_EBUSY},
        {"commit:1:corrupt", 1, -NT_ECORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(pass_in_child(cases[i].spec, cases[i].passes), cases[i].end);
}

/* How many of `tries` allocations fail, and which was the last to, in a child that has not allocated before. */
static int allocate_in_child(const char *spec, int tries)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        int failed = 0;
        setenv("NOTIFY_TWILIO_FAULT", spec, 1);
        for (int i = 1; i <= tries; i++) {
            void *p = mem_alloc(1);
            failed = p ? failed : failed + 16 * i + 1;
            mem_free(p);
        }
        _exit(failed);
    }
    int end;
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFEXITED(end));
    return WEXITSTATUS(end);
}

static void test_fault__memory_runs_out_once(void **state)
{
    (void)state;
    assert_int_equal(allocate_in_child("memory:1", 5), 16 * 1 + 1);
    assert_int_equal(allocate_in_child("memory:3", 5), 16 * 3 + 1);
    assert_int_equal(allocate_in_child("memory:6", 5), 0);
    assert_int_equal(allocate_in_child("memory:0", 5), 0);
    assert_int_equal(allocate_in_child("memory", 5), 0);
    assert_int_equal(allocate_in_child("commit:1:eio", 5), 0);
}

static void test_fault__another_specification_counts_anew(void **state)
{
    (void)state;
    setenv("NOTIFY_TWILIO_FAULT", "commit:2:eio", 1);
    assert_int_equal(fault_point("commit"), NT_OK);
    assert_int_equal(fault_point("commit"), NT_EIO);
    setenv("NOTIFY_TWILIO_FAULT", "commit:2:enospc", 1);
    assert_int_equal(fault_point("commit"), NT_OK);
    assert_int_equal(fault_point("commit"), NT_EFULL);
    unsetenv("NOTIFY_TWILIO_FAULT");
    assert_int_equal(fault_point("commit"), NT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault__dies_or_fails_where_it_is_told),
        cmocka_unit_test(test_fault__memory_runs_out_once),
        cmocka_unit_test(test_fault__another_specification_counts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* random: the form of a UUID, and that no two are equal. */
#include "base/random.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_random__uuid_is_version_4(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char uuid[UUID_SIZE];
        random_uuid(uuid);
        assert_int_equal(strlen(uuid), 36);
        for (int at = 0; at < 36; at++) {
            if (at == 8 || at == 13 || at == 18 || at == 23)
                assert_int_equal(uuid[at], '-');
            else
                assert_non_null(strchr("0123456789abcdef", uuid[at]));
        }
        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));
    }
}

static void test_random__differs(void **state)
{
    (void)state;
    char a[UUID_SIZE], b[UUID_SIZE];
    random_uuid(a);
    random_uuid(b);
    assert_string_not_equal(a, b);
    assert_true(random_u64() != random_u64());
    unsigned char block[1000] = {0}, seen = 0;
    random_bytes(block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++)
        seen |= block[i];
    assert_int_equal(seen, 255);
}

/* A sandbox in which getrandom() is forbidden. */
static bool forbid_getrandom(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

enum { FINE, NO_SANDBOX, NOT_DIFFERENT, MAKESHIFT_SECRET };

static void test_random__without_the_kernel_there_are_numbers_but_no_secrets(void **state)
{
    (void)state;
    unsigned char secret[16];
    assert_int_equal(random_secret(secret, sizeof secret), NT_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        if (!forbid_getrandom())
            _exit(NO_SANDBOX);
        if (random_u64() == random_u64())
            _exit(NOT_DIFFERENT);
        _exit(random_secret(secret, sizeof secret) == NT_EIO ? FINE : MAKESHIFT_SECRET);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random__uuid_is_version_4),
        cmocka_unit_test(test_random__differs),
        cmocka_unit_test(test_random__without_the_kernel_there_are_numbers_but_no_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

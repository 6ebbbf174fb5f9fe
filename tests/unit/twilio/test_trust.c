/* trust: the folder first, then the bundle, and ca_file with either. */
#include "twilio/trust.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], bundle[96], own[96], hashed[96];

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/notify_twilio-trust-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(bundle, sizeof bundle, "%s/bundle.crt", folder);
    snprintf(own, sizeof own, "%s/own.pem", folder);
    snprintf(hashed, sizeof hashed, "%s/5ed36f99.0", folder);
    write_file(bundle, "bundle");
    write_file(own, "own");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(bundle);
    unlink(own);
    unlink(hashed);
    return rmdir(folder);
}

static void test_trust__prefers_the_hashed_folder(void **state)
{
    (void)state;
    write_file(hashed, "");
    struct trust t;
    assert_int_equal(trust_init(&t, folder, bundle, own), NT_OK);
    assert_string_equal(t.folder, folder);
    assert_string_equal(t.ca_file, own);
    assert_false(t.whole);
    assert_true(trust_widen(&t));
    assert_true(t.whole);
    assert_string_equal(buf_text(&t.both), "bundle\nown\n");
    assert_false(trust_widen(&t));
    trust_clean(&t);
}

static void test_trust__uses_the_bundle_without_such_a_folder(void **state)
{
    (void)state;
    const char *const folders[] = {folder, "/nonexistent", NULL};
    for (size_t i = 0; i < 3; i++) {
        struct trust t;
        assert_int_equal(trust_init(&t, folders[i], bundle, ""), NT_OK);
        assert_string_equal(t.folder, "");
        assert_true(t.whole);
        assert_string_equal(buf_text(&t.both), "");
        assert_false(trust_widen(&t));
        trust_clean(&t);
    }
}

static void test_trust__a_missing_file_leaves_the_other(void **state)
{
    (void)state;
    struct trust t;
    /* Named in the configuration, but not there: a warning. */
    assert_int_equal(trust_init(&t, NULL, bundle, "/nonexistent/ca.pem"), NT_OK);
    assert_string_equal(t.ca_file, "");
    trust_clean(&t);
    assert_int_equal(trust_init(&t, NULL, "/nonexistent/bundle", own), NT_OK);
    assert_string_equal(buf_text(&t.both), "own\n");
    trust_clean(&t);
    assert_int_equal(trust_init(&t, NULL, NULL, NULL), NT_OK);
    assert_string_equal(t.bundle, "");
    trust_clean(&t);
    trust_clean(&t);
}

static void test_trust__survives_missing_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        struct trust t;
        mem_fail_at(n);
        enum nt_status status = trust_init(&t, NULL, bundle, own);
        failed = mem_failed();
        mem_fail_at(0);
        assert_true(status == NT_OK || (failed && status == NT_ENOMEM));
        trust_clean(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trust__prefers_the_hashed_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trust__uses_the_bundle_without_such_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trust__a_missing_file_leaves_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trust__survives_missing_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

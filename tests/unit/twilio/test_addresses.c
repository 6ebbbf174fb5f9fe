/* addresses: few, latest first, kept in a file that nobody needs. */
#include "twilio/addresses.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/notify_twilio-addresses-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/addresses", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void assert_file(const char *expected)
{
    char text[4096] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    assert_string_equal(text, expected);
}

static void assert_found(struct addresses *a, const char *host, int port, const char *expected)
{
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(addresses_find(a, host, port, &out), NT_OK);
    assert_string_equal(buf_text(&out), expected);
    buf_clean(&out);
}

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static void test_addresses__remembers_the_latest_first(void **state)
{
    (void)state;
    struct addresses a;
    assert_int_equal(addresses_init(&a, ""), NT_OK);
    assert_found(&a, "api.twilio.com", 443, "");
    addresses_note(&a, "api.twilio.com", 443, "192.0.2.1");
    addresses_note(&a, "api.twilio.com", 443, "2001:db8::1");
    addresses_note(&a, "API.twilio.com", 443, "192.0.2.3");
    assert_found(&a, "api.twilio.com", 443, "192.0.2.3,[2001:db8::1],192.0.2.1");
    assert_found(&a, "api.twilio.com", 444, "");
    addresses_note(&a, "api.twilio.com", 443, "192.0.2.1");
    assert_found(&a, "api.twilio.com", 443, "192.0.2.1,192.0.2.3,[2001:db8::1]");
    addresses_note(&a, "api.twilio.com", 443, "192.0.2.4");
    addresses_note(&a, "api.twilio.com", 443, "192.0.2.5");
    assert_found(&a, "api.twilio.com", 443, "192.0.2.5,192.0.2.4,192.0.2.1,192.0.2.3");
    addresses_clean(&a);
}

static void test_addresses__the_oldest_host_gives_way(void **state)
{
    (void)state;
    struct addresses a;
    assert_int_equal(addresses_init(&a, NULL), NT_OK);
    for (int i = 0; i < ADDRESSES_HOSTS + 1; i++) {
        char host[32];
        snprintf(host, sizeof host, "host%d", i);
        addresses_note(&a, host, 443, "192.0.2.1");
    }
    assert_int_equal(a.n, ADDRESSES_HOSTS);
    assert_found(&a, "host0", 443, "");
    assert_found(&a, "host1", 443, "192.0.2.1");
    addresses_clean(&a);
}

static void test_addresses__keeps_them_in_a_file(void **state)
{
    (void)state;
    struct addresses a;
    assert_int_equal(addresses_init(&a, path), NT_OK);
    addresses_note(&a, "one", 443, "192.0.2.1");
    addresses_note(&a, "two", 8443, "2001:db8::1");
    addresses_note(&a, "two", 8443, "192.0.2.2");
    addresses_save(&a, now_ms());
    assert_file("two 8443 192.0.2.2\ntwo 8443 2001:db8::1\none 443 192.0.2.1\n");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    addresses_clean(&a);

    assert_int_equal(addresses_init(&a, path), NT_OK);
    assert_found(&a, "two", 8443, "192.0.2.2,[2001:db8::1]");
    assert_found(&a, "one", 443, "192.0.2.1");
    /* Known already: the file is left alone, at any time. */
    addresses_note(&a, "two", 8443, "192.0.2.2");
    assert_false(a.changed);
    addresses_clean(&a);
}

static void test_addresses__writes_once_a_minute(void **state)
{
    (void)state;
    struct addresses a;
    write_file("one 443 192.0.2.1\n");
    assert_int_equal(addresses_init(&a, path), NT_OK);
    addresses_note(&a, "one", 443, "192.0.2.2");
    addresses_save(&a, now_ms() + 1000);
    assert_file("one 443 192.0.2.1\n");
    addresses_save(&a, now_ms() + 61000);
    assert_file("one 443 192.0.2.2\none 443 192.0.2.1\n");
    /* A clock that was ahead must not freeze it. */
    addresses_note(&a, "one", 443, "192.0.2.3");
    addresses_save(&a, now_ms() - 100000);
    assert_file("one 443 192.0.2.3\none 443 192.0.2.2\none 443 192.0.2.1\n");
    addresses_clean(&a);
}

static void test_addresses__reads_a_damaged_file(void **state)
{
    (void)state;
    write_file("\n\none 443\ntwo x 192.0.2.1\nthree 99999 192.0.2.1\nfour 443 not-an-ip\nfi/ve 443 192.0.2.1\n"
               "six 443 192.0.2.1 more\n\xff\xfe\nseven 443 192.0.2.7\nno newline 1");
    struct addresses a;
    assert_int_equal(addresses_init(&a, path), NT_OK);
    assert_found(&a, "seven", 443, "192.0.2.7");
    assert_int_equal(a.n, 1);
    addresses_clean(&a);
}

static void test_addresses__takes_only_names_and_addresses(void **state)
{
    (void)state;
    struct addresses a;
    assert_int_equal(addresses_init(&a, ""), NT_OK);
    addresses_note(&a, "127.0.0.1", 443, "127.0.0.1");
    addresses_note(&a, "[::1]", 443, "::1");
    addresses_note(&a, "", 443, "192.0.2.1");
    addresses_note(&a, "a b", 443, "192.0.2.1");
    addresses_note(&a, "a", 443, "");
    addresses_note(&a, "a", 443, "192.0.2.1\n");
    assert_int_equal(a.n, 0);
    addresses_clean(&a);
}

static void test_addresses__a_folder_that_is_not_there_does_no_harm(void **state)
{
    (void)state;
    struct addresses a;
    assert_int_equal(addresses_init(&a, "/nonexistent/folder/addresses"), NT_OK);
    addresses_note(&a, "one", 443, "192.0.2.1");
    addresses_save(&a, now_ms());
    assert_found(&a, "one", 443, "192.0.2.1");
    addresses_clean(&a);
}

/* A folder stands where the file belongs: nothing is left beside it, and the addresses are still known. */
static void test_addresses__what_cannot_be_replaced_stays_in_memory(void **state)
{
    (void)state;
    struct addresses a;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(addresses_init(&a, path), NT_OK);
    addresses_note(&a, "one", 443, "192.0.2.1");
    addresses_save(&a, now_ms() + 61000);
    assert_found(&a, "one", 443, "192.0.2.1");
    addresses_clean(&a);
    assert_int_equal(rmdir(path), 0); /* and remove_folder() finds nothing else */
}

static void test_addresses__survives_missing_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        write_file("one 443 192.0.2.1\n");
        struct addresses a;
        struct buf out;
        buf_init(&out, 100);
        mem_fail_at(n);
        enum nt_status status = addresses_init(&a, path);
        if (status == NT_OK) {
            addresses_note(&a, "one", 443, "192.0.2.2");
            addresses_save(&a, now_ms() + 61000);
            status = addresses_find(&a, "one", 443, &out);
        }
        failed = mem_failed();
        mem_fail_at(0);
        assert_true(status == NT_OK || (failed && status == NT_ENOMEM));
        buf_clean(&out);
        addresses_clean(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses__remembers_the_latest_first),
        cmocka_unit_test(test_addresses__the_oldest_host_gives_way),
        cmocka_unit_test_setup_teardown(test_addresses__keeps_them_in_a_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_addresses__writes_once_a_minute, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_addresses__reads_a_damaged_file, make_folder, remove_folder),
        cmocka_unit_test(test_addresses__takes_only_names_and_addresses),
        cmocka_unit_test(test_addresses__a_folder_that_is_not_there_does_no_harm),
        cmocka_unit_test_setup_teardown(test_addresses__what_cannot_be_replaced_stays_in_memory, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_addresses__survives_missing_memory, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

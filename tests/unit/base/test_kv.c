/* kv: order, replacement, the packed form, many keys and unfriendly ones. */
#include "base/kv.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const struct kv *kv, const char *joined)
{
    char text[400] = "";
    for (size_t i = 0; i < kv->n; i++) {
        assert_int_equal(kv->pair[i].value_len, strlen(kv->pair[i].value));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%s;", kv->pair[i].key, kv->pair[i].value);
    }
    assert_string_equal(text, joined);
}

static void test_kv__the_last_put_wins_in_its_place(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    assert_null(kv_get(&kv, "A"));
    assert_string_equal(kv_text(&kv, "A"), "");
    assert_int_equal(kv_put(&kv, "A", "1"), NT_OK);
    assert_int_equal(kv_put(&kv, "B", ""), NT_OK);
    assert_int_equal(kv_put(&kv, "AB", "3"), NT_OK);
    assert_int_equal(kv_put(&kv, "A", "a longer value"), NT_OK);
    assert_int_equal(kv_default(&kv, "B", "not taken"), NT_OK);
    assert_int_equal(kv_default(&kv, "C", "taken"), NT_OK);
    expect(&kv, "A=a longer value;B=;AB=3;C=taken;");
    assert_string_equal(kv_get(&kv, "B"), "");
    assert_string_equal(kv_getn(&kv, "ABC", 2), "3");
    assert_null(kv_getn(&kv, "ABC", 3));
    /* A value may come from the list itself. */
    assert_int_equal(kv_put(&kv, "A", kv_get(&kv, "A")), NT_OK);
    assert_int_equal(kv_put(&kv, "D", kv_get(&kv, "C")), NT_OK);
    expect(&kv, "A=a longer value;B=;AB=3;C=taken;D=taken;");
    kv_clean(&kv);
    assert_null(kv_get(&kv, "A"));
}

static void test_kv__what_cannot_be_packed_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        size_t key_len;
        const char *value;
        size_t value_len;
        enum nt_status status;
    } cases[] = {
        {"", 0, "x", 1, NT_EINVAL},     {"a=b", 3, "x", 1, NT_EINVAL},  {"=", 1, "", 0, NT_EINVAL},
        {"a\0b", 3, "x", 1, NT_EINVAL}, {"a", 1, "x\0y", 3, NT_EINVAL}, {"a", 1, "x=y=", 4, NT_OK},
        {"a", 1, NULL, 0, NT_OK},       {"\xFF", 1, "\xFF", 1, NT_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kv kv;
        kv_init(&kv);
        assert_int_equal(kv_putn(&kv, cases[i].key, cases[i].key_len, cases[i].value, cases[i].value_len),
                         cases[i].status);
        assert_int_equal(kv.n, cases[i].status ? 0 : 1);
        kv_clean(&kv);
    }
}

static void test_kv__unpack(void **state)
{
    (void)state;
#define PACKED(text) text, sizeof text - 1
    static const struct {
        const char *data;
        size_t len;
        const char *pairs; /* NULL: refused, and nothing changed */
    } cases[] = {
        {PACKED(""), ""},      {PACKED("A=1\0"), "A=1;"},  {PACKED("A=1\0B=\0A=x=y\0"), "A=x=y;B=;"},
        {PACKED("A=1"), NULL}, {PACKED("A=1\0B=2"), NULL}, {PACKED("A=1\0\0"), NULL},
        {PACKED("\0"), NULL},  {PACKED("=1\0"), NULL},     {PACKED("A=1\0B\0"), NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kv kv;
        kv_init(&kv);
        assert_int_equal(kv_put(&kv, "old", "kept"), NT_OK);
        enum nt_status status = kv_unpack(&kv, cases[i].data, cases[i].len);
        assert_int_equal(status, cases[i].pairs ? NT_OK : NT_EINVAL);
        expect(&kv, cases[i].pairs ? cases[i].pairs : "old=kept;");
        kv_clean(&kv);
    }
}

static void test_kv__packing_is_the_way_back(void **state)
{
    (void)state;
    struct kv a, b, c;
    struct buf packed;
    kv_init(&a);
    kv_init(&b);
    kv_init(&c);
    buf_init(&packed, 100);
    assert_int_equal(kv_put(&a, "HOST", "web01"), NT_OK);
    assert_int_equal(kv_put(&a, "TEXT", "two\nlines = more"), NT_OK);
    assert_int_equal(kv_put(&a, "NONE", ""), NT_OK);
    assert_int_equal(kv_pack(&a, &packed), NT_OK);
    assert_int_equal(packed.len, 11 + 22 + 6);
    assert_int_equal(kv_unpack(&b, packed.data, packed.len), NT_OK);
    expect(&b, "HOST=web01;TEXT=two\nlines = more;NONE=;");
    assert_int_equal(kv_put(&c, "old", "gone"), NT_OK);
    assert_int_equal(kv_copy(&c, &b), NT_OK);
    kv_clean(&b);
    expect(&c, "HOST=web01;TEXT=two\nlines = more;NONE=;");
    /* No room for all: nothing of it. */
    buf_truncate(&packed, 0);
    packed.max = 30;
    assert_int_equal(kv_pack(&a, &packed), NT_ETOOBIG);
    assert_int_equal(packed.len, 0);
    kv_clean(&a);
    kv_clean(&c);
    buf_clean(&packed);
}

/* Ten thousand macros, and as many keys that differ only where FNV-1a's low bits do not look. */
static void test_kv__many_keys_are_quick(void **state)
{
    (void)state;
    static const char *const forms[] = {"NAGIOS__SERVICE%d", "%dxxxxxxxxxxxxxxxxxxxxxxxx", "k%08x00000000"};
    int64_t start = clock_boot(clock_system());
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        struct kv kv;
        char key[64];
        kv_init(&kv);
        for (int round = 0; round < 2; round++)
            for (int i = 0; i < 10000; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                snprintf(key, sizeof key, forms[form], i * 4096);
#pragma GCC diagnostic pop
                if (!round)
                    assert_int_equal(kv_put(&kv, key, key), NT_OK);
                else
                    assert_string_equal(kv_get(&kv, key), key);
            }
        assert_int_equal(kv.n, 10000);
        kv_clean(&kv);
    }
    assert_true(clock_boot(clock_system()) - start < 3000); /* quadratic would be minutes */
}

static void test_kv__out_of_memory_changes_nothing(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct kv kv, copy;
        kv_init(&kv);
        kv_init(&copy);
        assert_int_equal(kv_put(&copy, "old", "kept"), NT_OK);
        mem_fail_at(n);
        enum nt_status status = NT_OK;
        size_t good = 0;
        for (int i = 0; i < 40 && !status; i++) {
            char key[16];
            snprintf(key, sizeof key, "k%d", i);
            status = kv_put(&kv, key, "v");
            good += !status;
        }
        if (!status)
            status = kv_put(&kv, "k0", "new");
        enum nt_status copied = status ? status : kv_copy(&copy, &kv);
        enum nt_status unpacked = copied ? copied : kv_unpack(&copy, "A=1\0B=2\0", 8);
        mem_fail_at(0);
        assert_int_equal(unpacked, mem_failed() ? NT_ENOMEM : NT_OK);
        assert_int_equal(kv.n, good);
        if (good)
            assert_string_equal(kv_get(&kv, "k0"), status ? "v" : "new");
        if (copied)
            expect(&copy, "old=kept;");
        else if (unpacked)
            assert_int_equal(copy.n, 40);
        kv_clean(&kv);
        kv_clean(&copy);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kv__the_last_put_wins_in_its_place),
        cmocka_unit_test(test_kv__what_cannot_be_packed_is_refused),
        cmocka_unit_test(test_kv__unpack),
        cmocka_unit_test(test_kv__packing_is_the_way_back),
        cmocka_unit_test(test_kv__many_keys_are_quick),
        cmocka_unit_test(test_kv__out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

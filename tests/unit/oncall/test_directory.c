/* directory: exact before any case, the first of the file before later ones. */
#include "base/mem.h"
#include "oncall/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Texts that can be changed, as those of a loaded configuration. */
#define TEXT(s) ((char[]){s})

static char *alias[] = {TEXT("Boss"), TEXT("shared")}, *number_a[] = {TEXT("+15005550001"), TEXT("+15005550002")},
            *number_b[] = {TEXT("+15005550002")};

static struct config_contact contact[] = {
    {.name = TEXT("alice"), .aliases = {.item = alias, .n = 2}, .numbers = {.item = number_a, .n = 2}},
    {.name = TEXT("ALICE"), .numbers = {.item = number_b, .n = 1}},
    {.name = TEXT("")},
    {.name = TEXT("shared")},
};
static struct config_group group[] = {{.name = TEXT("ops")}, {.name = TEXT("alice")}, {.name = TEXT("Ops")}};
static const struct config config = {.contact = contact, .contacts = 4, .group = group, .groups = 3};

static void test_directory__finds_who_is_meant(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const struct config_contact *contact;
        const struct config_group *group;
    } row[] = {
        {"alice", &contact[0], NULL}, {"ALICE", &contact[1], NULL},  {"Alice", &contact[0], NULL},
        {"boss", &contact[0], NULL},  {"shared", &contact[0], NULL}, {"ops", NULL, &group[0]},
        {"Ops", NULL, &group[2]},     {"OPS", NULL, &group[0]},      {"", NULL, NULL},
        {"alic", NULL, NULL},         {"alicee", NULL, NULL},        {"zzz", NULL, NULL},
    };
    struct directory d;
    assert_int_equal(directory_init(&d, &config), NT_OK);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct entry *e = directory_find(&d, row[i].word);
        if ((e ? e->contact : NULL) != row[i].contact || (e ? e->group : NULL) != row[i].group)
            fail_msg("%s", row[i].word);
    }
    assert_ptr_equal(directory_owner(&d, "+15005550001"), &contact[0]);
    assert_ptr_equal(directory_owner(&d, "+15005550002"), &contact[0]);
    assert_null(directory_owner(&d, "+15005550003"));
    directory_clean(&d);
}

static void test_directory__of_nobody(void **state)
{
    (void)state;
    static const struct config nobody = {0};
    struct directory d;
    assert_int_equal(directory_init(&d, &nobody), NT_OK);
    assert_null(directory_find(&d, "alice"));
    assert_null(directory_owner(&d, "+15005550001"));
    directory_clean(&d);
    directory_clean(&d);
}

static void test_directory__no_memory_is_told(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        struct directory d;
        mem_fail_at(n);
        enum nt_status status = directory_init(&d, &config);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        if (!status)
            directory_clean(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directory__finds_who_is_meant),
        cmocka_unit_test(test_directory__of_nobody),
        cmocka_unit_test(test_directory__no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

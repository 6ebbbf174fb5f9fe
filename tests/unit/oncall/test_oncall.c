/* oncall: who is paged for a WHO, in which order, and what is said of those who are not. */
#include "base/mem.h"
#include "config/load.h"
#include "oncall/oncall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char people[] =
    "twilio: {account_sid: AC00000000000000000000000000000000, auth_token: abcd, senders: [{from: ALERTS}]}\n"
    "contacts:\n"
    "  - {name: alice, aliases: [alice@example.org], numbers: ['+15005550001', '+15005550011', '+15005550021']}\n"
    "  - {name: bob, numbers: ['+15005550002'], routine: false}\n"
    "  - {name: carol, numbers: []}\n"
    "  - {name: twin, numbers: ['+15005550001']}\n"
    "  - {name: Dave Smith, numbers: ['+15005550004']}\n"
    "groups:\n"
    "  - {name: ops, members: [alice, bob, '+15005550009']}\n"
    "  - {name: all, members: [ops, twin, Dave Smith, carol]}\n"
    "  - {name: nested, members: [all, ops, alice]}\n"
    "  - {name: quiet, members: [bob]}\n"
    "  - {name: unreachable, members: [carol]}\n"
    "  - {name: empty, members: []}\n";

static struct config *read_config(const char *more)
{
    char path[] = "/tmp/nt-oncall-XXXXXX", text[8192];
    struct problems p;
    struct config *c = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    int n = snprintf(text, sizeof text, "%s%s", people, more);
    assert_int_equal(write(fd, text, (size_t)n), n);
    close(fd);
    problems_init(&p);
    assert_int_equal(config_load(path, &c, &p), NT_OK);
    if (p.n)
        fail_msg("%s", p.item[0].message);
    problems_clean(&p);
    unlink(path);
    return c;
}

/* who: its words parted by '|'. got: the numbers, with '=' and the contact where there is one. */
static enum nt_status resolve(const struct config *c, const char *words, bool routine, struct buf *got, bool *muted,
                              struct buf *notes)
{
    struct strlist who;
    struct recipients r;
    strlist_init(&who);
    recipients_init(&r);
    while (*words) {
        size_t n = strcspn(words, "|");
        enum nt_status added = strlist_addn(&who, words, n);
        if (added) {
            strlist_clean(&who);
            return added;
        }
        words += n + (words[n] == '|');
    }
    enum nt_status status = oncall_resolve(c, &who, routine, &r, muted, notes);
    for (size_t i = 0; i < r.n; i++)
        buf_addf(got, "%s%s%s%s", i ? " " : "", r.item[i].number + 1, r.item[i].contact ? "=" : "",
                 r.item[i].contact ? r.item[i].contact->name : "");
    strlist_clean(&who);
    recipients_clean(&r);
    return status;
}

#define A "15005550001=alice"
#define B "15005550002=bob"
#define D "15005550004=Dave Smith"
#define N "15005550009"

static const struct {
    const char *who;
    bool routine;
    const char *got; /* "": nobody */
    const char *note;
} row[] = {
    /* names, aliases, groups, numbers */
    {"alice", false, A, ""},
    {"ALICE", false, A, ""},
    {"alice@example.org", false, A, ""},
    {"Alice@Example.org", false, A, ""},
    {"ops", false, A " " B " " N, ""},
    {"OPS", false, A " " B " " N, ""},
    {"+15005550009", false, N, ""},
    {"+15005550001", false, A, ""},
    {"+15005550011", false, "15005550011=alice", ""},
    {"Dave Smith", false, D, ""},
    {" alice ", false, A, ""},
    /* the same number is paged once; the first that asked for it has it */
    {"alice|alice", false, A, ""},
    {"alice|+15005550001", false, A, ""},
    {"twin|alice", false, "15005550001=twin", ""},
    {"alice|+15005550011", false, A " 15005550011=alice", ""},
    {"nested", false, A " " B " " N " " D, "carol is not paged: no number"},
    {"all|ops|nested", false, A " " B " " N " " D, "carol is not paged"},
    /* pager fields */
    {"alice,bob", false, A " " B, ""},
    {"alice;bob , Dave Smith", false, A " " B " " D, ""},
    {",;,alice,,", false, A, ""},
    {"alice bob", false, A " " B, ""},
    {"alice Dave Smith bob", false, A " " D " " B, ""},
    {"+49 151 234567", false, "49151234567", ""},
    {"+49 (151) 23-45.67", false, "49151234567", ""},
    {"0049 151 234567", false, "49151234567", ""},
    {"+49 151 234567 +49 151 765432", false, "49151234567 49151765432", ""},
    {"+49 151 234567,+49 151 765432", false, "49151234567 49151765432", ""},
    {"+49151234567 alice", false, "49151234567 " A, ""},
    {"+15005550009 +15005550001", false, N " " A, ""},
    {"+15005550009/+15005550001", false, "", "'+15005550009/+15005550001' is no contact"},
    {"alice\tbob\nDave Smith", false, A " " B " " D, ""},
    /* what means nothing is told, and the rest goes */
    {"alice|nobody", false, A, "'nobody' is no contact, alias, group or number"},
    {"alice, nobody here", false, A, "'nobody here' is no contact"},
    {"alice nobody", false, A, "'nobody' is no contact"},
    {"0151 234567", false, "", "'0151 234567' is no contact"},
    {"+1500CALLME", false, "", "'+1500CALLME' is no contact"},
    {"12345", false, "", "with its country code"},
    {"", false, "", ""},
    {" , ", false, "", ""},
    {"carol", false, "", "carol is not paged: no number"},
    {"empty", false, "", "nobody is in the group empty"},
    /* routine problems */
    {"bob", true, "", "bob is not paged: no routine problems"},
    {"bob", false, B, ""},
    {"+15005550002", true, "", "bob is not paged"},
    {"ops", true, A " " N, "bob is not paged"},
};

static void test_oncall__who_is_paged(void **state)
{
    (void)state;
    struct config *c = read_config("");
    int bad = 0;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct buf got, notes;
        buf_init(&got, 4096);
        buf_init(&notes, 4096);
        enum nt_status status = resolve(c, row[i].who, row[i].routine, &got, NULL, &notes);
        if (strcmp(buf_text(&got), row[i].got) || status != (*row[i].got ? NT_OK : NT_ENOBODY) ||
            !strstr(buf_text(&notes), row[i].note) || (!*row[i].note && notes.len)) {
            bad++;
            print_error("%s: status %d, %s; %s\n", row[i].who, status, buf_text(&got), buf_text(&notes));
        }
        buf_clean(&got);
        buf_clean(&notes);
    }
    assert_int_equal(bad, 0);
    config_free(c);
}

static void test_oncall__further_numbers_are_for_failover(void **state)
{
    (void)state;
    static const struct {
        const char *who, *others;
    } rows[] = {
        {"alice", "+15005550011 +15005550021 "},
        {"+15005550011", "+15005550001 +15005550021 "},
        {"twin", ""},
        {"+15005550009", ""},
    };
    struct config *c = read_config("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strlist who;
        struct recipients r;
        struct buf others;
        strlist_init(&who);
        recipients_init(&r);
        buf_init(&others, 4096);
        assert_int_equal(strlist_add(&who, rows[i].who), NT_OK);
        assert_int_equal(oncall_resolve(c, &who, false, &r, NULL, NULL), NT_OK);
        assert_int_equal(r.n, 1);
        for (size_t k = 0; k < r.item[0].others.n; k++)
            buf_addf(&others, "%s ", r.item[0].others.item[k]);
        assert_string_equal(buf_text(&others), rows[i].others);
        buf_clean(&others);
        strlist_clean(&who);
        recipients_clean(&r);
    }
    config_free(c);
}

/* Only when nothing means anybody; muted tells whether it was only routine: false that left nobody. */
static void test_oncall__fallback_and_muting(void **state)
{
    (void)state;
    static const struct {
        const char *fallback, *who;
        bool routine;
        const char *got;
        bool muted, told;
    } rows[] = {
        {"[alice]", "nobody", false, A, false, true},
        {"[alice]", "", false, A, false, true},
        {"[alice]", "empty", false, A, false, true},
        {"[alice]", "nobody|+1500CALLME", false, A, false, true},
        {"[ops]", "nobody", true, A " " N, false, true},
        {"[alice]", "nobody|bob", false, B, false, false},
        {"[alice]", "carol", false, "", false, false},
        {"[alice]", "unreachable", false, "", false, false},
        {"[alice]", "nobody|carol", false, "", false, false},
        {"[alice]", "bob", true, "", true, false},
        {"[alice]", "quiet", true, "", true, false},
        {"[alice]", "bob|+15005550002", true, "", true, false},
        {"[alice]", "bob|carol", true, "", false, false},
        {"[alice]", "bob|nobody", true, "", false, false},
        {"[bob]", "nobody", true, "", false, true},
        {"[]", "nobody", false, "", false, false},
        {"[]", "", false, "", false, false},
        {"[carol]", "nobody", false, "", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char more[128];
        struct buf got, notes;
        bool muted = true;
        buf_init(&got, 4096);
        buf_init(&notes, 4096);
        snprintf(more, sizeof more, "fallback: %s\n", rows[i].fallback);
        struct config *c = read_config(more);
        enum nt_status status = resolve(c, rows[i].who, rows[i].routine, &got, &muted, &notes);
        bool told = strstr(buf_text(&notes), "the fallback is used") != NULL;
        if (strcmp(buf_text(&got), rows[i].got) || status != (*rows[i].got ? NT_OK : NT_ENOBODY) ||
            muted != rows[i].muted || told != rows[i].told)
            fail_msg("%s for %s: %s %d; %s", rows[i].fallback, rows[i].who, buf_text(&got), muted, buf_text(&notes));
        buf_clean(&got);
        buf_clean(&notes);
        config_free(c);
    }
}

/* Texts that can be changed, as those of a loaded configuration. */
#define TEXT(s) ((char[]){s})

static char *ab[] = {TEXT("b"), TEXT("a"), TEXT("+15005550001")},
            *ba[] = {TEXT("a"), TEXT("b"), TEXT("+15005550002"), TEXT("unknown")};
static struct config_group group[] = {{.name = TEXT("a"), .members = {.item = ab, .n = 3}},
                                      {.name = TEXT("b"), .members = {.item = ba, .n = 4}}};

/* The configuration has no circles left in it; one that somehow had would not hang anything either. */
static void test_oncall__circles_end(void **state)
{
    (void)state;
    static const struct config c = {.group = group, .groups = 2};
    struct buf got, notes;
    buf_init(&got, 4096);
    buf_init(&notes, 4096);
    assert_int_equal(resolve(&c, "a|b", false, &got, NULL, &notes), NT_OK);
    assert_string_equal(buf_text(&got), "15005550002 15005550001");
    assert_string_equal(buf_text(&notes), "'unknown', a member of the group b, means nobody\n");
    buf_clean(&got);
    buf_clean(&notes);
}

/* A pager field of any length is looked at within bounds, and notes that are full stop nothing. */
static void test_oncall__long_fields(void **state)
{
    (void)state;
    struct config *c = read_config("");
    struct buf who, got, notes;
    buf_init(&who, 1 << 20);
    buf_init(&got, 4096);
    buf_init(&notes, 100);
    for (int i = 0; i < 1000; i++)
        buf_adds(&who, "some word ");
    buf_adds(&who, ", alice,");
    while (who.len < 200000)
        buf_addc(&who, 'x');
    assert_int_equal(resolve(c, buf_text(&who), false, &got, NULL, &notes), NT_OK);
    assert_string_equal(buf_text(&got), A);
    buf_clean(&who);
    buf_clean(&got);
    buf_clean(&notes);
    config_free(c);
}

static void test_oncall__adds_to_what_is_there(void **state)
{
    (void)state;
    struct config *c = read_config("");
    struct strlist who;
    struct recipients r;
    strlist_init(&who);
    recipients_init(&r);
    assert_int_equal(strlist_add(&who, "alice"), NT_OK);
    assert_int_equal(oncall_resolve(c, &who, false, &r, NULL, NULL), NT_OK);
    assert_int_equal(strlist_add(&who, "ops"), NT_OK);
    assert_int_equal(oncall_resolve(c, &who, false, &r, NULL, NULL), NT_OK);
    assert_int_equal(r.n, 3);
    strlist_clean(&who);
    recipients_clean(&r);
    config_free(c);
}

static void test_oncall__no_memory_is_told(void **state)
{
    (void)state;
    static const char *const who[] = {"nested|+15005550055|nobody and alice", "nobody"};
    struct config *c = read_config("fallback: [all]\n");
    for (size_t i = 0; i < 2; i++) {
        bool failed = true;
        for (unsigned long n = 1; failed; n++) {
            struct buf got, notes;
            buf_init(&got, 4096);
            buf_init(&notes, 4096);
            buf_addc(&got, ' '); /* so that the test's own text needs no more memory */
            mem_fail_at(n);
            enum nt_status status = resolve(c, who[i], false, &got, NULL, &notes);
            failed = mem_failed();
            mem_fail_at(0);
            if (failed && buf_status(&got) != NT_ENOMEM)
                assert_int_equal(status, NT_ENOMEM);
            if (!failed)
                assert_int_equal(status, NT_OK);
            if (status)
                assert_int_equal(got.len, 1);
            buf_clean(&got);
            buf_clean(&notes);
        }
    }
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oncall__who_is_paged),
        cmocka_unit_test(test_oncall__further_numbers_are_for_failover),
        cmocka_unit_test(test_oncall__fallback_and_muting),
        cmocka_unit_test(test_oncall__circles_end),
        cmocka_unit_test(test_oncall__long_fields),
        cmocka_unit_test(test_oncall__adds_to_what_is_there),
        cmocka_unit_test(test_oncall__no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* zabbix_message: where a value ends, what says nothing, and what a subject's first word means. */
#include "ingest/zabbix_message.h"

#include "given.h"

static void join(const struct kv *kv, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < kv->n; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s=%s;", kv->pair[i].key, kv->pair[i].value);
}

static const struct {
    const char *message, *macros, *rest;
} rows[] = {
    {"HOST.NAME=web01\nEVENT.ID=3", "HOST.NAME=web01;EVENT.ID=3;", ""},
    {"HOST.NAME=web01\r\nEVENT.ID=3\r\n\r\n", "HOST.NAME=web01;EVENT.ID=3;", ""},
    {"EVENT.OPDATA=one\ntwo\n\nthree\nEVENT.ID=3", "EVENT.OPDATA=one\ntwo\n\nthree;EVENT.ID=3;", ""},
    {"EVENT.OPDATA=one\r\ntwo\r\nEVENT.ID=3", "EVENT.OPDATA=one\ntwo;EVENT.ID=3;", ""},
    /* What says nothing. */
    {"HOST.NAME=*UNKNOWN*\nEVENT.UPDATE.ACTION={EVENT.UPDATE.ACTION}\nRUNBOOK={$RUNBOOK}\nEVENT.ID=",
     "HOST.NAME=;EVENT.UPDATE.ACTION=;RUNBOOK=;EVENT.ID=;", ""},
    {"HOST.NAME=web {HOST.IP}\nEVENT.OPDATA={\"load\": 7}\nITEM.ID={}\nX.Y={{ITEM.VALUE}.regsub(a)}",
     "HOST.NAME=web {HOST.IP};EVENT.OPDATA={\"load\": 7};ITEM.ID={};X.Y=;", ""},
    /* Names without a dot: the template's between other names, text within a value of many lines. */
    {"NOTIFIED=2026.11.23 09:32:46\nRUNBOOK=https://w/?a=1\nEVENT.ID=3",
     "NOTIFIED=2026.11.23 09:32:46;RUNBOOK=https://w/?a=1;EVENT.ID=3;", ""},
    {"EVENT.OPDATA=env:\nlang\nFOO=bar\nmore\nEVENT.ID=3", "EVENT.OPDATA=env:\nlang\nFOO=bar\nmore;EVENT.ID=3;", ""},
    {"EVENT.OPDATA=env:\nlang\nNOTIFIED=now", "EVENT.OPDATA=env:\nlang;NOTIFIED=now;", ""},
    /* What was said already cannot be said again by a comment. */
    {"HOST.NAME=web01\nEVENT.UPDATE.MESSAGE=see\nHOST.NAME=evil\nEVENT.ID=3",
     "HOST.NAME=web01;EVENT.UPDATE.MESSAGE=see\nHOST.NAME=evil;EVENT.ID=3;", ""},
    {"HOST.NAME=a\nHOST.NAME=b", "HOST.NAME=a\nHOST.NAME=b;", ""},
    /* Not names. */
    {"EVENT.ID=3\nhost.name=x\nHost=x\n=x\nHOST NAME=x\n.X=1\nX.=1\n3.X=1",
     "EVENT.ID=3\nhost.name=x\nHost=x\n=x\nHOST NAME=x\n.X=1\nX.=1\n3.X=1;", ""},
    /* Text before the first name, and texts without one. */
    {"Good morning\n\nHOST.NAME=web01", "HOST.NAME=web01;", "Good morning"},
    {"status=PROBLEM\nvalue=1\n", "", "status=PROBLEM\nvalue=1"},
    {"", "", ""},
    {"\n\n", "", ""},
    {"=", "", "="},
    {"A=", "A=;", ""},
    {"_X.Y=1", "_X.Y=1;", ""},
    /* Zabbix's own templates. */
    {"Problem started at 09:32:46 on 2026.11.23\r\nProblem name: 5xx rate\r\nHost: Web server 1\r\nSeverity: High\r\n"
     "Operational data: 12 %\r\nOriginal problem ID: 3\r\n",
     "EVENT.NAME=5xx rate;HOST.NAME=Web server 1;EVENT.SEVERITY=High;EVENT.OPDATA=12 %;EVENT.ID=3;",
     "Problem started at 09:32:46 on 2026.11.23\nProblem name: 5xx rate\nHost: Web server 1\nSeverity: High\n"
     "Operational data: 12 %\nOriginal problem ID: 3"},
    {"Host: a\nHost: b\nHost:c\nOperational data: *UNKNOWN*", "HOST.NAME=a;EVENT.OPDATA=;",
     "Host: a\nHost: b\nHost:c\nOperational data: *UNKNOWN*"},
    {"Host: spoof\nHOST.NAME=web01", "HOST.NAME=web01;", "Host: spoof"},
};

static void test_zabbix_message__reads_lines_and_leaves_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kv macros;
        struct buf rest;
        char joined[1000];
        kv_init(&macros);
        buf_init(&rest, 10000);
        assert_int_equal(zabbix_message_read(rows[i].message, &macros, &rest), NT_OK);
        join(&macros, joined, sizeof joined);
        assert_string_equal(joined, rows[i].macros);
        assert_string_equal(buf_text(&rest), rows[i].rest);
        kv_clean(&macros);
        buf_clean(&rest);
    }
}

static void test_zabbix_message__a_subject_says_what_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        enum zabbix_kind kind;
        const char *text, *age;
    } subjects[] = {
        {"Problem: 5xx rate", ZABBIX_PROBLEM, "5xx rate", ""},
        {"PROBLEM: 5xx: rate", ZABBIX_PROBLEM, "5xx: rate", ""},
        {"Resolved in 1d 2h 3m: 5xx rate", ZABBIX_RECOVERY, "5xx rate", "1d 2h 3m"},
        {"Resolved: 5xx rate", ZABBIX_RECOVERY, "5xx rate", ""},
        {"Updated problem in 5m: 5xx rate", ZABBIX_UPDATE, "5xx rate", "5m"},
        {"Updated: 5xx rate", ZABBIX_UPDATE, "5xx rate", ""},
        {"[OK] 5xx rate", ZABBIX_RECOVERY, "5xx rate", ""},
        {"[PROBLEM]: 5xx rate", ZABBIX_PROBLEM, "5xx rate", ""},
        {"Acknowledged: 5xx rate", ZABBIX_UPDATE, "5xx rate", ""},
        {"Resolved High web01: 5xx rate", ZABBIX_RECOVERY, "Resolved High web01: 5xx rate", ""},
        {"Problem with disk: sda", ZABBIX_PROBLEM, "Problem with disk: sda", ""},
        {"Recovery plan is old: 3 years", ZABBIX_UNSAID, "Recovery plan is old: 3 years", ""},
        {"Updated packages: 5", ZABBIX_UNSAID, "Updated packages: 5", ""},
        {"Problematic load", ZABBIX_UNSAID, "Problematic load", ""},
        {"5xx rate", ZABBIX_UNSAID, "5xx rate", ""},
        {"Problem", ZABBIX_PROBLEM, "Problem", ""},
        {"Problem:", ZABBIX_PROBLEM, "", ""},
        {"Resolved in : x", ZABBIX_RECOVERY, "Resolved in : x", ""},
        {"", ZABBIX_UNSAID, "", ""},
        {"Resolved in 11111111111111111111111111111111111111111111111111111111111: x", ZABBIX_RECOVERY,
         "Resolved in 11111111111111111111111111111111111111111111111111111111111: x", ""},
    };
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct zabbix_subject s;
        zabbix_subject_read(subjects[i].subject, &s);
        assert_int_equal(s.kind, subjects[i].kind);
        assert_string_equal(s.text, subjects[i].text);
        assert_string_equal(s.age, subjects[i].age);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zabbix_message__reads_lines_and_leaves_text),
        cmocka_unit_test(test_zabbix_message__a_subject_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

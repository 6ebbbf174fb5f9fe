/* zone: TZif files made here byte by byte, standing rules, and the C library as the judge of the real ones. */
#include "fixture.h"

#include "template/days.h"
#include "template/zone.h"
#include "template/zone_rule.h"

#include <time.h>

/* A TZif file in the making. */
struct tzif {
    unsigned char byte[2048];
    size_t n;
};

static void put(struct tzif *t, const void *data, size_t len)
{
    assert_true(t->n + len <= sizeof t->byte);
    memcpy(t->byte + t->n, data, len);
    t->n += len;
}

static void put_number(struct tzif *t, int64_t v, int width)
{
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
        unsigned char b = (unsigned char)((uint64_t)v >> shift);
        put(t, &b, 1);
    }
}

static void put_header(struct tzif *t, char version, int times, int types, int characters)
{
    static const char zeros[15];
    put(t, "TZif", 4);
    put(t, &version, 1);
    put(t, zeros, sizeof zeros);
    for (int i = 0; i < 3; i++)
        put_number(t, 0, 4);
    put_number(t, times, 4);
    put_number(t, types, 4);
    put_number(t, characters, 4);
}

/* Two changes: at 1000 to summer (+2 h), at 2000 to winter (+1 h); before them local mean time (+0:53:28). */
static void put_block(struct tzif *t, char version, int width)
{
    put_header(t, version, 2, 3, 13);
    put_number(t, 1000, width);
    put_number(t, 2000, width);
    put(t, "\1\2", 2);
    put_number(t, 3208, 4);
    put(t, "\0\0", 2);
    put_number(t, 7200, 4);
    put(t, "\1\4", 2);
    put_number(t, 3600, 4);
    put(t, "\0\11", 2);
    put(t, "LMT\0CEST\0CET", 13);
}

static void assert_local(const struct zone *z, int64_t seconds, const char *expected)
{
    char text[64];
    struct tm tm;
    zone_local(z, seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z %z", &tm);
    assert_string_equal(text, expected);
}

static void test_zone__listed_changes(void **state)
{
    (void)state;
    for (int version = 1; version <= 3; version++) {
        struct tzif t = {.n = 0};
        struct zone *z = NULL;
        put_block(&t, version == 1 ? '\0' : (char)('0' + version), 4);
        if (version > 1)
            put_block(&t, (char)('0' + version), 8);
        assert_int_equal(zone_parse(t.byte, t.n, &z), NT_OK);
        assert_local(z, 0, "1970-01-01 00:53:28 LMT +0053");
        assert_local(z, 999, "1970-01-01 01:10:07 LMT +0053");
        assert_local(z, 1000, "1970-01-01 02:16:40 CEST +0200");
        assert_local(z, 1999, "1970-01-01 02:33:19 CEST +0200");
        assert_local(z, 2000, "1970-01-01 01:33:20 CET +0100");
        assert_local(z, 1795399920, "2026-11-23 03:12:00 CET +0100");
        zone_free(z);
    }
}

static void test_zone__the_standing_rule_follows(void **state)
{
    struct tzif t = {.n = 0};
    struct zone *z = NULL;
    (void)state;
    put_block(&t, '2', 4);
    put_block(&t, '2', 8);
    put(&t, "\nCET-1CEST,M3.5.0,M10.5.0/3\n", 28);
    assert_int_equal(zone_parse(t.byte, t.n, &z), NT_OK);
    assert_local(z, 1500, "1970-01-01 02:25:00 CEST +0200");
    assert_local(z, 1774745999, "2026-03-29 01:59:59 CET +0100");
    assert_local(z, 1774746000, "2026-03-29 03:00:00 CEST +0200");
    assert_local(z, 1792889999, "2026-10-25 02:59:59 CEST +0200");
    assert_local(z, 1792890000, "2026-10-25 02:00:00 CET +0100");
    assert_local(z, INT64_C(32503680000), "3000-01-01 01:00:00 CET +0100");
    zone_free(z);
}

static void test_zone__rules(void **state)
{
    static const struct {
        const char *rule;
        int64_t seconds;
        bool summer;
    } table[] = {
        {"UTC0", 1795399920, false},
        {"<-03>3", 1795399920, false},
        {"EST5EDT,M3.2.0,M11.1.0", 1772953199, false}, /* 2026-03-08 02:00 EST */
        {"EST5EDT,M3.2.0,M11.1.0", 1772953200, true},
        {"EST5EDT,M3.2.0,M11.1.0", 1793512799, true}, /* 2026-11-01 02:00 EDT */
        {"EST5EDT,M3.2.0,M11.1.0", 1793512800, false},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1767225600, true},  /* 2026-01-01, southern summer */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1782864000, false}, /* 2026-07-01 */
        {"AAA0BBB,J60,J61", 1772330400, true},               /* 2026-03-01 02:00, the 60th day */
        {"AAA0BBB,59/0,60/0", 1772323200, true},
        {"<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", 1767225600, true},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 1782864000, false},
        {"AAA3BBB,M3.4.4/50,M10.4.4/50", 1774673999, false}, /* 50 hours after a Thursday's midnight */
        {"AAA3BBB,M3.4.4/50,M10.4.4/50", 1774674000, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct zone_rule rule;
        assert_int_equal(zone_rule_parse(table[i].rule, &rule), NT_OK);
        assert_int_equal(zone_rule_summer(&rule, table[i].seconds), table[i].summer);
    }
}

static void test_zone__broken_rules(void **state)
{
    static const char *const table[] = {"",
                                        "CET",
                                        "C1",
                                        "CET-1CEST",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.5.0,M10.5.0",
                                        "CET-1CEST,M3.6.0,M10.5.0",
                                        "CET-1CEST,M3.5.7,M10.5.0",
                                        "CET-1CEST,J0,J10",
                                        "CET-1CEST,366,10",
                                        "CET-1CEST,M3.5.0,M10.5.0/",
                                        "CET-1CEST,M3.5.0,M10.5.0x",
                                        "CET-999CEST,M3.5.0,M10.5.0",
                                        "CET-1:99",
                                        "<AB>1",
                                        "<ABC1",
                                        "ABCDEFGHIJKLMNOPQ1",
                                        "CET-12345"};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct zone_rule rule;
        assert_int_equal(zone_rule_parse(table[i], &rule), NT_EINVAL);
    }
}

static void test_zone__days(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 800000; day += 17) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        gmtime_r(&t, &tm);
        assert_int_equal(days_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday), day);
        assert_int_equal(weekday_of(day), tm.tm_wday);
        assert_int_equal(year_of(day * 86400), tm.tm_year + 1900);
    }
}

/* Every byte damaged in turn, and every length: an answer or a refusal, never more. */
static void test_zone__damaged_files(void **state)
{
    struct tzif t = {.n = 0};
    struct zone *z = NULL;
    struct tm tm;
    (void)state;
    put_block(&t, '2', 4);
    put_block(&t, '2', 8);
    put(&t, "\nCET-1CEST,M3.5.0,M10.5.0/3\n", 28);
    for (size_t len = 0; len < t.n; len++) {
        /* A copy of exactly that size, so that a sanitizer sees every step too far. */
        unsigned char *cut = malloc(len + 1);
        memcpy(cut, t.byte, len);
        if (zone_parse(cut, len, &z) == NT_OK)
            zone_local(z, 1795399920, &tm);
        zone_free(z);
        free(cut);
    }
    for (size_t i = 0; i < t.n; i++) {
        static const unsigned char values[] = {0, 1, 0x7F, 0x80, 0xFF};
        for (size_t v = 0; v < sizeof values; v++) {
            unsigned char before = t.byte[i];
            t.byte[i] = values[v];
            if (zone_parse(t.byte, t.n, &z) == NT_OK) {
                zone_local(z, 1500, &tm);
                zone_local(z, INT64_MAX, &tm);
                zone_local(z, INT64_MIN, &tm);
            }
            zone_free(z);
            t.byte[i] = before;
        }
    }
}

static void test_zone__no_memory_is_told(void **state)
{
    static const char *const names[] = {"some", "UTC"};
    struct tzif t = {.n = 0};
    struct fixture f;
    (void)state;
    fixture_open(&f);
    put_block(&t, '\0', 4);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/some", f.folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(t.byte, 1, t.n, file), t.n);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (unsigned long n = 1;; n++) {
            struct zone *z = NULL;
            mem_fail_at(n);
            enum nt_status status = zone_load(f.folder, names[i], &z);
            bool failed = mem_failed();
            mem_fail_at(0);
            assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
            assert_int_equal(z != NULL, !failed);
            zone_free(z);
            if (!failed)
                break;
        }
    }
    assert_int_equal(unlink(path), 0);
    fixture_close(&f);
}

static void test_zone__names_stay_in_the_folder(void **state)
{
    static const char *const bad[] = {"",    "/etc/localtime", "../UTC",  "Europe/../UTC", "Europe//Berlin", "Europe/",
                                      "a b", "UTC;x",          "\xC3\xA4"};
    struct fixture f;
    struct zone *z = NULL;
    struct tzif t = {.n = 0};
    char path[PATH_MAX];
    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(zone_load(f.folder, bad[i], &z), NT_EINVAL);
    assert_int_equal(zone_load(f.folder, "No/Where", &z), NT_ENOENT);
    put_block(&t, '\0', 4);
    snprintf(path, sizeof path, "%s/GMT+5", f.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(t.byte, 1, t.n, file), t.n);
    fclose(file);
    assert_int_equal(zone_load(f.folder, "GMT+5", &z), NT_OK);
    zone_free(z);
    fixture_write(&f, "x", "no zone at all");
    snprintf(path, sizeof path, "%s/x.mustache", f.folder);
    assert_int_equal(zone_load(f.folder, "x", &z), NT_ENOENT);
    /* UTC needs no file. */
    assert_int_equal(zone_load(f.folder, "UTC", &z), NT_OK);
    assert_local(z, 1795399920, "2026-11-23 02:12:00 UTC +0000");
    zone_free(z);
    fixture_close(&f);
}

static void test_zone__pages_use_their_readers_zone(void **state)
{
    struct fixture f;
    struct tzif t = {.n = 0};
    char path[PATH_MAX];
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    struct render_options options = fixture_options();
    put_block(&t, '\0', 4);
    snprintf(path, sizeof path, "%s/Mytown", f.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(t.byte, 1, t.n, file), t.n);
    fclose(file);
    setenv("TZDIR", f.folder, 1);
    fixture_write(&f, "problem", "{{time}} {{time | time:%H:%M %Z}}");
    options.timezone = "Mytown";
    assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "03:12 03:12 CET");
    /* A zone that is not there: the system's, and one line in the log. */
    options.timezone = "Noman/Island";
    assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
    assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
    assert_int_equal(f.logged, 1);
    assert_non_null(strstr(f.log[0], "Noman/Island"));
    struct tm tm;
    time_t at = (time_t)a->time;
    char expected[64];
    localtime_r(&at, &tm);
    strftime(expected, sizeof expected, "%H:%M %H:%M %Z", &tm);
    assert_string_equal(buf_text(&f.out.text), expected);
    unsetenv("TZDIR");
    alert_free(a);
    fixture_close(&f);
}

/* The zones of this machine's database, where it has one: ours and the C library's answers are the same. */
static void test_zone__agrees_with_the_c_library(void **state)
{
    static const char *const names[] = {"Europe/Berlin",
                                        "America/New_York",
                                        "Australia/Sydney",
                                        "Asia/Kolkata",
                                        "America/Sao_Paulo",
                                        "Africa/Casablanca",
                                        "Europe/Dublin",
                                        "Pacific/Chatham",
                                        "America/Nuuk",
                                        "Etc/GMT+5",
                                        "UTC",
                                        "Asia/Tehran"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct zone *z = NULL;
        if (zone_load(zone_folder(), names[i], &z) != NT_OK)
            continue; /* no such zone for the C library either */
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t t = 0; t < INT64_C(4102444800); t += 86400 * 3 + 4001) {
            struct tm ours, theirs;
            time_t at = (time_t)t;
            zone_local(z, t, &ours);
            localtime_r(&at, &theirs);
            assert_int_equal(ours.tm_gmtoff, theirs.tm_gmtoff);
            assert_int_equal(ours.tm_hour, theirs.tm_hour);
            assert_string_equal(ours.tm_zone, theirs.tm_zone);
        }
        zone_free(z);
    }
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone__listed_changes),
        cmocka_unit_test(test_zone__the_standing_rule_follows),
        cmocka_unit_test(test_zone__rules),
        cmocka_unit_test(test_zone__broken_rules),
        cmocka_unit_test(test_zone__days),
        cmocka_unit_test(test_zone__damaged_files),
        cmocka_unit_test(test_zone__no_memory_is_told),
        cmocka_unit_test(test_zone__names_stay_in_the_folder),
        cmocka_unit_test(test_zone__pages_use_their_readers_zone),
        cmocka_unit_test(test_zone__agrees_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* form: durations, numbers and the shapes of texts. */
#include "config/form.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_form__durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } row[] = {
        {"5s", 5000},
        {"1m", 60000},
        {"15m", 900000},
        {"3h", 10800000},
        {"90d", 7776000000},
        {"1h30m", 5400000},
        {"0", 0},
        {"0s", 0},
        {"250ms", 250},
        {"1d1h1m1s1ms", 90061001},
        {"5", -1},
        {"", -1},
        {"s", -1},
        {"-5s", -1},
        {"5 s", -1},
        {"1.5h", -1},
        {"30m1h", -1},
        {"1h1h", -1},
        {"5w", -1},
        {"5S", -1},
        {"1h30", -1},
        {"1e3s", -1},
        {"9999999999s", -1},
        {"999999999d", 86399999913600000},
        {"5s ", -1},
        {"5mms", -1},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t ms = -1;
        if (form_duration(row[i].text, &ms) != (row[i].ms >= 0) || (row[i].ms >= 0 && ms != row[i].ms))
            fail_msg("%s: %lld", row[i].text, (long long)ms);
    }
}

static void test_form__durations_there_and_back(void **state)
{
    (void)state;
    static const int64_t row[] = {0, 1, 999, 1000, 60000, 5400000, 7776000000, 90061001, INT64_C(3650) * 86400000};
    char text[FORM_DURATION_SIZE];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t ms = -1;
        form_duration_text(row[i], text);
        assert_true(form_duration(text, &ms));
        assert_true(ms == row[i]);
    }
    form_duration_text(90061500, text);
    assert_string_equal(text, "1d1h1m1s500ms");
}

static void test_form__integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } row[] = {
        {"0", true, 0},
        {"16", true, 16},
        {"-3", true, -3},
        {"+3", true, 3},
        {"007", true, 7},
        {"", false, 0},
        {"-", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"1_000", false, 0},
        {" 1", false, 0},
        {"1e3", false, 0},
        {"9999999999999999999", false, 0},
        {"999999999999999999", true, 999999999999999999},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t value = 0;
        if (form_integer(row[i].text, &value) != row[i].good || value != row[i].value)
            fail_msg("%s: %lld", row[i].text, (long long)value);
    }
}

static void test_form__rates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value; /* -1: refused */
    } row[] = {
        {"1", 1},   {"0.5", 0.5}, {"12.25", 12.25}, {"100", 100}, {"0", 0},    {"", -1},    {".5", -1},
        {"5.", -1}, {"1e3", -1},  {"1,5", -1},      {"-1", -1},   {"inf", -1}, {"nan", -1}, {"0.1234567890123", -1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double value = -1;
        bool good = form_rate(row[i].text, &value);
        if (good != (row[i].value >= 0) || (good && fabs(value - row[i].value) > 1e-9))
            fail_msg("%s: %f", row[i].text, value);
    }
}

static void test_form__booleans(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "True", "yes", "on", "ON"}, *const no[] = {"false", "no", "off", "OFF"};
    static const char *const bad[] = {"", "1", "0", "y", "maybe", "truee"};
    bool value;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(form_boolean(yes[i], &value) && value);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_true(form_boolean(no[i], &value) && !value);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(form_boolean(bad[i], &value));
}

#define HEX "0123456789abcdefABCDEF0123456789"

static void test_form__texts(void **state)
{
    (void)state;
    static const struct {
        const struct form *form;
        const char *text;
        enum form_verdict verdict;
        const char *kept; /* NULL: text */
    } row[] = {
        {&form_account_sid, "AC" HEX, FORM_OK, NULL},
        {&form_account_sid, "ac" HEX, FORM_BAD, NULL},
        {&form_account_sid, "AC" HEX "0", FORM_BAD, NULL},
        {&form_account_sid, "AC", FORM_BAD, NULL},
        {&form_account_sid, "A", FORM_BAD, NULL},
        {&form_account_sid, "AC0123456789abcdefABCDEF012345678g", FORM_BAD, NULL},
        {&form_service_sid, "MG" HEX, FORM_OK, NULL},
        {&form_service_sid, "AC" HEX, FORM_BAD, NULL},
        {&form_key_sid, "SK" HEX, FORM_OK, NULL},
        {&form_application_sid, "AP" HEX, FORM_OK, NULL},
        {&form_number, "+15005550001", FORM_OK, NULL},
        {&form_number, "+49 151 234567", FORM_ODD, "+49151234567"},
        {&form_number, "0049151234567", FORM_ODD, "+49151234567"},
        {&form_number, "0151234567", FORM_BAD, NULL},
        {&form_number, "+1500CALLME", FORM_BAD, NULL},
        {&form_number, "+123", FORM_BAD, NULL},
        {&form_prefix, "+1", FORM_OK, NULL},
        {&form_prefix, "+4915", FORM_OK, NULL},
        {&form_prefix, "1", FORM_BAD, NULL},
        {&form_prefix, "+", FORM_BAD, NULL},
        {&form_prefix, "+1a", FORM_BAD, NULL},
        {&form_sender, "+15005550006", FORM_OK, NULL},
        {&form_sender, "+1 500 555 0006", FORM_ODD, "+15005550006"},
        {&form_sender, "12345", FORM_OK, NULL},
        {&form_sender, "123", FORM_OK, NULL},
        {&form_sender, "12345678", FORM_OK, NULL},
        {&form_sender, "12", FORM_BAD, NULL},
        {&form_sender, "123456789", FORM_BAD, NULL},
        {&form_sender, "ALERTS", FORM_OK, NULL},
        {&form_sender, "Alerts 24x7", FORM_OK, NULL},
        {&form_sender, "Alerts 24x70", FORM_BAD, NULL},
        {&form_sender, "24 7", FORM_BAD, NULL},
        {&form_sender, "Ålerts", FORM_BAD, NULL},
        {&form_sender, "+CALL", FORM_BAD, NULL},
        {&form_name, "alice@example.org", FORM_OK, NULL},
        {&form_name, "Alice Smith", FORM_OK, NULL},
        {&form_name, "alice,bob", FORM_ODD, NULL},
        {&form_name, " alice", FORM_BAD, NULL},
        {&form_name, "alice ", FORM_BAD, NULL},
        {&form_timezone, "UTC", FORM_OK, NULL},
        {&form_timezone, "../etc/passwd", FORM_BAD, NULL},
        {&form_timezone, "/etc/localtime", FORM_BAD, NULL},
        {&form_timezone, "Europe/../../x", FORM_BAD, NULL},
        {&form_timezone, "Europe/Berlin/", FORM_BAD, NULL},
        {&form_timezone, "CET-1CEST,M3.5.0", FORM_BAD, NULL},
        {&form_label, "ie1", FORM_OK, NULL},
        {&form_label, "a/b", FORM_BAD, NULL},
        {&form_label, "", FORM_BAD, NULL},
        {&form_api_url, "https://api.twilio.com", FORM_OK, NULL},
        {&form_api_url, "https://api.twilio.com/", FORM_OK, "https://api.twilio.com"},
        {&form_api_url, "https://proxy.example.org:8443/twilio//", FORM_OK, "https://proxy.example.org:8443/twilio"},
        {&form_api_url, "HTTPS://api.twilio.com", FORM_OK, NULL},
        {&form_api_url, "http://127.0.0.1:8080", FORM_OK, NULL},
        {&form_api_url, "http://127.3.2.1", FORM_OK, NULL},
        {&form_api_url, "http://localhost:1/", FORM_OK, "http://localhost:1"},
        {&form_api_url, "http://[::1]:8080", FORM_OK, NULL},
        {&form_api_url, "http://[::1]", FORM_OK, NULL},
        {&form_api_url, "http://api.twilio.com", FORM_BAD, NULL},
        {&form_api_url, "http://127.0.0.1.example.org", FORM_BAD, NULL},
        {&form_api_url, "http://127.0.0.1@example.org", FORM_BAD, NULL},
        {&form_api_url, "http://127.0.0.1:x@example.org", FORM_BAD, NULL},
        {&form_api_url, "http://localhost.example.org", FORM_BAD, NULL},
        {&form_api_url, "http://localhost\\.example.org", FORM_BAD, NULL},
        {&form_api_url, "http://[::1].example.org", FORM_BAD, NULL},
        {&form_api_url, "http://[::2]", FORM_BAD, NULL},
        {&form_api_url, "http://128.0.0.1", FORM_BAD, NULL},
        {&form_api_url, "http://127.0.0", FORM_BAD, NULL},
        {&form_api_url, "http://127.0.0.1.", FORM_BAD, NULL},
        {&form_api_url, "http://127.0.0.256", FORM_BAD, NULL},
        {&form_api_url, "http://127..0.1", FORM_BAD, NULL},
        {&form_api_url, "https://", FORM_BAD, NULL},
        {&form_api_url, "https:///x", FORM_BAD, NULL},
        {&form_api_url, "https://h?x", FORM_BAD, NULL},
        {&form_api_url, "https://h#x", FORM_BAD, NULL},
        {&form_api_url, "https://u:p@h", FORM_BAD, NULL},
        {&form_api_url, "https://h/ x", FORM_BAD, NULL},
        {&form_api_url, "ftp://h", FORM_BAD, NULL},
        {&form_api_url, "api.twilio.com", FORM_BAD, NULL},
        {&form_url, "http://example.org/x?y=z", FORM_OK, NULL},
        {&form_url, "file:///etc/passwd", FORM_BAD, NULL},
        {&form_key, "pages/", FORM_OK, NULL},
        {&form_key, "/a b/\xC3\xA9+%41..x/.y/", FORM_OK, NULL},
        {&form_key, "x/..", FORM_OK, NULL}, /* the name follows */
        {&form_key, "../x", FORM_BAD, NULL},
        {&form_key, "x/./", FORM_BAD, NULL},
        {&form_key, "x/../", FORM_BAD, NULL},
        {&form_key, "x\ny", FORM_BAD, NULL},
        {&form_proxy, "http://proxy:3128", FORM_OK, NULL},
        {&form_proxy, "socks5h://u:p@proxy", FORM_OK, NULL},
        {&form_proxy, "proxy:3128", FORM_OK, NULL},
        {&form_proxy, "gopher://proxy", FORM_BAD, NULL},
        {&form_proxy, "http://", FORM_BAD, NULL},
        {&form_template_url, "https://g/{{host | url}}", FORM_OK, NULL},
        {&form_template_url, "{{url}}", FORM_OK, NULL},
        {&form_template_url, "file:///x", FORM_BAD, NULL},
        {&form_header, "Authorization: Bearer x", FORM_OK, NULL},
        {&form_header, "No colon", FORM_BAD, NULL},
        {&form_header, ": x", FORM_BAD, NULL},
        {&form_store, "sqlite:/var/lib/q.db", FORM_OK, NULL},
        {&form_store, "sqlite:q.db", FORM_OK, NULL},
        {&form_store, "sqlite:", FORM_BAD, NULL},
        {&form_store, "sqlite:/var/lib/", FORM_BAD, NULL},
        {&form_store, "/var/lib/q.db", FORM_BAD, NULL},
        {&form_store, "mysql:x", FORM_BAD, NULL},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct buf kept;
        buf_init(&kept, 4096);
        enum form_verdict verdict = row[i].form->look(row[i].text, &kept);
        if (verdict != row[i].verdict)
            fail_msg("%s: %s: verdict %d", row[i].form->expects, row[i].text, verdict);
        if (verdict != FORM_BAD)
            assert_string_equal(buf_text(&kept), row[i].kept ? row[i].kept : row[i].text);
        buf_clean(&kept);
    }
}

static void test_form__time_zones_are_looked_for(void **state)
{
    (void)state;
    struct buf kept;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK))
        skip(); /* a machine without time zones: nothing can be said */
    buf_init(&kept, 4096);
    assert_int_equal(form_timezone.look("Europe/Berlin", &kept), FORM_OK);
    assert_int_equal(form_timezone.look("Europe/Berlyn", &kept), FORM_BAD);
    buf_clean(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form__durations),
        cmocka_unit_test(test_form__durations_there_and_back),
        cmocka_unit_test(test_form__integers),
        cmocka_unit_test(test_form__rates),
        cmocka_unit_test(test_form__booleans),
        cmocka_unit_test(test_form__texts),
        cmocka_unit_test(test_form__time_zones_are_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* filters: each one's effect, alone and in a row, and times as people read them. */
#include "fixture.h"

#include "template/filters.h"
#include "template/zone.h"

static void test_filters__effects(void **state)
{
    static const struct {
        const char *filters, *value, *expected;
    } table[] = {
        {"short", "web01.example.org", "web01"},
        {"short", "web01", "web01"},
        {"short", "192.0.2.10", "192.0.2.10"},
        {"short", "2001:db8::1.2.3.4", "2001:db8::1.2.3.4"},
        {"short", "a sentence. And more", "a sentence. And more"},
        {"short", ".hidden", ".hidden"},
        {"short", "3com.example.org", "3com"},
        {"upper",
         "stra\xC3\x9F"
         "e \xC3\xA9",
         "STRA\xE1\xBA\x9E"
         "E \xC3\x89"},
        {"lower",
         "\xC3\x84"
         "BC",
         "\xC3\xA4"
         "bc"},
        {"oneline", "  a \n\n b\t c ", "a b c"},
        {"oneline", " \n ", ""},
        {"default:none", "", "none"},
        {"default:none", " \n", "none"},
        {"default:none", "x", "x"},
        {"default: a b : c ", "", "a b : c"},
        {"default:\" | \"", "", " | "},
        {"first:3", "abcdef", "abc"},
        {"first:3", "ab", "ab"},
        {"first:2",
         "e\xCC\x81"
         "e\xCC\x81"
         "x",
         "e\xCC\x81"
         "e\xCC\x81"},
        {"first:1",
         "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9"
         "x",
         "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9"},
        {"time:%H:%M", "1795399920", "02:12"},
        {"time:%Y-%m-%dT%H:%M:%S%z %Z", "1795399920", "2026-11-23T02:12:00+0000 UTC"},
        {"time:%H:%M", "yesterday", "yesterday"},
        {"time:%H:%M", "99999999999999999999", "99999999999999999999"},
        {"duration", "7500", "2h 5m"},
        {"duration", "long", "long"},
        {"ago", "1795399500", "7m ago"},
        {"ago", "1795399920", "now"},
        {"ago", "1799999999", "now"},
        {"url", "a b/\xC3\xA4?&=-._~", "a%20b%2F%C3%A4%3F%26%3D-._~"},
        {"fit", "abc", "abc"},
        {"fit:20", "abc", "abc"},
        {"oneline | upper | first:3", " a\nbc", "A B"},
        {"lower | default:NONE | url", "", "NONE"},
        {"duration | upper", "7500", "2H 5M"},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[128];
        snprintf(text, sizeof text, "{{v | %s}}", table[i].filters);
        cJSON *data = cJSON_CreateObject();
        cJSON_AddStringToObject(data, "v", table[i].value);
        char *json = cJSON_PrintUnformatted(data);
        assert_string_equal(fixture_json(&f, text, json), table[i].expected);
        cJSON_free(json);
        cJSON_Delete(data);
    }
    fixture_close(&f);
}

static void test_filters__numbers_count_as_they_are(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_string_equal(fixture_json(&f, "{{t | time:%H:%M}} {{d | duration}} {{t | ago}} {{d | time:%s}}",
                                     "{\"t\":1795399500,\"d\":61}"),
                        "02:05 1m 7m ago 61");
    fixture_close(&f);
}

static void test_filters__durations(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text, *age;
    } table[] = {
        {INT64_MIN, "0s", "now"},
        {-5, "0s", "now"},
        {0, "0s", "now"},
        {1, "1s", "1s ago"},
        {59, "59s", "59s ago"},
        {60, "1m", "1m ago"},
        {119, "1m", "1m ago"},
        {3599, "59m", "59m ago"},
        {3600, "1h", "1h ago"},
        {7500, "2h 5m", "2h 5m ago"},
        {86399, "23h 59m", "23h 59m ago"},
        {86400, "1d", "1d ago"},
        {93784, "1d 2h", "1d 2h ago"},
        {86400 * 400, "400d", "400d ago"},
    };
    struct buf text;
    (void)state;
    buf_init(&text, 100);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        buf_reset(&text);
        assert_int_equal(duration_text(&text, table[i].seconds), NT_OK);
        assert_string_equal(buf_text(&text), table[i].text);
        buf_reset(&text);
        assert_int_equal(age_text(&text, table[i].seconds), NT_OK);
        assert_string_equal(buf_text(&text), table[i].age);
    }
    assert_int_equal(age_between(10, 3), 7);
    assert_int_equal(age_between(3, 10), 0);
    assert_int_equal(age_between(INT64_MAX, INT64_MIN), INT64_MAX);
    assert_int_equal(age_between(INT64_MIN, INT64_MAX), 0);
    buf_clean(&text);
}

static void test_filters__time_formats(void **state)
{
    static const struct {
        const char *format;
        bool valid;
    } table[] = {
        {"%H:%M", true},         {"plain", true}, {"%%", true},  {"%-d.%-m. %k:%M", true},
        {"%Ey %Od", true},       {"%010Y", true}, {"%5S", true}, {"%", false},
        {"%H:%", false},         {"%Q", false},   {"%!", false}, {"%E", false},
        {"%9999999999d", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(time_format_valid(table[i].format), table[i].valid);
    struct buf text;
    buf_init(&text, 1000);
    char endless[801];
    for (int i = 0; i < 400; i++)
        memcpy(endless + 2 * i, "%A", 3);
    assert_int_equal(time_text(&text, NULL, 0, endless), NT_OK);
    assert_string_equal(buf_text(&text), "");
    buf_clean(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters__effects),
        cmocka_unit_test(test_filters__numbers_count_as_they_are),
        cmocka_unit_test(test_filters__durations),
        cmocka_unit_test(test_filters__time_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

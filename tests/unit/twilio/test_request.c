/* request: the exact fields, and no way to smuggle one in. */
#include "twilio/request.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW     INT64_C(1600000000000)
#define SERVICE "MG0123456789abcdef0123456789abcdef"

static char empty[] = "";

/* A configuration with nothing optional. */
static struct config plain_config(void)
{
    static char sid[] = "AC00000000000000000000000000000001", base[] = "https://api.twilio.com", risk[] = "disable",
                token[] = "secret-token";
    return (struct config){.twilio = {.account_sid = sid,
                                      .auth_token = token,
                                      .api_key_sid = empty,
                                      .api_key_secret = empty,
                                      .base_url = base,
                                      .status_callback = empty,
                                      .application_sid = empty,
                                      .risk_check = risk}};
}

static struct page plain_page(void)
{
    static char body[] = "CRITICAL: web01";
    return (struct page){.number = "+15005550001", .body = body, .expire = NOW + 600000};
}

/* "To=… From=…", one field a line. */
static void assert_form(const struct config *c, const struct page *p, const char *sender, const char *expected)
{
    struct form f;
    struct buf text;
    form_init(&f);
    buf_init(&text, 65536);
    assert_int_equal(request_form(c, p, sender, NOW, &f), NT_OK);
    for (size_t i = 0; i < f.n; i++)
        buf_addf(&text, "%s=%s\n", f.item[i].name, f.item[i].value);
    assert_string_equal(buf_text(&text), expected);
    buf_clean(&text);
    form_clean(&f);
}

static void test_request__form_is_minimal_and_in_order(void **state)
{
    (void)state;
    struct config c = plain_config();
    struct page p = plain_page();
    assert_form(&c, &p, "+15005550006",
                "To=+15005550001\nFrom=+15005550006\nBody=CRITICAL: web01\nValidityPeriod=600\nRiskCheck=disable\n");
    assert_form(&c, &p, SERVICE,
                "To=+15005550001\nMessagingServiceSid=" SERVICE
                "\nBody=CRITICAL: web01\nValidityPeriod=600\nRiskCheck=disable\n");
    /* An alphanumeric sender that begins like a service. */
    assert_form(&c, &p, "MGMT",
                "To=+15005550001\nFrom=MGMT\nBody=CRITICAL: web01\nValidityPeriod=600\nRiskCheck=disable\n");
}

static void test_request__form_has_all_that_is_configured(void **state)
{
    (void)state;
    static char callback[] = "https://example.org/cb?a=1", application[] = "AP1", risk[] = "enable";
    static char media1[] = "https://example.org/1.png", media2[] = "https://example.org/2.png";
    char *media[] = {media1, media2};
    struct config c = plain_config();
    c.twilio.status_callback = callback;
    c.twilio.application_sid = application;
    c.twilio.risk_check = risk;
    struct page p = plain_page();
    p.media = (struct strlist){media, 2, 2};
    assert_form(&c, &p, "PAGER",
                "To=+15005550001\nFrom=PAGER\nBody=CRITICAL: web01\nMediaUrl=https://example.org/1.png\n"
                "MediaUrl=https://example.org/2.png\nStatusCallback=https://example.org/cb?a=1\nApplicationSid=AP1\n"
                "ValidityPeriod=600\nRiskCheck=enable\n");
    p.flags = PAGE_TEXT_ONLY | PAGE_NO_CALLBACK;
    assert_form(&c, &p, "PAGER",
                "To=+15005550001\nFrom=PAGER\nBody=CRITICAL: web01\nValidityPeriod=600\nRiskCheck=enable\n");
    p.flags = 0;
    p.body = empty;
    c = plain_config();
    assert_form(&c, &p, "PAGER",
                "To=+15005550001\nFrom=PAGER\nMediaUrl=https://example.org/1.png\nMediaUrl=https://example.org/2.png\n"
                "ValidityPeriod=600\nRiskCheck=disable\n");
}

/* A graph that could not be drawn is no reason to send nothing, nor an address of anything. */
static void test_request__a_picture_that_is_not_there_is_left_out(void **state)
{
    (void)state;
    static char graph[] = PAGE_GRAPH "perf", there[] = "https://example.org/1.png";
    char *media[] = {graph, there, graph};
    struct config c = plain_config();
    struct page p = plain_page();
    p.media = (struct strlist){media, 3, 3};
    assert_form(&c, &p, "PAGER",
                "To=+15005550001\nFrom=PAGER\nBody=CRITICAL: web01\nMediaUrl=https://example.org/1.png\n"
                "ValidityPeriod=600\nRiskCheck=disable\n");
}

static void test_request__validity_is_what_is_left(void **state)
{
    (void)state;
    static const struct {
        int64_t expire;
        const char *seconds;
    } table[] = {
        {0, "36000"},
        {NOW - 5, "120"},
        {NOW, "120"},
        {NOW + 120999, "120"},
        {NOW + 121000, "121"},
        {NOW + 14400000, "14400"},
        {NOW + 36000000, "36000"},
        {NOW + 360000000, "36000"},
        {INT64_MAX, "36000"},
    };
    struct config c = plain_config();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct page p = plain_page();
        p.expire = table[i].expire;
        char expected[200];
        snprintf(expected, sizeof expected,
                 "To=+15005550001\nFrom=1234\nBody=CRITICAL: web01\nValidityPeriod=%s\nRiskCheck=disable\n",
                 table[i].seconds);
        assert_form(&c, &p, "1234", expected);
    }
}

static void test_request__refuses_what_is_no_message(void **state)
{
    (void)state;
    struct config c = plain_config();
    struct form f;
    form_init(&f);
    struct page p = plain_page();
    assert_int_equal(request_form(&c, &p, "", NOW, &f), NT_EINVAL);
    p.body = empty;
    assert_int_equal(request_form(&c, &p, "PAGER", NOW, &f), NT_EINVAL);
    p = plain_page();
    p.number[0] = '\0';
    assert_int_equal(request_form(&c, &p, "PAGER", NOW, &f), NT_EINVAL);
    assert_int_equal(f.n, 0);
}

static void test_request__encoding_lets_nothing_through(void **state)
{
    (void)state;
    static const struct {
        const char *value, *encoded;
    } table[] = {
        {"", "Body="},
        {"AZaz09-._~", "Body=AZaz09-._~"},
        {"a b", "Body=a+b"},
        {"a+b", "Body=a%2Bb"},
        {"x&To=+1900&y", "Body=x%26To%3D%2B1900%26y"},
        {"a=b;c", "Body=a%3Db%3Bc"},
        {"l1\nl2\r\n", "Body=l1%0Al2%0D%0A"},
        {"100% /\\\"'<>", "Body=100%25+%2F%5C%22%27%3C%3E"},
        {"\xc3\xa9\xe2\x82\xac", "Body=%C3%A9%E2%82%AC"},
        {"\xff\x01", "Body=%FF%01"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char value[64];
        snprintf(value, sizeof value, "%s", table[i].value);
        struct form_field field = {"Body", value};
        struct form f = {&field, 1, 1};
        struct buf out;
        buf_init(&out, 1024);
        assert_int_equal(form_encode(&f, &out), NT_OK);
        assert_string_equal(buf_text(&out), table[i].encoded);
        buf_clean(&out);
    }
}

static void test_request__encodes_several_fields(void **state)
{
    (void)state;
    char a[] = "1", b[] = "2 3";
    struct form_field field[] = {{"MediaUrl", a}, {"MediaUrl", b}};
    struct form f = {field, 2, 2};
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(form_encode(&f, &out), NT_OK);
    assert_string_equal(buf_text(&out), "MediaUrl=1&MediaUrl=2+3");
    buf_clean(&out);
    buf_init(&out, 5);
    assert_int_equal(form_encode(&f, &out), NT_ETOOBIG);
    buf_clean(&out);
}

static void test_request__urls(void **state)
{
    (void)state;
#define ACCOUNT "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001"
    struct config c = plain_config();
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(request_messages_url(&c.twilio, &out), NT_OK);
    assert_string_equal(buf_text(&out), ACCOUNT "/Messages.json");
    buf_reset(&out);
    assert_int_equal(request_list_url(&c.twilio, "+15005550001", 50, &out), NT_OK);
    assert_string_equal(buf_text(&out), ACCOUNT "/Messages.json?To=%2B15005550001&PageSize=50");
    buf_reset(&out);
    assert_int_equal(request_from_url(&c.twilio, "PAGER & co", 20, &out), NT_OK);
    assert_string_equal(buf_text(&out), ACCOUNT "/Messages.json?From=PAGER%20%26%20co&PageSize=20");
    buf_reset(&out);
    assert_int_equal(request_recent_url(&c.twilio, NOW, 1000, &out), NT_OK);
    assert_string_equal(buf_text(&out), ACCOUNT "/Messages.json?DateSent%3E=2020-09-13&PageSize=1000");
    buf_reset(&out);
    assert_int_equal(request_recent_url(&c.twilio, 0, 20, &out), NT_OK);
    assert_string_equal(buf_text(&out), ACCOUNT "/Messages.json?PageSize=20");
    buf_reset(&out);
    assert_int_equal(request_message_url(&c.twilio, "SM1/../x", &out), NT_OK);
    assert_string_equal(buf_text(&out), ACCOUNT "/Messages/SM1%2F..%2Fx.json");
    buf_clean(&out);
}

static void test_request__credentials(void **state)
{
    (void)state;
    static char key[] = "SK1", secret[] = "key-secret";
    struct config c = plain_config();
    const char *user, *password;
    request_credentials(&c.twilio, &user, &password);
    assert_string_equal(user, "AC00000000000000000000000000000001");
    assert_string_equal(password, "secret-token");
    c.twilio.api_key_sid = key;
    c.twilio.api_key_secret = secret;
    request_credentials(&c.twilio, &user, &password);
    assert_string_equal(user, "SK1");
    assert_string_equal(password, "key-secret");
}

static void test_request__senders_in_order_of_preference(void **state)
{
    (void)state;
    static char us[] = "+1", de[] = "+49", berlin[] = "+4930";
    char *north_america[] = {us}, *germany[] = {de, berlin};
    struct config_sender sender[] = {
        {.prefixes = {north_america, 1, 1}},
        {.prefixes = {germany, 2, 2}},
        {.prefixes = {0}},
        {.prefixes = {north_america, 1, 1}},
    };
    struct config_twilio t = {.sender = sender, .senders = 4};
    static const struct {
        const char *number;
        int skip, index;
    } table[] = {
        {"+15005550001", 0, 0}, {"+15005550001", 1, 2}, {"+15005550001", 2, 3},  {"+15005550001", 3, -1},
        {"+4930123456", 0, 1},  {"+4930123456", 1, 2},  {"+4930123456", 2, -1},  {"+441234567", 0, 2},
        {"+441234567", 1, -1},  {"+4", 0, 2},           {"+15005550001", -1, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(request_sender(&t, table[i].number, table[i].skip), table[i].index);
    t.senders = 0;
    assert_int_equal(request_sender(&t, "+1", 0), -1);
}

static void test_request__survives_missing_memory(void **state)
{
    (void)state;
    static char callback[] = "https://example.org/cb", application[] = "AP1", media1[] = "https://example.org/1.png";
    char *media[] = {media1, media1, media1, media1};
    struct config c = plain_config();
    c.twilio.status_callback = callback;
    c.twilio.application_sid = application;
    struct page p = plain_page();
    p.media = (struct strlist){media, 4, 4};
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        struct form f;
        struct buf out;
        form_init(&f);
        buf_init(&out, 4096);
        mem_fail_at(n);
        enum nt_status status = request_form(&c, &p, "PAGER", NOW, &f);
        if (status == NT_OK)
            status = form_encode(&f, &out);
        else
            assert_int_equal(f.n, 0);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        form_clean(&f);
        buf_clean(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request__form_is_minimal_and_in_order),
        cmocka_unit_test(test_request__form_has_all_that_is_configured),
        cmocka_unit_test(test_request__a_picture_that_is_not_there_is_left_out),
        cmocka_unit_test(test_request__validity_is_what_is_left),
        cmocka_unit_test(test_request__refuses_what_is_no_message),
        cmocka_unit_test(test_request__encoding_lets_nothing_through),
        cmocka_unit_test(test_request__encodes_several_fields),
        cmocka_unit_test(test_request__urls),
        cmocka_unit_test(test_request__credentials),
        cmocka_unit_test(test_request__senders_in_order_of_preference),
        cmocka_unit_test(test_request__survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

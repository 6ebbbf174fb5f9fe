/* url: what all readers read alike is read, the rest refused. */
#include "twilio/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_url__takes_it_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host;
        int port;
        const char *user, *password;
        bool credentials, loopback;
    } table[] = {
        {"https://api.twilio.com", "https", "api.twilio.com", 0, "", "", false, false},
        {"HTTPS://api.twilio.com/2010-04-01/x?y=a@b:c", "https", "api.twilio.com", 0, "", "", false, false},
        {"http://127.0.0.1:8080/", "http", "127.0.0.1", 8080, "", "", false, true},
        {"http://localhost:/x", "http", "localhost", 0, "", "", false, true},
        {"http://LOCALHOST", "http", "LOCALHOST", 0, "", "", false, true},
        {"http://[::1]:65535/x", "http", "[::1]", 65535, "", "", false, true},
        {"http://[fe80::1]/x", "http", "[fe80::1]", 0, "", "", false, false},
        {"http://127.1.2.3.example.org/", "http", "127.1.2.3.example.org", 0, "", "", false, false},
        {"http://127.0.0.1.5/", "http", "127.0.0.1.5", 0, "", "", false, false},
        {"http://127.1/", "http", "127.1", 0, "", "", false, false},
        {"http://u:p%40ss@proxy:3128", "http", "proxy", 3128, "u", "p@ss", true, false},
        {"http://u@proxy", "http", "proxy", 0, "u", "", true, false},
        {"http://127.0.0.1@evil.example/", "http", "evil.example", 0, "127.0.0.1", "", true, false},
        {"socks5h://h:1080", "socks5h", "h", 1080, "", "", false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct url u;
        assert_int_equal(url_parse(table[i].text, &u), NT_OK);
        assert_string_equal(u.scheme, table[i].scheme);
        assert_string_equal(u.host, table[i].host);
        assert_int_equal(u.port, table[i].port);
        assert_string_equal(u.user, table[i].user);
        assert_string_equal(u.password, table[i].password);
        assert_int_equal(u.credentials, table[i].credentials);
        assert_int_equal(url_is_loopback(&u), table[i].loopback);
    }
}

static void test_url__refuses_what_is_odd(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "api.twilio.com",
        "https:api.twilio.com",
        "https:/api.twilio.com",
        "://x",
        "https://",
        "https:///x",
        "https://:80/",
        "https://a b/",
        "https://a/ b",
        "https://a\\b/",
        "https://a/\r\nX: y",
        "https://a/\x7f",
        "https://a:0/",
        "https://a:65536/",
        "https://a:99999999999999999999/",
        "https://a:8x/",
        "https://a:80:81/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[]/",
        "https://[g::1]/",
        "https://u@v@a/",
        "https://u%0ax@a/",
        "https://u%2@a/",
        "https://u%zz@a/",
        "https://-a/",
        "https://.a/",
        "https://a%2eb/",
        "https://\xc3\xa9.example/",
        "longscheme://a/",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct url u;
        assert_int_equal(url_parse(table[i], &u), NT_EINVAL);
    }
}

static void test_url__has_bounds(void **state)
{
    (void)state;
    struct url u;
    char *text = malloc(URL_LENGTH + 10);
    assert_non_null(text);
    memset(text, 'a', URL_LENGTH + 9);
    text[URL_LENGTH + 9] = '\0';
    memcpy(text, "https://", 8);
    assert_int_equal(url_parse(text, &u), NT_EINVAL);
    text[8 + URL_HOST] = '\0';
    assert_int_equal(url_parse(text, &u), NT_EINVAL);
    text[8 + URL_HOST - 1] = '\0';
    assert_int_equal(url_parse(text, &u), NT_OK);
    assert_int_equal(strlen(u.host), URL_HOST - 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url__takes_it_apart),
        cmocka_unit_test(test_url__refuses_what_is_odd),
        cmocka_unit_test(test_url__has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

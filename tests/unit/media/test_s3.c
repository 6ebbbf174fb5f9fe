/* s3: where an object is, how its upload is signed, and the links that lead to it. */
#include "media/digest.h"
#include "sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT(text)   ((char *)(uintptr_t)(text))

static void by_s3(struct sandbox *s)
{
    s->publish.kind = CONFIG_PUBLISH_S3;
    s->publish.s3 = (struct config_s3){.endpoint = TEXT("https://s3.eu-central-1.amazonaws.com"),
                                       .region = TEXT("eu-central-1"),
                                       .bucket = TEXT("graphs"),
                                       .access_key_id = TEXT("AKIAIOSFODNN7EXAMPLE"),
                                       .secret_access_key = TEXT("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                                       .secret_access_key_file = TEXT(""),
                                       .prefix = TEXT(""),
                                       .public_url = TEXT("")};
}

/* The address up to the name. */
static void test_s3__where_an_object_is(void **state)
{
    static const struct {
        const char *endpoint, *bucket;
        bool path_style;
        const char *prefix, *url;
    } table[] = {
        {"https://s3.eu-central-1.amazonaws.com", "graphs", false, "", "https://graphs.s3.eu-central-1.amazonaws.com/"},
        {"https://s3.eu-central-1.amazonaws.com", "graphs", true, "", "https://s3.eu-central-1.amazonaws.com/graphs/"},
        {"https://S3.Example.org:443/", "graphs", false, "pages/", "https://graphs.s3.example.org/pages/"},
        {"https://s3.example.org:9000", "graphs", false, "/pages/", "https://graphs.s3.example.org:9000/pages/"},
        {"https://s3.example.org:80", "graphs", false, "page-", "https://graphs.s3.example.org:80/page-"},
        {"http://localhost:80", "graphs", false, "", "http://localhost/graphs/"},
        {"http://localhost:443", "graphs", false, "", "http://localhost:443/graphs/"},
        {"http://127.0.0.1:9000", "graphs", false, "", "http://127.0.0.1:9000/graphs/"},
        {"https://192.0.2.1", "graphs", false, "", "https://192.0.2.1/graphs/"},
        {"http://[::1]:9000", "graphs", false, "", "http://[::1]:9000/graphs/"},
        {"https://[::1]", "graphs", false, "", "https://[::1]/graphs/"},
        {"https://s3.example.org", "graphs.example.org", false, "", "https://s3.example.org/graphs.example.org/"},
        {"https://www.example.org/s3/", "graphs", true, "", "https://www.example.org/s3/graphs/"},
        {"https://s3.example.org", "graphs", false, "a b+c/%41/\xC3\xA9//x=&y?#/", //
         "https://graphs.s3.example.org/a%20b%2Bc/%2541/%C3%A9//x%3D%26y%3F%23/"},
    };
    struct sandbox *s = *state;
    for (size_t i = 0; i < COUNT(table); i++) {
        by_s3(s);
        s->publish.s3.endpoint = TEXT(table[i].endpoint);
        s->publish.s3.bucket = TEXT(table[i].bucket);
        s->publish.s3.path_style = table[i].path_style;
        s->publish.s3.prefix = TEXT(table[i].prefix);
        sandbox_publish(s);
        struct fake_call *c = &s->transport.call[0];
        assert_int_equal(s->transport.calls, 1);
        size_t len = strlen(table[i].url);
        if (strncmp(c->url, table[i].url, len) != 0 || !publish_is_name(c->url + len))
            fail_msg("%s instead of %s", c->url, table[i].url);
        fake_answer(&s->transport, 0, 200, "");
        /* the link is that address, signed */
        assert_int_equal(strncmp(s->url, c->url, strlen(c->url)), 0);
        assert_int_equal(s->url[strlen(c->url)], '?');
        assert_true(publish_link_len(&s->publish) + 64 >= strlen(s->url));
        s->transport.calls = 0;
    }
}

static void test_s3__an_upload_is_signed(void **state)
{
    struct sandbox *s = *state;
    unsigned char digest[DIGEST_SIZE];
    char hex[DIGEST_HEX], expected[1024];
    by_s3(s);
    sandbox_publish(s);
    const struct fake_call *c = &s->transport.call[0];
    assert_string_equal(c->method, "PUT");
    assert_int_equal(digest_load(), NT_OK);
    assert_int_equal(digest_sha256(sandbox_png, sandbox_png_len, digest), NT_OK);
    digest_hex(digest, hex);
    snprintf(expected, sizeof expected,
             "content-type:image/png\nx-amz-content-sha256:%s\nx-amz-date:20130524T000000Z\n"
             "authorization:AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/eu-central-1/s3/aws4_request, "
             "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=",
             hex);
    assert_int_equal(strncmp(c->headers, expected, strlen(expected)), 0);
    assert_int_equal(strlen(c->headers), strlen(expected) + DIGEST_HEX);
    assert_null(strstr(c->headers, "wJalr"));
}

static void test_s3__a_signed_link_outlives_the_page_and_the_picture(void **state)
{
    static const struct {
        int64_t keep;
        const char *expires;
    } table[] = {
        {1000, "&X-Amz-Expires=14400&"}, /* the page's four hours */
        {24 * 3600 * 1000, "&X-Amz-Expires=86400&"},
        {INT64_C(30) * 24 * 3600 * 1000, "&X-Amz-Expires=604800&"},
    };
    struct sandbox *s = *state;
    by_s3(s);
    for (size_t i = 0; i < COUNT(table); i++) {
        s->publish.keep = table[i].keep;
        sandbox_publish(s);
        fake_answer(&s->transport, i, 200, "");
        assert_non_null(strstr(s->url, table[i].expires));
        assert_non_null(strstr(s->url, "&X-Amz-SignedHeaders=host&X-Amz-Signature="));
    }
}

static void test_s3__public_addresses(void **state)
{
    static const struct {
        const char *prefix, *url;
    } table[] = {
        {"", "https://graphs.example.org/m/"},
        {"pages/", "https://graphs.example.org/m/pages/"},
        {"/a b-", "https://graphs.example.org/m/a%20b-"},
    };
    struct sandbox *s = *state;
    by_s3(s);
    s->publish.s3.public_url = TEXT("https://graphs.example.org/m");
    for (size_t i = 0; i < COUNT(table); i++) {
        s->publish.s3.prefix = TEXT(table[i].prefix);
        sandbox_publish(s);
        fake_answer(&s->transport, i, 200, "");
        size_t len = strlen(table[i].url);
        assert_int_equal(strncmp(s->url, table[i].url, len), 0);
        assert_true(publish_is_name(s->url + len));
        assert_true(publish_link_len(&s->publish) + 8 >= strlen(s->url));
    }
}

static void test_s3__without_a_secret_nothing_is_sent(void **state)
{
    struct sandbox *s = *state;
    by_s3(s);
    s->publish.s3.secret_access_key = TEXT("");
    sandbox_publish(s);
    assert_int_equal(s->ended, 1);
    assert_int_equal(s->transport.calls, 0);
    assert_string_equal(s->why, "there is no secret for the key AKIAIOSFODNN7EXAMPLE");
}

static void test_s3__a_picture_of_the_largest_size_is_signed_whole(void **state)
{
    struct sandbox *s = *state;
    static unsigned char block[64 * 1024];
    unsigned char digest[DIGEST_SIZE], again[DIGEST_SIZE];
    size_t len = sandbox_png_len;
    memset(block, 'x', sizeof block);
    for (; len + sizeof block <= PICTURE_MAX; len += sizeof block)
        assert_int_equal(picture_add(&s->picture, block, sizeof block), NT_OK);
    unsigned char *whole = malloc(len);
    assert_non_null(whole);
    assert_int_equal(picture_read(&s->picture, 0, whole, len), len);
    assert_int_equal(digest_load(), NT_OK);
    assert_int_equal(digest_sha256(whole, len, digest), NT_OK);
    assert_int_equal(digest_picture(&s->picture, again), NT_OK);
    assert_memory_equal(digest, again, DIGEST_SIZE);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_s3__##name, sandbox_setup, sandbox_teardown)
        TEST(where_an_object_is),
        TEST(an_upload_is_signed),
        TEST(a_signed_link_outlives_the_page_and_the_picture),
        TEST(public_addresses),
        TEST(without_a_secret_nothing_is_sent),
        TEST(a_picture_of_the_largest_size_is_signed_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sigv4: the examples that the service's reference prints, and what must never happen to a secret. */
#include "base/mem.h"
#include "media/digest.h"
#include "media/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EMPTY        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* 2013-05-24 00:00:00 and 2015-08-30 12:36:00 UTC. */
static const int64_t day_2013 = INT64_C(1369353600000), day_2015 = INT64_C(1440938160000);

static const struct sigv4_key s3_key = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1",
                                        "s3"};
static const struct sigv4_key suite_key = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1",
                                           "service"};

static int load(void **state)
{
    (void)state;
    return digest_load();
}

static void test_sigv4__dates(void **state)
{
    static const struct {
        int64_t now;
        const char *date;
    } table[] = {
        {0, "19700101T000000Z"},
        {INT64_C(1369353600000), "20130524T000000Z"},
        {INT64_C(1369353600999), "20130524T000000Z"},
        {INT64_C(951827696000), "20000229T123456Z"},
        {INT64_C(4102444799000), "20991231T235959Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char date[SIGV4_DATE];
        sigv4_date(table[i].now, date);
        assert_string_equal(date, table[i].date);
    }
}

static void test_sigv4__escapes(void **state)
{
    static const struct {
        const char *text;
        bool slashes;
        const char *escaped;
    } table[] = {
        {"", true, ""},
        {"/test.txt", true, "/test.txt"},
        {"a/b", false, "a%2Fb"},
        {"test$file.text", true, "test%24file.text"},
        {"-._~", true, "-._~"},
        {"a b+c&d=e", true, "a%20b%2Bc%26d%3De"},
        {"%41!*'()", true, "%2541%21%2A%27%28%29"},
        {"\xC3\xA9\xE2\x82\xAC", true, "%C3%A9%E2%82%AC"},
        {"\x01\x7F\xFF", true, "%01%7F%FF"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf out;
        buf_init(&out, 256);
        sigv4_escape(table[i].text, table[i].slashes, &out);
        assert_string_equal(buf_text(&out), table[i].escaped);
        buf_clean(&out);
    }
}

/* The reference's examples; each header is as it goes into the canonical request. */
static void test_sigv4__signs_as_the_reference_does(void **state)
{
    static const struct {
        const struct sigv4_key *key;
        const char *method, *path, *query, *header[5], *payload;
        const int64_t *now;
        const char *scope, *names, *signature;
    } table[] = {
        {&s3_key,
         "GET",
         "/test.txt",
         "",
         {"host:examplebucket.s3.amazonaws.com", "range:bytes=0-9", "x-amz-content-sha256:" EMPTY,
          "x-amz-date:20130524T000000Z"},
         EMPTY,
         &day_2013,
         "20130524/us-east-1/s3",
         "host;range;x-amz-content-sha256;x-amz-date",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {&s3_key,
         "PUT",
         "/test%24file.text",
         "",
         {"date:Fri, 24 May 2013 00:00:00 GMT", "host:examplebucket.s3.amazonaws.com",
          "x-amz-content-sha256:44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
          "x-amz-date:20130524T000000Z", "x-amz-storage-class:REDUCED_REDUNDANCY"},
         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
         &day_2013,
         "20130524/us-east-1/s3",
         "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {&s3_key,
         "GET",
         "/",
         "lifecycle=",
         {"host:examplebucket.s3.amazonaws.com", "x-amz-content-sha256:" EMPTY, "x-amz-date:20130524T000000Z"},
         EMPTY,
         &day_2013,
         "20130524/us-east-1/s3",
         "host;x-amz-content-sha256;x-amz-date",
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {&s3_key,
         "GET",
         "/",
         "max-keys=2&prefix=J",
         {"host:examplebucket.s3.amazonaws.com", "x-amz-content-sha256:" EMPTY, "x-amz-date:20130524T000000Z"},
         EMPTY,
         &day_2013,
         "20130524/us-east-1/s3",
         "host;x-amz-content-sha256;x-amz-date",
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
        /* of the test suite for all services */
        {&suite_key,
         "GET",
         "/",
         "",
         {"host:example.amazonaws.com", "x-amz-date:20150830T123600Z"},
         EMPTY,
         &day_2015,
         "20150830/us-east-1/service",
         "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        size_t headers = 0;
        char expected[1024];
        struct buf out;
        while (headers < COUNT(table[i].header) && table[i].header[headers])
            headers++;
        const struct sigv4_request r = {.method = table[i].method,
                                        .path = table[i].path,
                                        .query = table[i].query,
                                        .header = table[i].header,
                                        .headers = headers,
                                        .payload = table[i].payload,
                                        .now = *table[i].now};
        buf_init(&out, 1024);
        assert_int_equal(sigv4_authorize(table[i].key, &r, &out), NT_OK);
        snprintf(expected, sizeof expected,
                 "AWS4-HMAC-SHA256 Credential=%s/%s/aws4_request, SignedHeaders=%s, Signature=%s", table[i].key->id,
                 table[i].scope, table[i].names, table[i].signature);
        assert_string_equal(buf_text(&out), expected);
        buf_clean(&out);
    }
}

static struct sigv4_request example(const char *const *header, size_t headers)
{
    return (struct sigv4_request){.method = "GET",
                                  .path = "/test.txt",
                                  .query = "",
                                  .header = header,
                                  .headers = headers,
                                  .payload = SIGV4_UNSIGNED,
                                  .now = day_2013};
}

static const char *const example_host[] = {"host:examplebucket.s3.amazonaws.com"};

static void test_sigv4__presigns_as_the_reference_does(void **state)
{
    (void)state;
    struct buf out;
    struct sigv4_request r = example(example_host, 1);
    buf_init(&out, 1024);
    assert_int_equal(sigv4_presign(&s3_key, &r, 86400, &out), NT_OK);
    assert_string_equal(buf_text(&out),
                        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    buf_clean(&out);
}

static void test_sigv4__a_signed_address_lives_for_a_week_at_most(void **state)
{
    static const struct {
        int64_t asked;
        const char *given;
    } table[] = {
        {INT64_MIN, "X-Amz-Expires=1&"},      {0, "X-Amz-Expires=1&"},
        {604800, "X-Amz-Expires=604800&"},    {604801, "X-Amz-Expires=604800&"},
        {INT64_MAX, "X-Amz-Expires=604800&"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf out;
        struct sigv4_request r = example(example_host, 1);
        buf_init(&out, 1024);
        assert_int_equal(sigv4_presign(&s3_key, &r, table[i].asked, &out), NT_OK);
        assert_non_null(strstr(buf_text(&out), table[i].given));
        buf_clean(&out);
    }
}

static void test_sigv4__every_part_counts(void **state)
{
    static const struct sigv4_key keys[] = {
        {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"},
        {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEZ", "us-east-1", "s3"},
        {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-2", "s3"},
        {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s4"},
    };
    (void)state;
    char seen[COUNT(keys) + 1][DIGEST_HEX];
    for (size_t i = 0; i <= COUNT(keys); i++) {
        struct buf out;
        struct sigv4_request r = example(example_host, 1);
        if (i == COUNT(keys))
            r.now += 1000;
        buf_init(&out, 1024);
        assert_int_equal(sigv4_authorize(&keys[i % COUNT(keys)], &r, &out), NT_OK);
        snprintf(seen[i], sizeof seen[i], "%s", strstr(buf_text(&out), "Signature=") + strlen("Signature="));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[i], seen[k]);
        assert_null(strstr(buf_text(&out), "wJalr"));
        buf_clean(&out);
    }
}

static void test_sigv4__what_cannot_be_signed(void **state)
{
    static const char *const no_name[] = {":value"}, *const no_colon[] = {"host"};
    (void)state;
    char secret[600];
    memset(secret, 's', sizeof secret - 1);
    secret[sizeof secret - 1] = '\0';
    struct sigv4_key long_key = s3_key;
    long_key.secret = secret;
    struct buf out;
    buf_init(&out, 1024);
    struct sigv4_request r = example(no_name, 1);
    assert_int_equal(sigv4_authorize(&s3_key, &r, &out), NT_EINVAL);
    assert_int_equal(sigv4_presign(&s3_key, &r, 1, &out), NT_EINVAL);
    r = example(no_colon, 1);
    assert_int_equal(sigv4_authorize(&s3_key, &r, &out), NT_EINVAL);
    r = example(example_host, 1);
    assert_int_equal(sigv4_authorize(&long_key, &r, &out), NT_ETOOBIG);
    assert_int_equal(out.len, 0);
    buf_clean(&out);
}

static void test_sigv4__survives_the_failure_of_each_allocation(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct buf header, query;
        struct sigv4_request r = example(example_host, 1);
        buf_init(&header, 1024);
        buf_init(&query, 1024);
        mem_fail_at(n);
        enum nt_status status = sigv4_authorize(&s3_key, &r, &header);
        if (!status)
            status = sigv4_presign(&s3_key, &r, 60, &query);
        mem_fail_at(0);
        assert_int_equal(status, mem_failed() ? NT_ENOMEM : NT_OK);
        buf_clean(&header);
        buf_clean(&query);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigv4__dates),
        cmocka_unit_test(test_sigv4__escapes),
        cmocka_unit_test(test_sigv4__signs_as_the_reference_does),
        cmocka_unit_test(test_sigv4__presigns_as_the_reference_does),
        cmocka_unit_test(test_sigv4__a_signed_address_lives_for_a_week_at_most),
        cmocka_unit_test(test_sigv4__every_part_counts),
        cmocka_unit_test(test_sigv4__what_cannot_be_signed),
        cmocka_unit_test(test_sigv4__survives_the_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}

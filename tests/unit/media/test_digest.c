/* digest: the numbers of FIPS 180 and RFC 4231. */
#include "media/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int load(void **state)
{
    (void)state;
    return digest_load() || digest_load(); /* more than once is fine */
}

static void test_digest__sha256(void **state)
{
    static const struct {
        const char *text, *hex;
    } table[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unsigned char digest[DIGEST_SIZE];
        char hex[DIGEST_HEX];
        assert_int_equal(digest_sha256(table[i].text, strlen(table[i].text), digest), NT_OK);
        digest_hex(digest, hex);
        assert_string_equal(hex, table[i].hex);
    }
}

static void test_digest__hmac(void **state)
{
    static const char twenty[] = "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b";
    static const struct {
        const char *key, *text, *hex;
    } table[] = {
        {twenty, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unsigned char digest[DIGEST_SIZE];
        char hex[DIGEST_HEX];
        assert_int_equal(digest_hmac(table[i].key, strlen(table[i].key), table[i].text, strlen(table[i].text), digest),
                         NT_OK);
        digest_hex(digest, hex);
        assert_string_equal(hex, table[i].hex);
    }
    /* RFC 4231, case 6: a key longer than a block; the result over the key */
    unsigned char key[131];
    char hex[DIGEST_HEX];
    memset(key, 0xAA, sizeof key);
    static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    assert_int_equal(digest_hmac(key, sizeof key, text, sizeof text - 1, key), NT_OK);
    digest_hex(key, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__sha256),
        cmocka_unit_test(test_digest__hmac),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}

/* What is a picture, what is a whole one, and what is neither. */
#include "media/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PNG_HEAD  "\x89PNG\r\n\x1a\n"
#define IHDR      "\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0cccc"
#define IDAT      "\0\0\0\4IDATdatacccc"
#define IEND      "\0\0\0\0IENDcccc"
#define GIF       "GIF89a\2\0\1\0\x80\0\0aaabbb"
#define GIF_IMAGE "\x2c\0\0\0\0\2\0\1\0\0\2\2\x0c\x0a\0"
#define JPEG      "\xff\xd8\xff\xe0\0\4ab"
#define SCAN      "\xff\xda\0\3x"
#define TEXT(s)   (s), sizeof(s) - 1

static enum nt_status feed(struct picture *p, const char *data, size_t len, size_t piece)
{
    enum nt_status st = NT_OK;
    picture_init(p);
    for (size_t at = 0; st == NT_OK && at < len; at += piece)
        st = picture_add(p, data + at, len - at < piece ? len - at : piece);
    return st == NT_OK ? picture_finish(p) : st;
}

static void test_picture__whole(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        enum picture_kind kind;
        const char *type, *extension;
    } table[] = {
        {TEXT(PNG_HEAD IHDR IDAT IEND), PICTURE_PNG, "image/png", "png"},
        {TEXT(PNG_HEAD IHDR IDAT IEND "and more"), PICTURE_PNG, "image/png", "png"},
        {TEXT(GIF GIF_IMAGE ";"), PICTURE_GIF, "image/gif", "gif"},
        {TEXT(GIF "!\xfe\3abc\0" GIF_IMAGE "!\xf9\4abcd\0" GIF_IMAGE ";"), PICTURE_GIF, "image/gif", "gif"},
        {TEXT(JPEG SCAN "xy\xff\0cd\xff\xd3"
                        "ef\xff\xd9"),
         PICTURE_JPEG, "image/jpeg", "jpg"},
        {TEXT(JPEG SCAN "xy\xff\xff\xc4\0\3x" SCAN "xy\xff\xd9 tail"), PICTURE_JPEG, "image/jpeg", "jpg"},
        /* a preview inside has an end of its own */
        {TEXT("\xff\xd8\xff\xe1\0\x08"
              "\xff\xd8\xff\xd9" "ab" SCAN "xy\xff\xd9"),
         PICTURE_JPEG, "image/jpeg", "jpg"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t piece = 1; piece <= table[i].len; piece += 7) {
            struct picture p;
            assert_int_equal(feed(&p, table[i].data, table[i].len, piece), NT_OK);
            assert_string_equal(p.why, "");
            assert_int_equal(p.kind, table[i].kind);
            assert_int_equal(p.len, table[i].len);
            assert_string_equal(picture_type(p.kind), table[i].type);
            assert_string_equal(picture_extension(p.kind), table[i].extension);
            char back[256];
            assert_int_equal(picture_read(&p, 0, back, sizeof back), table[i].len);
            assert_memory_equal(back, table[i].data, table[i].len);
            assert_int_equal(picture_read(&p, 3, back, 2), 2);
            assert_memory_equal(back, table[i].data + 3, 2);
            assert_int_equal(picture_read(&p, table[i].len, back, sizeof back), 0);
            picture_clean(&p);
        }
}

/* Cut short anywhere, none of them passes. */
static void test_picture__parts(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
    } table[] = {
        {TEXT(PNG_HEAD IHDR IDAT IEND)},
        {TEXT(GIF "!\xfe\3abc\0" GIF_IMAGE ";")},
        {TEXT(JPEG SCAN "xy\xff\0cd\xff\xd3"
                        "ef\xff\xd9")},
        {TEXT("\xff\xd8\xff\xe1\0\x08"
              "\xff\xd8\xff\xd9" "ab" SCAN "xy\xff\xd9")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t len = 0; len < table[i].len; len++) {
            struct picture p;
            assert_int_equal(feed(&p, table[i].data, len, 5), NT_EREFUSED);
            assert_true(*p.why);
            picture_clean(&p);
        }
}

static void test_picture__others(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        const char *why;
    } table[] = {
        {TEXT(""), "nothing came"},
        {TEXT("<!DOCTYPE html><html>"), "not a picture: it begins with '<!DOCTYPE html>"},
        {TEXT("no"), "not a picture: it begins with 'no'"},
        {TEXT("\x1b[2Jred\nalert; \x07\xff"), "begins with '.[2Jred.alert; .'"},
        {TEXT("\x89PNG\r\n\x1a\n<html>no</html>"), "only a part"},
        {TEXT("\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDATxxxx"), "only a part"},
        {TEXT("GIF89a\2\0\1\0\0\0\0Qnothing we know"), "only a part"},
        {TEXT("\xff\xd8\xff\xe0\0\1nothing we know"), "only a part"},
        {TEXT("%PDF-1.4 and so on"), "not a picture"},
        {TEXT("RIFF\x10\0\0\0WEBPVP8 "), "not a picture"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct picture p;
        assert_int_equal(feed(&p, table[i].data, table[i].len, 4), NT_EREFUSED);
        if (!strstr(p.why, table[i].why))
            fail_msg("%zu: %s", i, p.why);
        assert_int_equal(picture_add(&p, "x", 1), NT_EREFUSED); /* it stays refused */
        picture_clean(&p);
    }
}

static void test_picture__size(void **state)
{
    (void)state;
    static char block[64 * 1024];
    struct picture p;
    picture_init(&p);
    assert_int_equal(picture_add(&p, TEXT(PNG_HEAD IHDR)), NT_OK);
    while (p.len + sizeof block <= PICTURE_MAX)
        assert_int_equal(picture_add(&p, block, sizeof block), NT_OK);
    assert_int_equal(picture_add(&p, block, PICTURE_MAX - p.len), NT_OK);
    assert_int_equal(p.len, PICTURE_MAX);
    assert_int_equal(picture_add(&p, "x", 1), NT_EREFUSED);
    assert_string_equal(p.why, "larger than 5120 KB");
    picture_clean(&p);
    assert_int_equal(p.fd, -1);
    p.max = 100;
    assert_int_equal(picture_add(&p, block, 101), NT_EREFUSED);
    picture_clean(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture__whole),
        cmocka_unit_test(test_picture__parts),
        cmocka_unit_test(test_picture__others),
        cmocka_unit_test(test_picture__size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* segment: encoding, units and parts around every border. */
#include "sms/segment.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A text is up to four runs. */
struct run {
    int times;
    const char *text;
};

struct count_case {
    struct run run[4];
    enum sms_encoding encoding;
    size_t units;
    int segments;
};

static void test_segment__counts_parts(void **state)
{
    (void)state;
    static const struct count_case cases[] = {
        {{{0, ""}}, SMS_GSM7, 0, 0},
        {{{1, "a"}}, SMS_GSM7, 1, 1},
        {{{160, "a"}}, SMS_GSM7, 160, 1},
        {{{161, "a"}}, SMS_GSM7, 161, 2},
        {{{306, "a"}}, SMS_GSM7, 306, 2},
        {{{307, "a"}}, SMS_GSM7, 307, 3},
        {{{459, "é"}}, SMS_GSM7, 459, 3},
        {{{460, "é"}}, SMS_GSM7, 460, 4},
        /* The extension: two septets each, never apart. */
        {{{69, "€"}}, SMS_GSM7, 138, 1},
        {{{80, "€"}}, SMS_GSM7, 160, 1},
        {{{81, "€"}}, SMS_GSM7, 162, 2},
        {{{76, "{"}, {1, "a"}, {76, "}"}, {1, "a"}}, SMS_GSM7, 306, 2},
        {{{153, "€"}}, SMS_GSM7, 306, 3}, /* 76 in a part, one septet left over in each */
        {{{159, "a"}, {1, "["}}, SMS_GSM7, 161, 2},
        {{{158, "a"}, {1, "["}}, SMS_GSM7, 160, 1},
        {{{152, "a"}, {1, "€"}, {151, "a"}}, SMS_GSM7, 305, 2},
        {{{152, "a"}, {1, "€"}, {152, "a"}}, SMS_GSM7, 306, 3},
        {{{151, "a"}, {1, "€"}, {153, "a"}}, SMS_GSM7, 306, 2},
        /* Sixteen bits. */
        {{{70, "ж"}}, SMS_UCS2, 70, 1},
        {{{71, "ж"}}, SMS_UCS2, 71, 2},
        {{{134, "ж"}}, SMS_UCS2, 134, 2},
        {{{135, "ж"}}, SMS_UCS2, 135, 3},
        {{{69, "a"}, {1, "…"}}, SMS_UCS2, 70, 1},
        {{{70, "a"}, {1, "`"}}, SMS_UCS2, 71, 2},
        {{{70, "€"}, {1, "\t"}}, SMS_UCS2, 71, 2}, /* one unit each there */
        {{{35, "😀"}}, SMS_UCS2, 70, 1},
        {{{36, "😀"}}, SMS_UCS2, 72, 2},
        {{{66, "a"}, {1, "😀"}, {66, "a"}}, SMS_UCS2, 134, 3}, /* the pair moves to the second part */
        {{{65, "a"}, {1, "😀"}, {67, "a"}}, SMS_UCS2, 134, 2},
        {{{66, "ж"}, {1, "e\u0301"}, {66, "ж"}}, SMS_UCS2, 134, 3},
        {{{60, "ж"}, {1, "👨\u200D👩\u200D👧\u200D👦"}, {67, "ж"}}, SMS_UCS2, 138, 3},
        {{{1, "a\u0301"}, {0, ""}}, SMS_UCS2, 2, 1},
    };
    struct buf text;
    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_reset(&text);
        for (size_t k = 0; k < 4; k++)
            for (int n = 0; n < cases[i].run[k].times; n++)
                buf_adds(&text, cases[i].run[k].text);
        struct sms_count count = sms_count(buf_text(&text), text.len);
        assert_int_equal(count.encoding, cases[i].encoding);
        assert_int_equal(count.units, cases[i].units);
        assert_int_equal(count.segments, cases[i].segments);
    }
    buf_clean(&text);
}

static void test_segment__counts_in_the_encoding_asked_for(void **state)
{
    (void)state;
    char text[71];
    memset(text, 'a', sizeof text);
    struct sms_count count = sms_count_as(text, sizeof text, SMS_UCS2);
    assert_int_equal(count.encoding, SMS_UCS2);
    assert_int_equal(count.segments, 2);
    assert_int_equal(sms_count_as(text, 70, SMS_UCS2).segments, 1);
    count = sms_count_as("ж", strlen("ж"), SMS_GSM7);
    assert_int_equal(count.encoding, SMS_UCS2);
    assert_int_equal(sms_count("€😀", strlen("€😀")).utf16, 3);
    assert_int_equal(sms_count("[€]", strlen("[€]")).utf16, 3);
}

static void test_segment__survives_clusters_longer_than_a_part(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_adds(&text, "e");
    for (int i = 0; i < 200; i++)
        buf_adds(&text, "\u0301");
    assert_int_equal(sms_count(text.data, text.len).segments, 2);
    buf_adds(&text, "x");
    assert_int_equal(sms_count(text.data, text.len).segments, 3);
    buf_clean(&text);
    struct sms_count count = sms_count("a\xff\xfe", 3);
    assert_int_equal(count.encoding, SMS_UCS2);
    assert_int_equal(count.units, 3);
}

static void test_segment__names_encodings(void **state)
{
    (void)state;
    assert_string_equal(sms_encoding_name(SMS_GSM7), "GSM-7");
    assert_string_equal(sms_encoding_name(SMS_UCS2), "UCS-2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segment__counts_parts),
        cmocka_unit_test(test_segment__counts_in_the_encoding_asked_for),
        cmocka_unit_test(test_segment__survives_clusters_longer_than_a_part),
        cmocka_unit_test(test_segment__names_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

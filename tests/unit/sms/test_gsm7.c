/* gsm7: every character of the alphabet, and none besides. */
#include "sms/gsm7.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char basic[] =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà";
static const char extension[] = "\f^{}\\[~]|€";

static int cost_by_list(uint32_t cp)
{
    char s[5] = {0};
    utf8_put(cp, s);
    if (cp && strstr(basic, s))
        return 1;
    return cp && strstr(extension, s) ? 2 : 0;
}

static void test_gsm7__knows_its_alphabet_and_nothing_else(void **state)
{
    (void)state;
    int ones = 0, twos = 0;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        int septets = gsm7_septets(cp);
        if (cp < 0x3000)
            assert_int_equal(septets, cost_by_list(cp));
        ones += septets == 1;
        twos += septets == 2;
    }
    assert_int_equal(ones, 127); /* 128 places, one of them the escape */
    assert_int_equal(twos, 10);
}

static void test_gsm7__leaves_the_usual_suspects_out(void **state)
{
    (void)state;
    static const uint32_t out[] = {'\t', '`',    0x1B,   0x7F,   0xA0,   0xE7,  0xB0,
                                   0xB5, 0x2019, 0x2026, 0x2126, 0x2206, 0x3B1, 0x410};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        assert_int_equal(gsm7_septets(out[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gsm7__knows_its_alphabet_and_nothing_else),
        cmocka_unit_test(test_gsm7__leaves_the_usual_suspects_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

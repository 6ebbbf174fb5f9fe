/* transliterate: what becomes of characters outside of GSM-7. */
#include "sms/transliterate.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "sms/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_transliterate__replaces_lookalikes(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to; /* NULL: not possible */
    } cases[] = {
        {"", ""},
        {"plain äöüéà{€}", "plain äöüéà{€}"},
        {"“a” ‘b’ „c‟ ‚d‛ «e» ‹f›", "\"a\" 'b' \"c\" 'd' \"e\" <f>"},
        {"1–2—3‐4‑5−6", "1-2-3-4-5-6"},
        {"wait…", "wait..."},
        {"a\u00A0b\u202Fc\u2009d\u3000e", "a b c d e"},
        {"a\u200Bb\u00ADc\uFEFFd\u200De\u2060f", "abcdef"},
        {"• one ‣ two", "- one - two"},
        {"5′ 6″", "5' 6\""},
        {"`cmd`´", "'cmd''"},
        {"½ 1½ x½", "1/2 1 1/2 x1/2"},
        {"２ｘ１０", "2x10"},
        {"load ≥ 5 → 7", "load >= 5 -> 7"},
        {"\u2126\u2206\u212B\u212A", "ΩΔÅK"},
        {"e\u0301a\u0308n\u0303A\u030AC\u0327", "éäñÅÇ"}, /* as macOS writes them */
        {"line\u2028two", "line\ntwo"},
        {"ç", NULL},
        {"e\u0302", NULL},
        {"“жж”", NULL},
        {"ok 😀", NULL},
        {"α", NULL},
        {"5 °C", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 1000);
        buf_adds(&out, ">");
        bool done = transliterate_lookalikes(&out, cases[i].from, strlen(cases[i].from));
        assert_int_equal(done, cases[i].to != NULL);
        assert_string_equal(buf_text(&out) + 1, cases[i].to ? cases[i].to : "");
        buf_clean(&out);
    }
}

static void test_transliterate__forces_everything(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"ça va, garçon", "ca va, garcon"},
        {"äöüÄÖÜßéèàùìòñÑåÅøØæÆÇ", "äöüÄÖÜßéèàùìòñÑåÅøØæÆÇ"},
        {"âêîôûëïÿ ÀÈÊ", "aeioueiy AEE"},
        {"Łódź Đà Nẵng Œuvre ıİ þing", "Lodz Dà Nang OEuvre iI thing"},
        {"ﬁle ² 10² №", "file 2 10 2 No"},
        {"10 µs", "10 us"},
        {"Привет", "??????"},
        {"中文", "??"},
        {"한국", "??"},
        {"ok 👨\u200D👩\u200D👧\u200D👦!", "ok ?!"}, /* one a grapheme */
        {"👍🏿🇩🇪❤\uFE0F", "???"},
        {"1\uFE0F\u20E3", "1"},
        {"“…”", "\"...\""},
        {"e\u0302\u0323", "e"},
        {"\u0301", "?"},
        {"\u200B", ""},
        {"ά", "?"},
        {"\xff", "?"},             /* not even UTF-8 */
        {"a\x80\xe2\x82", "a???"}, /* one a byte */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 1000);
        size_t len = strlen(cases[i].from);
        for (size_t at = 0, n; at < len; at += n) {
            n = utf8_grapheme(cases[i].from + at, len - at);
            transliterate_force(&out, cases[i].from + at, n);
        }
        assert_string_equal(buf_text(&out), cases[i].to);
        buf_clean(&out);
    }
}

/* Any code point: look-alikes are GSM-7 and never touch what is; force always ends in GSM-7. */
static void test_transliterate__gives_gsm7_for_any_code_point(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    int replaced = 0;
    for (uint32_t cp = 0x20; cp <= 0x10FFFF; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        char s[4];
        size_t n = utf8_put(cp, s);
        bool gsm = sms_count(s, n).encoding == SMS_GSM7;
        buf_reset(&out);
        bool done = transliterate_lookalikes(&out, s, n);
        if (gsm)
            assert_true(done && out.len == n && !memcmp(out.data, s, n));
        replaced += done && !gsm;
        if (!done)
            transliterate_force(&out, s, n);
        assert_int_equal(sms_count(buf_text(&out), out.len).encoding, SMS_GSM7);
        if (!done)
            assert_true(out.len > 0);
    }
    assert_in_range(replaced, 300, 400);
    buf_clean(&out);
}

static void test_transliterate__returns_out_of_memory(void **state)
{
    (void)state;
    for (unsigned long n = 1;; n++) {
        struct buf out;
        buf_init(&out, 1000);
        mem_fail_at(n);
        transliterate_force(&out, "ế", strlen("ế"));
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(buf_status(&out), failed ? NT_ENOMEM : NT_OK);
        buf_clean(&out);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transliterate__replaces_lookalikes),
        cmocka_unit_test(test_transliterate__forces_everything),
        cmocka_unit_test(test_transliterate__gives_gsm7_for_any_code_point),
        cmocka_unit_test(test_transliterate__returns_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

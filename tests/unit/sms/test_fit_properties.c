/*
 * fit, on random renderings: whatever goes in, what comes out can be sent.
 *
 * The seed is fixed, so that a failure can be had again.
 */
#include "sms/fit.h"

#include "base/utf8.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 42;

static unsigned random_below(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

/* Alphabets: the first few are GSM-7. */
static const char *const bits[][8] = {
    {"a", "b", "c", "d", "e", "f", "g", "h"},
    {"word ", "disk", " ", "CRITICAL", "\n", "/var", "é", "%"},
    {"€", "[", "]", "a", "{", "|", "}", "~"},
    {"“", "”", "–", "…", "\u00A0", "½", "x", "1"},
    {"ж", "д", "и", "к", " ", "ь", "т", "."},
    {"😀", "👍🏿", "🇩🇪", "👨\u200D👩\u200D👧", "e\u0301", "中", "ç", "\u200B"},
};

static void random_text(struct buf *out, unsigned alphabet, unsigned pieces)
{
    for (unsigned i = 0; i < pieces; i++)
        buf_adds(out, bits[random_below(9) ? alphabet : random_below(alphabet < 3 ? 3 : 6)][random_below(8)]);
}

static void random_rendering(struct rendering *r, unsigned alphabets)
{
    given_init(r);
    struct buf text;
    buf_init(&text, 1 << 20);
    unsigned pieces = 1 + random_below(7);
    for (unsigned i = 0; i < pieces; i++) {
        static const unsigned sizes[] = {3, 12, 30, 80, 200, 700};
        buf_reset(&text);
        random_text(&text, random_below(alphabets), random_below(sizes[random_below(6)]));
        int kind = (int)random_below(5) - 1;
        if (kind > SPAN_HOST)
            kind = FIXED;
        assert_true(given(r, kind, random_below(3) ? 0 : random_below(60), buf_text(&text)));
    }
    buf_clean(&text);
}

static bool is_gsm7(const struct rendering *r)
{
    return sms_count(buf_text(&r->text), r->text.len).encoding == SMS_GSM7;
}

static void check_sendable(const struct sms_text *t, enum sms_mode mode, int max)
{
    const char *body = buf_text(&t->body);
    size_t len = t->body.len;
    assert_true(len > 0 && len == strlen(body) && utf8_valid(body, len));
    struct sms_count count = sms_count_as(body, len, mode == SMS_FORCE_UCS2 ? SMS_UCS2 : SMS_GSM7);
    assert_int_equal(count.encoding, t->encoding);
    assert_int_equal(count.segments, t->segments);
    assert_true(t->segments >= 1 && (max == 0 || t->segments <= max));
    assert_true(count.utf16 <= 1600);
    if (mode == SMS_FORCE_GSM7)
        assert_int_equal(t->encoding, SMS_GSM7);
    if (max)
        assert_null(strchr(" \n", body[len - 1]));
}

static void test_fit_properties__any_rendering_can_be_sent(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct rendering r;
        struct sms_text t, again;
        random_rendering(&r, 6);
        sms_text_init(&t);
        sms_text_init(&again);
        enum sms_mode mode = (enum sms_mode)random_below(3);
        int max = (int)random_below(7);
        assert_int_equal(sms_fit(&r, mode, max, &t), NT_OK);
        check_sendable(&t, mode, max);
        /* What was fitted stays as it is when it is fitted again. */
        struct rendering fitted;
        given_init(&fitted);
        assert_true(given(&fitted, FIXED, 0, buf_text(&t.body)));
        assert_int_equal(sms_fit(&fitted, mode, max, &again), NT_OK);
        if (strcmp(buf_text(&again.body), buf_text(&t.body)))
            fail_msg("rendering %d, mode %d, %d segments: \"%s\" becomes \"%s\"", i, (int)mode, max, buf_text(&t.body),
                     buf_text(&again.body));
        assert_false(again.truncated);
        given_clean(&fitted);
        given_clean(&r);
        sms_text_clean(&t);
        sms_text_clean(&again);
    }
}

/* In one alphabet (GSM-7 text, or one forced), more room never gives a shorter text. */
static void test_fit_properties__more_room_never_gives_less(void **state)
{
    (void)state;
    for (int i = 0; i < 800; i++) {
        struct rendering r;
        struct sms_text t;
        enum sms_mode mode = (enum sms_mode)(i % 3);
        random_rendering(&r, mode == SMS_AUTO ? 3 : 6);
        sms_text_init(&t);
        if (mode != SMS_AUTO || is_gsm7(&r)) {
            size_t before = 0;
            for (int max = 1; max <= 11; max++) {
                assert_int_equal(sms_fit(&r, mode, max, &t), NT_OK);
                size_t now = utf8_graphemes(buf_text(&t.body), t.body.len);
                if (now < before)
                    fail_msg("rendering %d, %d segments: %zu, then %zu graphemes", i, max, before, now);
                before = now;
            }
        }
        given_clean(&r);
        sms_text_clean(&t);
    }
}

/* Fixed text at the start, host and state between elastic parts: they are there as long as there is room at all. */
static void test_fit_properties__what_matters_is_never_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct rendering r;
        struct sms_text t;
        struct buf text;
        given_init(&r);
        sms_text_init(&t);
        buf_init(&text, 1 << 20);
        unsigned alphabet = random_below(6);
        random_text(&text, alphabet, random_below(400));
        assert_true(given(&r, FIXED, 0, "CRITICAL ") && given(&r, SPAN_HOST, 0, "web01.example.org") &&
                    given(&r, FIXED, 0, "/") && given(&r, SPAN_SERVICE, 0, "disk /") && given(&r, FIXED, 0, ": ") &&
                    given(&r, SPAN_FIT, random_below(2) ? 0 : 15, buf_text(&text)) && given(&r, FIXED, 0, " 12:34"));
        assert_int_equal(sms_fit(&r, (enum sms_mode)random_below(3), 1 + (int)random_below(3), &t), NT_OK);
        assert_memory_equal(buf_text(&t.body), "CRITICAL web01.example.org/disk /: ", 34);
        assert_string_equal(buf_text(&t.body) + t.body.len - 6, " 12:34");
        buf_clean(&text);
        given_clean(&r);
        sms_text_clean(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit_properties__any_rendering_can_be_sent),
        cmocka_unit_test(test_fit_properties__more_room_never_gives_less),
        cmocka_unit_test(test_fit_properties__what_matters_is_never_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

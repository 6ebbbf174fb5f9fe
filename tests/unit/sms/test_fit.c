/* fit: what gives way, in which order, and in which alphabet the rest goes. */
#include "sms/fit.h"

#include "base/mem.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct piece_given {
    int kind;
    size_t minimum;
    const char *text;
    int times;
};

struct fit_case {
    const char *name;
    struct piece_given piece[6];
    enum sms_mode mode;
    int max;
    const char *body; /* NULL: begins with `begins` and ends with `ends` */
    const char *begins, *ends;
    size_t characters; /* of the body, 0 = not checked */
    enum sms_encoding encoding;
    int segments;
    bool truncated;
};

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void check(const struct fit_case *c)
{
    struct rendering r;
    struct sms_text t;
    given_init(&r);
    sms_text_init(&t);
    for (size_t i = 0; i < 6 && c->piece[i].text; i++)
        assert_true(given_times(&r, c->piece[i].kind, c->piece[i].minimum, c->piece[i].text,
                                c->piece[i].times ? c->piece[i].times : 1));
    assert_int_equal(sms_fit(&r, c->mode, c->max, &t), NT_OK);
    const char *body = buf_text(&t.body);
    if (c->body && strcmp(body, c->body))
        fail_msg("%s: got \"%s\", not \"%s\"", c->name, body, c->body);
    if (c->begins && strncmp(body, c->begins, strlen(c->begins)))
        fail_msg("%s: \"%s\" does not begin with \"%s\"", c->name, body, c->begins);
    if (c->ends && (strlen(body) < strlen(c->ends) || strcmp(body + strlen(body) - strlen(c->ends), c->ends)))
        fail_msg("%s: \"%s\" does not end with \"%s\"", c->name, body, c->ends);
    if (c->characters && characters(body) != c->characters)
        fail_msg("%s: %zu characters, not %zu: \"%s\"", c->name, characters(body), c->characters, body);
    if (t.encoding != c->encoding || t.segments != c->segments || t.truncated != c->truncated)
        fail_msg("%s: %s, %d segments, truncated %d: \"%s\"", c->name, sms_encoding_name(t.encoding), t.segments,
                 t.truncated, body);
    given_clean(&r);
    sms_text_clean(&t);
}

#define W20 "twenty-letters-long-" /* 20 characters */

/* Name, pieces, mode, segments allowed, body or its start and end, characters, encoding, segments, truncated. */
/* clang-format off */
static const struct fit_case whole[] = {
    {"fits",
     {{FIXED, 0, "CRITICAL web01", 0}},
     SMS_AUTO, 1, "CRITICAL web01", 0, 0, 0, SMS_GSM7, 1, false},
    {"empty",
     {{FIXED, 0, "", 0}},
     SMS_AUTO, 1, "(no text)", 0, 0, 0, SMS_GSM7, 1, false},
    {"blanks",
     {{FIXED, 0, " \n  ", 0}},
     SMS_AUTO, 1, "(no text)", 0, 0, 0, SMS_GSM7, 1, false},
    {"blanks of all kinds",
     {{FIXED, 0, "\u00A0\u200B\u3000 \n", 0}},
     SMS_FORCE_UCS2, 1, "(no text)", 0, 0, 0, SMS_UCS2, 1, false},
    {"empty, not fitted",
     {{FIXED, 0, "", 0}},
     SMS_AUTO, 0, "(no text)", 0, 0, 0, SMS_GSM7, 1, false},
    {"ends trimmed",
     {{FIXED, 0, " \nOK web01 \n\n", 0}},
     SMS_AUTO, 1, "OK web01", 0, 0, 0, SMS_GSM7, 1, false},
    {"not fitted, not trimmed",
     {{FIXED, 0, " OK web01 \n", 0}},
     SMS_AUTO, 0, " OK web01 \n", 0, 0, 0, SMS_GSM7, 1, false},
    {"not fitted",
     {{SPAN_FIT, 0, "x", 500}},
     SMS_AUTO, 0, NULL, "xxx", "xxx", 500, SMS_GSM7, 4, false},
    {"not fitted, but Twilio's limit",
     {{SPAN_FIT, 0, "x", 5000}},
     SMS_AUTO, 0, NULL, "xxx", "xxx..", 1600, SMS_GSM7, 11, true},
    {"one segment full",
     {{FIXED, 0, "x", 160}},
     SMS_AUTO, 1, NULL, "xxx", "xxx", 160, SMS_GSM7, 1, false},
    {"many segments, Twilio's limit",
     {{FIXED, 0, "x", 5000}},
     SMS_AUTO, 99, NULL, "xxx", "xxx..", 1600, SMS_GSM7, 11, true},
    {"emoji, Twilio's limit",
     {{FIXED, 0, "😀", 5000}},
     SMS_AUTO, 99, NULL, "😀", "😀…", 800, SMS_UCS2, 25, true},
};

static const struct fit_case alphabets[] = {
    {"look-alikes",
     {{FIXED, 0, "“disk” – 5…", 0}},
     SMS_AUTO, 1, "\"disk\" - 5...", 0, 0, 0, SMS_GSM7, 1, false},
    {"look-alikes stay in UCS-2",
     {{FIXED, 0, "“диск” – 5…", 0}},
     SMS_AUTO, 1, "“диск” – 5…", 0, 0, 0, SMS_UCS2, 1, false},
    {"c cedilla",
     {{FIXED, 0, "ça", 0}},
     SMS_AUTO, 1, "ça", 0, 0, 0, SMS_UCS2, 1, false},
    {"forced GSM-7",
     {{FIXED, 0, "“ça” ö 😀 ж", 0}},
     SMS_FORCE_GSM7, 1, "\"ca\" ö ? ?", 0, 0, 0, SMS_GSM7, 1, false},
    {"forced UCS-2",
     {{FIXED, 0, "“plain”", 0}},
     SMS_FORCE_UCS2, 1, "“plain”", 0, 0, 0, SMS_UCS2, 1, false},
    {"forced UCS-2 budget",
     {{SPAN_FIT, 0, "x", 100}},
     SMS_FORCE_UCS2, 1, NULL, "xxx", "xxx…", 70, SMS_UCS2, 1, true},
    {"an emoji that fits stays",
     {{FIXED, 0, "CRITICAL ", 0}, {SPAN_FIT, 0, "x", 60}, {FIXED, 0, "😀", 0}},
     SMS_AUTO, 1, NULL, "CRITICAL xxx", "xx…😀", 69, SMS_UCS2, 1, true},
    {"GSM-7 up to a late emoji",
     {{FIXED, 0, "y", 150}, {FIXED, 0, " 😀 tail", 0}},
     SMS_AUTO, 1, NULL, "yyyy", "yy..", 152, SMS_GSM7, 1, true},
    {"GSM-7 up to a late emoji in the output",
     {{FIXED, 0, "DOWN ", 0}, {SPAN_FIT, 0, "y", 120}, {FIXED, 0, " 12:00", 0}},
     SMS_AUTO, 1, NULL, "DOWN yyy", "yy 12:00", 131, SMS_GSM7, 1, false},
    {"output cut before its emoji",
     {{FIXED, 0, "DOWN ", 0},
      {SPAN_FIT, 0, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy 😀 zz", 0},
      {FIXED, 0, " 12:00", 0}},
     SMS_AUTO, 1, NULL, "DOWN yyy", "yyy.. 12:00", 93, SMS_GSM7, 1, true},
    {"early emoji: UCS-2",
     {{FIXED, 0, "yyyyyyyyyy 😀 ", 0}, {FIXED, 0, "z", 200}},
     SMS_AUTO, 1, NULL, "yyyyyyyyyy 😀 zz", "zz…", 69, SMS_UCS2, 1, true},
    {"fits whole as UCS-2 in two",
     {{SPAN_FIT, 0, "y", 130}, {FIXED, 0, "😀", 0}},
     SMS_AUTO, 2, NULL, "yyyy", "yy😀", 131, SMS_UCS2, 2, false},
};

static const struct fit_case order[] = {
    {"the output gives way",
     {{FIXED, 0, "CRITICAL ", 0}, {SPAN_HOST, 0, "web01", 0}, {FIXED, 0, ": ", 0}, {SPAN_FIT, 0, "x", 200},
      {FIXED, 0, " 12:00", 0}},
     SMS_AUTO, 1, NULL, "CRITICAL web01: xxx", "xx.. 12:00", 160, SMS_GSM7, 1, true},
    {"blanks before the ellipsis go",
     {{FIXED, 0, "y", 144}, {SPAN_FIT, 0, " word word    word word", 0}},
     SMS_AUTO, 1, NULL, "yyy", "yyy word word..", 156, SMS_GSM7, 1, true},
    {"the longest first",
     {{SPAN_FIT, 0, "a", 30}, {FIXED, 0, "|", 0}, {SPAN_FIT, 0, "b", 200}, {FIXED, 0, "|", 0},
      {SPAN_FIT, 0, "c", 10}},
     SMS_AUTO, 1, NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|bbb", "bb..|cccccccccc", 158, SMS_GSM7, 1, true},
    {"water level",
     {{SPAN_FIT, 0, "a", 100}, {FIXED, 0, "-", 0}, {SPAN_FIT, 0, "b", 200}, {FIXED, 0, "-", 0},
      {SPAN_FIT, 0, "c", 20}},
     SMS_AUTO, 1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb..-cccccccccccccccccccc", 0, 0, 160, SMS_GSM7, 1, true},
    {"one more for the first",
     {{SPAN_FIT, 0, "a", 100}, {FIXED, 0, "-", 0}, {SPAN_FIT, 0, "b", 100}},
     SMS_AUTO, 1, NULL, "aaaa", "bbb..", 160, SMS_GSM7, 1, true},
    {"useless rests go altogether",
     {{FIXED, 0, "y", 155}, {SPAN_FIT, 0, "output", 0}},
     SMS_AUTO, 1, NULL, "yyy", "yyy", 155, SMS_GSM7, 1, true},
    {"minimum",
     {{FIXED, 0, "y", 120}, {SPAN_FIT, 10, "0123456789abcdefghijklmnop", 0}, {SPAN_SERVICE, 0, "s", 40}},
     SMS_AUTO, 1, NULL, "yyy", "y0123456789..sssssssssssss..sssssssssssss", 0, SMS_GSM7, 1, true},
    {"service before host",
     {{SPAN_HOST, 0, "h", 60}, {FIXED, 0, "/", 0}, {SPAN_SERVICE, 0, W20 W20 W20 W20 W20 W20, 0},
      {SPAN_FIT, 0, "output", 0}},
     SMS_AUTO, 1, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh/" "twenty-letters-long-twenty-letters-long-twenty-le..rs-long-twenty-letters-long-twenty-letters-long-", 0, 0, 160, SMS_GSM7, 1, true},
    {"host after service",
     {{SPAN_HOST, 0, W20 W20 W20 W20 W20 W20 W20 W20, 0}, {FIXED, 0, "/", 0},
      {SPAN_SERVICE, 0, W20 W20 W20 W20 W20 W20 W20 W20, 0}, {FIXED, 0, " DOWN", 0}},
     SMS_AUTO, 1, "twenty-letters-long-twenty-letters-long-twenty-letters-long-twent..long-twenty-letters-long-twenty-letters-long-" "twenty-letters-long-/twenty-let..ters-long- DOWN", 0, 0, 160, SMS_GSM7, 1, true},
    {"the end last",
     {{SPAN_HOST, 0, "h", 60}, {FIXED, 0, " DOWN ", 0}, {SPAN_SERVICE, 0, "s", 60}, {FIXED, 0, "y", 200}},
     SMS_AUTO, 1, NULL, "hhhhhhhhhh..hhhhhhhhhh DOWN ssssssssss..ssssssssssyyyy", "yyy..", 160, SMS_GSM7, 1, true},
    {"the minimum before the end",
     {{SPAN_FIT, 150, "x", 300}, {FIXED, 0, " DOWN web01 and more of it", 0}},
     SMS_AUTO, 1, NULL, "xxxx", "x.. DOWN web01 and more of it", 160, SMS_GSM7, 1, true},
    {"blanks before the end's ellipsis",
     {{FIXED, 0, "y", 150}, {FIXED, 0, "        wwww        ", 0}},
     SMS_AUTO, 1, NULL, "yyyy", "yyy..", 152, SMS_GSM7, 1, true},
    {"no escape pair is split",
     {{FIXED, 0, "y", 157}, {SPAN_FIT, 0, "€€€", 0}},
     SMS_AUTO, 1, NULL, "yyyy", "yyy", 157, SMS_GSM7, 1, true},
    {"euros",
     {{SPAN_FIT, 0, "€", 100}},
     SMS_AUTO, 1, NULL, "€€€", "€€..", 81, SMS_GSM7, 1, true},
    {"no emoji is split",
     {{SPAN_FIT, 0, "👨\u200D👩\u200D👧\u200D👦", 20}},
     SMS_AUTO, 1, "👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦…", 0, 0, 0, SMS_UCS2, 1, true},
    {"a drop at the end leaves no blank",
     {{FIXED, 0, "y", 159}, {FIXED, 0, " ", 0}, {SPAN_FIT, 0, "output", 0}},
     SMS_AUTO, 1, NULL, "yyy", "yyy", 159, SMS_GSM7, 1, true},
    {"blanks that hide the text",
     {{FIXED, 0, "y", 0}, {FIXED, 0, " ", 3000}, {FIXED, 0, "x", 0}},
     SMS_AUTO, 1, "y..", 0, 0, 0, SMS_GSM7, 1, true},
    {"two segments",
     {{FIXED, 0, "DOWN ", 0}, {SPAN_FIT, 0, "x", 400}},
     SMS_AUTO, 2, NULL, "DOWN xxx", "xx..", 306, SMS_GSM7, 2, true},
    {"UCS-2, two segments",
     {{FIXED, 0, "AUS ", 0}, {SPAN_FIT, 0, "ж", 400}},
     SMS_AUTO, 2, NULL, "AUS жжж", "жж…", 134, SMS_UCS2, 2, true},
};

/* clang-format on */

#define CHECK_ALL(table)                                                                                               \
    do {                                                                                                               \
        (void)state;                                                                                                   \
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)                                                      \
            check(&table[i]);                                                                                          \
    } while (0)

static void test_fit__keeps_what_fits(void **state)
{
    CHECK_ALL(whole);
}

static void test_fit__chooses_the_alphabet(void **state)
{
    CHECK_ALL(alphabets);
}

static void test_fit__lets_the_least_important_go_first(void **state)
{
    CHECK_ALL(order);
}

static void test_fit__defends_itself(void **state)
{
    (void)state;
    struct rendering r;
    struct sms_text t;
    given_init(&r);
    sms_text_init(&t);
    /* Bytes and spans that no template leaves behind. */
    assert_true(given(&r, FIXED, 0, "a\xff\tb\r\nc\x01"));
    assert_int_equal(sms_fit(&r, SMS_AUTO, 1, &t), NT_OK);
    assert_string_equal(buf_text(&t.body), "a? b\nc");
    given_clean(&r);
    assert_true(given(&r, SPAN_FIT, 0, "жжж") && given(&r, SPAN_HOST, 0, "host"));
    struct span good = r.span[0];
    static const struct span bad[] = {{SPAN_FIT, 1, 3, 0},        {SPAN_FIT, 0, 3, 0}, {SPAN_FIT, 0, SIZE_MAX, 0},
                                      {SPAN_FIT, SIZE_MAX, 1, 0}, {SPAN_FIT, 0, 8, 0}, {(enum span_kind)7, 0, 2, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r.span[0] = bad[i];
        assert_int_equal(sms_fit(&r, SMS_AUTO, 1, &t), NT_OK);
        assert_string_equal(buf_text(&t.body), "жжжhost");
    }
    r.span[0] = good;
    assert_int_equal(sms_fit(&r, SMS_AUTO, -5, &t), NT_OK);
    assert_string_equal(buf_text(&t.body), "жжжhost");
    /* Letters under more accents than a message has room for. */
    given_clean(&r);
    assert_true(given(&r, FIXED, 0, "Z") && given_times(&r, FIXED, 0, "\u0301", 5000) && given(&r, FIXED, 0, "x"));
    for (int mode = SMS_AUTO; mode <= SMS_FORCE_UCS2; mode++)
        for (int max = 0; max < 4; max++) {
            assert_int_equal(sms_fit(&r, (enum sms_mode)mode, max, &t), NT_OK);
            assert_int_equal(buf_text(&t.body)[0], 'Z');
            assert_true(!max || t.segments <= max);
        }
    given_clean(&r);
    sms_text_clean(&t);
}

static void test_fit__is_quick_with_a_megabyte(void **state)
{
    (void)state;
    static const struct piece_given pieces[] = {
        {FIXED, 0, "DOWN ", 1},           {SPAN_HOST, 0, "h", 1 << 20},        {FIXED, 0, " ", 1},
        {SPAN_SERVICE, 0, "s.é", 300000}, {SPAN_FIT, 5, "out 😀 put ", 100000}, {FIXED, 0, "end", 1},
    };
    struct rendering r;
    struct sms_text t;
    given_init(&r);
    sms_text_init(&t);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        assert_true(given_times(&r, pieces[i].kind, pieces[i].minimum, pieces[i].text, pieces[i].times));
    for (int max = 1; max <= 12; max++) {
        assert_int_equal(sms_fit(&r, SMS_AUTO, max, &t), NT_OK);
        assert_true(t.truncated && t.segments <= max);
        assert_memory_equal(buf_text(&t.body), "DOWN hhhhhhhhhh", 15);
        assert_string_equal(buf_text(&t.body) + t.body.len - 3, "end");
    }
    given_clean(&r);
    sms_text_clean(&t);
}

/* Text of one kind of character, so that where a cut falls is known. */
static void fit_piece(int kind, size_t times, const char *character, const char *end, enum sms_mode mode, int max,
                      struct sms_text *t)
{
    struct rendering r;
    given_init(&r);
    assert_true(given_times(&r, kind, 0, character, (int)times) && given(&r, FIXED, 0, end));
    assert_int_equal(sms_fit(&r, mode, max, t), NT_OK);
    given_clean(&r);
}

/* Of a service that is too long to be cut up whole the last 6400 bytes are: they may begin within a character. */
static void test_fit__the_end_of_a_long_name_begins_at_a_character(void **state)
{
    (void)state;
    static const char *const letters[] = {"ж", "中", "😀", "a"};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        for (size_t times = 6500; times < 6504; times++) {
            struct sms_text t;
            sms_text_init(&t);
            fit_piece(SPAN_SERVICE, times, letters[i], "!", SMS_AUTO, 2, &t);
            assert_true(t.truncated && t.segments == 2);
            /* nothing but the letters and the mark of what is missing */
            const char *s = buf_text(&t.body), *mark = i == 3 ? ".." : "…";
            size_t len = strlen(letters[i]), marks = 0;
            while (strcmp(s, "!") != 0) {
                if (strncmp(s, letters[i], len) == 0) {
                    s += len;
                } else if (strncmp(s, mark, strlen(mark)) == 0) {
                    s += strlen(mark);
                    marks++;
                } else {
                    fail_msg("%s, %zu times: \"%s\"", letters[i], times, s);
                }
            }
            assert_int_equal(marks, 1);
            sms_text_clean(&t);
        }
}

/* Twilio takes 1600 characters; the blank behind them is nothing that is missed. */
static void test_fit__blanks_beyond_the_end_give_way_first(void **state)
{
    (void)state;
    struct sms_text t;
    sms_text_init(&t);
    fit_piece(SPAN_FIT, 1600, "a", " \n", SMS_AUTO, 0, &t);
    assert_false(t.truncated);
    assert_int_equal(t.body.len, 1600);
    fit_piece(SPAN_FIT, 1598, "a", " \n", SMS_AUTO, 0, &t);
    assert_false(t.truncated);
    assert_int_equal(t.body.len, 1600); /* in their place they stay */
    fit_piece(SPAN_FIT, 1601, "a", " \n", SMS_AUTO, 0, &t);
    assert_true(t.truncated);
    sms_text_clean(&t);
}

/* Forced into GSM-7 an accent over a blank is a blank, and a message of blanks would be refused. */
static void test_fit__what_is_stripped_to_nothing_says_so(void **state)
{
    (void)state;
    struct sms_text t;
    sms_text_init(&t);
    fit_piece(FIXED, 3, " \u0302", " ", SMS_FORCE_GSM7, 1, &t);
    assert_string_equal(buf_text(&t.body), "(no text)");
    assert_true(t.truncated);
    sms_text_clean(&t);
}

static void test_fit__returns_out_of_memory(void **state)
{
    (void)state;
    static const char *const texts[] = {"“quoted” ", "ж ", "a\x80\xff", "plain ", "жж"};
    for (int mode = SMS_AUTO; mode <= SMS_FORCE_UCS2; mode++)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            for (unsigned long n = 1;; n++) {
                struct rendering r;
                struct sms_text t;
                given_init(&r);
                sms_text_init(&t);
                assert_true(given_times(&r, SPAN_FIT, 0, texts[i], 60) && given_times(&r, SPAN_HOST, 0, "h", 90) &&
                            given_times(&r, FIXED, 0, "f", 60));
                mem_fail_at(n);
                enum nt_status status = sms_fit(&r, (enum sms_mode)mode, 1, &t);
                bool failed = mem_failed();
                mem_fail_at(0);
                assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
                assert_int_equal(t.body.len > 0, !failed);
                given_clean(&r);
                sms_text_clean(&t);
                if (!failed)
                    break;
            }
}

/* Whatever the tables' sizes are when the memory ends, and when nothing but blanks is left. */
static void test_fit__returns_out_of_memory_at_any_length(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sms_mode mode;
    } texts[] = {{"a", SMS_AUTO}, {"ж", SMS_AUTO}, {" \u0302", SMS_FORCE_GSM7}, {"“", SMS_FORCE_UCS2}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int times = 1; times <= 66; times++)
            for (unsigned long n = 1;; n++) {
                struct rendering r;
                struct sms_text t;
                given_init(&r);
                sms_text_init(&t);
                assert_true(given_times(&r, FIXED, 0, texts[i].text, times));
                mem_fail_at(n);
                enum nt_status status = sms_fit(&r, texts[i].mode, 1, &t);
                bool failed = mem_failed();
                mem_fail_at(0);
                assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
                assert_int_equal(t.body.len > 0, !failed);
                given_clean(&r);
                sms_text_clean(&t);
                if (!failed)
                    break;
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit__keeps_what_fits),
        cmocka_unit_test(test_fit__chooses_the_alphabet),
        cmocka_unit_test(test_fit__lets_the_least_important_go_first),
        cmocka_unit_test(test_fit__defends_itself),
        cmocka_unit_test(test_fit__is_quick_with_a_megabyte),
        cmocka_unit_test(test_fit__the_end_of_a_long_name_begins_at_a_character),
        cmocka_unit_test(test_fit__blanks_beyond_the_end_give_way_first),
        cmocka_unit_test(test_fit__what_is_stripped_to_nothing_says_so),
        cmocka_unit_test(test_fit__returns_out_of_memory),
        cmocka_unit_test(test_fit__returns_out_of_memory_at_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

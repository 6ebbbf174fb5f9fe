/* channel_line: lines come out as they were written, however the pipe cuts them. */
#include "ingest/channel_line.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 16, LINES = 400 };

/* "L<text>\n" for a line that comes out, "O<text>\n" for one that was too long. */
static void collect(struct channel_lines *l, struct buf *seen)
{
    const char *line;
    size_t len;
    enum channel_line_end end;
    while ((end = channel_lines_next(l, &line, &len)) != CHANNEL_NO_LINE) {
        assert_true(len <= l->max);
        buf_addc(seen, end == CHANNEL_LINE ? 'L' : 'O');
        buf_add(seen, line, len);
        buf_addc(seen, '\n');
    }
}

/* All of text in pieces of `step` bytes. */
static void expect_lines(const char *text, size_t len, size_t step, const char *expected)
{
    struct channel_lines l;
    struct buf seen;
    channel_lines_init(&l, MAX);
    buf_init(&seen, 1 << 20);
    for (size_t at = 0; at < len; at += step) {
        assert_int_equal(channel_lines_feed(&l, text + at, at + step < len ? step : len - at), NT_OK);
        collect(&l, &seen);
        assert_true(l.text.len <= l.max + step);
    }
    channel_lines_finish(&l);
    collect(&l, &seen);
    assert_string_equal(buf_text(&seen), expected);
    buf_clean(&seen);
    channel_lines_clean(&l);
}

static void test_channel_line__is_what_lies_between_newlines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"\n\n \r\n\t\n", ""},
        {"{}\n", "L{}\n"},
        {"{}", "L{}\n"},
        {"{}\r\n{1}\n", "L{}\nL{1}\n"},
        {"  {}\t\n x y ", "L{}\nLx y\n"},
        {"0123456789abcdef\n", "L0123456789abcdef\n"},
        {"0123456789abcdef", "L0123456789abcdef\n"},
        {"0123456789abcdefg\nx\n", "O0123456789abcdef\nLx\n"},
        {"0123456789abcdefg", "O0123456789abcdef\n"},
        {"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\nx\ny",
         "O0123456789abcdef\nLx\nLy\n"},
        {"                     \nx", "O\nLx\n"},
        {"a\n0123456789abcdef+\n0123456789abcdef-\nb", "La\nO0123456789abcdef\nO0123456789abcdef\nLb\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++)
            expect_lines(rows[i].text, strlen(rows[i].text), step, rows[i].expected);
}

static void test_channel_line__keeps_bytes_as_they_are(void **state)
{
    (void)state;
    static const char text[] = "a\0b\n\xff\xfe\n";
    struct channel_lines l;
    const char *line;
    size_t len;
    channel_lines_init(&l, MAX);
    assert_int_equal(channel_lines_feed(&l, text, sizeof text - 1), NT_OK);
    assert_int_equal(channel_lines_next(&l, &line, &len), CHANNEL_LINE);
    assert_int_equal(len, 3);
    assert_memory_equal(line, "a\0b", 3);
    assert_int_equal(channel_lines_next(&l, &line, &len), CHANNEL_LINE);
    assert_memory_equal(line, "\xff\xfe", 2);
    assert_int_equal(channel_lines_next(&l, &line, &len), CHANNEL_NO_LINE);
    channel_lines_clean(&l);
}

/* The same numbers on each run. */
static unsigned next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33);
}

/* Lines of random lengths around the maximum, cut at random places: each comes out once, in its order. */
static void test_channel_line__does_not_depend_on_where_the_pipe_cuts(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 200; round++) {
        struct buf text, expected, seen;
        struct channel_lines l;
        uint64_t seed = round;
        buf_init(&text, 1 << 20);
        buf_init(&expected, 1 << 20);
        buf_init(&seen, 1 << 20);
        channel_lines_init(&l, MAX);
        for (size_t i = 0; i < LINES; i++) {
            size_t len = next_random(&seed) % (3 * MAX), begin = text.len;
            for (size_t k = 0; k < len; k++)
                buf_addc(&text, (char)('!' + next_random(&seed) % 90));
            buf_addc(&text, '\n');
            if (!len)
                continue;
            buf_addc(&expected, len > MAX ? 'O' : 'L');
            buf_add(&expected, text.data + begin, len < MAX ? len : MAX);
            buf_addc(&expected, '\n');
        }
        for (size_t at = 0; at < text.len;) {
            size_t step = 1 + next_random(&seed) % (5 * MAX);
            step = step < text.len - at ? step : text.len - at;
            assert_int_equal(channel_lines_feed(&l, text.data + at, step), NT_OK);
            at += step;
            if (next_random(&seed) % 4)
                collect(&l, &seen);
        }
        channel_lines_finish(&l);
        collect(&l, &seen);
        assert_string_equal(buf_text(&seen), buf_text(&expected));
        channel_lines_clean(&l);
        buf_clean(&text);
        buf_clean(&expected);
        buf_clean(&seen);
    }
}

static void test_channel_line__loses_nothing_when_memory_is_short(void **state)
{
    (void)state;
    struct channel_lines l;
    struct buf seen;
    channel_lines_init(&l, MAX);
    buf_init(&seen, 4096);
    mem_fail_at(1);
    assert_int_equal(channel_lines_feed(&l, "{1}\n", 4), NT_ENOMEM);
    mem_fail_at(0);
    collect(&l, &seen);
    assert_int_equal(seen.len, 0);
    assert_int_equal(channel_lines_feed(&l, "{1}\n", 4), NT_OK);
    collect(&l, &seen);
    assert_string_equal(buf_text(&seen), "L{1}\n");
    buf_clean(&seen);
    channel_lines_clean(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_line__is_what_lies_between_newlines),
        cmocka_unit_test(test_channel_line__keeps_bytes_as_they_are),
        cmocka_unit_test(test_channel_line__does_not_depend_on_where_the_pipe_cuts),
        cmocka_unit_test(test_channel_line__loses_nothing_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* table: see the header. Owner of the cells. DIAGNOSTICS: NT_ENOMEM. */
#include "notify/table.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { ROWS_AT_ONCE = 256, WIDTH_MAX = 48, SCREEN_LEAST = 60 };

void table_init(struct table *t, const char *const *heads, size_t columns, unsigned right)
{
    struct winsize size;
    memset(t, 0, sizeof *t);
    t->heads = heads;
    t->columns = columns;
    t->right = right;
    strlist_init(&t->cells);
    for (size_t i = 0; i < columns; i++)
        t->width[i] = utf8_graphemes(heads[i], strlen(heads[i]));
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= SCREEN_LEAST)
        t->screen = size.ws_col;
}

/* Bytes of the first n graphemes. */
static size_t bytes_of(const char *text, size_t len, size_t n)
{
    size_t at = 0;
    while (n-- && at < len)
        at += utf8_grapheme(text + at, len - at);
    return at;
}

static void print_row(const struct table *t, const char *const *cell)
{
    size_t used = 0;
    for (size_t i = 0; i < t->columns; i++) {
        size_t len = strlen(cell[i]), wide = utf8_graphemes(cell[i], len);
        bool last = i + 1 == t->columns;
        size_t pad = wide < t->width[i] ? t->width[i] - wide : 0;
        if (last && t->screen && used + wide > t->screen)
            len = bytes_of(cell[i], len, t->screen > used ? t->screen - used : 0);
        if (t->right & 1u << i)
            printf("%*s", (int)pad, "");
        fwrite(cell[i], 1, len, stdout);
        if (!(t->right & 1u << i) && !last)
            printf("%*s", (int)pad, "");
        if (!last)
            fputs("  ", stdout);
        used += wide + pad + 2;
    }
    putchar('\n');
}

static void flush(struct table *t)
{
    size_t rows = t->cells.n / t->columns;
    for (size_t i = 0; i < rows * t->columns; i++) {
        size_t column = i % t->columns, wide = utf8_graphemes(t->cells.item[i], strlen(t->cells.item[i]));
        if (column + 1 < t->columns && wide > t->width[column])
            t->width[column] = wide < WIDTH_MAX ? wide : WIDTH_MAX;
    }
    if (rows && !t->headed)
        print_row(t, t->heads);
    t->headed |= rows > 0;
    for (size_t i = 0; i < rows; i++)
        print_row(t, (const char *const *)t->cells.item + i * t->columns);
    strlist_clean(&t->cells);
}

enum nt_status table_cell(struct table *t, const char *text)
{
    enum nt_status st = strlist_add(&t->cells, text);
    if (st == NT_OK && t->cells.n == ROWS_AT_ONCE * t->columns)
        flush(t);
    return st;
}

void table_end(struct table *t)
{
    flush(t);
}

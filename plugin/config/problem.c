/*
 * problem: what is wrong in a configuration, and where.
 *
 * The list owns copies of everything. Messages may quote the file, which may hold anything: they are made one clean
 * line here, once, so that no terminal and no log is at its mercy.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. After PROBLEMS_MAX entries further ones are counted as one last entry, so a file of rubbish stays cheap.
 */
#include "config/problem.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "base/vector.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS_MAX = 500, MESSAGE_MAX = 2048 };

void problems_init(struct problems *p)
{
    *p = (struct problems){0};
}

void problems_clean(struct problems *p)
{
    for (size_t i = 0; i < p->n; i++) {
        mem_free(p->item[i].file);
        mem_free(p->item[i].message);
    }
    mem_free(p->item);
    problems_init(p);
}

/* One clean line. */
static enum nt_status add_line(struct buf *out, const char *text)
{
    size_t from = out->len;
    enum nt_status status = utf8_clean(out, text, strlen(text));
    for (size_t i = from; !status && i < out->len; i++)
        if (out->data[i] == '\n')
            out->data[i] = ' ';
    return status;
}

enum nt_status problems_add(struct problems *p, const char *file, unsigned long line, unsigned long column, bool fatal,
                            const char *format, ...)
{
    enum nt_status status = NT_ENOMEM;
    struct problem made = {.line = line, .column = column, .fatal = fatal};
    struct buf raw, clean;
    if (p->n > PROBLEMS_MAX) {
        /* The last entry stands for all that follow. */
        p->item[p->n - 1].fatal |= fatal;
        return NT_OK;
    }
    buf_init(&raw, (size_t)MESSAGE_MAX * 4);
    buf_init(&clean, (size_t)MESSAGE_MAX * 4);
    if (p->n == PROBLEMS_MAX) {
        made.line = made.column = 0;
        buf_adds(&raw, "there are more problems than are listed here");
    } else {
        va_list args;
        va_start(args, format);
        buf_addv(&raw, format, args);
        va_end(args);
    }
    status = buf_status(&raw);
    if (status)
        goto done;
    status = add_line(&clean, buf_text(&raw));
    if (status)
        goto done;
    status = NT_ENOMEM;
    made.message = buf_steal(&clean);
    made.file = mem_strdup(file);
    if (!made.message || !made.file || !VECTOR_GROW(p, item))
        goto done;
    p->item[p->n++] = made;
    made.message = made.file = NULL;
    status = NT_OK;
done:
    mem_free(made.message);
    mem_free(made.file);
    buf_clean(&raw);
    buf_clean(&clean);
    return status;
}

static int by_place(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    int order = strcmp(a->file, b->file);
    if (order)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->message, b->message);
}

void problems_sort(struct problems *p)
{
    if (p->n)
        qsort(p->item, p->n, sizeof *p->item, by_place);
}

enum nt_status problem_format(const struct problem *p, struct buf *out)
{
    size_t before = out->len;
    enum nt_status status = add_line(out, p->file);
    if (!status && p->line)
        status = buf_addf(out, ":%lu:%lu", p->line, p->column);
    if (!status)
        status = buf_addf(out, ": %s", p->message);
    if (status)
        buf_truncate(out, before);
    return status;
}

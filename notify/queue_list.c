/*
 * queue_list: the pages at a glance, readable by somebody who has just been woken: how old, in what state, to whom,
 * about what, and why it is where it is.
 *
 * DIAGNOSTICS: no store yet is an empty list. A store that fails midway is said on stderr, exit 75.
 */
#include "notify/queue.h"
#include "notify/say.h"
#include "notify/table.h"

#include <stdio.h>
#include <string.h>

enum { CELL = 8192, DAY = 86400000 };

struct listing {
    struct runtime *r;
    const struct queue_options *q;
    struct table table;
    struct buf cell;
    int64_t now;
    size_t n;
    enum nt_status status;
};

static bool keep_reason(void *arg, const struct page_step *step)
{
    struct buf *reason = arg;
    buf_reset(reason);
    say_line(reason, step->reason);
    return true;
}

static enum nt_status put(struct listing *l)
{
    (void)say_whole(&l->cell);
    enum nt_status st = table_cell(&l->table, buf_text(&l->cell));
    buf_reset(&l->cell);
    return st;
}

/* When it goes, if it waits; then the last step's reason. */
static enum nt_status put_why(struct listing *l, const struct page *p)
{
    struct store *s = l->r->store;
    char span[SAY_SIZE];
    struct buf reason;
    buf_init(&reason, CELL);
    enum nt_status st = s->ops->steps(s, p->id, keep_reason, &reason);
    if (p->state == PAGE_QUEUED || p->state == PAGE_HELD) {
        say_span(p->due - l->now, span);
        if (p->due > l->now)
            buf_addf(&l->cell, "in %s: ", span);
        else
            buf_adds(&l->cell, "due: ");
    }
    (void)say_whole(&reason);
    buf_adds(&l->cell, buf_text(&reason));
    buf_clean(&reason);
    return st == NT_OK ? put(l) : st;
}

static enum nt_status put_row(struct listing *l, const struct page *p)
{
    char span[SAY_SIZE];
    enum nt_status st;
    buf_addf(&l->cell, "%lld", (long long)p->id);
    if ((st = put(l)) != NT_OK)
        return st;
    say_span(l->now - p->created, span);
    buf_adds(&l->cell, span);
    if ((st = put(l)) != NT_OK)
        return st;
    buf_adds(&l->cell, page_state_name(p->state));
    if ((st = put(l)) != NT_OK)
        return st;
    say_number(&l->cell, p->number, p->contact);
    if ((st = put(l)) != NT_OK)
        return st;
    say_news(&l->cell, p);
    if ((st = put(l)) != NT_OK)
        return st;
    say_object(&l->cell, p);
    if ((st = put(l)) != NT_OK)
        return st;
    return put_why(l, p);
}

static bool visit(void *arg, const struct page *p)
{
    struct listing *l = arg;
    if (l->q->problem && !say_is_about(p, l->q->problem))
        return true;
    l->n++;
    if (l->q->o.general.json)
        queue_print_json(p);
    else
        l->status = put_row(l, p);
    return l->status == NT_OK && !ferror(stdout);
}

int queue_list(struct runtime *r, const struct queue_options *q)
{
    static const char *const heads[] = {"ID", "AGE", "STATE", "TO", "NEWS", "ABOUT", "WHY"};
    struct listing l = {.r = r, .q = q, .now = runtime_now(r)};
    struct store_query query = {.kind = q->all ? PAGES_ALL : PAGES_UNFINISHED, .since = q->all ? 0 : l.now - DAY};
    table_init(&l.table, heads, sizeof heads / sizeof *heads, 3);
    buf_init(&l.cell, CELL);
    enum nt_status st = queue_open_reading(r);
    if (st == NT_OK) {
        st = r->store->ops->pages(r->store, &query, visit, &l);
        if (st == NT_OK)
            st = l.status;
        if (st != NT_OK)
            fprintf(stderr, "notify_twilio: the store cannot be read: %s\n", nt_status_text(st));
    } else if (st == NT_ENOENT) {
        st = NT_OK;
    }
    table_end(&l.table);
    if (st == NT_OK && !l.n && !q->o.general.json)
        puts(q->problem ? "nothing about that"
             : q->all   ? "nothing was ever sent"
                        : "nothing waits, nothing was sent today");
    buf_clean(&l.cell);
    return st == NT_OK ? say_status(EXIT_OK) : EXIT_TRY_AGAIN;
}

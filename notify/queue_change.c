/*
 * queue_change: `retry` and `drop`, all pages of a command in one transaction.
 *
 * DIAGNOSTICS: a page that does not exist, or is in no state for it, is said and the others are done: exit 65. When the
 * store cannot be written nothing is changed: exit 75.
 */
#include "base/mem.h"
#include "flow/repair.h"
#include "notify/background.h"
#include "notify/queue.h"
#include "notify/say.h"
#include "notify/session.h"

#include <stdio.h>
#include <string.h>

enum { CHANGE_WORDS = 4096, LAST_DAY = 86400000 };

struct change {
    struct runtime *r;
    bool retry, json;
    struct page **page; /* the done ones, told after the commit */
    size_t n, refused;
    struct buf said; /* what was refused, told after the commit as well */
};

static enum nt_status change_one(struct change *c, int64_t id)
{
    struct buf words;
    struct page *p = NULL;
    buf_init(&words, CHANGE_WORDS);
    enum nt_status st = c->retry ? repair_retry(c->r, id, &p, &words) : repair_drop(c->r, id, &p, &words);
    if (st == NT_ENOENT)
        buf_addf(&c->said, "there is no page %lld\n", (long long)id);
    else if (st == NT_EREFUSED)
        buf_addf(&c->said, "page %lld is left alone: %s\n", (long long)id, buf_text(&words));
    if (st == NT_ENOENT || st == NT_EREFUSED) {
        c->refused++;
        st = NT_OK;
    } else if (st == NT_OK) {
        c->page[c->n++] = p;
    }
    (void)(say_whole(&words) && say_whole(&c->said));
    buf_clean(&words);
    return st;
}

static void tell(const struct change *c)
{
    const char *line = buf_text(&c->said);
    while (*line) {
        int n = (int)strcspn(line, "\n");
        fprintf(stderr, "notify_twilio: %.*s\n", n, line);
        line += n + (line[n] == '\n');
    }
    for (size_t i = 0; i < c->n; i++) {
        struct buf words;
        if (c->json) {
            queue_print_json(c->page[i]);
            continue;
        }
        buf_init(&words, CHANGE_WORDS);
        say_number(&words, c->page[i]->number, c->page[i]->contact);
        buf_addc(&words, ' ');
        say_news(&words, c->page[i]);
        buf_addc(&words, ' ');
        say_object(&words, c->page[i]);
        (void)say_whole(&words);
        printf("page %lld %s: %s\n", (long long)c->page[i]->id, c->retry ? "queued" : "dropped", buf_text(&words));
        buf_clean(&words);
    }
}

static enum nt_status transact(struct change *c, struct id_array *ids)
{
    struct store *s = c->r->store;
    enum nt_status st = s->ops->begin(s);
    if (st != NT_OK)
        return st;
    if (!ids->n)
        st = repair_candidates(c->r, runtime_now(c->r) - LAST_DAY, ids);
    if (st == NT_OK && !(c->page = mem_array(ids->n + 1, sizeof(struct page *))))
        st = NT_ENOMEM;
    for (size_t i = 0; st == NT_OK && i < ids->n; i++) {
        bool twice = false;
        for (size_t k = 0; k < i; k++)
            twice |= ids->item[k] == ids->item[i];
        if (!twice)
            st = change_one(c, ids->item[i]);
    }
    if (st == NT_OK)
        return s->ops->commit(s);
    s->ops->rollback(s);
    return st;
}

/* After the commit: whoever holds the lock sees our pages before he lets go of it. */
static void make_sure_somebody_delivers(struct runtime *r, const struct arguments *a)
{
    long holder = 0;
    if (drain_lock_holder(r->config->store, &holder) == NT_OK && holder != 0)
        return;
    if (background_start(r, session_socket(r, a)) != NT_OK)
        fprintf(stderr, "notify_twilio: no drainer could be started: the pages wait for the next one\n");
}

int queue_change(struct runtime *r, const struct queue_options *q)
{
    struct change c = {.r = r, .retry = !strcmp(q->o.word[0], "retry"), .json = q->o.general.json};
    struct id_array ids = {NULL, 0, 0};
    int status = EXIT_TRY_AGAIN;
    buf_init(&c.said, (size_t)CHANGE_WORDS * 256);
    session_drop_root(r);
    enum nt_status st = queue_open_writing(r);
    bool none = st == NT_ENOENT, explicit = q->o.words > 1;
    if (none)
        st = NT_OK;
    else if (st != NT_OK)
        goto done;
    for (size_t i = 1; st == NT_OK && i < q->o.words; i++) {
        int64_t id = 0;
        (void)queue_id(q->o.word[i], &id);
        if (none) {
            fprintf(stderr, "notify_twilio: there is no page %lld\n", (long long)id);
            c.refused++;
        } else {
            st = id_array_add(&ids, id);
        }
    }
    if (st == NT_OK && !none)
        st = transact(&c, &ids);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: nothing was changed: %s\n", nt_status_text(st));
        goto done;
    }
    tell(&c);
    if (!c.n && !explicit && !c.json)
        puts("nothing of the last 24 hours is to be sent again");
    if (c.retry && c.n)
        make_sure_somebody_delivers(r, &q->o.general);
    status = c.refused && explicit ? EXIT_NO_RECIPIENT : EXIT_OK;
done:
    for (size_t i = 0; i < c.n; i++)
        page_free(c.page[i]);
    mem_free(c.page);
    id_array_clean(&ids);
    buf_clean(&c.said);
    return status;
}

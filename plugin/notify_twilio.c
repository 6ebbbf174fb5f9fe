/*
 * notify_twilio: the library's few entry points, thin over flow.
 *
 * A pager owns a runtime. Pagers share the log and the memory of alarms, so one thread is in here at a time.
 *
 * DIAGNOSTICS: as the header says; everything is logged as well, where the configuration says.
 */
#include "notify_twilio.h"

#include "base/mem.h"
#include "base/random.h"
#include "config/load.h"
#include "flow/accept.h"
#include "flow/drain.h"
#include "flow/preview.h"
#include "flow/runtime.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ERROR_MAX = 16 * 1024, PAIRS_MAX = 4 * 1024 * 1024 };

struct nt_pager {
    struct runtime runtime;
    struct buf error;
    struct nt_drained drained;
    int64_t until; /* boot ms: end of the drain */
    volatile int stop;
};

NT_EXPORT enum nt_status nt_open(const char *config, struct nt_pager **out, char *error, size_t size)
{
    struct problems problems;
    struct buf words;
    struct nt_pager *p = mem_zalloc(sizeof *p);
    *out = NULL;
    if (!p)
        return NT_ENOMEM;
    problems_init(&problems);
    buf_init(&words, ERROR_MAX);
    buf_init(&p->error, ERROR_MAX);
    enum nt_status st = runtime_open(config_path(config), NULL, &p->runtime, &problems);
    for (size_t i = 0; st != NT_OK && i < problems.n; i++) {
        if (i)
            buf_addc(&words, '\n');
        (void)problem_format(&problems.item[i], &words);
    }
    if (st == NT_OK) {
        st = runtime_open_store(&p->runtime);
        if (st != NT_OK)
            runtime_close(&p->runtime);
    }
    if (error && size)
        snprintf(error, size, "%s", st == NT_OK ? "" : words.len ? buf_text(&words) : nt_status_text(st));
    if (st == NT_OK)
        *out = p;
    else
        mem_free(p);
    problems_clean(&problems);
    buf_clean(&words);
    return st;
}

NT_EXPORT void nt_close(struct nt_pager *p)
{
    if (!p)
        return;
    runtime_close(&p->runtime);
    buf_clean(&p->error);
    mem_free(p);
}

NT_EXPORT const char *nt_error(const struct nt_pager *p)
{
    return buf_text(&p->error);
}

/* The pairs as a frame of the same language. */
static enum nt_status read_pairs(struct nt_pager *p, const char *const *pairs, size_t n, struct order *order)
{
    struct buf frame;
    enum nt_status st = NT_OK;
    buf_reset(&p->error);
    buf_init(&frame, PAIRS_MAX);
    buf_add(&frame, "notify_twilio=1", sizeof "notify_twilio=1");
    for (size_t i = 0; i < n; i++)
        buf_add(&frame, pairs[i], strlen(pairs[i]) + 1);
    st = buf_status(&frame);
    if (st == NT_OK)
        st = order_read(buf_text(&frame), frame.len, order, &p->error);
    buf_clean(&frame);
    return st;
}

static bool show(const struct page *page, nt_page_visit *visit, void *arg)
{
    struct nt_page seen = {
        .id = page->id,
        .to = page->number,
        .contact = page->contact,
        .class_name = alert_class_name(page->class),
        .event = alert_event_name(page->event),
        .state = page_state_name(page->state),
        .body = page->body,
        .encoding = page->flags & PAGE_UCS2 ? "UCS-2" : "GSM-7",
        .segments = page->segments,
        .truncated = page->flags & PAGE_TRUNCATED,
    };
    return !visit || visit(arg, &seen);
}

NT_EXPORT enum nt_status nt_accept(struct nt_pager *p, const char *const *pairs, size_t n, nt_page_visit *visit,
                                   void *arg)
{
    struct order order;
    struct accepted accepted;
    order_init(&order);
    accepted_init(&accepted);
    enum nt_status st = read_pairs(p, pairs, n, &order);
    if (st == NT_OK && !*order.uuid)
        random_uuid(order.uuid);
    if (st == NT_OK)
        st = accept_order(&p->runtime, &order, &accepted, &p->error);
    for (size_t i = 0; st == NT_OK && i < accepted.n; i++)
        if (!show(accepted.page[i], visit, arg))
            break;
    accepted_clean(&accepted);
    order_clean(&order);
    return st;
}

NT_EXPORT enum nt_status nt_render(struct nt_pager *p, const char *const *pairs, size_t n, nt_page_visit *visit,
                                   void *arg)
{
    struct order order;
    struct preview preview;
    order_init(&order);
    preview_init(&preview);
    enum nt_status st = read_pairs(p, pairs, n, &order);
    if (st == NT_OK)
        st = preview_order(&p->runtime, &order, true, &preview, &p->error);
    for (size_t i = 0; st == NT_OK && i < preview.n; i++)
        if (!show(preview.item[i].page, visit, arg))
            break;
    preview_clean(&preview);
    order_clean(&order);
    return st;
}

static void look_at_time(void *arg)
{
    struct nt_pager *p = arg;
    if (clock_boot(p->runtime.clock) >= p->until)
        p->stop = 1;
}

static void count(void *arg, int64_t sent, int64_t refused, int64_t unsettled)
{
    struct nt_pager *p = arg;
    p->drained = (struct nt_drained){sent, refused, unsettled};
}

NT_EXPORT enum nt_status nt_drain(struct nt_pager *p, int64_t timeout, struct nt_drained *out)
{
    struct runtime *r = &p->runtime;
    struct drain_options o = {
        .only_due = true,
        .listen_fd = -1,
        .wake_fd = -1,
        .stop = &p->stop,
        .turn = look_at_time,
        .progress = count,
        .arg = p,
    };
    int lock = -1;
    long holder = 0;
    enum nt_status st = NT_OK;
    buf_reset(&p->error);
    p->drained = (struct nt_drained){0, 0, 0};
    if (!r->spare && (st = drain_lock_take(r->config->store, false, &lock, &holder)) == NT_EBUSY) {
        buf_addf(&p->error, "process %ld drains this store", holder);
        return st;
    }
    o.unlocked = lock < 0;
    p->stop = 0;
    p->until = clock_boot(r->clock) + timeout;
    st = drain_run(r, &o);
    if (lock >= 0)
        close(lock);
    if (out)
        *out = p->drained;
    return st;
}

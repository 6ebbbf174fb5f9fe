/*
 * accept: from an order to stored pages, in one transaction.
 *
 * For each recipient: the page as it would be (draft), is it news (dedupe), what does it end (supersede), then the page
 * and the first step of its history. A recipient that needs no page still gets a record — duplicate, cancelled, failed
 * — so that `queue show` can tell why nobody was woken.
 *
 * DIAGNOSTICS: NT_EINVAL no usable alert, NT_ENOBODY nobody to page (words in error); store errors leave the
 * transaction to the caller to roll back; accept_order() itself goes on with the spare store then.
 */
#include "flow/accept.h"

#include "base/log.h"
#include "flow/alarm.h"
#include "flow/draft.h"
#include "flow/media.h"
#include "queue/dedupe.h"
#include "queue/supersede.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 64 * 1024, OPTED_OUT_CODE = 21610 };

static bool is_follow_up(const struct alert *a)
{
    return a->event == EVENT_RECOVERY || a->event == EVENT_ACKNOWLEDGEMENT || a->event == EVENT_DOWNTIME ||
           (a->event == EVENT_FLAPPING && a->phase != PHASE_START);
}

static enum nt_status put_page(struct store *s, struct page *p, enum page_state state, const char *reason)
{
    if (state != PAGE_QUEUED && p->flags & PAGE_PICTURE) { /* what is not sent waits for nothing */
        media_forget(p);
        p->due = p->created;
    }
    p->state = state;
    enum nt_status st = s->ops->page_put(s, p);
    if (st == NT_OK)
        st = s->ops->step_put(s, p->id, p->created, state, reason);
    if (st == NT_OK && state != PAGE_QUEUED) /* the drainer logs what becomes of those */
        log_info("page %lld to %s: %s: %s", (long long)p->id, p->number, page_state_name(state), reason);
    return st;
}

/* All numbers of the recipient have opted out. */
static enum nt_status put_opted_out(struct runtime *r, struct page *p)
{
    static const char why[] = "the number has opted out (STOP); it must send START first";
    char cause[64];
    p->error_code = OPTED_OUT_CODE;
    enum nt_status st = page_set(&p->error_message, why);
    if (st == NT_OK)
        st = put_page(r->store, p, PAGE_FAILED, why);
    if (st != NT_OK)
        return st;
    log_error("page %lld to %s was not sent: %s", (long long)p->id, p->number, why);
    snprintf(cause, sizeof cause, "refused:%s", p->number);
    if (p->class == CLASS_URGENT)
        alarm_raise(r, cause, true, "a page to %s was not sent: %s. The text: %s", p->number, why, p->body);
    return NT_OK;
}

/* A number that said STOP gets nothing; the contact's next number that did not is paged instead. */
static enum nt_status skip_opted_out(struct runtime *r, struct page *p, bool *opted_out, struct buf *notes)
{
    struct number_state number;
    enum nt_status st;
    *opted_out = false;
    while ((st = r->store->ops->number_get(r->store, p->number, &number)) == NT_OK && number.opted_out) {
        buf_addf(notes, "%s has opted out of messages (STOP)\n", p->number);
        *opted_out = true;
        if (!page_next_number(p))
            return NT_OK;
        *opted_out = false;
    }
    return st;
}

static enum nt_status stand_as(struct store *s, struct page *p, int64_t original)
{
    struct page *first = NULL;
    enum nt_status st = s->ops->page_get(s, original, &first);
    if (st == NT_ENOENT)
        return NT_OK;
    if (st == NT_OK && first->state == PAGE_FAILED) {
        p->error_code = first->error_code;
        st = page_set(&p->error_message, *first->error_message ? first->error_message : "refused");
    }
    page_free(first);
    return st;
}

/* `routine: false`: a follow-up is only for those whom its problem has woken. */
static bool is_not_for(const struct recipient *to, const struct alert *alert)
{
    return to->contact && !to->contact->routine && is_follow_up(alert);
}

static enum nt_status put_not_for(struct store *s, struct page *p, const struct recipient *to)
{
    char reason[160];
    snprintf(reason, sizeof reason, "%s takes no routine pages, and nothing about this was sent to %s",
             to->contact->name, p->number);
    return put_page(s, p, PAGE_CANCELLED, reason);
}

/* Does the problem go on in spite of it? Then a page about the problem that still waits must not be ended by it unless
 * it tells of it. */
static bool keeps_problem(const struct alert *alert)
{
    return alert->event == EVENT_FLAPPING || alert->event == EVENT_DOWNTIME;
}

/* What all pages of an alert share. */
struct batch {
    const struct order *order;
    const struct alert *alert;
    int64_t alert_id;
    struct strlist graphs;
    struct buf trouble; /* with the graphs; lines */
};

/* Why there is no picture stands in the history of each page. */
static enum nt_status tell_trouble(struct store *s, const struct page *p, const struct buf *trouble)
{
    enum nt_status st = NT_OK;
    for (const char *line = buf_text(trouble), *end; st == NT_OK && (end = strchr(line, '\n')); line = end + 1) {
        char reason[256];
        snprintf(reason, sizeof reason, "%.*s", (int)(end - line), line);
        st = s->ops->step_put(s, p->id, p->created, p->state, reason);
    }
    return st;
}

static enum nt_status accept_one(struct runtime *r, const struct batch *batch, const struct recipient *to,
                                 struct accepted *out)
{
    const struct order *order = batch->order;
    const struct alert *alert = batch->alert;
    int64_t alert_id = batch->alert_id;
    struct store *s = r->store;
    struct supersede_result news = {0};
    struct page *p = NULL;
    int64_t original = 0;
    bool opted_out = false;
    char reason[160];

    enum nt_status st = draft_page(r, order, alert, &batch->graphs, to, &p);
    if (st != NT_OK)
        return st;
    p->alert_id = alert_id;
    if ((st = skip_opted_out(r, p, &opted_out, &out->notes)) != NT_OK)
        goto done;
    if (opted_out) {
        st = put_opted_out(r, p);
        goto done;
    }
    st = dedupe_find(s, alert, p->number, p->created, r->config->deduplicate, &original);
    if (st != NT_OK)
        goto done;
    if (original) {
        p->merged_into = original;
        if ((st = stand_as(s, p, original)) != NT_OK)
            goto done;
        snprintf(reason, sizeof reason, "repeats page %lld; nothing more is sent", (long long)original);
        st = put_page(s, p, PAGE_DUPLICATE, reason);
        goto done;
    }
    if ((st = supersede_look(s, alert, p->number, p->created, &news)) != NT_OK)
        goto done;
    if (is_not_for(to, alert) && keeps_problem(alert) && !news.withhold && !news.problem_sent) {
        p->flags |= PAGE_ASIDE; /* what waits for this contact stays: this would take it away and tell nothing */
        st = put_not_for(s, p, to);
        goto done;
    }
    if ((st = supersede_apply(s, alert, p->number, p->created, &news)) != NT_OK)
        goto done;
    if (news.repeat)
        p->flags |= PAGE_REPEAT;
    if (is_follow_up(alert) && news.has_problem)
        p->expire =
            p->created + (news.problem_class == CLASS_URGENT ? r->config->expire_urgent : r->config->expire_routine);
    if (news.withhold) {
        st = put_page(s, p, PAGE_CANCELLED, "over before anything about it was sent");
        if (st == NT_OK)
            st = supersede_link(s, &news, p->id);
        goto done;
    }
    if (is_not_for(to, alert) && !news.problem_sent) {
        st = put_not_for(s, p, to);
        goto done;
    }
    snprintf(reason, sizeof reason, "accepted: %s %s%s%s from %s", alert_class_name(p->class),
             alert_event_name(p->event), *p->alert_state ? " " : "", p->alert_state, alert_source_name(p->source));
    st = put_page(s, p, PAGE_QUEUED, reason);
    if (st == NT_OK && p->flags & PAGE_PICTURE)
        st = s->ops->step_put(s, p->id, p->created, PAGE_QUEUED, "waits for its picture, 5 s at most");
    if (st == NT_OK && batch->trouble.len)
        st = tell_trouble(s, p, &batch->trouble);
    if (st == NT_OK && news.links)
        st = supersede_link(s, &news, p->id);
done:
    if (st == NT_OK)
        st = accepted_add(out, p);
    if (st != NT_OK)
        page_free(p);
    return st;
}

static bool collect(void *arg, const struct page *page)
{
    struct accepted *a = arg;
    struct page *copy = page_copy(page);
    if (accepted_add(a, copy) != NT_OK) {
        page_free(copy);
        return false;
    }
    return true;
}

/* Who was left out, and why: whoever looks for a page that did not come looks into the log. */
static void log_notes(const struct buf *notes)
{
    for (const char *line = buf_text(notes), *end; (end = strchr(line, '\n')); line = end + 1)
        log_info("%.*s", (int)(end - line), line);
}

static void log_trouble(const struct buf *trouble)
{
    for (const char *line = buf_text(trouble), *end; (end = strchr(line, '\n')); line = end + 1)
        log_warning("%.*s", (int)(end - line), line);
}

enum nt_status accept_store(struct runtime *r, const struct order *order, const struct alert *alert,
                            struct accepted *out, struct buf *error)
{
    struct recipients to;
    struct batch batch = {.order = order, .alert = alert};
    recipients_init(&to);
    strlist_init(&batch.graphs);
    buf_init(&batch.trouble, WORDS_MAX);
    enum nt_status st = r->store->ops->alert_put(r->store, alert, order->uuid, &batch.alert_id);
    if (st == NT_EEXIST) {
        out->repeated = true;
        st = r->store->ops->pages(r->store, &(struct store_query){.kind = PAGES_OF_ALERT, .id = batch.alert_id},
                                  collect, out);
        goto done;
    }
    if (st != NT_OK)
        goto done;
    st = draft_recipients(r, order, alert, &to, &out->muted, &out->notes);
    if (st == NT_ENOBODY) {
        buf_adds(error, out->muted ? "nobody is to be woken for this: only contacts without routine pages were asked"
                                   : "nobody to page");
        if (buf_status(&out->notes) == NT_OK && out->notes.len)
            buf_addf(error, ": %.*s", (int)out->notes.len - 1, buf_text(&out->notes)); /* less its last newline */
        goto done;
    }
    if (st == NT_OK)
        st = media_graphs(r->config, order, alert, &batch.graphs, &batch.trouble);
    for (size_t i = 0; st == NT_OK && i < to.n; i++)
        st = accept_one(r, &batch, &to.item[i], out);
    if (st == NT_OK) {
        log_notes(&out->notes);
        log_trouble(&batch.trouble);
        buf_add(&out->notes, buf_text(&batch.trouble), batch.trouble.len);
    }
done:
    strlist_clean(&batch.graphs);
    buf_clean(&batch.trouble);
    recipients_clean(&to);
    return st;
}

/* One try on the store that is open now. */
static enum nt_status accept_try(struct runtime *r, const struct order *order, const struct alert *alert,
                                 struct accepted *out, struct buf *error)
{
    struct store *s = r->store;
    enum nt_status st = s->ops->begin(s);
    if (st != NT_OK)
        return st;
    st = accept_store(r, order, alert, out, error);
    if (st == NT_OK)
        return s->ops->commit(s);
    s->ops->rollback(s);
    return st;
}

static bool is_store_trouble(enum nt_status st)
{
    return st == NT_EBUSY || st == NT_EFULL || st == NT_EIO || st == NT_EACCES || st == NT_ECORRUPT || st == NT_ENEWER;
}

enum nt_status accept_order(struct runtime *r, const struct order *order, struct accepted *out, struct buf *error)
{
    struct alert *alert = NULL;
    enum nt_status st = draft_alert(r, order, &alert, error);
    if (st != NT_OK)
        return st;
    st = accept_try(r, order, alert, out, error);
    for (int tries = 0; tries < 2 && is_store_trouble(st) && !r->spare; tries++) {
        if (st != NT_ECORRUPT || tries || runtime_rescue_store(r) != NT_OK)
            st = runtime_use_spare(r, nt_status_text(st));
        else
            st = NT_OK;
        accepted_clean(out);
        if (st == NT_OK)
            st = accept_try(r, order, alert, out, error);
    }
    alert_free(alert);
    return st;
}

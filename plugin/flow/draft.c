/*
 * draft: what an order comes to, before anything is stored: the alert, whom it is for, and the page for each of them.
 *
 * Accepting goes on from here; a preview and a probe end here.
 *
 * DIAGNOSTICS: NT_EINVAL no usable alert, NT_ENOBODY nobody to page (words in error), NT_ENOMEM.
 */
#include "flow/draft.h"

#include "flow/compose.h"
#include "flow/media.h"
#include "ingest/ingest.h"
#include "oncall/oncall.h"

#include <string.h>

enum { WORDS_MAX = 64 * 1024 };

enum nt_status draft_alert(struct runtime *r, const struct order *order, struct alert **out, struct buf *error)
{
    struct buf to;
    buf_init(&to, WORDS_MAX);
    for (size_t i = 0; i < order->to.n; i++) {
        if (i)
            buf_addc(&to, ',');
        buf_adds(&to, order->to.item[i]);
    }
    struct ingest_input in = {
        .source = order->source,
        .pairs = &order->pairs,
        .env = &order->env,
        .subject = order->subject,
        .message = order->message,
        .text = order->text,
        .to = order->to.n ? buf_text(&to) : NULL,
        .test = order->test,
        .now = runtime_now(r),
        .urgent_states = &r->config->urgent_states,
    };
    enum nt_status st = ingest(&in, out, error);
    buf_clean(&to);
    return st;
}

/* --to; without it the pager, when it means somebody, else the contact's name. */
static enum nt_status who_of(const struct config *c, const struct order *order, const struct alert *alert,
                             struct strlist *who)
{
    if (order->to.n)
        return strlist_copy(who, &order->to);
    if (*alert->pager && (oncall_means(c, alert->pager) || !*alert->contact || !oncall_means(c, alert->contact)))
        return strlist_add(who, alert->pager);
    if (*alert->contact)
        return strlist_add(who, alert->contact);
    return NT_OK;
}

enum nt_status draft_recipients(struct runtime *r, const struct order *order, const struct alert *alert,
                                struct recipients *out, bool *muted, struct buf *notes)
{
    struct strlist who;
    strlist_init(&who);
    bool routine_problem =
        alert->class == CLASS_ROUTINE &&
        (alert->event == EVENT_PROBLEM || (alert->event == EVENT_FLAPPING && alert->phase == PHASE_START));
    enum nt_status st = who_of(r->config, order, alert, &who);
    if (st == NT_OK)
        st = oncall_resolve(r->config, &who, routine_problem, out, muted, notes);
    strlist_clean(&who);
    return st;
}

enum nt_status draft_page(struct runtime *r, const struct order *order, const struct alert *alert,
                          const struct strlist *graphs, const struct recipient *to, struct page **out)
{
    enum nt_status st = NT_ENOMEM;
    struct sms_text text;
    struct page *p = page_new();
    sms_text_init(&text);
    if (!p)
        goto done;
    p->created = p->due = runtime_now(r);
    p->state = PAGE_QUEUED;
    p->class = alert->class;
    p->source = alert->source;
    p->event = alert->event;
    p->phase = alert->phase;
    p->notification_number = alert->notification_number;
    p->max_segments = order->max_segments;
    p->expire = p->created + (alert->class == CLASS_URGENT ? r->config->expire_urgent : r->config->expire_routine);
    if (to) {
        memcpy(p->number, to->number, sizeof p->number);
        if ((st = strlist_copy(&p->others, &to->others)) != NT_OK)
            goto done;
    }
    if ((st = page_set(&p->contact, to && to->contact ? to->contact->name : "")) != NT_OK ||
        (st = page_set(&p->object, alert->object)) != NT_OK ||
        (st = page_set(&p->identity, alert->identity)) != NT_OK ||
        (st = page_set(&p->alert_state, alert->state)) != NT_OK || (st = page_set(&p->host, alert->host)) != NT_OK ||
        (st = page_set(&p->service, alert->service)) != NT_OK ||
        (st = page_set(&p->template_name, order->template_name ? order->template_name : "")) != NT_OK ||
        (st = page_set(&p->from, order->from ? order->from : "")) != NT_OK ||
        (st = strlist_copy(&p->media, &order->media)) != NT_OK ||
        (st = compose_alert(r, alert, p, 0, &text)) != NT_OK || (st = compose_into(p, &text)) != NT_OK)
        goto done;
    st = media_limit(r->config, p, graphs);
done:
    sms_text_clean(&text);
    if (st != NT_OK) {
        page_free(p);
        p = NULL;
    }
    *out = p;
    return st;
}

/*
 * preview: everything up to the request, with nothing stored and nothing sent.
 */
#include "flow/preview.h"

#include "base/mem.h"
#include "base/vector.h"

#include <string.h>

enum { URL_MAX = 4096, PREVIEW_NOTES_MAX = 64 * 1024 };

void preview_init(struct preview *p)
{
    memset(p, 0, sizeof *p);
    buf_init(&p->notes, PREVIEW_NOTES_MAX);
}

void preview_clean(struct preview *p)
{
    for (size_t i = 0; i < p->n; i++) {
        page_free(p->item[i].page);
        form_clean(&p->item[i].form);
        buf_clean(&p->item[i].url);
    }
    mem_free(p->item);
    buf_clean(&p->notes);
    preview_init(p);
}

static enum nt_status add(struct runtime *r, const struct order *order, const struct alert *alert,
                          const struct recipient *to, struct preview *out)
{
    if (!VECTOR_GROW(out, item))
        return NT_ENOMEM;
    struct preview_item *item = &out->item[out->n];
    memset(item, 0, sizeof *item);
    form_init(&item->form);
    buf_init(&item->url, URL_MAX);
    enum nt_status st = accept_page(r, order, alert, to, &item->page);
    if (st != NT_OK)
        return st;
    out->n++;
    const char *sender = item->page->from;
    if (!*sender && to) {
        int i = request_sender(&r->config->twilio, item->page->number, 0);
        if (i >= 0) {
            const struct config_sender *s = &r->config->twilio.sender[i];
            sender = *s->from ? s->from : s->messaging_service_sid;
        }
    }
    if (!to || !*sender)
        return NT_OK;
    st = request_form(r->config, item->page, sender, runtime_now(r), &item->form);
    return st == NT_OK ? request_messages_url(&r->config->twilio, &item->url) : st;
}

enum nt_status preview_order(struct runtime *r, const struct order *order, bool anonymous, struct preview *out,
                             struct buf *error)
{
    struct alert *alert = NULL;
    struct recipients to;
    bool muted = false;
    recipients_init(&to);
    enum nt_status st = accept_alert(r, order, &alert, error);
    if (st != NT_OK)
        goto done;
    st = accept_recipients(r, order, alert, &to, &muted, &out->notes);
    if (st == NT_ENOBODY && anonymous) {
        buf_reset(&out->notes);
        st = add(r, order, alert, NULL, out);
        goto done;
    }
    if (st == NT_ENOBODY)
        buf_addf(error, "nobody to page%s%s", out->notes.len ? ": " : "", buf_text(&out->notes));
    for (size_t i = 0; st == NT_OK && i < to.n; i++)
        st = add(r, order, alert, &to.item[i], out);
done:
    recipients_clean(&to);
    alert_free(alert);
    return st;
}

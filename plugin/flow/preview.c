/*
 * preview: everything up to the request, with nothing stored and nothing sent.
 */
#include "flow/preview.h"

#include "base/mem.h"
#include "base/vector.h"
#include "flow/compose.h"
#include "flow/draft.h"
#include "flow/media.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { URL_MAX = 4096, PREVIEW_NOTES_MAX = 64 * 1024, PREVIEW_TEXT_MAX = 256 * 1024 };

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
                          const struct strlist *graphs, const struct recipient *to, struct preview *out)
{
    if (!VECTOR_GROW(out, item))
        return NT_ENOMEM;
    struct preview_item *item = &out->item[out->n];
    memset(item, 0, sizeof *item);
    form_init(&item->form);
    buf_init(&item->url, URL_MAX);
    enum nt_status st = draft_page(r, order, alert, graphs, to, &item->page);
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
    struct strlist graphs;
    recipients_init(&to);
    strlist_init(&graphs);
    enum nt_status st = draft_alert(r, order, &alert, error);
    if (st != NT_OK)
        goto done;
    st = draft_recipients(r, order, alert, &to, &out->muted, &out->notes);
    if (st == NT_ENOBODY && anonymous) {
        buf_reset(&out->notes);
        st = media_graphs(r->config, order, alert, &graphs, &out->notes);
        if (st == NT_OK)
            st = add(r, order, alert, &graphs, NULL, out);
        goto done;
    }
    if (st == NT_ENOBODY && out->notes.len)
        buf_addf(error, "nobody to page: %.*s", (int)out->notes.len - 1, buf_text(&out->notes)); /* less its newline */
    else if (st == NT_ENOBODY)
        buf_adds(error, "nobody to page");
    if (st == NT_OK)
        st = media_graphs(r->config, order, alert, &graphs, &out->notes);
    for (size_t i = 0; st == NT_OK && i < to.n; i++)
        st = add(r, order, alert, &graphs, &to.item[i], out);
done:
    strlist_clean(&graphs);
    recipients_clean(&to);
    alert_free(alert);
    return st;
}

static const char *text_of(const struct cJSON *data, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(data, key);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static enum nt_status template_for(struct runtime *r, const struct cJSON *data, const char **out)
{
    const char *event = text_of(data, "event");
    bool has = false;
    enum nt_status st = NT_OK;
    *out = "digest";
    if (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(data, "alerts")))
        return NT_OK;
    if (*event && !strchr(event, '/'))
        st = template_set_has(r->templates, event, &has);
    *out = has ? event : "default";
    return st;
}

/* Where cJSON stopped, as line:column from 1. */
static void say_where(const char *json, const char *end, struct buf *error)
{
    unsigned long line = 1, column = 1;
    for (const char *at = json; at < end; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    buf_addf(error, "%lu:%lu: this is no JSON", line, column);
}

static cJSON *parse(const char *json, size_t len, struct buf *error)
{
    const char *end = json;
    /* with the NUL, so that what follows the object is an error as well */
    cJSON *data = memchr(json, '\0', len) ? NULL : cJSON_ParseWithLengthOpts(json, len + 1, &end, true);
    if (!data) {
        say_where(json, end ? end : json, error);
    } else if (!cJSON_IsObject(data)) {
        buf_adds(error, "1:1: the data must be an object: {…}");
        cJSON_Delete(data);
        data = NULL;
    }
    return data;
}

enum nt_status preview_data(struct runtime *r, const char *template_name, const char *json, size_t len,
                            int max_segments, template_report *report, void *arg, struct page **out, struct buf *error)
{
    struct rendering rendering;
    struct sms_text text;
    struct page *p = NULL;
    enum nt_status st = NT_EINVAL;
    *out = NULL;
    rendering_init(&rendering, PREVIEW_TEXT_MAX);
    sms_text_init(&text);
    cJSON *data = parse(json, len, error);
    if (!data)
        goto done;
    const char *name = template_name;
    if (!name && (st = template_for(r, data, &name)) != NT_OK)
        goto done;
    struct render_options o = {
        .contact = text_of(data, "contact"),
        .number = text_of(data, "number"),
        .timezone = r->config->message.timezone,
        .now = runtime_now(r),
    };
    if (!(p = page_new())) {
        st = NT_ENOMEM;
        goto done;
    }
    p->created = o.now;
    p->flags = strcmp(name, "digest") ? 0 : PAGE_DIGEST;
    if (alert_event_parse(text_of(data, "event"), &p->event) != NT_OK)
        p->event = EVENT_CUSTOM;
    if (!strcmp(text_of(data, "class"), alert_class_name(CLASS_ROUTINE)))
        p->class = CLASS_ROUTINE;
    if ((st = page_set(&p->contact, o.contact)) == NT_OK &&
        (st = template_render_json(r->templates, name, data, &o, &rendering, report, arg)) == NT_OK &&
        (st = sms_fit(&rendering, compose_mode(r->config), max_segments, &text)) == NT_OK)
        st = compose_into(p, &text);
    if (st == NT_ENOENT)
        buf_addf(error, "there is no template '%s'", name);
    if (st == NT_OK) {
        *out = p;
        p = NULL;
    }
done:
    page_free(p);
    cJSON_Delete(data);
    rendering_clean(&rendering);
    sms_text_clean(&text);
    return st;
}

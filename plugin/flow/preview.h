/*
 * preview: what would be sent, without storing or sending: `render` and `send --dry-run`.
 */
#ifndef NT_FLOW_PREVIEW_H
#define NT_FLOW_PREVIEW_H

#include "flow/order.h"
#include "flow/runtime.h"
#include "queue/page.h"
#include "twilio/request.h"

struct preview_item {
    struct page *page;
    struct form form; /* the request's fields; empty without a sender */
    struct buf url;
};

struct preview {
    struct preview_item *item;
    size_t n, size;
    struct buf notes;
    bool muted; /* NT_ENOBODY because only `routine: false` contacts were asked: nobody is woken on purpose */
};

void preview_init(struct preview *p);
void preview_clean(struct preview *p);

/* One item a recipient. anonymous: when nobody can be resolved, one item with an empty number instead of NT_ENOBODY
 * (render needs no recipient). */
enum nt_status preview_order(struct runtime *r, const struct order *order, bool anonymous, struct preview *out,
                             struct buf *error) NT_MUST_USE;

/* A template and the text of a JSON object instead of an alert, as template_render_json(). template_name NULL: `digest`
 * for data with `alerts`, else the data's `event`, else `default`. max_segments 0: nothing is fitted. *out: a page of
 * which only the text, class and event say anything, for page_free(). NT_EINVAL: the data (error says where) or the
 * template (reported); NT_ENOENT: no such template. */
enum nt_status preview_data(struct runtime *r, const char *template_name, const char *json, size_t len,
                            int max_segments, template_report *report, void *arg, struct page **out,
                            struct buf *error) NT_MUST_USE;

#endif

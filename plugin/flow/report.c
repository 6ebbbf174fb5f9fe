/*
 * report: the one place where a page becomes JSON.
 */
#include "flow/report.h"

void report_page_members(struct json *j, const struct page *page)
{
    json_key(j, "id");
    if (page->id)
        json_int(j, page->id);
    else
        json_null(j);
    json_key(j, "to");
    json_string(j, page->number);
    json_key(j, "contact");
    json_string(j, *page->contact ? page->contact : NULL);
    json_key(j, "class");
    json_string(j, alert_class_name(page->class));
    json_key(j, "event");
    json_string(j, page->flags & PAGE_DIGEST ? "digest" : alert_event_name(page->event));
    json_key(j, "state");
    json_string(j, page_state_name(page->state));
    json_key(j, "sid");
    json_string(j, *page->sid ? page->sid : NULL);
    json_key(j, "error");
    if (page->error_code || *page->error_message) {
        json_object(j);
        json_key(j, "code");
        if (page->error_code)
            json_int(j, page->error_code);
        else
            json_null(j);
        json_key(j, "message");
        json_string(j, page->error_message);
        json_end(j);
    } else {
        json_null(j);
    }
    json_key(j, "body");
    json_string(j, page->body);
    json_key(j, "encoding");
    json_string(j, page->flags & PAGE_UCS2 ? "UCS-2" : "GSM-7");
    json_key(j, "segments");
    json_int(j, page->segments);
    json_key(j, "truncated");
    json_bool(j, page->flags & PAGE_TRUNCATED);
    json_key(j, "media");
    json_array(j);
    for (size_t i = 0; i < page->media.n; i++)
        json_string(j, page->media.item[i]);
    json_end(j);
    json_key(j, "attempts");
    json_int(j, page->attempts);
    json_key(j, "next_attempt");
    if ((page->state == PAGE_QUEUED || page->state == PAGE_HELD) && page->due)
        json_int(j, page->due / 1000);
    else
        json_null(j);
    json_key(j, "created");
    json_int(j, page->created / 1000);
}

void report_page_json(struct json *j, const struct page *page)
{
    json_object(j);
    report_page_members(j, page);
    json_end(j);
}

/* report: a page as programs read it. */
#ifndef NT_FLOW_REPORT_H
#define NT_FLOW_REPORT_H

#include "base/buf.h"
#include "base/json.h"
#include "queue/page.h"

/* The object of one JSON line (no newline): id to contact class event state sid error body encoding segments truncated
 * media attempts next_attempt created. An id of 0 is null. */
void report_page_json(struct json *j, const struct page *page);
/* The members only, inside an object the caller has opened. */
void report_page_members(struct json *j, const struct page *page);

#endif

/*
 * compose: alert + recipient → the text of a page (template, then fitting).
 */
#ifndef NT_FLOW_COMPOSE_H
#define NT_FLOW_COMPOSE_H

#include "flow/runtime.h"
#include "ingest/alert.h"
#include "queue/page.h"
#include "sms/fit.h"

#include <stddef.h>

/* How texts travel: message.encoding. */
enum sms_mode compose_mode(const struct config *c);
/* The text of one alert for page's number and contact; late: seconds the page is late, 0 = on time. template_name and
 * max_segments are the page's. */
enum nt_status compose_alert(struct runtime *r, const struct alert *alert, const struct page *page, int64_t late,
                             struct sms_text *out) NT_MUST_USE;
/* The text of a digest: alerts in the order to be named; as many are named as fit; count is
 * the pages it stands for (≥ n). */
enum nt_status compose_digest(struct runtime *r, const struct alert *const *alerts, size_t n, size_t count,
                              const struct page *page, struct sms_text *out) NT_MUST_USE;
/* Puts a text into a page (body, segments, flags). */
enum nt_status compose_into(struct page *page, const struct sms_text *text) NT_MUST_USE;

#endif

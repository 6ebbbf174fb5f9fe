/*
 * repair: changing the queue by hand — sending a page again, dropping one — and finding what may be changed.
 */
#ifndef NT_FLOW_REPAIR_H
#define NT_FLOW_REPAIR_H

#include "base/buf.h"
#include "flow/runtime.h"
#include "queue/page.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Inside the caller's transaction on r->store. NT_OK: done, *out is the page as it is now, for page_free(). NT_ENOENT:
 * there is no such page. NT_EREFUSED: the page is not in a state for it, words say why; *out is NULL. Other errors are
 * the store's.
 *
 * retry: queued, due now, with a fresh time to live and as if never tried; a mark that the number has opted out goes,
 * so that Twilio is asked again. A page that is being sent, was sent, or is older news than what came after it is
 * refused.
 */
enum nt_status repair_retry(struct runtime *r, int64_t id, struct page **out, struct buf *words) NT_MUST_USE;
/* Queued and held pages only. */
enum nt_status repair_drop(struct runtime *r, int64_t id, struct page **out, struct buf *words) NT_MUST_USE;

struct id_array {
    int64_t *item;
    size_t n, size;
};
void id_array_clean(struct id_array *l);
enum nt_status id_array_add(struct id_array *l, int64_t id) NT_MUST_USE;

/*
 * What `retry` without a page means: what failed, was not delivered or expired since then, oldest first. Left out are
 * older news, pages of numbers that have opted out, those that went on by another way which got through or still may,
 * and these ways themselves: the page at their head starts them all again.
 */
enum nt_status repair_candidates(struct runtime *r, int64_t since, struct id_array *out) NT_MUST_USE;

/* Pages that a drainer would work on now: queued or held and due, or sending. */
enum nt_status repair_due(struct store *s, int64_t now, struct id_array *out) NT_MUST_USE;

#endif

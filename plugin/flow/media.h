/* media: which pages may carry pictures, and which. */
#ifndef NT_FLOW_MEDIA_H
#define NT_FLOW_MEDIA_H

#include "base/buf.h"
#include "config/config.h"
#include "flow/order.h"
#include "queue/page.h"

enum { MEDIA_DEADLINE = 5000 }; /* ms from acceptance, for getting and publishing all pictures of a page */

/* The graphs that an alert gets: those that are asked for by name, less those whose `when` does not have it; without a
 * name those whose `when` has it. Names that mean nothing are left out, with a line in notes. */
enum nt_status media_graphs(const struct config *c, const struct order *order, const struct alert *alert,
                            struct strlist *out, struct buf *notes) NT_MUST_USE;
/* Takes the media off a page whose number lies outside media_prefixes, and puts the first link into the text if it fits
 * whole. With graphs, a page that can carry them waits for them instead (PAGE_PICTURE). */
enum nt_status media_limit(const struct config *c, struct page *p, const struct strlist *graphs) NT_MUST_USE;
/* No graph's name is left in it. */
void media_forget(struct page *p);
/* The waiting is over: urls take the graphs' places. */
enum nt_status media_settle(const struct config *c, struct page *p, const struct strlist *urls) NT_MUST_USE;
/* The page's text has been made anew: the link that stood under the one before goes under it, if it fits. */
enum nt_status media_relink(const struct config *c, struct page *p, const char *before) NT_MUST_USE;
/* Does it go as MMS? */
bool media_travels(const struct page *p);

#endif

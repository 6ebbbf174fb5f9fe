/* media: which pages may carry pictures. */
#ifndef NT_FLOW_MEDIA_H
#define NT_FLOW_MEDIA_H

#include "config/config.h"
#include "queue/page.h"

/* Takes the media off a page whose number lies outside media_prefixes, and puts the first link into the text if it fits
 * whole. */
enum nt_status media_limit(const struct config *c, struct page *p) NT_MUST_USE;

#endif

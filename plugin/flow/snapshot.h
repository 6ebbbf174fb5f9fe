/*
 * snapshot: pictures outside of any page: one source tried by hand, and a test picture on its way to Twilio and back.
 */
#ifndef NT_FLOW_SNAPSHOT_H
#define NT_FLOW_SNAPSHOT_H

#include "flow/order.h"
#include "flow/runtime.h"
#include "media/picture.h"

/* Gets the picture of one graph for the order's alert, whatever its `when`; nothing is published. The time is that of a
 * page. picture: for picture_clean(). NT_ENOENT no such graph, NT_EINVAL no usable alert, NT_EREFUSED it did not come;
 * words has why, or how long it took. */
enum nt_status snapshot_take(struct runtime *r, const struct order *order, const char *graph, struct picture *picture,
                             struct buf *words) NT_MUST_USE;
/* Publishes a small picture by the first publisher and fetches it from there by GET and HEAD, as Twilio does. words has
 * a line for each step; NT_EREFUSED: Twilio could not have it; NT_ENOENT: no way to publish is configured. */
enum nt_status snapshot_probe(struct runtime *r, struct buf *words) NT_MUST_USE;

#endif

/* offer: an order handed over to the drainer's socket, from a process that has the order already. */
#ifndef NT_FLOW_OFFER_H
#define NT_FLOW_OFFER_H

#include "flow/order.h"

enum { OFFER_WITHIN = 1000 }; /* ms that a `send` waits for an answer before it works alone */

/* *answer: the JSON answer within so many ms, for mem_free(). NT_ENOENT nobody listens, NT_EACCES, NT_ETIMEOUT (may still
 * be taken until its deadline: the request's UUID makes that harmless), NT_EIO (also: whoever had it has ended). */
enum nt_status offer_order(const struct order *order, const char *socket, int64_t now, int64_t within,
                           char **answer) NT_MUST_USE;

/* Logs how an offer ended that did not come to an answer: "denied", "silent"; others, and NULL, need no word. */
void offer_log(const char *socket, const char *end);

#endif

/* send: one alert on its way, for `send` and the drop-in names. */
#ifndef NT_NOTIFY_SEND_H
#define NT_NOTIFY_SEND_H

#include "flow/order.h"
#include "flow/runtime.h"
#include "notify/arguments.h"

/* The order of a command line, the environment and standard input. NT_ENOMEM, NT_EINVAL (said on stderr). */
enum nt_status send_order(const struct arguments *a, struct order *out) NT_MUST_USE;
/* Closes what the monitor left open beyond the standard descriptors. Call it before anything is opened. */
void send_close_inherited(void);
/* Offers, stores, delivers, waits; prints. The exit status. */
int send_run(struct runtime *r, const struct arguments *a, struct order *order);

#endif

/*
 * wire: the transport of sources and publishers, on an HTTP client of its own beside Twilio's.
 */
#ifndef NT_FLOW_WIRE_H
#define NT_FLOW_WIRE_H

#include "config/config.h"
#include "media/transport.h"
#include "twilio/http.h"

struct wire {
    struct transport transport;
    const struct config *config; /* borrowed */
    struct http *http;           /* NULL until something is asked for */
};

void wire_init(struct wire *w, const struct config *config);
/* Requests under way must have been cancelled before. */
void wire_clean(struct wire *w);

#endif

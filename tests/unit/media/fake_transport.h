/* fake_transport: a transport that notes what it is asked, and answers when the test says so. */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include "media/transport.h"

enum { FAKE_CALLS = 64, FAKE_TEXT = 4096 };

struct fake_call {
    char method[8], url[FAKE_TEXT];
    char headers[FAKE_TEXT]; /* each with "\n" */
    struct transport_request request;
    bool open; /* neither answered nor cancelled */
};

struct fake_transport {
    struct transport transport;
    struct fake_call call[FAKE_CALLS];
    size_t calls, cancelled;
    enum nt_status refuse; /* what start says instead */
};

void fake_transport_init(struct fake_transport *f);
void fake_answer(struct fake_transport *f, size_t call, long status, const char *body);
void fake_no_answer(struct fake_transport *f, size_t call, const char *words);
size_t fake_open(const struct fake_transport *f);

#endif

/* answer: an HTTP answer as it comes in, header line by header line, with bounds. */
#ifndef NT_TWILIO_ANSWER_H
#define NT_TWILIO_ANSWER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_BODY_MAX = 1 << 20, ANSWER_HEADER_MAX = 1 << 18 };

struct answer {
    struct buf body;
    size_t header_len;   /* of all header lines so far */
    int64_t retry_after; /* ms, -1 none */
    char request_id[64];
};

void answer_init(struct answer *a);
void answer_clean(struct answer *a);
/* Ready for the next answer; a large body's memory is given back. */
void answer_reset(struct answer *a);
/* One header line, with or without its line end, not NUL-terminated. now: ms since the epoch. False: too many of them.
 */
bool answer_header(struct answer *a, const char *line, size_t len, int64_t now);
/* False: the body is over its bound, or no memory (a->body's status tells). */
bool answer_body(struct answer *a, const char *data, size_t len);

#endif

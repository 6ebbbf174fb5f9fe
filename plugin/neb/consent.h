/* consent: does the daemon's answer say that the alert is safe? */
#ifndef NT_NEB_CONSENT_H
#define NT_NEB_CONSENT_H

#include <stdbool.h>
#include <stddef.h>

/* True only for a JSON object with "ok":true in it. whole: the text is the whole answer, not just its beginning. */
bool consent_given(const char *answer, bool whole);
/* The answer's "error" for a log line, "" when there is none: without what would break a line. */
void consent_error(const char *answer, char *out, size_t size);

#endif

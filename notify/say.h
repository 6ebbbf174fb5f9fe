/* say: small things in words, for people. */
#ifndef NT_NOTIFY_SAY_H
#define NT_NOTIFY_SAY_H

#include "base/buf.h"
#include "queue/page.h"

#include <stdint.h>

enum { SAY_SIZE = 48 };

/* "45s", "12m", "3h05m", "2d04h"; ms < 0 counts as 0. */
void say_span(int64_t ms, char out[SAY_SIZE]);
/* "2026-10-01 03:12:05 CEST", or with `day` false "03:12:05.123". Local time of whoever asks. */
void say_time(int64_t ms, bool day, char out[SAY_SIZE]);
/* Appends text as one line without control characters: what monitors and Twilio say must not paint on a terminal. */
void say_line(struct buf *out, const char *text);
/* Appends "web01/HTTP", "web01", or what else the page is about. */
void say_object(struct buf *out, const struct page *p);
/* Appends "CRITICAL", or the event where that says more: "recovery OK", "acknowledgement", "digest". */
void say_news(struct buf *out, const struct page *p);
/* Appends "+1… (alice)". */
void say_number(struct buf *out, const char *number, const char *contact);
/* Is the text all that it should be? When memory ran out it is not: that is said on stderr, once, and remembered. (One
 * that was too long is cut, and whole.) */
bool say_whole(const struct buf *text);
/* Prints a line of JSON. Half of one is worse than none: it is left out, said and remembered. */
void say_json(const struct buf *line);
/* For those whose printing is all that they do: 75 instead of 0 when something was left out. */
int say_status(int status);
/* Is this word the page's object: its key, its host, or host/service? */
bool say_is_about(const struct page *p, const char *word);

#endif

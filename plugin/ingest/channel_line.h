/*
 * channel_line: bytes as they come in → lines, one request each.
 *
 *     struct channel_lines l; channel_lines_init(&l, 1024 * 1024);
 *     channel_lines_feed(&l, bytes, n);
 *     while ((end = channel_lines_next(&l, &line, &len)) != CHANNEL_NO_LINE) …
 */
#ifndef NT_INGEST_CHANNEL_LINE_H
#define NT_INGEST_CHANNEL_LINE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct channel_lines {
    struct buf text; /* what has come in; up to `at` it has been handed out */
    size_t at;
    size_t looked; /* up to here there is no end of a line */
    size_t max;
    bool over;  /* the line that is coming in was too long; what is kept of it is its beginning */
    bool ended; /* nothing comes any more */
};

enum channel_line_end {
    CHANNEL_NO_LINE,  /* none yet; with `ended`: none any more */
    CHANNEL_LINE,     /* a whole one */
    CHANNEL_LONG_LINE /* over the maximum: the beginning of it */
};

/* max: the bytes of a line; what a longer one has more is thrown away as it comes. */
void channel_lines_init(struct channel_lines *l, size_t max);
void channel_lines_clean(struct channel_lines *l);
/* Takes any number of bytes. NT_ENOMEM: none of them was taken. */
enum nt_status channel_lines_feed(struct channel_lines *l, const char *data, size_t len) NT_MUST_USE;
/* No more bytes will come: what is there without a newline is the last line. */
void channel_lines_finish(struct channel_lines *l);
/* The next line, without its newline and blanks around it; empty ones are passed over. Borrowed until the next feed. */
enum channel_line_end channel_lines_next(struct channel_lines *l, const char **line, size_t *len);

#endif

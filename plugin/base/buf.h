/*
 * buf: growing text with a hard maximum.
 *
 * Errors stick: after a failed append every later one fails as well, the text
 * stays what it was, and buf_status() tells. So a caller may append many times
 * and look once. The text is always NUL-terminated (it may contain NULs too).
 */
#ifndef NT_BASE_BUF_H
#define NT_BASE_BUF_H

#include "base/status.h"

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data;  /* NULL until the first append; use buf_text() */
    size_t len;  /* bytes, without the final NUL */
    size_t size; /* bytes allocated */
    size_t max;  /* len never passes it */
    enum nt_status status;
};

void buf_init(struct buf *b, size_t max);
void buf_clean(struct buf *b); /* back to the state after buf_init */
void buf_reset(struct buf *b); /* empty, memory kept, error forgotten */

/* NT_ETOOBIG past max, NT_ENOMEM; the status is kept in b as well. */
enum nt_status buf_add(struct buf *b, const void *data, size_t len);
enum nt_status buf_addc(struct buf *b, char c);
enum nt_status buf_adds(struct buf *b, const char *s);
enum nt_status buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum nt_status buf_addv(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Cuts to len bytes; longer than the text is no change. */
void buf_truncate(struct buf *b, size_t len);

/* The text, "" when nothing was added. Borrowed until the next change. */
const char *buf_text(const struct buf *b);
enum nt_status buf_status(const struct buf *b);
/* Hands the text to the caller, who mem_free()s it; the buf is empty again. NULL on a stuck error or no memory. */
char *buf_steal(struct buf *b);

#endif

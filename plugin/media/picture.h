/*
 * picture: the bytes of one picture, as they come in, and what they are (a record).
 *
 * They are kept in a file without a name (memfd), once: whoever sends them on reads them from there. A picture is a
 * PNG, JPEG or GIF, whole, of at most PICTURE_MAX bytes; anything else is refused at the earliest byte that tells, and
 * `why` has the words for it.
 */
#ifndef NT_MEDIA_PICTURE_H
#define NT_MEDIA_PICTURE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum picture_kind { PICTURE_NONE, PICTURE_PNG, PICTURE_JPEG, PICTURE_GIF };

enum {
    PICTURE_MAX = 5 * 1024 * 1024, /* Twilio takes no more in a message */
    PICTURE_LARGE = 1024 * 1024,   /* from here on some carriers shrink or drop it */
    PICTURE_HEAD = 16,             /* bytes that tell a picture from a page of HTML */
    PICTURE_WHY = 160
};

struct picture {
    int fd; /* −1 until the first byte */
    size_t len;
    size_t max;             /* PICTURE_MAX, or less */
    enum picture_kind kind; /* PICTURE_NONE until enough has come */
    unsigned char head[PICTURE_HEAD];
    char why[PICTURE_WHY]; /* why it was refused; "" it was not */
};

void picture_init(struct picture *p);
void picture_clean(struct picture *p);
/* Appends. NT_EREFUSED (with p->why): not a picture, or too large; NT_EFULL, NT_EIO. */
enum nt_status picture_add(struct picture *p, const void *data, size_t len) NT_MUST_USE;
/* All has come: is it whole? NT_EREFUSED (with p->why). */
enum nt_status picture_finish(struct picture *p) NT_MUST_USE;
/* At most size bytes from offset on; how many, 0 at the end, −1 with errno. */
ssize_t picture_read(const struct picture *p, size_t offset, void *out, size_t size);

/* What the first bytes say. */
enum picture_kind picture_sniff(const unsigned char *data, size_t len);
/* "image/png"; "png". Static. */
const char *picture_type(enum picture_kind kind);
const char *picture_extension(enum picture_kind kind);

#endif

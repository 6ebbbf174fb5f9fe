/*
 * picture: see picture.h. Owner of the nameless file that holds the bytes.
 *
 * Half a picture looks like a whole one at its beginning, so picture_finish() walks through it: a PNG from chunk to
 * chunk to IEND, a GIF from block to block to its trailer, a JPEG from segment to segment, and through what lies
 * between, to its end of image. What follows the end is let be; some programs append things there.
 *
 * DIAGNOSTICS: NT_EREFUSED with words in why; NT_EFULL, NT_EIO when the bytes cannot be kept.
 */
#include "media/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void picture_init(struct picture *p)
{
    memset(p, 0, sizeof *p);
    p->fd = -1;
    p->max = PICTURE_MAX;
}

void picture_clean(struct picture *p)
{
    if (p->fd >= 0)
        close(p->fd);
    picture_init(p);
}

const char *picture_type(enum picture_kind kind)
{
    switch (kind) {
    case PICTURE_PNG:
        return "image/png";
    case PICTURE_JPEG:
        return "image/jpeg";
    case PICTURE_GIF:
        return "image/gif";
    case PICTURE_NONE:
        break;
    }
    return "application/octet-stream";
}

const char *picture_extension(enum picture_kind kind)
{
    switch (kind) {
    case PICTURE_PNG:
        return "png";
    case PICTURE_JPEG:
        return "jpg";
    case PICTURE_GIF:
        return "gif";
    case PICTURE_NONE:
        break;
    }
    return "bin";
}

enum picture_kind picture_sniff(const unsigned char *data, size_t len)
{
    static const struct {
        enum picture_kind kind;
        size_t len;
        const char *magic;
    } known[] = {
        {PICTURE_PNG, 8, "\x89PNG\r\n\x1a\n"},
        {PICTURE_JPEG, 3, "\xff\xd8\xff"},
        {PICTURE_GIF, 6, "GIF87a"},
        {PICTURE_GIF, 6, "GIF89a"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (len >= known[i].len && memcmp(data, known[i].magic, known[i].len) == 0)
            return known[i].kind;
    return PICTURE_NONE;
}

static enum nt_status refuse(struct picture *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum nt_status refuse(struct picture *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
    return NT_EREFUSED;
}

/* "begins with '<!DOCTYPE html>'" says more than any code does. */
static enum nt_status refuse_kind(struct picture *p, size_t len)
{
    char shown[PICTURE_HEAD + 1];
    size_t n = len < PICTURE_HEAD ? len : PICTURE_HEAD;
    for (size_t i = 0; i < n; i++)
        shown[i] = (char)(p->head[i] >= ' ' && p->head[i] < 0x7f ? p->head[i] : '.');
    shown[n] = '\0';
    if (!n)
        return refuse(p, "nothing came");
    return refuse(p, "not a picture: it begins with '%s'", shown);
}

/* Memory of the kernel's, which nobody else sees; where that is forbidden, a nameless file on the disk. */
static int nameless_file(void)
{
    int fd = memfd_create("picture", MFD_CLOEXEC);
    if (fd < 0)
        fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd;
}

enum nt_status picture_add(struct picture *p, const void *data, size_t len)
{
    if (*p->why)
        return NT_EREFUSED;
    if (len > p->max - p->len)
        return refuse(p, "larger than %zu KB", p->max / 1024);
    if (p->len < PICTURE_HEAD) {
        size_t room = PICTURE_HEAD - p->len;
        memcpy(p->head + p->len, data, len < room ? len : room);
        if (p->len + len >= PICTURE_HEAD) {
            p->kind = picture_sniff(p->head, PICTURE_HEAD);
            if (p->kind == PICTURE_NONE)
                return refuse_kind(p, PICTURE_HEAD);
        }
    }
    if (p->fd < 0 && (p->fd = nameless_file()) < 0)
        return nt_status_errno(errno);
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(p->fd, (const char *)data + done, len - done, (off_t)(p->len + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? nt_status_errno(errno) : NT_EIO;
        done += (size_t)n;
    }
    p->len += len;
    return NT_OK;
}

ssize_t picture_read(const struct picture *p, size_t offset, void *out, size_t size)
{
    if (offset >= p->len)
        return 0;
    if (size > p->len - offset)
        size = p->len - offset;
    ssize_t n;
    do
        n = pread(p->fd, out, size, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n;
}

/* ---- is it whole? ---- */

/* Walks through the bytes by a window on them. */
struct walk {
    const struct picture *p;
    size_t at;         /* of the next byte */
    size_t start, len; /* of the window */
    unsigned char window[4096];
};

static int next_byte(struct walk *w)
{
    if (w->at < w->start || w->at >= w->start + w->len) {
        ssize_t n = picture_read(w->p, w->at, w->window, sizeof w->window);
        if (n <= 0)
            return -1;
        w->start = w->at;
        w->len = (size_t)n;
    }
    return w->window[w->at++ - w->start];
}

/* n bytes, the first the highest; −1 at the end. */
static long long next_number(struct walk *w, int n)
{
    long long value = 0;
    while (n--) {
        int c = next_byte(w);
        if (c < 0)
            return -1;
        value = value * 256 + c;
    }
    return value;
}

/* True when so many bytes are there to be passed over. */
static bool skip(struct walk *w, long long n)
{
    if (n < 0 || (unsigned long long)n > w->p->len - w->at)
        return false;
    w->at += (size_t)n;
    return true;
}

/* Chunks: four bytes of length, four of name, the data, four of checksum. */
static bool png_whole(struct walk *w)
{
    enum { CHECKSUM = 4, IEND = 0x49454e44 };
    for (w->at = 8;;) {
        long long len = next_number(w, 4), name = next_number(w, 4);
        if (len < 0 || name < 0 || !skip(w, len + CHECKSUM))
            return false;
        if (name == IEND)
            return true;
    }
}

static bool gif_blocks(struct walk *w)
{
    int len;
    while ((len = next_byte(w)) > 0)
        if (!skip(w, len))
            return false;
    return len == 0;
}

/* A byte that holds, when its highest bit is set, the size of the table that follows: 2^(n+1) colours of three bytes.
 */
static bool gif_colours(struct walk *w, int flags)
{
    return flags < 0x80 || skip(w, 3LL << ((flags & 7) + 1));
}

static bool gif_whole(struct walk *w)
{
    enum { EXTENSION = 0x21, IMAGE = 0x2c, TRAILER = 0x3b };
    w->at = 10;
    int flags = next_byte(w);
    if (flags < 0 || !skip(w, 2) || !gif_colours(w, flags))
        return false;
    for (;;) {
        switch (next_byte(w)) {
        case EXTENSION:
            if (!skip(w, 1) || !gif_blocks(w))
                return false;
            break;
        case IMAGE:
            if (!skip(w, 8) || (flags = next_byte(w)) < 0 || !gif_colours(w, flags) || !skip(w, 1) || !gif_blocks(w))
                return false;
            break;
        case TRAILER:
            return true;
        default:
            return false;
        }
    }
}

/* Segments: FF, a name, two bytes of length that count themselves. After "start of scan" come bytes without a length,
 * in which FF is followed by 00 or a restart mark; the first other name ends them. */
static bool jpeg_whole(struct walk *w)
{
    enum { MARK = 0xff, RESTART = 0xd0, RESTART_LAST = 0xd7, END = 0xd9, SCAN = 0xda, ALONE = 0x01 };
    w->at = 2;
    for (bool scan = false;;) {
        int c = next_byte(w);
        if (c < 0)
            return false;
        if (c != MARK) {
            if (!scan)
                return false;
            continue;
        }
        while ((c = next_byte(w)) == MARK) {
        }
        if (c < 0)
            return false;
        if (c == END)
            return true;
        if (c == ALONE || (c >= RESTART && c <= RESTART_LAST) || (scan && c == 0))
            continue;
        long long len = next_number(w, 2);
        if (len < 2 || !skip(w, len - 2))
            return false;
        scan = c == SCAN;
    }
}

enum nt_status picture_finish(struct picture *p)
{
    bool whole = false;
    if (*p->why)
        return NT_EREFUSED;
    if (p->len < PICTURE_HEAD)
        p->kind = picture_sniff(p->head, p->len);
    struct walk w;
    w.p = p;
    w.at = w.start = w.len = 0;
    switch (p->kind) {
    case PICTURE_NONE:
        return refuse_kind(p, p->len);
    case PICTURE_PNG:
        whole = png_whole(&w);
        break;
    case PICTURE_JPEG:
        whole = jpeg_whole(&w);
        break;
    case PICTURE_GIF:
        whole = gif_whole(&w);
        break;
    }
    return whole ? NT_OK : refuse(p, "only a part of a picture came (%zu bytes)", p->len);
}

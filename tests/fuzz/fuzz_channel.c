/*
 * fuzz_channel: whatever comes in on a notification channel's standard input.
 *
 * The first byte says in what pieces it comes. Each line that comes out is read as a request: what is sound makes an
 * alert, or says what is wrong with it; what is not has words and a code.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "ingest/channel_line.h"
#include "ingest/channel_request.h"
#include "ingest/ingest.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 2048 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void make_alert(const struct channel_request *r)
{
    struct alert *a = NULL;
    struct buf error;
    struct ingest_input in = {.source = "icinga2", .pairs = &r->macros, .now = INT64_C(1795425600000)};
    buf_init(&error, 4096);
    enum nt_status status = ingest(&in, &a, &error);
    require(status == NT_OK || (status == NT_EINVAL && error.len && !a));
    require(!a || (a->source == SOURCE_ICINGA2 && a->time <= in.now / 1000));
    alert_free(a);
    buf_clean(&error);
}

static void read_line(const char *line, size_t len)
{
    struct channel_request r;
    struct buf error;
    buf_init(&error, 4096);
    channel_request_init(&r, CHANNEL_PLAIN);
    enum nt_status status = channel_request_read(line, len, "twiliosms", &r, &error);
    require(status == NT_OK || status == NT_EINVAL || status == NT_ENOENT);
    require((status == NT_EINVAL) == (r.fault != CHANNEL_SOUND));
    require(status != NT_EINVAL || error.len);
    require(*r.id && strlen(r.id) < CHANNEL_ID_MAX);
    require(r.settings.wait >= -1 && r.settings.wait <= CHANNEL_WAIT_MAX);
    require(r.settings.max_segments >= -1 && r.settings.max_segments <= CHANNEL_SEGMENTS_MAX);
    if (status == NT_OK && r.method == CHANNEL_SEND_NOTIFICATION)
        make_alert(&r);
    channel_request_clean(&r);
    buf_clean(&error);
}

static void read_lines(struct channel_lines *l)
{
    const char *line;
    size_t len;
    enum channel_line_end end;
    while ((end = channel_lines_next(l, &line, &len)) != CHANNEL_NO_LINE) {
        require(len <= LINE_LIMIT && !memchr(line, '\n', len));
        if (end == CHANNEL_LINE)
            read_line(line, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel_lines l;
    if (!size)
        return 0;
    size_t step = data[0] ? (size_t)data[0] * 8 : 1;
    channel_lines_init(&l, LINE_LIMIT);
    for (size_t at = 1; at < size; at += step) {
        require(!channel_lines_feed(&l, (const char *)data + at, size - at < step ? size - at : step));
        read_lines(&l);
        require(l.text.len - l.at <= LINE_LIMIT);
    }
    channel_lines_finish(&l);
    read_lines(&l);
    channel_lines_clean(&l);
    return 0;
}

/*
 * channel_line: bytes as they come in → lines.
 *
 * A pipe cuts where it likes: a read may bring half a request or ten. What is kept never grows past one longest line
 * and one read: a line that gets too long keeps its beginning, and the rest of it goes as it comes, up to its newline,
 * so that the next request is read as ever.
 *
 *     max 8:  "{\"id\":1}\n{\"id\":"   →  a line {"id":1}, then none yet
 *             "123456}\n{}\n"          →  a long line {"id":12, then a line {}
 *
 * The struct owns the bytes; a line is borrowed from it.
 *
 * DIAGNOSTICS
 * NT_ENOMEM.
 */
#include "ingest/channel_line.h"

#include <stdint.h>
#include <string.h>

void channel_lines_init(struct channel_lines *l, size_t max)
{
    memset(l, 0, sizeof *l);
    buf_init(&l->text, SIZE_MAX / 4);
    l->max = max;
}

void channel_lines_clean(struct channel_lines *l)
{
    size_t max = l->max;
    buf_clean(&l->text);
    channel_lines_init(l, max);
}

/* What has been handed out makes room. */
static void compact(struct channel_lines *l)
{
    if (!l->at)
        return;
    memmove(l->text.data, l->text.data + l->at, l->text.len - l->at);
    buf_truncate(&l->text, l->text.len - l->at);
    l->looked -= l->at;
    l->at = 0;
}

enum nt_status channel_lines_feed(struct channel_lines *l, const char *data, size_t len)
{
    if (!len)
        return NT_OK;
    compact(l);
    size_t before = l->text.len;
    enum nt_status status = buf_add(&l->text, data, len);
    if (status) {
        l->text.status = NT_OK; /* the text is what it was: the next bytes may fit */
        return status;
    }
    /* Of a line that is too long nothing more is kept until its end has come. */
    if (!l->over || memchr(l->text.data + l->looked, '\n', before - l->looked))
        return NT_OK;
    const char *newline = memchr(l->text.data + before, '\n', len);
    size_t gone = newline ? (size_t)(newline - l->text.data) - before : len;
    memmove(l->text.data + before, l->text.data + before + gone, len - gone);
    buf_truncate(&l->text, l->text.len - gone);
    return NT_OK;
}

void channel_lines_finish(struct channel_lines *l)
{
    l->ended = true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* All that is left is the beginning of a line: not more of it than the maximum. */
static void cut(struct channel_lines *l)
{
    if (l->text.len - l->at > l->max) {
        l->over = true;
        buf_truncate(&l->text, l->at + l->max);
    }
    l->looked = l->text.len;
}

enum channel_line_end channel_lines_next(struct channel_lines *l, const char **line, size_t *len)
{
    for (;;) {
        const char *text = l->text.data;
        const char *newline = l->text.len > l->looked ? memchr(text + l->looked, '\n', l->text.len - l->looked) : NULL;
        if (!newline && !(l->ended && l->text.len > l->at)) {
            cut(l);
            return CHANNEL_NO_LINE;
        }
        size_t end = newline ? (size_t)(newline - text) : l->text.len, begin = l->at;
        bool over = l->over || end - begin > l->max;
        l->at = l->looked = newline ? end + 1 : end;
        l->over = false;
        if (over && end - begin > l->max)
            end = begin + l->max;
        while (begin < end && is_blank(text[begin]))
            begin++;
        while (end > begin && is_blank(text[end - 1]))
            end--;
        if (begin == end && !over)
            continue;
        *line = text + begin;
        *len = end - begin;
        return over ? CHANNEL_LONG_LINE : CHANNEL_LINE;
    }
}

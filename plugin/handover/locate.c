/*
 * locate: finds `daemon: {socket: PATH}` in a configuration by looking, not parsing.
 *
 * The program a monitor starts must not pay for a YAML parser to learn a path that
 * nearly everybody writes the same way. So this reads plain forms and says "cannot
 * tell" to all else; the full parser then gives the same answer, only later. To be
 * sure that no line is the inside of something that began on an earlier one, each
 * line must close the quotes and brackets it opens.
 *
 * DIAGNOSTICS
 * False: the file cannot be read (the full parser knows of the last good copy), it
 * is over 1 MB, or not plain.
 */
#include "handover/locate.h"

#include "base/file.h"
#include "base/paths.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20 };

struct span {
    const char *at;
    size_t len;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
    while (s.len && blank(s.at[0]))
        s.at++, s.len--;
    while (s.len && blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

static bool equals(struct span s, const char *text)
{
    return s.len == strlen(text) && !memcmp(s.at, text, s.len);
}

/* The line up to its comment. False when it leaves a quote or a bracket open, or closes one it did not open. */
static bool strip_comment(struct span *line)
{
    char quote = 0;
    int depth = 0;
    for (size_t i = 0; i < line->len; i++) {
        char c = line->at[i];
        if (quote) {
            if (c == '\\' && quote == '"')
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            if (!depth--)
                return false;
        } else if (c == '#' && (!i || blank(line->at[i - 1]))) {
            line->len = i;
        }
    }
    while (line->len && blank(line->at[line->len - 1]))
        line->len--;
    return !quote && !depth;
}

/* "key: value" taken apart; a key is a bare word. */
static bool split_key(struct span line, struct span *key, struct span *value)
{
    size_t n = 0;
    while (n < line.len && (line.at[n] == '_' || line.at[n] == '-' || (line.at[n] >= '0' && line.at[n] <= '9') ||
                            (line.at[n] >= 'A' && line.at[n] <= 'Z') || (line.at[n] >= 'a' && line.at[n] <= 'z')))
        n++;
    if (!n || n == line.len || line.at[n] != ':' || (n + 1 < line.len && !blank(line.at[n + 1])))
        return false;
    *key = (struct span){line.at, n};
    *value = trim((struct span){line.at + n + 1, line.len - n - 1});
    return true;
}

/* An absolute path, bare or in quotes, in which nothing has a meaning of its own. */
static bool read_path(struct span value, char *out, size_t size)
{
    bool quoted =
        value.len >= 2 && (value.at[0] == '"' || value.at[0] == '\'') && value.at[value.len - 1] == value.at[0];
    if (quoted)
        value = (struct span){value.at + 1, value.len - 2};
    if (!value.len || value.at[0] != '/' || value.len >= size)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if (c < 0x20 || c >= 0x7F || c == '\\' || c == '"' || c == '\'')
            return false;
        if (!quoted && strchr(" :#,[]{}&*!|>%@`", c))
            return false;
    }
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
    return true;
}

/* "{socket: PATH}" or "{}" */
static enum locate_end read_flow(struct span value, char *out, size_t size)
{
    struct span key;
    if (value.len < 2 || value.at[0] != '{' || value.at[value.len - 1] != '}')
        return LOCATE_UNSURE;
    value = trim((struct span){value.at + 1, value.len - 2});
    if (!value.len)
        return LOCATE_DEFAULT;
    if (!split_key(value, &key, &value) || !equals(key, "socket") || !read_path(value, out, size))
        return LOCATE_UNSURE;
    return LOCATE_FOUND;
}

static bool next_line(const char *text, size_t len, size_t *at, struct span *line)
{
    if (*at >= len)
        return false;
    const char *start = text + *at, *end = memchr(start, '\n', len - *at);
    line->at = start;
    line->len = end ? (size_t)(end - start) : len - *at;
    *at += line->len + 1;
    if (line->len && start[line->len - 1] == '\r')
        line->len--;
    return true;
}

enum locate_end locate_in_text(const char *text, size_t len, char *out, size_t size)
{
    enum locate_end end = LOCATE_DEFAULT;
    bool seen = false;   /* a daemon: */
    bool inside = false; /* among the lines under it */
    bool named = false;  /* a socket: there */
    size_t children = 0; /* how far they are indented; 0 = none yet */
    struct span line, key, value;
    for (size_t at = 0, number = 0; next_line(text, len, &at, &line); number++) {
        if (memchr(line.at, '\0', line.len) || memchr(line.at, '\r', line.len) || !strip_comment(&line))
            return LOCATE_UNSURE;
        if (!line.len || (!number && equals(line, "---")))
            continue;
        size_t indent = 0;
        while (line.at[indent] == ' ')
            indent++;
        if (line.at[indent] == '\t')
            return LOCATE_UNSURE;
        if (indent && !inside)
            continue;
        if (indent) {
            /* Deeper than the first child: the rest of a value that takes several lines. */
            if (children && indent != children)
                return LOCATE_UNSURE;
            children = indent;
            if (!split_key((struct span){line.at + indent, line.len - indent}, &key, &value))
                return LOCATE_UNSURE;
            if (!equals(key, "socket"))
                continue;
            if (named || !read_path(value, out, size))
                return LOCATE_UNSURE;
            named = true;
            end = LOCATE_FOUND;
            continue;
        }
        if (inside && !children)
            return LOCATE_UNSURE; /* an empty daemon: is the full parser's to judge */
        inside = false;
        if (line.at[0] == '-' && line.len > 1 && line.at[1] == ' ')
            continue; /* lists may stand as far left as their key */
        if (!split_key(line, &key, &value))
            return LOCATE_UNSURE;
        if (!equals(key, "daemon"))
            continue;
        if (seen)
            return LOCATE_UNSURE;
        seen = true;
        inside = !value.len;
        if (value.len) {
            end = read_flow(value, out, size);
            if (end == LOCATE_UNSURE)
                return end;
        }
    }
    return inside && !children ? LOCATE_UNSURE : end;
}

static bool copy_path(const char *path, char *out, size_t size)
{
    size_t len = strlen(path);
    if (len >= size)
        return false;
    memcpy(out, path, len + 1);
    return true;
}

bool locate_socket(const char *option, const char *config, char *out, size_t size)
{
    const char *named = getenv("NOTIFY_TWILIO_SOCKET");
    if (option)
        return copy_path(option, out, size);
    if (!config && named && *named)
        return copy_path(named, out, size);
    if (!config)
        config = getenv("NOTIFY_TWILIO_CONFIG");
    if (!config || !*config)
        config = NT_CONFIG_PATH;

    struct buf text;
    buf_init(&text, CONFIG_MAX);
    enum locate_end end = LOCATE_UNSURE;
    if (!file_read(config, &text, NULL))
        end = locate_in_text(buf_text(&text), text.len, out, size);
    buf_clean(&text);
    if (end == LOCATE_DEFAULT)
        return copy_path(NT_SOCKET_PATH, out, size);
    return end == LOCATE_FOUND;
}

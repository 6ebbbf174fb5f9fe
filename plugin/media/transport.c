/*
 * transport: what every implementation needs: looking at an answer's headers, and reading header lines from a file.
 *
 * DIAGNOSTICS: NT_EINVAL for a line that is no header; what file_read() returns.
 */
#include "media/transport.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HEADER_FILE_MAX = 64 * 1024 };

void transport_header(const struct transport_result *r, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    out[0] = '\0';
    for (const char *line = r->head, *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if ((size_t)(end - line) <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
            continue;
        const char *from = line + n + 1, *to = end;
        while (from < to && (*from == ' ' || *from == '\t'))
            from++;
        while (to > from && (unsigned char)to[-1] <= ' ')
            to--;
        if ((size_t)(to - from) < size) {
            memcpy(out, from, (size_t)(to - from));
            out[to - from] = '\0';
        }
        return;
    }
}

void transport_words(const struct transport_result *r, char *out, size_t size)
{
    if (r->answered)
        snprintf(out, size, "HTTP %ld", r->status);
    else
        snprintf(out, size, "%s", *r->error ? r->error : "no answer");
}

bool transport_url_ok(const char *url)
{
    const char *host = !strncasecmp(url, "https://", 8) ? url + 8 : !strncasecmp(url, "http://", 7) ? url + 7 : NULL;
    if (!host || !*host || strchr("/:?#@", *host) || strlen(url) > TRANSPORT_URL_MAX)
        return false;
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"<>\\^`{|}", *c))
            return false;
    return true;
}

/* "Name: value", the name of the characters that a name may have, the value without control characters. */
static bool is_header(const char *line)
{
    size_t name = strcspn(line, ":");
    if (!name || !line[name])
        return false;
    for (size_t i = 0; line[i]; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < ' ' && c != '\t') || c == 0x7f || (i < name && strchr(" \t\"(),/;<=>?@[\\]{}", c)))
            return false;
    }
    return true;
}

/* What says how a picture shall be, and no more, is no secret. */
static bool is_harmless(const char *line)
{
    static const char *const names[] = {"Accept:", "Accept-Language:", "Content-Type:", "User-Agent:", "Host:"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncasecmp(line, names[i], strlen(names[i])))
            return true;
    return false;
}

static void keep_secret(const char *line)
{
    if (is_harmless(line))
        return;
    const char *value = strchr(line, ':') + 1;
    value += strspn(value, " \t");
    log_secret(value);
    /* "Bearer …": in words of others the scheme may be left out */
    const char *blank = strchr(value, ' ');
    if (blank)
        log_secret(blank + 1);
}

enum nt_status transport_header_file(const char *path, struct strlist *out)
{
    struct buf text;
    struct strlist lines;
    buf_init(&text, HEADER_FILE_MAX);
    strlist_init(&lines);
    enum nt_status st = file_read(path, &text, NULL);
    if (st == NT_OK && strlen(buf_text(&text)) != text.len)
        st = NT_EINVAL;
    if (st == NT_OK)
        st = strlist_split(&lines, buf_text(&text), "\r\n");
    for (size_t i = 0; st == NT_OK && i < lines.n; i++) {
        const char *line = lines.item[i];
        if (*line == '#')
            continue;
        if (!is_header(line)) {
            st = NT_EINVAL;
            break;
        }
        keep_secret(line);
        st = strlist_add(out, line);
    }
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_clean(&text);
    for (size_t i = 0; i < lines.n; i++)
        explicit_bzero(lines.item[i], strlen(lines.item[i]));
    strlist_clean(&lines);
    return st;
}

/*
 * names: which custom variables the monitor's objects have.
 *
 * The cores can be asked for a custom variable's value by its name, but not for the names; where they keep them differs
 * by release. But each writes all its objects into a file as it starts, in one form since Nagios 3:
 *
 *     define service {
 *     	host_name	web01
 *     	_RUNBOOK	https://wiki.example.org/http
 *     	}
 *
 * Only names are taken from it: _SERVICERUNBOOK. It is read once, before the core begins its work, in pieces, so that a
 * file of any size costs the same memory. Names are few even where objects are many; past NAMES_MAX they are left out.
 *
 * DIAGNOSTICS
 * As in names.h. Without the file the alerts have all their other macros.
 */
#include "neb/names.h"

#include "base/mem.h"
#include "base/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, LINE_HEAD = 256 };

void names_init(struct names *s)
{
    memset(s, 0, sizeof *s);
}

void names_clean(struct names *s)
{
    for (size_t i = 0; i < s->n; i++)
        mem_free(s->name[i]);
    mem_free(s->name);
    names_init(s);
}

static bool is_possible(const char *name, size_t len)
{
    if (!len || len > NAMES_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= ' ' || c == '$' || c == '=' || c == ':' || c == 0x7F)
            return false;
    }
    return true;
}

enum nt_status names_add(struct names *s, const char *prefix, const char *name, size_t len)
{
    size_t prefix_len = strlen(prefix);
    if (!is_possible(name, len) || s->n >= NAMES_MAX)
        return NT_OK;
    for (size_t i = 0; i < s->n; i++)
        if (!strncmp(s->name[i], prefix, prefix_len) && !strncmp(s->name[i] + prefix_len, name, len) &&
            !s->name[i][prefix_len + len])
            return NT_OK;
    char *whole = mem_alloc(prefix_len + len + 1);
    if (!whole || !VECTOR_GROW(s, name)) {
        mem_free(whole);
        return NT_ENOMEM;
    }
    memcpy(whole, prefix, prefix_len);
    memcpy(whole + prefix_len, name, len);
    whole[prefix_len + len] = '\0';
    s->name[s->n++] = whole;
    return NT_OK;
}

/* Of each line its beginning: the rest of a long one tells nothing. */
struct reading {
    struct names *names;
    const char *prefix; /* of the object that the line is in; NULL = another kind */
    char line[LINE_HEAD];
    size_t len;
};

static enum nt_status read_line(struct reading *r)
{
    static const struct {
        const char *line, *prefix;
    } kinds[] = {{"define host {", "_HOST"}, {"define service {", "_SERVICE"}, {"define contact {", "_CONTACT"}};
    static const char define[] = "define ";
    size_t from = 0;
    r->line[r->len] = '\0';
    if (!strncmp(r->line, define, sizeof define - 1)) {
        r->prefix = NULL;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (!strcmp(r->line, kinds[i].line))
                r->prefix = kinds[i].prefix;
        return NT_OK;
    }
    from = strspn(r->line, " \t");
    if (!r->prefix || r->line[from] != '_')
        return NT_OK;
    const char *name = r->line + from + 1;
    size_t len = strcspn(name, " \t");
    /* A name that the piece of the line does not hold is too long anyway. */
    return name[len] ? names_add(r->names, r->prefix, name, len) : NT_OK;
}

static enum nt_status read_piece(struct reading *r, const char *piece, size_t len)
{
    while (len) {
        const char *end = memchr(piece, '\n', len);
        size_t n = end ? (size_t)(end - piece) : len, room = sizeof r->line - 1 - r->len;
        memcpy(r->line + r->len, piece, n < room ? n : room);
        r->len += n < room ? n : room;
        if (end) {
            enum nt_status status = read_line(r);
            if (status)
                return status;
            r->len = 0;
            n++;
        }
        piece += n;
        len -= n;
    }
    return NT_OK;
}

enum nt_status names_read(struct names *s, const char *path)
{
    enum nt_status status = NT_OK;
    struct reading r = {.names = s};
    struct stat st;
    char *piece = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return nt_status_errno(errno);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        status = NT_EINVAL;
        goto done;
    }
    piece = mem_alloc(PIECE);
    if (!piece) {
        status = NT_ENOMEM;
        goto done;
    }
    while (!status) {
        ssize_t n = read(fd, piece, PIECE);
        if (!n)
            break;
        if (n > 0)
            status = read_piece(&r, piece, (size_t)n);
        else if (errno != EINTR)
            status = nt_status_errno(errno);
    }
done:
    mem_free(piece);
    close(fd);
    return status;
}

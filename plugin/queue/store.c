/*
 * store: which backend a url names.
 *
 * A backend is a row of the table below; everything else goes through its struct store_ops.
 *
 * DIAGNOSTICS: NT_EINVAL for a url of no known kind; the rest is the backend's.
 */
#include "queue/store.h"

#include "queue/sqlite.h"

#include <string.h>

struct backend {
    const char *scheme;
    enum nt_status (*open)(const char *url, int64_t patience, struct store **out, struct buf *error);
    enum nt_status (*open_readonly)(const char *url, struct store **out, struct buf *error);
    enum nt_status (*rescue)(const char *url, int64_t now, struct store **out, size_t *taken, struct buf *error);
};

static const struct backend backends[] = {
    {.scheme = "sqlite:", .open = sqlite_open, .open_readonly = sqlite_open_readonly, .rescue = sqlite_rescue},
};

static const struct backend *backend_of(const char *url, struct buf *error)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (strncmp(url, backends[i].scheme, strlen(backends[i].scheme)) == 0)
            return &backends[i];
    }
    if (error)
        buf_addf(error, "store: %s: no such kind of store (sqlite:/path is known)", url);
    return NULL;
}

enum nt_status store_open_within(const char *url, int64_t patience, struct store **out, struct buf *error)
{
    *out = NULL;
    const struct backend *b = backend_of(url, error);
    return b ? b->open(url, patience, out, error) : NT_EINVAL;
}

enum nt_status store_open(const char *url, struct store **out, struct buf *error)
{
    return store_open_within(url, STORE_PATIENCE, out, error);
}

enum nt_status store_open_readonly(const char *url, struct store **out, struct buf *error)
{
    *out = NULL;
    const struct backend *b = backend_of(url, error);
    return b ? b->open_readonly(url, out, error) : NT_EINVAL;
}

enum nt_status store_rescue(const char *url, int64_t now, struct store **out, size_t *taken, struct buf *error)
{
    *out = NULL;
    *taken = 0;
    const struct backend *b = backend_of(url, error);
    return b ? b->rescue(url, now, out, taken, error) : NT_EINVAL;
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

/*
 * health: reading the store and asking the drainer how they are. Changes nothing.
 *
 * DIAGNOSTICS: a store that cannot be read is a finding (health->store), not a failure of this function.
 */
#include "flow/health.h"

#include "flow/ask.h"

#include <string.h>

enum { WORDS = 2048, DAY = 86400000, ASK_TIMEOUT = 1000 };

void health_init(struct health *h)
{
    memset(h, 0, sizeof *h);
    h->drainer = -1;
    buf_init(&h->account, WORDS);
    buf_init(&h->store, WORDS);
    buf_init(&h->config, WORDS);
}

void health_clean(struct health *h)
{
    buf_clean(&h->account);
    buf_clean(&h->store);
    buf_clean(&h->config);
}

static enum nt_status read_store(struct runtime *r, struct health *out)
{
    struct store *s = NULL;
    struct buf error;
    int64_t now = runtime_now(r), at = 0;
    buf_init(&error, WORDS);
    enum nt_status st = store_open_readonly(r->config->store, &s, &error);
    if (st == NT_ENOENT) { /* nothing was ever sent: no trouble */
        st = NT_OK;
    } else if (st != NT_OK) {
        buf_addf(&out->store, "the store cannot be read: %s", error.len ? buf_text(&error) : nt_status_text(st));
        st = st == NT_ENOMEM ? st : NT_OK;
    } else {
        st = s->ops->totals(s, now - DAY, &out->totals);
        if (st == NT_OK) {
            int64_t oldest = out->totals.oldest_unsettled, due = out->totals.most_overdue;
            out->oldest_age = oldest && oldest < now ? (now - oldest) / 1000 : 0;
            out->overdue = due && due < now ? (now - due) / 1000 : 0;
            st = s->ops->mark_get(s, "account", &at, &out->account);
            if (st == NT_ENOENT)
                st = NT_OK;
        }
        if (st != NT_OK)
            buf_addf(&out->store, "the store cannot be read: %s", nt_status_text(st));
        st = st == NT_ENOMEM ? st : NT_OK;
    }
    store_close(s);
    buf_clean(&error);
    return st;
}

enum nt_status health_read(struct runtime *r, struct health *out)
{
    struct drainer_status drainer;
    enum nt_status st = read_store(r, out);
    if (st != NT_OK)
        return st;
    long holder = 0;
    st = drain_lock_holder(r->config->store, &holder);
    if (st == NT_ENOMEM)
        return st;
    if (st != NT_OK || holder < 0)
        out->drainer = 0; /* cannot be told: not the same as nobody */
    else
        out->drainer = holder ? holder : -1;
    drainer_status_init(&drainer);
    st = ask_drainer(r->config->socket, ASK_STATUS, ASK_TIMEOUT, &drainer);
    if (st == NT_OK) {
        out->drainer = drainer.pid;
        out->drainer_is_daemon = drainer.daemon;
        if (drainer.spare)
            buf_addf(&out->store, "the drainer works without the store: %s", buf_text(&drainer.trouble));
        if (drainer.last_good.len)
            buf_addf(&out->config, "the drainer uses the last good configuration: %s", buf_text(&drainer.last_good));
    }
    drainer_status_clean(&drainer);
    if (st == NT_ENOMEM)
        return st;
    if (r->config->last_good && !out->config.len)
        buf_addf(&out->config, "the last good configuration is in use: %s", r->config->last_good_reason);
    if (r->config->salvaged && !out->config.len)
        buf_addf(&out->config, "only part of the configuration is in use: %s", r->config->last_good_reason);
    return buf_status(&out->config) == NT_ENOMEM || buf_status(&out->store) == NT_ENOMEM ? NT_ENOMEM : NT_OK;
}

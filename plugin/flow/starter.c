/*
 * starter: a `send` that drains, and how it goes while the drainer stays.
 *
 * DIAGNOSTICS: without a child the drainer goes on in the foreground, loudly.
 */
#include "flow/engine.h"

#include "base/log.h"

enum {
    PURGE_AFTER = 1000, /* ms: the pages first */
    GO_AGAIN = 5000     /* ms: where no process can be made, pages go on from this one meanwhile */
};

bool starter_may_leave(struct drainer *d)
{
    const struct starter *s = d->o->starter;
    if (d->boot < d->starter_again)
        return false;
    switch (s->may_go(s->arg)) {
    case STARTER_GOES:
        return true;
    case STARTER_MAY_GO:
        return !http_unsent(d->http) && !pictures_busy(d);
    case STARTER_STAYS:
        break;
    }
    return false;
}

/* A request that stays behind with the old client. If it has not been sent yet it never will be, and can be made again.
 */
static void abandon(struct flight *f, const struct http *old)
{
    bool unsent = http_unsent_of(old, f);
    flight_lost(f, "its sender was replaced");
    if (unsent)
        f->outcome.kind = OUTCOME_RETRY;
}

/*
 * The starter goes, and the drainer goes on in a child of its own. SQLite does not survive a fork, so the store is
 * closed before and opened anew; requests under way do, unless one is still looking for its address (libcurl does that
 * in a thread, which stays behind): then the child begins with a client of its own, makes those requests again that had
 * not left, and looks up what became of the others.
 *
 * True: this process is to return: the starter, or whoever has no store any more.
 */
bool starter_leave(struct drainer *d)
{
    struct runtime *r = d->r;
    struct starter *s = d->o->starter;
    bool spare = r->spare;
    pictures_stop(d);
    if (!spare) {
        r->store->brief = true;
        store_close(r->store);
        r->store = NULL;
    }
    int child = s->go(s->arg);
    if (child > 0) {
        s->gone = true;
        return true;
    }
    if (child == 0 && d->lock >= 0)
        drain_lock_sign(d->lock);
    d->starter_asked = child == 0;
    if (!spare && runtime_open_store(r) != NT_OK) {
        log_error("no store, not even in memory: what is stored waits for the next drainer");
        return true;
    }
    if (r->spare && !spare)
        spare_strand(d);
    if (child < 0) {
        log_error("no drainer can be left behind: going on in the foreground");
        d->starter_again = d->boot + GO_AGAIN;
        s->at_once = false; /* nobody else is there to send it */
        return false;
    }
    if (http_unsent(d->http)) {
        struct http *old = d->http;
        d->http = NULL; /* left alone: its threads are the starter's */
        if (line_open(d) != NT_OK) {
            log_error("no new HTTP client in the drainer left behind");
            d->http = old;
        }
        for (struct flight *f = d->flight; f; f = f->next)
            if (f->step == FLIGHT_ASKED)
                abandon(f, old);
            else if (f->step == FLIGHT_LOOKING)
                f->step = f->step_before = FLIGHT_UNKNOWN;
        track_lost(d);
        optin_clean(d);
    }
    d->purge_next = d->boot + PURGE_AFTER; /* where no daemon runs, nobody else keeps the store small */
    sweep_init(&d->sweep, d->purge_next);
    listening_start(d);
    return false;
}

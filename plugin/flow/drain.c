/*
 * drain: the loop. See drain.h for what a turn is.
 *
 * Owner of struct drainer and everything in it; the runtime and the lock are the caller's.
 *
 * DIAGNOSTICS: a store that fails in a turn is left for the spare one, and the turn is done again there. It is an error
 * in the log and raises the alarm.
 */
#include "flow/drain.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/alarm.h"
#include "flow/darkroom.h"
#include "flow/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    POLL = 500, /* ms: how soon pages are seen that others stored without a word */
    EXPIRE_EVERY = 1000,
    PURGE_EVERY = 60000,
    PURGE_AGAIN = 1000,
    SOCKET_CHECK = 5000,
    CLOCK_JUMP = 5000,
    TURN_PAUSE = 1000, /* before a turn that failed is tried again */
};

/* What a starter leaves to its child; kept reachable, so that leak checkers see that it is no leak. Nothing reads it,
 * and only volatile keeps an optimiser from leaving it out. */
static struct drainer *volatile left_behind;

/* ---- a turn ---- */

/* What was accepted in this turn is due from the moment it was made. Were the turn's time from before it, it would wait
 * for the next turn: a second transaction for every page that is sent by a process of its own. */
static void look_at_clock(struct drainer *d)
{
    d->now = runtime_now(d->r);
    d->boot = clock_boot(d->r->clock);
}

static enum nt_status work(struct drainer *d, int64_t jump)
{
    enum nt_status st = NT_OK;
    if (jump)
        st = timely_shift(d, jump);
    if (st == NT_OK)
        st = intake_store(d);
    if (intake_waiting(d))
        look_at_clock(d);
    if (st == NT_OK)
        st = settle_flights(d);
    if (st == NT_OK)
        st = track_settle(d);
    if (st == NT_OK)
        st = optin_settle(d);
    if (st == NT_OK)
        st = pictures_settle(d);
    if (st == NT_OK && d->boot >= d->expire_next)
        st = timely_expire(d);
    if (st == NT_OK && d->let_in)
        st = timely_let_in(d);
    if (st == NT_OK)
        st = mirror_sync(d, false); /* what this turn and others have put: it can go in this same turn */
    if (st == NT_OK)
        st = claim_pages(d);
    if (st == NT_OK && d->boot >= d->purge_next)
        st = timely_purge(d);
    return st;
}

static enum nt_status transact(struct drainer *d, int64_t jump)
{
    struct store *s = d->r->store;
    d->failed = NT_OK;
    d->told_sent = d->told_refused = 0;
    d->turn_full = false;
    enum nt_status st = s->ops->begin(s);
    if (st != NT_OK)
        return st;
    (void)fault_point("turn.begun");
    st = work(d, jump);
    if (st == NT_OK)
        return s->ops->commit(s);
    s->ops->rollback(s);
    return st;
}

static void watches_sweep(struct drainer *d)
{
    size_t n = 0;
    while (n < d->watches.n && !d->watches.item[n].over)
        n++;
    for (size_t i = n; i < d->watches.n; i++)
        if (!d->watches.item[i].over)
            d->watches.item[n++] = d->watches.item[i];
    d->watches.n = n;
}

static enum nt_status turn(struct drainer *d, int64_t jump)
{
    enum nt_status st = transact(d, jump);
    for (int tries = 0; st != NT_OK && tries < 2; tries++) {
        claim_undo(d);
        flights_sweep(d);
        for (size_t i = 0; i < d->watches.n; i++)
            d->watches.item[i].over = false;
        if (st == NT_ENOMEM)
            break;
        if ((st = spare_enter(d, st)) == NT_OK && (st = mirror_sync(d, true)) == NT_OK)
            st = transact(d, 0);
    }
    if (st != NT_OK) {
        claim_undo(d);
        log_error("nothing could be recorded: %s; trying again", nt_status_text(st));
        if (mirror_sync(d, true) != NT_OK) /* the mirror may be ahead of what was rolled back */
            d->seen = 0;
    } else {
        (void)fault_point("turn.committed");
        d->clock_offset = d->now - d->boot;
        d->let_in = false;
        if (d->boot >= d->expire_next)
            d->expire_next = d->boot + EXPIRE_EVERY;
        if (d->boot >= d->purge_next)
            d->purge_next = d->boot + (d->purge_more ? PURGE_AGAIN : PURGE_EVERY);
        watches_sweep(d);
        if (optin_news(d))
            optin_clean(d);
    }
    flights_sweep(d);
    pictures_sweep(d, st == NT_OK);
    intake_answer(d, st);
    if (st == NT_OK) {
        flights_start(d);
        flights_sweep(d);
        d->sent += d->told_sent;
        d->refused += d->told_refused;
        if (mirror_behind(d) && mirror_sync(d, false) != NT_OK)
            d->seen = 0;
    }
    d->failed = st;
    d->more = st != NT_OK || d->holds_left < 0 || d->turn_full || flights_finished(d);
    return st;
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ms until something is to be done without an event. */
static int64_t rest(struct drainer *d)
{
    if (d->more)
        return d->failed != NT_OK ? TURN_PAUSE : 0;
    if (pictures_news(d))
        return 0;
    int64_t wait = d->o->daemon || d->ready.waiting || d->flight ? POLL : POLL / 5;
    int64_t next = earliest(earliest(lookup_next(d), track_next(d)), pictures_next(d));
    next = earliest(next, sweep_next(&d->sweep, d->boot));
    if (d->ready.waiting) {
        int64_t due = ready_next(&d->ready, d->now);
        if (due != INT64_MAX)
            next = earliest(next, d->boot + (due - d->now));
        next = earliest(next, d->pace_next);
        if (d->gate_until > d->boot)
            next = earliest(next, d->gate_until);
    }
    if (next != INT64_MAX)
        wait = earliest(wait, next - d->boot);
    return wait < 0 ? 0 : wait;
}

static bool has_work(const struct drainer *d)
{
    return intake_waiting(d) || flights_finished(d) || track_news(d) || optin_news(d) || pictures_news(d) ||
           d->ready.waiting || d->boot >= d->purge_next || d->let_in || mirror_behind(d);
}

static bool only_later(const struct drainer *d)
{
    return !d->ready.waiting || d->boot < d->gate_until || ready_due(&d->ready, d->now) == 0;
}

static bool settled(const struct drainer *d)
{
    return !d->flight && !d->ready.waiting && !d->watches.n && !intake_waiting(d) && !mirror_behind(d);
}

/* Is there nothing left that this process should stay for? */
static bool finished(struct drainer *d)
{
    if (d->leaving)
        return !flights_asked(d);
    if (d->o->daemon)
        return false;
    if (d->handing_over) /* over with the last request */
        return false;
    if (d->o->only_due)
        return !d->flight && !pictures_busy(d) && only_later(d);
    return settled(d) && !spare_owes(d);
}

static void empty_pipe(int fd)
{
    char bytes[256];
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
}

static void tell_progress(struct drainer *d)
{
    if (d->o->progress)
        d->o->progress(d->o->arg, d->sent, d->refused, (int64_t)d->ready.waiting + d->flights);
}

/* The last chance for what is in memory alone. Whoever was told to try again then finds his page sent. */
static enum nt_status leave(struct drainer *d)
{
    if (d->r->spare)
        spare_leave(d, STORE_PATIENCE);
    return NT_OK;
}

static enum nt_status loop(struct drainer *d)
{
    for (;;) {
        look_at_clock(d);
        int64_t jump = d->now - d->boot - d->clock_offset;
        if (llabs(jump) < CLOCK_JUMP)
            jump = 0;
        alarm_reap();
        if (d->o->stop && *d->o->stop && !d->leaving) {
            log_info("asked to stop: finishing %d requests under way", d->flights);
            d->leaving = true;
        }
        if (d->leaving)
            sweep_end(&d->sweep);
        if (d->o->reload && *d->o->reload != d->reload_seen) {
            d->reload_seen = *d->o->reload;
            reload_now(d);
        }
        if (d->reread && d->boot >= d->reread) { /* nobody can tell a `send`'s drainer of a new token */
            d->reread = 0;
            reload_now(d);
        }
        if (d->http_stale && !http_active(d->http) && line_open(d) != NT_OK)
            log_error("no new HTTP client could be made: the old one stays");
        if (d->boot >= d->socket_check) {
            d->socket_check = d->boot + SOCKET_CHECK;
            listening_check(d);
        }
        if (d->r->spare)
            spare_turn(d, !d->o->daemon && !d->leaving && (settled(d) || d->handing_over));
        intake_receive(d);
        pictures_turn(d);
        d->more = false;
        if (has_work(d) || jump)
            (void)turn(d, jump); /* what fails is kept and tried again */
        else if (d->starter_asked)
            d->r->store->ops->idle(d->r->store);
        if (!d->starter_asked && d->o->starter->status != NT_EBUSY && !finished(d) && starter_may_leave(d)) {
            if (starter_leave(d))
                return d->r->store || d->o->starter->gone ? NT_OK : NT_ENOMEM;
            continue;
        }
        pictures_turn(d); /* of what has just been accepted */
        lookup_start(d);
        track_start(d);
        optin_start(d);
        sweep_turn(&d->sweep, d->r);
        tell_progress(d);
        if (d->o->turn)
            d->o->turn(d->o->arg);
        if (finished(d))
            return leave(d);

        int fds[2 + 2 * DARKROOM_FDS], n = 0, wake_at = -1;
        bool ready[2 + 2 * DARKROOM_FDS] = {false};
        if (d->server && !d->leaving)
            fds[n++] = handover_fd(d->server);
        if (d->o->wake_fd >= 0)
            fds[wake_at = n++] = d->o->wake_fd;
        n += pictures_fds(d, fds + n);
        n += sweep_fds(&d->sweep, fds + n);
        if (http_run(d->http, fds, ready, n, rest(d)) != NT_OK)
            return NT_EIO;
        if (wake_at >= 0 && ready[wake_at])
            empty_pipe(d->o->wake_fd);
    }
}

enum nt_status drain_run(struct runtime *r, const struct drain_options *o)
{
    struct drainer *d = mem_zalloc(sizeof *d);
    enum nt_status st = NT_ENOMEM;
    if (!d)
        return NT_ENOMEM;
    d->r = r;
    d->o = o;
    d->lock = d->lock_wish = -1;
    ready_init(&d->ready);
    d->now = runtime_now(r);
    d->boot = clock_boot(r->clock);
    /* a starter's child has a time of its own for it, and a flush does it afterwards */
    sweep_init(&d->sweep, o->daemon ? d->boot : INT64_MAX);
    d->clock_offset = d->now - d->boot;
    d->purge_next = d->boot + (o->daemon ? 0 : PURGE_EVERY);
    d->gate_account =
        true; /* a drainer before us may have left its mark in the store: the first success takes it away */
    spare_begin(d);
    d->socket_check = d->boot + SOCKET_CHECK;
    if ((st = intake_new(&d->intake)) != NT_OK || (st = line_open(d)) != NT_OK)
        goto done;
    if (!r->store && (st = runtime_open_store(r)) != NT_OK)
        goto done;
    if (o->starter && (st = intake_starter(d)) != NT_OK)
        goto done;
    d->starter_asked = !o->starter;
    if (!o->starter) /* a starter's child listens; before, it would answer late */
        listening_start(d);
    st = mirror_sync(d, true);
    if (st == NT_OK)
        st = lookup_remnants(d);
    if (st != NT_OK && !r->spare && (st = spare_enter(d, st)) == NT_OK)
        st = mirror_sync(d, true);
    if (st != NT_OK)
        goto done;
    flights_sweep(d);
    if (o->ready)
        o->ready(o->arg);
    st = loop(d);
    if (o->starter && o->starter->gone) {
        left_behind = d; /* the child's, in its own memory; ours ends with the process */
        return NT_OK;
    }
    if (st == NT_OK && d->leaving && !(o->stop && *o->stop))
        st = NT_EBUSY;
done:
    handover_server_free(d->server);
    http_free(d->http);
    while (d->flight) {
        struct flight *next = d->flight->next;
        flight_free(d->flight);
        d->flight = next;
    }
    intake_free(d->intake);
    line_clean(d);
    optin_clean(d);
    track_clean(d);
    pictures_clean(d);
    sweep_stop(&d->sweep);
    idmap_clean(&d->to_spare);
    idmap_clean(&d->to_real);
    ready_clean(&d->ready);
    if (d->lock >= 0)
        close(d->lock);
    if (d->lock_wish >= 0)
        close(d->lock_wish);
    mem_free(d);
    return st;
}

/*
 * drain: the loop. See drain.h for what a turn is.
 *
 * Owner of struct drainer and everything in it; the runtime and the lock are the caller's.
 *
 * DIAGNOSTICS: a store that fails in a turn is left for the spare one, and the turn is done again there; a
 * configuration that does not load at a reload leaves the present one in force. Both are errors in the log and raise
 * the alarm.
 */
#include "flow/drain.h"

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vector.h"
#include "config/load.h"
#include "flow/alarm.h"
#include "flow/engine.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    POLL = 500, /* ms: how soon pages are seen that others stored without a word */
    EXPIRE_EVERY = 1000,
    PURGE_EVERY = 60000,
    PURGE_AT_ONCE = 200,
    SPARE_RETRY = 15000,
    SOCKET_CHECK = 5000,
    CLOCK_JUMP = 5000,
    PACING_MEMORY = 60000
};

/* ---- flights ---- */

struct flight *flight_new(struct drainer *d, const struct page *page)
{
    struct flight *f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    f->d = d;
    f->page = page_copy(page);
    f->lane = ready_lane(&d->ready, page->number);
    if (!f->page || f->lane == READY_NONE) {
        flight_free(f);
        return NULL;
    }
    f->object = ready_object(page->object);
    f->next = d->flight;
    d->flight = f;
    d->flights++;
    return f;
}

void flight_free(struct flight *f)
{
    if (!f)
        return;
    page_free(f->page);
    mem_free(f);
}

bool flight_same_object(const struct drainer *d, int32_t lane, uint64_t object)
{
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->lane == lane && f->object == object && f->step != FLIGHT_OVER)
            return true;
    return false;
}

/* After a turn: what was recorded stays, what is over goes, and the lanes are counted anew. */
static void flights_sweep(struct drainer *d)
{
    for (struct flight *f = d->flight; f; f = f->next)
        d->ready.lane[f->lane].flights = d->ready.lane[f->lane].ambiguous = 0;
    d->flights = d->ambiguous = 0;
    for (struct flight **at = &d->flight; *at;) {
        struct flight *f = *at;
        if (f->step == FLIGHT_OVER) {
            *at = f->next;
            flight_free(f);
            continue;
        }
        if (f->step_before != f->step && f->step == FLIGHT_UNKNOWN)
            f->look_at = 0;
        f->step_before = f->step;
        struct ready_lane *l = &d->ready.lane[f->lane];
        bool searching = f->step == FLIGHT_UNKNOWN || f->step == FLIGHT_LOOKING || f->step == FLIGHT_LOOKED;
        l->flights++;
        l->ambiguous += searching;
        d->flights++;
        d->ambiguous += searching;
        at = &f->next;
    }
}

static bool flights_finished(const struct drainer *d)
{
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->step == FLIGHT_ANSWERED || f->step == FLIGHT_LOOKED)
            return true;
    return false;
}

static bool flights_asked(const struct drainer *d)
{
    for (const struct flight *f = d->flight; f; f = f->next)
        if (f->step == FLIGHT_ASKED || f->step == FLIGHT_ANSWERED || f->step == FLIGHT_CLAIMED)
            return true;
    return false;
}

/* ---- the line ---- */

void gate_close(struct drainer *d, bool account, int64_t wait)
{
    if (d->boot >= d->gate_until) /* one failure a closing, however many requests it hit */
        d->gate_failures++;
    d->gate_account |= account;
    int64_t until = d->boot + (wait ? wait : drain_backoff(d->gate_failures));
    if (until > d->gate_until)
        d->gate_until = until;
}

static bool pacing_since(void *arg, int64_t at, int segments)
{
    struct {
        struct pacing *pacing;
        int64_t to_boot;
    } *x = arg;
    pacing_take(x->pacing, segments > 0 ? segments : 1, at - x->to_boot);
    return true;
}

/* A sender's pacing; what it has sent lately counts, also when another process did. */
struct pacing *drain_pacing(struct drainer *d, const char *sender)
{
    const struct config_twilio *t = &d->r->config->twilio;
    double rate = 1;
    for (size_t i = 0; i < d->senders.n; i++)
        if (!strcmp(d->senders.item[i].name, sender))
            return &d->senders.item[i].pacing;
    for (size_t i = 0; i < t->senders; i++)
        if (!strcmp(t->sender[i].from, sender) || !strcmp(t->sender[i].messaging_service_sid, sender))
            rate = t->sender[i].segments_per_second;
    if (!VECTOR_GROW(&d->senders, item))
        return NULL;
    struct lane_sender *s = &d->senders.item[d->senders.n];
    s->name = mem_strdup(sender);
    if (!s->name)
        return NULL;
    pacing_init(&s->pacing, rate);
    struct {
        struct pacing *pacing;
        int64_t to_boot;
    } x = {&s->pacing, d->now - d->boot};
    if (d->r->store->ops->sends_of_sender(d->r->store, sender, d->now - PACING_MEMORY, pacing_since, &x) != NT_OK)
        pacing_init(&s->pacing, rate);
    d->senders.n++;
    return &s->pacing;
}

static void senders_clean(struct drainer *d)
{
    for (size_t i = 0; i < d->senders.n; i++)
        mem_free(d->senders.item[i].name);
    mem_free(d->senders.item);
    memset(&d->senders, 0, sizeof d->senders);
}

static enum nt_status open_http(struct drainer *d)
{
    const struct config_twilio *t = &d->r->config->twilio;
    char *cache = d->r->spare ? NULL : file_beside(d->r->config->store_path, "addresses");
    struct http_options o = {
        .ca_file = t->ca_file,
        .proxy = t->proxy,
        .connect_timeout = t->connect_timeout,
        .timeout = t->timeout,
        .connections = t->connections,
        .address_cache = cache ? cache : "",
        .user_agent = "notify_twilio",
    };
    struct http *http = NULL;
    enum nt_status st = http_new(&o, &http);
    if (st == NT_OK) {
        http_free(d->http);
        d->http = http;
        d->http_stale = false;
    }
    mem_free(cache);
    return st;
}

/* ---- the mirror ---- */

struct sync {
    struct drainer *d;
    enum nt_status status;
    int64_t last;
};

static bool sync_page(void *arg, const struct page *page)
{
    struct sync *y = arg;
    struct drainer *d = y->d;
    y->status = ready_update(&d->ready, page);
    if (y->status == NT_OK)
        y->status = track_add(d, page);
    if (page->change > y->last)
        y->last = page->change;
    return y->status == NT_OK;
}

/* Everything at first, then what has changed. */
static enum nt_status sync_pages(struct drainer *d, bool all)
{
    struct store *s = d->r->store;
    struct sync y = {.d = d, .last = d->seen};
    enum nt_status st;
    if (all) {
        int64_t change = 0;
        if ((st = s->ops->change(s, &change)) != NT_OK)
            return st;
        ready_clean(&d->ready);
        st = s->ops->pages(s, &(struct store_query){.kind = PAGES_IN_STATES, .states = PAGE_UNSENT}, sync_page, &y);
        if (st == NT_OK && y.status == NT_OK)
            st = s->ops->pages(s, &(struct store_query){.kind = PAGES_WATCHED}, sync_page, &y);
        y.last = change;
        for (struct flight *f = d->flight; f; f = f->next)
            if ((f->lane = ready_lane(&d->ready, f->page->number)) == READY_NONE)
                return NT_ENOMEM;
    } else {
        st = s->ops->pages(s, &(struct store_query){.kind = PAGES_CHANGED, .after = d->seen}, sync_page, &y);
    }
    if (st == NT_OK)
        st = y.status;
    if (st == NT_OK)
        d->seen = y.last;
    return st;
}

enum nt_status drain_sync(struct drainer *d)
{
    return sync_pages(d, true);
}

static bool changed(const struct drainer *d)
{
    int64_t last = 0;
    return d->r->store->ops->change(d->r->store, &last) == NT_OK && last != d->seen;
}

/* ---- things that come with time ---- */

struct id_list {
    int64_t *item;
    size_t n, size;
    int64_t now;
    bool all, failed;
};

static bool list_expired(void *arg, struct ready_entry *e)
{
    struct id_list *l = arg;
    if (!l->all && e->expire > l->now)
        return true;
    if (!VECTOR_GROW(l, item)) {
        l->failed = true;
        return false;
    }
    l->item[l->n++] = e->id;
    return true;
}

static enum nt_status expire_pages(struct drainer *d)
{
    struct id_list due = {.now = d->now};
    enum nt_status st = NT_OK;
    ready_all(&d->ready, list_expired, &due);
    for (size_t i = 0; st == NT_OK && i < due.n; i++) {
        struct page *p = NULL;
        st = d->r->store->ops->page_get(d->r->store, due.item[i], &p);
        if (st == NT_OK && (p->state == PAGE_QUEUED || p->state == PAGE_HELD) && p->expire <= d->now)
            st = settle_expired(d, p);
        else if (st == NT_ENOENT)
            st = NT_OK;
        page_free(p);
    }
    mem_free(due.item);
    return st;
}

/*
 * The clock was set: what was to happen in 30 s still happens in 30 s. Moments stored by the old clock move along with
 * it, or a jump of a day ahead would expire everything and one of a day back would hold everything for a day.
 */
static enum nt_status shift_clock(struct drainer *d, int64_t by)
{
    struct id_list all = {.all = true};
    enum nt_status st = NT_OK;
    log_warning("the clock jumped by %lld s: waits and expiry of %zu pages go along", (long long)(by / 1000),
                d->ready.waiting);
    ready_all(&d->ready, list_expired, &all);
    for (size_t i = 0; st == NT_OK && i < all.n; i++) {
        struct page *p = NULL;
        st = d->r->store->ops->page_get(d->r->store, all.item[i], &p);
        /* a page stored after the jump already has the new time */
        if (st == NT_OK && (p->state == PAGE_QUEUED || p->state == PAGE_HELD) &&
            llabs(p->created + by - d->now) < llabs(p->created - d->now)) {
            p->created += by;
            p->due += by;
            p->expire += by;
            st = settle_save(d, p, p->state, "the clock jumped by %lld s; waits go along", (long long)(by / 1000));
        } else if (st == NT_ENOENT) {
            st = NT_OK;
        }
        page_free(p);
    }
    mem_free(all.item);
    return st;
}

static enum nt_status purge(struct drainer *d)
{
    size_t deleted = 0;
    return d->r->store->ops->purge(d->r->store, d->now - d->r->config->retain, PURGE_AT_ONCE, &deleted);
}

static void look_after_socket(struct drainer *d)
{
    struct stat st;
    if (!d->o->socket || d->o->listen_fd >= 0 || d->leaving)
        return;
    if (d->server && stat(d->o->socket, &st) == 0)
        return;
    if (d->server)
        log_warning("the socket %s has gone: listening anew", d->o->socket);
    handover_server_free(d->server);
    d->server = NULL;
    enum nt_status s = handover_listen(d->o->socket, -1, &d->server);
    if (s != NT_OK && d->o->daemon)
        log_error("cannot listen on %s: %s; alerts reach the store all the same, a little later", d->o->socket,
                  nt_status_text(s));
}

static void reload(struct drainer *d)
{
    struct problems problems;
    problems_init(&problems);
    enum nt_status st = runtime_reload(d->r, &problems);
    for (size_t i = 0; i < problems.n; i++) {
        struct buf line;
        buf_init(&line, 4096);
        (void)problem_format(&problems.item[i], &line);
        log_error("%s", buf_text(&line));
        buf_clean(&line);
    }
    if (st == NT_OK) {
        log_info("configuration read again");
        d->http_stale = true;
        senders_clean(d);
        if (config_save_last_good(d->r->config, d->now, NULL) != NT_OK)
            log_warning("the last good copy of the configuration cannot be written");
    } else {
        alarm_raise(d->r, "config", false, "the configuration does not load; the one in force stays%s%s",
                    problems.n ? ": " : "", problems.n ? problems.item[0].message : "");
    }
    problems_clean(&problems);
}

/* ---- a turn ---- */

static enum nt_status work(struct drainer *d, int64_t jump)
{
    enum nt_status st = NT_OK;
    if (jump)
        st = shift_clock(d, jump);
    if (st == NT_OK)
        st = intake_store(d);
    if (st == NT_OK)
        st = settle_flights(d);
    if (st == NT_OK)
        st = track_settle(d);
    if (st == NT_OK && d->boot >= d->expire_next)
        st = expire_pages(d);
    if (st == NT_OK)
        st = sync_pages(d, false); /* what this turn and others have put: it can go in this same turn */
    if (st == NT_OK)
        st = claim_pages(d);
    if (st == NT_OK && d->boot >= d->purge_next)
        st = purge(d);
    return st;
}

static enum nt_status transact(struct drainer *d, int64_t jump)
{
    struct store *s = d->r->store;
    d->failed = NT_OK;
    d->told_sent = d->told_refused = 0;
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
    for (size_t i = 0; i < d->watches.n; i++)
        if (!d->watches.item[i].over)
            d->watches.item[n++] = d->watches.item[i];
    d->watches.n = n;
}

/* A byte for each page that was sent or refused, one for the turn; nobody listening is fine. */
static void tell_starter(struct drainer *d)
{
    char bytes[64];
    size_t n = 0;
    d->sent += d->told_sent;
    d->refused += d->told_refused;
    bytes[n++] = 'p';
    for (; d->told_sent > 0 && n < sizeof bytes; d->told_sent--)
        bytes[n++] = 's';
    for (; d->told_refused > 0 && n < sizeof bytes; d->told_refused--)
        bytes[n++] = 'f';
    if (d->o->progress_fd >= 0 && write(d->o->progress_fd, bytes, n) < 0 && errno != EAGAIN)
        log_debug("nobody waits for progress any more");
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
        if ((st = spare_enter(d, st)) == NT_OK && (st = sync_pages(d, true)) == NT_OK)
            st = transact(d, 0);
    }
    if (st != NT_OK) {
        claim_undo(d);
        log_error("nothing could be recorded: %s; trying again", nt_status_text(st));
        if (sync_pages(d, true) != NT_OK) /* the mirror may be ahead of what was rolled back */
            d->seen = 0;
    } else {
        (void)fault_point("turn.committed");
        d->clock_offset = d->now - d->boot;
        if (d->boot >= d->expire_next)
            d->expire_next = d->boot + EXPIRE_EVERY;
        if (d->boot >= d->purge_next)
            d->purge_next = d->boot + PURGE_EVERY;
        watches_sweep(d);
    }
    flights_sweep(d);
    intake_answer(d, st);
    if (st == NT_OK) {
        claim_start(d);
        flights_sweep(d);
        tell_starter(d);
        if (changed(d) && sync_pages(d, false) != NT_OK)
            d->seen = 0;
    }
    d->more = st != NT_OK || d->holds_left < 0;
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
        return d->failed != NT_OK ? 1000 : 0;
    int64_t wait = d->o->daemon || d->ready.waiting || d->flight ? POLL : POLL / 5;
    int64_t next = earliest(lookup_next(d), track_next(d));
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
    return intake_waiting(d) || flights_finished(d) || track_news(d) || d->ready.waiting || d->boot >= d->purge_next ||
           changed(d);
}

static bool only_later(const struct drainer *d)
{
    return !d->ready.waiting || d->boot < d->gate_until || ready_due(&d->ready, d->now) == 0;
}

/* Is there nothing left that this process should stay for? */
static bool finished(struct drainer *d)
{
    if (d->leaving)
        return !flights_asked(d);
    if (d->o->daemon)
        return false;
    if (d->o->only_due)
        return !d->flight && only_later(d);
    return !d->flight && !d->ready.waiting && !d->watches.n && !intake_waiting(d) && !changed(d);
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

static enum nt_status loop(struct drainer *d)
{
    for (;;) {
        d->now = runtime_now(d->r);
        d->boot = clock_boot(d->r->clock);
        int64_t jump = d->now - d->boot - d->clock_offset;
        if (llabs(jump) < CLOCK_JUMP)
            jump = 0;
        alarm_reap();
        if (d->o->stop && *d->o->stop && !d->leaving) {
            log_info("asked to stop: finishing %d requests under way", d->flights);
            d->leaving = true;
        }
        if (d->o->reload && *d->o->reload != d->reload_seen) {
            d->reload_seen = *d->o->reload;
            reload(d);
        }
        if (d->http_stale && !http_active(d->http) && open_http(d) != NT_OK)
            log_error("no new HTTP client could be made: the old one stays");
        if (d->boot >= d->socket_check) {
            d->socket_check = d->boot + SOCKET_CHECK;
            look_after_socket(d);
        }
        if (d->r->spare && d->boot >= d->spare_retry) {
            d->spare_retry = d->boot + SPARE_RETRY;
            spare_leave(d);
        }
        intake_receive(d);
        if (has_work(d) || jump)
            (void)turn(d, jump); /* what fails is kept and tried again */
        lookup_start(d);
        track_start(d);
        tell_progress(d);
        if (d->o->turn)
            d->o->turn(d->o->arg);
        if (finished(d))
            return NT_OK;

        int fds[2], n = 0, wake_at = -1;
        bool ready[2] = {false, false};
        if (d->server && !d->leaving)
            fds[n++] = handover_fd(d->server);
        if (d->o->wake_fd >= 0)
            fds[wake_at = n++] = d->o->wake_fd;
        if (http_run(d->http, fds, ready, n, rest(d)) != NT_OK)
            return NT_EIO;
        if (wake_at >= 0 && ready[wake_at])
            empty_pipe(d->o->wake_fd);
    }
}

/* Waits for the starter's word, with everything else ready. False: we are not needed. The starter's end is as good as a
 * word: it may have stored pages. */
static bool word_comes(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char word = 'g';
    while (poll(&p, 1, -1) < 0 && errno == EINTR) {
    }
    if (read(fd, &word, 1) < 0)
        return true;
    return word != 'x';
}

enum nt_status drain_run(struct runtime *r, const struct drain_options *o)
{
    struct drainer *d = mem_zalloc(sizeof *d);
    enum nt_status st = NT_ENOMEM;
    if (!d)
        return NT_ENOMEM;
    d->r = r;
    d->o = o;
    ready_init(&d->ready);
    d->now = runtime_now(r);
    d->boot = clock_boot(r->clock);
    d->clock_offset = d->now - d->boot;
    d->reload_seen = o->reload ? *o->reload : 0;
    d->purge_next = d->boot + (o->daemon ? 0 : PURGE_EVERY);
    d->spare_retry = d->boot + SPARE_RETRY;
    d->socket_check = d->boot + SOCKET_CHECK;
    if ((st = intake_new(&d->intake)) != NT_OK || (st = open_http(d)) != NT_OK)
        goto done;
    if (o->watch_fd >= 0 && !word_comes(o->watch_fd))
        goto done; /* NT_OK: nothing was stored */
    if (!r->store && (st = runtime_open_store(r)) != NT_OK)
        goto done;
    if (o->socket || o->listen_fd >= 0) {
        enum nt_status listening = handover_listen(o->socket, o->listen_fd, &d->server);
        if (listening != NT_OK)
            log_warning("cannot listen on %s: %s; alerts reach the store all the same",
                        o->socket ? o->socket : "the socket passed in", nt_status_text(listening));
    }
    st = sync_pages(d, true);
    if (st == NT_OK)
        st = lookup_remnants(d);
    if (st != NT_OK && !r->spare && (st = spare_enter(d, st)) == NT_OK)
        st = sync_pages(d, true);
    if (st != NT_OK)
        goto done;
    flights_sweep(d);
    if (o->ready)
        o->ready(o->arg);
    st = loop(d);
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
    senders_clean(d);
    mem_free(d->watches.item);
    idmap_clean(&d->to_spare);
    idmap_clean(&d->to_real);
    ready_clean(&d->ready);
    mem_free(d);
    return st;
}

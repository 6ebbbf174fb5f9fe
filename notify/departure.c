/*
 * departure: one alert, accepted and delivered by the command itself, until it may go.
 *
 * Who starts a command waits for its end, and may kill it: so it stays no longer than its pages need or `--wait` lets
 * it. What is unsettled then is a drainer's that it leaves behind, a child in a session of its own.
 *
 * The caller owns everything that is passed in; departure_drain() closes the lock. The child ends inside it.
 *
 * DIAGNOSTICS: what accepting says (NT_ENOBODY and NT_EINVAL with words in error), or why the store could not be
 * opened. A drainer that could not be left behind is logged: what is stored waits for another one.
 */
#include "notify/departure.h"

#include "base/log.h"
#include "flow/drain.h"
#include "notify/background.h"
#include "notify/session.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { LOOK_EVERY = 50, ALONE = 1000 }; /* ms: between two looks into the store; before a slow page is left behind */

/* Is anything of ours still worth waiting for? Reads the pages anew, up to the first that is; all: in any case all of
 * them. Duplicates stand as their originals do. */
static bool waiting(struct runtime *r, struct accepted *a, int64_t until_wall, bool all)
{
    bool more = false;
    for (size_t i = 0; i < a->n && (all || !more); i++) {
        struct page *p = NULL;
        if (page_settled(a->page[i]->state) || a->page[i]->state == PAGE_HELD)
            continue;
        if (r->store->ops->page_get(r->store, a->page[i]->id, &p) != NT_OK)
            continue;
        page_free(a->page[i]);
        a->page[i] = p;
        if (p->state == PAGE_SENDING || (p->state == PAGE_QUEUED && p->due <= until_wall))
            more = true;
    }
    return more;
}

/* A refused page whose contact has a further number goes on there: that page counts. Its exit is the best of both. */
static bool follow_on(void *arg, const struct page *p)
{
    struct accepted *a = arg;
    for (size_t i = 0; i < a->n; i++)
        if (a->page[i]->id == p->id)
            return true;
    struct page *copy = page_copy(p);
    if (accepted_add(a, copy) == NT_OK)
        return true;
    page_free(copy);
    return false;
}

/* True: there is one more. */
static bool add_follow_ons(struct runtime *r, struct accepted *a)
{
    size_t n = a->n;
    for (size_t i = 0; i < n; i++)
        if (a->page[i]->state == PAGE_FAILED && a->page[i]->alert_id) {
            struct store_query q = {.kind = PAGES_OF_ALERT, .id = a->page[i]->alert_id};
            (void)r->store->ops->pages(r->store, &q, follow_on, a);
            break;
        }
    return a->n > n;
}

struct departure {
    struct runtime *r;
    const struct arguments *a;
    struct accepted *pages;
    int64_t soon, until, until_wall;
    int lock;     /* −1: none */
    pid_t self;   /* of the command */
    bool settled; /* nothing is left to wait for */
};

/* Asked to end while it waits (a monitor's time-out, Ctrl-C): what is stored is left to the drainer at once. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static bool settled_or_late(struct departure *d)
{
    if (!d->a->wait) {
        d->settled = true;
    } else if (interrupted || clock_boot(d->r->clock) >= d->until) { /* as they stand now is what is told */
        (void)waiting(d->r, d->pages, d->until_wall, true);
        d->settled = true;
    } else {
        d->settled = !waiting(d->r, d->pages, d->until_wall, false) && !add_follow_ons(d->r, d->pages);
    }
    return d->settled;
}

/*
 * Most pages are taken within a second, in one process. A slower one is left to the drainer in a session of its own,
 * where no monitor kills it, and is waited for through the store; without a store, memory has to be the same.
 */
static enum starter_may may_go(void *arg)
{
    struct departure *d = arg;
    if (settled_or_late(d))
        return STARTER_GOES;
    return clock_boot(d->r->clock) >= d->soon && !d->r->spare ? STARTER_MAY_GO : STARTER_STAYS;
}

static int leave_behind(void *arg)
{
    const struct departure *d = arg;
    int pid = background_fork(d->r);
    if (pid == 0 && d->lock >= 0)
        drain_lock_sign(d->lock);
    return pid;
}

/* Only the child makes way: the command itself has pages to wait for. */
static void turn(void *arg)
{
    const struct departure *d = arg;
    if (getpid() != d->self)
        background_make_way(d->r);
}

static struct departure departure_of(struct runtime *r, const struct arguments *a, struct accepted *pages, int lock)
{
    int64_t wait = (int64_t)a->wait * 1000;
    int64_t now = clock_boot(r->clock);
    return (struct departure){r, a, pages, now + ALONE, now + wait, runtime_now(r) + wait, lock, getpid(), false};
}

/* Accepted and stored already: leaves a drainer behind, and waits. */
static void leave_stored(struct runtime *r, const struct arguments *a, struct accepted *pages)
{
    if (background_start(r, session_socket(r, a)) != NT_OK)
        log_error("no drainer could be left behind: what is stored waits for the next one");
    struct departure departure = departure_of(r, a, pages, -1);
    while (r->store && !settled_or_late(&departure))
        poll(NULL, 0, LOOK_EVERY);
}

/* There is no drainer in this process any more, for why. What is stored, or can be, is safe all the same, and may go
 * from another. */
static enum nt_status stranded(struct runtime *r, const struct arguments *a, const struct order *order,
                               struct accepted *pages, struct buf *error, enum nt_status why, bool stored)
{
    log_error("the drainer gave up: %s", nt_status_text(why));
    enum nt_status st = r->store ? NT_OK : runtime_open_store(r);
    if (stored) {
        leave_stored(r, a, pages);
        return NT_OK;
    }
    accepted_clean(pages);
    buf_reset(error);
    if (st == NT_OK && r->spare)
        return why;
    if (st == NT_OK)
        st = accept_order(r, order, pages, error);
    if (st == NT_OK && r->spare) /* in memory it is nobody's */
        return why;
    if (st == NT_OK)
        leave_stored(r, a, pages);
    return st;
}

enum nt_status departure_drain(struct runtime *r, const struct arguments *a, const struct order *order, int lock,
                               struct accepted *pages, struct buf *error)
{
    struct departure departure = departure_of(r, a, pages, lock);
    struct starter starter = {
        .order = order,
        .accepted = pages,
        .error = error,
        .status = NT_EBUSY, /* until there is an answer: a drainer that cannot even begin has stored nothing */
        .at_once = !a->wait,
        .may_go = may_go,
        .go = leave_behind,
        .arg = &departure,
    };
    struct drain_options o = {
        .follow = true,
        .unlocked = lock < 0,
        .listen_fd = -1,
        .socket = session_socket(r, a),
        .wake_fd = -1,
        .stop = background_stop(),
        .turn = turn,
        .arg = &departure,
        .starter = &starter,
    };
    struct sigaction interrupt = {.sa_handler = on_interrupt};
    sigaction(SIGTERM, &interrupt, NULL); /* the child has handlers of its own */
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGHUP, &interrupt, NULL);
    enum nt_status st = drain_run(r, &o);
    if (getpid() != departure.self) { /* the child: what was stored after its last look is its own as well */
        if (lock >= 0)
            close(lock);
        if (st == NT_OK && !*background_stop() && !r->spare)
            background_drain(r, o.socket);
        store_close(r->store);
        _exit(0);
    }
    if (st != NT_OK && st != NT_EBUSY && !r->spare && !starter.gone &&
        (starter.status == NT_EBUSY || !starter.status)) {
        if (lock >= 0)
            close(lock);
        return stranded(r, a, order, pages, error, st, !starter.status);
    }
    if (starter.gone && !departure.settled && runtime_open_store(r) == NT_OK && !r->spare)
        while (!settled_or_late(&departure))
            poll(NULL, 0, LOOK_EVERY);
    if (!starter.gone && starter.status == NT_OK && a->wait) {
        (void)waiting(r, pages, 0, true);
        (void)add_follow_ons(r, pages);
    }
    if (lock >= 0)
        close(lock); /* the child has it still */
    return starter.status == NT_EBUSY && st != NT_OK ? st : starter.status;
}

enum nt_status departure_store(struct runtime *r, const struct arguments *a, const struct order *order,
                               struct accepted *pages, struct buf *error)
{
    enum nt_status st = runtime_open_store(r);
    if (st == NT_OK)
        st = accept_order(r, order, pages, error);
    if (st != NT_OK || r->spare)
        return st;
    leave_stored(r, a, pages);
    return NT_OK;
}

/*
 * queue_flush: delivers what is due, now, in the foreground.
 *
 * The drain lock decides who works: with the lock this process is the drainer until nothing is due; while somebody else
 * has it, it watches him, and takes over if he goes. What is due is noted before, so that its fate can be told after.
 * Then pictures that were published long enough ago are deleted.
 *
 * DIAGNOSTICS: exit 0 when nothing of it is left to do, 69 when all of it was refused, 75 when something still waits
 * (Twilio does not answer, the account is not let in, an interrupt).
 */
#include "base/mem.h"
#include "flow/drain.h"
#include "flow/repair.h"
#include "flow/sweep.h"
#include "notify/queue.h"
#include "notify/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_EVERY = 200,
    DRAW_EVERY = 100,
    BAR = 30,
    ROUNDS = 3,
    STALLED = 45000, /* somebody else drains and gets nothing done: longer than finding out about a lost answer takes */
};

static volatile int stop;
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    (void)number;
    stop = 1;
    if (write(wake[1], "x", 1) < 0)
        errno = saved; /* full: a wake-up is under way already */
    errno = saved;
}

static bool catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    return pipe2(wake, O_CLOEXEC | O_NONBLOCK) == 0 && sigaction(SIGTERM, &action, NULL) == 0 &&
           sigaction(SIGINT, &action, NULL) == 0;
}

struct bar {
    const struct clock *clock;
    bool terminal, drawn;
    int64_t next;
    int64_t later; /* unsettled pages that were not due at the start */
    int64_t total; /* the most that was ever left */
};

static void draw(struct bar *b, int64_t left)
{
    char filled[BAR + 1];
    if (left > b->total)
        b->total = left;
    if (!b->terminal || !b->total)
        return;
    int full = (int)((b->total - left) * BAR / b->total);
    memset(filled, '.', BAR);
    memset(filled, '#', (size_t)full);
    filled[BAR] = '\0';
    fprintf(stderr, "\r[%s] %lld of %lld ", filled, (long long)(b->total - left), (long long)b->total);
    b->drawn = true;
}

static void progress(void *arg, int64_t sent, int64_t refused, int64_t unsettled)
{
    struct bar *b = arg;
    (void)sent;
    (void)refused;
    int64_t now = clock_boot(b->clock), left = unsettled - b->later;
    if (now < b->next)
        return;
    b->next = now + DRAW_EVERY;
    draw(b, left > 0 ? left : 0);
}

static void end_bar(struct bar *b)
{
    if (b->drawn)
        fputc('\n', stderr);
    b->drawn = false;
}

static bool count_unsettled(void *arg, const struct page *p)
{
    (void)p;
    ++*(int64_t *)arg;
    return true;
}

/* Appends what is due and not yet noted; *fresh: how many. */
static enum nt_status note_due(struct runtime *r, struct id_array *noted, size_t *fresh, size_t *due)
{
    struct id_array now = {NULL, 0, 0};
    enum nt_status st = repair_due(r->store, runtime_now(r), &now);
    *fresh = 0;
    *due = now.n;
    /* both are in the order of their ids but for later additions, which are few */
    for (size_t i = 0, from = 0; st == NT_OK && i < now.n; i++) {
        size_t k = from;
        while (k < noted->n && noted->item[k] != now.item[i])
            k++;
        if (k < noted->n) {
            from = k + 1 < noted->n && noted->item[k + 1] > noted->item[k] ? k + 1 : 0;
            continue;
        }
        st = id_array_add(noted, now.item[i]);
        ++*fresh;
    }
    id_array_clean(&now);
    return st;
}

static enum nt_status drain(struct runtime *r, const struct queue_options *q, struct bar *bar)
{
    struct drain_options o = {
        .only_due = true,
        .listen_fd = -1,
        .socket = session_socket(r, &q->o.general),
        .wake_fd = wake[0],
        .stop = &stop,
        .progress = progress,
        .arg = bar,
    };
    return drain_run(r, &o);
}

/* Delivers, or watches whoever does, until nothing is due. */
static enum nt_status work(struct runtime *r, const struct queue_options *q, struct id_array *noted, struct bar *bar)
{
    size_t fresh = 0, due = 0;
    bool told = false;
    enum nt_status st = note_due(r, noted, &fresh, &due);
    size_t left = due;
    int64_t moved = clock_boot(r->clock);
    for (int round = 0; st == NT_OK && due && !stop && round < ROUNDS;) {
        int lock = -1;
        long holder = 0;
        st = drain_lock_take(r->config->store, false, &lock, &holder);
        if (st == NT_OK) {
            st = drain(r, q, bar);
            close(lock);
            round++;
            bool asked_to_leave = st == NT_EBUSY; /* a daemon takes over: watch it */
            if (st == NT_OK || asked_to_leave)
                st = note_due(r, noted, &fresh, &due);
            if (!fresh && !asked_to_leave) /* what is still due waits for Twilio, not for us */
                break;
        } else if (st == NT_EBUSY) {
            if (!told && holder > 0)
                fprintf(stderr, "notify_twilio: process %ld delivers already; waiting for it\n", holder);
            else if (!told)
                fprintf(stderr, "notify_twilio: another process delivers already; waiting for it\n");
            told = true;
            struct pollfd p = {.fd = wake[0], .events = POLLIN};
            poll(&p, 1, LOOK_EVERY);
            st = note_due(r, noted, &fresh, &due);
            if (st == NT_OK)
                draw(bar, (int64_t)due);
            if (due != left)
                moved = clock_boot(r->clock);
            left = due;
            if (clock_boot(r->clock) - moved > STALLED)
                break;
        }
    }
    return st;
}

struct fates {
    size_t sent, refused, ended, waiting;
};

static void count_fate(struct fates *f, const struct page *p)
{
    switch (p->state) {
    case PAGE_SENT:
    case PAGE_DELIVERED:
        f->sent++;
        break;
    case PAGE_FAILED:
    case PAGE_UNDELIVERED:
        f->refused++;
        break;
    case PAGE_QUEUED:
    case PAGE_HELD:
    case PAGE_SENDING:
        f->waiting++;
        break;
    case PAGE_EXPIRED:
    case PAGE_SUPERSEDED:
    case PAGE_CANCELLED:
    case PAGE_MERGED:
    case PAGE_DUPLICATE:
        f->ended++;
        break;
    }
}

static int summary(struct runtime *r, const struct id_array *noted, bool json)
{
    struct fates f = {0, 0, 0, 0};
    for (size_t i = 0; i < noted->n; i++) {
        struct page *p = NULL;
        if (r->store->ops->page_get(r->store, noted->item[i], &p) != NT_OK)
            continue; /* purged */
        count_fate(&f, p);
        if (json)
            queue_print_json(p);
        page_free(p);
    }
    if (!json && !noted->n)
        puts("nothing is due");
    else if (!json)
        printf("%zu page%s due: %zu sent, %zu refused, %zu ended otherwise, %zu still waiting\n", noted->n,
               noted->n == 1 ? " was" : "s were", f.sent, f.refused, f.ended, f.waiting);
    if (f.waiting)
        return EXIT_TRY_AGAIN;
    return f.refused && !f.sent && !f.ended ? EXIT_ALL_REFUSED : EXIT_OK;
}

int queue_flush(struct runtime *r, const struct queue_options *q)
{
    struct bar bar = {.clock = r->clock, .terminal = isatty(STDERR_FILENO)};
    struct id_array noted = {NULL, 0, 0};
    int status = EXIT_TRY_AGAIN;
    session_drop_root(r);
    enum nt_status st = queue_open_writing(r);
    if (st == NT_ENOENT) {
        if (!q->o.general.json)
            puts("nothing is due");
        return EXIT_OK;
    }
    if (st != NT_OK)
        return EXIT_TRY_AGAIN;
    if (!catch_signals()) {
        fprintf(stderr, "notify_twilio: signals cannot be caught: %s\n", strerror(errno));
        return EXIT_TRY_AGAIN;
    }
    struct store_query unsettled = {.kind = PAGES_IN_STATES, .states = PAGE_UNSETTLED};
    struct id_array due = {NULL, 0, 0};
    st = r->store->ops->pages(r->store, &unsettled, count_unsettled, &bar.later);
    if (st == NT_OK)
        st = repair_due(r->store, runtime_now(r), &due);
    bar.later -= (int64_t)due.n;
    id_array_clean(&due);
    if (st == NT_OK)
        st = work(r, q, &noted, &bar);
    end_bar(&bar);
    if (st == NT_OK && !stop)
        sweep_run(r, &stop);
    if (st != NT_OK)
        fprintf(stderr, "notify_twilio: delivery ended: %s\n", nt_status_text(st));
    else if (stop)
        fprintf(stderr, "notify_twilio: stopped\n");
    if (st == NT_OK)
        status = summary(r, &noted, q->o.general.json);
    id_array_clean(&noted);
    return status;
}

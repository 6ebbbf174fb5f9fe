/*
 * bench_store: what the store costs, without Twilio and without a network.
 *
 *     bench_store [FOLDER [PAGES]]      FOLDER: where the database is made (default /tmp); PAGES of history (default
 *                                       1,000,000)
 *     bench_store fill FOLDER PAGES     makes FOLDER/queue.db with that history, and leaves it there
 *     bench_store disk FOLDER           the disk alone
 *
 * Prints `key=value` words: of the disk, of an empty store and of one with that history, the middle of five rounds in
 * which they take turns
 *   single    accepts a second, one a transaction (each a commit that reaches the disk); slowest: of them, ms
 *   grouped   accepts a second, 64 a transaction; cpu: µs of one
 *   sends     claim and result of a page a second, 64 a transaction; sends_cpu: µs of one
 *   writers   fifty processes that each open the store and accept once, all at the same moment: mean and max, ms
 * then the ratios of both stores, and what this process weighs. An accept is what the flow does: dedupe_find,
 * supersede_apply, alert_put, page_put, step_put.
 */
#include "base/mem.h"
#include "queue/dedupe.h"
#include "queue/store.h"
#include "queue/supersede.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GROUP = 64, SINGLES = 200, GROUPS = 60, ROUNDS = 5, OBJECTS = 20000, NUMBERS = 200, WRITERS = 50, SYNCS = 200 };

static int64_t start_ms = INT64_C(1700000000000);

static void need(enum nt_status st, const char *what)
{
    if (st == NT_OK)
        return;
    fprintf(stderr, "bench_store: %s: %s\n", what, nt_status_text(st));
    exit(1);
}

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t seed = 1;

static unsigned any(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

/* A Nagios problem with the macros that its command line carries. */
static struct alert *make_alert(void)
{
    struct alert *a = alert_new();
    if (!a)
        need(NT_ENOMEM, "alert");
    need(alert_set(&a->state, "CRITICAL"), "alert");
    need(alert_set(&a->severity, "critical"), "alert");
    need(alert_set(&a->output,
                   "HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 312 bytes in 0.004 second response time"),
         "alert");
    need(alert_set(&a->perfdata, "time=0.004s;;;0.000 size=312B;;;0"), "alert");
    static const char *const macros[][2] = {{"NOTIFICATIONTYPE", "PROBLEM"},
                                            {"HOSTADDRESS", "192.0.2.17"},
                                            {"SERVICESTATE", "CRITICAL"},
                                            {"CONTACTPAGER", "+15005550001"},
                                            {"SHORTDATETIME", "2023-11-14 22:13:20"},
                                            {"TIMET", "1700000000"}};
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        need(kv_put(&a->macros, macros[i][0], macros[i][1]), "alert");
    return a;
}

static void aim(struct alert *a, struct page *p, unsigned object, unsigned number, int64_t at)
{
    char text[100];
    snprintf(text, sizeof text, "web%05u", object);
    need(alert_set(&a->host, text), "alert");
    need(page_set(&p->host, text), "page");
    snprintf(text, sizeof text, "nagios\nweb%05u\nHTTP", object);
    need(alert_set(&a->object, text), "alert");
    need(page_set(&p->object, text), "page");
    snprintf(text, sizeof text, "%016llx%016x", (unsigned long long)at, object);
    need(alert_set(&a->identity, text), "alert");
    need(page_set(&p->identity, text), "page");
    snprintf(p->number, sizeof p->number, "+1500555%04u", number);
    a->received = p->created = p->due = at;
    p->expire = at + 4 * 3600 * 1000;
}

static void accept_one(struct store *s, struct alert *a, struct page *p)
{
    struct supersede_result r;
    int64_t original;
    need(dedupe_find(s, a, p->number, p->created, 60000, &original), "dedupe_find");
    need(supersede_apply(s, a, p->number, p->created, &r), "supersede_apply");
    need(s->ops->alert_put(s, a, "", &p->alert_id), "alert_put");
    need(s->ops->page_put(s, p), "page_put");
    need(s->ops->step_put(s, p->id, p->created, p->state, "accepted: urgent problem CRITICAL from nagios"), "step_put");
}

struct figures {
    double single, slowest, grouped, cpu, sends, sends_cpu;
};

static int64_t clock_ms;

static void measure(struct store *s, struct alert *a, struct page *p, struct figures *f)
{
    double from, cpu;
    memset(f, 0, sizeof *f);
    p->state = PAGE_QUEUED;
    from = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < SINGLES; i++) {
        double one = now_s(CLOCK_MONOTONIC);
        need(s->ops->begin(s), "begin");
        aim(a, p, any(OBJECTS), any(NUMBERS), clock_ms++);
        accept_one(s, a, p);
        need(s->ops->commit(s), "commit");
        one = now_s(CLOCK_MONOTONIC) - one;
        if (one > f->slowest)
            f->slowest = one;
    }
    f->single = SINGLES / (now_s(CLOCK_MONOTONIC) - from);
    int64_t first = p->id + 1;
    from = now_s(CLOCK_MONOTONIC);
    cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < GROUPS; i++) {
        need(s->ops->begin(s), "begin");
        for (int k = 0; k < GROUP; k++) {
            aim(a, p, any(OBJECTS), any(NUMBERS), clock_ms++);
            accept_one(s, a, p);
        }
        need(s->ops->commit(s), "commit");
    }
    f->grouped = GROUPS * GROUP / (now_s(CLOCK_MONOTONIC) - from);
    f->cpu = (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (GROUPS * GROUP);
    from = now_s(CLOCK_MONOTONIC);
    cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < GROUPS / 2; i++) {
        struct page *claimed[GROUP];
        need(s->ops->begin(s), "begin");
        for (int k = 0; k < GROUP; k++) {
            need(s->ops->page_get(s, first + i * GROUP + k, &claimed[k]), "page_get");
            claimed[k]->state = PAGE_SENDING;
            claimed[k]->attempts++;
            claimed[k]->attempt_started = clock_ms;
            need(s->ops->page_save(s, claimed[k]), "page_save");
            need(s->ops->step_put(s, claimed[k]->id, clock_ms, PAGE_SENDING, "attempt 1 from +15005550006"),
                 "step_put");
        }
        need(s->ops->commit(s), "commit");
        need(s->ops->begin(s), "begin");
        for (int k = 0; k < GROUP; k++) {
            char sid[40];
            struct number_state number;
            snprintf(sid, sizeof sid, "SM%08x%08x%08x%08x", any(1u << 31), any(1u << 31), any(1u << 31), any(1u << 31));
            claimed[k]->state = PAGE_SENT;
            claimed[k]->flags |= PAGE_WATCH;
            need(page_set(&claimed[k]->sid, sid), "page_set");
            need(s->ops->page_save(s, claimed[k]), "page_save");
            need(s->ops->step_put(s, claimed[k]->id, clock_ms, PAGE_SENT,
                                  "accepted by Twilio as SM00000000000000000000000000000000"),
                 "step_put");
            need(s->ops->send_put(s, claimed[k]->number, CLASS_URGENT, "+15005550006", clock_ms++, 1), "send_put");
            need(s->ops->number_get(s, claimed[k]->number, &number), "number_get");
            number.last_paged = clock_ms;
            need(s->ops->number_put(s, claimed[k]->number, &number), "number_put");
            page_free(claimed[k]);
        }
        need(s->ops->commit(s), "commit");
    }
    f->sends = GROUPS / 2 * GROUP / (now_s(CLOCK_MONOTONIC) - from);
    f->sends_cpu = (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (GROUPS / 2 * GROUP);
}

static void print(const char *what, const struct figures *f)
{
    printf("%s single=%.0f slowest=%.2f grouped=%.0f cpu=%.2f sends=%.0f sends_cpu=%.2f\n", what, f->single,
           f->slowest * 1e3, f->grouped, f->cpu * 1e6, f->sends, f->sends_cpu * 1e6);
}

/* Settled pages of the past 90 days. */
static void fill(struct store *s, struct alert *a, struct page *p, long pages)
{
    double from = now_s(CLOCK_MONOTONIC);
    int64_t step = pages ? INT64_C(89) * 24 * 3600 * 1000 / pages : 0, at = start_ms - INT64_C(89) * 24 * 3600 * 1000;
    p->state = PAGE_DELIVERED;
    for (long done = 0; done < pages;) {
        need(s->ops->begin(s), "begin");
        for (int k = 0; k < 10000 && done < pages; k++, done++, at += step) {
            char sid[40];
            aim(a, p, any(OBJECTS), any(NUMBERS), at);
            snprintf(sid, sizeof sid, "SM%08x%08x%08x%08x", any(1u << 31), any(1u << 31), any(1u << 31), any(1u << 31));
            need(page_set(&p->sid, sid), "page_set");
            need(s->ops->alert_put(s, a, "", &p->alert_id), "alert_put");
            need(s->ops->page_put(s, p), "page_put");
            need(s->ops->step_put(s, p->id, at, PAGE_QUEUED, "accepted: urgent problem CRITICAL from nagios"),
                 "step_put");
            need(s->ops->step_put(s, p->id, at, PAGE_SENT, "accepted by Twilio"), "step_put");
            need(s->ops->step_put(s, p->id, at, PAGE_DELIVERED, "delivered"), "step_put");
        }
        need(s->ops->commit(s), "commit");
    }
    need(page_set(&p->sid, ""), "page_set");
    printf("filled pages=%ld seconds=%.1f\n", pages, now_s(CLOCK_MONOTONIC) - from);
}

static void purge(struct store *s)
{
    size_t deleted;
    double from = now_s(CLOCK_MONOTONIC);
    need(s->ops->begin(s), "begin");
    need(s->ops->purge(s, start_ms - INT64_C(88) * 24 * 3600 * 1000, 500, &deleted), "purge");
    need(s->ops->commit(s), "commit");
    printf("purged pages=%zu ms=%.1f\n", deleted, (now_s(CLOCK_MONOTONIC) - from) * 1e3);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_disk(const char *folder)
{
    char path[300], block[4096] = {1};
    double took[SYNCS];
    snprintf(path, sizeof path, "%s/bench-sync", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        need(NT_EIO, path);
    for (int i = 0; i < SYNCS; i++) {
        double from = now_s(CLOCK_MONOTONIC);
        if (pwrite(fd, block, sizeof block, (off_t)(i % 16) * 4096) != sizeof block || fdatasync(fd) != 0)
            need(NT_EIO, path);
        took[i] = now_s(CLOCK_MONOTONIC) - from;
    }
    close(fd);
    unlink(path);
    qsort(took, SYNCS, sizeof *took, by_size);
    printf("disk fdatasync_p50=%.3f fdatasync_p99=%.3f\n", took[SYNCS / 2] * 1e3, took[SYNCS * 99 / 100] * 1e3);
}

/* Fifty processes that open the store, accept once and close it, all at once. */
static void measure_crowd(const char *what, const char *url, struct alert *a, struct page *p)
{
    int ready[2], go[2], out[2];
    double took[WRITERS], worst = 0, sum = 0;
    char byte = 0;
    if (pipe(ready) || pipe(go) || pipe(out))
        need(NT_EIO, "pipe");
    for (int i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            close(go[1]);
            if (write(ready[1], &byte, 1) != 1)
                _exit(1);
            (void)!read(go[0], &byte, 1);
            double from = now_s(CLOCK_MONOTONIC);
            struct store *s = NULL;
            need(store_open(url, &s, NULL), "store_open");
            need(s->ops->begin(s), "begin");
            aim(a, p, 1000u + (unsigned)i, (unsigned)i, clock_ms);
            accept_one(s, a, p);
            need(s->ops->commit(s), "commit");
            double one = now_s(CLOCK_MONOTONIC) - from;
            store_close(s);
            _exit(write(out[1], &one, sizeof one) == sizeof one ? 0 : 1);
        }
    }
    for (int i = 0; i < WRITERS; i++)
        if (read(ready[0], &byte, 1) != 1)
            need(NT_EIO, "pipe");
    close(go[1]);
    for (int i = 0; i < WRITERS; i++) {
        if (read(out[0], &took[i], sizeof took[i]) != sizeof took[i])
            need(NT_EIO, "a writer died");
        sum += took[i];
        if (took[i] > worst)
            worst = took[i];
    }
    while (wait(NULL) > 0)
        ;
    printf("%s writers=%d writers_mean=%.1f writers_max=%.1f\n", what, WRITERS, sum / WRITERS * 1e3, worst * 1e3);
}

static void remove_store(const char *folder)
{
    static const char *const names[] = {"queue.db", "queue.db-wal", "queue.db-shm", "queue.write"};
    char path[500];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void middle(struct figures rounds[ROUNDS], struct figures *out)
{
    double value[ROUNDS];
    for (size_t field = 0; field < sizeof *out / sizeof(double); field++) {
        for (size_t i = 0; i < ROUNDS; i++)
            memcpy(&value[i], (const char *)&rounds[i] + field * sizeof(double), sizeof(double));
        qsort(value, ROUNDS, sizeof *value, by_size);
        memcpy((char *)out + field * sizeof(double), &value[ROUNDS / 2], sizeof(double));
    }
}

static struct page *make_page(void)
{
    struct page *p = page_new();
    if (!p)
        need(NT_ENOMEM, "page");
    p->segments = 1;
    need(page_set(&p->alert_state, "CRITICAL"), "page");
    need(page_set(&p->service, "HTTP"), "page");
    need(page_set(&p->contact, "alice"), "page");
    need(page_set(&p->body, "CRITICAL web00001/HTTP: HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 312 bytes in "
                            "0.004 second response time 22:13"),
         "page");
    return p;
}

/* [0] is empty at first, [1] has the history. They take turns, so that whatever else the machine does meets both. */
static void compare(const char *parent, struct alert *a, struct page *p, long pages)
{
    static const char *const name[2] = {"empty", "history"};
    char folder[2][200], url[2][500];
    struct figures rounds[2][ROUNDS], f[2];
    struct store *s = NULL;
    struct rusage use;
    for (int i = 0; i < 2; i++) {
        snprintf(folder[i], sizeof folder[i], "%s/nt-bench-XXXXXX", parent);
        if (!mkdtemp(folder[i]))
            need(NT_EIO, folder[i]);
        snprintf(url[i], sizeof url[i], "sqlite:%s/queue.db", folder[i]);
        need(store_open(url[i], &s, NULL), "store_open");
        if (i) {
            fill(s, a, p, pages);
            purge(s);
        }
        store_close(s);
    }
    sync();
    measure_disk(folder[0]);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            need(store_open(url[i], &s, NULL), "store_open");
            measure(s, a, p, &rounds[i][round]);
            store_close(s);
        }
    }
    for (int i = 0; i < 2; i++) {
        middle(rounds[i], &f[i]);
        print(name[i], &f[i]);
    }
    printf("ratio single=%.3f grouped=%.3f cpu=%.3f sends=%.3f\n", f[0].single / f[1].single,
           f[0].grouped / f[1].grouped, f[1].cpu / f[0].cpu, f[0].sends / f[1].sends);
    for (int i = 0; i < 2; i++)
        measure_crowd(name[i], url[i], a, p);
    getrusage(RUSAGE_SELF, &use);
    printf("process rss=%ld\n", use.ru_maxrss);
    for (int i = 0; i < 2; i++)
        remove_store(folder[i]);
}

int main(int argc, char *argv[])
{
    struct alert *a = make_alert();
    struct page *p = make_page();
    if (argc == 3 && !strcmp(argv[1], "disk")) {
        measure_disk(argv[2]);
    } else if (argc == 4 && !strcmp(argv[1], "fill")) {
        char url[300];
        struct store *s = NULL;
        struct timespec t;
        snprintf(url, sizeof url, "sqlite:%s/queue.db", argv[2]);
        clock_gettime(CLOCK_REALTIME, &t);
        clock_ms = start_ms = (int64_t)t.tv_sec * 1000;
        need(store_open(url, &s, NULL), "store_open");
        fill(s, a, p, atol(argv[3]));
        store_close(s);
    } else {
        clock_ms = start_ms;
        compare(argc > 1 ? argv[1] : "/tmp", a, p, argc > 2 ? atol(argv[2]) : 1000000);
    }
    page_free(p);
    alert_free(a);
    return 0;
}

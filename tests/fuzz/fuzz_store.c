/*
 * fuzz_store: a database damaged anywhere gives statuses, never a crash, and can be rescued.
 *
 * The input is a list of wounds, four bytes each: where (two, in 64ths of a page), how long (one, in eights of bytes)
 * and with what (one). They are laid on a database that was filled once, since a fuzzer would never find the way to a
 * valid one.
 */
#include "fuzz.h"

#include "base/log.h"
#include "base/mem.h"
#include "queue/dedupe.h"
#include "queue/store.h"
#include "queue/supersede.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES = 40, PATH = 200 };

static const int64_t now = INT64_C(1700000000000);
static char folder[64], url[sizeof "sqlite:" + PATH];
static unsigned char *whole; /* the sound database */
static size_t whole_len;

static void must(int condition)
{
    if (!condition)
        abort();
}

static char *path_of(const char *name)
{
    static char path[PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct alert *make_alert(void)
{
    struct alert *a = alert_new();
    must(a && alert_set(&a->object, "nagios\nweb01\nHTTP") == NT_OK && alert_set(&a->identity, "i") == NT_OK);
    return a;
}

static void fill(struct store *s)
{
    struct alert *a = make_alert();
    must(s->ops->begin(s) == NT_OK);
    for (int i = 0; i < PAGES; i++) {
        struct page *p = page_new();
        must(p && page_set(&p->object, a->object) == NT_OK && page_set(&p->body, "CRITICAL web01/HTTP: down") == NT_OK);
        must(s->ops->alert_put(s, a, i ? "" : "uuid", &p->alert_id) == NT_OK);
        p->state = (enum page_state)(i % (PAGE_DUPLICATE + 1));
        p->created = now - i * 1000;
        snprintf(p->number, sizeof p->number, "+1500555%04d", i % 3);
        must(s->ops->page_put(s, p) == NT_OK && s->ops->step_put(s, p->id, now, p->state, "accepted") == NT_OK);
        must(s->ops->send_put(s, p->number, p->class, "S", now, 1) == NT_OK);
        must(s->ops->number_put(s, p->number, &(struct number_state){.last_paged = now}) == NT_OK);
        page_free(p);
    }
    must(s->ops->mark_put(s, "mark", now, "value") == NT_OK && s->ops->commit(s) == NT_OK);
    alert_free(a);
}

static void leave(void)
{
    static const char *const names[] = {"queue.db", "queue.db-wal", "queue.db-shm", "queue.write"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(path_of(names[i]));
    (void)rmdir(folder);
}

static void quiet(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void prepare(void)
{
    struct store *s = NULL;
    /* in memory where possible: what is looked for is not the disk's */
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/nt-fuzz-store-XXXXXX" : "/tmp/nt-fuzz-store-XXXXXX");
    must(mkdtemp(folder) != NULL);
    snprintf(url, sizeof url, "sqlite:%s", path_of("queue.db"));
    must(log_open("fuzz_store", LOG_LEVEL_ERROR, "/dev/null") == NT_OK);
    log_tap(quiet, NULL);
    must(store_open(url, &s, NULL) == NT_OK);
    fill(s);
    for (int i = 0; i < 300; i++) /* until the log is worth writing back */
        must(s->ops->begin(s) == NT_OK && s->ops->mark_put(s, "mark", now + i, "value") == NT_OK &&
             s->ops->commit(s) == NT_OK);
    store_close(s);
    int fd = open(path_of("queue.db"), O_RDONLY);
    struct stat st;
    must(fd >= 0 && fstat(fd, &st) == 0);
    whole_len = (size_t)st.st_size;
    whole = malloc(whole_len);
    must(whole_len > 20000 && whole && read(fd, whole, whole_len) == (ssize_t)whole_len);
    close(fd);
    atexit(leave);
}

static bool read_page(void *arg, const struct page *p)
{
    *(size_t *)arg +=
        strlen(p->body) + strlen(p->number) + p->media.n + p->others.n + strlen(page_state_name(p->state));
    return true;
}

static bool read_step(void *arg, const struct page_step *step)
{
    *(size_t *)arg += strlen(step->reason);
    return true;
}

static bool read_send(void *arg, int64_t at, int segments)
{
    *(size_t *)arg += (size_t)(at > 0) + (size_t)(segments > 0);
    return true;
}

static bool read_number(void *arg, const char *number, const struct number_state *state)
{
    *(size_t *)arg += strlen(number) + (state->opted_out != 0);
    return true;
}

/* Everything that a store can be asked, and some of what it can be told. Only that it comes back matters. */
static void use(struct store *s)
{
    size_t sum = 0, deleted = 0;
    int64_t id = 0, change = 0, at;
    bool known;
    struct store_totals totals;
    struct supersede_result result;
    struct alert *a = make_alert();
    struct buf value;
    buf_init(&value, 4096);
    for (int kind = PAGES_CHANGED; kind <= PAGES_WATCHED; kind++) {
        struct store_query q = {
            .kind = (enum store_query_kind)kind, .object = a->object, .number = "+15005550001", .id = 1};
        (void)!s->ops->pages(s, &q, read_page, &sum);
        q.states = PAGE_UNSENT;
        (void)!s->ops->pages(s, &q, read_page, &sum);
    }
    (void)!s->ops->change(s, &change);
    (void)!s->ops->steps(s, 1, read_step, &sum);
    (void)!s->ops->sends_of_number(s, "+15005550001", CLASS_URGENT, 0, read_send, &sum);
    (void)!s->ops->sends_of_sender(s, "S", 0, read_send, &sum);
    (void)!s->ops->numbers(s, false, read_number, &sum);
    (void)!s->ops->mark_get(s, "mark", &at, &value);
    (void)!s->ops->totals(s, 0, &totals);
    (void)!s->ops->sid_known(s, "SM1", &known);
    for (int64_t i = 0; i < 3; i++) {
        struct alert *b = NULL;
        (void)!s->ops->alert_get(s, i, &b);
        alert_free(b);
    }
    if (s->ops->begin(s) == NT_OK) {
        enum nt_status st = dedupe_find(s, a, "+15005550001", now, 60000, &id);
        if (st == NT_OK)
            st = supersede_apply(s, a, "+15005550001", now, &result);
        if (st == NT_OK)
            st = s->ops->alert_put(s, a, "another", &id);
        if (st == NT_OK)
            st = s->ops->purge(s, now, 10, &deleted);
        if (st != NT_OK || s->ops->commit(s) != NT_OK)
            s->ops->rollback(s);
    }
    buf_clean(&value);
    alert_free(a);
}

static void write_wounded(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(whole_len);
    must(copy != NULL);
    memcpy(copy, whole, whole_len);
    for (; size >= 4; data += 4, size -= 4) {
        size_t at = (size_t)(data[0] << 8 | data[1]) * 64 % whole_len, len = (size_t)data[2] * 8 + 1;
        memset(copy + at, data[3], len < whole_len - at ? len : whole_len - at);
    }
    (void)unlink(path_of("queue.db-wal"));
    (void)unlink(path_of("queue.db-shm"));
    (void)unlink(path_of("queue.db"));
    int fd = open(path_of("queue.db"), O_WRONLY | O_CREAT | O_EXCL, 0660);
    must(fd >= 0 && write(fd, copy, whole_len) == (ssize_t)whole_len);
    close(fd);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *s = NULL;
    size_t taken = 0;
    char aside[PATH];
    if (!whole)
        prepare();
    write_wounded(data, size);
    if (store_open_readonly(url, &s, NULL) == NT_OK)
        use(s);
    store_close(s);
    enum nt_status st = store_open(url, &s, NULL);
    if (st == NT_OK)
        use(s);
    store_close(s);
    s = NULL;
    st = store_rescue(url, now, &s, &taken, NULL);
    /* a wound may make it look newer, foreign or without tables; else there is a good one afterwards */
    must(st == NT_OK || st == NT_ENEWER || st == NT_EINVAL);
    if (st == NT_OK) {
        must(s->ops->begin(s) == NT_OK);
        must(s->ops->mark_put(s, "rescued", now, "x") == NT_OK);
        must(s->ops->commit(s) == NT_OK);
    }
    store_close(s);
    snprintf(aside, sizeof aside, "%s/queue.db.corrupt-%lld", folder, (long long)now / 1000);
    (void)unlink(aside);
    strcat(aside, "-wal");
    (void)unlink(aside);
    return 0;
}

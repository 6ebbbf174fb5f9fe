/* What SQLite stands on fails: every operation says so, changes nothing, and the store goes on. */
#include "support.h"
#include "trouble.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/dedupe.h"
#include "queue/supersede.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEEN = 4096, WIDE = 9000, MOST = 20000 };

/* ---- the three kinds of trouble ---- */

static void our_memory(unsigned long n)
{
    mem_fail_at(n);
}

static bool our_memory_met(void)
{
    return mem_failed();
}

static void bad_disk(unsigned long n)
{
    trouble_file_at(n, SQLITE_IOERR_READ);
}

static void full_disk(unsigned long n)
{
    trouble_file_at(n, SQLITE_FULL);
}

/* As file systems say it that find out late. */
static void over_quota(unsigned long n)
{
    trouble_file_at(n, SQLITE_IOERR_WRITE);
}

static void vanished(unsigned long n)
{
    trouble_file_at(n, SQLITE_CANTOPEN);
}

static const struct kind {
    const char *name;
    void (*at)(unsigned long n);
    bool (*met)(void);
    enum nt_status status;
    bool certain; /* nothing works without it; else it is not needed everywhere, or there is another way */
} kinds[] = {
    {"no memory of ours", our_memory, our_memory_met, NT_ENOMEM, false},
    {"no memory of SQLite's", trouble_memory_at, trouble_met, NT_ENOMEM, true},
    {"no memory of SQLite's for much", trouble_large_memory_at, trouble_met, NT_ENOMEM, false},
    {"a bad disk", bad_disk, trouble_met, NT_EIO, true},
    {"a full disk", full_disk, trouble_met, NT_EFULL, true},
    {"a file that is gone", vanished, trouble_met, NT_EIO, false},
    {"a full disk, said late", over_quota, trouble_met, NT_EFULL, true},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- what there is ---- */

static struct said problem = {.event = EVENT_PROBLEM, .identity = "with"},
                   other = {.event = EVENT_PROBLEM, .state = "WARNING"},
                   custom = {.event = EVENT_CUSTOM, .service = "twin", .identity = "with"},
                   twin = {.event = EVENT_CUSTOM, .service = "twin", .identity = "without"},
                   recovery = {.event = EVENT_RECOVERY, .state = "OK"};

/* Ids of what fill() stores. */
enum { ALERT_WIDE = 1, PAGE_WIDE = 1, PAGE_DIGEST_ID = 2, PAGE_MEMBER = 3, PAGE_OLD = 4, PAGE_TWIN = 5, PAGE_END = 6 };

/* What the jobs write and ask about; made before anything fails. */
static struct alert *the_problem, *of_zabbix, *the_twin, *the_recovery;
static struct page *fresh;

static void make_things(void)
{
    the_problem = alert_of(&problem);
    of_zabbix = alert_of(&problem);
    of_zabbix->source = SOURCE_ZABBIX;
    the_twin = alert_of(&twin);
    assert_int_equal(kv_put(&the_twin->macros, "SERVICENOTIFICATIONID", "17"), NT_OK);
    the_recovery = alert_of(&recovery);
    fresh = page_of(the_problem, NUMBER, NOW);
    assert_int_equal(strlist_add(&fresh->others, NUMBER2), NT_OK);
}

static void free_things(void)
{
    alert_free(the_problem);
    alert_free(of_zabbix);
    alert_free(the_twin);
    alert_free(the_recovery);
    page_free(fresh);
}

/* An alert and a page that are wider than a page of the database, and one of everything else. */
static void fill(const char *url)
{
    static char wide[WIDE + 1];
    memset(wide, 'x', WIDE);
    struct store *s = open_store(url);
    struct alert *a = alert_of(&problem);
    struct page *p = page_of(a, NUMBER, NOW);
    assert_int_equal(alert_set(&a->long_output, wide), NT_OK);
    assert_int_equal(page_set(&p->body, wide), NT_OK);
    assert_int_equal(strlist_add(&p->media, "https://example.org/a"), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "0f8fad5b-d9cb-469f-a165-70867728950e", &p->alert_id), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(put_page(s, p), PAGE_WIDE);
    page_free(p);
    alert_free(a);
    assert_int_equal(put_said(s, &other, NUMBER2, NOW, PAGE_QUEUED, PAGE_DIGEST), PAGE_DIGEST_ID);
    assert_int_equal(put_said(s, &other, NUMBER, NOW, PAGE_HELD, 0), PAGE_MEMBER);
    set_state(s, PAGE_MEMBER, PAGE_MERGED, 0, PAGE_DIGEST_ID);
    assert_int_equal(put_said(s, &custom, NUMBER, NOW - 100 * DAY, PAGE_DELIVERED, PAGE_WATCH), PAGE_OLD);
    a = alert_of(&custom);
    assert_int_equal(alert_set(&a->comment, "look"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "SERVICENOTIFICATIONID", "17"), NT_OK);
    assert_int_equal(put_alert_page(s, a, NUMBER, NOW, PAGE_SENT, 0), PAGE_TWIN);
    alert_free(a);
    assert_int_equal(put_said(s, &recovery, NUMBER, NOW, PAGE_QUEUED, 0), PAGE_END);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->send_put(s, NUMBER, CLASS_URGENT, "A", NOW, 2), NT_OK);
    assert_int_equal(s->ops->number_put(s, NUMBER, &(struct number_state){.opted_out = 5, .last_paged = 6}), NT_OK);
    assert_int_equal(s->ops->mark_put(s, "m", 1, wide), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    store_close(s);
}

/* ---- what is done with it, and what is seen ---- */

static void see(char *seen, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void see(char *seen, const char *format, ...)
{
    size_t len = strlen(seen);
    va_list args;
    va_start(args, format);
    vsnprintf(seen + len, SEEN - len, format, args);
    va_end(args);
}

static bool see_page(void *arg, const struct page *p)
{
    see(arg, "%lld %d %s %zu %zu %lld;", (long long)p->id, (int)p->state, p->number, strlen(p->body), p->media.n,
        (long long)p->merged_into);
    return true;
}

static bool see_step(void *arg, const struct page_step *step)
{
    see(arg, "%lld %d %s;", (long long)step->at, (int)step->state, step->reason);
    return true;
}

static bool see_send(void *arg, int64_t at, int segments)
{
    see(arg, "%lld %d;", (long long)at, segments);
    return true;
}

static bool see_number(void *arg, const char *number, const struct number_state *n)
{
    see(arg, "%s %lld %lld;", number, (long long)n->opted_out, (long long)n->last_paged);
    return true;
}

static enum nt_status get_page(struct store *s, int64_t id, char *seen)
{
    struct page *p = NULL;
    enum nt_status st = s->ops->page_get(s, id, &p);
    if (p)
        see_page(seen, p);
    page_free(p);
    return st;
}

static enum nt_status job_page_get(struct store *s, char *seen)
{
    return get_page(s, PAGE_WIDE, seen);
}

static enum nt_status job_alert_get(struct store *s, char *seen)
{
    struct alert *a = NULL;
    enum nt_status st = s->ops->alert_get(s, ALERT_WIDE, &a);
    if (a)
        see(seen, "%s %zu", a->host, strlen(a->long_output));
    alert_free(a);
    return st;
}

static enum nt_status job_pages(struct store *s, char *seen)
{
    enum nt_status st = NT_OK;
    for (int kind = PAGES_CHANGED; st == NT_OK && kind <= PAGES_WATCHED; kind++) {
        struct store_query q = {.kind = (enum store_query_kind)kind,
                                .object = the_problem->object,
                                .number = NUMBER,
                                .class = CLASS_URGENT,
                                .id = kind == PAGES_OF_ALERT ? ALERT_WIDE : PAGE_DIGEST_ID};
        st = s->ops->pages(s, &q, see_page, seen);
    }
    return st;
}

static enum nt_status job_change(struct store *s, char *seen)
{
    int64_t last;
    enum nt_status st = s->ops->change(s, &last);
    see(seen, "%lld", (long long)last);
    return st;
}

static enum nt_status job_steps(struct store *s, char *seen)
{
    return s->ops->steps(s, PAGE_WIDE, see_step, seen);
}

static enum nt_status job_sends(struct store *s, char *seen)
{
    enum nt_status st = s->ops->sends_of_number(s, NUMBER, CLASS_URGENT, 0, see_send, seen);
    return st ? st : s->ops->sends_of_sender(s, "A", 0, see_send, seen);
}

static enum nt_status job_numbers(struct store *s, char *seen)
{
    struct number_state n;
    enum nt_status st = s->ops->number_get(s, NUMBER, &n);
    see_number(seen, NUMBER, &n);
    return st ? st : s->ops->numbers(s, true, see_number, seen);
}

static enum nt_status job_mark_get(struct store *s, char *seen)
{
    int64_t at = 0;
    struct buf value;
    buf_init(&value, 2 * WIDE);
    enum nt_status st = s->ops->mark_get(s, "m", &at, &value);
    see(seen, "%lld %zu", (long long)at, value.len);
    buf_clean(&value);
    return st;
}

static enum nt_status job_totals(struct store *s, char *seen)
{
    struct store_totals t;
    enum nt_status st = s->ops->totals(s, 0, &t);
    see(seen, "%d %d %d %d %d", (int)t.queued, (int)t.held, (int)t.watched, (int)t.opted_out, (int)t.expired);
    return st;
}

static enum nt_status job_sid_known(struct store *s, char *seen)
{
    bool known;
    enum nt_status st = s->ops->sid_known(s, "SM1", &known);
    see(seen, "%d", known);
    return st;
}

static enum nt_status job_dedupe(struct store *s, char *seen)
{
    int64_t id = 0;
    enum nt_status st = dedupe_find(s, the_twin, NUMBER, NOW, MINUTE, &id);
    see(seen, "%lld ", (long long)id);
    if (st == NT_OK)
        st = dedupe_find(s, of_zabbix, NUMBER, NOW, MINUTE, &id);
    return st;
}

static enum nt_status job_newer(struct store *s, char *seen)
{
    bool newer = false;
    struct page *p = NULL;
    enum nt_status st = s->ops->page_get(s, PAGE_WIDE, &p);
    if (st == NT_OK)
        st = supersede_newer(s, p, &newer);
    see(seen, "%d", newer);
    page_free(p);
    return st;
}

static enum nt_status job_look(struct store *s, char *seen)
{
    struct supersede_result r = {0};
    enum nt_status st = supersede_look(s, the_recovery, NUMBER, NOW, &r);
    see(seen, "%d %d", r.withhold, r.repeat);
    return st;
}

static enum nt_status job_alert_put(struct store *s, char *seen)
{
    int64_t id = 0;
    enum nt_status st = s->ops->alert_put(s, the_problem, "a request", &id);
    see(seen, "%lld ", (long long)id);
    if (st == NT_OK) {
        st = s->ops->alert_put(s, the_problem, "a request", &id);
        st = st == NT_EEXIST ? NT_OK : st;
    }
    return st;
}

static enum nt_status job_page_put(struct store *s, char *seen)
{
    fresh->state = PAGE_QUEUED;
    fresh->merged_into = 0;
    enum nt_status st = s->ops->page_put(s, fresh);
    if (st == NT_OK) {
        fresh->state = PAGE_HELD;
        st = s->ops->page_save(s, fresh);
    }
    if (st == NT_OK) {
        fresh->merged_into = PAGE_DIGEST_ID;
        st = s->ops->page_save(s, fresh);
    }
    return st ? st : get_page(s, fresh->id, seen);
}

static enum nt_status job_records_put(struct store *s, char *seen)
{
    enum nt_status st = s->ops->step_put(s, PAGE_WIDE, NOW, PAGE_HELD, "held");
    if (st == NT_OK)
        st = s->ops->send_put(s, NUMBER, CLASS_URGENT, "A", NOW + 1, 1);
    if (st == NT_OK)
        st = s->ops->number_put(s, NUMBER2, &(struct number_state){.last_paged = 9});
    if (st == NT_OK)
        st = s->ops->mark_put(s, "n", 1, "v");
    if (st == NT_OK)
        st = s->ops->mark_put(s, "m", 1, "");
    if (st == NT_OK)
        st = job_steps(s, seen);
    if (st == NT_OK)
        st = job_sends(s, seen);
    return st ? st : s->ops->numbers(s, false, see_number, seen);
}

static enum nt_status job_purge(struct store *s, char *seen)
{
    size_t deleted = 0;
    enum nt_status st = s->ops->purge(s, NOW - DAY, 10, &deleted);
    see(seen, "%zu", deleted);
    return st;
}

static enum nt_status job_apply(struct store *s, char *seen)
{
    struct supersede_result r = {0};
    enum nt_status st = supersede_apply(s, the_problem, NUMBER, NOW, &r);
    if (st == NT_OK)
        st = supersede_link(s, &r, PAGE_TWIN);
    for (int64_t id = PAGE_WIDE; st == NT_OK && id <= PAGE_MEMBER; id++)
        st = get_page(s, id, seen);
    return st;
}

static enum nt_status job_stale(struct store *s, char *seen)
{
    enum nt_status st = NT_OK;
    for (int64_t id = PAGE_END; st == NT_OK && id >= PAGE_WIDE; id -= PAGE_END - PAGE_WIDE) {
        bool stale = false;
        struct page *p = NULL;
        st = s->ops->page_get(s, id, &p);
        if (st == NT_OK)
            st = supersede_stale(s, p, NOW, &stale);
        see(seen, "%d;", stale);
        page_free(p);
    }
    return st ? st : get_page(s, PAGE_END, seen);
}

static const struct job {
    const char *name;
    enum nt_status (*run)(struct store *s, char *seen);
    bool writes;
} jobs[] = {
    {"page_get", job_page_get, false}, {"alert_get", job_alert_get, false},
    {"pages", job_pages, false},       {"change", job_change, false},
    {"steps", job_steps, false},       {"sends", job_sends, false},
    {"numbers", job_numbers, false},   {"mark_get", job_mark_get, false},
    {"totals", job_totals, false},     {"sid_known", job_sid_known, false},
    {"dedupe", job_dedupe, false},     {"newer", job_newer, false},
    {"look", job_look, false},         {"alert_put", job_alert_put, true},
    {"page_put", job_page_put, true},  {"records_put", job_records_put, true},
    {"purge", job_purge, true},        {"apply", job_apply, true},
    {"stale", job_stale, true},
};

/* Every one of the first 150, then fewer and fewer. */
static unsigned long next(unsigned long n)
{
    assert_true(n < MOST);
    return n + 1 + n / 150;
}

static enum nt_status run(const struct job *job, struct store *s, char seen[SEEN])
{
    *seen = 0;
    enum nt_status st = job->writes ? s->ops->begin(s) : NT_OK;
    if (st == NT_OK)
        st = job->run(s, seen);
    return st;
}

static void test_sqlite_trouble__each_call_of_each_operation_fails_once(void **state)
{
    struct scratch *f = *state;
    fill(f->url);
    make_things();
    for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
        const struct job *job = &jobs[j];
        char want[SEEN], seen[SEEN];
        struct store *s = open_store(f->url);
        assert_int_equal(run(job, s, want), NT_OK);
        store_close(s);
        assert_true(*want);
        for (size_t k = 0; k < KINDS; k++) {
            bool met = true;
            unsigned long failures = 0;
            for (unsigned long n = 1; met; n = next(n)) {
                s = open_store(f->url);
                kinds[k].at(n);
                enum nt_status st = run(job, s, seen);
                kinds[k].at(0);
                met = kinds[k].met();
                /* Some failures SQLite survives; then nothing may be missing. */
                if (st ? st != kinds[k].status || !met : strcmp(seen, want) != 0)
                    fail_msg("%s, %s at %lu: %s, saw %s, not %s", job->name, kinds[k].name, n, nt_status_text(st), seen,
                             want);
                s->ops->rollback(s);
                if (run(job, s, seen) != NT_OK || strcmp(seen, want) != 0)
                    fail_msg("%s, after %s at %lu: saw %s, not %s", job->name, kinds[k].name, n, seen, want);
                store_close(s);
                failures += st != NT_OK;
            }
            if (kinds[k].certain)
                assert_true(failures);
        }
    }
    free_things();
}

/* What commit says is so: done is there, and not done is not done twice. */
static void test_sqlite_trouble__a_commit_is_all_or_nothing(void **state)
{
    struct scratch *f = *state;
    store_close(open_store(f->url));
    make_things();
    for (size_t k = 0; k < KINDS; k++) {
        bool met = true;
        unsigned long failures = 0;
        for (unsigned long n = 1; met; n = next(n)) {
            struct store_query q = {.kind = PAGES_ALL};
            int64_t ids[1];
            struct store *s = open_store(f->url);
            size_t before = ids_of(s, &q, ids, 1);
            assert_int_equal(s->ops->begin(s), NT_OK);
            assert_int_equal(s->ops->page_put(s, fresh), NT_OK);
            kinds[k].at(n);
            enum nt_status st = s->ops->commit(s);
            kinds[k].at(0);
            met = kinds[k].met();
            failures += st != NT_OK;
            if (st && st != kinds[k].status)
                assert_int_equal(st, NT_EIO); /* so much was tried afterwards that nobody knows why any more */
            assert_int_equal(ids_of(s, &q, ids, 1), before + (st == NT_OK));
            assert_int_equal(s->ops->commit(s), NT_EINVAL); /* it is over, either way */
            assert_int_equal(s->ops->begin(s), NT_OK);
            s->ops->rollback(s);
            store_close(s);
        }
        if (kinds[k].certain)
            assert_true(failures);
    }
    free_things();
}

/* ---- the ways in ---- */

static enum nt_status enter(const char *url, int64_t now, struct store **out)
{
    (void)now;
    return store_open(url, out, NULL);
}

static enum nt_status look_in(const char *url, int64_t now, struct store **out)
{
    (void)now;
    return store_open_readonly(url, out, NULL);
}

static enum nt_status rescue(const char *url, int64_t now, struct store **out)
{
    size_t taken;
    struct buf error;
    buf_init(&error, 4096);
    enum nt_status st = store_rescue(url, now, out, &taken, &error);
    if (st && st != NT_ENOMEM && !error.len)
        fail_msg("a rescue says %s, and not a word more", nt_status_text(st));
    buf_clean(&error);
    return st;
}

/* The files as they are, so that each try finds the same. */
static const char *const files[] = {"queue.db", "queue.db-wal"};

static struct buf kept[sizeof files / sizeof *files];

static void keep_store(const struct scratch *f)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        buf_init(&kept[i], 1 << 24);
        assert_int_equal(file_read(scratch_file(f, files[i]), &kept[i], NULL), NT_OK);
    }
}

static void restore(const struct scratch *f, bool empty)
{
    unlink(scratch_file(f, "queue.db-shm"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        unlink(scratch_file(f, files[i]));
        if (empty)
            continue;
        FILE *out = fopen(scratch_file(f, files[i]), "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(kept[i].data, 1, kept[i].len, out), kept[i].len);
        assert_int_equal(fclose(out), 0);
    }
}

/* A store that was set aside at `now`: what could not be read is still there. */
static bool set_aside(const struct scratch *f, int64_t now)
{
    char name[64];
    snprintf(name, sizeof name, "queue.db.corrupt-%lld", (long long)(now / 1000));
    return access(scratch_file(f, name), F_OK) == 0;
}

static void test_sqlite_trouble__each_call_of_each_way_in_fails_once(void **state)
{
    struct scratch *f = *state;
    static const struct {
        const char *name;
        enum nt_status (*open)(const char *url, int64_t now, struct store **out);
        bool empty;
    } ways[] = {{"a new one", enter, true},
                {"open", enter, false},
                {"read-only", look_in, false},
                {"rescue of nothing", rescue, true},
                {"rescue", rescue, false}};
    int64_t now = NOW;
    fill(f->url);
    keep_store(f);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            bool met = true;
            unsigned long failures = 0;
            for (unsigned long n = 1; met; n = next(n)) {
                struct store *s = NULL;
                restore(f, ways[i].empty);
                kinds[k].at(n);
                enum nt_status st = ways[i].open(f->url, now += HOUR, &s);
                kinds[k].at(0);
                met = kinds[k].met();
                failures += st != NT_OK;
                if (st && (!met || s))
                    fail_msg("%s, %s at %lu: %s", ways[i].name, kinds[k].name, n, nt_status_text(st));
                store_close(s);
                s = open_store(f->url); /* which fails the test when it does not work */
                struct page *p = NULL;
                if (!ways[i].empty && s->ops->page_get(s, PAGE_WIDE, &p) != NT_OK && !set_aside(f, now))
                    fail_msg("%s, %s at %lu: %s, and the page is gone", ways[i].name, kinds[k].name, n,
                             nt_status_text(st));
                page_free(p);
                store_close(s);
            }
            if (kinds[k].certain)
                assert_true(failures);
        }
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        buf_clean(&kept[i]);
}

int main(void)
{
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, scratch_setup_quick, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_sqlite_trouble__each_call_of_each_operation_fails_once),
        IN_FOLDER(test_sqlite_trouble__a_commit_is_all_or_nothing),
        IN_FOLDER(test_sqlite_trouble__each_call_of_each_way_in_fails_once),
    };
    trouble_install();
    assert_int_equal(log_open("test", LOG_LEVEL_ERROR, "/dev/null"), NT_OK);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    log_close();
    return failed;
}

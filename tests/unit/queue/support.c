/* support: see the header. */
#include "support.h"

#include "queue/sqlite_library.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_in(struct scratch *s, const char *parent)
{
    assert_int_equal(sqlite_library_load(), NT_OK); /* some look into the file before any store is open */
    snprintf(s->folder, sizeof s->folder, "%s/nt-queue-XXXXXX", parent);
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/queue.db", s->folder);
    snprintf(s->url, sizeof s->url, "sqlite:%s", s->path);
}

void scratch_make(struct scratch *s)
{
    make_in(s, "/tmp");
}

void scratch_make_quick(struct scratch *s)
{
    make_in(s, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

void scratch_remove(struct scratch *s)
{
    DIR *d = opendir(s->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.' || (e->d_name[1] && e->d_name[1] != '.'))
            (void)unlink(scratch_file(s, e->d_name));
    }
    closedir(d);
    assert_int_equal(rmdir(s->folder), 0);
}

int scratch_setup(void **state)
{
    static struct scratch s;
    scratch_make(&s);
    *state = &s;
    return 0;
}

int scratch_setup_quick(void **state)
{
    static struct scratch s;
    scratch_make_quick(&s);
    *state = &s;
    return 0;
}

int scratch_teardown(void **state)
{
    scratch_remove(*state);
    return 0;
}

const char *scratch_file(const struct scratch *s, const char *name)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return path;
}

struct store *open_store(const char *url)
{
    struct store *s = NULL;
    struct buf error;
    buf_init(&error, 4096);
    enum nt_status status = store_open(url, &s, &error);
    if (status)
        fail_msg("store_open: %s: %s", nt_status_text(status), buf_text(&error));
    buf_clean(&error);
    return s;
}

struct alert *alert_of(const struct said *said)
{
    char identity[200], object[100];
    struct alert *a = alert_new();
    assert_non_null(a);
    const char *service = said->service ? said->service : "HTTP";
    a->source = said->source;
    a->event = said->event;
    a->phase = said->phase;
    a->class = said->routine ? CLASS_ROUTINE : CLASS_URGENT;
    a->notification_number = said->notification ? said->notification : -1;
    a->received = NOW;
    a->time = NOW / 1000;
    assert_int_equal(alert_set(&a->state, said->state ? said->state : "CRITICAL"), NT_OK);
    assert_int_equal(alert_set(&a->output, said->output ? said->output : "disk full"), NT_OK);
    assert_int_equal(alert_set(&a->host, "web01"), NT_OK);
    assert_int_equal(alert_set(&a->service, service), NT_OK);
    snprintf(object, sizeof object, "%s\n%s\n%s", alert_source_name(a->source), "web01", service);
    assert_int_equal(alert_set(&a->object, object), NT_OK);
    snprintf(identity, sizeof identity, "%d %d %s %s", (int)a->event, (int)a->phase, a->state, a->output);
    assert_int_equal(alert_set(&a->identity, said->identity ? said->identity : identity), NT_OK);
    assert_int_equal(kv_put(&a->macros, "SERVICEDESC", service), NT_OK);
    return a;
}

struct page *page_of(const struct alert *a, const char *number, int64_t created)
{
    struct page *p = page_new();
    assert_non_null(p);
    p->created = p->due = created;
    p->expire = created + HOUR;
    p->state = PAGE_QUEUED;
    p->class = a->class;
    p->source = a->source;
    p->event = a->event;
    p->phase = a->phase;
    p->notification_number = a->notification_number;
    p->segments = 1;
    snprintf(p->number, sizeof p->number, "%s", number);
    assert_int_equal(page_set(&p->object, a->object), NT_OK);
    assert_int_equal(page_set(&p->identity, a->identity), NT_OK);
    assert_int_equal(page_set(&p->alert_state, a->state), NT_OK);
    assert_int_equal(page_set(&p->host, a->host), NT_OK);
    assert_int_equal(page_set(&p->service, a->service), NT_OK);
    assert_int_equal(page_set(&p->body, "CRITICAL web01/HTTP: disk full"), NT_OK);
    return p;
}

int64_t put_page(struct store *s, struct page *p)
{
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_put(s, p), NT_OK);
    assert_int_equal(s->ops->step_put(s, p->id, p->created, p->state, "accepted"), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    return p->id;
}

int64_t put_alert_page(struct store *s, const struct alert *a, const char *number, int64_t created,
                       enum page_state state, unsigned flags)
{
    struct page *p = page_of(a, number, created);
    p->state = state;
    p->flags = flags;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "", &p->alert_id), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    int64_t id = put_page(s, p);
    page_free(p);
    return id;
}

int64_t put_said(struct store *s, const struct said *said, const char *number, int64_t created, enum page_state state,
                 unsigned flags)
{
    struct alert *a = alert_of(said);
    int64_t id = put_alert_page(s, a, number, created, state, flags);
    alert_free(a);
    return id;
}

static struct page *get(struct store *s, int64_t id)
{
    struct page *p = NULL;
    assert_int_equal(s->ops->page_get(s, id, &p), NT_OK);
    return p;
}

enum page_state state_of(struct store *s, int64_t id)
{
    struct page *p = get(s, id);
    enum page_state state = p->state;
    page_free(p);
    return state;
}

int64_t merged_into(struct store *s, int64_t id)
{
    struct page *p = get(s, id);
    int64_t into = p->merged_into;
    page_free(p);
    return into;
}

void set_state(struct store *s, int64_t id, enum page_state state, unsigned more_flags, int64_t merged)
{
    struct page *p = get(s, id);
    p->state = state;
    p->flags |= more_flags;
    p->merged_into = merged;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    page_free(p);
}

struct list {
    int64_t *ids;
    size_t n, max;
};

static bool list_id(void *arg, const struct page *p)
{
    struct list *l = arg;
    if (l->n < l->max)
        l->ids[l->n] = p->id;
    l->n++;
    return true;
}

size_t ids_of(struct store *s, const struct store_query *q, int64_t *ids, size_t max)
{
    struct list l = {ids, 0, max};
    assert_int_equal(s->ops->pages(s, q, list_id, &l), NT_OK);
    return l.n;
}

static bool keep_reason(void *arg, const struct page_step *step)
{
    snprintf(arg, 400, "%s", step->reason);
    return true;
}

const char *last_reason(struct store *s, int64_t id)
{
    static char reason[400];
    reason[0] = 0;
    assert_int_equal(s->ops->steps(s, id, keep_reason, reason), NT_OK);
    return reason;
}

/* frail_store: see the header. Every operation is handed on, unless the process is to be dead by now. */
#include "frail_store.h"

#include "base/mem.h"

struct frail_store {
    struct store store;
    struct store *real;
    struct frail *control;
    bool open; /* a transaction */
};

static struct frail_store *frail_of(struct store *s)
{
    return (struct frail_store *)(void *)s;
}

/* One write more: true when the process has not lived to make it. */
static bool dies(struct frail_store *f)
{
    f->control->writes++;
    if (f->control->die_at > 0 && --f->control->die_at == 0)
        f->control->dead = true;
    return f->control->dead;
}

/* One operation more: true when it is the one that fails. */
static bool trips(struct frail_store *f)
{
    if (f->control->fail_at <= 0 || --f->control->fail_at > 0)
        return false;
    f->control->failed = true;
    return true;
}

/* Read, or write after counting. A dead process has no errors; the engine must not take one for a broken disk. */
#define HAND_ON(f, call) (trips(f) ? (f)->control->fail_with : (f)->real->ops->call)
#define READ(s, call)    (frail_of(s)->control->dead ? NT_ENOMEM : HAND_ON(frail_of(s), call))
#define WRITE(s, call)   (dies(frail_of(s)) ? NT_ENOMEM : HAND_ON(frail_of(s), call))
#define REAL(s)          (frail_of(s)->real)

static void frail_close(struct store *s)
{
    struct frail_store *f = frail_of(s);
    if (f->open)
        f->real->ops->rollback(f->real);
    store_close(f->real);
    mem_free(f);
}

static enum nt_status frail_begin(struct store *s)
{
    struct frail_store *f = frail_of(s);
    if (f->control->trouble != NT_OK)
        return f->control->trouble;
    enum nt_status st = WRITE(s, begin(REAL(s)));
    f->open = st == NT_OK;
    return st;
}

static enum nt_status frail_commit(struct store *s)
{
    struct frail_store *f = frail_of(s);
    if (dies(f))
        return NT_ENOMEM; /* close() rolls back */
    enum nt_status st = f->control->fail_with;
    if (trips(f))
        f->real->ops->rollback(f->real);
    else
        st = f->real->ops->commit(f->real);
    f->open = false;
    return dies(f) ? NT_ENOMEM : st;
}

static void frail_rollback(struct store *s)
{
    struct frail_store *f = frail_of(s);
    if (f->open)
        f->real->ops->rollback(f->real);
    f->open = false;
}

static enum nt_status frail_alert_put(struct store *s, const struct alert *a, const char *uuid, int64_t *id)
{
    return WRITE(s, alert_put(REAL(s), a, uuid, id));
}

static enum nt_status frail_alert_get(struct store *s, int64_t id, struct alert **out)
{
    *out = NULL;
    return READ(s, alert_get(REAL(s), id, out));
}

static enum nt_status frail_page_put(struct store *s, struct page *p)
{
    return WRITE(s, page_put(REAL(s), p));
}

static enum nt_status frail_page_save(struct store *s, struct page *p)
{
    return WRITE(s, page_save(REAL(s), p));
}

static enum nt_status frail_page_get(struct store *s, int64_t id, struct page **out)
{
    *out = NULL;
    return READ(s, page_get(REAL(s), id, out));
}

static enum nt_status frail_pages(struct store *s, const struct store_query *q, store_visit_page *visit, void *arg)
{
    struct frail_store *f = frail_of(s);
    if (f->control->trouble != NT_OK && f->control->unreadable)
        return f->control->trouble;
    return READ(s, pages(REAL(s), q, visit, arg));
}

static enum nt_status frail_change(struct store *s, int64_t *last)
{
    return READ(s, change(REAL(s), last));
}

static enum nt_status frail_step_put(struct store *s, int64_t page_id, int64_t at, enum page_state state,
                                     const char *reason)
{
    return WRITE(s, step_put(REAL(s), page_id, at, state, reason));
}

static enum nt_status frail_steps(struct store *s, int64_t page_id, store_visit_step *visit, void *arg)
{
    return READ(s, steps(REAL(s), page_id, visit, arg));
}

static enum nt_status frail_send_put(struct store *s, const char *number, enum alert_class class, const char *sender,
                                     int64_t at, int segments)
{
    return WRITE(s, send_put(REAL(s), number, class, sender, at, segments));
}

static enum nt_status frail_sends_of_number(struct store *s, const char *number, enum alert_class class, int64_t since,
                                            store_visit_send *visit, void *arg)
{
    return READ(s, sends_of_number(REAL(s), number, class, since, visit, arg));
}

static enum nt_status frail_sends_of_sender(struct store *s, const char *sender, int64_t since, store_visit_send *visit,
                                            void *arg)
{
    return READ(s, sends_of_sender(REAL(s), sender, since, visit, arg));
}

static enum nt_status frail_number_get(struct store *s, const char *number, struct number_state *out)
{
    return READ(s, number_get(REAL(s), number, out));
}

static enum nt_status frail_number_put(struct store *s, const char *number, const struct number_state *state)
{
    return WRITE(s, number_put(REAL(s), number, state));
}

static enum nt_status frail_numbers(struct store *s, bool opted_out_only, store_visit_number *visit, void *arg)
{
    return READ(s, numbers(REAL(s), opted_out_only, visit, arg));
}

static enum nt_status frail_mark_put(struct store *s, const char *name, int64_t at, const char *value)
{
    return WRITE(s, mark_put(REAL(s), name, at, value));
}

static enum nt_status frail_mark_get(struct store *s, const char *name, int64_t *at, struct buf *value)
{
    return READ(s, mark_get(REAL(s), name, at, value));
}

static enum nt_status frail_totals(struct store *s, int64_t since, struct store_totals *out)
{
    return READ(s, totals(REAL(s), since, out));
}

static enum nt_status frail_purge(struct store *s, int64_t before, size_t limit, size_t *deleted)
{
    return WRITE(s, purge(REAL(s), before, limit, deleted));
}

static void frail_idle(struct store *s)
{
    REAL(s)->ops->idle(REAL(s));
}

static enum nt_status frail_sid_known(struct store *s, const char *sid, bool *known)
{
    return READ(s, sid_known(REAL(s), sid, known));
}

static const struct store_ops frail_ops = {
    .name = "frail",
    .close = frail_close,
    .begin = frail_begin,
    .commit = frail_commit,
    .rollback = frail_rollback,
    .alert_put = frail_alert_put,
    .alert_get = frail_alert_get,
    .page_put = frail_page_put,
    .page_save = frail_page_save,
    .page_get = frail_page_get,
    .pages = frail_pages,
    .change = frail_change,
    .step_put = frail_step_put,
    .steps = frail_steps,
    .send_put = frail_send_put,
    .sends_of_number = frail_sends_of_number,
    .sends_of_sender = frail_sends_of_sender,
    .number_get = frail_number_get,
    .number_put = frail_number_put,
    .numbers = frail_numbers,
    .mark_put = frail_mark_put,
    .mark_get = frail_mark_get,
    .totals = frail_totals,
    .purge = frail_purge,
    .idle = frail_idle,
    .sid_known = frail_sid_known,
};

struct store *frail_store_new(struct store *real, struct frail *control)
{
    struct frail_store *f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    f->store.ops = &frail_ops;
    f->real = real;
    f->control = control;
    return &f->store;
}

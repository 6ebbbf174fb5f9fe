/* conformance: each function looks at one promise of store.h; they share a store and tell their records apart by number
 * or object. */
#include "conformance.h"

#include "support.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static int64_t change_of(struct store *s)
{
    int64_t last;
    assert_int_equal(s->ops->change(s, &last), NT_OK);
    return last;
}

/* Every field comes back, and what is saved again too. */
static void pages_come_back(struct store *s)
{
    struct alert *a =
        alert_of(&(struct said){.event = EVENT_FLAPPING, .phase = PHASE_START, .notification = 7, .service = "back"});
    struct page *p = page_of(a, NUMBER, NOW), *q = NULL;
    p->flags = PAGE_UCS2 | PAGE_REPEAT;
    p->class = CLASS_ROUTINE;
    p->segments = 3;
    p->max_segments = 4;
    p->sender_skip = 1;
    p->attempts = 2;
    p->attempt_started = NOW + 5;
    p->error_code = 30007;
    p->sent = NOW + 6;
    p->merged_into = 99;
    p->alert_id = 12345;
    assert_int_equal(strlist_add(&p->others, NUMBER2), NT_OK);
    assert_int_equal(strlist_add(&p->media, "https://example.org/a.png?x=1\n2"), NT_OK);
    assert_int_equal(strlist_add(&p->media, "https://example.org/b.png"), NT_OK);
    assert_int_equal(page_set(&p->contact, "älice 'x' \"y\""), NT_OK);
    assert_int_equal(page_set(&p->body, "§ \xff not UTF-8 \n second"), NT_OK);
    assert_int_equal(page_set(&p->template_name, "mine"), NT_OK);
    assert_int_equal(page_set(&p->from, "MG1"), NT_OK);
    assert_int_equal(page_set(&p->sender, "+15005550006"), NT_OK);
    assert_int_equal(page_set(&p->sid, "SMback"), NT_OK);
    assert_int_equal(page_set(&p->error_message, "filtered"), NT_OK);
    put_page(s, p);
    assert_true(p->id > 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s->ops->page_get(s, p->id, &q), NT_OK);
        assert_int_equal(q->id, p->id);
        assert_int_equal(q->alert_id, 12345);
        assert_int_equal(q->change, p->change);
        assert_int_equal(q->created, p->created);
        assert_int_equal(q->state, p->state);
        assert_int_equal(q->class, p->class);
        assert_int_equal(q->flags, p->flags);
        assert_string_equal(q->number, p->number);
        assert_string_equal(q->contact, p->contact);
        assert_int_equal(q->others.n, p->others.n);
        for (size_t k = 0; k < q->others.n; k++)
            assert_string_equal(q->others.item[k], p->others.item[k]);
        assert_int_equal(q->media.n, p->media.n);
        for (size_t k = 0; k < q->media.n; k++)
            assert_string_equal(q->media.item[k], p->media.item[k]);
        assert_string_equal(q->object, p->object);
        assert_string_equal(q->identity, p->identity);
        assert_int_equal(q->source, p->source);
        assert_int_equal(q->event, p->event);
        assert_int_equal(q->phase, p->phase);
        assert_string_equal(q->alert_state, p->alert_state);
        assert_string_equal(q->host, p->host);
        assert_string_equal(q->service, p->service);
        assert_int_equal(q->notification_number, p->notification_number);
        assert_string_equal(q->body, p->body);
        assert_int_equal(q->segments, p->segments);
        assert_string_equal(q->template_name, p->template_name);
        assert_int_equal(q->max_segments, p->max_segments);
        assert_string_equal(q->from, p->from);
        assert_int_equal(q->sender_skip, p->sender_skip);
        assert_int_equal(q->due, p->due);
        assert_int_equal(q->expire, p->expire);
        assert_int_equal(q->attempts, p->attempts);
        assert_int_equal(q->attempt_started, p->attempt_started);
        assert_string_equal(q->sender, p->sender);
        assert_string_equal(q->sid, p->sid);
        assert_int_equal(q->error_code, p->error_code);
        assert_string_equal(q->error_message, p->error_message);
        assert_int_equal(q->sent, p->sent);
        assert_int_equal(q->merged_into, p->merged_into);
        page_free(q);
        /* the second round: everything that may change has */
        p->state = PAGE_SENT;
        p->flags = PAGE_WATCH;
        p->class = CLASS_URGENT;
        p->due = NOW + 1;
        p->expire = NOW + 2;
        p->attempts = 3;
        p->error_code = -1;
        p->notification_number = -1;
        p->merged_into = 0;
        assert_true(page_next_number(p));
        assert_false(page_next_number(p));
        assert_int_equal(strlist_add(&p->others, NUMBER), NT_OK);
        assert_int_equal(page_set(&p->object, "another"), NT_OK);
        assert_int_equal(page_set(&p->sid, "SMother"), NT_OK);
        assert_int_equal(page_set(&p->body, "changed"), NT_OK);
        int64_t before = p->change;
        assert_int_equal(s->ops->begin(s), NT_OK);
        assert_int_equal(s->ops->page_save(s, p), NT_OK);
        assert_int_equal(s->ops->commit(s), NT_OK);
        assert_true(p->change > before);
    }
    bool known;
    assert_int_equal(s->ops->sid_known(s, "SMother", &known), NT_OK);
    assert_true(known);
    assert_int_equal(s->ops->sid_known(s, "SMback", &known), NT_OK);
    assert_false(known);
    assert_int_equal(s->ops->sid_known(s, "", &known), NT_OK);
    assert_false(known);
    assert_int_equal(s->ops->page_get(s, 999999, &q), NT_ENOENT);
    assert_null(q);
    p->id = 999999;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_save(s, p), NT_ENOENT);
    s->ops->rollback(s);
    page_free(p);
    alert_free(a);
}

static void alerts_come_back(struct store *s)
{
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM, .service = "alerts"}), *b = NULL;
    int64_t id = 0, other = 0, again = 0;
    static const char *const uuid[] = {"0f8fad5b-d9cb-469f-a165-70867728950e", "not a uuid",
                                       "0f8fad5b-d9cb-469f-a165-70867728950g", "0f8fad5bxd9cb-469f-a165-70867728950e",
                                       "0F8FAD5B-d9cb-469f-a165-70867728950e", "x"};
    assert_int_equal(kv_put(&a->macros, "_RUNBOOK", "line\nline"), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "", &id), NT_OK);
    assert_int_equal(s->ops->alert_put(s, a, "", &other), NT_OK);
    assert_true(other > id);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->alert_get(s, id, &b), NT_OK);
    assert_string_equal(b->host, "web01");
    assert_string_equal(kv_text(&b->macros, "_RUNBOOK"), "line\nline");
    alert_free(b);
    assert_int_equal(s->ops->alert_get(s, 999999, &b), NT_ENOENT);
    for (size_t i = 0; i < sizeof uuid / sizeof *uuid; i++) {
        assert_int_equal(s->ops->begin(s), NT_OK);
        assert_int_equal(s->ops->alert_put(s, a, uuid[i], &id), NT_OK);
        assert_int_equal(s->ops->commit(s), NT_OK);
        assert_int_equal(s->ops->begin(s), NT_OK);
        assert_int_equal(s->ops->alert_put(s, a, uuid[i], &again), NT_EEXIST);
        assert_int_equal(again, id);
        s->ops->rollback(s);
    }
    alert_free(a);
}

static void a_rollback_leaves_nothing(struct store *s)
{
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM, .service = "rollback"});
    struct page *p = page_of(a, NUMBER, NOW), *q = NULL;
    int64_t before = change_of(s), id;
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_EINVAL);
    assert_int_equal(s->ops->page_put(s, p), NT_OK);
    assert_true(change_of(s) > before);
    id = p->id;
    s->ops->rollback(s);
    s->ops->rollback(s);
    assert_int_equal(change_of(s), before);
    assert_int_equal(s->ops->page_get(s, id, &q), NT_ENOENT);
    assert_int_equal(s->ops->commit(s), NT_EINVAL);
    assert_int_equal(s->ops->page_put(s, p), NT_EINVAL);
    assert_int_equal(s->ops->step_put(s, 1, NOW, PAGE_SENT, "x"), NT_EINVAL);
    page_free(p);
    alert_free(a);
}

static void changes_are_seen_once_and_in_order(struct store *s)
{
    int64_t ids[8], mark = change_of(s);
    struct said said = {.event = EVENT_PROBLEM, .service = "changes"};
    int64_t one = put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    int64_t two = put_said(s, &said, NUMBER, NOW, PAGE_QUEUED, 0);
    struct store_query q = {.kind = PAGES_CHANGED, .after = mark};
    assert_int_equal(ids_of(s, &q, ids, 8), 2);
    assert_int_equal(ids[0], one);
    assert_int_equal(ids[1], two);
    q.after = mark = change_of(s);
    assert_int_equal(ids_of(s, &q, ids, 8), 0);
    set_state(s, two, PAGE_SENDING, 0, 0);
    set_state(s, one, PAGE_SENT, 0, 0);
    set_state(s, two, PAGE_SENT, 0, 0);
    assert_int_equal(ids_of(s, &q, ids, 8), 2);
    assert_int_equal(ids[0], one);
    assert_int_equal(ids[1], two);
    q.limit = 1;
    assert_int_equal(ids_of(s, &q, ids, 8), 1);
}

static size_t saved_in_visit;

static bool save_it(void *arg, const struct page *page)
{
    struct store *s = arg;
    struct page *p = page_copy(page);
    assert_non_null(p);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    page_free(p);
    saved_in_visit++;
    return true;
}

static bool first_only(void *arg, const struct page *p)
{
    *(int64_t *)arg += p->id;
    return false;
}

static void a_visit_may_write_and_may_stop(struct store *s)
{
    struct said said = {.event = EVENT_PROBLEM, .service = "visit"};
    int64_t mark = change_of(s), sum = 0;
    int64_t first = put_said(s, &said, NUMBER, NOW, PAGE_SENT, 0);
    put_said(s, &said, NUMBER, NOW, PAGE_SENT, 0);
    saved_in_visit = 0;
    struct store_query q = {.kind = PAGES_CHANGED, .after = mark};
    assert_int_equal(s->ops->pages(s, &q, save_it, s), NT_OK);
    assert_int_equal(saved_in_visit, 2);
    assert_int_equal(s->ops->pages(s, &q, first_only, &sum), NT_OK);
    assert_int_equal(sum, first);
}

/* One number of its own, so that what the other tests leave behind is not seen. */
static void queries_find_what_they_name(struct store *s)
{
    static const char lane[] = "+15005559999";
    int64_t ids[32], page[12];
    struct said urgent = {.event = EVENT_PROBLEM, .service = "queries"}, routine = urgent;
    routine.routine = true;
    for (int i = 0; i <= PAGE_DUPLICATE; i++)
        page[i] = put_said(s, &urgent, lane, NOW - 10 * HOUR + i, (enum page_state)i, 0);
    int64_t later = put_said(s, &routine, lane, NOW, PAGE_QUEUED, 0);
    struct alert *a = alert_of(&urgent);

    struct store_query q = {.kind = PAGES_OF_OBJECT, .object = a->object, .number = lane};
    assert_int_equal(ids_of(s, &q, ids, 32), 13);
    assert_int_equal(ids[0], later);
    assert_int_equal(ids[12], page[0]);
    q.limit = 2;
    assert_int_equal(ids_of(s, &q, ids, 32), 2);
    q.limit = 0;
    q.states = PAGE_UNSENT;
    assert_int_equal(ids_of(s, &q, ids, 32), 3);
    assert_int_equal(ids[0], later);
    q.states = PAGE_BIT(PAGE_MERGED);
    assert_int_equal(ids_of(s, &q, ids, 32), 1);
    assert_int_equal(ids[0], page[PAGE_MERGED]);
    q.states = PAGE_BIT(PAGE_SENT) | PAGE_BIT(PAGE_QUEUED);
    assert_int_equal(ids_of(s, &q, ids, 32), 3);
    q.number = "+15005559998";
    assert_int_equal(ids_of(s, &q, ids, 32), 0);
    q = (struct store_query){.kind = PAGES_OF_PROBLEM, .object = a->object, .limit = 5};
    assert_int_equal(ids_of(s, &q, ids, 32), 5);
    assert_int_equal(ids[0], later);

    q = (struct store_query){.kind = PAGES_OF_LANE, .number = lane, .class = CLASS_URGENT, .states = PAGE_UNSENT};
    assert_int_equal(ids_of(s, &q, ids, 32), 2);
    assert_int_equal(ids[0], page[PAGE_QUEUED]);
    assert_int_equal(ids[1], page[PAGE_HELD]);
    q.class = CLASS_ROUTINE;
    assert_int_equal(ids_of(s, &q, ids, 32), 1);
    q = (struct store_query){
        .kind = PAGES_OF_LANE, .number = lane, .class = CLASS_URGENT, .states = PAGE_BIT(PAGE_EXPIRED)};
    assert_int_equal(ids_of(s, &q, ids, 32), 1);
    assert_int_equal(ids[0], page[PAGE_EXPIRED]);
    q.since = NOW;
    assert_int_equal(ids_of(s, &q, ids, 32), 0);
    q = (struct store_query){.kind = PAGES_OF_LANE, .number = lane, .class = CLASS_URGENT};
    assert_int_equal(ids_of(s, &q, ids, 32), 12);

    q = (struct store_query){.kind = PAGES_IN_STATES, .states = PAGE_BIT(PAGE_SENDING)};
    assert_int_equal(ids_of(s, &q, ids, 32), 1);
    assert_int_equal(ids[0], page[PAGE_SENDING]);
    q.states = PAGE_BIT(PAGE_FAILED) | PAGE_BIT(PAGE_CANCELLED);
    assert_int_equal(ids_of(s, &q, ids, 32), 2);

    q = (struct store_query){.kind = PAGES_UNFINISHED, .since = NOW + DAY};
    assert_int_equal(ids_of(s, &q, ids, 32), 4);
    q.since = NOW - 11 * HOUR;
    assert_true(ids_of(s, &q, ids, 32) >= 13);
    q = (struct store_query){.kind = PAGES_ALL, .since = NOW - 10 * HOUR, .limit = 12};
    assert_int_equal(ids_of(s, &q, ids, 32), 12);
    assert_int_equal(ids[0], page[0]);
    assert_int_equal(ids[11], page[11]);

    set_state(s, page[3], PAGE_SENT, PAGE_WATCH, 0);
    q = (struct store_query){.kind = PAGES_WATCHED};
    size_t n = ids_of(s, &q, ids, 32);
    assert_int_equal(ids[0], page[3]); /* sent at 0 */
    set_state(s, page[10], PAGE_MERGED, 0, page[3]);
    q = (struct store_query){.kind = PAGES_MERGED_INTO, .id = page[3]};
    assert_int_equal(ids_of(s, &q, ids, 32), 1);
    assert_int_equal(ids[0], page[10]);

    struct store_totals t;
    assert_int_equal(s->ops->totals(s, NOW - 10 * HOUR, &t), NT_OK);
    assert_int_equal(t.queued, 2);
    assert_int_equal(t.held, 1);
    assert_int_equal(t.sending, 1);
    assert_int_equal(t.watched, n);
    assert_int_equal(t.oldest_unsettled, NOW - 10 * HOUR);
    assert_int_equal(t.most_overdue, NOW - 10 * HOUR);
    assert_int_equal(t.failed, 1);
    assert_int_equal(t.undelivered, 1);
    assert_int_equal(t.expired, 1);
    assert_int_equal(s->ops->totals(s, NOW, &t), NT_OK);
    assert_int_equal(t.failed + t.undelivered + t.expired, 0);
    for (int i = 0; i <= PAGE_DUPLICATE; i++)
        set_state(s, page[i], PAGE_FAILED, 0, 0);
    set_state(s, later, PAGE_FAILED, 0, 0);
    assert_int_equal(s->ops->totals(s, 0, &t), NT_OK);
    assert_int_equal(t.queued + t.held + t.sending + t.oldest_unsettled + t.most_overdue, 0);
    alert_free(a);
}

struct steps {
    int n;
    int64_t at[4];
    enum page_state state[4];
    char reason[4][40];
};

static bool keep_step(void *arg, const struct page_step *step)
{
    struct steps *s = arg;
    assert_true(s->n < 4);
    s->at[s->n] = step->at;
    s->state[s->n] = step->state;
    snprintf(s->reason[s->n++], 40, "%s", step->reason);
    return true;
}

static void history_is_kept_in_order(struct store *s)
{
    struct steps got = {0};
    int64_t id = put_said(s, &(struct said){.event = EVENT_PROBLEM, .service = "steps"}, NUMBER, NOW, PAGE_QUEUED, 0);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->step_put(s, id, NOW - 5, PAGE_SENDING, "attempt 1"), NT_OK); /* the clock went back */
    assert_int_equal(s->ops->step_put(s, id, NOW + 1, PAGE_SENT, "accepted by Twilio"), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->steps(s, id, keep_step, &got), NT_OK);
    assert_int_equal(got.n, 3);
    assert_int_equal(got.at[1], NOW - 5);
    assert_int_equal(got.state[2], PAGE_SENT);
    assert_string_equal(got.reason[0], "accepted");
    assert_string_equal(got.reason[2], "accepted by Twilio");
    got.n = 0;
    assert_int_equal(s->ops->steps(s, 999999, keep_step, &got), NT_OK);
    assert_int_equal(got.n, 0);
}

struct sends {
    int n;
    int64_t at[8];
    int segments;
};

static bool keep_send(void *arg, int64_t at, int segments)
{
    struct sends *s = arg;
    s->at[s->n++] = at;
    s->segments += segments;
    return true;
}

static void sends_are_remembered_apart(struct store *s)
{
    struct sends got = {0};
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->send_put(s, NUMBER, CLASS_URGENT, "A", NOW, 1), NT_OK);
    assert_int_equal(s->ops->send_put(s, NUMBER, CLASS_URGENT, "B", NOW - MINUTE, 2), NT_OK);
    assert_int_equal(s->ops->send_put(s, NUMBER, CLASS_ROUTINE, "A", NOW, 4), NT_OK);
    assert_int_equal(s->ops->send_put(s, NUMBER2, CLASS_URGENT, "A", NOW - HOUR, 8), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->sends_of_number(s, NUMBER, CLASS_URGENT, 0, keep_send, &got), NT_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.at[0], NOW - MINUTE);
    assert_int_equal(got.segments, 3);
    got = (struct sends){0};
    assert_int_equal(s->ops->sends_of_number(s, NUMBER, CLASS_URGENT, NOW, keep_send, &got), NT_OK);
    assert_int_equal(got.n, 1);
    got = (struct sends){0};
    assert_int_equal(s->ops->sends_of_sender(s, "A", NOW - MINUTE, keep_send, &got), NT_OK);
    assert_int_equal(got.segments, 5);
}

static bool count_number(void *arg, const char *number, const struct number_state *state)
{
    assert_true(number[0] == '+');
    if (state->opted_out)
        assert_string_equal(number, NUMBER2);
    ++*(int *)arg;
    return true;
}

static void numbers_and_marks_are_kept(struct store *s)
{
    struct number_state n;
    struct buf value;
    int64_t at = 0;
    int count = 0;
    buf_init(&value, 100);
    assert_int_equal(s->ops->number_get(s, NUMBER, &n), NT_OK);
    assert_int_equal(n.opted_out, 0);
    assert_int_equal(n.last_paged, 0);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->number_put(s, NUMBER, &(struct number_state){.last_paged = NOW}), NT_OK);
    assert_int_equal(s->ops->number_put(s, NUMBER2, &(struct number_state){.opted_out = NOW}), NT_OK);
    assert_int_equal(s->ops->mark_put(s, "alarm", NOW, "why"), NT_OK);
    assert_int_equal(s->ops->mark_put(s, "alarm", NOW + 1, "why not"), NT_OK);
    assert_int_equal(s->ops->mark_put(s, "gone", NOW, "x"), NT_OK);
    assert_int_equal(s->ops->mark_put(s, "gone", NOW, ""), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->number_get(s, NUMBER, &n), NT_OK);
    assert_int_equal(n.last_paged, NOW);
    assert_int_equal(s->ops->numbers(s, true, count_number, &count), NT_OK);
    assert_int_equal(count, 1);
    assert_int_equal(s->ops->numbers(s, false, count_number, &count), NT_OK);
    assert_int_equal(count, 3);
    struct store_totals t;
    assert_int_equal(s->ops->totals(s, 0, &t), NT_OK);
    assert_int_equal(t.opted_out, 1);
    assert_int_equal(s->ops->mark_get(s, "alarm", &at, &value), NT_OK);
    assert_int_equal(at, NOW + 1);
    assert_string_equal(buf_text(&value), "why not");
    assert_int_equal(s->ops->mark_get(s, "gone", &at, &value), NT_ENOENT);
    buf_clean(&value);
}

static void purging_takes_only_what_is_over(struct store *s)
{
    int64_t old = NOW - 100 * DAY, cut = NOW - 90 * DAY;
    struct said said = {.event = EVENT_PROBLEM, .service = "purge"};
    struct alert *a = alert_of(&said), *b = NULL;
    struct page *p = NULL;
    size_t deleted = 0, all = 0;
    int64_t ids[4];
    int64_t sent = put_said(s, &said, NUMBER, old, PAGE_SENT, 0);
    int64_t queued = put_said(s, &said, NUMBER, old, PAGE_QUEUED, 0);
    int64_t young = put_said(s, &said, NUMBER, NOW, PAGE_SENT, 0);
    int64_t digest = put_said(s, &said, NUMBER, old + 2, PAGE_SENT, PAGE_DIGEST);
    int64_t member = put_said(s, &said, NUMBER, old + 3, PAGE_MERGED, 0);
    int64_t young_digest = put_said(s, &said, NUMBER, NOW, PAGE_SENT, PAGE_DIGEST);
    int64_t old_member = put_said(s, &said, NUMBER, old, PAGE_MERGED, 0);
    set_state(s, member, PAGE_MERGED, 0, digest);
    set_state(s, old_member, PAGE_MERGED, 0, young_digest);
    assert_int_equal(s->ops->page_get(s, sent, &p), NT_OK);
    int64_t its_alert = p->alert_id;
    page_free(p);
    for (;;) {
        assert_int_equal(s->ops->begin(s), NT_OK);
        assert_int_equal(s->ops->purge(s, cut, 1, &deleted), NT_OK);
        assert_int_equal(s->ops->commit(s), NT_OK);
        assert_true(deleted <= 1);
        if (!deleted)
            break;
        all += deleted;
    }
    assert_int_equal(all, 3);
    assert_int_equal(s->ops->page_get(s, sent, &p), NT_ENOENT);
    assert_int_equal(s->ops->page_get(s, digest, &p), NT_ENOENT);
    assert_int_equal(s->ops->page_get(s, member, &p), NT_ENOENT);
    assert_int_equal(state_of(s, queued), PAGE_QUEUED);
    assert_int_equal(state_of(s, young), PAGE_SENT);
    assert_int_equal(state_of(s, old_member), PAGE_MERGED);
    assert_int_equal(s->ops->alert_get(s, its_alert, &b), NT_ENOENT);
    assert_string_equal(last_reason(s, sent), "");
    /* ids do not come back */
    int64_t next = put_said(s, &said, NUMBER, NOW, PAGE_SENT, 0);
    assert_true(next > old_member);
    /* a send of long ago goes, one of last week stays */
    struct sends got = {0};
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->send_put(s, "+15005550077", CLASS_URGENT, "S", old, 1), NT_OK);
    assert_int_equal(s->ops->send_put(s, "+15005550077", CLASS_URGENT, "S", cut - DAY, 1), NT_OK);
    assert_int_equal(s->ops->purge(s, cut, 100, &deleted), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->sends_of_number(s, "+15005550077", CLASS_URGENT, 0, keep_send, &got), NT_OK);
    assert_true(got.n >= 1);
    assert_int_equal(got.at[got.n - 1], cut - DAY);
    set_state(s, queued, PAGE_FAILED, 0, 0);
    assert_int_equal(ids_of(s, &(struct store_query){.kind = PAGES_MERGED_INTO, .id = young_digest}, ids, 4), 1);
    alert_free(a);
}

/* Whatever allocation fails, it is said, and the store goes on. */
static void memory_may_run_out(struct store *s)
{
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM, .service = "memory"});
    struct page *p = page_of(a, NUMBER, NOW);
    assert_int_equal(strlist_add(&p->media, "https://example.org/a"), NT_OK);
    for (unsigned long n = 1; n < 200; n++) {
        struct page *q = NULL;
        struct alert *b = NULL;
        int64_t id = 0;
        mem_fail_at(n);
        enum nt_status st = s->ops->begin(s);
        if (st == NT_OK)
            st = s->ops->alert_put(s, a, "", &id);
        if (st == NT_OK)
            st = s->ops->page_put(s, p);
        if (st == NT_OK)
            st = s->ops->page_save(s, p);
        if (st == NT_OK)
            st = s->ops->page_get(s, p->id, &q);
        if (st == NT_OK)
            st = s->ops->alert_get(s, id, &b);
        int failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(st, failed ? NT_ENOMEM : NT_OK);
        s->ops->rollback(s);
        page_free(q);
        alert_free(b);
        if (!failed) {
            page_free(p);
            alert_free(a);
            return;
        }
    }
    fail_msg("%s", "the allocations have no end");
}

void store_conformance(const char *url)
{
    struct store *s = open_store(url);
    queries_find_what_they_name(s);
    pages_come_back(s);
    alerts_come_back(s);
    a_rollback_leaves_nothing(s);
    changes_are_seen_once_and_in_order(s);
    a_visit_may_write_and_may_stop(s);
    history_is_kept_in_order(s);
    sends_are_remembered_apart(s);
    numbers_and_marks_are_kept(s);
    purging_takes_only_what_is_over(s);
    memory_may_run_out(s);
    store_close(s);
}

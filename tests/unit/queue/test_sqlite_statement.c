#include "support.h"

#include "queue/sqlite_private.h"

#include <string.h>

static void test_sqlite_statement__says_what_a_code_means(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum nt_status status;
    } table[] = {
        {SQLITE_OK, NT_OK},
        {SQLITE_ROW, NT_OK},
        {SQLITE_DONE, NT_OK},
        {SQLITE_NOMEM, NT_ENOMEM},
        {SQLITE_IOERR_NOMEM, NT_ENOMEM},
        {SQLITE_BUSY_SNAPSHOT, NT_EBUSY},
        {SQLITE_LOCKED, NT_EBUSY},
        {SQLITE_FULL, NT_EFULL},
        {SQLITE_CORRUPT_INDEX, NT_ECORRUPT},
        {SQLITE_IOERR_CORRUPTFS, NT_ECORRUPT},
        {SQLITE_NOTADB, NT_ECORRUPT},
        {SQLITE_ERROR, NT_ECORRUPT},
        {SQLITE_CONSTRAINT_PRIMARYKEY, NT_ECORRUPT},
        {SQLITE_MISMATCH, NT_ECORRUPT},
        {SQLITE_READONLY_DBMOVED, NT_EACCES},
        {SQLITE_PERM, NT_EACCES},
        {SQLITE_AUTH, NT_EACCES},
        {SQLITE_TOOBIG, NT_ETOOBIG},
        {SQLITE_IOERR_READ, NT_EIO},
        {SQLITE_CANTOPEN, NT_EIO},
        {SQLITE_PROTOCOL, NT_EIO},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(sqlite_code(NULL, table[i].code), table[i].status);
}

struct inside {
    struct store *s;
    int64_t id;
    int outer, inner;
};

static bool count_inner(void *arg, const struct page_step *step)
{
    struct inside *x = arg;
    (void)step;
    x->inner++;
    return true;
}

static bool count_outer(void *arg, const struct page_step *step)
{
    struct inside *x = arg;
    x->outer++;
    assert_int_equal(x->s->ops->steps(x->s, x->id, count_inner, x), NT_OK);
    assert_string_equal(step->reason, "accepted"); /* still ours */
    return true;
}

/* A visit may ask the very same inside itself, and neither disturbs the other. */
static void test_sqlite_statement__is_lent_twice_at_a_time(void **state)
{
    (void)state;
    struct store *s = open_store("sqlite::memory:");
    struct inside x = {.s = s, .id = put_said(s, &(struct said){.event = EVENT_PROBLEM}, NUMBER, NOW, PAGE_QUEUED, 0)};
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->step_put(s, x.id, NOW, PAGE_QUEUED, "accepted"), NT_OK);
    assert_int_equal(s->ops->commit(s), NT_OK);
    assert_int_equal(s->ops->steps(s, x.id, count_outer, &x), NT_OK);
    assert_int_equal(x.outer, 2);
    assert_int_equal(x.inner, 4);
    store_close(s);
}

static void test_sqlite_statement__writes_need_a_transaction(void **state)
{
    (void)state;
    struct store *s = open_store("sqlite::memory:");
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM});
    struct page *p = page_of(a, NUMBER, NOW);
    int64_t id;
    size_t deleted;
    assert_int_equal(s->ops->alert_put(s, a, "", &id), NT_EINVAL);
    assert_int_equal(s->ops->page_put(s, p), NT_EINVAL);
    assert_int_equal(s->ops->step_put(s, 1, NOW, PAGE_QUEUED, ""), NT_EINVAL);
    assert_int_equal(s->ops->send_put(s, NUMBER, CLASS_URGENT, "A", NOW, 1), NT_EINVAL);
    assert_int_equal(s->ops->number_put(s, NUMBER, &(struct number_state){0, 0}), NT_EINVAL);
    assert_int_equal(s->ops->mark_put(s, "m", NOW, "v"), NT_EINVAL);
    assert_int_equal(s->ops->purge(s, NOW, 1, &deleted), NT_EINVAL);
    assert_int_equal(s->ops->commit(s), NT_EINVAL);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_EINVAL); /* one at a time */
    s->ops->rollback(s);
    page_free(p);
    alert_free(a);
    store_close(s);
}

static bool never(void *arg, const struct page *p)
{
    (void)arg;
    (void)p;
    fail_msg("%s", "nothing was asked for");
    return false;
}

static void test_sqlite_statement__what_nobody_should_ask(void **state)
{
    (void)state;
    struct store *s = open_store("sqlite::memory:");
    struct sqlite_store *q = sqlite_of(s);
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM});
    struct page *p = page_of(a, NUMBER, NOW);
    put_page(s, p);
    struct store_query odd = {.kind = (enum store_query_kind)99};
    assert_int_equal(s->ops->pages(s, &odd, never, NULL), NT_EINVAL);
    /* a page that is not there cannot be saved */
    assert_int_equal(s->ops->begin(s), NT_OK);
    p->id = 999;
    int64_t change = p->change;
    assert_int_equal(s->ops->page_save(s, p), NT_ENOENT);
    assert_int_equal(p->change, change);
    /* without its counter no store can number anything */
    s->ops->rollback(s);
    assert_int_equal(sqlite3_exec(q->db, "DELETE FROM counter", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_put(s, p), NT_ECORRUPT);
    s->ops->rollback(s);
    page_free(p);
    alert_free(a);
    store_close(s);
}

/* Media that no request has, and a text that no database takes. */
static void test_sqlite_statement__too_long(void **state)
{
    (void)state;
    static char wide[400000];
    struct store *s = open_store("sqlite::memory:");
    struct alert *a = alert_of(&(struct said){.event = EVENT_PROBLEM});
    struct page *p = page_of(a, NUMBER, NOW);
    memset(wide, 'x', sizeof wide - 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(strlist_add(&p->media, wide), NT_OK);
    assert_int_equal(s->ops->begin(s), NT_OK);
    assert_int_equal(s->ops->page_put(s, p), NT_ETOOBIG);
    assert_int_equal(p->id, 0);
    strlist_clean(&p->media);
    assert_int_equal(s->ops->page_put(s, p), NT_OK);
    sqlite3_limit(sqlite_of(s)->db, SQLITE_LIMIT_LENGTH, 100000);
    assert_int_equal(s->ops->mark_put(s, "m", NOW, wide), NT_ETOOBIG);
    assert_int_equal(s->ops->mark_put(s, "m", NOW, "v"), NT_OK);
    struct store_query of_wide = {.kind = PAGES_OF_OBJECT, .object = wide, .number = NUMBER};
    assert_int_equal(s->ops->pages(s, &of_wide, never, NULL), NT_ETOOBIG);
    s->ops->rollback(s);
    page_free(p);
    alert_free(a);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite_statement__says_what_a_code_means),
        cmocka_unit_test(test_sqlite_statement__is_lent_twice_at_a_time),
        cmocka_unit_test(test_sqlite_statement__writes_need_a_transaction),
        cmocka_unit_test(test_sqlite_statement__what_nobody_should_ask),
        cmocka_unit_test(test_sqlite_statement__too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

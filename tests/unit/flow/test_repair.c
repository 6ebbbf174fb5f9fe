/* Retrying and dropping by hand, on a real store. */
#include "flow/repair.h"

#include "base/log.h"
#include "base/mem.h"
#include "desk.h"

#include <string.h>

static struct desk d;

static int setup(void **state)
{
    (void)state;
    return desk_open(&d, "");
}

static int teardown(void **state)
{
    (void)state;
    desk_close(&d);
    return 0;
}

static struct page *get(int64_t id)
{
    struct page *p = NULL;
    assert_int_equal(d.r.store->ops->page_get(d.r.store, id, &p), NT_OK);
    return p;
}

static void put_state(int64_t id, enum page_state state, unsigned flags, int64_t merged_into)
{
    struct page *p = get(id);
    p->state = state;
    p->flags = flags;
    p->merged_into = merged_into;
    desk_begin(&d);
    assert_int_equal(d.r.store->ops->page_save(d.r.store, p), NT_OK);
    desk_commit(&d);
    page_free(p);
}

static enum nt_status change(enum nt_status (*how)(struct runtime *, int64_t, struct page **, struct buf *), int64_t id,
                             char words[256])
{
    struct page *p = NULL;
    struct buf said;
    buf_init(&said, 255);
    desk_begin(&d);
    enum nt_status st = how(&d.r, id, &p, &said);
    if (st == NT_OK)
        desk_commit(&d);
    else
        d.r.store->ops->rollback(d.r.store);
    assert_true((st == NT_OK) == (p != NULL));
    assert_true((st == NT_EREFUSED) == (said.len > 0));
    strcpy(words, buf_text(&said));
    buf_clean(&said);
    page_free(p);
    return st;
}

static void test_repair__retry_by_state(void **state)
{
    static const struct {
        enum page_state state;
        unsigned flags;
        int64_t merged_into;
        enum nt_status expected;
        const char *words;
    } cases[] = {
        {PAGE_QUEUED, 0, 0, NT_OK, ""},
        {PAGE_HELD, 0, 0, NT_OK, ""},
        {PAGE_SENDING, 0, 0, NT_EREFUSED, "right now"},
        {PAGE_SENDING, PAGE_AMBIGUOUS, 0, NT_EREFUSED, "looked up"},
        {PAGE_SENT, 0, 0, NT_EREFUSED, "was sent"},
        {PAGE_DELIVERED, 0, 0, NT_EREFUSED, "was delivered"},
        {PAGE_UNDELIVERED, PAGE_MAY_HAVE_SENT, 0, NT_OK, ""},
        {PAGE_FAILED, PAGE_TEXT_ONLY, 0, NT_OK, ""},
        {PAGE_EXPIRED, 0, 0, NT_OK, ""},
        {PAGE_SUPERSEDED, 0, 9, NT_OK, ""}, /* what superseded it is gone */
        {PAGE_CANCELLED, 0, 0, NT_OK, ""},
        {PAGE_MERGED, 0, 7, NT_EREFUSED, "digest 7"},
        {PAGE_DUPLICATE, 0, 8, NT_EREFUSED, "page 8"},
    };
    char words[256];
    (void)state;
    int64_t id = desk_alert(&d, DESK_ALICE, "web01", "CRITICAL");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_state(id, cases[i].state, cases[i].flags, cases[i].merged_into);
        assert_int_equal(change(repair_retry, id, words), cases[i].expected);
        assert_non_null(strstr(words, cases[i].words));
        struct page *p = get(id);
        assert_int_equal(p->state, cases[i].expected == NT_OK ? PAGE_QUEUED : cases[i].state);
        page_free(p);
    }
    assert_int_equal(change(repair_retry, 99, words), NT_ENOENT);
}

static void test_repair__retry_begins_anew(void **state)
{
    char words[256];
    (void)state;
    int64_t id = desk_alert(&d, DESK_ALICE, "web01", "CRITICAL"), now = desk_forward(&d, INT64_C(86400000));
    struct page *p = get(id);
    p->state = PAGE_FAILED;
    p->flags = PAGE_TEXT_ONLY | PAGE_COUNTED | PAGE_MAY_HAVE_SENT | PAGE_AGAIN | PAGE_UCS2;
    p->attempts = 5;
    p->sender_skip = 1;
    p->error_code = 21211;
    assert_int_equal(page_set(&p->error_message, "no"), NT_OK);
    assert_int_equal(page_set(&p->sid, "SM1"), NT_OK);
    desk_begin(&d);
    assert_int_equal(d.r.store->ops->page_save(d.r.store, p), NT_OK);
    desk_commit(&d);
    int64_t created = p->created;
    page_free(p);

    assert_int_equal(change(repair_retry, id, words), NT_OK);
    p = get(id);
    assert_int_equal(p->flags, PAGE_MAY_HAVE_SENT | PAGE_UCS2);
    assert_int_equal(p->attempts, 0);
    assert_int_equal(p->sender_skip, 0);
    assert_int_equal(p->error_code, 0);
    assert_string_equal(p->error_message, "");
    assert_string_equal(p->sid, "SM1");
    assert_int_equal(p->created, created);
    assert_int_equal(p->due, now);
    assert_int_equal(p->expire, now + d.r.config->expire_urgent);
    page_free(p);
}

static void test_repair__older_news_stays_old(void **state)
{
    char words[256];
    (void)state;
    int64_t first = desk_alert(&d, DESK_ALICE, "web01", "CRITICAL");
    put_state(first, PAGE_FAILED, 0, 0);
    int64_t second = desk_alert(&d, DESK_ALICE, "web01", "WARNING");
    assert_int_equal(change(repair_retry, first, words), NT_EREFUSED);
    assert_non_null(strstr(words, "newer news"));
    assert_int_equal(change(repair_retry, second, words), NT_OK);
}

static void test_repair__digest(void **state)
{
    char words[256];
    (void)state;
    int64_t a = desk_alert(&d, DESK_ALICE, "a", "CRITICAL"), b = desk_alert(&d, DESK_ALICE, "b", "CRITICAL"),
            digest = desk_alert(&d, DESK_ALICE, "c", "CRITICAL");
    put_state(digest, PAGE_UNDELIVERED, PAGE_DIGEST, 0);
    assert_int_equal(change(repair_retry, digest, words), NT_EREFUSED);
    assert_non_null(strstr(words, "none of its pages"));
    put_state(a, PAGE_MERGED, 0, digest);
    put_state(b, PAGE_EXPIRED, 0, digest);
    int64_t now = desk_forward(&d, INT64_C(86400000));
    assert_int_equal(change(repair_retry, digest, words), NT_OK);
    struct page *p = get(a);
    assert_int_equal(p->state, PAGE_MERGED);
    assert_int_equal(p->expire, now + d.r.config->expire_urgent);
    page_free(p);
    p = get(b);
    assert_int_equal(p->state, PAGE_EXPIRED);
    page_free(p);
}

static void test_repair__drop_by_state(void **state)
{
    char words[256];
    (void)state;
    int64_t id = desk_alert(&d, DESK_ALICE, "web01", "CRITICAL");
    for (int s = PAGE_QUEUED; s <= PAGE_DUPLICATE; s++) {
        bool waits = s == PAGE_QUEUED || s == PAGE_HELD;
        put_state(id, (enum page_state)s, 0, 0);
        assert_int_equal(change(repair_drop, id, words), waits ? NT_OK : NT_EREFUSED);
        struct page *p = get(id);
        assert_int_equal(p->state, waits ? PAGE_CANCELLED : s);
        page_free(p);
    }
    assert_int_equal(change(repair_drop, 99, words), NT_ENOENT);
}

static void test_repair__opt_out(void **state)
{
    struct number_state number = {.opted_out = 5, .last_paged = 6};
    struct id_array found = {NULL, 0, 0};
    struct store *s = d.r.store;
    char words[256];
    (void)state;
    int64_t id = desk_alert(&d, DESK_ALICE, "web01", "CRITICAL");
    put_state(id, PAGE_FAILED, 0, 0);
    desk_begin(&d);
    assert_int_equal(s->ops->number_put(s, DESK_ALICE, &number), NT_OK);
    desk_commit(&d);
    assert_int_equal(repair_candidates(&d.r, 0, &found), NT_OK);
    assert_int_equal(found.n, 0);
    assert_int_equal(change(repair_retry, id, words), NT_OK);
    assert_int_equal(s->ops->number_get(s, DESK_ALICE, &number), NT_OK);
    assert_int_equal(number.opted_out, 0);
    assert_int_equal(number.last_paged, 6);
    put_state(id, PAGE_FAILED, 0, 0);
    assert_int_equal(repair_candidates(&d.r, 0, &found), NT_OK);
    assert_int_equal(found.n, 1);
    id_array_clean(&found);
}

static void test_repair__candidates(void **state)
{
    struct id_array found = {NULL, 0, 0};
    (void)state;
    int64_t old = desk_alert(&d, DESK_ALICE, "old", "CRITICAL");
    int64_t since = desk_forward(&d, 1000);
    int64_t failed = desk_alert(&d, DESK_ALICE, "a", "CRITICAL"), sent = desk_alert(&d, DESK_ALICE, "b", "CRITICAL"),
            expired = desk_alert(&d, DESK_ALICE, "c", "CRITICAL"), told = desk_alert(&d, DESK_ALICE, "d", "CRITICAL"),
            digest = desk_alert(&d, DESK_ALICE, "e", "CRITICAL");
    put_state(old, PAGE_FAILED, 0, 0);
    put_state(failed, PAGE_FAILED, 0, 0);
    put_state(sent, PAGE_SENT, 0, 0);
    put_state(expired, PAGE_EXPIRED, 0, 0);
    put_state(told, PAGE_EXPIRED, 0, digest);
    put_state(digest, PAGE_FAILED, PAGE_DIGEST, 0);

    /* the other way that page `failed` took: as long as it lives, it carries the news */
    struct page *way = get(failed);
    way->id = 0;
    way->flags = PAGE_AGAIN;
    way->state = PAGE_QUEUED;
    desk_begin(&d);
    assert_int_equal(d.r.store->ops->page_put(d.r.store, way), NT_OK);
    desk_commit(&d);
    assert_int_equal(repair_candidates(&d.r, since, &found), NT_OK);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.item[0], expired);
    id_array_clean(&found);

    put_state(way->id, PAGE_UNDELIVERED, PAGE_AGAIN, 0);
    assert_int_equal(repair_candidates(&d.r, since, &found), NT_OK);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.item[0], failed);
    assert_int_equal(found.item[1], expired);
    id_array_clean(&found);
    page_free(way);
}

static void test_repair__due(void **state)
{
    struct id_array found = {NULL, 0, 0};
    (void)state;
    int64_t a = desk_alert(&d, DESK_ALICE, "a", "CRITICAL"), b = desk_alert(&d, DESK_ALICE, "b", "CRITICAL"),
            c = desk_alert(&d, DESK_ALICE, "c", "CRITICAL");
    put_state(b, PAGE_HELD, 0, 0);
    put_state(c, PAGE_SENT, 0, 0);
    int64_t now = runtime_now(&d.r);
    assert_int_equal(repair_due(d.r.store, now - 1, &found), NT_OK);
    assert_int_equal(found.n, 0);
    put_state(a, PAGE_SENDING, 0, 0);
    assert_int_equal(repair_due(d.r.store, now - 1, &found), NT_OK);
    assert_int_equal(found.n, 1);
    id_array_clean(&found);
    assert_int_equal(repair_due(d.r.store, now, &found), NT_OK);
    assert_int_equal(found.n, 2);
    id_array_clean(&found);
}

static void test_repair__out_of_memory(void **state)
{
    (void)state;
    int64_t member = desk_alert(&d, DESK_ALICE, "a", "CRITICAL"), digest = desk_alert(&d, DESK_ALICE, "b", "CRITICAL"),
            plain = desk_alert(&d, DESK_ALICE, "c", "CRITICAL"), waiting = desk_alert(&d, DESK_ALICE, "d", "CRITICAL");
    put_state(member, PAGE_MERGED, 0, digest);
    put_state(digest, PAGE_EXPIRED, PAGE_DIGEST, 0);
    put_state(plain, PAGE_FAILED, 0, 0);
    desk_forward(&d, 1000);
    for (int which = 0; which < 5; which++) {
        for (unsigned long n = 1;; n++) {
            struct page *p = NULL;
            struct id_array found = {NULL, 0, 0};
            struct buf words;
            buf_init(&words, 255);
            desk_begin(&d);
            mem_fail_at(n);
            enum nt_status st = which == 0   ? repair_retry(&d.r, digest, &p, &words)
                                : which == 1 ? repair_retry(&d.r, plain, &p, &words)
                                : which == 2 ? repair_candidates(&d.r, 0, &found)
                                : which == 3 ? repair_drop(&d.r, waiting, &p, &words)
                                             : repair_due(d.r.store, INT64_MAX, &found);
            mem_fail_at(0);
            d.r.store->ops->rollback(d.r.store);
            bool failed = mem_failed();
            assert_true(st == NT_OK || (failed && st == NT_ENOMEM));
            if (which == 3)
                assert_true((p != NULL) == (st == NT_OK));
            page_free(p);
            id_array_clean(&found);
            buf_clean(&words);
            if (!failed)
                break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repair__retry_by_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__retry_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__older_news_stays_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__digest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__drop_by_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__opt_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__candidates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repair__out_of_memory, setup, teardown),
    };
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

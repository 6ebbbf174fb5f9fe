/* What would be sent, and why nothing would be. */
#include "flow/preview.h"

#include "base/log.h"
#include "desk.h"

#include <stdlib.h>
#include <string.h>

static struct desk d;

/* An alert to somebody (NULL: nobody is named); the error's words are in words. */
static enum nt_status preview(const char *to, const char *state, bool anonymous, struct preview *out, char words[512])
{
    struct order order;
    struct buf error;
    order_init(&order);
    buf_init(&error, 511);
    preview_init(out);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    if (to)
        assert_int_equal(strlist_add(&order.to, to), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", state), NT_OK);
    enum nt_status st = preview_order(&d.r, &order, anonymous, out, &error);
    strcpy(words, buf_text(&error));
    order_clean(&order);
    buf_clean(&error);
    return st;
}

static void test_preview__nobody_to_page(void **state)
{
    (void)state;
    static const struct {
        const char *to, *state, *words;
        bool muted;
    } cases[] = {
        {NULL, "CRITICAL", "nobody to page", false}, /* nobody was named: there is nothing to add */
        {"mallory", "CRITICAL", "nobody to page: ", false},
        {"bob", "WARNING", "nobody to page: ", true},
    };
    assert_int_equal(desk_open(&d, ""), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct preview p;
        char words[512];
        assert_int_equal(preview(cases[i].to, cases[i].state, false, &p, words), NT_ENOBODY);
        if (strchr(cases[i].words, ':')) {
            assert_memory_equal(words, cases[i].words, strlen(cases[i].words));
            assert_non_null(strstr(words, cases[i].to));
            assert_null(strchr(words, '\n'));
        } else {
            assert_string_equal(words, cases[i].words);
        }
        assert_int_equal(p.muted, cases[i].muted);
        assert_int_equal(p.n, 0);
        preview_clean(&p);
        assert_int_equal(preview(cases[i].to, cases[i].state, true, &p, words), NT_OK); /* a text needs nobody */
        assert_string_equal(words, "");
        assert_int_equal(p.n, 1);
        assert_string_equal(p.item[0].page->number, "");
        assert_non_null(strstr(p.item[0].page->body, "web01"));
        assert_int_equal(p.item[0].form.n, 0);
        preview_clean(&p);
    }
    desk_close(&d);
}

/* Nobody was named: the fallback is asked. */
static void test_preview__the_fallback(void **state)
{
    (void)state;
    struct preview p;
    char words[512];
    assert_int_equal(desk_open(&d, "fallback: [alice]\n"), 0);
    assert_int_equal(preview(NULL, "CRITICAL", false, &p, words), NT_OK);
    assert_int_equal(p.n, 1);
    assert_string_equal(p.item[0].page->number, DESK_ALICE);
    assert_true(p.item[0].form.n > 0);
    preview_clean(&p);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preview__nobody_to_page),
        cmocka_unit_test(test_preview__the_fallback),
    };
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", NT_SOURCE_DIR "/templates", 1), 0);
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

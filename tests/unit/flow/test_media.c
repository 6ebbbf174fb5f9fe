/* Which pages carry pictures, and what becomes of the link where none may. */
#include "flow/media.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct strlist none;

static void test_media__by_prefix(void **state)
{
    (void)state;
    static const char link[] = "https://example.org/graph.png";
    static const struct {
        const char *number;
        size_t text; /* length of the text */
        bool media, linked;
    } table[] = {
        {"+15005550001", 20, true, false},
        {"+15005550001", 160, true, false},
        {"+4915112345678", 20, false, true},
        {"+4915112345678", 160 - sizeof link, false, true}, /* with a newline, to the last septet */
        {"+4915112345678", 161 - sizeof link, false, false},
        {"+4915112345678", 160, false, false},
        {"", 20, true, false}, /* nobody yet: a preview */
    };
    char *prefix[] = {(char[]){"+1"}};
    struct config c = {.media_prefixes = {.item = prefix, .n = 1}, .message = {.max_segments = 1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char body[200];
        struct page *p = page_new();
        assert_non_null(p);
        memset(body, 'x', table[i].text);
        body[table[i].text] = '\0';
        snprintf(p->number, sizeof p->number, "%s", table[i].number);
        assert_int_equal(page_set(&p->body, body), NT_OK);
        assert_int_equal(strlist_add(&p->media, link), NT_OK);
        assert_int_equal(media_limit(&c, p, &none), NT_OK);
        assert_int_equal(p->media.n, table[i].media);
        assert_int_equal(strstr(p->body, link) != NULL, table[i].linked);
        assert_int_equal(strncmp(p->body, body, table[i].text), 0);
        page_free(p);
    }
}

/* A late page's text is made anew, longer by its age. */
static void test_media__link_stays_under_a_new_text(void **state)
{
    (void)state;
    static const char before[] = "first text\nhttps://example.org/graph.png";
    static const struct {
        bool linked;
        size_t text; /* length of the new one */
        bool stays;
    } table[] = {{true, 20, true},
                 {true, 160 - sizeof "https://example.org/graph.png", true},
                 {true, 161 - sizeof "https://example.org/graph.png", false},
                 {false, 20, false}}; /* what stood there was no link of ours */
    struct config c = {.message = {.max_segments = 1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char body[200];
        struct page *p = page_new();
        assert_non_null(p);
        memset(body, 'x', table[i].text);
        body[table[i].text] = '\0';
        p->flags = table[i].linked ? PAGE_LINKED : 0;
        assert_int_equal(page_set(&p->body, body), NT_OK);
        assert_int_equal(media_relink(&c, p, before), NT_OK);
        assert_int_equal(strstr(p->body, "\nhttps://example.org/graph.png") != NULL, table[i].stays);
        assert_int_equal((p->flags & PAGE_LINKED) != 0, table[i].stays);
        assert_int_equal(strncmp(p->body, body, table[i].text), 0);
        page_free(p);
    }
}

static void test_media__link_does_not_change_the_encoding(void **state)
{
    (void)state;
    struct config c = {.message = {.max_segments = 3}};
    struct page *p = page_new();
    assert_non_null(p);
    snprintf(p->number, sizeof p->number, "+4915112345678");
    assert_int_equal(page_set(&p->body, "short"), NT_OK);
    assert_int_equal(strlist_add(&p->media, "https://example.org/\xd0\xb3.png"), NT_OK);
    assert_int_equal(media_limit(&c, p, &none), NT_OK);
    assert_string_equal(p->body, "short");
    assert_int_equal(p->media.n, 0);
    page_free(p);
}

static struct config_graph graphs[] = {
    {.name = (char[]){"plain"}},
    {.name = (char[]){"urgent"}},
    {.name = (char[]){"recovery"}},
    {.name = (char[]){"routine"}},
};

static void set_when(void)
{
    static char words[][16] = {"urgent", "recovery", "routine"};
    static char *when[3][1];
    for (size_t i = 0; i < 3; i++) {
        when[i][0] = words[i];
        graphs[i + 1].when = (struct strlist){when[i], 1, 1};
    }
}

/* The names, joined by blanks. */
static void assert_graphs(const struct config *c, const struct alert *a, const char *asked, const char *expected,
                          const char *told)
{
    struct order order;
    struct strlist got;
    struct buf notes, names;
    order_init(&order);
    strlist_init(&got);
    buf_init(&notes, 1000);
    buf_init(&names, 1000);
    assert_int_equal(strlist_split(&order.graphs, asked, " "), NT_OK);
    assert_int_equal(media_graphs(c, &order, a, &got, &notes), NT_OK);
    for (size_t i = 0; i < got.n; i++)
        buf_addf(&names, "%s%s", i ? " " : "", got.item[i]);
    assert_string_equal(buf_text(&names), expected);
    assert_string_equal(buf_text(&notes), told);
    order_clean(&order);
    strlist_clean(&got);
    buf_clean(&notes);
    buf_clean(&names);
}

static void test_media__which_graphs(void **state)
{
    (void)state;
    static const struct {
        enum alert_event event;
        enum alert_class class;
        const char *asked, *expected, *told;
    } table[] = {
        {EVENT_PROBLEM, CLASS_URGENT, "", "urgent", ""},
        {EVENT_PROBLEM, CLASS_ROUTINE, "", "routine", ""},
        {EVENT_RECOVERY, CLASS_ROUTINE, "", "recovery routine", ""},
        {EVENT_CUSTOM, CLASS_URGENT, "", "urgent", ""},
        {EVENT_PROBLEM, CLASS_URGENT, "plain", "plain", ""},
        {EVENT_PROBLEM, CLASS_ROUTINE, "plain", "", ""},
        {EVENT_CUSTOM, CLASS_URGENT, "plain", "", ""}, /* urgent, and no problem */
        {EVENT_RECOVERY, CLASS_ROUTINE, "plain urgent recovery", "recovery", ""},
        {EVENT_PROBLEM, CLASS_URGENT, "recovery plain urgent", "plain urgent", ""},
        {EVENT_TEST, CLASS_ROUTINE, "plain urgent recovery routine", "plain urgent recovery routine", ""},
        {EVENT_PROBLEM, CLASS_URGENT, "nobody plain", "plain",
         "there is no graph 'nobody': the text goes without it\n"},
    };
    set_when();
    struct config c = {.graph = graphs, .graphs = 4};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct alert a = {.event = table[i].event, .class = table[i].class};
        assert_graphs(&c, &a, table[i].asked, table[i].expected, table[i].told);
    }
}

static void test_media__never_more_than_ten(void **state)
{
    (void)state;
    struct alert a = {.event = EVENT_PROBLEM, .class = CLASS_URGENT};
    struct order order;
    struct strlist got;
    struct buf notes;
    order_init(&order);
    strlist_init(&got);
    buf_init(&notes, 1000);
    set_when();
    struct config c = {.graph = graphs, .graphs = 4};
    for (int i = 0; i < ORDER_MEDIA_MAX; i++)
        assert_int_equal(strlist_add(&order.media, "https://example.org/a.png"), NT_OK);
    assert_int_equal(media_graphs(&c, &order, &a, &got, &notes), NT_OK);
    assert_int_equal(got.n, 0);
    order_clean(&order);
    strlist_clean(&got);
    buf_clean(&notes);
}

static struct page *page_for(const char *number, const char *body)
{
    struct page *p = page_new();
    assert_non_null(p);
    snprintf(p->number, sizeof p->number, "%s", number);
    assert_int_equal(page_set(&p->body, body), NT_OK);
    p->created = p->due = 1000;
    return p;
}

static void test_media__waits_for_pictures(void **state)
{
    (void)state;
    char *prefix[] = {(char[]){"+1"}}, *names[] = {(char[]){"cpu"}, (char[]){"net"}};
    const struct strlist wanted = {names, 2, 2};
    struct config_publish publish = {.kind = CONFIG_PUBLISH_DIRECTORY,
                                     .public_url = (char[]){"https://p.example.org/"}};
    struct config c = {.media_prefixes = {.item = prefix, .n = 1},
                       .message = {.max_segments = 1},
                       .publish = &publish,
                       .publishes = 1};
    static char full[161];
    memset(full, 'x', 160);
    const struct {
        const char *number, *body;
        bool waits;
    } table[] = {
        {"+15005550001", full, true},
        {"+4915112345678", "short: the link fits", true},
        {"+4915112345678", full, false},
        {"", full, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct page *p = page_for(table[i].number, table[i].body);
        assert_int_equal(media_limit(&c, p, &wanted), NT_OK);
        assert_int_equal((p->flags & PAGE_PICTURE) != 0, table[i].waits);
        assert_int_equal(p->media.n, table[i].waits ? 2 : 0);
        assert_int_equal(p->due, table[i].waits ? 1000 + MEDIA_DEADLINE : 1000);
        assert_false(media_travels(p));
        if (table[i].waits)
            assert_string_equal(p->media.item[1], "graph:net");
        page_free(p);
    }
}

static void test_media__settles(void **state)
{
    (void)state;
    char *prefix[] = {(char[]){"+1"}}, *names[] = {(char[]){"cpu"}, (char[]){"net"}};
    char *urls[] = {(char[]){"https://p.example.org/1.png"}, (char[]){"https://p.example.org/2.png"}};
    const struct strlist wanted = {names, 2, 2};
    struct config c = {.media_prefixes = {.item = prefix, .n = 1}, .message = {.max_segments = 1}};
    for (size_t n = 0; n <= 2; n++) {
        const struct strlist got = {urls, n, 2};
        struct page *p = page_for("+15005550001", "text");
        assert_int_equal(strlist_add(&p->media, "https://example.org/own.png"), NT_OK);
        assert_int_equal(media_limit(&c, p, &wanted), NT_OK);
        assert_int_equal(p->media.n, 3);
        assert_int_equal(media_settle(&c, p, &got), NT_OK);
        assert_int_equal(p->media.n, 1 + n);
        assert_string_equal(p->media.item[0], "https://example.org/own.png");
        if (n == 2)
            assert_string_equal(p->media.item[2], urls[1]);
        assert_true(media_travels(p));
        assert_false(p->flags & PAGE_PICTURE);
        page_free(p);
    }
    /* outside media_prefixes the first one is a link */
    struct config_publish publish = {.kind = CONFIG_PUBLISH_DIRECTORY,
                                     .public_url = (char[]){"https://p.example.org/"}};
    c.publish = &publish;
    c.publishes = 1;
    struct page *p = page_for("+4915112345678", "text");
    assert_int_equal(media_limit(&c, p, &wanted), NT_OK);
    assert_int_equal(media_settle(&c, p, &(struct strlist){urls, 2, 2}), NT_OK);
    assert_string_equal(p->body, "text\nhttps://p.example.org/1.png");
    assert_int_equal(p->media.n, 0);
    page_free(p);
}

static void test_media__no_memory(void **state)
{
    (void)state;
    char *prefix[] = {(char[]){"+1"}}, *names[] = {(char[]){"cpu"}},
         *urls[] = {(char[]){"https://p.example.org/1.png"}};
    const struct strlist wanted = {names, 1, 1}, got = {urls, 1, 1};
    struct config c = {.media_prefixes = {.item = prefix, .n = 1}, .message = {.max_segments = 1}};
    for (unsigned long n = 1;; n++) {
        struct page *p = page_for("+15005550001", "text");
        mem_fail_at(n);
        enum nt_status status = media_limit(&c, p, &wanted);
        if (status == NT_OK)
            status = media_settle(&c, p, &got);
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        page_free(p);
        if (!failed)
            break;
    }
}

/* Outside media_prefixes a picture is worth waiting for only where its address would fit. */
static void test_media__nothing_to_wait_for(void **state)
{
    (void)state;
    char endless[3000], *names[] = {(char[]){"cpu"}};
    const struct strlist wanted = {names, 1, 1};
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    struct config_publish short_one = {.kind = CONFIG_PUBLISH_DIRECTORY, .public_url = (char[]){"https://p.example/"}},
                          long_one = {.kind = CONFIG_PUBLISH_DIRECTORY, .public_url = endless};
    struct {
        struct config_publish *publish;
        bool waits;
    } table[] = {{NULL, false}, {&long_one, false}, {&short_one, true}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct config c = {
            .publish = table[i].publish, .publishes = table[i].publish != NULL, .message = {.max_segments = 1}};
        struct page *p = page_for("+4915112345678", "text");
        assert_int_equal(media_limit(&c, p, &wanted), NT_OK);
        assert_int_equal((p->flags & PAGE_PICTURE) != 0, table[i].waits);
        assert_int_equal(p->media.n, table[i].waits);
        page_free(p);
    }
}

/* Longer than any text with a link under it may be: the text goes as it is. */
static void test_media__a_text_too_long_for_a_link(void **state)
{
    (void)state;
    char body[8200];
    struct config c = {.message = {.max_segments = 100}};
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    struct page *p = page_for("+4915112345678", body);
    assert_int_equal(strlist_add(&p->media, "https://example.org/graph.png"), NT_OK);
    assert_int_equal(media_limit(&c, p, &none), NT_OK);
    assert_string_equal(p->body, body);
    assert_int_equal(p->media.n, 0);
    assert_false(p->flags & PAGE_LINKED);
    page_free(p);
}

static void test_media__no_memory_for_a_link(void **state)
{
    (void)state;
    char *names[] = {(char[]){"cpu"}}, *urls[] = {(char[]){"https://p.example/1.png"}};
    const struct strlist wanted = {names, 1, 1}, got = {urls, 1, 1};
    struct config_publish publish = {.kind = CONFIG_PUBLISH_DIRECTORY, .public_url = (char[]){"https://p.example/"}};
    struct config c = {.publish = &publish, .publishes = 1, .message = {.max_segments = 1}};
    bool failed = true;
    unsigned long n = 1;
    for (; failed; n++) {
        struct page *p = page_for("+4915112345678", "text");
        mem_fail_at(n);
        enum nt_status status = media_limit(&c, p, &wanted);
        bool waits = status == NT_OK;
        if (waits)
            status = media_settle(&c, p, &got);
        failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        if (!waits) /* it has not been changed */
            assert_false(p->flags & PAGE_PICTURE);
        assert_int_equal(strstr(p->body, urls[0]) != NULL, !failed);
        page_free(p);
    }
    assert_true(n > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media__by_prefix),
        cmocka_unit_test(test_media__link_stays_under_a_new_text),
        cmocka_unit_test(test_media__link_does_not_change_the_encoding),
        cmocka_unit_test(test_media__which_graphs),
        cmocka_unit_test(test_media__never_more_than_ten),
        cmocka_unit_test(test_media__waits_for_pictures),
        cmocka_unit_test(test_media__settles),
        cmocka_unit_test(test_media__no_memory),
        cmocka_unit_test(test_media__nothing_to_wait_for),
        cmocka_unit_test(test_media__a_text_too_long_for_a_link),
        cmocka_unit_test(test_media__no_memory_for_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

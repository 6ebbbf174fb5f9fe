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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media__by_prefix),
        cmocka_unit_test(test_media__link_does_not_change_the_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

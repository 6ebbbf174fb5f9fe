/* node: YAML with its places, and what of YAML is refused. */
#include "base/buf.h"
#include "base/mem.h"
#include "config/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_node__knows_places_and_kinds(void **state)
{
    (void)state;
    static const char text[] = "a: 1\nb:\n  - x\n  - 'y'\nc: {d: \"e\", f: }\n";
    struct problems p;
    struct node *root;
    problems_init(&p);
    assert_int_equal(node_parse("f", text, strlen(text), &p, &root), NT_OK);
    assert_int_equal(p.n, 0);
    assert_int_equal(root->kind, NODE_MAP);
    assert_int_equal(root->n, 3);
    const struct node *b = node_get(root, "b");
    assert_int_equal(b->kind, NODE_LIST);
    assert_string_equal(node_at(b, 0)->text, "x");
    assert_true(node_at(b, 0)->plain);
    assert_false(node_at(b, 1)->plain);
    assert_int_equal(node_at(b, 1)->line, 4);
    assert_int_equal(node_at(b, 1)->column, 5);
    assert_null(node_at(b, 2));
    const struct node *c = node_get(root, "c");
    assert_string_equal(node_get(c, "d")->text, "e");
    assert_true(node_empty(node_get(c, "f")));
    assert_false(node_empty(node_get(c, "d")));
    assert_int_equal(node_key(root, "c")->line, 5);
    assert_null(node_get(root, "z"));
    assert_null(node_get(b, "z"));
    assert_null(node_get(NULL, "z"));
    node_free(root);
    node_free(NULL);
    problems_clean(&p);
}

static void test_node__nothing_is_no_tree(void **state)
{
    (void)state;
    static const char *const text[] = {"", "\n", "# only a comment\n", "---\n", "~\n", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        struct problems p;
        struct node *root;
        problems_init(&p);
        assert_int_equal(node_parse("f", text[i], strlen(text[i]), &p, &root), NT_OK);
        assert_true(node_empty(root));
        assert_int_equal(p.n, 0);
        node_free(root);
        problems_clean(&p);
    }
}

/* What is refused is told with its place; the rest is read on, but for errors of syntax and bounds. */
static void test_node__refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool stops;
        unsigned long line, column;
        const char *message;
    } row[] = {
        {"a: &x 1\nb: *x\n", false, 2, 4, "aliases"},
        {"b: *undefined\n", false, 1, 4, "aliases"},
        {"a: &a [*a]\n", false, 1, 8, "aliases"},
        {"*x : 1\n", false, 1, 1, "aliases"},
        {"a: !!str 1\n", false, 1, 4, "tags"},
        {"a: !x [1]\n", false, 1, 4, "tags"},
        {"a: !x {b: 1}\n", false, 1, 4, "tags"},
        {"<<: {b: 1}\n", false, 1, 1, "merge keys"},
        {"a: 1\nb: 2\na: 3\n", false, 3, 1, "'a' is here twice (first in line 1)"},
        {"? [a]\n: 1\n", false, 1, 3, "a key must be a plain text"},
        {"? {a: b}\n: 1\nc: 2\n", false, 1, 3, "a key must be a plain text"},
        {"a: \"x\\0y\"\n", false, 1, 4, "NUL"},
        {"a: 1\n---\nb: 2\n", true, 2, 1, "second document"},
        {"a: [1\nb: 2\n", true, 2, 2, "YAML: "},
        {"a: 1\n b: 2\n", true, 2, 3, "YAML: "},
        {"a:\n\t- b\n", true, 2, 1, "YAML: "},
        {"a: 1\nb: \x80\n", true, 2, 4, "YAML: "},
        {"a: \"open\n", true, 2, 1, "YAML: "},
        {"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n", true, 1, 17, "nested too deeply"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct problems p;
        struct node *root;
        problems_init(&p);
        enum nt_status status = node_parse("f", row[i].text, strlen(row[i].text), &p, &root);
        assert_int_equal(status, row[i].stops ? NT_ECONFIG : NT_OK);
        assert_true((root == NULL) == row[i].stops);
        assert_int_equal(p.n, 1);
        if (!strstr(p.item[0].message, row[i].message))
            fail_msg("%s: %s", row[i].text, p.item[0].message);
        if (p.item[0].line != row[i].line || p.item[0].column != row[i].column)
            fail_msg("%s: at %lu:%lu", row[i].text, p.item[0].line, p.item[0].column);
        assert_true(p.item[0].fatal);
        node_free(root);
        problems_clean(&p);
    }
}

/* Billions of nodes if it were opened; here no more than its own lines. */
static void test_node__a_bomb_of_aliases_is_cheap(void **state)
{
    (void)state;
    struct problems p;
    struct node *root;
    struct buf b;
    buf_init(&b, 65536);
    buf_adds(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 30; i++) {
        buf_addf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_addf(&b, "%s*a%d", k ? ", " : "", i - 1);
        buf_adds(&b, "]\n");
    }
    problems_init(&p);
    assert_int_equal(node_parse("f", b.data, b.len, &p, &root), NT_OK);
    assert_int_equal(p.n, 290);
    node_free(root);
    problems_clean(&p);
    buf_clean(&b);
}

static void test_node__bounds(void **state)
{
    (void)state;
    struct problems p;
    struct node *root;
    struct buf b;
    buf_init(&b, NODE_TEXT_MAX + 16);
    for (int i = 0; i <= NODE_KEYS_MAX; i++)
        buf_addf(&b, "key%d: 1\n", i);
    problems_init(&p);
    assert_int_equal(node_parse("f", b.data, b.len, &p, &root), NT_ECONFIG);
    assert_string_equal(p.item[0].message, "too many keys in one mapping");
    problems_clean(&p);
    while (b.len <= NODE_TEXT_MAX)
        buf_addc(&b, '#');
    assert_int_equal(node_parse("f", b.data, b.len, &p, &root), NT_ECONFIG);
    assert_string_equal(p.item[0].message, "is larger than 4 MB");
    assert_int_equal(p.item[0].line, 0);
    problems_clean(&p);
    buf_clean(&b);
}

static void test_node__no_memory_is_told(void **state)
{
    (void)state;
    static const char text[] = "a: [1, {b: c}]\nd: *x\na: 2\n? [x]\n: y\n";
    for (unsigned long n = 1;; n++) {
        struct problems p;
        struct node *root;
        problems_init(&p);
        mem_fail_at(n);
        enum nt_status status = node_parse("f", text, strlen(text), &p, &root);
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
        node_free(root);
        problems_clean(&p);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node__knows_places_and_kinds),
        cmocka_unit_test(test_node__nothing_is_no_tree),
        cmocka_unit_test(test_node__refuses),
        cmocka_unit_test(test_node__a_bomb_of_aliases_is_cheap),
        cmocka_unit_test(test_node__bounds),
        cmocka_unit_test(test_node__no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

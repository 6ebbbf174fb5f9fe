/* parse: the tree, the places of faults, and what is left of a faulty template. */
#include "fixture.h"

#include "template/node.h"

static void parse(const char *text, struct template_tree *tree)
{
    struct buf source;
    buf_init(&source, TEMPLATE_SOURCE_MAX);
    assert_int_equal(buf_adds(&source, text), NT_OK);
    assert_int_equal(template_parse(&source, tree), NT_OK);
    assert_int_equal(source.len, 0);
    buf_clean(&source);
}

static void test_parse__faults_have_places(void **state)
{
    static const struct {
        const char *text;
        unsigned long line, column;
        const char *message; /* NULL: no fault */
    } table[] = {
        {"", 0, 0, NULL},
        {"plain { } }} text", 0, 0, NULL},
        {"{{a}} {{&b}} {{{c}}} {{! d }}", 0, 0, NULL},
        {"one\n  {{#a}}", 2, 3, "the section \"a\" is never closed"},
        {"{{^a}}x", 1, 1, "the section \"a\" is never closed"},
        {"{{#a}}{{#b}}{{/a}}", 1, 7, "the section \"b\" is never closed"},
        {"x{{/a}}", 1, 2, "no section \"a\" is open here"},
        {"{{#a}}{{/b}}{{/a}}", 1, 7, "no section \"b\" is open here"},
        {"\xC3\xA4\xE2\x82\xAC{{a", 1, 3, "this tag is never closed"},
        {"a\r\n\n{{{a}}", 3, 1, "this tag is never closed"},
        {"{{a {{b}}", 1, 1, "this tag is never closed"},
        {"{{! {{a}}{{={{ }}=}}", 0, 0, NULL},
        {"{{}}", 1, 1, "a tag without a name: \"\""},
        {"{{ }}", 1, 1, "a tag without a name: \"\""},
        {"{{a b}}", 1, 1, "a name cannot hold white space: \"a b\""},
        {"{{#if x}}{{/if x}}", 1, 1, "a name cannot hold white space: \"if x\""},
        {"{{> a b}}", 1, 1, "a name cannot hold white space: \"a b\""},
        {"{{#a|upper}}{{/a|upper}}", 1, 1, "a section takes a plain name, without filters: \"a|upper\""},
        {"{{=<% %>}}", 1, 1, "this tag is never closed"},
        {"{{=x=}}", 1, 1, "delimiters are two words without \"=\", such as {{=<% %>=}}: \"x\""},
        {"{{=a b c=}}", 1, 1, "delimiters are two words without \"=\", such as {{=<% %>=}}: \"a b c\""},
        {"{{==a b==}}", 1, 1, "delimiters are two words without \"=\", such as {{=<% %>=}}: \"=a b=\""},
        {"{{a | nope}}", 1, 1, "unknown filter \"nope\""},
        {"{{a |}}", 1, 1, "unknown filter \"\""},
        {"{{a | upper | }}", 1, 1, "unknown filter \"\""},
        {"{{a | upper:x}}", 1, 1, "the filter upper takes no argument"},
        {"{{a | fit:x}}", 1, 1, "the filter fit wants a number of characters up to 10000, such as 20"},
        {"{{a | fit:-1}}", 1, 1, "the filter fit wants a number of characters up to 10000, such as 20"},
        {"{{a | fit:99999}}", 1, 1, "the filter fit wants a number of characters up to 10000, such as 20"},
        {"{{a | first}}", 1, 1, "the filter first needs a number of characters from 1 to 10000, such as 20"},
        {"{{a | first:0}}", 1, 1, "the filter first needs a number of characters from 1 to 10000, such as 20"},
        {"{{a | default}}", 1, 1, "the filter default needs a text"},
        {"{{a | time:}}", 1, 1, "the filter time needs a format that strftime knows, such as %H:%M"},
        {"{{a | time:%Q}}", 1, 1, "the filter time needs a format that strftime knows, such as %H:%M"},
        {"{{a | time:%}}", 1, 1, "the filter time needs a format that strftime knows, such as %H:%M"},
        {"{{a | fit | fit:0 | first:1 | default:x:y | time:%d.%m. %-H:%M}}", 0, 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct template_tree tree;
        parse(table[i].text, &tree);
        if (!table[i].message) {
            assert_int_equal(tree.faults.n, 0);
        } else {
            assert_int_not_equal(tree.faults.n, 0);
            assert_string_equal(tree.faults.item[0].message, table[i].message);
            assert_int_equal(tree.faults.item[0].line, table[i].line);
            assert_int_equal(tree.faults.item[0].column, table[i].column);
        }
        template_tree_clean(&tree);
    }
}

static void test_parse__all_faults_are_told_in_order(void **state)
{
    struct template_tree tree;
    (void)state;
    parse("{{#a}}\n{{x|no}}\n{{/z}}\n{{#b}}\n", &tree);
    static const unsigned long lines[] = {1, 2, 3, 4};
    assert_int_equal(tree.faults.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(tree.faults.item[i].line, lines[i]);
    template_tree_clean(&tree);
}

static void test_parse__names_are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        size_t parts;
        bool macro;
        enum field field;
    } table[] = {
        {".", 0, false, FIELD_NONE},
        {"host", 1, false, FIELD_HOST},
        {"person.name", 2, false, FIELD_NONE},
        {"HOST.NAME", 2, true, FIELD_NONE},
        {"_SERVICERUNBOOK", 1, true, FIELD_NONE},
        {"HOSTn", 1, false, FIELD_NONE},
        {"a..b.", 4, false, FIELD_NONE},
        {"123", 1, true, FIELD_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct name name;
        assert_int_equal(name_set(&name, table[i].text, strlen(table[i].text)), NT_OK);
        assert_string_equal(name.whole, table[i].text);
        assert_int_equal(name.parts, table[i].parts);
        assert_int_equal(name.macro, table[i].macro);
        assert_int_equal(name.field, table[i].field);
        name_clean(&name);
    }
}

static void test_parse__nesting_is_bounded(void **state)
{
    struct template_tree tree;
    struct buf text;
    (void)state;
    buf_init(&text, TEMPLATE_SOURCE_MAX);
    for (int i = 0; i < 5000; i++)
        buf_adds(&text, "{{#a}}");
    parse(buf_text(&text), &tree);
    assert_int_equal(tree.faults.n, TEMPLATE_NESTING_MAX + 1);
    assert_string_equal(tree.faults.item[TEMPLATE_NESTING_MAX].message,
                        "sections nested more than 32 deep; the rest is left out");
    template_tree_clean(&tree);
    buf_clean(&text);
}

static void test_parse__faults_are_bounded(void **state)
{
    struct template_tree tree;
    struct buf text;
    (void)state;
    buf_init(&text, TEMPLATE_SOURCE_MAX);
    for (int i = 0; i < 5000; i++)
        buf_adds(&text, "{{/a}}");
    parse(buf_text(&text), &tree);
    assert_int_equal(tree.faults.n, 100);
    template_tree_clean(&tree);
    buf_clean(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__faults_have_places),    cmocka_unit_test(test_parse__all_faults_are_told_in_order),
        cmocka_unit_test(test_parse__names_are_taken_apart), cmocka_unit_test(test_parse__nesting_is_bounded),
        cmocka_unit_test(test_parse__faults_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

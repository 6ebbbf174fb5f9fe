/* render: Mustache as it is specified, without escaping; then spans, bounds, and what becomes of faults. */
#include "fixture.h"

static void test_render__tags(void **state)
{
    static const struct {
        const char *text, *data, *expected;
    } table[] = {
        /* interpolation */
        {"no {tag}\n", "{}", "no {tag}\n"},
        {"{{word}}, {{ word }}, {{&word}}, {{{ word }}}", "{\"word\":\"<&\\\">\"}", "<&\">, <&\">, <&\">, <&\">"},
        {"{{a}}", "{\"a\":\"{{b}}\",\"b\":\"no\"}", "{{b}}"},
        {"{{i}} {{d}} {{big}} {{neg}}", "{\"i\":85,\"d\":1.21,\"big\":1e20,\"neg\":-3}", "85 1.21 1e+20 -3"},
        {"[{{t}}{{f}}{{n}}{{missing}}]", "{\"t\":true,\"f\":false,\"n\":null}", "[truefalse]"},
        {"[{{list}}{{object}}]", "{\"list\":[1],\"object\":{\"a\":1}}", "[]"},
        {"  {{a}}\n", "{\"a\":\"x\"}", "  x\n"},
        /* dotted names */
        {"{{a.b.c}} {{#a}}{{b.c}}{{/a}}", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep deep"},
        {"[{{a.b.c}}]", "{\"a\":{}}", "[]"},
        {"[{{a.b}}]", "{\"a.b\":\"whole\"}", "[]"},
        {"[{{#a}}{{b.c}}{{/a}}]", "{\"a\":{\"b\":{}},\"b\":{\"c\":\"outer\"}}", "[]"},
        {"[{{a.b}}]", "{\"a\":\"text\"}", "[]"},
        /* a name without lower-case letters is tried whole first */
        {"{{A.B}} {{C.D}}", "{\"A.B\":\"whole\",\"A\":{\"B\":\"no\"},\"C\":{\"D\":\"parts\"}}", "whole parts"},
        {"{{#in}}{{A.B}}{{/in}}", "{\"A.B\":\"outer\",\"in\":{\"x\":1}}", "outer"},
        /* the implicit iterator */
        {"{{.}}", "\"world\"", "world"},
        {"{{#l}}({{.}}){{/l}}", "{\"l\":[1,\"b\",2.5]}", "(1)(b)(2.5)"},
        {"{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", "{\"l\":[[1,2],[\"a\"]]}", "(12)(a)"},
        {"{{#.}}{{v}};{{/.}}", "[{\"v\":1},{\"v\":2}]", "1;2;"},
        /* sections */
        {"{{#t}}a{{/t}}{{#f}}b{{/f}}{{#n}}c{{/n}}{{#m}}d{{/m}}", "{\"t\":true,\"f\":false,\"n\":null}", "a"},
        {"{{#zero}}a{{/zero}}{{#empty}}b{{/empty}}{{#one}}c{{/one}}", "{\"zero\":0,\"empty\":\"\",\"one\":1}", "c"},
        {"{{#o}}{{x}}{{y}}{{/o}}", "{\"y\":\"outer\",\"o\":{\"x\":\"in \"}}", "in outer"},
        {"{{#l}}{{x}}{{y}},{{/l}}", "{\"y\":\"?\",\"l\":[{\"x\":1},{\"x\":2,\"y\":\"!\"}]}", "1?,2!,"},
        {"{{#l}}x{{/l}}{{^l}}none{{/l}}", "{\"l\":[]}", "none"},
        {"{{^t}}a{{/t}}{{^f}}b{{/f}}{{^m}}c{{/m}}{{^l}}d{{/l}}", "{\"t\":true,\"f\":false,\"l\":[1]}", "bc"},
        {"{{#a}}1{{#a}}2{{/a}}3{{/a}}{{^a}}4{{^a}}5{{/a}}{{/a}}", "{\"a\":true}", "123"},
        {"{{#a.b}}yes{{/a.b}}{{^a.c}}no{{/a.c}}", "{\"a\":{\"b\":true}}", "yesno"},
        {"{{# t }}x{{/ t }}", "{\"t\":true}", "x"},
        /* lines that hold nothing but such a tag vanish */
        {"a\n{{#t}}\nb\n{{/t}}\nc\n", "{\"t\":true}", "a\nb\nc\n"},
        {"a\r\n  {{#t}}  \r\nb\r\n\t{{/t}}\r\nc", "{\"t\":true}", "a\r\nb\r\nc"},
        {"  {{#t}}\nx{{/t}}\ny", "{\"t\":true}", "x\ny"},
        {"x{{#t}}\ny\n  {{/t}}", "{\"t\":true}", "x\ny\n"},
        {" {{#t}}a{{/t}}\n {{#t}}b{{/t}}\n", "{\"t\":true}", " a\n b\n"},
        {" | {{#t}} {{! c }}\n {{/t}} | \n", "{\"t\":true}", " |  \n  | \n"},
        {"{{#t}}{{/t}}\nx", "{\"t\":true}", "\nx"},
        /* comments */
        {"1{{! a\n b }}2", "{\"! a\":1}", "12"},
        {"a\n  {{!\n  b\n  }}\nc\n", "{}", "a\nc\n"},
        {"  1 {{! a }}\n", "{}", "  1 \n"},
        /* delimiters */
        {"{{=<% %>=}}(<%a%>){{a}}", "{\"a\":\"x\"}", "(x){{a}}"},
        {"({{=[ ]=}}[a])", "{\"a\":\"x\"}", "(x)"},
        {"{{#t}}{{a}}{{/t}}\n{{= | | =}}\n|#t||a||/t|\n", "{\"t\":true,\"a\":\"x\"}", "x\nx\n"},
        {"|{{= @   @ =}}|", "{}", "||"},
        {"{{=<% %>=}}<%{a}%>|<%&a%>", "{\"a\":\"x\"}", "x|x"},
        /* partials: p is "({{a}})", lines is "1\n{{{b}}}\n2\n", delimiters sets its own */
        {"[{{>p}}]", "{\"a\":\"x\"}", "[(x)]"},
        {"[{{>nothing}}]", "{}", "[]"},
        {"{{#o}}{{> p }}{{/o}}", "{\"o\":{\"a\":\"y\"}}", "(y)"},
        {"a\n  {{>lines}}\nb", "{\"b\":\"<\\n>\"}", "a\n  1\n  <\n>\n  2\nb"},
        {" {{a}} {{>lines}}", "{\"a\":\"x\",\"b\":\"y\"}", " x 1\ny\n2\n"},
        {" {{>nested}}\n", "{\"b\":\"y\"}", " <\n  1\n  y\n  2\n >\n"},
        {"{{= | | =}}|>p||a|", "{\"a\":\"x\"}", "(x)x"},
        {"{{>delimiters}}{{a}}", "{\"a\":\"x\"}", "xx"},
        {"{{>tree}}", "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[]},{\"v\":3,\"kids\":[]}]}", "1<2<>3<>>"},
        {"{{>indented_condition}}", "{\"t\":true}", "yes\n"},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fixture_write(&f, "p", "({{a}})");
    fixture_write(&f, "lines", "1\n{{{b}}}\n2\n");
    fixture_write(&f, "nested", "<\n {{>lines}}\n>\n");
    fixture_write(&f, "delimiters", "{{=<% %>=}}<%a%>");
    fixture_write(&f, "tree", "{{v}}<{{#kids}}{{>tree}}{{/kids}}>");
    fixture_write(&f, "indented_condition", "{{#t}}\nyes\n{{/t}}\n");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_string_equal(fixture_json(&f, table[i].text, table[i].data), table[i].expected);
    fixture_close(&f);
}

/* The spans as "kind start+len/minimum", kinds f(it), s(ervice), h(ost). */
static const char *spans(const struct rendering *r)
{
    static char text[512];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < r->n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%c%zu+%zu/%zu", i ? " " : "", "fsh"[r->span[i].kind],
                              r -> span[i].start, r->span[i].len, r->span[i].minimum);
    return text;
}

static void test_render__spans(void **state)
{
    static const struct {
        const char *template, *text, *spans;
    } table[] = {
        {"{{output | fit}}", "Connection refused", "f0+18/0"},
        {"x {{output | fit:5 | upper}}!", "x CONNECTION REFUSED!", "f2+18/5"},
        {"{{service}} on {{host | short}}: {{output | oneline | fit}}", "HTTP on web01: Connection refused",
         "s0+4/0 h8+5/0 f15+18/0"},
        {"{{host | fit:3}}", "web01.example.org", "f0+17/3"},
        {"{{HOSTNAME}} {{SERVICEDESC}} {{_SERVICERUNBOOK}}", "web01.example.org HTTP https://wiki.example.org/http",
         "h0+17/0 s18+4/0"},
        {"{{#service}}{{.}}{{/service}} {{host_alias}}", "HTTP Web server 1", "s0+4/0"},
        {"{{author | fit}}{{state}}", "CRITICAL", ""},
        {"\n  {{host}}\n{{output|fit}}\n\n", "web01.example.org\nConnection refused", "h0+17/0 f18+18/0"},
        {"{{comment | default:none | fit}}", "none", "f0+4/0"},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_string_equal(fixture_page(&f, table[i].template, a), table[i].text);
        assert_string_equal(spans(&f.out), table[i].spans);
    }
    /* JSON stands for an alert: the same names give way. */
    fixture_json(&f, "{{host}} {{service}} {{x.host}}", "{\"host\":\"a\",\"service\":\"b\",\"x\":{\"host\":\"c\"}}");
    assert_string_equal(spans(&f.out), "h0+1/0 s2+1/0 h4+1/0");
    /* Blanks that are trimmed away are no elastic text either. */
    fixture_set(&a->output, "  padded  ");
    assert_string_equal(fixture_page(&f, "{{output | fit}}", a), "padded");
    assert_string_equal(spans(&f.out), "f0+6/0");
    alert_free(a);
    fixture_close(&f);
}

static void test_render__pages_are_clean(void **state)
{
    static const struct {
        const char *template, *output, *expected;
    } table[] = {
        {"{{output}}", "a\xFF\x80z", "a??z"}, {"{{output}}", "a\x01\x1B[31mb\tc\x7F", "a  [31mb c"},
        {"{{output}}", "a\r\nb", "a\nb"},     {"a\tb\r\nc\x02{{output}}\xC3", "x", "a b\nc x?"},
        {"\xEF\xBB\xBF{{output}}", "x", "x"}, {"{{output}}", "\xC3\xA4\xF0\x9F\x94\xA5", "\xC3\xA4\xF0\x9F\x94\xA5"},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fixture_set(&a->output, table[i].output);
        assert_string_equal(fixture_page(&f, table[i].template, a), table[i].expected);
    }
    alert_free(a);
    fixture_close(&f);
}

static void test_render__faults_are_empty_and_logged_once(void **state)
{
    static const struct {
        const char *template, *expected, *log; /* the log's end; "" nothing is logged */
    } table[] = {
        {"a{{host | nope}}b", "ab", ":1:2: unknown filter \"nope\""},
        {"a{{hots}}b{{stat}}", "ab", ":1:2: unknown field \"hots\""},
        {"a{{#hots}}x{{/hots}}b", "ab", ":1:2: unknown field \"hots\""},
        {"a{{host.name}}b", "ab", ":1:2: unknown field \"host.name\""},
        {"{{state}} {{#problem}}x", "CRITICAL", ":1:11: the section \"problem\" is never closed"},
        {"{{state}}\n{{host\n{{service}}", "CRITICAL\n\nHTTP", ":2:1: this tag is never closed"},
        {"{{host is {{state}}", "CRITICAL", ":1:1: this tag is never closed"},
        {"{{state}} {{host\nHTTP", "CRITICAL \nHTTP", ":1:11: this tag is never closed"},
        {"a{{/problem}}b", "ab", ":1:2: no section \"problem\" is open here"},
        {"a{{> none}}b", "ab", ":1:2: the partial is not there"},
        {"a{{> ../../etc/x}}b", "ab", ":1:2: the partial is not there"},
        {"a{{NOSUCHMACRO}}{{#NO.SUCH}}x{{/NO.SUCH}}b", "ab", ""},
        {"a{{.}}b", "ab", ""},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    struct render_options options = fixture_options();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_string_equal(fixture_page(&f, table[i].template, a), table[i].expected);
        assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
        if (!*table[i].log) {
            assert_int_equal(f.logged, 0);
            continue;
        }
        assert_int_equal(f.logged, 1);
        const char *place = strstr(f.log[0], "problem.mustache");
        assert_non_null(place);
        assert_string_equal(place + strlen("problem.mustache"), table[i].log);
    }
    alert_free(a);
    fixture_close(&f);
}

static void test_render__recursion_ends(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    fixture_write(&f, "self", "x{{>self}}");
    fixture_write(&f, "twice", "{{>twice}}{{>twice}}y");
    fixture_write(&f, "deeper", "  {{>deeper}}\n\t{{>deeper}}\nz\n");
    const char *text = fixture_page(&f, "{{>self}}", a);
    assert_true(strlen(text) > 10 && strlen(text) < 200);
    assert_int_equal(f.logged, 1);
    assert_non_null(strstr(f.log[0], "too deep"));
    text = fixture_page(&f, "a{{>twice}}", a);
    assert_true(strlen(text) <= TEXT_MAX);
    /* Ever new indentations: what is kept of them is bounded, and so is what is said about them. */
    text = fixture_page(&f, "b\n{{>deeper}}", a);
    assert_true(strlen(text) <= TEXT_MAX);
    assert_true(f.logged <= 2);
    alert_free(a);
    fixture_close(&f);
}

static void test_render__size_is_bounded(void **state)
{
    struct fixture f;
    struct buf json;
    (void)state;
    fixture_open(&f);
    buf_init(&json, 1024 * 1024);
    buf_adds(&json, "{\"l\":[1");
    for (int i = 0; i < 200; i++)
        buf_adds(&json, ",2");
    buf_adds(&json, "],\"t\":\"\xC3\xA4\xC3\xA4\xC3\xA4\"}");
    /* 201 to the fifth loops: both the text's size and the work have an end. */
    fixture_json(&f, "{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{t}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}", buf_text(&json));
    assert_true(f.out.text.len <= TEXT_MAX && f.out.text.len > TEXT_MAX - 8);
    assert_int_equal(f.out.text.len % 2, 0);
    assert_non_null(strstr(f.log[0], "too long"));
    fixture_json(&f, "{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{x}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}", buf_text(&json));
    assert_int_equal(f.out.text.len, 0);
    assert_non_null(strstr(f.log[0], "too long"));
    /* A rendering of its caller's size. */
    rendering_clean(&f.out);
    rendering_init(&f.out, 5);
    assert_string_equal(fixture_json(&f, "{{t}}", buf_text(&json)), "\xC3\xA4\xC3\xA4");
    buf_clean(&json);
    fixture_close(&f);
}

static void test_render__late_pages_tell_their_age(void **state)
{
    static const struct {
        const char *template, *expected;
    } table[] = {
        {"{{time}} {{host|short}}", "02:12 (7m ago) web01"},
        {"{{time | time:%d.%m. %H:%M}}", "23.11. 02:12 (7m ago)"},
        {"{{time}}-{{time}}", "02:12 (7m ago)-02:12"},
        {"{{time | ago}} {{time}}", "7m ago 02:12"},
        {"{{host|short}} {{state}}\n", "web01 CRITICAL (7m ago)"},
        {"{{time | url}} {{time}}", "02%3A12 02:12"},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    struct render_options options = fixture_options();
    options.now += 430 * 1000;
    options.late = 425;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fixture_write(&f, "problem", table[i].template);
        fixture_renew(&f, NULL);
        assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
        assert_string_equal(buf_text(&f.out.text), table[i].expected);
    }
    /* An event in the future is as late as its page. */
    a->time = EVENT_AT + 100000;
    fixture_write(&f, "problem", "{{time}}");
    fixture_renew(&f, NULL);
    assert_int_equal(template_render_alert(f.set, NULL, a, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "05:58 (7m ago)");
    alert_free(a);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render__tags),
        cmocka_unit_test(test_render__spans),
        cmocka_unit_test(test_render__pages_are_clean),
        cmocka_unit_test(test_render__faults_are_empty_and_logged_once),
        cmocka_unit_test(test_render__recursion_ends),
        cmocka_unit_test(test_render__size_is_bounded),
        cmocka_unit_test(test_render__late_pages_tell_their_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where pictures come from: what is asked, what is made of the answer, and what a name in an alert cannot do. */
#include "media/source.h"

#include "base/mem.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct sandbox *box;
    struct config_graph graph;
    struct picture picture;
    struct source *source;
    const char *value; /* what each template says in place of "{{v}}" */
    int ended;
    char why[MEDIA_WHY];
};

static char none[] = "";

static void fixture_init(struct fixture *f, struct sandbox *box, enum config_graph_kind kind)
{
    memset(f, 0, sizeof *f);
    f->box = box;
    f->value = "web01";
    f->graph =
        (struct config_graph){.name = none, .kind = kind, .url = none, .header_file = none, .file = none, .root = none};
    f->graph.zabbix = (struct config_zabbix_graph){none, none, none, none, none};
    picture_init(&f->picture);
}

static enum nt_status expand(void *arg, const char *text, struct buf *out)
{
    const struct fixture *f = arg;
    const char *at = strstr(text, "{{v}}");
    if (!at)
        return buf_adds(out, text);
    return buf_addf(out, "%.*s%s%s", (int)(at - text), text, f->value, at + 5);
}

static void ended(void *arg, const char *why)
{
    struct fixture *f = arg;
    assert_null(f->source);
    f->ended++;
    snprintf(f->why, sizeof f->why, "%s", why ? why : "");
}

static void start(struct fixture *f)
{
    const struct source_request r = {.env = &f->box->env,
                                     .graph = &f->graph,
                                     .picture = &f->picture,
                                     .expand = expand,
                                     .expand_arg = f,
                                     .done = ended,
                                     .arg = f};
    picture_clean(&f->picture);
    f->ended = 0;
    f->why[0] = '\0';
    source_start(&r, &f->source);
}

static void turn_until_ended(struct fixture *f)
{
    for (int i = 0; !f->ended && i < 1200; i++) {
        struct pollfd p = {.fd = runner_fd(f->box->env.runner), .events = POLLIN};
        (void)poll(&p, 1, 50);
        runner_turn(f->box->env.runner);
    }
    assert_int_equal(f->ended, 1);
}

static bool is_our_png(const struct picture *p)
{
    unsigned char back[256];
    return p->kind == PICTURE_PNG && picture_read(p, 0, back, sizeof back) == (ssize_t)sandbox_png_len &&
           !memcmp(back, sandbox_png, sandbox_png_len);
}

/* An answer of the fake transport's last call, with a head and, for `take`, a body. */
static void answer(struct fixture *f, long status, const char *head, const void *body, size_t len)
{
    struct fake_call *c = &f->box->transport.call[f->box->transport.calls - 1];
    struct transport_result r = {.answered = true, .status = status, .head = head, .body = "", .error = ""};
    assert_true(c->open);
    if (c->request.take && status / 100 == 2 && len && !c->request.take(c->request.arg, body, len)) {
        r.answered = false;
        r.error = "the rest was not wanted";
    }
    c->open = false;
    c->request.done(c->request.arg, &r);
}

/* ---- url ---- */

static void test_source__url(void **state)
{
    struct fixture f;
    fixture_init(&f, *state, CONFIG_GRAPH_URL);
    char file[300], line[] = "X-Kind: cpu";
    char *lines[] = {line};
    snprintf(file, sizeof file, "%s/headers", f.box->folder);
    sandbox_write(f.box->folder, "headers", "# ours\r\nAuthorization: Bearer hush-hush\n\n");
    f.graph.url = (char[]){"https://graphs.example.org/{{v}}?x=1"};
    f.graph.headers = (struct strlist){lines, 1, 1};
    f.graph.header_file = file;
    start(&f);
    assert_non_null(f.source);
    const struct fake_call *c = &f.box->transport.call[0];
    assert_string_equal(c->method, "GET");
    assert_string_equal(c->url, "https://graphs.example.org/web01?x=1");
    assert_string_equal(c->headers, "X-Kind: cpu\nAuthorization: Bearer hush-hush\n");
    assert_int_equal(c->request.redirects, TRANSPORT_REDIRECTS);
    answer(&f, 200, "", sandbox_png, sandbox_png_len);
    assert_int_equal(f.ended, 1);
    assert_string_equal(f.why, "");
    assert_true(is_our_png(&f.picture));
    picture_clean(&f.picture);
}

static void test_source__url_fails(void **state)
{
    static const struct {
        long status;
        const char *body, *why;
    } table[] = {
        {404, "", "HTTP 404"},
        {500, "", "HTTP 500"},
        {302, "", "HTTP 302"},
        {204, "", "nothing came"},
        {200, "<!DOCTYPE html><html>", "not a picture"},
        {200, "GIF89a and then nothing", "only a part"},
    };
    struct fixture f;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fixture_init(&f, *state, CONFIG_GRAPH_URL);
        f.graph.url = (char[]){"https://graphs.example.org/{{v}}"};
        start(&f);
        answer(&f, table[i].status, "", table[i].body, strlen(table[i].body));
        if (f.ended != 1 || !strstr(f.why, table[i].why))
            fail_msg("%ld: %s", table[i].status, f.why);
        picture_clean(&f.picture);
    }
    fixture_init(&f, *state, CONFIG_GRAPH_URL);
    f.graph.url = (char[]){"https://graphs.example.org/{{v}}"};
    start(&f);
    fake_no_answer(&f.box->transport, f.box->transport.calls - 1, "connection refused");
    assert_string_equal(f.why, "connection refused");
    picture_clean(&f.picture);
}

static void test_source__url_is_not_asked(void **state)
{
    static const char *const values[] = {"a b", "Gr\303\266\303\237e", "a\nHost: evil", "<b>", "a\"b", "{x}", "a\\b"};
    struct fixture f;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        fixture_init(&f, *state, CONFIG_GRAPH_URL);
        f.graph.url = (char[]){"https://graphs.example.org/{{v}}"};
        f.value = values[i];
        start(&f);
        assert_int_equal(f.ended, 1);
        assert_non_null(strstr(f.why, "filter url"));
    }
    fixture_init(&f, *state, CONFIG_GRAPH_URL);
    f.graph.url = (char[]){"{{v}}"};
    f.value = "file:///etc/passwd";
    start(&f);
    assert_non_null(strstr(f.why, "the address is none"));
    f.value = "https://graphs.example.org/";
    f.graph.header_file = (char[]){"/nonexistent/headers"};
    start(&f);
    assert_non_null(strstr(f.why, "header_file /nonexistent/headers"));
    assert_int_equal(f.box->transport.calls, 0);
}

static void test_source__cancelled(void **state)
{
    struct fixture f;
    fixture_init(&f, *state, CONFIG_GRAPH_URL);
    f.graph.url = (char[]){"https://graphs.example.org/{{v}}"};
    start(&f);
    source_cancel(f.source);
    assert_null(f.source);
    assert_int_equal(f.ended, 0);
    assert_int_equal(fake_open(&f.box->transport), 0);
    assert_int_equal(f.box->transport.cancelled, 1);
    source_cancel(NULL);
}

/* ---- command ---- */

static void command(struct fixture *f, const char *second, const char *third)
{
    strlist_init(&f->graph.command);
    assert_int_equal(strlist_add(&f->graph.command, "/bin/cat"), NT_OK);
    assert_int_equal(strlist_add(&f->graph.command, second), NT_OK);
    if (third)
        assert_int_equal(strlist_add(&f->graph.command, third), NT_OK);
}

static void test_source__command(void **state)
{
    struct fixture f;
    char path[300];
    fixture_init(&f, *state, CONFIG_GRAPH_COMMAND);
    FILE *out = fopen((snprintf(path, sizeof path, "%s/a;b $(id) 'c'.png", f.box->folder), path), "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(sandbox_png, 1, sandbox_png_len, out), sandbox_png_len);
    fclose(out);
    snprintf(path, sizeof path, "%s/{{v}}.png", f.box->folder);
    command(&f, path, NULL);
    f.value = "a;b $(id) 'c'"; /* one argument, whatever is in it */
    start(&f);
    turn_until_ended(&f);
    assert_string_equal(f.why, "");
    assert_true(is_our_png(&f.picture));
    f.value = "missing";
    start(&f);
    turn_until_ended(&f);
    assert_non_null(strstr(f.why, "exit status 1: "));
    assert_non_null(strstr(f.why, "missing.png"));
    strlist_clean(&f.graph.command);
    picture_clean(&f.picture);
}

static void test_source__command_options_are_the_admins(void **state)
{
    struct fixture f;
    fixture_init(&f, *state, CONFIG_GRAPH_COMMAND);
    command(&f, "{{v}}", NULL);
    f.value = "--output=/etc/passwd";
    start(&f);
    assert_int_equal(f.ended, 1);
    assert_non_null(strstr(f.why, "argument 1 of the command would turn into an option"));
    strlist_clean(&f.graph.command);
    command(&f, "--show-all", "-{{v}}"); /* written so by whoever configures it */
    f.value = "n";
    start(&f);
    turn_until_ended(&f);
    assert_non_null(strstr(f.why, "nothing came"));
    strlist_clean(&f.graph.command);
    strlist_init(&f.graph.command);
    assert_int_equal(strlist_add(&f.graph.command, "/nonexistent/program"), NT_OK);
    start(&f);
    assert_non_null(strstr(f.why, "/nonexistent/program cannot be started"));
    strlist_clean(&f.graph.command);
    picture_clean(&f.picture);
}

/* ---- file ---- */

static void put_png(const char *folder, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(sandbox_png, 1, sandbox_png_len, out), sandbox_png_len);
    fclose(out);
}

static void link_to(const char *folder, const char *name, const char *to)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(to, path), 0);
}

static void test_source__file_stays_below_root(void **state)
{
    static const struct {
        const char *name;
        int error; /* 0: it is read */
    } table[] = {
        {"in.png", 0},          {"/in.png", 0},       {"sub/../in.png", 0},         {"to-in.png", 0},
        {"absolute.png", 0},    {"sub/up.png", 0},    {"../out.png", EXDEV},        {"out.png", EXDEV},
        {"away.png", EXDEV},    {"none.png", ENOENT}, {"sub/../../out.png", EXDEV}, {"up/out.png", EXDEV},
        {"/../out.png", EXDEV}, {"loop.png", ELOOP},  {"../rooted/in.png", EXDEV},
    };
    struct sandbox *box = *state;
    char root[200], beside[200], path[400];
    snprintf(root, sizeof root, "%s/root", box->folder);
    snprintf(beside, sizeof beside, "%s/rooted", box->folder); /* begins like root, and is another */
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(mkdir(beside, 0700), 0);
    snprintf(path, sizeof path, "%s/sub", root);
    assert_int_equal(mkdir(path, 0700), 0);
    put_png(root, "in.png");
    put_png(beside, "in.png");
    put_png(box->folder, "out.png");
    link_to(root, "to-in.png", "in.png");
    link_to(root, "sub/up.png", "../in.png");
    snprintf(path, sizeof path, "%s/in.png", root);
    link_to(root, "absolute.png", path);
    snprintf(path, sizeof path, "%s/out.png", box->folder);
    link_to(root, "away.png", path);
    link_to(root, "out.png", "../out.png");
    link_to(root, "up", "..");
    link_to(root, "loop.png", "loop.png");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int by_hand = 0; by_hand < 2; by_hand++) {
            errno = 0;
            int fd = source_file_open(root, table[i].name, by_hand);
            int error = fd < 0 ? errno : 0;
            if (error != table[i].error)
                fail_msg("%s: %s", table[i].name, strerror(error));
            if (fd >= 0)
                close(fd);
        }
}

static void test_source__file(void **state)
{
    struct fixture f;
    char root[200], path[400];
    fixture_init(&f, *state, CONFIG_GRAPH_FILE);
    snprintf(root, sizeof root, "%s/root", f.box->folder);
    assert_int_equal(mkdir(root, 0700), 0);
    put_png(root, "web01.png");
    snprintf(path, sizeof path, "%s/pipe.png", root);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/folder.png", root);
    assert_int_equal(mkdir(path, 0700), 0);
    sandbox_write(root, "text.png", "this is only a text, whatever it is called");
    f.graph.root = root;
    f.graph.file = (char[]){"{{v}}.png"};
    start(&f);
    assert_int_equal(f.ended, 1);
    assert_string_equal(f.why, "");
    assert_true(is_our_png(&f.picture));
    static const struct {
        const char *value, *why;
    } table[] = {{"../secret", "../secret.png: "},
                 {"none", "none.png: No such file"},
                 {"pipe", "pipe.png: not a file"},
                 {"folder", "folder.png: not a file"},
                 {"text", "not a picture"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        f.value = table[i].value;
        start(&f);
        if (f.ended != 1 || !strstr(f.why, table[i].why))
            fail_msg("%s: %s", table[i].value, f.why);
    }
    picture_clean(&f.picture);
}

/* ---- zabbix ---- */

/* A picture as high as a chart, or as a line of words. */
static void chart(unsigned char *out, unsigned height)
{
    memcpy(out, sandbox_png, sandbox_png_len);
    out[22] = (unsigned char)(height >> 8);
    out[23] = (unsigned char)height;
}

static void zabbix(struct fixture *f, struct sandbox *box)
{
    fixture_init(f, box, CONFIG_GRAPH_ZABBIX);
    f->value = "42";
    f->graph.zabbix = (struct config_zabbix_graph){.url = (char *)(uintptr_t) "https://zabbix.example.org/zabbix/",
                                                   .user = (char *)(uintptr_t) "graphs",
                                                   .password = (char *)(uintptr_t) "p&ss w=rd",
                                                   .password_file = none,
                                                   .item = (char *)(uintptr_t) "{{v}}"};
}

#define LAST(f) (&(f)->box->transport.call[(f)->box->transport.calls - 1])
#define CHART                                                                                                          \
    "https://zabbix.example.org/zabbix/chart.php?from=now-1h&to=now&itemids%5B0%5D=42&type=0&profileIdx="              \
    "web.item.graph.filter&width=600&height=200"
#define LOGIN                                                                                                          \
    "HTTP/1.1 302 Found\nSet-Cookie: zbx_session=old; path=/\nset-cookie:  zbx_session=s3ss; HttpOnly\n"               \
    "Set-Cookie: PHPSESSID=deleted; Max-Age=0\nLocation: zabbix.php\n"

static void test_source__zabbix(void **state)
{
    struct fixture f;
    unsigned char png[128];
    chart(png, 318);
    zabbix(&f, *state);
    start(&f);
    assert_string_equal(LAST(&f)->method, "POST");
    assert_string_equal(LAST(&f)->url, "https://zabbix.example.org/zabbix/index.php");
    answer(&f, 302, LOGIN, "", 0);
    assert_string_equal(LAST(&f)->method, "GET");
    assert_string_equal(LAST(&f)->url, CHART);
    assert_string_equal(LAST(&f)->headers, "Cookie: zbx_session=s3ss\n");
    answer(&f, 200, "", png, sandbox_png_len);
    assert_string_equal(f.why, "");
    assert_int_equal(f.picture.len, sandbox_png_len);
    assert_int_equal(f.box->transport.calls, 2);

    /* the next alert does without the login */
    assert_int_equal(sandbox_count(f.box->state), 1);
    start(&f);
    assert_string_equal(LAST(&f)->url, CHART);
    assert_string_equal(LAST(&f)->headers, "Cookie: zbx_session=s3ss\n");
    assert_int_equal(f.box->transport.calls, 3);

    /* the session is over: a page of HTML instead of a picture, or a redirect to it, or a refusal */
    static const char html[] = "<!DOCTYPE html><html><body>Please log in</body></html>";
    static const long over[] = {200, 302, 403};
    for (size_t i = 0; i < sizeof over / sizeof *over; i++) {
        if (i)
            start(&f);
        answer(&f, over[i], "", html, sizeof html - 1);
        assert_string_equal(LAST(&f)->method, "POST");
        answer(&f, 302, "Set-Cookie: zbx_session=new\n", "", 0);
        assert_string_equal(LAST(&f)->headers, "Cookie: zbx_session=new\n");
        answer(&f, 200, "", png, sandbox_png_len);
        assert_int_equal(f.ended, 1);
        assert_string_equal(f.why, "");
        assert_int_equal(f.picture.len, sandbox_png_len);
    }
    /* and only once */
    start(&f);
    answer(&f, 200, "", html, sizeof html - 1);
    answer(&f, 302, "Set-Cookie: zbx_session=newer\n", "", 0);
    answer(&f, 200, "", html, sizeof html - 1);
    assert_int_equal(f.ended, 1);
    assert_non_null(strstr(f.why, "not a picture"));

    /* words instead of a chart: perhaps a guest's, so it logs in; and then it is so */
    start(&f);
    chart(png, 24);
    answer(&f, 200, "", png, sandbox_png_len);
    assert_string_equal(LAST(&f)->method, "POST");
    answer(&f, 302, "Set-Cookie: zbx_session=newest\n", "", 0);
    answer(&f, 200, "", png, sandbox_png_len);
    assert_int_equal(f.ended, 1);
    assert_string_equal(f.why, "Zabbix draws no chart of item 42: may graphs see it?");
    picture_clean(&f.picture);
}

static void test_source__zabbix_session_is_private(void **state)
{
    struct fixture f;
    zabbix(&f, *state);
    start(&f);
    answer(&f, 302, LOGIN, "", 0);
    char command_line[400], mode[16] = "";
    snprintf(command_line, sizeof command_line, "stat -c %%a %s/*", f.box->state);
    FILE *p = popen(command_line, "re");
    assert_non_null(p);
    assert_non_null(fgets(mode, sizeof mode, p));
    pclose(p);
    assert_string_equal(mode, "600\n");
    source_cancel(f.source);
    picture_clean(&f.picture);
}

static void test_source__zabbix_fails(void **state)
{
    struct fixture f;
    zabbix(&f, *state);
    start(&f);
    answer(&f, 200, "", "", 0); /* the form again */
    assert_string_equal(f.why, "Zabbix refuses the login of graphs");
    assert_null(strstr(f.why, "p&ss"));
    start(&f);
    answer(&f, 302, "Location: zabbix.php\n", "", 0); /* no cookie */
    assert_non_null(strstr(f.why, "the login at Zabbix failed: HTTP 302"));
    start(&f);
    fake_no_answer(&f.box->transport, f.box->transport.calls - 1, "reset");
    assert_string_equal(f.why, "the login at Zabbix failed: reset");
    size_t calls = f.box->transport.calls;
    static const char *const values[] = {"", "{ITEM.ID}", "42&user=1", "-1", "*UNKNOWN*"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        f.value = values[i];
        start(&f);
        assert_non_null(strstr(f.why, "no number of an item"));
    }
    assert_int_equal(f.box->transport.calls, calls);
    assert_int_equal(sandbox_count(f.box->state), 0);
    f.value = "42";
    start(&f);
    answer(&f, 302, "Set-Cookie: a=b\n", "", 0);
    source_cancel(f.source); /* in the middle */
    assert_int_equal(fake_open(&f.box->transport), 0);
    picture_clean(&f.picture);
}

/* ---- all of them ---- */

static void test_source__no_memory(void **state)
{
    char root[200];
    struct fixture f;
    snprintf(root, sizeof root, "%s", ((struct sandbox *)*state)->folder);
    put_png(root, "web01.png");
    for (int kind = CONFIG_GRAPH_URL; kind <= CONFIG_GRAPH_ZABBIX; kind++)
        for (unsigned long n = 1;; n++) {
            fake_transport_init(&((struct sandbox *)*state)->transport);
            zabbix(&f, *state);
            f.graph.kind = (enum config_graph_kind)kind;
            f.graph.url = (char *)(uintptr_t) "https://example.org/";
            f.graph.file = (char *)(uintptr_t) "web01.png";
            f.graph.root = root;
            command(&f, "{{v}}", "x");
            mem_fail_at(n);
            start(&f);
            bool failed = mem_failed();
            mem_fail_at(0);
            assert_true(f.source || f.ended == 1);
            if (failed && f.ended)
                assert_true(*f.why);
            source_cancel(f.source);
            strlist_clean(&f.graph.command);
            picture_clean(&f.picture);
            if (!failed)
                break;
        }
}

/* Not only the beginning: with a login, and with the session of the last one. */
static void test_source__no_memory_on_the_way(void **state)
{
    struct fixture f;
    unsigned char png[128];
    chart(png, 318);
    for (int remembered = 0; remembered < 2; remembered++)
        for (unsigned long n = 1;; n++) {
            fake_transport_init(&((struct sandbox *)*state)->transport);
            zabbix(&f, *state);
            if (!remembered)
                sandbox_empty(f.box->state);
            mem_fail_at(n);
            start(&f);
            for (int i = 0; f.source && i < 4; i++)
                if (strcmp(LAST(&f)->method, "POST") == 0)
                    answer(&f, 302, LOGIN, "", 0);
                else
                    answer(&f, 200, "", png, sandbox_png_len);
            bool failed = mem_failed();
            mem_fail_at(0);
            assert_int_equal(f.ended, 1);
            /* a session that cannot be kept, or a line of the log, costs no picture */
            if (*f.why)
                assert_true(failed);
            else
                assert_int_equal(f.picture.len, sandbox_png_len);
            picture_clean(&f.picture);
            if (!failed)
                break;
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_source__url),
        TEST(test_source__url_fails),
        TEST(test_source__url_is_not_asked),
        TEST(test_source__cancelled),
        TEST(test_source__command),
        TEST(test_source__command_options_are_the_admins),
        TEST(test_source__file_stays_below_root),
        TEST(test_source__file),
        TEST(test_source__zabbix),
        TEST(test_source__zabbix_session_is_private),
        TEST(test_source__zabbix_fails),
        TEST(test_source__no_memory),
        TEST(test_source__no_memory_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Pages that wait for pictures, on a clock of their own: what is there in time goes along, and nothing is waited for
 * longer. */
#include "bench.h"

#include "base/log.h"
#include "base/mem.h"
#include "world_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEADLINE = 5000 };

static const unsigned char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0cccc\0\0\0\0IENDcccc";

/* A folder with web01.png in it, and one to publish into. */
struct gallery {
    char folder[64], public[80], config[2048];
};

static void gallery_new(struct gallery *g, const char *when)
{
    char path[100];
    snprintf(g->folder, sizeof g->folder, "%s/nt-gallery-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(g->folder));
    snprintf(g->public, sizeof g->public, "%s/public", g->folder);
    assert_int_equal(mkdir(g->public, 0755), 0);
    snprintf(path, sizeof path, "%s/web01.png", g->folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(png, 1, sizeof png - 1, f), sizeof png - 1);
    assert_int_equal(fclose(f), 0);
    snprintf(g->config, sizeof g->config,
             "media_prefixes: [\"+15005550001\"]\n"
             "graphs:\n"
             "  - {name: file, file: \"{{host}}.png\", root: %s%s}\n"
             "  - {name: hangs, command: [cat, %s/pipe]}\n"
             "publish:\n"
             "  - {directory: %s, public_url: \"https://p.example.org/m/\"}\n",
             g->folder, when, g->folder, g->public);
    snprintf(path, sizeof path, "%s/pipe", g->folder);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes into it */
}

static void gallery_free(struct gallery *g)
{
    char path[200];
    snprintf(path, sizeof path, "%s/pipe", g->folder);
    int fd = open(path, O_WRONLY | O_NONBLOCK); /* who still reads (an engine that was killed left him) is at the end */
    if (fd >= 0)
        close(fd);
    snprintf(path, sizeof path, "rm -rf %s", g->folder);
    FILE *p = popen(path, "r");
    if (p)
        pclose(p);
}

/* graphs: their names with commas between them; "" none is asked for. */
static int64_t alert(struct world *w, const char *to, const char *host, const char *graphs)
{
    struct order order;
    struct accepted accepted;
    order_init(&order);
    accepted_init(&accepted);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(strlist_split(&order.to, to, ","), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", host), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    assert_int_equal(strlist_split(&order.graphs, graphs, ","), NT_OK);
    assert_int_equal(world_order(w, &order, &accepted), NT_OK);
    int64_t id = accepted.page[0]->id;
    accepted_clean(&accepted);
    order_clean(&order);
    return id;
}

static void test_pictures__go_along(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    struct world *w = world_new(&(struct world_options){.config = g.config});
    int64_t id = alert(w, ALICE, "web01", "file");
    world_start(w);
    world_run(w, SECOND);
    assert_int_equal(w->twilio.posts.n, 1);
    assert_int_equal(w->twilio.posts.item[0].media, 1);
    world_run(w, MINUTE);
    assert_page(w, id, PAGE_DELIVERED);
    world_rules_end(w);
    world_free(w);
    gallery_free(&g);
}

/* What hangs is given up in time; what is there goes. */
static void test_pictures__nothing_is_waited_for_longer(void **state)
{
    (void)state;
    static const struct {
        const char *graphs;
        int media;
    } table[] = {{"hangs", 0}, {"hangs,file", 1}, {"file,hangs", 1}};
    struct gallery g;
    gallery_new(&g, "");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){.config = g.config});
        int64_t start = w->clock.boot_ms;
        world_start(w);
        world_run(w, SECOND);
        int64_t accepted = w->clock.boot_ms;
        int64_t id = alert(w, ALICE, "web01", table[i].graphs);
        world_run(w, DEADLINE - SECOND);
        assert_int_equal(w->twilio.posts.n, 0);
        assert_page(w, id, PAGE_QUEUED);
        world_run(w, 2 * SECOND);
        assert_int_equal(w->twilio.posts.n, 1);
        assert_int_equal(w->twilio.posts.item[0].media, table[i].media);
        int64_t waited = w->twilio.posts.item[0].boot - accepted;
        if (waited < DEADLINE - 100 || waited > DEADLINE + 100)
            fail_msg("%lld ms (started at %lld)", (long long)waited, (long long)start);
        world_rules_end(w);
        world_free(w);
    }
    gallery_free(&g);
}

/* The time counts from the acceptance, whoever drains. */
static void test_pictures__after_a_crash(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    static const struct {
        int64_t down;
        const char *graph;
        int media;
    } table[] = {{2 * SECOND, "file", 1}, {10 * SECOND, "file", 0}, {2 * SECOND, "hangs", 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){.config = g.config});
        int64_t accepted = w->clock.boot_ms;
        int64_t id = alert(w, ALICE, "web01", table[i].graph); /* nobody drains */
        world_run(w, table[i].down);
        world_start(w);
        world_run(w, 4 * SECOND);
        assert_int_equal(w->twilio.posts.n, 1);
        assert_int_equal(w->twilio.posts.item[0].media, table[i].media);
        int64_t waited = w->twilio.posts.item[0].boot - accepted;
        assert_true(waited < (table[i].down > DEADLINE ? table[i].down : DEADLINE) + 100);
        world_run(w, MINUTE);
        assert_page(w, id, PAGE_DELIVERED);
        world_rules_end(w);
        world_free(w);
    }
    gallery_free(&g);
}

static void test_pictures__killed_in_the_middle(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    struct world *w = world_new(&(struct world_options){.config = g.config});
    int64_t id = alert(w, ALICE, "web01", "hangs");
    world_start(w);
    world_run(w, 2 * SECOND);
    world_kill(w);
    world_start(w);
    world_run(w, 4 * SECOND);
    assert_int_equal(w->twilio.posts.n, 1);
    assert_int_equal(w->twilio.posts.item[0].media, 0);
    world_run(w, MINUTE);
    assert_page(w, id, PAGE_DELIVERED);
    world_rules_end(w);
    world_free(w);
    gallery_free(&g);
}

/* Newer news does not wait for the picture of what it ends. */
static void test_pictures__overtaken(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    struct world *w = world_new(&(struct world_options){.config = g.config});
    world_start(w);
    int64_t first = alert(w, ALICE, "web01", "hangs");
    world_run(w, SECOND);
    int64_t second = world_alert(w, NULL, ALICE, "host=web01", "state=DOWN", NULL);
    world_run(w, SECOND);
    assert_page(w, first, PAGE_SUPERSEDED);
    assert_int_equal(w->twilio.posts.n, 1);
    world_run(w, MINUTE);
    assert_page(w, second, PAGE_DELIVERED);
    assert_int_equal(w->twilio.posts.n, 1);
    world_free(w);
    gallery_free(&g);
}

/* `when` is enough, and only those who can have it wait for it. */
static void test_pictures__by_when(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, ", when: [problem]");
    struct world *w = world_new(&(struct world_options){.config = g.config});
    world_start(w);
    (void)alert(w, ALICE "," BOB, "web01", "");
    world_run(w, SECOND);
    assert_int_equal(w->twilio.posts.n, 2);
    for (size_t i = 0; i < 2; i++) /* Bob's short text has room for the link */
        assert_int_equal(w->twilio.posts.item[i].media, !strcmp(w->twilio.posts.item[i].to, ALICE));
    world_free(w);
    gallery_free(&g);
}

/* A store that fails takes neither the page nor the waiting away. */
static void test_pictures__without_the_store(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    struct world *w = world_new(&(struct world_options){.config = g.config});
    world_start(w);
    int64_t id = alert(w, ALICE, "web01", "hangs,file");
    world_run(w, SECOND);
    w->frail.trouble = NT_EIO;
    world_run(w, 10 * SECOND);
    assert_int_equal(w->twilio.posts.n, 1);
    (void)id;
    world_drop(w);
    gallery_free(&g);
}

/* ---- one step after the other ---- */

static int64_t the_page;

/* The picture of the page, up to what is recorded of it. */
static enum nt_status make(struct bench *b)
{
    pictures_stop(&b->d); /* all is opened anew */
    pictures_turn(&b->d);
    enum nt_status st = pictures_settle(&b->d);
    mem_fail_at(0);
    b->w->frail.fail_at = 0;
    struct page *p = world_page(b->w, the_page);
    if (st == NT_OK) { /* what does not come is missed, with a reason */
        assert_false(p->flags & PAGE_PICTURE);
        assert_true(world_told(b->w, the_page, p->media.n ? "with 1 picture" : "; the text goes alone"));
        if (!p->media.n && !world_told(b->w, the_page, "file: web09.png: No such file"))
            assert_true(world_told(b->w, the_page, nt_status_text(b->w->frail.failed ? NT_EIO : NT_ENOMEM)));
    }
    page_free(p);
    return st;
}

/* Of a picture that is there, and of one that is not. */
static void test_pictures__each_failure(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    for (int there = 0; there <= 1; there++) {
        struct bench b;
        bench_open(&b, &(struct world_options){.config = g.config});
        the_page = alert(b.w, ALICE, there ? "web01" : "web09", "file");
        bench_look(&b);
        bench_each_failure(&b, make, 0);
        bench_begin(&b);
        assert_int_equal(make(&b), NT_OK);
        bench_commit(&b);
        assert_true(world_told(b.w, the_page, there ? "with 1 picture" : "No such file or directory; the text"));
        bench_close(&b);
    }
    gallery_free(&g);
}

static enum nt_status note(struct bench *b)
{
    pictures_clean(&b->d);
    enum nt_status st = mirror_sync(&b->d, true);
    if (st == NT_OK)
        assert_true(pictures_busy(&b->d));
    return st;
}

/* A page is not seen as waiting without being noted here. */
static void test_pictures__each_failure_of_a_note(void **state)
{
    (void)state;
    struct gallery g;
    struct bench b;
    gallery_new(&g, "");
    bench_open(&b, &(struct world_options){.config = g.config});
    (void)alert(b.w, ALICE, "web01", "file,hangs");
    bench_each_failure(&b, note, 0);
    bench_close(&b);
    gallery_free(&g);
}

/* Four hang: the fifth, whose picture is there, does not begin, and waits no longer than its own time. */
static void test_pictures__four_at_once(void **state)
{
    (void)state;
    struct gallery g;
    gallery_new(&g, "");
    for (int hanging = 3; hanging <= 4; hanging++) {
        struct bench b;
        int64_t id[5];
        char host[8] = "web02";
        bench_open(&b, &(struct world_options){.config = g.config});
        for (int i = 0; i < hanging; i++, host[4]++)
            id[i] = alert(b.w, ALICE, host, "hangs");
        id[hanging] = alert(b.w, ALICE, "web01", "file");
        bench_look(&b);
        pictures_turn(&b.d);
        assert_int_equal(pictures_news(&b.d), hanging < 4);
        fake_clock_advance(&b.w->clock, DEADLINE);
        b.d.boot = clock_boot(b.d.r->clock);
        pictures_turn(&b.d);
        assert_true(pictures_news(&b.d));
        bench_begin(&b);
        assert_int_equal(pictures_settle(&b.d), NT_OK);
        bench_commit(&b);
        pictures_sweep(&b.d, true);
        assert_false(pictures_busy(&b.d));
        for (int i = 0; i <= hanging; i++) {
            bool came = hanging < 4 && i == hanging;
            assert_int_equal(world_told(b.w, id[i], "with 1 picture"), came);
            assert_int_equal(world_told(b.w, id[i], "not there within 5 s; the text goes alone"), !came);
        }
        bench_close(&b);
    }
    gallery_free(&g);
}

static void hear(void *arg, enum log_level level, const char *line)
{
    (void)level;
    *(int *)arg += strstr(line, "g0: ") && strstr(line, "g5: ");
}

/* Ten that fail have a lot to say. It is in the log, and the history has at least what became of the page. */
static void test_pictures__many_words(void **state)
{
    (void)state;
    struct bench b;
    struct buf config;
    char path[301] = "";
    int heard = 0;
    memset(path, 'x', sizeof path - 1);
    buf_init(&config, 8192);
    buf_adds(&config, "publish: [{directory: /tmp, public_url: \"https://p.example.org/m/\"}]\ngraphs:\n");
    for (int i = 0; i < 10; i++)
        buf_addf(&config, "  - {name: g%d, file: %s, root: /tmp}\n", i, path);
    assert_int_equal(buf_status(&config), NT_OK);
    bench_open(&b, &(struct world_options){.config = buf_text(&config)});
    int64_t id = alert(b.w, ALICE, "web01", "g0,g1,g2,g3,g4,g5,g6,g7,g8,g9");
    bench_look(&b);
    assert_int_equal(log_open("test", LOG_LEVEL_WARNING, "/dev/null"), NT_OK);
    log_tap(hear, &heard);
    pictures_turn(&b.d);
    log_tap(NULL, NULL);
    assert_int_equal(heard, 1);
    assert_true(pictures_news(&b.d));
    bench_begin(&b);
    assert_int_equal(pictures_settle(&b.d), NT_OK);
    bench_commit(&b);
    assert_true(world_told(b.w, id, "g0: xxx"));
    assert_true(world_told(b.w, id, "; the text goes alone"));
    bench_close(&b);
    buf_clean(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures__go_along),
        cmocka_unit_test(test_pictures__nothing_is_waited_for_longer),
        cmocka_unit_test(test_pictures__after_a_crash),
        cmocka_unit_test(test_pictures__killed_in_the_middle),
        cmocka_unit_test(test_pictures__overtaken),
        cmocka_unit_test(test_pictures__by_when),
        cmocka_unit_test(test_pictures__without_the_store),
        cmocka_unit_test(test_pictures__each_failure),
        cmocka_unit_test(test_pictures__each_failure_of_a_note),
        cmocka_unit_test(test_pictures__four_at_once),
        cmocka_unit_test(test_pictures__many_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

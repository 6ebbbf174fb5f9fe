/* Pages that wait for pictures, on a clock of their own: what is there in time goes along, and nothing is waited for
 * longer. */
#include "world.h"

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

static int64_t alert(struct world *w, const char *to, const char *host, const char *graph, const char *second)
{
    struct order order;
    struct accepted accepted;
    order_init(&order);
    accepted_init(&accepted);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(strlist_split(&order.to, to, ","), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", host), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    if (graph)
        assert_int_equal(strlist_add(&order.graphs, graph), NT_OK);
    if (second)
        assert_int_equal(strlist_add(&order.graphs, second), NT_OK);
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
    int64_t id = alert(w, ALICE, "web01", "file", NULL);
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
        const char *first, *second;
        int media;
    } table[] = {{"hangs", NULL, 0}, {"hangs", "file", 1}, {"file", "hangs", 1}};
    struct gallery g;
    gallery_new(&g, "");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world *w = world_new(&(struct world_options){.config = g.config});
        int64_t start = w->clock.boot_ms;
        world_start(w);
        world_run(w, SECOND);
        int64_t accepted = w->clock.boot_ms;
        int64_t id = alert(w, ALICE, "web01", table[i].first, table[i].second);
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
        int64_t id = alert(w, ALICE, "web01", table[i].graph, NULL); /* nobody drains */
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
    int64_t id = alert(w, ALICE, "web01", "hangs", NULL);
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
    int64_t first = alert(w, ALICE, "web01", "hangs", NULL);
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
    (void)alert(w, ALICE "," BOB, "web01", NULL, NULL);
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
    int64_t id = alert(w, ALICE, "web01", "hangs", "file");
    world_run(w, SECOND);
    w->frail.trouble = NT_EIO;
    world_run(w, 10 * SECOND);
    assert_int_equal(w->twilio.posts.n, 1);
    (void)id;
    world_drop(w);
    gallery_free(&g);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

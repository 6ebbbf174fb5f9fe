/* A source tried by hand, and a test picture on its way: what takes too long, what is large, what is refused. */
#include "desk.h"

#include "../handover/socket_fixture.h"

#include "base/log.h"
#include "base/mem.h"
#include "flow/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE = 1024 * 1024 };

static struct desk d;
static struct order order;
static char folder[64], public[80];

/* A clock that goes on by so much with every look at it. */
static int64_t looked, each_look;

static int64_t impatient(const struct clock *c)
{
    (void)c;
    return looked += each_look;
}

static const struct clock impatient_clock = {.wall = impatient, .boot = impatient};

/* A whole PNG of so many bytes at least. */
static void write_png(const char *name, size_t size)
{
    static const unsigned char start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0cccc";
    static const unsigned char end[] = "cccc\0\0\0\0IENDcccc";
    const unsigned char chunk[] = {(unsigned char)(size >> 24),
                                   (unsigned char)(size >> 16),
                                   (unsigned char)(size >> 8),
                                   (unsigned char)size,
                                   't',
                                   'E',
                                   'X',
                                   't'};
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(start, 1, sizeof start - 1, f);
    fwrite(chunk, 1, sizeof chunk, f);
    assert_int_equal(fseek(f, (long)size, SEEK_CUR), 0);
    fwrite(end, 1, sizeof end - 1, f);
    assert_int_equal(fclose(f), 0);
}

static void open_desk(const char *publish)
{
    char config[1024];
    snprintf(config, sizeof config,
             "graphs:\n"
             "  - {name: hangs, command: [sleep, \"600\"]}\n"
             "  - {name: fails, command: [\"false\"]}\n"
             "  - {name: file, file: \"{{host}}.png\", root: %s}\n"
             "%s",
             folder, publish);
    assert_int_equal(desk_open(&d, config), 0);
}

static int setup(void **state)
{
    (void)state;
    looked = 0;
    strcpy(folder, "/tmp/nt-snapshot-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(public, sizeof public, "%s/public", folder);
    if (mkdir(public, 0755))
        return -1;
    order_init(&order);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[128];
    static const char *const names[] = {"small.png", "large.png"};
    order_clean(&order);
    desk_close(&d);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return desk_empty(public) || rmdir(public) || rmdir(folder);
}

static void test_snapshot__sources(void **state)
{
    (void)state;
    static const struct {
        const char *graph, *host, *words;
        enum nt_status status;
    } table[] = {
        {"hangs", "small", "not there within 5 s", NT_EREFUSED},
        {"fails", "small", "exit status 1", NT_EREFUSED},
        {"file", "none", "none.png: No such file", NT_EREFUSED},
        {"none", "small", "there is no graph 'none'", NT_ENOENT},
        {"file", "small", "image/png, 157 bytes, in ", NT_OK},
        {"file", "large", "; over 1 MB, which some carriers shrink or drop", NT_OK},
    };
    write_png("small.png", 100);
    write_png("large.png", LARGE);
    open_desk("");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct picture picture;
        struct buf words;
        picture_init(&picture);
        buf_init(&words, 4096);
        assert_int_equal(kv_put(&order.pairs, "host", table[i].host), NT_OK);
        /* a second a look for what never comes; no time at all for what is there */
        each_look = !strcmp(table[i].graph, "hangs") ? 1000 : 0;
        int64_t start = looked;
        d.r.clock = &impatient_clock;
        assert_int_equal(snapshot_take(&d.r, &order, table[i].graph, &picture, &words), table[i].status);
        if (!strstr(buf_text(&words), table[i].words))
            fail_msg("%s: %s", table[i].graph, buf_text(&words));
        assert_int_equal(strstr(buf_text(&words), "1 MB") != NULL, picture.len > LARGE);
        assert_true(each_look ? looked - start <= 10000 : looked == start);
        picture_clean(&picture);
        buf_clean(&words);
    }
}

static void test_snapshot__no_alert_no_picture(void **state)
{
    (void)state;
    struct picture picture;
    struct buf words;
    open_desk("");
    picture_init(&picture);
    buf_init(&words, 4096);
    assert_int_equal(order_set(&order.source, "nobody"), NT_OK);
    assert_int_equal(snapshot_take(&d.r, &order, "file", &picture, &words), NT_EINVAL);
    assert_true(words.len > 0);
    assert_int_equal(picture.len, 0);
    buf_clean(&words);
}

static void test_snapshot__a_publisher_that_hangs(void **state)
{
    (void)state;
    struct buf words;
    open_desk("publish: [{command: [sleep, \"600\"]}]\n");
    buf_init(&words, 4096);
    each_look = 5000;
    d.r.clock = &impatient_clock;
    int before = open_descriptors();
    assert_int_equal(snapshot_probe(&d.r, &words), NT_EREFUSED);
    assert_string_equal(buf_text(&words), "not done within 20 s\n");
    assert_true(looked >= 20000 && looked <= 40000);
    assert_int_equal(open_descriptors(), before);
    buf_clean(&words);
}

static void test_snapshot__nothing_to_publish_by(void **state)
{
    (void)state;
    struct buf words;
    open_desk("");
    buf_init(&words, 4096);
    assert_int_equal(snapshot_probe(&d.r, &words), NT_ENOENT);
    assert_string_equal(buf_text(&words), "publish: is empty\n");
    buf_clean(&words);
}

/* A picture that is published where nobody serves it: told so, and taken away again. Without memory it is told to be
 * that, or not to have got there. */
static void test_snapshot__each_allocation_fails_once(void **state)
{
    (void)state;
    char publish[256];
    int said = 0;
    snprintf(publish, sizeof publish, "publish: [{directory: %s, public_url: \"http://127.0.0.1:1/\"}]\n", public);
    open_desk(publish);
    d.r.clock = clock_system();
    int before = open_descriptors();
    for (unsigned long n = 1;; n++) {
        struct buf words;
        buf_init(&words, 4096);
        mem_fail_at(n);
        enum nt_status st = snapshot_probe(&d.r, &words);
        mem_fail_at(0);
        assert_int_equal(open_descriptors(), before);
        said += st == NT_ENOMEM;
        if (mem_failed()) {
            assert_true(st == NT_ENOMEM || st == NT_EREFUSED);
        } else {
            assert_int_equal(st, NT_EREFUSED);
            assert_int_equal(strncmp(buf_text(&words), "published as http://127.0.0.1:1/", 32), 0);
            assert_non_null(strstr(buf_text(&words), "\nGET: "));
            assert_non_null(strstr(buf_text(&words), "\nremoved again\nthe picture cannot be fetched from here\n"));
            assert_int_equal(rmdir(public), 0); /* nothing is left in it */
            assert_int_equal(mkdir(public, 0755), 0);
        }
        buf_clean(&words);
        if (!mem_failed())
            break;
        assert_int_equal(desk_empty(public), 0);
    }
    assert_true(said > 0);
}

int main(void)
{
#define AT_DESK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT_DESK(test_snapshot__sources),
        AT_DESK(test_snapshot__no_alert_no_picture),
        AT_DESK(test_snapshot__a_publisher_that_hangs),
        AT_DESK(test_snapshot__nothing_to_publish_by),
        AT_DESK(test_snapshot__each_allocation_fails_once),
    };
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", NT_SOURCE_DIR "/templates", 1), 0);
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Alerts from the socket: what is answered, when, and what becomes of who waits. */
#include "bench.h"

#include "base/log.h"
#include "base/mem.h"
#include "handover/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void listening(struct bench *b, const struct world_options *o)
{
    bench_open(b, o);
    listening_start(&b->d);
    assert_non_null(b->d.server);
}

/* A turn of the intake alone. */
static void store_and_answer(struct bench *b)
{
    bench_begin(b);
    enum nt_status st = intake_store(&b->d);
    assert_int_equal(st, NT_OK);
    bench_commit(b);
    intake_answer(&b->d, NT_OK);
}

static void assert_answer(int connection, const char *words)
{
    char *answer = bench_answer(connection);
    assert_non_null(answer);
    if (!strstr(answer, words))
        fail_msg("'%s' is not in: %.200s", words, answer);
    mem_free(answer);
}

static void assert_silent(int connection)
{
    char *answer = bench_answer(connection);
    assert_null(answer);
}

static void assert_ended(int connection)
{
    char *answer = bench_answer(connection);
    assert_non_null(answer);
    assert_string_equal(answer, "");
    mem_free(answer);
}

static int tell(struct bench *b, const char *host)
{
    char pair[64];
    int fd = world_connect(b->w);
    snprintf(pair, sizeof pair, "host=%s", host);
    world_tell(fd, ALICE, pair, "state=CRITICAL", NULL);
    intake_receive(&b->d);
    assert_true(intake_waiting(&b->d));
    return fd;
}

/* Whatever allocation fails when an alert comes in: who has sent it gets an answer, or his connection ends. */
static void test_intake__no_memory_for_an_alert(void **state)
{
    (void)state;
    struct bench b;
    int full = 0, told = 0;
    bool failed = true;
    listening(&b, &(struct world_options){0});
    for (unsigned long n = 1; failed; n++) {
        char host[32];
        struct drainer *d = &b.d;
        intake_free(d->intake); /* one that has never taken anything */
        assert_int_equal(intake_new(&d->intake), NT_OK);
        int fd = world_connect(b.w);
        snprintf(host, sizeof host, "host=web%lu", n);
        world_tell(fd, ALICE, host, "state=CRITICAL", NULL);
        size_t before = world_count(b.w, ~0u);
        mem_fail_at(n);
        intake_receive(d);
        failed = mem_failed();
        mem_fail_at(0);
        intake_receive(d); /* what was left */
        store_and_answer(&b);
        char *answer = bench_answer(fd);
        assert_non_null(answer);
        bool accepted = strstr(answer, "\"ok\":true") != NULL;
        assert_int_equal(world_count(b.w, ~0u), before + accepted);
        if (!accepted && *answer) {
            assert_non_null(strstr(answer, "\"exit\":75"));
            full += strstr(answer, "\"error\":\"out of memory\"") != NULL;
            told++;
        }
        assert_true(failed || accepted);
        mem_free(answer);
        close(fd);
    }
    assert_true(full > 1); /* for the request itself, and for its alert */
    assert_true(told >= full);
    bench_close(&b);
}

static void test_intake__no_memory_for_the_own_alert(void **state)
{
    (void)state;
    struct bench b;
    struct order order;
    struct accepted accepted;
    struct buf error;
    bench_open(&b, &(struct world_options){0});
    order_init(&order);
    accepted_init(&accepted);
    buf_init(&error, 4096);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(strlist_add(&order.to, ALICE), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    struct starter starter = {.order = &order, .accepted = &accepted, .error = &error};
    b.o.starter = &starter;
    bool failed = true;
    int refused = 0;
    for (unsigned long n = 1; failed; n++) {
        intake_free(b.d.intake);
        assert_int_equal(intake_new(&b.d.intake), NT_OK);
        mem_fail_at(n);
        enum nt_status st = intake_starter(&b.d);
        failed = mem_failed();
        mem_fail_at(0);
        refused += st == NT_ENOMEM;
        /* it waits to be stored, or somebody has been told */
        assert_int_equal(intake_waiting(&b.d), st == NT_OK && starter.status == NT_EBUSY);
        assert_true(failed || intake_waiting(&b.d));
    }
    assert_int_equal(refused, 1);
    store_and_answer(&b);
    assert_int_equal(starter.status, NT_OK);
    assert_int_equal(accepted.n, 1);
    assert_int_equal(intake_starter(&b.d), NT_OK); /* left unsaved by bench_close(): freed */
    accepted_clean(&accepted);
    order_clean(&order);
    buf_clean(&error);
    bench_close(&b);
}

struct heard {
    int times;
};

static void hear(void *arg, enum log_level level, const char *line)
{
    struct heard *h = arg;
    (void)level;
    h->times += strstr(line, "the hand-over socket cannot be read") != NULL;
}

static void test_intake__the_socket_cannot_be_read(void **state)
{
    (void)state;
    struct bench b;
    struct heard h = {0};
    listening(&b, &(struct world_options){0});
    assert_int_equal(log_open("test", LOG_LEVEL_WARNING, "/dev/null"), NT_OK);
    log_tap(hear, &h);
    intake_receive(&b.d);
    assert_int_equal(h.times, 0);
    int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(other >= 0);
    assert_true(dup3(other, handover_fd(b.d.server), O_CLOEXEC) >= 0); /* no epoll any more */
    close(other);
    intake_receive(&b.d);
    assert_int_equal(h.times, 1);
    assert_false(intake_waiting(&b.d));
    bench_close(&b);
}

/* In time when it came, and late when it could be stored: whoever sent it has gone on alone by then. */
static void test_intake__its_deadline_passes_meanwhile(void **state)
{
    (void)state;
    struct bench b;
    struct frame frame;
    char *memory = mem_alloc(FRAME_MAX), deadline[32];
    assert_non_null(memory);
    listening(&b, &(struct world_options){0});
    snprintf(deadline, sizeof deadline, "%lld", (long long)(b.w->clock.wall_ms + 2 * SECOND));
    for (int late = 0; late <= 1; late++) {
        frame_init(&frame, memory);
        assert_true(frame_put(&frame, "notify_twilio", "1"));
        assert_true(frame_put(&frame, "deadline", deadline));
        assert_true(frame_put(&frame, "source", "generic"));
        assert_true(frame_put(&frame, "to", ALICE));
        assert_true(frame_put(&frame, "host", late ? "web02" : "web01"));
        assert_true(frame_put(&frame, "state", "CRITICAL"));
        int fd = world_connect(b.w);
        assert_int_equal(send(fd, frame.data, frame.len, MSG_NOSIGNAL), frame.len);
        intake_receive(&b.d);
        if (late)
            fake_clock_advance(&b.w->clock, 3 * SECOND);
        store_and_answer(&b);
        assert_answer(fd, late ? "{\"ok\":false,\"exit\":75,\"error\":\"past its deadline\"}" : "\"ok\":true");
        assert_int_equal(world_count(b.w, ~0u), 1);
        close(fd);
    }
    mem_free(memory);
    bench_close(&b);
}

/* More than an answer can hold: the pages without their texts. */
static void test_intake__an_answer_of_hundreds(void **state)
{
    (void)state;
    enum { NUMBERS = 200 };
    struct bench b;
    char to[NUMBERS * 13 + 1], output[1600] = "output=";
    size_t len = 0;
    for (int i = 0; i < NUMBERS; i++)
        len += (size_t)sprintf(to + len, "%s+15005551%03d", i ? "," : "", i);
    memset(output + 7, 'x', sizeof output - 8);
    listening(&b, &(struct world_options){.message = "max_segments: 10"});
    int fd = world_connect(b.w);
    world_tell(fd, to, "host=web01", "state=CRITICAL", output, NULL);
    intake_receive(&b.d);
    store_and_answer(&b);
    char *answer = bench_answer(fd);
    assert_non_null(answer);
    assert_non_null(strstr(answer, "\"ok\":true,\"exit\":0"));
    size_t pages = 0;
    for (const char *at = answer; (at = strstr(at, "{\"id\":")) != NULL; at++)
        pages++;
    assert_int_equal(pages, NUMBERS);
    assert_non_null(strstr(answer, "\"to\":\"+15005551199\",\"state\":\"queued\"}"));
    assert_null(strstr(answer, "xxxx"));
    mem_free(answer);
    close(fd);
    bench_close(&b);
}

static void settle(struct bench *b, int64_t id)
{
    struct store *s = b->d.r->store;
    struct page *p = world_page(b->w, id);
    p->state = PAGE_SENT;
    bench_begin(b);
    assert_int_equal(s->ops->page_save(s, p), NT_OK);
    bench_commit(b);
    page_free(p);
}

/* In memory alone an alert is not answered before it is sent, and neither is what repeats it. */
static void test_intake__memory_is_not_answered_for(void **state)
{
    (void)state;
    struct bench b;
    listening(&b, &(struct world_options){0});
    b.d.r->spare = true;
    int first = tell(&b, "web01"), again = tell(&b, "web01"), other = tell(&b, "web02");
    store_and_answer(&b);
    assert_silent(first);
    assert_silent(again);
    assert_silent(other);
    settle(&b, 1);
    intake_late(&b.d);
    assert_answer(first, "\"state\":\"sent\"");
    assert_answer(again, "\"state\":\"duplicate\"");
    assert_silent(other);
    close(first);
    close(again);
    close(other);
    b.d.r->spare = false;
    bench_close(&b);
}

/* Back in the store a page may have another name: under that one it is answered. */
static void test_intake__answered_under_the_stores_name(void **state)
{
    (void)state;
    struct bench b;
    struct idmap made = {0}, real = {0};
    listening(&b, &(struct world_options){0});
    b.d.r->spare = true;
    int fresh = tell(&b, "web01"), old = tell(&b, "web02");
    store_and_answer(&b);
    assert_silent(fresh);
    int64_t named = bench_page(&b, ALICE, "web01", PAGE_SENT, 0, 0);
    int64_t known = bench_page(&b, ALICE, "web02", PAGE_SENT, 0, 0);
    assert_int_equal(idmap_add(&made, 1, named), NT_OK);
    assert_int_equal(idmap_add(&real, 2, known), NT_OK);
    intake_rename(&b.d, &made, &real);
    intake_late(&b.d);
    char words[32];
    snprintf(words, sizeof words, "{\"id\":%lld,", (long long)named);
    assert_answer(fresh, words);
    snprintf(words, sizeof words, "{\"id\":%lld,", (long long)known);
    assert_answer(old, words);
    idmap_clean(&made);
    idmap_clean(&real);
    close(fresh);
    close(old);
    b.d.r->spare = false;
    bench_close(&b);
}

/* A drainer that dies with what it has not stored: who waits sees it at once. */
static void test_intake__who_waits_sees_the_end(void **state)
{
    (void)state;
    struct bench b;
    listening(&b, &(struct world_options){0});
    b.d.r->spare = true;
    int late = tell(&b, "web01");
    store_and_answer(&b);
    int taken = tell(&b, "web02");
    assert_silent(late);
    assert_silent(taken);
    intake_free(b.d.intake);
    b.d.intake = NULL;
    handover_server_free(b.d.server);
    b.d.server = NULL;
    assert_ended(late);
    assert_ended(taken);
    close(late);
    close(taken);
    b.d.r->spare = false;
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intake__no_memory_for_an_alert),
        cmocka_unit_test(test_intake__no_memory_for_the_own_alert),
        cmocka_unit_test(test_intake__the_socket_cannot_be_read),
        cmocka_unit_test(test_intake__its_deadline_passes_meanwhile),
        cmocka_unit_test(test_intake__an_answer_of_hundreds),
        cmocka_unit_test(test_intake__memory_is_not_answered_for),
        cmocka_unit_test(test_intake__answered_under_the_stores_name),
        cmocka_unit_test(test_intake__who_waits_sees_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

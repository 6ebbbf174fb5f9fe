/* An order that is offered is the order that is read at the other end. */
#include "flow/offer.h"

#include "../handover/socket_fixture.h"

#include "base/mem.h"
#include "handover/frame.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define UUID "0f8fad5b-d9cb-469f-a165-70867728950e"

enum { NOW = 1000, PATIENCE = 60000 };

static const char said[] = "{\"ok\":true,\"pages\":[]}";

/* A drainer for one request. */
struct taker {
    int listener;
    char *frame;
    ssize_t len;
};

static void *take(void *arg)
{
    struct taker *t = arg;
    int fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);
    t->len = fd < 0 ? -1 : recv(fd, t->frame, FRAME_MAX, 0);
    if (t->len > 0)
        (void)!send(fd, said, sizeof said - 1, MSG_NOSIGNAL);
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* Offers it, and reads what came. */
static void pass(const struct order *order, struct order *out)
{
    struct place place;
    char *answer = NULL;
    struct taker t = {.frame = mem_alloc(FRAME_MAX)};
    struct buf error;
    pthread_t thread;
    assert_non_null(t.frame);
    assert_int_equal(place_make(&place), 0);
    t.listener = bare_listen(place.path, SOCK_SEQPACKET, 8);
    assert_true(t.listener >= 0);
    assert_int_equal(pthread_create(&thread, NULL, take, &t), 0);
    enum nt_status st = offer_order(order, place.path, NOW, PATIENCE, &answer);
    pthread_join(thread, NULL);
    close(t.listener);
    assert_int_equal(place_remove(&place), 0);
    assert_int_equal(st, NT_OK);
    assert_string_equal(answer, said);
    mem_free(answer);
    assert_true(t.len > 0);
    order_init(out);
    buf_init(&error, 4096);
    assert_int_equal(order_read(t.frame, (size_t)t.len, out, &error), NT_OK);
    buf_clean(&error);
    mem_free(t.frame);
}

static void assert_text(const char *a, const char *b)
{
    assert_string_equal(a ? a : "(none)", b ? b : "(none)");
}

static void assert_list(const struct strlist *a, const struct strlist *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        assert_string_equal(a->item[i], b->item[i]);
}

static void assert_pairs(const struct kv *a, const struct kv *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_string_equal(a->pair[i].key, b->pair[i].key);
        assert_string_equal(a->pair[i].value, b->pair[i].value);
    }
}

static void assert_passes(const struct order *order)
{
    struct order o;
    pass(order, &o);
    assert_string_equal(o.uuid, order->uuid);
    assert_int_equal(o.deadline, NOW + PATIENCE);
    assert_text(o.source, order->source);
    assert_list(&o.to, &order->to);
    assert_text(o.template_name, order->template_name);
    assert_list(&o.media, &order->media);
    assert_list(&o.graphs, &order->graphs);
    assert_text(o.from, order->from);
    assert_int_equal(o.max_segments, order->max_segments);
    assert_text(o.subject, order->subject);
    assert_text(o.message, order->message);
    assert_text(o.text, order->text);
    assert_int_equal(o.test, order->test);
    assert_pairs(&o.pairs, &order->pairs);
    assert_pairs(&o.env, &order->env);
    order_clean(&o);
}

static void test_offer__an_order_arrives_as_it_was(void **state)
{
    (void)state;
    struct order o;
    order_init(&o);
    assert_passes(&o); /* nothing but the deadline */
    assert_int_equal(kv_put(&o.pairs, "host", "web01"), NT_OK);
    assert_passes(&o);
    o.test = true;
    assert_passes(&o);
    memcpy(o.uuid, UUID, sizeof UUID);
    o.max_segments = 3;
    assert_int_equal(order_set(&o.source, "generic"), NT_OK);
    assert_int_equal(order_set(&o.template_name, "short"), NT_OK);
    assert_int_equal(order_set(&o.from, "+15005550006"), NT_OK);
    assert_int_equal(order_set(&o.subject, ""), NT_OK); /* given, and empty */
    assert_int_equal(order_set(&o.message, "two\nlines"), NT_OK);
    assert_int_equal(order_set(&o.text, "text = more"), NT_OK);
    assert_int_equal(strlist_add(&o.to, "alice"), NT_OK);
    assert_int_equal(strlist_add(&o.to, "+15005550001"), NT_OK);
    assert_int_equal(strlist_add(&o.media, "https://example.org/a.png"), NT_OK);
    assert_int_equal(strlist_add(&o.graphs, "cpu"), NT_OK);
    assert_int_equal(kv_put(&o.pairs, "test", "0"), NT_OK); /* macros with an option's name */
    assert_int_equal(kv_put(&o.pairs, "to", "mallory"), NT_OK);
    assert_int_equal(kv_put(&o.env, "NAGIOS_HOSTSTATE", "DOWN"), NT_OK);
    assert_passes(&o);
    o.test = false;
    assert_passes(&o);
    order_clean(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer__an_order_arrives_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

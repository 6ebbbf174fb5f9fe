/* Each way into flow that needs no engine, with each of its allocations failing once. */
#include "desk.h"

#include "../handover/socket_fixture.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/accept.h"
#include "flow/ask.h"
#include "flow/compose.h"
#include "flow/darkroom.h"
#include "flow/health.h"
#include "flow/offer.h"
#include "flow/preview.h"
#include "flow/report.h"
#include "flow/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "0f8fad5b-d9cb-469f-a165-70867728950e"

static struct desk d;
static struct order order;
static char folder[64], socket_path[108], config_path[108];

static void write_config(const char *more)
{
    FILE *f = fopen(config_path, "w");
    assert_non_null(f);
    fprintf(f,
            "twilio:\n"
            "  account_sid: AC00000000000000000000000000000000\n"
            "  auth_token: 0123456789abcdef0123456789abcdef\n"
            "  senders: [{from: \"+15005550006\"}]\n"
            "contacts: [{name: alice, numbers: [\"" DESK_ALICE "\"]}]\n"
            "store: sqlite:%s/queue.db\n"
            "daemon: {socket: %s}\n"
            "log: {to: /dev/null}\n%s",
            folder, socket_path, more);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(config_path, 0600), 0);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/nt-memory-XXXXXX");
    if (!mkdtemp(folder) || desk_open(&d, "graphs: [{name: cpu, command: [\"true\"]}]\n"))
        return -1;
    snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
    snprintf(config_path, sizeof config_path, "%s/config.yaml", folder);
    order_init(&order);
    assert_int_equal(order_set(&order.source, "generic"), NT_OK);
    assert_int_equal(strlist_add(&order.to, "oncall"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "host", "web01"), NT_OK);
    assert_int_equal(kv_put(&order.pairs, "state", "CRITICAL"), NT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    order_clean(&order);
    desk_close(&d);
    return desk_empty(folder) || rmdir(folder);
}

/* ---- the loop ---- */

/* done: what it says when all goes well; what it has made is checked and freed by itself. */
static void each_of(const char *name, enum nt_status (*run)(bool failing), enum nt_status done)
{
    unsigned long n = 1;
    for (;; n++) {
        mem_fail_at(n);
        enum nt_status st = run(true);
        mem_fail_at(0);
        if (!mem_failed()) {
            if (st != done)
                fail_msg("%s: %s", name, nt_status_text(st));
            break;
        }
        if (st != done && st != NT_ENOMEM)
            fail_msg("%s at %lu: %s", name, n, nt_status_text(st));
        st = run(false); /* and it works again */
        if (st != done)
            fail_msg("%s after %lu: %s", name, n, nt_status_text(st));
    }
    assert_true(n > 1); /* else nothing was tried */
}

static enum nt_status run_status(bool failing)
{
    struct drainer_status s;
    (void)failing;
    drainer_status_init(&s);
    enum nt_status st = ask_drainer(socket_path, ASK_STATUS, 1000, &s);
    drainer_status_clean(&s);
    return st;
}

static enum nt_status run_offer(bool failing)
{
    char *answer = NULL;
    (void)failing;
    enum nt_status st = offer_order(&order, socket_path, 0, 1000, &answer);
    assert_null(answer);
    return st;
}

static enum nt_status run_preview(bool failing)
{
    struct preview p;
    struct buf error;
    preview_init(&p);
    buf_init(&error, 4096);
    enum nt_status st = preview_order(&d.r, &order, false, &p, &error);
    if (st == NT_OK && !failing)
        assert_int_equal(p.n, 2);
    preview_clean(&p);
    buf_clean(&error);
    return st;
}

static enum nt_status run_preview_data(bool failing)
{
    static const char data[] = "{\"event\":\"problem\",\"class\":\"routine\",\"host\":\"web01\",\"contact\":\"alice\"}";
    struct page *p = NULL;
    struct buf error;
    buf_init(&error, 4096);
    enum nt_status st = preview_data(&d.r, NULL, data, sizeof data - 1, 1, NULL, NULL, &p, &error);
    assert_true((st == NT_OK) == (p != NULL));
    if (p && !failing) {
        assert_int_equal(p->class, CLASS_ROUTINE);
        assert_non_null(strstr(p->body, "web01"));
    }
    page_free(p);
    buf_clean(&error);
    return st;
}

static enum nt_status run_roster(bool failing)
{
    struct roster r;
    struct strlist who;
    strlist_init(&who);
    roster_init(&r);
    enum nt_status st = roster_read(&d.r, &who, &r);
    if (st == NT_OK && !failing)
        assert_int_equal(r.n, 2);
    roster_clean(&r);
    return st;
}

static enum nt_status run_health(bool failing)
{
    struct health h;
    health_init(&h);
    enum nt_status st = health_read(&d.r, &h);
    (void)failing;
    health_clean(&h);
    return st;
}

/* The same request twice: the second is answered with the first one's pages. */
static enum nt_status run_request(bool failing)
{
    struct accepted a;
    struct buf error;
    accepted_init(&a);
    buf_init(&error, 4096);
    enum nt_status st = accept_order(&d.r, &order, &a, &error);
    if (st == NT_OK && !failing) {
        assert_int_equal(a.n, 2);
        assert_true(a.repeated);
    }
    accepted_clean(&a);
    buf_clean(&error);
    return st;
}

static enum nt_status run_runtime(bool failing)
{
    struct runtime r;
    struct problems problems;
    problems_init(&problems);
    enum nt_status st = runtime_open(config_path, "/dev/null", &r, &problems);
    if (st == NT_OK) {
        st = runtime_open_store(&r);
        if (st == NT_OK && !failing)
            assert_false(r.spare);
        if (st == NT_OK)
            st = runtime_reload(&r, &problems);
        if (st == NT_OK)
            st = runtime_use_spare(&r, "a test");
        assert_non_null(r.config); /* in force, whatever became of the reload */
        runtime_close(&r);
    }
    problems_clean(&problems);
    return st;
}

static enum nt_status run_darkroom(bool failing)
{
    struct darkroom room;
    (void)failing;
    enum nt_status st = darkroom_open(&room, &d.r);
    if (st == NT_OK)
        darkroom_close(&room);
    return st;
}

static enum nt_status run_report(bool failing)
{
    struct page *p = NULL;
    struct json j;
    struct buf out;
    buf_init(&out, 4096);
    enum nt_status st = d.r.store->ops->page_get(d.r.store, 1, &p);
    if (st == NT_OK) {
        json_begin(&j, &out);
        report_page_json(&j, p);
        st = buf_status(&out);
    }
    if (st == NT_OK && !failing)
        assert_non_null(strstr(buf_text(&out), "\"contact\":\"alice\""));
    page_free(p);
    buf_clean(&out);
    return st;
}

static void test_memory__each_allocation_fails_once(void **state)
{
    (void)state;
    each_of("run_status", run_status, NT_ENOENT); /* nobody listens */
    each_of("run_offer", run_offer, NT_ENOENT);
    each_of("run_preview", run_preview, NT_OK);
    each_of("run_preview_data", run_preview_data, NT_OK);
    each_of("run_roster", run_roster, NT_OK);
    each_of("run_health", run_health, NT_OK);
    each_of("run_darkroom", run_darkroom, NT_OK);
    write_config("");
    each_of("run_runtime", run_runtime, NT_OK);
    memcpy(order.uuid, UUID, UUID_SIZE);
    struct accepted a;
    struct buf error;
    accepted_init(&a);
    buf_init(&error, 4096);
    assert_int_equal(accept_order(&d.r, &order, &a, &error), NT_OK);
    assert_false(a.repeated);
    accepted_clean(&a);
    buf_clean(&error);
    each_of("run_request", run_request, NT_OK);
    each_of("run_report", run_report, NT_OK);
}

/* ---- ends of a conversation ---- */

static void test_memory__a_drainer_that_does_not_answer(void **state)
{
    (void)state;
    struct drainer_status s;
    char *answer = NULL, too_long[300];
    drainer_status_init(&s);
    int fd = bare_listen(socket_path, SOCK_SEQPACKET, 8);
    assert_true(fd >= 0);
    assert_int_equal(ask_drainer(socket_path, ASK_LEAVE, 50, &s), NT_ETIMEOUT);
    assert_int_equal(offer_order(&order, socket_path, 0, 50, &answer), NT_ETIMEOUT);
    assert_null(answer);
    assert_int_equal(offer_order(&order, socket_path, 0, OFFER_WITHIN, &answer), NT_ETIMEOUT); /* which is told */
    assert_null(answer);
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = 0;
    assert_int_equal(ask_drainer(too_long, ASK_STATUS, 50, &s), NT_EIO);
    assert_int_equal(offer_order(&order, too_long, 0, 50, &answer), NT_EIO);
    if (geteuid() == 0) { /* nobody else can become somebody to whom it is forbidden */
        assert_int_equal(chmod(socket_path, 0600), 0);
        assert_int_equal(chmod(folder, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
        enum nt_status asked = ask_drainer(socket_path, ASK_STATUS, 50, &s);
        enum nt_status offered = offer_order(&order, socket_path, 0, 50, &answer);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(asked, NT_EACCES);
        assert_int_equal(offered, NT_EACCES);
    }
    close(fd);
    drainer_status_clean(&s);
}

static enum nt_status no_number(struct store *s, const char *number, struct number_state *out)
{
    (void)s;
    (void)number;
    out->opted_out = 1; /* half read */
    return NT_EIO;
}

/* A store whose numbers cannot be read: who is on call is told all the same. */
static void test_memory__a_roster_without_its_numbers(void **state)
{
    (void)state;
    struct store_ops broken = *d.r.store->ops;
    const struct store_ops *real = d.r.store->ops;
    struct roster r;
    struct strlist who;
    strlist_init(&who);
    roster_init(&r);
    broken.number_get = no_number;
    d.r.store->ops = &broken;
    assert_int_equal(roster_read(&d.r, &who, &r), NT_OK);
    d.r.store->ops = real;
    assert_int_equal(r.n, 2);
    assert_int_equal(r.item[0].state.opted_out, 0);
    roster_clean(&r);
}

/* ---- what an order may hold ---- */

static void test_memory__ten_pictures_at_most(void **state)
{
    (void)state;
    for (int graphs = 0; graphs <= 11; graphs++) {
        char frame[1024] = "notify_twilio=1";
        size_t len = strlen(frame) + 1;
        for (int i = 0; i < 11; i++)
            len += (size_t)sprintf(frame + len, i < graphs ? "graph=g%d" : "media=http://x/%d", i) + 1;
        struct order o;
        struct buf error;
        order_init(&o);
        buf_init(&error, 4096);
        assert_int_equal(order_read(frame, len, &o, &error), NT_EINVAL);
        assert_non_null(strstr(buf_text(&error), "more than ten"));
        order_clean(&o);
        buf_clean(&error);
    }
    static const char twice[] = "notify_twilio=1\0graph=cpu\0graph=cpu";
    struct order o;
    struct buf error;
    order_init(&o);
    buf_init(&error, 4096);
    assert_int_equal(order_read(twice, sizeof twice, &o, &error), NT_OK);
    assert_int_equal(o.graphs.n, 1);
    order_clean(&o);
    char wide[9000] = "notify_twilio=1";
    memset(wide + 16, 'K', 8000);
    strcpy(wide + 8016, "=v");
    assert_int_equal(order_read(wide, 8019, &o, &error), NT_EINVAL);
    assert_true(error.len > 0);
    order_clean(&o);
    buf_clean(&error);
}

/* ---- stores that cannot be had ---- */

static void test_memory__neither_this_store_nor_a_new_one(void **state)
{
    (void)state;
    struct runtime r;
    struct problems problems;
    char path[160];
    write_config("");
    snprintf(path, sizeof path, "%s/queue.db", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 1024; i++)
        fputs("no database ", f);
    assert_int_equal(fclose(f), 0);
    problems_init(&problems);
    assert_int_equal(runtime_open(config_path, "/dev/null", &r, &problems), NT_OK);
    problems_clean(&problems);
    /* a folder stands where the new one would be made */
    snprintf(path, sizeof path, "%s/queue.db.new", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(runtime_open_store(&r), NT_OK);
    assert_true(r.spare);
    assert_true(r.store_trouble.len > 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(runtime_rescue_store(&r), NT_OK); /* with the folder gone it works */
    runtime_close(&r);
}

int main(void)
{
#define AT_DESK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT_DESK(test_memory__each_allocation_fails_once),       AT_DESK(test_memory__a_drainer_that_does_not_answer),
        AT_DESK(test_memory__a_roster_without_its_numbers),     AT_DESK(test_memory__ten_pictures_at_most),
        AT_DESK(test_memory__neither_this_store_nor_a_new_one),
    };
    assert_int_equal(setenv("NOTIFY_TWILIO_TEMPLATES", NT_SOURCE_DIR "/templates", 1), 0);
    (void)log_open("test", LOG_LEVEL_ERROR, "/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The pictures of one alert, side by side: all, some or none of them in time. */
#include "media/job.h"

#include "base/mem.h"
#include "sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct sandbox *box;
    struct config config;
    struct config_graph graph[3];
    struct job *job;
    int told;
    char media[1024], why[1024], notes[1024];
};

static char none[] = "";

static void fixture_init(struct fixture *f, struct sandbox *box)
{
    static const char *const names[] = {"cpu", "disk", "net"};
    static const char *const urls[] = {"https://g.example.org/cpu", "https://g.example.org/disk",
                                       "https://g.example.org/net"};
    memset(f, 0, sizeof *f);
    f->box = box;
    for (size_t i = 0; i < 3; i++) {
        f->graph[i] = (struct config_graph){.name = (char *)(uintptr_t)names[i],
                                            .kind = CONFIG_GRAPH_URL,
                                            .url = (char *)(uintptr_t)urls[i],
                                            .header_file = none,
                                            .file = none,
                                            .root = none};
    }
    box->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    box->publish.directory = box->folder;
    box->publish.public_url = (char *)(uintptr_t) "https://p.example.org/";
    f->config = (struct config){.graph = f->graph, .graphs = 3, .publish = &box->publish, .publishes = 1};
}

static enum nt_status expand(void *arg, const char *text, struct buf *out)
{
    (void)arg;
    return buf_adds(out, text);
}

static void told(void *arg, const struct job_result *r)
{
    struct fixture *f = arg;
    f->told++;
    f->media[0] = '\0';
    for (size_t i = 0; i < r->media->n; i++) {
        size_t used = strlen(f->media);
        snprintf(f->media + used, sizeof f->media - used, "%s\n", r->media->item[i]);
    }
    snprintf(f->why, sizeof f->why, "%s", r->why);
    snprintf(f->notes, sizeof f->notes, "%s", r->notes);
}

static enum nt_status start(struct fixture *f, size_t n, const char *const *names)
{
    const struct strlist list = {(char **)(uintptr_t)names, n, n};
    const struct job_request r = {.env = &f->box->env,
                                  .config = &f->config,
                                  .graphs = &list,
                                  .expand = expand,
                                  .valid = 1000,
                                  .done = told,
                                  .arg = f};
    f->told = 0;
    return job_start(&r, &f->job);
}

static void bring(struct fixture *f, size_t call, const void *body, size_t len)
{
    struct fake_call *c = &f->box->transport.call[call];
    struct transport_result r = {.answered = true, .status = 200, .head = "", .body = "", .error = ""};
    assert_true(c->open);
    if (!c->request.take(c->request.arg, body, len))
        r.answered = false;
    c->open = false;
    c->request.done(c->request.arg, &r);
}

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static const char *const all[] = {"cpu", "disk", "net"};

static void test_job__side_by_side(void **state)
{
    struct fixture f;
    fixture_init(&f, *state);
    assert_int_equal(start(&f, 3, all), NT_OK);
    assert_int_equal(fake_open(&f.box->transport), 3); /* all at once */
    assert_false(job_turn(f.job));
    for (size_t i = 3; i-- > 0;) { /* the last one first */
        assert_int_equal(f.told, 0);
        bring(&f, i, sandbox_png, sandbox_png_len);
    }
    assert_int_equal(f.told, 0); /* never from within */
    assert_true(job_turn(f.job));
    assert_int_equal(f.told, 1);
    assert_int_equal(lines(f.media), 3);
    assert_string_equal(f.why, "");
    assert_int_equal(lines(f.notes), 3);
    assert_int_equal(strncmp(f.notes, "cpu: ", 5), 0); /* in the order that was asked for */
    assert_true(job_turn(f.job));
    assert_int_equal(f.told, 1);
    job_free(f.job);
}

static void test_job__some(void **state)
{
    struct fixture f;
    fixture_init(&f, *state);
    static const char *const names[] = {"disk", "nobody", "cpu"};
    assert_int_equal(start(&f, 3, names), NT_OK);
    assert_int_equal(f.box->transport.calls, 2);
    fake_answer(&f.box->transport, 0, 404, "");
    bring(&f, 1, sandbox_png, sandbox_png_len);
    assert_true(job_turn(f.job));
    assert_int_equal(lines(f.media), 1);
    assert_string_equal(f.why, "disk: HTTP 404\nnobody: there is no graph of that name\n");
    job_free(f.job);
}

static void test_job__time_is_up(void **state)
{
    struct fixture f;
    fixture_init(&f, *state);
    assert_int_equal(start(&f, 3, all), NT_OK);
    bring(&f, 1, sandbox_png, sandbox_png_len);
    job_expire(f.job, "too late");
    assert_int_equal(f.told, 1);
    assert_int_equal(lines(f.media), 1);
    assert_string_equal(f.why, "cpu: too late\nnet: too late\n");
    assert_int_equal(fake_open(&f.box->transport), 0);
    job_expire(f.job, "again");
    assert_true(job_turn(f.job));
    assert_int_equal(f.told, 1);
    job_free(f.job);
}

static void test_job__nothing_to_publish_by(void **state)
{
    struct fixture f;
    fixture_init(&f, *state);
    f.config.publishes = 0;
    assert_int_equal(start(&f, 1, all), NT_OK);
    bring(&f, 0, sandbox_png, sandbox_png_len);
    assert_true(job_turn(f.job));
    assert_string_equal(f.why, "cpu: there is no way to publish it (publish: is empty)\n");
    job_free(f.job);
    assert_int_equal(start(&f, 0, all), NT_OK);
    assert_true(job_turn(f.job));
    assert_string_equal(f.why, "");
    job_free(f.job);
}

/* Twilio's 5 MB are for all of them. */
static void test_job__too_much_together(void **state)
{
    struct fixture f;
    size_t size = 3 * 1024 * 1024;
    unsigned char *large = calloc(1, size);
    assert_non_null(large);
    memcpy(large, sandbox_png, sandbox_png_len - 12);
    unsigned char *chunk = large + sandbox_png_len - 12;
    size_t filler = size - sandbox_png_len - 12;
    for (int i = 0; i < 4; i++)
        chunk[i] = (unsigned char)(filler >> (24 - 8 * i));
    memcpy(chunk + 4, "prVt", 4);
    memcpy(large + size - 12, sandbox_png + sandbox_png_len - 12, 12);
    fixture_init(&f, *state);
    assert_int_equal(start(&f, 2, all), NT_OK);
    bring(&f, 0, large, size);
    bring(&f, 1, large, size);
    assert_true(job_turn(f.job));
    assert_int_equal(lines(f.media), 1);
    assert_string_equal(f.why, "disk: all pictures together are larger than 5 MB\n");
    job_free(f.job);
    free(large);
}

static void test_job__freed_in_the_middle(void **state)
{
    struct fixture f;
    fixture_init(&f, *state);
    assert_int_equal(start(&f, 3, all), NT_OK);
    job_free(f.job);
    assert_int_equal(f.told, 0);
    assert_int_equal(fake_open(&f.box->transport), 0);
    job_free(NULL);
}

static void test_job__no_memory(void **state)
{
    struct fixture f;
    fixture_init(&f, *state);
    for (unsigned long n = 1;; n++) {
        fake_transport_init(&f.box->transport);
        mem_fail_at(n);
        enum nt_status st = start(&f, 2, all);
        if (st == NT_OK) {
            for (size_t i = 0; i < f.box->transport.calls; i++)
                bring(&f, i, sandbox_png, sandbox_png_len);
            assert_true(job_turn(f.job));
            assert_int_equal(f.told, 1);
        }
        bool failed = mem_failed();
        mem_fail_at(0);
        assert_true(st == NT_OK || (failed && st == NT_ENOMEM));
        if (st == NT_OK)
            assert_true(failed || lines(f.media) == 2);
        job_free(f.job);
        if (!failed)
            break;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_job__side_by_side),      TEST(test_job__some),
        TEST(test_job__time_is_up),        TEST(test_job__nothing_to_publish_by),
        TEST(test_job__too_much_together), TEST(test_job__freed_in_the_middle),
        TEST(test_job__no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

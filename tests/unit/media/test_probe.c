/* probe: the steps, and what is said when one of them goes wrong. */
#include "base/mem.h"
#include "media/probe.h"
#include "sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT(text)   ((char *)(uintptr_t)(text))

static struct {
    int calls;
    bool ok;
    char words[8192];
} ended;

static void done(void *arg, const struct probe_result *r)
{
    (void)arg;
    ended.calls++;
    ended.ok = r->ok;
    snprintf(ended.words, sizeof ended.words, "%s", r->words);
}

static struct probe *start(struct sandbox *s, const struct picture *picture)
{
    struct probe *p = NULL;
    const struct probe_request r = {.env = &s->env, .config = &s->publish, .picture = picture, .done = done, .arg = s};
    memset(&ended, 0, sizeof ended);
    assert_int_equal(probe_start(&r, &p), NT_OK);
    assert_non_null(p);
    return p;
}

static void says(const char *words)
{
    if (!strstr(ended.words, words))
        fail_msg("%s, not: %s", words, ended.words);
}

/* Gives back the picture in two pieces, if they are wanted, and then the answer. */
static void give(struct sandbox *s, size_t call, const unsigned char *data, size_t len, const char *head)
{
    const struct transport_request *r = &s->transport.call[call].request;
    bool wanted =
        len < 2 || (r->take(r->arg, (const char *)data, 1) && r->take(r->arg, (const char *)data + 1, len - 1));
    const struct transport_result result = {
        .answered = wanted, .status = 200, .body = "", .head = head, .error = wanted ? "" : "given up"};
    s->transport.call[call].open = false;
    r->done(r->arg, &result);
}

static void answer(struct sandbox *s, size_t call, long status, const char *head)
{
    const struct transport_request *r = &s->transport.call[call].request;
    const struct transport_result result = {.answered = true, .status = status, .body = "", .head = head, .error = ""};
    s->transport.call[call].open = false;
    r->done(r->arg, &result);
}

#define PNG "HTTP/1.1 200 OK\nContent-Type: image/png\n"

static void by_put(struct sandbox *s)
{
    s->publish.kind = CONFIG_PUBLISH_PUT;
    s->publish.put = TEXT("https://up.example.org/m/");
    s->publish.public_url = TEXT("https://www.example.org/m/");
}

static size_t notes(const struct sandbox *s)
{
    char path[128];
    snprintf(path, sizeof path, "%s/published", s->state);
    return sandbox_count(path);
}

static void test_probe__all_is_well(void **state)
{
    struct sandbox *s = *state;
    by_put(s);
    struct probe *p = start(s, &s->picture);
    assert_int_equal(s->transport.calls, 1);
    answer(s, 0, 201, "");
    assert_int_equal(s->transport.calls, 2);
    assert_string_equal(s->transport.call[1].method, "GET");
    assert_int_equal(strncmp(s->transport.call[1].url, "https://www.example.org/m/", 26), 0);
    give(s, 1, sandbox_png, sandbox_png_len, PNG);
    assert_string_equal(s->transport.call[2].method, "HEAD");
    assert_string_equal(s->transport.call[2].url, s->transport.call[1].url);
    answer(s, 2, 200, PNG);
    assert_string_equal(s->transport.call[3].method, "DELETE");
    assert_string_equal(s->transport.call[3].url, s->transport.call[0].url);
    assert_int_equal(notes(s), 1);
    assert_int_equal(ended.calls, 0);
    answer(s, 3, 204, "");
    assert_int_equal(ended.calls, 1);
    assert_true(ended.ok);
    says("published as https://www.example.org/m/");
    says("\nGET: HTTP 200, image/png\nHEAD: HTTP 200, image/png\nremoved again (HTTP 204)\n");
    assert_int_equal(notes(s), 0);
    probe_free(p);
}

static void test_probe__what_can_be_wrong(void **state)
{
    static const unsigned char page[] = "<html>not found, but politely</html>";
    static const struct {
        long get;
        const unsigned char *data;
        size_t len;
        const char *get_head;
        long head;
        const char *head_head;
        long removal;
        const char *says;
    } table[] = {
        {404, NULL, 0, "", 404, "", 204, "cannot be fetched from here"},
        {200, page, sizeof page - 1, "Content-Type: text/html\n", 200, PNG, 204, "something else than the picture"},
        {200, sandbox_png, 20, PNG, 200, PNG, 204, "only a part of the picture"},
        {200, sandbox_png, 0, PNG, 200, PNG, 204, "only a part of the picture"},
        {200, NULL, 0, "Content-Type: application/octet-stream\n", 200, PNG, 204, "something else than it is"},
        {200, sandbox_png, 67, PNG, 405, "", 204, "by HEAD, as Twilio does"},
        {200, sandbox_png, 67, PNG, 200, "", 204, "something else than it is"},
        {200, sandbox_png, 67, PNG, 200, PNG, 403, "for ever"},
    };
    struct sandbox *s = *state;
    by_put(s);
    for (size_t i = 0; i < COUNT(table); i++) {
        s->transport.calls = 0;
        struct probe *p = start(s, &s->picture);
        answer(s, 0, 201, "");
        if (table[i].get == 200)
            give(s, 1, table[i].data ? table[i].data : sandbox_png, table[i].len, table[i].get_head);
        else
            answer(s, 1, table[i].get, table[i].get_head);
        answer(s, 2, table[i].head, table[i].head_head);
        answer(s, 3, table[i].removal, "");
        assert_int_equal(ended.calls, 1);
        assert_false(ended.ok);
        says(table[i].says);
        probe_free(p);
        assert_int_equal(notes(s), table[i].removal != 204);
    }
}

static void test_probe__what_cannot_be_published(void **state)
{
    struct sandbox *s = *state;
    by_put(s);
    struct probe *p = start(s, NULL);
    answer(s, 0, 507, "");
    assert_int_equal(ended.calls, 1);
    assert_false(ended.ok);
    assert_string_equal(ended.words, "upload: HTTP 507\n");
    probe_free(p);

    s->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    s->publish.directory = TEXT("/nowhere/at/all");
    p = start(s, NULL); /* ends at once */
    assert_int_equal(ended.calls, 1);
    assert_false(ended.ok);
    says("/nowhere/at/all cannot be written");
    probe_free(p);
}

static void test_probe__a_folder_is_left_as_it_was(void **state)
{
    struct sandbox *s = *state;
    s->publish.kind = CONFIG_PUBLISH_DIRECTORY;
    s->publish.directory = s->folder;
    s->publish.public_url = TEXT("https://www.example.org/m/");
    struct probe *p = start(s, NULL); /* our own picture */
    assert_int_equal(sandbox_count(s->folder), 2);
    assert_int_equal(s->transport.calls, 1);
    answer(s, 0, 404, "");
    answer(s, 1, 404, "");
    assert_int_equal(ended.calls, 1);
    says("removed again\n");
    assert_int_equal(sandbox_count(s->folder), 1);
    probe_free(p);
}

static void test_probe__a_signed_link_needs_no_head(void **state)
{
    struct sandbox *s = *state;
    s->publish.kind = CONFIG_PUBLISH_S3;
    s->publish.s3.endpoint = TEXT("https://s3.example.org");
    s->publish.s3.region = s->publish.s3.access_key_id = s->publish.s3.secret_access_key = TEXT("x");
    s->publish.s3.bucket = TEXT("graphs");
    for (int public = 0; public < 2; public ++) {
        s->publish.s3.public_url = TEXT(public ? "https://www.example.org/" : "");
        s->transport.calls = 0;
        struct probe *p = start(s, &s->picture);
        answer(s, 0, 200, "");
        give(s, 1, sandbox_png, sandbox_png_len, PNG);
        answer(s, 2, 403, "");
        assert_string_equal(s->transport.call[3].method, "DELETE");
        assert_string_equal(s->transport.call[3].url, s->transport.call[0].url);
        answer(s, 3, 204, "");
        assert_int_equal(ended.ok, !public);
        if (!public)
            says("a signed address answers GET alone");
        probe_free(p);
    }
}

static void test_probe__freed_at_every_step(void **state)
{
    struct sandbox *s = *state;
    by_put(s);
    for (size_t steps = 0; steps < 4; steps++) {
        s->transport.calls = s->transport.cancelled = 0;
        struct probe *p = start(s, &s->picture);
        if (steps > 0)
            answer(s, 0, 201, "");
        if (steps > 1)
            give(s, 1, sandbox_png, sandbox_png_len, PNG);
        if (steps > 2)
            answer(s, 2, 200, PNG);
        probe_free(p);
        assert_int_equal(ended.calls, 0);
        assert_int_equal(s->transport.cancelled, 1);
        assert_int_equal(fake_open(&s->transport), 0);
    }
}

static void test_probe__survives_the_failure_of_each_allocation(void **state)
{
    struct sandbox *s = *state;
    by_put(s);
    for (unsigned long n = 1;; n++) {
        struct probe *p = NULL;
        const struct probe_request r = {.env = &s->env, .config = &s->publish, .picture = NULL, .done = done, .arg = s};
        memset(&ended, 0, sizeof ended);
        s->transport.calls = 0;
        mem_fail_at(n);
        enum nt_status status = probe_start(&r, &p);
        for (size_t i = 0; !status && i < s->transport.calls && !ended.calls; i++) {
            const char *method = s->transport.call[i].method;
            if (!strcmp(method, "GET") && s->transport.call[i].request.take)
                answer(s, i, 404, "");
            else
                answer(s, i, !strcmp(method, "PUT") ? 201 : 200, PNG);
        }
        mem_fail_at(0);
        assert_int_equal(ended.calls, status ? 0 : 1);
        if (mem_failed())
            assert_false(ended.ok);
        probe_free(p);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_probe__##name, sandbox_setup, sandbox_teardown)
        TEST(all_is_well),
        TEST(what_can_be_wrong),
        TEST(what_cannot_be_published),
        TEST(a_folder_is_left_as_it_was),
        TEST(a_signed_link_needs_no_head),
        TEST(freed_at_every_step),
        TEST(survives_the_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

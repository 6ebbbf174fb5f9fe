/* memory: each allocation of the stage's doors fails once; the answer is NT_ENOMEM, nothing leaks, and the next try
 * works. */
#include "fixture.h"

/* Does one whole piece of work; NT_OK or NT_ENOMEM. */
typedef enum nt_status work(struct fixture *f, void *arg);

static void fail_each(struct fixture *f, work *w, void *arg)
{
    unsigned long n = 1;
    for (;; n++) {
        fixture_renew(f, NULL);
        rendering_clean(&f->out);
        rendering_init(&f->out, TEXT_MAX);
        mem_fail_at(n);
        enum nt_status status = w(f, arg);
        bool failed = mem_failed();
        mem_fail_at(0);
        if (!failed) {
            assert_int_equal(status, NT_OK);
            break;
        }
        assert_int_equal(status, NT_ENOMEM);
        /* The set is still good for something. */
        assert_int_equal(w(f, arg), NT_OK);
        assert_true(n < 2000);
    }
    assert_true(n > 5);
}

static enum nt_status work_alert(struct fixture *f, void *arg)
{
    struct render_options options = fixture_options();
    options.late = 10;
    return template_render_alert(f->set, NULL, arg, &options, &f->out);
}

static void test_memory__alert(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    fixture_write(
        &f, "problem",
        "{{host | short | upper}} {{#urgent}}{{service | default:none | fit:3}}{{/urgent}} {{_SERVICERUNBOOK|url}}\n"
        "  {{> part}}\n{{time | time:%H}}{{nope | nope}}{{=<% %>=}}<%duration%>");
    fixture_write(&f, "part", "{{#output}}{{.}}{{/output}}\nline\n");
    fail_each(&f, work_alert, a);
    fixture_write(&f, "problem", "{{#urgent}}");
    fail_each(&f, work_alert, a);
    alert_free(a);
    fixture_close(&f);
}

static enum nt_status work_digest(struct fixture *f, void *arg)
{
    struct render_options options = fixture_options();
    const struct alert *const list[] = {arg, arg};
    return template_render_digest(f->set, list, 2, 3, &options, &f->out);
}

static void test_memory__digest(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    fail_each(&f, work_digest, a);
    alert_free(a);
    fixture_close(&f);
}

static enum nt_status work_json(struct fixture *f, void *arg)
{
    struct render_options options = fixture_options();
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/main.mustache", f->folder);
    return template_render_json(f->set, path, arg, &options, &f->out, NULL, NULL);
}

static void test_memory__json(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fixture_write(&f, "main", "{{#l}}{{.}}{{> part}}{{/l}}");
    fixture_write(&f, "part", "{{host}}");
    cJSON *data = cJSON_Parse("{\"l\":[1,2],\"host\":\"h\"}");
    fail_each(&f, work_json, data);
    cJSON_Delete(data);
    fixture_close(&f);
}

static enum nt_status work_has(struct fixture *f, void *arg)
{
    bool *has = arg;
    enum nt_status status = template_set_has(f->set, "main", has);
    assert_int_equal(*has, !status);
    return status;
}

static void test_memory__has(void **state)
{
    struct fixture f;
    bool has = false;
    (void)state;
    fixture_open(&f);
    fixture_write(&f, "main", "{{host}}");
    fail_each(&f, work_has, &has);
    fixture_close(&f);
}

static enum nt_status work_check(struct fixture *f, void *arg)
{
    (void)arg;
    enum nt_status status = template_set_check(f->set, NULL, NULL);
    return status == NT_EINVAL ? NT_OK : status;
}

static void test_memory__check(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fixture_write(&f, "a", "{{> b}}{{nope}}{{#x}}");
    fixture_write(&f, "b", "{{> a}}{{> c}}");
    fixture_write(&f, "c", "{{host | first:x}}");
    fail_each(&f, work_check, NULL);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__alert), cmocka_unit_test(test_memory__digest),
        cmocka_unit_test(test_memory__json),  cmocka_unit_test(test_memory__has),
        cmocka_unit_test(test_memory__check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* set: which file a name leads to, what is used when none will do, and what a check finds. */
#include "fixture.h"

static void render_problem(struct fixture *f, const char *name, const char *expected)
{
    struct alert *a = fixture_alert();
    struct render_options options = fixture_options();
    assert_int_equal(template_render_alert(f->set, name, a, &options, &f->out), NT_OK);
    assert_string_equal(buf_text(&f->out.text), expected);
    alert_free(a);
}

static bool has(struct fixture *f, const char *name)
{
    bool found = false;
    assert_int_equal(template_set_has(f->set, name, &found), NT_OK);
    return found;
}

static void test_set__own_folder_comes_first(void **state)
{
    struct fixture f, installed;
    (void)state;
    fixture_open(&installed);
    fixture_open(&f);
    fixture_write(&installed, "problem", "installed {{> part}}");
    fixture_write(&installed, "part", "installed part");
    fixture_write(&installed, "default", "installed default");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "installed installed part");
    fixture_write(&f, "part", "own part");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "installed own part");
    fixture_write(&f, "problem", "own {{> part}}");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "own own part");
    render_problem(&f, "part", "own part");
    assert_int_equal(f.logged, 0);
    render_problem(&f, "nowhere", "installed default");
    assert_int_equal(f.logged, 1);
    assert_true(has(&f, "part"));
    assert_true(has(&f, "default"));
    assert_false(has(&f, "nowhere"));
    fixture_close(&f);
    fixture_close(&installed);
}

static void test_set__parses_once(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fixture_write(&f, "problem", "first");
    render_problem(&f, NULL, "first");
    fixture_write(&f, "problem", "second");
    render_problem(&f, NULL, "first");
    fixture_renew(&f, NULL);
    render_problem(&f, NULL, "second");
    fixture_close(&f);
}

static void test_set__there_is_always_a_text(void **state)
{
    static const char problem[] = "PROBLEM CRITICAL HTTP on web01.example.org 02:12 Connection refused";
    struct fixture f, installed;
    (void)state;
    fixture_open(&installed);
    fixture_open(&f);
    render_problem(&f, NULL, problem);
    render_problem(&f, "nowhere", problem);
    render_problem(&f, "../secret", problem);
    render_problem(&f, "", problem);
    /* Broken beyond use: first the installed one, then the one built in. */
    fixture_write(&f, "problem", "{{#problem}}{{state}}");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, problem);
    assert_int_equal(f.logged, 1);
    fixture_write(&installed, "problem", "installed {{state}}");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "installed CRITICAL");
    /* Empty on purpose is no better. */
    fixture_write(&f, "problem", "{{author}}\n \n");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "installed CRITICAL");
    assert_int_equal(f.logged, 1);
    fixture_close(&f);
    fixture_close(&installed);
}

static void test_set__the_last_resort_tells_a_digest(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct alert *a = fixture_alert();
    const struct alert *two[] = {a, a};
    struct render_options options = fixture_options();
    fixture_set(&a->host, "web01");
    assert_int_equal(template_render_digest(f.set, two, 2, 5, &options, &f.out), NT_OK);
    assert_string_equal(buf_text(&f.out.text),
                        "CRITICAL HTTP on web01 02:12\nCRITICAL HTTP on web01 02:12\n+3 more of 5 alerts");
    alert_free(a);
    fixture_close(&f);
}

static void test_set__unreadable_files_are_passed_over(void **state)
{
    struct fixture f, installed;
    char path[PATH_MAX];
    (void)state;
    fixture_open(&installed);
    fixture_open(&f);
    snprintf(path, sizeof path, "%s/problem.mustache", f.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    fixture_write(&installed, "problem", "installed");
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "installed");
    assert_int_equal(f.logged, 1);
    assert_non_null(strstr(f.log[0], "problem.mustache cannot be used"));
    assert_int_equal(rmdir(path), 0);
    char *huge = malloc(70000);
    memset(huge, 'x', 70000);
    fixture_write_bytes(&f, "problem", huge, 70000);
    fixture_renew(&f, installed.folder);
    render_problem(&f, NULL, "installed");
    free(huge);
    fixture_close(&f);
    fixture_close(&installed);
}

static const char *check(struct fixture *f)
{
    buf_reset(&f->report);
    enum nt_status status = template_set_check(f->set, fixture_report, f);
    assert_int_equal(status, f->report.len ? NT_EINVAL : NT_OK);
    return buf_text(&f->report);
}

static void test_set__check_finds_everything(void **state)
{
    struct fixture f, installed;
    (void)state;
    fixture_open(&installed);
    fixture_open(&f);
    fixture_renew(&f, "/nonexistent/templates");
    assert_string_equal(check(&f), "");
    fixture_renew(&f, installed.folder);
    fixture_write(&f, "problem", "{{host}}\n{{hots | uper}} {{> gone}}\n{{#urgent}}{{stat}}\n{{MACRO.X}}{{.}}");
    fixture_write(&f, "digest", "{{count}}{{#alerts}}{{host}}{{> loop}}{{/alerts}}{{more}}");
    fixture_write(&f, "loop", "{{#more}}{{> twist}}{{/more}}");
    fixture_write(&f, "twist", "\n {{> loop}}");
    fixture_write(&f, "self", "{{> self}}");
    fixture_write(&f, ".#problem", "{{hots}}");
    fixture_write(&installed, "problem", "{{/x}}");
    fixture_write(&installed, "zz", "{{host.name}}");
    assert_string_equal(check(&f), "loop.mustache:1:10: the template includes itself by the partial \"twist\"\n"
                                   "problem.mustache:2:1: unknown filter \"uper\"\n"
                                   "problem.mustache:2:1: unknown field \"hots\"\n"
                                   "problem.mustache:3:1: the section \"urgent\" is never closed\n"
                                   "problem.mustache:3:12: unknown field \"stat\"\n"
                                   "problem.mustache:2:17: there is no partial \"gone\"\n"
                                   "self.mustache:1:1: the template includes itself by the partial \"self\"\n"
                                   "twist.mustache:2:2: the template includes itself by the partial \"loop\"\n"
                                   "problem.mustache:1:1: no section \"x\" is open here\n"
                                   "zz.mustache:1:1: unknown field \"host.name\"\n");
    assert_int_equal(f.logged, 0);
    fixture_close(&f);
    fixture_close(&installed);
}

static void test_set__check_tells_of_unreadable_files(void **state)
{
    struct fixture f;
    char path[PATH_MAX];
    (void)state;
    fixture_open(&f);
    snprintf(path, sizeof path, "%s/a.mustache", f.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    const char *found = check(&f);
    assert_ptr_equal(strstr(found, "a.mustache:0:0: cannot be used: "), found);
    assert_int_equal(rmdir(path), 0);
    fixture_close(&f);
}

static void test_set__json_by_name_and_by_path(void **state)
{
    struct fixture f, other;
    char path[PATH_MAX];
    struct render_options options = fixture_options();
    (void)state;
    fixture_open(&other);
    fixture_open(&f);
    cJSON *data = cJSON_Parse("{\"a\":\"x\"}");
    fixture_write(&f, "main", "main {{a}} {{> part}} {{> own}}\n");
    fixture_write(&f, "part", "part");
    fixture_write(&other, "main", "other {{a}} {{> part}} {{> own}}\n");
    fixture_write(&other, "own", "beside");
    assert_int_equal(template_render_json(f.set, "main", data, &options, &f.out, fixture_report, &f), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "main x part \n");
    snprintf(path, sizeof path, "%s/main.mustache", other.folder);
    assert_int_equal(template_render_json(f.set, path, data, &options, &f.out, fixture_report, &f), NT_OK);
    assert_string_equal(buf_text(&f.out.text), "other x part beside\n");
    assert_int_equal(template_render_json(f.set, "nowhere", data, &options, &f.out, fixture_report, &f), NT_ENOENT);
    snprintf(path, sizeof path, "%s/none.mustache", other.folder);
    assert_int_equal(template_render_json(f.set, path, data, &options, &f.out, fixture_report, &f), NT_ENOENT);
    assert_string_equal(buf_text(&f.report), "");
    fixture_write(&f, "broken", "{{#a}}\n{{b | c}}");
    assert_int_equal(template_render_json(f.set, "broken", data, &options, &f.out, fixture_report, &f), NT_EINVAL);
    assert_string_equal(buf_text(&f.report), "broken.mustache:1:1: the section \"a\" is never closed\n"
                                             "broken.mustache:2:1: unknown filter \"c\"\n");
    cJSON_Delete(data);
    fixture_close(&f);
    fixture_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set__own_folder_comes_first),
        cmocka_unit_test(test_set__parses_once),
        cmocka_unit_test(test_set__there_is_always_a_text),
        cmocka_unit_test(test_set__the_last_resort_tells_a_digest),
        cmocka_unit_test(test_set__unreadable_files_are_passed_over),
        cmocka_unit_test(test_set__check_finds_everything),
        cmocka_unit_test(test_set__check_tells_of_unreadable_files),
        cmocka_unit_test(test_set__json_by_name_and_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

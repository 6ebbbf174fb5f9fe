/*
 * mustache_spec: the Mustache specification's own cases, as its package ships them. The arguments are folders with one
 * JSON file a part of the language.
 *
 * Ours is a renderer for plain text: where a case expects HTML entities, the characters themselves are expected.
 */
#include "fixture.h"

#include "base/file.h"

enum { FOLDERS_MAX = 4 };

static const char *folders[FOLDERS_MAX];
static int folders_given;

static void replace_all(char *text, const char *what, char by)
{
    size_t n = strlen(what);
    for (char *p = text; (p = strstr(p, what)); p++) {
        *p = by;
        memmove(p + 1, p + n, strlen(p + n) + 1);
    }
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    assert_non_null(text);
    return text;
}

/* True when the case holds. */
static bool run_case(const cJSON *test)
{
    struct fixture f;
    fixture_open(&f);
    char *expected = strdup(text_of(test, "expected"));
    assert_non_null(expected);
    replace_all(expected, "&quot;", '"');
    replace_all(expected, "&lt;", '<');
    replace_all(expected, "&gt;", '>');
    replace_all(expected, "&amp;", '&');
    const cJSON *partial;
    cJSON_ArrayForEach(partial, cJSON_GetObjectItemCaseSensitive(test, "partials"))
        fixture_write(&f, partial->string, cJSON_GetStringValue(partial));
    char *data = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(test, "data"));
    const char *got = fixture_json(&f, text_of(test, "template"), data);
    bool same = strcmp(got, expected) == 0;
    if (!same)
        print_error("%s: %s\n  expected \"%s\"\n  got      \"%s\"\n", text_of(test, "name"), text_of(test, "desc"),
                    expected, got);
    cJSON_free(data);
    free(expected);
    fixture_close(&f);
    return same;
}

static void run_file(const char *folder, const char *name, int *cases, int *failures)
{
    char path[PATH_MAX];
    struct buf raw;
    const cJSON *test;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    buf_init(&raw, 1024 * 1024);
    assert_int_equal(file_read(path, &raw, NULL), NT_OK);
    cJSON *spec = cJSON_Parse(buf_text(&raw));
    assert_non_null(spec);
    cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(spec, "tests"))
    {
        ++*cases;
        if (!run_case(test))
            ++*failures;
    }
    cJSON_Delete(spec);
    buf_clean(&raw);
}

static void test_mustache_spec__every_case_holds(void **state)
{
    static const char *const files[] = {"comments.json", "delimiters.json", "interpolation.json",
                                        "inverted.json", "partials.json",   "sections.json"};
    int cases = 0, failures = 0;
    (void)state;
    for (int i = 0; i < folders_given; i++)
        for (size_t k = 0; k < sizeof files / sizeof *files; k++)
            run_file(folders[i], files[k], &cases, &failures);
    print_message("%d cases\n", cases);
    assert_true(cases > 100);
    assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc && folders_given < FOLDERS_MAX; i++)
        folders[folders_given++] = argv[i];
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mustache_spec__every_case_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

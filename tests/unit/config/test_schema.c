/* schema: the example loads and says nothing but the defaults; what is commented out in it is right too; the manual
 * page is sound. */
#include "base/mem.h"
#include "config/load.h"
#include "config/reading.h"
#include "config/schema.h"

#include "folder.h"

static struct folder folder;

static int make(void **state)
{
    (void)state;
    folder_make(&folder);
    folder_write(&folder, "auth_token", "abcd\n", 0600);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void dump(const char *text, struct buf *out)
{
    struct problems p;
    struct config *c = NULL;
    problems_init(&p);
    enum nt_status status = config_load(folder_write(&folder, "config.yaml", text, 0640), &c, &p);
    if (status || p.n)
        fail_msg("%s", p.n ? p.item[0].message : "does not load");
    buf_init(out, 1 << 20);
    assert_int_equal(config_dump(c, out), NT_OK);
    config_free(c);
    problems_clean(&p);
}

static void test_schema__the_example_is_the_defaults(void **state)
{
    (void)state;
    struct buf example, got, least;
    buf_init(&example, 1 << 20);
    assert_int_equal(schema_write_example(&example), NT_OK);
    dump(buf_text(&example), &got);
    dump("twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: auth_token\n" SENDERS, &least);
    assert_string_equal(buf_text(&got), buf_text(&least));
    buf_clean(&example);
    buf_clean(&got);
    buf_clean(&least);
}

/* With every sign taken away there are things that exclude each other, and files that are not there, but no key is
 * unknown and no value wrong. */
static void test_schema__what_the_example_shows_is_right(void **state)
{
    (void)state;
    struct buf example, open;
    struct problems p;
    struct config *c = NULL;
    buf_init(&example, 1 << 20);
    buf_init(&open, 1 << 20);
    problems_init(&p);
    assert_int_equal(schema_write_example(&example), NT_OK);
    for (const char *at = buf_text(&example); *at; at++) {
        bool sign = *at == '#' && (at == buf_text(&example) || at[-1] == '\n' || at[-1] == ' ') && at[1] != ' ' &&
                    strncmp(at + 1, "messaging_service_sid", 21) != 0; /* instead of from */
        if (!sign)
            buf_addc(&open, *at);
    }
    enum nt_status status = config_load(folder_write(&folder, "config.yaml", buf_text(&open), 0640), &c, &p);
    for (size_t i = 0; i < p.n; i++)
        if (p.item[i].fatal)
            fail_msg("line %lu: %s", p.item[i].line, p.item[i].message);
    assert_int_equal(status, NT_OK);
    assert_int_equal(c->contacts, 1);
    assert_int_equal(c->contact[0].throttle.urgent.n, 1);
    config_free(c);
    problems_clean(&p);
    buf_clean(&example);
    buf_clean(&open);
}

static void test_schema__the_example_has_no_long_lines(void **state)
{
    (void)state;
    struct buf example;
    buf_init(&example, 1 << 20);
    assert_int_equal(schema_write_example(&example), NT_OK);
    size_t column = 0;
    for (const char *at = buf_text(&example); *at; at++) {
        column = *at == '\n' ? 0 : column + 1;
        assert_true(column <= 110);
    }
    buf_clean(&example);
}

/* Every line is a request that man(7) knows, or text that cannot be taken for one; every key is there. */
static void test_schema__the_manual_page_is_sound(void **state)
{
    (void)state;
    static const char *const request[] = {".TH ", ".SH ", ".SS ", ".PP", ".TP", ".B ", ".BR ", ".IR "};
    struct buf man;
    buf_init(&man, 1 << 20);
    assert_int_equal(schema_write_man(&man), NT_OK);
    const char *text = buf_text(&man);
    assert_memory_equal(text, ".TH NOTIFY_TWILIO.YAML 5 ", 25);
    assert_non_null(strstr(text, "\n.SH NAME\nnotify_twilio.yaml \\- "));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        bool known = *line != '.' && *line != '\'' && *line != '\n';
        for (size_t i = 0; i < sizeof request / sizeof *request; i++)
            known |= !strncmp(line, request[i], strlen(request[i]));
        if (!known)
            fail_msg("%.*s", (int)strcspn(line, "\n"), line);
        for (const char *at = line; *at != '\n'; at++) {
            assert_true((unsigned char)*at < 0x80);
            if (*at == '\\')
                assert_non_null(strchr("-e&fBR", *++at));
        }
    }
    static const char *const keys[] = {
        "account_sid", "segments_per_second",    "template_dir",   "aliases", "members",
        "encoding",    "secret_access_key_file", "media_prefixes", "socket",  "password_file"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char tag[64];
        snprintf(tag, sizeof tag, "\n\\fB%s\\fR (", keys[i]);
        if (!strstr(text, tag))
            fail_msg("%s is not described", keys[i]);
    }
    buf_clean(&man);
}

static void test_schema__no_memory_is_told(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        bool failed = true;
        for (unsigned long n = 1; failed; n++) {
            struct buf b;
            buf_init(&b, 1 << 20);
            mem_fail_at(n);
            enum nt_status status = which ? schema_write_example(&b) : schema_write_man(&b);
            failed = mem_failed();
            mem_fail_at(0);
            assert_int_equal(status, failed ? NT_ENOMEM : NT_OK);
            buf_clean(&b);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_schema__##name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(the_example_is_the_defaults),
        TEST(what_the_example_shows_is_right),
        TEST(the_example_has_no_long_lines),
        TEST(the_manual_page_is_sound),
        TEST(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

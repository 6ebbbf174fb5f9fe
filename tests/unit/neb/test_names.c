/* names: custom variables from a file of objects, whatever that is. */
#include "neb/names.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/nt-names-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/objects.cache", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* The names, "a b c" in a static text. */
static const char *joined(const struct names *s)
{
    static char text[4096];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < s->n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "", s->name[i]);
    return text;
}

static const char objects[] = "########################################\n"
                              "#       NAGIOS OBJECT CACHE FILE\n"
                              "########################################\n"
                              "\n"
                              "define contactgroup {\n\tcontactgroup_name\tadmins\n\t_NOT\tthis\n\t}\n"
                              "define contact {\n\tcontact_name\talice\n\t_SHIFT\tearly\n\t}\n"
                              "\n"
                              "define host {\n\thost_name\tweb01\n\t_SITE\tBerlin\n\t_EMPTY\t\n\t}\n"
                              "define host {\n\thost_name\tweb02\n\t_SITE\tParis\n\t_RACK\t7\n\t}\n"
                              "define service {\n\thost_name\tweb01\n\tservice_description\tHTTP\n"
                              "\t_RUNBOOK\thttps://wiki.example.org/a_b?c=_d\n\t_SITE\tx\n\t}\n"
                              "define servicedependency {\n\t_NEITHER\tthis\n\t}\n";

static void test_names__of_hosts_services_and_contacts(void **state)
{
    (void)state;
    struct names s;
    names_init(&s);
    write_file(objects, sizeof objects - 1);
    assert_int_equal(names_read(&s, path), NT_OK);
    assert_string_equal(joined(&s), "_CONTACTSHIFT _HOSTSITE _HOSTEMPTY _HOSTRACK _SERVICERUNBOOK _SERVICESITE");
    /* Again: nothing comes twice. */
    assert_int_equal(names_read(&s, path), NT_OK);
    assert_int_equal(s.n, 6);
    names_clean(&s);
}

static void test_names__of_files_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *names;
    } t[] = {
        {"", ""},
        {"\n\n\n", ""},
        {"\t_A\tb\n", ""},
        {"define host {\n\t_A", ""},
        {"define host {\n\t_A\n\t_\tx\n\t_B\tc", ""},
        {"define host {\n\t_A\tb\n", "_HOSTA"},
        {"define host {\n\t_A$B\tb\n\t_C=D\tb\n\t_E:F\tb\n\t_\x01\tb\n\t_OK\tb\n", "_HOSTOK"},
        {"define host{\n\t_A\tb\n", ""},
        {"define \n\t_A\tb\ndefine service {\n_B b\n", "_SERVICEB"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct names s;
        names_init(&s);
        write_file(t[i].text, strlen(t[i].text));
        assert_int_equal(names_read(&s, path), NT_OK);
        assert_string_equal(joined(&s), t[i].names);
        names_clean(&s);
    }
}

/* Lines of every length around the pieces that the file is read in, and bytes of every kind. */
static void test_names__do_not_depend_on_how_the_file_is_read(void **state)
{
    (void)state;
    static char text[200 * 1024];
    for (size_t padding = 65536 - 40; padding < 65536 + 4; padding++) {
        struct names s;
        size_t at = 0;
        names_init(&s);
        at += (size_t)sprintf(text, "define service {\n\tnotes\t");
        memset(text + at, 'x', padding - at);
        at = padding;
        at += (size_t)sprintf(text + at, "\n\t_RUNBOOK\thttps://\n\t}\ndefine host {\n\t_SITE\tx\n");
        write_file(text, at);
        assert_int_equal(names_read(&s, path), NT_OK);
        assert_string_equal(joined(&s), "_SERVICERUNBOOK _HOSTSITE");
        names_clean(&s);
    }
    struct names s;
    names_init(&s);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7 + i / 251);
    write_file(text, sizeof text);
    assert_int_equal(names_read(&s, path), NT_OK);
    names_clean(&s);
}

static void test_names__are_bounded(void **state)
{
    (void)state;
    struct names s;
    char name[NAMES_LENGTH_MAX + 2];
    memset(name, 'A', sizeof name);
    names_init(&s);
    assert_int_equal(names_add(&s, "_HOST", name, NAMES_LENGTH_MAX + 1), NT_OK);
    assert_int_equal(s.n, 0);
    assert_int_equal(names_add(&s, "_HOST", name, NAMES_LENGTH_MAX), NT_OK);
    for (int i = 0; i < 2 * NAMES_MAX; i++) {
        int len = snprintf(name, sizeof name, "N%d", i);
        assert_int_equal(names_add(&s, "_HOST", name, (size_t)len), NT_OK);
    }
    assert_int_equal(s.n, NAMES_MAX);
    names_clean(&s);
}

static void test_names__files_that_cannot_be_read(void **state)
{
    (void)state;
    struct names s;
    char fifo[80];
    names_init(&s);
    assert_int_equal(names_read(&s, "/nonexistent/objects.cache"), NT_ENOENT);
    assert_int_equal(names_read(&s, folder), NT_EINVAL);
    assert_int_equal(names_read(&s, "/dev/null"), NT_EINVAL);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0); /* opening one for reading would wait for a writer */
    assert_int_equal(names_read(&s, fifo), NT_EINVAL);
    unlink(fifo);
    assert_int_equal(s.n, 0);
}

static void test_names__say_when_memory_runs_out(void **state)
{
    (void)state;
    write_file(objects, sizeof objects - 1);
    for (unsigned long n = 1;; n++) {
        struct names s;
        names_init(&s);
        mem_fail_at(n);
        enum nt_status status = names_read(&s, path);
        mem_fail_at(0);
        assert_int_equal(status, mem_failed() ? NT_ENOMEM : NT_OK);
        names_clean(&s);
        if (!mem_failed())
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names__of_hosts_services_and_contacts),
        cmocka_unit_test(test_names__of_files_that_are_none),
        cmocka_unit_test(test_names__do_not_depend_on_how_the_file_is_read),
        cmocka_unit_test(test_names__are_bounded),
        cmocka_unit_test(test_names__files_that_cannot_be_read),
        cmocka_unit_test(test_names__say_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* notification: the frame has what decides first, and the log's line is the core's. */
#include "neb/notification.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char logged[1 << 20];
static int logged_kind;
static size_t output_size; /* 0: a short one */
static int notifications = 1;

/* Every macro that is no custom variable has its own name for its value. */
static int process(union neb_macros *macros, char *text, char **out, int options)
{
    (void)macros;
    assert_int_equal(options, 0);
    size_t len = strlen(text) - 2;
    if (!strcmp(text, "$_HOSTNONE$"))
        *out = strdup(text);
    else if (!strcmp(text, "$SERVICENOTESURL$"))
        *out = strdup("");
    else if (output_size && (strstr(text, "OUTPUT") || strstr(text, "COMMENT")))
        *out = memset(calloc(1, output_size + 1), 'x', output_size);
    else
        *out = strndup(text + 1, len);
    return 0;
}

static int write_log(char *text, unsigned long kind)
{
    snprintf(logged, sizeof logged, "%s", text);
    logged_kind = (int)kind;
    return 0;
}

__attribute__((format(printf, 2, 3))) static void write_nm_log(int kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(logged, sizeof logged, format, args);
    va_end(args);
    logged_kind = kind;
}

static struct core nagios = {
    .process_macros = process, .write_to_all_logs = write_log, .log_notifications = &notifications};
static struct core naemon = {.process_macros = process, .nm_log = write_nm_log};
static char host[] = "web01", service[] = "HTTP", contact[] = "alice", command[] = "notify", author[] = "O'Neil",
            comment[] = "on it";
static union neb_macros macros;
static char memory[FRAME_MAX];

static struct neb_contact_method of(bool of_service, int reason, int state)
{
    struct neb_contact_method n = {.type = NEB_METHOD_START,
                                   .notification_type = of_service ? NEB_SERVICE : NEB_HOST,
                                   .host_name = host,
                                   .service_description = of_service ? service : NULL,
                                   .contact_name = contact,
                                   .command_name = command,
                                   .reason_type = reason,
                                   .state = state};
    if (reason == NEB_ACKNOWLEDGEMENT || reason == NEB_CUSTOM || reason == NEB_DOWNTIME_START) {
        n.ack_author = author;
        n.ack_data = comment;
    }
    return n;
}

/* A pair's value, "" when it is not there; its place among the pairs in *place. */
static const char *value_of(const struct frame *f, const char *key, size_t *place)
{
    const char *k, *v;
    size_t at = 0, key_len, value_len, i = 0;
    bool bad = false;
    while (frame_next(f->data, f->len, &at, &k, &key_len, &v, &value_len, &bad)) {
        if (key_len == strlen(key) && !memcmp(k, key, key_len)) {
            if (place)
                *place = i;
            return v;
        }
        i++;
    }
    assert_false(bad);
    return "";
}

static void write_it(struct frame *f, const struct neb_contact_method *n, const struct names *custom)
{
    frame_init(f, memory);
    notification_write(&nagios, n, &macros, custom, "5f0c6ac2-0000-4000-8000-000000000000", 1700000000040, f);
}

static void test_notification__every_type_has_its_name(void **state)
{
    (void)state;
    static const struct {
        int reason, state;
        const char *name;
    } t[] = {{NEB_NORMAL, 2, "PROBLEM"},
             {NEB_NORMAL, 0, "RECOVERY"},
             {NEB_ACKNOWLEDGEMENT, 2, "ACKNOWLEDGEMENT"},
             {NEB_FLAPPING_START, 2, "FLAPPINGSTART"},
             {NEB_FLAPPING_STOP, 0, "FLAPPINGSTOP"},
             {NEB_FLAPPING_DISABLED, 0, "FLAPPINGDISABLED"},
             {NEB_DOWNTIME_START, 0, "DOWNTIMESTART"},
             {NEB_DOWNTIME_END, 0, "DOWNTIMEEND"},
             {NEB_DOWNTIME_CANCELLED, 0, "DOWNTIMECANCELLED"},
             {NEB_CUSTOM, 0, "CUSTOM"},
             {99, 1, "PROBLEM"},
             {-1, 0, "RECOVERY"}};
    struct names none;
    names_init(&none);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct neb_contact_method n = of(true, t[i].reason, t[i].state);
        struct frame f;
        assert_string_equal(notification_type(&n), t[i].name);
        write_it(&f, &n, &none);
        assert_string_equal(value_of(&f, "NOTIFICATIONTYPE", NULL), t[i].name);
    }
}

static void test_notification__of_a_service(void **state)
{
    (void)state;
    struct neb_contact_method n = of(true, NEB_ACKNOWLEDGEMENT, 2);
    struct names custom;
    struct frame f;
    names_init(&custom);
    assert_int_equal(names_add(&custom, "_SERVICE", "RUNBOOK", 7), NT_OK);
    assert_int_equal(names_add(&custom, "_HOST", "NONE", 4), NT_OK);
    n.escalated = 1;
    write_it(&f, &n, &custom);
    static const struct {
        const char *key, *value;
    } t[] = {{"notify_twilio", "1"},
             {"request", "5f0c6ac2-0000-4000-8000-000000000000"},
             {"deadline", "1700000000040"},
             {"source", "nagios"},
             {"notify_twilio_macros", "1"},
             {"HOSTNAME", "web01"},
             {"SERVICEDESC", "HTTP"},
             {"CONTACTNAME", "alice"},
             {"CONTACTPAGER", "CONTACTPAGER"},
             {"CONTACTADDRESS1", "CONTACTADDRESS1"},
             {"NOTIFICATIONNUMBER", "SERVICENOTIFICATIONNUMBER"},
             {"NOTIFICATIONAUTHOR", "O'Neil"},
             {"NOTIFICATIONCOMMENT", "on it"},
             {"NOTIFICATIONISESCALATED", "1"},
             {"SERVICESTATE", "SERVICESTATE"},
             {"HOSTSTATE", "HOSTSTATE"},
             {"SERVICEOUTPUT", "SERVICEOUTPUT"},
             {"LONGSERVICEOUTPUT", "LONGSERVICEOUTPUT"},
             {"SERVICENOTIFICATIONID", "SERVICENOTIFICATIONID"},
             {"TIMET", "TIMET"},
             {"_SERVICERUNBOOK", "_SERVICERUNBOOK"},
             {"_HOSTNONE", ""},
             {"SERVICENOTES", ""},
             {"SERVICENOTESURL", ""},
             {"SERVICEACKAUTHOR", "O'Neil"},
             {"SERVICEACKCOMMENT", "on it"},
             {"TOTALHOSTSUP", ""}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        assert_string_equal(value_of(&f, t[i].key, NULL), t[i].value);
    assert_false(f.cut);
    size_t options, first;
    value_of(&f, "notify_twilio_macros", &options);
    value_of(&f, "NOTIFICATIONTYPE", &first);
    assert_int_equal(options, 4);
    assert_int_equal(first, 5);
    names_clean(&custom);
}

static void test_notification__of_a_host_has_nothing_of_services(void **state)
{
    (void)state;
    struct neb_contact_method n = of(false, NEB_NORMAL, 1);
    struct names none;
    struct frame f;
    names_init(&none);
    write_it(&f, &n, &none);
    const char *k, *v;
    size_t at = 0, key_len, value_len;
    bool bad;
    while (frame_next(f.data, f.len, &at, &k, &key_len, &v, &value_len, &bad))
        assert_null(strstr(k, "SERVICE") && strstr(k, "SERVICE") < k + key_len ? k : NULL);
    assert_string_equal(value_of(&f, "NOTIFICATIONNUMBER", NULL), "HOSTNOTIFICATIONNUMBER");
    assert_string_equal(value_of(&f, "HOSTOUTPUT", NULL), "HOSTOUTPUT");
    assert_string_equal(value_of(&f, "NOTIFICATIONAUTHOR", NULL), "");
}

static void test_notification__a_full_frame_has_what_decides(void **state)
{
    (void)state;
    struct neb_contact_method n = of(true, NEB_NORMAL, 2);
    struct names many;
    struct frame f;
    names_init(&many);
    output_size = 100 * 1024;
    for (int i = 0; i < 20; i++) {
        char name[32];
        assert_int_equal(names_add(&many, "_SERVICE", name, (size_t)snprintf(name, sizeof name, "OUTPUT%d", i)), NT_OK);
    }
    write_it(&f, &n, &many);
    output_size = 0;
    assert_true(f.cut);
    assert_true(f.len <= FRAME_MAX);
    static const char *const there[] = {"NOTIFICATIONTYPE", "HOSTNAME",     "SERVICEDESC",        "SERVICESTATE",
                                        "HOSTSTATE",        "CONTACTPAGER", "NOTIFICATIONNUMBER", "TIMET"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        assert_string_not_equal(value_of(&f, there[i], NULL), "");
    assert_int_equal(strlen(value_of(&f, "SERVICEOUTPUT", NULL)), FRAME_VALUE_MAX);
    names_clean(&many);
}

static void test_notification__is_logged_as_the_core_does(void **state)
{
    (void)state;
    static const struct {
        const struct core *core;
        bool service;
        int reason, state;
        const char *line;
    } t[] = {
        {&nagios, true, NEB_NORMAL, 2, "SERVICE NOTIFICATION: alice;web01;HTTP;SERVICESTATE;notify;SERVICEOUTPUT"},
        {&nagios, false, NEB_NORMAL, 0, "HOST NOTIFICATION: alice;web01;HOSTSTATE;notify;HOSTOUTPUT"},
        {&nagios, true, NEB_ACKNOWLEDGEMENT, 2,
         "SERVICE NOTIFICATION: alice;web01;HTTP;ACKNOWLEDGEMENT (SERVICESTATE);notify;SERVICEOUTPUT;O'Neil;on it"},
        {&nagios, false, NEB_CUSTOM, 0,
         "HOST NOTIFICATION: alice;web01;CUSTOM (HOSTSTATE);notify;HOSTOUTPUT;O'Neil;on it"},
        {&nagios, true, NEB_FLAPPING_START, 2,
         "SERVICE NOTIFICATION: alice;web01;HTTP;FLAPPINGSTART (SERVICESTATE);notify;SERVICEOUTPUT"},
        {&nagios, false, NEB_DOWNTIME_START, 0,
         "HOST NOTIFICATION: alice;web01;DOWNTIMESTART (HOSTSTATE);notify;HOSTOUTPUT"},
        {&naemon, true, NEB_NORMAL, 2, "SERVICE NOTIFICATION: alice;web01;HTTP;SERVICESTATE;notify;SERVICEOUTPUT"},
        {&naemon, false, NEB_DOWNTIME_START, 0,
         "HOST NOTIFICATION: alice;web01;DOWNTIMESTART (HOSTSTATE);notify;HOSTOUTPUT;O'Neil;on it"},
        {&naemon, true, NEB_FLAPPING_STOP, 0,
         "SERVICE NOTIFICATION: alice;web01;HTTP;FLAPPINGSTOP (SERVICESTATE);notify;SERVICEOUTPUT;;"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct neb_contact_method n = of(t[i].service, t[i].reason, t[i].state);
        logged[0] = '\0';
        notification_log(t[i].core, &n, &macros);
        assert_string_equal(logged, t[i].line);
        assert_int_equal(logged_kind, t[i].service ? 1048576 : 524288);
    }
    /* log_notifications=0 */
    struct neb_contact_method n = of(true, NEB_NORMAL, 2);
    logged[0] = '\0';
    notifications = 0;
    notification_log(&nagios, &n, &macros);
    notifications = 1;
    assert_string_equal(logged, "");
}

static void test_notification__goes_on_without_memory(void **state)
{
    (void)state;
    struct neb_contact_method n = of(true, NEB_CUSTOM, 2);
    for (unsigned long i = 1;; i++) {
        mem_fail_at(i);
        notification_log(&nagios, &n, &macros);
        mem_fail_at(0);
        if (!mem_failed())
            break;
    }
    /* A line that is too long is cut, not left out. */
    output_size = 1 << 19;
    logged[0] = '\0';
    notification_log(&nagios, &n, &macros);
    output_size = 0;
    assert_int_equal(strncmp(logged, "SERVICE NOTIFICATION: alice;web01;HTTP;CUSTOM", 45), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notification__every_type_has_its_name),
        cmocka_unit_test(test_notification__of_a_service),
        cmocka_unit_test(test_notification__of_a_host_has_nothing_of_services),
        cmocka_unit_test(test_notification__a_full_frame_has_what_decides),
        cmocka_unit_test(test_notification__is_logged_as_the_core_does),
        cmocka_unit_test(test_notification__goes_on_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* channel_request: both dialects, ids, settings, and what is no request. */
#include "ingest/channel_request.h"

#include "given.h"

struct asked {
    struct channel_request r;
    struct buf error;
    enum nt_status status;
};

static void ask(struct asked *a, const char *line)
{
    buf_init(&a->error, 4096);
    channel_request_init(&a->r, CHANNEL_JSONRPC);
    a->status = channel_request_read(line, strlen(line), "twiliosms", &a->r, &a->error);
}

static void forget(struct asked *a)
{
    channel_request_clean(&a->r);
    buf_clean(&a->error);
}

static void test_channel_request__is_of_one_of_two_dialects(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum channel_dialect dialect;
        enum channel_method method;
        const char *id;
        bool silent;
    } rows[] = {
        {"{\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"GetInfo\"}", CHANNEL_JSONRPC, CHANNEL_GET_INFO, "0", false},
        {"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"GetInfo\",\"params\":null}", CHANNEL_JSONRPC, CHANNEL_GET_INFO,
         "1", false},
        {"{\"method\":\"GetInfo\",\"params\":null,\"id\":1}", CHANNEL_PLAIN, CHANNEL_GET_INFO, "1", false},
        {"{\"method\":\"SetConfig\",\"params\":{},\"id\":2}", CHANNEL_PLAIN, CHANNEL_SET_CONFIG, "2", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"SetConfig\",\"params\":{},\"id\":9007199254740992}", CHANNEL_JSONRPC,
         CHANNEL_SET_CONFIG, "9007199254740992", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"GetInfo\",\"id\":\"a\\\"7\\u00fc\"}", CHANNEL_JSONRPC, CHANNEL_GET_INFO,
         "\"a\\\"7ü\"", false},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"GetInfo\",\"id\":null}", CHANNEL_JSONRPC, CHANNEL_GET_INFO, "null", false},
        /* a notification of JSON-RPC; the plain dialect has none */
        {"{\"jsonrpc\":\"2.0\",\"method\":\"GetInfo\"}", CHANNEL_JSONRPC, CHANNEL_GET_INFO, "null", true},
        {"{\"method\":\"GetInfo\"}", CHANNEL_PLAIN, CHANNEL_GET_INFO, "null", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked a;
        ask(&a, rows[i].line);
        assert_int_equal(a.status, NT_OK);
        assert_int_equal(a.r.dialect, rows[i].dialect);
        assert_int_equal(a.r.method, rows[i].method);
        assert_int_equal(a.r.fault, CHANNEL_SOUND);
        assert_string_equal(a.r.id, rows[i].id);
        assert_int_equal(a.r.silent, rows[i].silent);
        forget(&a);
    }
}

static void test_channel_request__that_is_wrong_keeps_its_id(void **state)
{
    (void)state;
    char long_id[600] = "{\"id\":\"";
    memset(long_id + strlen(long_id), 'x', 500);
    strcat(long_id, "\",\"method\":\"GetInfo\"}");
    const struct {
        const char *line;
        enum channel_fault fault;
        enum channel_dialect dialect;
        const char *id, *words;
    } rows[] = {
        {"", CHANNEL_NO_JSON, CHANNEL_JSONRPC, "null", "not one JSON object"},
        {"{\"id\":7,\"method\":\"GetInfo\"", CHANNEL_NO_JSON, CHANNEL_JSONRPC, "null", "not one JSON object"},
        {"{\"id\":7,\"method\":\"GetInfo\"} x", CHANNEL_NO_JSON, CHANNEL_JSONRPC, "null", "not one JSON object"},
        {"{\"id\":7}{\"id\":8}", CHANNEL_NO_JSON, CHANNEL_JSONRPC, "null", "not one JSON object"},
        {"[{\"id\":7,\"method\":\"GetInfo\"}]", CHANNEL_NO_REQUEST, CHANNEL_JSONRPC, "null", "one JSON object"},
        {"7", CHANNEL_NO_REQUEST, CHANNEL_JSONRPC, "null", "one JSON object"},
        {"{\"jsonrpc\":\"1.0\",\"method\":\"GetInfo\",\"id\":7}", CHANNEL_NO_REQUEST, CHANNEL_JSONRPC, "7", "jsonrpc"},
        {"{\"jsonrpc\":2.0,\"method\":\"GetInfo\",\"id\":7}", CHANNEL_NO_REQUEST, CHANNEL_JSONRPC, "7", "jsonrpc"},
        {"{\"id\":7}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "7", "method"},
        {"{\"id\":7,\"method\":7}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "7", "method"},
        {"{\"id\":-1,\"method\":\"GetInfo\"}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "null", "id"},
        {"{\"id\":1.5,\"method\":\"GetInfo\"}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "null", "id"},
        {"{\"id\":9007199254740994,\"method\":\"GetInfo\"}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "null", "id"},
        {"{\"id\":1e400,\"method\":\"GetInfo\"}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "null", "id"},
        {"{\"id\":{},\"method\":\"GetInfo\"}", CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "null", "id"},
        {long_id, CHANNEL_NO_REQUEST, CHANNEL_PLAIN, "null", "id"},
        {"{\"id\":7,\"method\":\"getinfo\"}", CHANNEL_NO_METHOD, CHANNEL_PLAIN, "7", "unknown method: \"getinfo\""},
        {"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"\"}", CHANNEL_NO_METHOD, CHANNEL_JSONRPC, "0", "unknown method"},
        {"{\"id\":7,\"method\":\"SetConfig\",\"params\":[]}", CHANNEL_BAD_PARAMS, CHANNEL_PLAIN, "7", "params"},
        {"{\"id\":7,\"method\":\"SendNotification\"}", CHANNEL_BAD_PARAMS, CHANNEL_PLAIN, "7", "params"},
        {"{\"id\":7,\"method\":\"SendNotification\",\"params\":{}}", CHANNEL_BAD_PARAMS, CHANNEL_PLAIN, "7", "neither"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked a;
        ask(&a, rows[i].line);
        assert_int_equal(a.status, NT_EINVAL);
        assert_int_equal(a.r.fault, rows[i].fault);
        assert_int_equal(a.r.dialect, rows[i].dialect);
        assert_string_equal(a.r.id, rows[i].id);
        assert_non_null(strstr(buf_text(&a.error), rows[i].words));
        forget(&a);
    }
}

static void test_channel_request__an_answer_is_none(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"\"}}",
        "{\"error\":\"no\",\"id\":1}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct asked a;
        ask(&a, lines[i]);
        assert_int_equal(a.status, NT_ENOENT);
        forget(&a);
    }
}

#define SETTINGS(members) ("{\"id\":1,\"method\":\"SetConfig\",\"params\":{" members "}}")

static void test_channel_request__settings_come_as_numbers_or_texts(void **state)
{
    (void)state;
    static const struct {
        const char *line, *config, *from;
        int max_segments, wait;
    } rows[] = {
        {"{\"id\":1,\"method\":\"SetConfig\"}", NULL, NULL, -1, -1},
        {"{\"id\":1,\"method\":\"SetConfig\",\"params\":null}", NULL, NULL, -1, -1},
        {SETTINGS(""), NULL, NULL, -1, -1},
        {SETTINGS("\"config\":\"\",\"from\":null,\"max_segments\":\"\",\"wait\":null"), NULL, NULL, -1, -1},
        {SETTINGS("\"config\":\"/etc/x.yaml\",\"from\":\"+15005550006\""), "/etc/x.yaml", "+15005550006", -1, -1},
        {SETTINGS("\"max_segments\":2,\"wait\":0"), NULL, NULL, 2, 0},
        {SETTINGS("\"max_segments\":\"10\",\"wait\":\"60\",\"colour\":\"blue\""), NULL, NULL, 10, 60},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked a;
        ask(&a, rows[i].line);
        assert_int_equal(a.status, NT_OK);
        const struct channel_settings *s = &a.r.settings;
        assert_int_equal(!s->config, !rows[i].config);
        assert_int_equal(!s->from, !rows[i].from);
        assert_string_equal(s->config ? s->config : "", rows[i].config ? rows[i].config : "");
        assert_string_equal(s->from ? s->from : "", rows[i].from ? rows[i].from : "");
        assert_int_equal(s->max_segments, rows[i].max_segments);
        assert_int_equal(s->wait, rows[i].wait);
        forget(&a);
    }
}

static void test_channel_request__settings_without_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } rows[] = {
        {SETTINGS("\"config\":7"), "config: a text"},
        {SETTINGS("\"config\":\"etc/x.yaml\""), "config: an absolute path"},
        {SETTINGS("\"from\":[\"+15005550006\"]"), "from: a text"},
        {SETTINGS("\"max_segments\":0"), "max_segments: a whole number from 1 to 10"},
        {SETTINGS("\"max_segments\":11"), "max_segments: a whole number from 1 to 10"},
        {SETTINGS("\"max_segments\":1.5"), "max_segments: a whole number from 1 to 10"},
        {SETTINGS("\"max_segments\":\"two\""), "max_segments: a whole number from 1 to 10"},
        {SETTINGS("\"wait\":true"), "wait: a whole number from 0 to 60"},
        {SETTINGS("\"wait\":-1"), "wait: a whole number from 0 to 60"},
        {SETTINGS("\"wait\":\"99999999999\""), "wait: a whole number from 0 to 60"},
        {SETTINGS("\"wait\":1e300"), "wait: a whole number from 0 to 60"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked a;
        ask(&a, rows[i].line);
        assert_int_equal(a.status, NT_EINVAL);
        assert_int_equal(a.r.fault, CHANNEL_BAD_PARAMS);
        assert_non_null(strstr(buf_text(&a.error), rows[i].words));
        forget(&a);
    }
}

#define NOTIFICATION(address, members)                                                                                 \
    ("{\"id\":1,\"method\":\"SendNotification\",\"params\":{\"contact\":{\"full_name\":\"A\",\"addresses\":[" address  \
     "]}," members "}}")

static void test_channel_request__survives_each_allocation_failing(void **state)
{
    (void)state;
    static const char *const lines[] = {
        SETTINGS("\"config\":\"/etc/x.yaml\",\"from\":\"+15005550006\",\"wait\":5"),
        NOTIFICATION("{\"type\":\"sms\",\"address\":\"+15005550001\"}",
                     "\"object\":{\"name\":\"a!b\",\"url\":\"https://x/\",\"tags\":{\"host\":\"a\",\"service\":\"b\"}},"
                     "\"incident\":{\"id\":4,\"severity\":\"crit\"},"
                     "\"event\":{\"time\":\"2026-11-23T09:19:08Z\",\"message\":\"m\"}"),
        NOTIFICATION("{\"type\":\"email\",\"address\":\"a@example.org\"}", "\"object\":{\"name\":\"a\"}"),
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        unsigned long n = 1;
        for (;; n++) {
            struct asked a;
            mem_fail_at(n);
            ask(&a, lines[i]);
            int failed = mem_failed();
            mem_fail_at(0);
            assert_int_equal(a.status, failed ? NT_ENOMEM : NT_OK);
            forget(&a);
            if (!failed)
                break;
        }
        assert_true(n > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_request__is_of_one_of_two_dialects),
        cmocka_unit_test(test_channel_request__that_is_wrong_keeps_its_id),
        cmocka_unit_test(test_channel_request__an_answer_is_none),
        cmocka_unit_test(test_channel_request__settings_come_as_numbers_or_texts),
        cmocka_unit_test(test_channel_request__settings_without_sense_are_refused),
        cmocka_unit_test(test_channel_request__survives_each_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

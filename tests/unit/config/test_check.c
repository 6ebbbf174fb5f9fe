/* check: each mistake at its place, with its weight; and what is left when the faulty part is gone. */
#include "base/buf.h"
#include "base/file.h"
#include "config/load.h"

#include "folder.h"

static struct folder folder;

static int make(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define HEAD    "twilio:\n  account_sid: " ACCOUNT "\n  auth_token: abcd\n"

/* Line and column are those in the text as given here: lines are counted from its own first. */
static const struct {
    const char *head, *text;
    bool fatal;
    unsigned long line, column;
    const char *message; /* part of the one problem; NULL: nothing is wrong */
} row[] = {
    /* keys */
    {TWILIO, "colour: red", true, 1, 1, "unknown key 'colour'"},
    {TWILIO, "contact: []", true, 1, 1, "did you mean 'contacts'?"},
    {TWILIO, "mesage: {}", true, 1, 1, "did you mean 'message'?"},
    {TWILIO, "max_segments: 2", true, 1, 1, "it belongs into message"},
    {TWILIO, "message: {retain: 1d}", true, 1, 11, "it belongs to the outermost level"},
    {HEAD, "  senders: [{from: ALERTS, form: x}]", true, 1, 28, "unknown key 'form' in senders (did you mean 'from'?)"},
    /* types */
    {TWILIO, "message: []", true, 1, 10, "message must be a mapping"},
    {TWILIO, "message: text", true, 1, 10, "message must be a mapping"},
    {TWILIO, "message:", false, 0, 0, NULL},
    {TWILIO, "contacts: ~", false, 0, 0, NULL},
    {TWILIO, "contacts: alice", true, 1, 11, "contacts must be a list"},
    {TWILIO, "contacts: {name: alice}", true, 1, 11, "contacts must be a list"},
    {TWILIO, "contacts: [alice]", true, 1, 12, "each item must be a mapping"},
    {TWILIO, "contacts: [{name: [alice]}]", true, 1, 19, "name must be a single value, not a list"},
    {TWILIO, "contacts: [{name: {a: b}}]", true, 1, 19, "name must be a single value, not a mapping"},
    {TWILIO, "contacts: [{name: a, numbers: '+15005550001'}]", true, 1, 31, "numbers must be a list"},
    {TWILIO, "contacts: [{name: a, numbers: [[x]]}]", true, 1, 32, "numbers: each item must be a text"},
    {TWILIO, "contacts: [{name: a, numbers: [~]}]", true, 1, 32, "numbers: each item must be a text"},
    {TWILIO, "contacts: [{name: a, routine: 1}]", true, 1, 31, "routine must be true or false, not '1'"},
    {TWILIO, "message: {max_segments: two}", true, 1, 25, "max_segments must be a whole number, not 'two'"},
    {TWILIO, "message: {max_segments: 0}", true, 1, 25, "must be between 1 and 10, not 0"},
    {TWILIO, "message: {max_segments: 99999999999999999999}", true, 1, 25, "whole number"},
    {TWILIO, "message: {encoding: UTF-8}", true, 1, 21, "encoding must be auto, gsm7 or ucs2, not 'UTF-8'"},
    {TWILIO, "message: {timezone: \"a\\nb\"}", true, 1, 21, "control characters"},
    {TWILIO, "deduplicate: 60", true, 1, 14, "deduplicate needs a unit: '60s' if seconds are meant"},
    {TWILIO, "deduplicate: soon", true, 1, 14, "must be a duration like"},
    {TWILIO, "deduplicate: -1s", true, 1, 14, "must be a duration like"},
    {TWILIO, "deduplicate: 2d", true, 1, 14, "must be between 0 and 1d, not 2d"},
    {TWILIO, "deduplicate: 0", false, 0, 0, NULL},
    {TWILIO, "retain: 0", true, 1, 9, "must be between 1s and 3650d, not 0"},
    {TWILIO, "store: /var/lib/q.db", true, 1, 8, "store must be sqlite:"},
    {TWILIO, "log: {level: verbose}", true, 1, 14, "level must be error, warning, info or debug"},
    {TWILIO, "fallback: []\nfallback: []", true, 2, 1, "'fallback' is here twice"},
    {TWILIO, "fallback: *x", true, 1, 11, "aliases"},
    /* the account */
    {"", "message: {}", true, 1, 1, "twilio is missing"},
    {"", "twilio:", true, 1, 8, "twilio is missing"},
    {"", "[twilio]", true, 1, 1, "the configuration must be a mapping"},
    {"", "twilio", true, 1, 1, "the configuration must be a mapping"},
    {"", "twilio: {auth_token: x, senders: [{from: ALERTS}]}", true, 1, 9, "twilio: account_sid is missing"},
    {HEAD, "  risk_check: maybe\n" SENDERS, true, 1, 15, "risk_check must be disable or enable"},
    {HEAD, "  base_url: http://api.twilio.com\n" SENDERS, true, 1, 13, "base_url must be an https:// address"},
    {HEAD, "  base_url: https://api.twilio.com\n  edge: dublin\n" SENDERS, false, 0, 0, NULL},
    {HEAD, "  base_url: https://other.example.org\n  edge: dublin\n" SENDERS, true, 1, 13,
     "does not go with edge and region"},
    {HEAD, "  edge: a/b\n" SENDERS, true, 1, 9, "edge must be letters"},
    {HEAD, "  ca_file: nowhere.pem\n" SENDERS, false, 1, 12, "nowhere.pem cannot be read"},
    {HEAD, "  application_sid: XX\n" SENDERS, false, 1, 20, "application_sid must be an application SID"},
    {HEAD, "  connections: 0\n" SENDERS, true, 1, 16, "between 1 and 1000"},
    {HEAD, "  timeout: 0\n" SENDERS, true, 1, 12, "between 100ms and 10m"},
    /* senders */
    {HEAD, "  connections: 1\n", true, 0, 0, "twilio: senders is missing"},
    {HEAD, "  senders: []\n", true, 1, 12, "no usable sender"},
    {HEAD, "  senders: [{from: ALERTS, messaging_service_sid: " SERVICE "}, {from: 12345}]\n", false, 1, 13,
     "not both"},
    {HEAD, "  senders: [{prefixes: ['+1']}, {from: 12345}]\n", false, 1, 13, "needs from or messaging_service_sid"},
    {HEAD, "  senders: [{from: MUCH-TOO-LONG}, {from: 12345}]\n", false, 1, 20, "from must be a number"},
    {HEAD, "  senders: [{from: '+1 500 555 0006'}]\n", false, 1, 20, "taken as +15005550006"},
    {HEAD, "  senders: [{from: 12345, segments_per_second: 0}]\n", true, 1, 48, "above 0"},
    {HEAD, "  senders: [{from: 12345, prefixes: [1]}]\n", true, 1, 38, "beginning of a number"},
    /* people */
    {TWILIO, "contacts: [{numbers: []}]", true, 1, 12, "contacts: name is missing"},
    {TWILIO, "contacts: [{name: a}]", false, 0, 0, NULL},
    {TWILIO, "contacts: [{name: a, numbers: ['0151 1234567', '+15005550001']}]", false, 1, 32, "country code"},
    {TWILIO, "contacts: [{name: a, numbers: ['+1 (500) 555-0001']}]", false, 1, 32, "taken as +15005550001"},
    {TWILIO, "contacts: [{name: a, timezone: Mars/..}]", false, 1, 32, "time zone that this system knows"},
    {TWILIO, "contacts: [{name: 'a,b'}]", false, 1, 19, "holds a comma"},
    {TWILIO, "contacts: [{name: a}, {name: a}]", false, 1, 30, "the name 'a' is taken: contact 'a' in line 5 has it"},
    {TWILIO, "contacts: [{name: a}, {name: A}]", false, 1, 30, "differs only in upper and lower case"},
    {TWILIO, "contacts: [{name: a, aliases: [b]}, {name: b}]", false, 1, 44, "alias 'b'"},
    {TWILIO, "contacts: [{name: a, aliases: [a, A, A]}]", false, 0, 0, NULL},
    {TWILIO, "contacts: [{name: a}]\ngroups: [{name: a, members: []}]", false, 2, 17, "contact 'a'"},
    {TWILIO, "groups: [{name: a, members: []}, {name: a, members: []}]", false, 1, 41, "group 'a'"},
    {TWILIO, "groups: [{name: a, members: [b]}]", false, 1, 30, "'b' is no contact, alias, group or number"},
    {TWILIO, "groups: [{name: a, members: ['+1 500 5550001']}]", false, 1, 30, "taken as +15005550001"},
    {TWILIO, "groups: [{name: a, members: [a]}]", false, 1, 30, "the group is part of itself: a → a"},
    {TWILIO, "groups: [{name: a, members: [b]}, {name: b, members: [c]}, {name: c, members: [b]}]", false, 1, 80,
     "b → c → b"},
    {TWILIO, "groups: [{name: a, members: [b, b]}, {name: b, members: []}]", false, 0, 0, NULL},
    {TWILIO, "fallback: [b]", false, 1, 12, "fallback: 'b' is no contact"},
    /* throttle */
    {TWILIO, "throttle: {urgent: [{pages: 1}]}", true, 1, 21, "throttle tier: per is missing"},
    {TWILIO, "throttle: {urgent: [{per: 1m}]}", true, 1, 21, "throttle tier: pages is missing"},
    {TWILIO, "throttle: {urgent: [{pages: 9, per: 1m}, {pages: 3, per: 1h}]}", false, 1, 21, "no effect"},
    {TWILIO, "throttle: {urgent: [{pages: 9, per: 1m}, {pages: 9, per: 1m}]}", false, 1, 42, "no effect"},
    {TWILIO, "throttle: {urgent: [{pages: 1, per: 1m}, {pages: 9, per: 1h}], routine: []}", false, 0, 0, NULL},
    {TWILIO, "contacts: [{name: a, throttle: {routine: [{pages: 0, per: 1m}]}}]", true, 1, 51, "between 1 and"},
    /* media */
    {TWILIO, "graphs: [{name: g}]", false, 1, 10, "exactly one of url, command, file and zabbix"},
    {TWILIO, "graphs: [{name: g, url: 'https://g', command: [x]}]", false, 1, 10, "exactly one of"},
    {TWILIO, "graphs: [{name: g, url: 'ftp://g'}]", true, 1, 25, "url must be a template of an address"},
    {TWILIO, "graphs: [{name: g, file: x}]", false, 1, 10, "file needs root"},
    {TWILIO, "graphs: [{name: g, command: []}]", false, 1, 29, "command needs a program"},
    {TWILIO, "graphs: [{name: g, command: x}]", true, 1, 29, "command must be a list"},
    {TWILIO, "graphs: [{name: g, url: 'https://g', when: [now]}]", false, 1, 45, "when must be urgent, routine,"},
    {TWILIO, "graphs: [{name: g, url: 'https://g', headers: [none]}]", true, 1, 48, "headers must be a header line"},
    {TWILIO, "graphs: [{name: g, url: 'https://g', header_file: none}]", false, 1, 51, "none cannot be read"},
    {TWILIO, "graphs: [{name: g, url: 'https://g'}, {name: g, url: 'https://h'}]", false, 1, 46,
     "there is a graph 'g' already"},
    {TWILIO, "graphs: [{name: g, zabbix: {url: 'https://z', user: u, item: i}}]", false, 1, 28,
     "password_file is missing"},
    {TWILIO, "graphs: [{name: g, zabbix: {url: 'https://z', password: p, item: i}}]", true, 1, 28,
     "zabbix: user is missing"},
    {TWILIO, "publish: [{public_url: 'https://p'}]", false, 1, 11, "exactly one of directory, put, s3 and command"},
    {TWILIO, "publish: [{put: 'https://p'}]", false, 1, 11, "put needs public_url"},
    {TWILIO, "publish: [{s3: {endpoint: 'https://s', bucket: b, access_key_id: a, secret_access_key: s}}]", true, 1, 16,
     "region is missing"},
    {TWILIO, "publish: [{s3: {endpoint: 'http://s', region: r, bucket: b, access_key_id: a, secret_access_key: s}}]",
     true, 1, 27, "http:// only to this machine"},
    {TWILIO, "publish: [{directory: /m, public_url: 'https://p', keep: 3h}]", false, 1, 58,
     "keep is shorter than expire"},
    {TWILIO, "expire: {urgent: 2d}\npublish: [{directory: /m, public_url: 'https://p'}]", false, 2, 11,
     "keep is shorter than expire"},
    {TWILIO, "publish: [{put: 'http://p/', public_url: 'https://p', header_file: config.yaml}]", false, 1, 17,
     "whoever is on the way"},
    {TWILIO, "publish: [{put: 'http://127.0.0.1/', public_url: 'https://p', header_file: config.yaml}]", false, 0, 0,
     NULL},
    {TWILIO, "publish: [{put: 'http://p/', public_url: 'https://p'}]", false, 0, 0, NULL},
    {TWILIO, "publish: [{command: [x], keep: 1s}]", false, 0, 0, NULL},
    {TWILIO, "publish: [{command: [x], keep: 1ms}]", true, 1, 32, "keep must be between 1s and 366d"},
    {TWILIO, "media_prefixes: [1]", true, 1, 18, "beginning of a number"},
    /* folders */
    {TWILIO, "daemon: {socket: /" HUNDRED "/socket}", false, 1, 18, "longer than 107 bytes"},
    {TWILIO, "message: {template_dir: none}", false, 1, 25, "template_dir: "},
};

static unsigned long lines_in(const char *text)
{
    unsigned long n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void test_check__each_mistake(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct problems p;
        struct config *c = NULL;
        char text[2048];
        snprintf(text, sizeof text, "%s%s\n", row[i].head, row[i].text);
        problems_init(&p);
        enum nt_status status = config_load(folder_write(&folder, "config.yaml", text, 0640), &c, &p);
        unsigned long line = row[i].line ? row[i].line + lines_in(row[i].head) : 2;
        unsigned long column = row[i].line ? row[i].column : 3;
        const struct problem *first = p.n ? &p.item[0] : NULL;
        bool good = row[i].message ? p.n == 1 && strstr(first->message, row[i].message) && first->line == line &&
                                         first->column == column && first->fatal == row[i].fatal &&
                                         status == (first->fatal ? NT_ECONFIG : NT_OK)
                                   : !p.n && !status;
        if (!good) {
            bad++;
            print_error("%s: status %d, %zu problems\n", row[i].text, status, p.n);
            for (size_t k = 0; k < p.n; k++)
                print_error("    %lu:%lu: %s\n", p.item[k].line - lines_in(row[i].head), p.item[k].column,
                            p.item[k].message);
        }
        config_free(c);
        problems_clean(&p);
    }
    assert_int_equal(bad, 0);
}

static void test_check__the_faulty_part_is_gone(void **state)
{
    (void)state;
    struct problems p;
    struct config *c = NULL;
    problems_init(&p);
    const char *path =
        folder_write(&folder, "config.yaml",
                     HEAD "  ca_file: none\n"
                          "  senders: [{from: MUCH-TOO-LONG}, {}, {from: 12345}]\n"
                          "message: {timezone: 'no zone'}\n"
                          "contacts: [{name: a, numbers: [x, '+1 500 555 0001', '+15005550002']}]\n"
                          "groups: [{name: g, members: [x, a, g, '0015005550003', y]}, {name: h, members: [G]}]\n"
                          "fallback: [nobody, H]\n"
                          "graphs: [{name: bad}, {name: g, url: 'https://g'}, {name: worse, file: x}]\n"
                          "publish: [{}, {command: [x]}]\n",
                     0640);
    assert_int_equal(config_load(path, &c, &p), NT_OK);
    assert_string_equal(c->twilio.ca_file, "");
    assert_int_equal(c->twilio.senders, 1);
    assert_string_equal(c->twilio.sender[0].from, "12345");
    assert_string_equal(c->message.timezone, "");
    assert_int_equal(c->contact[0].numbers.n, 2);
    assert_string_equal(c->contact[0].numbers.item[0], "+15005550001");
    assert_int_equal(c->group[0].members.n, 2);
    assert_string_equal(c->group[0].members.item[0], "a");
    assert_string_equal(c->group[0].members.item[1], "+15005550003");
    assert_int_equal(c->group[1].members.n, 1);
    assert_int_equal(c->fallback.n, 1);
    assert_int_equal(c->graphs, 1);
    assert_string_equal(c->graph[0].name, "g");
    assert_int_equal(c->publishes, 1);
    assert_int_equal(c->publish[0].kind, CONFIG_PUBLISH_COMMAND);
    config_free(c);
    problems_clean(&p);
}

/* A ring as long as a file may be, and many rings at once. */
static void test_check__long_circles_end(void **state)
{
    (void)state;
    enum { GROUPS = 20000 };
    struct problems p;
    struct config *c = NULL;
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_adds(&b, TWILIO "groups:\n");
    for (int i = 0; i < GROUPS; i++)
        buf_addf(&b, "  - {name: g%d, members: [g%d]}\n", i, (i + 1) % GROUPS);
    problems_init(&p);
    assert_int_equal(config_load(folder_write(&folder, "config.yaml", buf_text(&b), 0640), &c, &p), NT_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(c->group[GROUPS - 1].members.n, 0);
    assert_int_equal(c->group[0].members.n, 1);
    config_free(c);
    problems_clean(&p);
    buf_reset(&b);
    buf_adds(&b, TWILIO "groups:\n");
    for (int i = 0; i < 60; i++) {
        buf_addf(&b, "  - {name: g%d, members: [", i);
        for (int k = 0; k < 60; k++)
            buf_addf(&b, "%sg%d", k ? ", " : "", k);
        buf_adds(&b, "]}\n");
    }
    c = NULL;
    problems_init(&p);
    assert_int_equal(config_load(folder_write(&folder, "config.yaml", buf_text(&b), 0640), &c, &p), NT_OK);
    size_t edges = 0;
    for (size_t i = 0; i < c->groups; i++)
        edges += c->group[i].members.n;
    assert_int_equal(edges, 60 * 59 / 2); /* what can be left of 60 groups without a circle */
    config_free(c);
    problems_clean(&p);
    buf_clean(&b);
}

/* The text of all problems, with the folder's name replaced. */
static void test_check__golden(void **state)
{
    (void)state;
    struct problems p;
    struct config *c = NULL;
    struct buf text, expected, got;
    buf_init(&text, 1 << 20);
    buf_init(&expected, 1 << 20);
    buf_init(&got, 1 << 20);
    problems_init(&p);
    assert_int_equal(file_read(NT_SOURCE_DIR "/tests/golden/config/mistakes.yaml", &text, NULL), NT_OK);
    assert_int_equal(file_read(NT_SOURCE_DIR "/tests/golden/config/mistakes.txt", &expected, NULL), NT_OK);
    folder_write(&folder, "auth_token", "0123456789abcdef\n", 0644);
    assert_int_equal(config_load(folder_write(&folder, "config.yaml", buf_text(&text), 0640), &c, &p), NT_ECONFIG);
    for (size_t i = 0; i < p.n; i++) {
        struct buf line;
        buf_init(&line, 65536);
        assert_int_equal(problem_format(&p.item[i], &line), NT_OK);
        for (const char *at = buf_text(&line), *next; *at; at = next) {
            next = strstr(at, folder.path);
            buf_add(&got, at, next ? (size_t)(next - at) : strlen(at));
            if (next)
                buf_adds(&got, "FOLDER");
            next = next ? next + strlen(folder.path) : at + strlen(at);
        }
        buf_addc(&got, '\n');
        buf_clean(&line);
    }
    if (getenv("NT_GOLDEN_UPDATE"))
        assert_int_equal(file_replace(NT_SOURCE_DIR "/tests/golden/config/mistakes.txt", buf_text(&got), got.len, 0644),
                         NT_OK);
    else
        assert_string_equal(buf_text(&got), buf_text(&expected));
    problems_clean(&p);
    buf_clean(&text);
    buf_clean(&expected);
    buf_clean(&got);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_check__##name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(each_mistake),
        TEST(the_faulty_part_is_gone),
        TEST(long_circles_end),
        TEST(golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

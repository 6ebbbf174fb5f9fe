/* load: what a file becomes: defaults, everything set, credentials, what is fatal; and config_open's choices. */
#include "base/log.h"
#include "base/mem.h"
#include "base/paths.h"
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
    log_tap(NULL, NULL);
    log_close();
    folder_remove(&folder);
    return 0;
}

/* Loads text; the status must be as said. */
static struct config *load(const char *text, enum nt_status expected, struct problems *p)
{
    struct config *c = NULL;
    const char *path = folder_write(&folder, "config.yaml", text, 0640);
    enum nt_status status = config_load(path, &c, p);
    if (status != expected)
        fail_msg("status %d; %s", status, p->n ? p->item[0].message : "no problem");
    assert_true((c != NULL) == (status == NT_OK));
    return c;
}

static struct config *load_clean(const char *text)
{
    struct problems p;
    problems_init(&p);
    struct config *c = load(text, NT_OK, &p);
    if (p.n)
        fail_msg("%s", p.item[0].message);
    return c;
}

static void check_tier(const struct config_tiers *t, size_t i, int pages, int64_t per)
{
    assert_true(i < t->n);
    assert_int_equal(t->tier[i].pages, pages);
    assert_int_equal(t->tier[i].per, per);
}

static void test_load__everything_but_twilio_has_a_default(void **state)
{
    (void)state;
    struct config *c = load_clean(TWILIO);
    assert_string_equal(c->path, folder_path(&folder, "config.yaml"));
    assert_string_equal(c->twilio.account_sid, ACCOUNT);
    assert_string_equal(c->twilio.auth_token, "0123456789abcdef");
    assert_string_equal(c->twilio.auth_token_file, "");
    assert_string_equal(c->twilio.api_key_sid, "");
    assert_string_equal(c->twilio.base_url, "https://api.twilio.com");
    assert_string_equal(c->twilio.proxy, "");
    assert_string_equal(c->twilio.ca_file, "");
    assert_string_equal(c->twilio.status_callback, "");
    assert_string_equal(c->twilio.risk_check, "disable");
    assert_int_equal(c->twilio.connect_timeout, 5000);
    assert_int_equal(c->twilio.timeout, 30000);
    assert_int_equal(c->twilio.connections, 16);
    assert_int_equal(c->twilio.senders, 1);
    assert_string_equal(c->twilio.sender[0].from, "+15005550006");
    assert_string_equal(c->twilio.sender[0].messaging_service_sid, "");
    assert_true(c->twilio.sender[0].segments_per_second == 1);
    assert_int_equal(c->twilio.sender[0].prefixes.n, 0);
    assert_int_equal(c->message.max_segments, 1);
    assert_int_equal(c->message.encoding, CONFIG_ENCODING_AUTO);
    assert_string_equal(c->message.template_dir, "/etc/notify_twilio/templates");
    assert_string_equal(c->message.timezone, "");
    assert_int_equal(c->urgent_states.n, 4);
    assert_string_equal(c->urgent_states.item[3], "UNKNOWN");
    assert_int_equal(c->contacts, 0);
    assert_int_equal(c->groups, 0);
    assert_int_equal(c->fallback.n, 0);
    assert_int_equal(c->throttle.urgent.n, 3);
    check_tier(&c->throttle.urgent, 0, 3, 60000);
    check_tier(&c->throttle.urgent, 2, 30, 10800000);
    check_tier(&c->throttle.routine, 1, 5, 900000);
    assert_int_equal(c->hold_max_urgent, 300000);
    assert_int_equal(c->hold_max_routine, 3600000);
    assert_int_equal(c->expire_urgent, 4 * 3600000);
    assert_int_equal(c->expire_routine, 3600000);
    assert_int_equal(c->deduplicate, 60000);
    assert_true(c->retain == INT64_C(90) * 86400000);
    assert_int_equal(c->alarm_command.n, 0);
    assert_string_equal(c->store, "sqlite:" NT_STORE_PATH);
    assert_string_equal(c->store_path, NT_STORE_PATH);
    assert_string_equal(c->socket, NT_SOCKET_PATH);
    assert_int_equal(c->media_prefixes.n, 1);
    assert_string_equal(c->media_prefixes.item[0], "+1");
    assert_int_equal(c->graphs, 0);
    assert_int_equal(c->publishes, 0);
    assert_string_equal(c->log_level, "info");
    assert_string_equal(c->log_to, "syslog");
    assert_int_equal(c->last_good, 0);
    assert_string_equal(c->last_good_reason, "");
    assert_false(c->salvaged);
    config_free(c);
    config_free(NULL);
}

static const char everything[] =
    "twilio:\n"
    "  account_sid: " ACCOUNT "\n"
    "  api_key_sid: " KEY "\n"
    "  api_key_secret_file: secrets/key\n"
    "  edge: dublin\n"
    "  region: ie1\n"
    "  proxy: http://user:hunter22@proxy.example.org:3128\n"
    "  connect_timeout: 2s500ms\n"
    "  timeout: 1m\n"
    "  connections: 50\n"
    "  status_callback: https://example.org/cb\n"
    "  application_sid: AP00000000000000000000000000000000\n"
    "  risk_check: enable\n"
    "  senders:\n"
    "    - from: 12345\n"
    "      segments_per_second: 0.5\n"
    "      prefixes: ['+1', \"+44\"]\n"
    "    - messaging_service_sid: " SERVICE "\n"
    "      segments_per_second: 10\n"
    "    - from: ALERTS\n"
    "message: {max_segments: 3, encoding: ucs2, template_dir: my templates, timezone: UTC}\n"
    "urgent_states: [PROBLEM]\n"
    "contacts:\n"
    "  - name: alice\n"
    "    aliases: [alice@example.org]\n"
    "    numbers: [\"+15005550001\", +15005550009]\n"
    "    routine: off\n"
    "    timezone: UTC\n"
    "    throttle: {urgent: []}\n"
    "  - name: bob\n"
    "    numbers: []\n"
    "groups:\n"
    "  - {name: oncall, members: [alice, bob, +15005550003]}\n"
    "  - {name: all, members: [oncall, ALICE@example.org]}\n"
    "fallback: [all]\n"
    "throttle: {routine: [{pages: 2, per: 1h}]}\n"
    "hold_max: {urgent: 0, routine: 2h}\n"
    "expire: {routine: 90m}\n"
    "deduplicate: 0\n"
    "retain: 1d12h\n"
    "alarm: {command: [/usr/bin/mail, -s, 'a\n\n b', '']}\n"
    "store: sqlite:state/queue.db\n"
    "daemon: {socket: run/socket}\n"
    "media_prefixes: []\n"
    "graphs:\n"
    "  - {name: cpu, url: \"https://g/{{host | url}}\", headers: [\"K: V\"], header_file: h, when: [urgent, "
    "recovery]}\n"
    "  - {name: rrd, command: [rrdtool, graph, \"-\"]}\n"
    "  - {name: shot, file: \"{{host}}.png\", root: graphs}\n"
    "  - name: zbx\n"
    "    zabbix: {url: \"https://z/\", user: u, password: swordfish, item: \"{{ITEM.ID}}\"}\n"
    "publish:\n"
    "  - {directory: www, public_url: \"https://p/m/\"}\n"
    "  - {put: \"https://p/up/\", public_url: \"https://p/m/\", header_file: h}\n"
    "  - s3: {endpoint: \"https://s3\", region: r, bucket: b, access_key_id: id, secret_access_key_file: h, "
    "path_style: yes}\n"
    "  - {command: [publish]}\n"
    "log: {level: debug, to: log/file}\n";

static void write_secrets(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s/secrets", folder.path);
    assert_int_equal(mkdir(path, 0700), 0);
    folder_write(&folder, "secrets/key", "topsecretkey\r\n\n", 0600);
    folder_write(&folder, "h", "K:secretheader\n", 0640);
    snprintf(path, sizeof path, "%s/my templates", folder.path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void test_load__every_key_is_taken(void **state)
{
    (void)state;
    char path[256];
    write_secrets();
    struct config *c = load_clean(everything);
#define BESIDE(name) (snprintf(path, sizeof path, "%s/%s", folder.path, name), path)
    assert_string_equal(c->twilio.api_key_sid, KEY);
    assert_string_equal(c->twilio.api_key_secret, "topsecretkey");
    assert_string_equal(c->twilio.api_key_secret_file, BESIDE("secrets/key"));
    assert_string_equal(c->twilio.auth_token, "");
    assert_string_equal(c->twilio.base_url, "https://api.dublin.ie1.twilio.com");
    assert_int_equal(c->twilio.connect_timeout, 2500);
    assert_int_equal(c->twilio.connections, 50);
    assert_string_equal(c->twilio.risk_check, "enable");
    assert_int_equal(c->twilio.senders, 3);
    assert_string_equal(c->twilio.sender[0].from, "12345");
    assert_true(c->twilio.sender[0].segments_per_second == 0.5);
    assert_string_equal(c->twilio.sender[0].prefixes.item[1], "+44");
    assert_string_equal(c->twilio.sender[1].messaging_service_sid, SERVICE);
    assert_string_equal(c->twilio.sender[2].from, "ALERTS");
    assert_int_equal(c->message.encoding, CONFIG_ENCODING_UCS2);
    assert_string_equal(c->message.template_dir, BESIDE("my templates"));
    assert_int_equal(c->urgent_states.n, 1);
    assert_int_equal(c->contacts, 2);
    assert_false(c->contact[0].routine);
    assert_true(c->contact[1].routine);
    assert_string_equal(c->contact[0].numbers.item[1], "+15005550009");
    assert_string_equal(c->contact[0].aliases.item[0], "alice@example.org");
    assert_true(c->contact[0].throttle.given);
    assert_int_equal(c->contact[0].throttle.urgent.n, 0);
    check_tier(&c->contact[0].throttle.routine, 0, 2, 3600000);
    assert_false(c->contact[1].throttle.given);
    assert_int_equal(c->groups, 2);
    assert_int_equal(c->group[0].members.n, 3);
    assert_int_equal(c->group[1].members.n, 2);
    assert_int_equal(c->throttle.urgent.n, 3);
    assert_int_equal(c->throttle.routine.n, 1);
    assert_int_equal(c->hold_max_urgent, 0);
    assert_int_equal(c->hold_max_routine, 7200000);
    assert_int_equal(c->expire_urgent, 4 * 3600000);
    assert_int_equal(c->expire_routine, 5400000);
    assert_int_equal(c->deduplicate, 0);
    assert_int_equal(c->retain, 129600000);
    assert_int_equal(c->alarm_command.n, 4);
    assert_string_equal(c->alarm_command.item[2], "a\nb");
    assert_string_equal(c->alarm_command.item[3], "");
    assert_string_equal(c->store_path, BESIDE("state/queue.db"));
    assert_memory_equal(c->store, "sqlite:/", 8);
    assert_string_equal(c->socket, BESIDE("run/socket"));
    assert_int_equal(c->media_prefixes.n, 0);
    assert_int_equal(c->graphs, 4);
    assert_int_equal(c->graph[0].kind, CONFIG_GRAPH_URL);
    assert_string_equal(c->graph[0].headers.item[0], "K: V");
    assert_string_equal(c->graph[0].header_file, BESIDE("h"));
    assert_string_equal(c->graph[0].when.item[1], "recovery");
    assert_int_equal(c->graph[1].kind, CONFIG_GRAPH_COMMAND);
    assert_int_equal(c->graph[2].kind, CONFIG_GRAPH_FILE);
    assert_string_equal(c->graph[2].file, "{{host}}.png");
    assert_string_equal(c->graph[2].root, BESIDE("graphs"));
    assert_int_equal(c->graph[3].kind, CONFIG_GRAPH_ZABBIX);
    assert_string_equal(c->graph[3].zabbix.password, "swordfish");
    assert_int_equal(c->publishes, 4);
    assert_int_equal(c->publish[0].kind, CONFIG_PUBLISH_DIRECTORY);
    assert_int_equal(c->publish[1].kind, CONFIG_PUBLISH_PUT);
    assert_int_equal(c->publish[2].kind, CONFIG_PUBLISH_S3);
    assert_true(c->publish[2].s3.path_style);
    assert_string_equal(c->publish[2].s3.secret_access_key, "K:secretheader");
    assert_int_equal(c->publish[3].kind, CONFIG_PUBLISH_COMMAND);
    assert_string_equal(c->log_level, "debug");
    assert_string_equal(c->log_to, BESIDE("log/file"));
    config_free(c);
    snprintf(path, sizeof path, "rm -r %s/secrets '%s/my templates'", folder.path, folder.path);
    assert_int_equal(system(path), 0);
}

/* No line: there is none to name. */
static void test_load__a_file_that_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } row[] = {{"", "is empty"}, {"# nothing\n", "holds no settings"}, {"--- ~\n", "holds no settings"}};
    struct problems p;
    struct config *c;
    problems_init(&p);
    assert_int_equal(config_load(folder_path(&folder, "missing.yaml"), &c, &p), NT_ECONFIG);
    assert_null(c);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.item[0].line, 0);
    assert_string_equal(p.item[0].message, "cannot be read: No such file or directory");
    problems_clean(&p);
    assert_int_equal(config_load(folder.path, &c, &p), NT_ECONFIG);
    assert_non_null(strstr(p.item[0].message, "cannot be read"));
    problems_clean(&p);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        load(row[i].text, NT_ECONFIG, &p);
        assert_int_equal(p.n, 1);
        assert_int_equal(p.item[0].line, 0);
        assert_string_equal(p.item[0].message, row[i].message);
        problems_clean(&p);
    }
}

#define ACCOUNT_LINE "twilio:\n  account_sid: " ACCOUNT "\n"

/* token: what the account is logged in to with; NULL: does not load. */
static void test_load__credentials(void **state)
{
    (void)state;
    static const struct {
        const char *lines;  /* of the section */
        const char *beside; /* content of ./token */
        mode_t mode;
        const char *given;          /* content of $CREDENTIALS_DIRECTORY/token */
        const char *token, *secret; /* what they become */
        const char *problem;        /* part of the one told; NULL: none */
    } row[] = {
        {"  auth_token: abcd\n", NULL, 0, NULL, "abcd", "", NULL},
        {"  auth_token_file: token\n", "abcd\n", 0600, NULL, "abcd", "", NULL},
        {"  auth_token_file: token\n", " \n", 0600, NULL, "", "", "is empty"},
        {"  auth_token_file: token\n", "", 0600, NULL, "", "", "is empty"},
        {"  auth_token_file: token\n", "ab cd\n", 0600, NULL, "", "", "nothing else"},
        {"  auth_token_file: token\n", "ab\ncd\n", 0600, NULL, "", "", "nothing else"},
        {"  auth_token_file: token\n", NULL, 0, NULL, "", "", "cannot be read: No such file"},
        {"  auth_token_file: token\n", "abcd\n", 0644, NULL, "abcd", "", "others have access"},
        {"  auth_token_file: token\n", "abcd\n", 0602, NULL, "abcd", "", "others have access"},
        {"  auth_token_file: token\n", "abcd\n", 0640, NULL, "abcd", "", NULL},
        {"  auth_token_file: token\n", NULL, 0, "given\n", "given", "", NULL},
        {"  auth_token_file: token\n", "abcd\n", 0600, "given\n", "given", "", NULL},
        {"  auth_token_file: ./token\n", "abcd\n", 0600, "given\n", "abcd", "", NULL},
        {"  auth_token_file: /nonexistent/token\n", NULL, 0, "given\n", "given", "", NULL},
        {"  auth_token_file: .\n", NULL, 0, NULL, "", "", "is not a file"},
        {"  auth_token: abcd\n  auth_token_file: token\n", "other\n", 0600, NULL, "abcd", "", "both given"},
        {"  api_key_sid: " KEY "\n  api_key_secret: abcd\n", NULL, 0, NULL, "", "abcd", NULL},
        {"  api_key_sid: " KEY "\n  api_key_secret_file: token\n", "abcd", 0600, NULL, "", "abcd", NULL},
        {"  api_key_sid: " KEY "\n  api_key_secret: k\n  auth_token: t\n", NULL, 0, NULL, "", "k",
         "the API key is used"},
        {"  api_key_sid: " KEY "\n  auth_token: t\n", NULL, 0, NULL, "t", "", "api_key_sid needs"},
        {"  api_key_secret: k\n  auth_token: t\n", NULL, 0, NULL, "t", "", "needs api_key_sid"},
        {"  api_key_sid: " KEY "\n", NULL, 0, NULL, NULL, NULL, "api_key_sid needs"},
        {"  api_key_secret: k\n", NULL, 0, NULL, NULL, NULL, "needs api_key_sid"},
        {"", NULL, 0, NULL, NULL, NULL, "auth_token_file is missing"},
        {"  auth_token:\n", NULL, 0, NULL, NULL, NULL, "auth_token_file is missing"},
        {"  auth_token: \"\"\n", NULL, 0, NULL, NULL, NULL, "auth_token_file is missing"},
    };
    char credentials[256];
    snprintf(credentials, sizeof credentials, "%s/credentials", folder.path);
    assert_int_equal(mkdir(credentials, 0700), 0);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct problems p;
        char text[1024];
        snprintf(text, sizeof text, "%s%s" SENDERS, ACCOUNT_LINE, row[i].lines);
        unlink(folder_path(&folder, "token"));
        unlink(folder_path(&folder, "credentials/token"));
        if (row[i].beside)
            folder_write(&folder, "token", row[i].beside, row[i].mode);
        unsetenv("CREDENTIALS_DIRECTORY");
        if (row[i].given) {
            folder_write(&folder, "credentials/token", row[i].given, 0400);
            setenv("CREDENTIALS_DIRECTORY", credentials, 1);
        }
        problems_init(&p);
        struct config *c = load(text, row[i].token ? NT_OK : NT_ECONFIG, &p);
        if (p.n != (row[i].problem != NULL) || (p.n && !strstr(p.item[0].message, row[i].problem)))
            fail_msg("%s: %s", row[i].lines, p.n ? p.item[0].message : "no problem");
        if (c) {
            assert_false(p.n && p.item[0].fatal);
            if (strcmp(c->twilio.auth_token, row[i].token) || strcmp(c->twilio.api_key_secret, row[i].secret))
                fail_msg("%s: %s %s", row[i].lines, c->twilio.auth_token, c->twilio.api_key_secret);
        }
        config_free(c);
        problems_clean(&p);
    }
    snprintf(credentials, sizeof credentials, "rm -r %s/credentials", folder.path);
    assert_int_equal(system(credentials), 0);
}

/* Header files may hold a token, and are found as tokens are. */
static void test_load__header_files_among_the_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool beside;       /* ./headers is there */
        const char *found; /* below the folder */
    } row[] = {
        {"headers", true, "/credentials/headers"},
        {"headers", false, "/credentials/headers"},
        {"./headers", true, "/./headers"},
        {"/nonexistent/headers", false, "/credentials/headers"},
    };
    char credentials[256];
    snprintf(credentials, sizeof credentials, "%s/credentials", folder.path);
    assert_int_equal(mkdir(credentials, 0700), 0);
    folder_write(&folder, "credentials/headers", "K: V\n", 0400);
    setenv("CREDENTIALS_DIRECTORY", credentials, 1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct problems p;
        char text[1024], found[512];
        snprintf(text, sizeof text,
                 "%s  auth_token: abcd\n" SENDERS
                 "publish: [{put: 'https://p/', public_url: 'https://p/', header_file: %s}]\n",
                 ACCOUNT_LINE, row[i].file);
        snprintf(found, sizeof found, "%s%s", folder.path, row[i].found);
        unlink(folder_path(&folder, "headers"));
        if (row[i].beside)
            folder_write(&folder, "headers", "K: V\n", 0600);
        problems_init(&p);
        struct config *c = load(text, NT_OK, &p);
        assert_int_equal(p.n, 0);
        assert_string_equal(c->publish[0].header_file, found);
        config_free(c);
        problems_clean(&p);
    }
    unsetenv("CREDENTIALS_DIRECTORY");
    snprintf(credentials, sizeof credentials, "rm -r %s/credentials", folder.path);
    assert_int_equal(system(credentials), 0);
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
    struct buf *lines = arg;
    buf_addf(lines, "%d %s\n", (int)level, line);
}

static void test_load__no_secret_in_log_or_problem(void **state)
{
    (void)state;
    struct problems p;
    struct buf log;
    problems_init(&p);
    buf_init(&log, 65536);
    struct config *c = load("twilio:\n  account_sid: " ACCOUNT "\n  auth_token: [hunter22]\n  auth_tokn: hunter22\n"
                            "  proxy: hunter22:// \n  api_key_secret: {a: hunter22}\n  auth_token: hunter22\n" SENDERS
                            "graphs: [{name: g, url: hunter22, headers: [hunter22]}]\n",
                            NT_ECONFIG, &p);
    assert_null(c);
    assert_true(p.n >= 5);
    for (size_t i = 0; i < p.n; i++)
        if (strstr(p.item[i].message, "hunter22"))
            fail_msg("%s", p.item[i].message);
    problems_clean(&p);
    c = load_clean("twilio:\n  account_sid: " ACCOUNT
                   "\n  auth_token: hunter22\n  proxy: http://u:swordfish@p:1\n" SENDERS);
    log_tap(keep_line, &log);
    log_error("the token is %s, the proxy %s", c->twilio.auth_token, c->twilio.proxy);
    assert_null(strstr(buf_text(&log), "hunter22"));
    assert_null(strstr(buf_text(&log), "swordfish"));
    config_free(c);
    buf_clean(&log);
}

static void check_open(const char *text, enum nt_status expected, bool salvaged, const char *logged)
{
    struct problems p;
    struct config *c = NULL;
    struct buf log;
    problems_init(&p);
    buf_init(&log, 65536);
    log_tap(keep_line, &log);
    const char *path = folder_write(&folder, "config.yaml", text, 0640);
    assert_int_equal(config_open(path, &c, &p), expected);
    assert_true((c != NULL) == (expected == NT_OK));
    if (c) {
        assert_true(c->salvaged == salvaged);
        assert_true((*c->last_good_reason != '\0') == salvaged);
        assert_int_equal(c->last_good, 0);
    }
    if (!strstr(buf_text(&log), logged))
        fail_msg("%s: %s", text, buf_text(&log));
    config_free(c);
    problems_clean(&p);
    buf_clean(&log);
}

/* With no copy to fall back to. "0 …" is an error in the log, "1 …" a warning. */
static void test_load__open_makes_the_best_of_a_file(void **state)
{
    (void)state;
    check_open(TWILIO, NT_OK, false, "");
    check_open(TWILIO "groups: [{name: g, members: [nobody]}]\n", NT_OK, false, "1 ");
    check_open("twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: missing\n" SENDERS, NT_OK, false,
               "missing cannot be read");
    check_open(TWILIO "colour: red\n", NT_OK, true, "unknown key 'colour'");
    check_open(TWILIO "message: {max_segments: many}\n", NT_OK, true, "0 THE CONFIGURATION");
    check_open(TWILIO "message: [\n", NT_ECONFIG, false, "");
    check_open(TWILIO "retain: 1d\nretain: 2d\n", NT_ECONFIG, false, "");
    check_open("twilio:\n  account_sid: " ACCOUNT "\n  auth_token: abcd\n", NT_ECONFIG, false, "");
    check_open("twilio:\n  account_sid: " ACCOUNT "\n  auth_token: abcd\n  base_url: http://example.org\n" SENDERS,
               NT_ECONFIG, false, "");
    check_open("", NT_ECONFIG, false, "");
}

static void test_load__an_open_file_with_a_secret_is_told_where_it_is_used(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        bool told;
    } row[] = {
        {TWILIO, 0640, false},
        {TWILIO, 0644, true},
        {"twilio:\n  account_sid: " ACCOUNT "\n  auth_token_file: token\n" SENDERS, 0644, false},
        {"twilio:\n  account_sid: " ACCOUNT "\n  api_key_sid: " KEY "\n  api_key_secret: abcd\n" SENDERS, 0604, true},
    };
    folder_write(&folder, "token", "abcd\n", 0600);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct problems p;
        struct config *c = NULL;
        struct buf log;
        problems_init(&p);
        buf_init(&log, 65536);
        log_tap(keep_line, &log);
        const char *path = folder_write(&folder, "config.yaml", row[i].text, row[i].mode);
        assert_int_equal(config_open(path, &c, &p), NT_OK);
        assert_int_equal(p.n, row[i].told); /* which makes it an error of `config check` */
        assert_true((strstr(buf_text(&log), "1 ") && strstr(buf_text(&log), "holds a secret")) == row[i].told);
        config_free(c);
        problems_clean(&p);
        buf_clean(&log);
    }
}

static void test_load__a_faulty_setting_of_a_salvaged_file_is_its_default(void **state)
{
    (void)state;
    struct problems p;
    struct config *c = NULL;
    problems_init(&p);
    const char *path =
        folder_write(&folder, "config.yaml",
                     TWILIO "message: {max_segments: many, encoding: gsm7}\n"
                            "throttle: {urgent: [{pages: 0, per: 1m}, {pages: 2}, {pages: 5, per: 1h}]}\n"
                            "contacts: [x, {numbers: ['+15005550001']}, {name: bob, numbers: ['+15005550002']}]\n"
                            "graphs: [{name: g, url: [x]}, {name: h, url: 'https://h'}]\n"
                            "colour: red\n",
                     0640);
    assert_int_equal(config_open(path, &c, &p), NT_OK);
    assert_int_equal(c->message.max_segments, 1);
    assert_int_equal(c->message.encoding, CONFIG_ENCODING_GSM7);
    assert_int_equal(c->throttle.urgent.n, 1);
    check_tier(&c->throttle.urgent, 0, 5, 3600000);
    assert_int_equal(c->contacts, 3);
    assert_string_equal(c->contact[0].name, "");
    assert_string_equal(c->contact[2].name, "bob");
    assert_int_equal(c->graphs, 1);
    assert_string_equal(c->graph[0].name, "h");
    config_free(c);
    problems_clean(&p);
}

static void test_load__which_file(void **state)
{
    (void)state;
    setenv("NOTIFY_TWILIO_CONFIG", "/from/environment", 1);
    assert_string_equal(config_path("/from/option"), "/from/option");
    assert_string_equal(config_path(NULL), "/from/environment");
    assert_string_equal(config_path(""), "/from/environment");
    setenv("NOTIFY_TWILIO_CONFIG", "", 1);
    assert_string_equal(config_path(NULL), NT_CONFIG_PATH);
    unsetenv("NOTIFY_TWILIO_CONFIG");
    assert_string_equal(config_path(NULL), NT_CONFIG_PATH);
}

/* Thousands of contacts are no burden. */
static void test_load__many_contacts(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_adds(&b, TWILIO "contacts:\n");
    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "  - {name: c%d, numbers: ['+1500555%04d']}\n", i, i);
    buf_adds(&b, "groups:\n  - name: g0\n    members: [c0]\n");
    for (int i = 1; i < 10000; i++)
        buf_addf(&b, "  - {name: g%d, members: [g%d, c%d]}\n", i, i - 1, i);
    struct config *c = load_clean(buf_text(&b));
    assert_int_equal(c->contacts, 10000);
    assert_int_equal(c->group[9999].members.n, 2);
    config_free(c);
    buf_clean(&b);
}

static void test_load__no_memory_is_told(void **state)
{
    (void)state;
    char path[256];
    write_secrets();
    folder_write(&folder, "config.yaml", everything, 0640);
    snprintf(path, sizeof path, "%s", folder_path(&folder, "config.yaml"));
    unsigned long n = 1;
    for (bool failed = true; failed; n++) {
        struct problems p;
        struct config *c = NULL;
        problems_init(&p);
        mem_fail_at(n);
        enum nt_status status = config_load(path, &c, &p);
        failed = mem_failed();
        mem_fail_at(0);
        /* What the log could not learn to hide is no reason not to load. */
        if (status != NT_ENOMEM)
            assert_int_equal(status, NT_OK);
        assert_true((c != NULL) == (status == NT_OK));
        if (!failed)
            assert_int_equal(status, NT_OK);
        config_free(c);
        problems_clean(&p);
    }
    assert_true(n > 300);
    folder_write(&folder, "config.yaml",
                 TWILIO "colour: red\nfallback: [x]\ngroups: [{name: a, members: [a, '00 1500 555 0001']}]\n", 0640);
    n = 1;
    for (bool failed = true; failed; n++) {
        struct problems p;
        struct config *c = NULL;
        problems_init(&p);
        mem_fail_at(n);
        enum nt_status status = config_open(path, &c, &p);
        failed = mem_failed();
        mem_fail_at(0);
        if (status != NT_ENOMEM)
            assert_int_equal(status, NT_OK);
        assert_true((c != NULL) == (status == NT_OK));
        config_free(c);
        problems_clean(&p);
    }
    snprintf(path, sizeof path, "rm -r %s/secrets '%s/my templates'", folder.path, folder.path);
    assert_int_equal(system(path), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_load__##name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(everything_but_twilio_has_a_default),
        TEST(every_key_is_taken),
        TEST(a_file_that_is_none),
        TEST(credentials),
        TEST(header_files_among_the_credentials),
        TEST(no_secret_in_log_or_problem),
        TEST(open_makes_the_best_of_a_file),
        TEST(an_open_file_with_a_secret_is_told_where_it_is_used),
        TEST(a_faulty_setting_of_a_salvaged_file_is_its_default),
        TEST(which_file),
        TEST(many_contacts),
        TEST(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

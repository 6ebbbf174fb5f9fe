/* identity: what is one object, and what is the same news about it. */
#include "ingest/identity.h"

#include "given.h"

static void object_of(struct given *g, const char *expected)
{
    assert_string_equal(given_read(g)->object, expected);
    given_clean(g);
}

static void test_identity__an_object_is_source_host_and_service(void **state)
{
    (void)state;
    struct given g;
    given_init(&g, "nagios", LIST("HOSTNAME=web01", "SERVICEDESC=HTTP", "SERVICEPROBLEMID=7"), NULL);
    object_of(&g, "nagios!web01!HTTP");
    given_init(&g, "nagios", LIST("HOSTNAME=web01", "HOSTPROBLEMID=7"), NULL);
    object_of(&g, "nagios!web01");
    given_init(&g, "icinga2", LIST("HOSTNAME=web01", "SERVICENAME=HTTP"), NULL);
    object_of(&g, "icinga2!web01!HTTP");
    /* Neither order nor content makes two objects one. */
    given_init(&g, "generic", LIST("host=a!b", "service=c%\n\x7F z"), NULL);
    object_of(&g, "generic!a%21b!c%25%0A%7F z");
    given_init(&g, "generic", LIST("host=a", "service=b!c"), NULL);
    object_of(&g, "generic!a!b%21c");
    given_init(&g, "generic", LIST("host=a!b!c"), NULL);
    object_of(&g, "generic!a%21b%21c");
    given_init(&g, "generic", LIST("service=c"), NULL);
    object_of(&g, "generic!!c");
    given_init(&g, "generic", LIST("host=m\xC3\xBCller", "service=bad \xC3"), NULL);
    object_of(&g, "generic!m\xC3\xBCller!bad %C3");
    /* A test is not about the object it names: it must not take a real page's place. */
    given_init(&g, "nagios", LIST("HOSTNAME=web01"), NULL);
    g.in.test = true;
    object_of(&g, "test!nagios!web01");
}

static void test_identity__a_long_object_is_bounded_and_still_its_own(void **state)
{
    (void)state;
    char host[2000] = "host=", last[300] = "";
    for (size_t len = 200; len < sizeof host - 1; len += 300) {
        memset(host + 5, 'x', len - 5);
        for (int end = 'a'; end <= 'b'; end++) {
            host[len - 1] = (char)end;
            host[len] = '\0';
            struct given g;
            given_init(&g, "generic", LIST(host), NULL);
            const char *object = given_read(&g)->object;
            assert_true(strlen(object) <= IDENTITY_OBJECT_MAX);
            assert_string_not_equal(object, last);
            snprintf(last, sizeof last, "%s", object);
            given_clean(&g);
        }
    }
}

static void test_identity__zabbix_is_told_apart_by_event(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *message, *object;
    } rows[] = {
        {"Problem: 5xx", "EVENT.ID=4711\nHOST.NAME=web01\nTRIGGER.ID=9", "zabbix!event!4711"},
        {"Resolved in 10s: 5xx", "EVENT.ID=4711\nEVENT.RECOVERY.ID=4720\nEVENT.VALUE=0", "zabbix!event!4711"},
        {"Problem: 5xx", "EVENT.ID={EVENT.ID}\nHOST.NAME=web01\nTRIGGER.ID=9", "zabbix!trigger!9!web01"},
        {"Problem: 5xx", "HOST.NAME=web01", "zabbix!text!web01!5xx"},
        {"Resolved in 10s: 5xx", "HOST.NAME=web01", "zabbix!text!web01!5xx"},
        {"Updated problem in 5m: 5xx", "free text", "zabbix!text!!5xx"},
        {"5xx", "", "zabbix!text!!5xx"},
        {"", "HOST.NAME=web01\nEVENT.NAME=5xx", "zabbix!text!web01!5xx"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given g;
        given_init(&g, "zabbix", NULL, NULL);
        g.in.subject = rows[i].subject;
        g.in.message = rows[i].message;
        object_of(&g, rows[i].object);
    }
}

static void test_identity__texts_alone_are_objects_of_their_own(void **state)
{
    (void)state;
    static const char *const texts[] = {"Backup failed", "backup, failed!\nmore", "Tape 7 is full", "Tape 8 is full"};
    char objects[4][80];
    for (size_t i = 0; i < 4; i++) {
        struct given g;
        given_init(&g, NULL, NULL, NULL);
        g.in.text = texts[i];
        snprintf(objects[i], sizeof objects[i], "%s", given_read(&g)->object);
        given_clean(&g);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(objects[i], objects[k]);
    }
}

/* Are the two pairs' alerts the same news? The rest is equal. */
static bool same(const char *one, const char *other)
{
    char identity[2][IDENTITY_NEWS_LEN + 1];
    for (int i = 0; i < 2; i++) {
        struct given g;
        given_init(
            &g, "generic",
            LIST("host=web01", "event=problem", "state=CRITICAL", "author=bob", "comment=c", "output=5xx rate 12%"),
            NULL);
        given_list(&g.pairs, LIST(i ? other : one));
        const struct alert *a = given_read(&g);
        assert_int_equal(strlen(a->identity), IDENTITY_NEWS_LEN);
        memcpy(identity[i], a->identity, sizeof identity[i]);
        given_clean(&g);
    }
    return !strcmp(identity[0], identity[1]);
}

static void test_identity__is_what_the_news_says(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"output=5xx rate 12%", "output=  5xx: rate, \"12\" ", true},
        {"output=5xx rate 12%", "output=5xx rate 12%\nlong line", true},
        {"output=5xx rate 12%", "output=5xx rate 13%", false},
        {"output=\xC3\xBC", "output=\xC3\xA4", false},
        {"output=-", "output=", true},
        {"state=CRITICAL", "state=WARNING", false},
        {"event=problem", "event=custom", false},
        {"event=DOWNTIMESTART", "event=DOWNTIMEEND", false},
        {"author=bob", "author=alice", false},
        {"comment=a", "comment=b", false},
        {"perfdata=a", "perfdata=b", true},
        {"notification_number=1", "notification_number=2", true},
        {"time=1795425500", "time=1795425501", true},
        {"comment=don't (call)", "comment=dont call", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(same(rows[i].one, rows[i].other), rows[i].same);
}

static void test_identity__zabbix_is_compared_to_the_letter(void **state)
{
    (void)state;
    static const struct {
        const char *to, *subject, *message;
        int same_as; /* row */
    } rows[] = {
        {"+15005550001", "Problem: x", "EVENT.ID=1\nNOTIFIED=2026.11.23 09:00:00", 0},
        {"+15005550001", "Problem: x", "EVENT.ID=1\nNOTIFIED=2026.11.23 09:00:00", 0},
        {"+15005550001", "Problem: x", "EVENT.ID=1\nNOTIFIED=2026.11.23 10:00:00", 2},
        {"+15005550002", "Problem: x", "EVENT.ID=1\nNOTIFIED=2026.11.23 09:00:00", 3},
        {NULL, "Problem: x", "EVENT.ID=1\nNOTIFIED=2026.11.23 09:00:00", 4},
        {"+15005550001", "Problem: x!", "EVENT.ID=1\nNOTIFIED=2026.11.23 09:00:00", 5},
        {"+15005550001", "Problem: xEVENT.ID=1", "\nNOTIFIED=2026.11.23 09:00:00", 6},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    char identity[ROWS][IDENTITY_NEWS_LEN + 1];
    for (int i = 0; i < ROWS; i++) {
        struct given g;
        given_init(&g, "zabbix", NULL, NULL);
        g.in.to = rows[i].to;
        g.in.subject = rows[i].subject;
        g.in.message = rows[i].message;
        snprintf(identity[i], sizeof identity[i], "%s", given_read(&g)->identity);
        given_clean(&g);
        for (int k = 0; k < i; k++)
            assert_int_equal(!strcmp(identity[i], identity[k]), rows[i].same_as == rows[k].same_as);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity__an_object_is_source_host_and_service),
        cmocka_unit_test(test_identity__a_long_object_is_bounded_and_still_its_own),
        cmocka_unit_test(test_identity__zabbix_is_told_apart_by_event),
        cmocka_unit_test(test_identity__texts_alone_are_objects_of_their_own),
        cmocka_unit_test(test_identity__is_what_the_news_says),
        cmocka_unit_test(test_identity__zabbix_is_compared_to_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

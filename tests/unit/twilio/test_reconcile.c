/* reconcile: ours is found, the others' are not taken. */
#include "twilio/reconcile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STARTED INT64_C(1600000000000)
#define NOW     (STARTED + 40000)
#define NUMBER  "+15005550001"
#define FROM    "+15005550006"
#define SERVICE "MG0123456789abcdef0123456789abcdef"
#define BODY    "CRITICAL web01: disk full"

static char sender_from[] = FROM, sender_service[] = SERVICE, body_text[] = BODY;

static struct page page_by(char *sender)
{
    return (struct page){.number = NUMBER, .sender = sender, .body = body_text};
}

/* A message that is ours in every respect. */
static struct message ours(const char *sid, int64_t after)
{
    return (struct message){.sid = sid,
                            .status = "sent",
                            .from = FROM,
                            .to = NUMBER,
                            .body = BODY,
                            .messaging_service_sid = "",
                            .error_message = "",
                            .date_created = STARTED + after};
}

static long find(char *sender, struct message *m, size_t n)
{
    struct page page = page_by(sender);
    struct message_list list = {.item = m, .n = n, .next_page_uri = ""};
    return reconcile_find(&page, &list, STARTED, NOW, NULL, NULL);
}

static void test_reconcile__holds_every_rule(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        char *sender;
        const char *to, *from, *service, *body;
        int64_t created;
        bool match;
    } table[] = {
        {"ours", sender_from, NUMBER, FROM, "", BODY, STARTED + 1000, true},
        {"another number", sender_from, "+15005550002", FROM, "", BODY, STARTED + 1000, false},
        {"no number", sender_from, "", FROM, "", BODY, STARTED + 1000, false},
        {"another sender", sender_from, NUMBER, "+15005550007", "", BODY, STARTED + 1000, false},
        {"no sender yet", sender_from, NUMBER, "", "", BODY, STARTED + 1000, true},
        {"a service's, without a number yet", sender_from, NUMBER, "", SERVICE, BODY, STARTED + 1000, false},
        {"our service", sender_service, NUMBER, "", SERVICE, BODY, STARTED + 1000, true},
        {"our service, number chosen", sender_service, NUMBER, "+15005550099", SERVICE, BODY, STARTED + 1000, true},
        {"service left out", sender_service, NUMBER, "+15005550099", "", BODY, STARTED + 1000, true},
        {"another service", sender_service, NUMBER, "", "MGffffffffffffffffffffffffffffffff", BODY, STARTED, false},
        {"redacted", sender_from, NUMBER, FROM, "", "", STARTED + 1000, true},
        {"redacted to a blank", sender_from, NUMBER, FROM, "", " ", STARTED + 1000, true},
        {"another text", sender_from, NUMBER, FROM, "", "CRITICAL web02: disk full", STARTED + 1000, false},
        {"a trial account's", sender_from, NUMBER, FROM, "", "Sent from your Twilio trial account - " BODY, STARTED,
         true},
        {"a longer text that ends alike", sender_from, NUMBER, FROM, "", "again: " BODY, STARTED + 1000, false},
        {"a longer text that starts alike", sender_from, NUMBER, FROM, "", BODY " now", STARTED + 1000, false},
        {"part of ours", sender_from, NUMBER, FROM, "", "disk full", STARTED + 1000, false},
        {"blanks at the end", sender_from, NUMBER, FROM, "", BODY " \n", STARTED + 1000, true},
        {"early, but the clocks may differ", sender_from, NUMBER, FROM, "", BODY, STARTED - 60000, true},
        {"too early", sender_from, NUMBER, FROM, "", BODY, STARTED - 60001, false},
        {"now", sender_from, NUMBER, FROM, "", BODY, NOW, true},
        {"late, but the clocks may differ", sender_from, NUMBER, FROM, "", BODY, NOW + 60000, true},
        {"too late", sender_from, NUMBER, FROM, "", BODY, NOW + 60001, false},
        {"without a date", sender_from, NUMBER, FROM, "", BODY, 0, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct message m = {.sid = "SM1",
                            .status = "",
                            .from = table[i].from,
                            .to = table[i].to,
                            .body = table[i].body,
                            .messaging_service_sid = table[i].service,
                            .error_message = "",
                            .date_created = table[i].created};
        long found = find(table[i].sender, &m, 1);
        if (found != (table[i].match ? 0 : -1))
            print_error("%s\n", table[i].what);
        assert_int_equal(found, table[i].match ? 0 : -1);
    }
}

static void test_reconcile__takes_the_nearest(void **state)
{
    (void)state;
    struct message m[] = {ours("SM4", 30000), ours("SM3", 2000), ours("SM2", -3000), ours("SM1", -50000)};
    assert_int_equal(find(sender_from, m, 4), 1);
    assert_int_equal(find(sender_from, m + 2, 2), 0);
    assert_int_equal(find(sender_from, m, 0), -1);
    struct message nameless = ours("", 0);
    assert_int_equal(find(sender_from, &nameless, 1), -1);
}

static bool is_known(void *arg, const char *sid)
{
    return strstr(arg, sid) != NULL;
}

static void test_reconcile__leaves_what_is_another_pages(void **state)
{
    (void)state;
    /* Two pages with the same text to the same number were on their way; one answer came. */
    struct page page = page_by(sender_from);
    struct message m[] = {ours("SM3", 2000), ours("SM2", 1000), ours("SM1", -1000)};
    struct message_list list = {.item = m, .n = 3, .next_page_uri = ""};
    struct {
        char known[16];
        long found;
    } table[] = {{"", 1}, {"SM2", 2}, {"SM2 SM1", 0}, {"SM2 SM1 SM3", -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(reconcile_find(&page, &list, STARTED, NOW, is_known, table[i].known), table[i].found);
}

static void test_reconcile__knows_when_it_has_seen_enough(void **state)
{
    (void)state;
    struct message m[] = {ours("SM2", 1000), ours("SM1", -60000)};
    struct message_list list = {.item = m, .n = 2, .next_page_uri = "/next"};
    assert_false(reconcile_conclusive(&list, STARTED));
    m[1].date_created--;
    assert_true(reconcile_conclusive(&list, STARTED));
    m[1].date_created = 0;
    assert_false(reconcile_conclusive(&list, STARTED));
    list.n = 0;
    assert_false(reconcile_conclusive(&list, STARTED));
    list.next_page_uri = "";
    assert_true(reconcile_conclusive(&list, STARTED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reconcile__holds_every_rule),
        cmocka_unit_test(test_reconcile__takes_the_nearest),
        cmocka_unit_test(test_reconcile__leaves_what_is_another_pages),
        cmocka_unit_test(test_reconcile__knows_when_it_has_seen_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * reconcile: was the page whose answer was lost accepted after all?
 *
 * There is no idempotency key at Twilio, so a lost answer is resolved by looking at the newest messages to the number.
 * The two mistakes are not equally bad: taking a foreign message for ours loses a page, missing ours sends it twice.
 * So every rule must hold, and what Twilio leaves out (a sender not chosen yet, a redacted text) decides nothing,
 * except the time: a message without a date is never ours, since nothing else would tell it from yesterday's.
 *
 * Worked example. The request began at 12:00:00 and timed out at 12:00:30; at 12:00:40 the list is
 *     SM4 12:00:35 "…disk full"     another text
 *     SM3 12:00:01 "…web01 down"    the same text, known: another page's
 *     SM2 12:00:01 "…web01 down"    adopted
 *     SM1 11:58:59 "…web01 down"    earlier than 11:59:00: a former page
 *
 * DIAGNOSTICS: none.
 */
#include "twilio/reconcile.h"

#include "twilio/request.h"

#include <string.h>
#include <strings.h>

enum {
    /* How far Twilio's clock may be away from ours. */
    SKEW = 60 * 1000,
    /* The longest text that a trial account may be put in front of a body. */
    TRIAL_PREFIX = 100
};

static bool same_sender(const char *sender, const struct message *m)
{
    if (request_is_service(sender))
        return !*m->messaging_service_sid || strcmp(m->messaging_service_sid, sender) == 0;
    if (*m->from)
        return strcmp(m->from, sender) == 0;
    /* No number chosen yet happens to messages of a service alone, and this page was not sent by one. */
    return !*m->messaging_service_sid;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Takes the blanks away at both ends: Twilio does not keep them all. */
static void trim(const char **s, size_t *len)
{
    while (*len && is_blank(**s)) {
        (*s)++;
        (*len)--;
    }
    while (*len && is_blank((*s)[*len - 1]))
        (*len)--;
}

static bool mentions_trial(const char *s, size_t len)
{
    static const char word[] = "trial";
    for (size_t i = 0; i + sizeof word - 1 <= len; i++) {
        if (strncasecmp(s + i, word, sizeof word - 1) == 0)
            return true;
    }
    return false;
}

static bool same_body(const char *body, const char *listed)
{
    size_t len = strlen(body), listed_len = strlen(listed);
    trim(&body, &len);
    trim(&listed, &listed_len);
    if (!listed_len)
        return true; /* redacted */
    if (listed_len < len || memcmp(listed + listed_len - len, body, len) != 0)
        return false;
    size_t prefix = listed_len - len;
    return !prefix || (len && prefix <= TRIAL_PREFIX && mentions_trial(listed, prefix));
}

static bool in_time(int64_t created, int64_t started, int64_t now)
{
    return created > 0 && created >= started - SKEW && created <= now + SKEW;
}

long reconcile_find(const struct page *page, const struct message_list *list, int64_t started, int64_t now,
                    reconcile_known *known, void *arg)
{
    long best = -1;
    int64_t best_distance = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct message *m = &list->item[i];
        if (!*m->sid || strcmp(m->to, page->number) != 0 || !in_time(m->date_created, started, now))
            continue;
        if (!same_sender(page->sender, m) || !same_body(page->body, m->body))
            continue;
        int64_t distance = m->date_created < started ? started - m->date_created : m->date_created - started;
        if (best >= 0 && distance >= best_distance)
            continue;
        /* Asked last, because it may cost a look into the store. */
        if (known && known(arg, m->sid))
            continue;
        best = (long)i;
        best_distance = distance;
    }
    return best;
}

bool reconcile_conclusive(const struct message_list *list, int64_t started)
{
    if (!*list->next_page_uri)
        return true;
    for (size_t i = 0; i < list->n; i++) {
        int64_t created = list->item[i].date_created;
        if (created > 0 && created < started - SKEW)
            return true;
    }
    return false;
}

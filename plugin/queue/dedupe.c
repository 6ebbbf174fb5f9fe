/*
 * dedupe: the same news twice is told once.
 *
 * Zabbix runs a script again when it fails or takes too long: the very same send-to, subject and message (its identity)
 * within two hours is a repetition, whatever became of the first. The message carries the time of the notification, the
 * same in each run and a new one for each escalation step, so steps are news.
 *
 * The others repeat when two masters both notify, or a hand-over and its fallback both arrive. The alert repeats the
 * newest page about the object to the number if that has the same identity, is younger than the window, and the two do
 * not carry different notification numbers. Any other alert between makes it news:
 *
 *     0 s WARNING   20 s CRITICAL   40 s WARNING      the third is news
 *     0 s CRITICAL #1   30 s CRITICAL #2              a volatile service: news
 *     0 s CRITICAL #1   30 s CRITICAL #1              the other master: repeats the first
 *
 * A notification of Nagios can come twice on two ways, of which one cannot carry its author and comment: from inside
 * Nagios with them, and by a command without. Nagios's own number for the notification, with all the rest, tells that
 * the two are one.
 *
 * The window is counted from the first of a row of repetitions, so that something that is said every 50 s is told once
 * a minute and not never again. A page that was put aside unsent for newer news is no original, although nothing newer
 * is on record for the number (news that a contact does not take is not): the problem is back, and must be told. The
 * same for one that was cancelled, unless it closes a problem, for such are cancelled as soon as they come.
 *
 * Pages made to try another way for a failed one carry old news and stand after newer ones: the newest is that of the
 * newest alert. Moments in the future count as now.
 *
 * DIAGNOSTICS: the store's.
 */
#include "queue/dedupe.h"

#include <string.h>

enum { ZABBIX_WINDOW_MS = 2 * 3600 * 1000, LOOK_BACK = 4, ZABBIX_LOOK_BACK = 256 };

struct search {
    const struct alert *alert;
    int64_t now, window;
    int64_t found;
    int64_t newest_alert; /* of the candidates so far */
    int64_t twin;         /* the newest candidate, if only its author and comment may differ */
    bool any;
};

static int64_t age(const struct search *f, const struct page *p)
{
    return p->created >= f->now ? 0 : f->now - p->created;
}

static bool look_zabbix(void *arg, const struct page *p)
{
    struct search *f = arg;
    if (age(f, p) >= ZABBIX_WINDOW_MS)
        return false;
    if (strcmp(p->identity, f->alert->identity) == 0)
        f->found = p->id; /* go on: an earlier one is the original of both */
    return true;
}

static bool closes(const struct page *p)
{
    return p->event == EVENT_RECOVERY || p->phase == PHASE_END || p->phase == PHASE_CANCELLED;
}

/* In everything but the identity. */
static bool may_repeat(const struct search *f, const struct page *p)
{
    long mine = f->alert->notification_number, its = p->notification_number;
    if (p->event != f->alert->event || p->phase != f->alert->phase)
        return false;
    if (age(f, p) >= f->window)
        return false;
    if (p->state == PAGE_SUPERSEDED || (p->state == PAGE_CANCELLED && !closes(p)))
        return false;
    return mine < 0 || its < 0 || mine == its;
}

static bool look(void *arg, const struct page *p)
{
    struct search *f = arg;
    if (!f->any || p->alert_id > f->newest_alert) {
        f->any = true;
        f->newest_alert = p->alert_id;
        bool may = may_repeat(f, p), same = strcmp(p->identity, f->alert->identity) == 0;
        f->found = may && same ? p->id : 0;
        f->twin = may && !same ? p->id : 0;
    }
    return p->flags & PAGE_AGAIN; /* something newer may stand before it */
}

static const char *notification_id(const struct alert *a)
{
    const char *id = kv_text(&a->macros, *a->service ? "SERVICENOTIFICATIONID" : "HOSTNOTIFICATIONID");
    return strcmp(id, "0") ? id : "";
}

static bool tells_nobody(const struct alert *a)
{
    return !*a->author && !*a->comment;
}

static bool is_significant(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* As far as letters and digits go: a command's line has lost quotes and the like. */
static bool same_text(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a && !is_significant(*a))
            a++;
        while (*b && !is_significant(*b))
            b++;
        if (*a != *b || !*a)
            return *a == *b;
    }
}

/* The number alone is not enough: a core that keeps no states counts from 1 again when it is started anew. */
static bool same_notification(const struct alert *a, const struct alert *b)
{
    const char *id = notification_id(a);
    return *id && !strcmp(id, notification_id(b)) && tells_nobody(a) != tells_nobody(b) &&
           !strcmp(a->state, b->state) && same_text(a->output, b->output);
}

/* Is the twin's alert the very same notification of Nagios? *original is set then. */
static enum nt_status look_at_twin(struct store *s, const struct search *f, int64_t *original)
{
    struct alert *its = NULL;
    struct page *p = NULL;
    if (!f->twin || f->alert->source != SOURCE_NAGIOS || !*notification_id(f->alert))
        return NT_OK;
    enum nt_status status = s->ops->page_get(s, f->twin, &p);
    if (!status)
        status = s->ops->alert_get(s, p->alert_id, &its);
    if (!status && same_notification(its, f->alert))
        *original = f->twin;
    alert_free(its);
    page_free(p);
    return status == NT_ENOENT ? NT_OK : status;
}

enum nt_status dedupe_find(struct store *s, const struct alert *alert, const char *number, int64_t now, int64_t window,
                           int64_t *original)
{
    bool zabbix = alert->source == SOURCE_ZABBIX;
    struct search f = {.alert = alert, .now = now, .window = window};
    struct store_query q = {.kind = PAGES_OF_OBJECT,
                            .object = alert->object,
                            .number = number,
                            .states = ~PAGE_BIT(PAGE_DUPLICATE),
                            .limit = zabbix ? ZABBIX_LOOK_BACK : LOOK_BACK};
    enum nt_status status = s->ops->pages(s, &q, zabbix ? look_zabbix : look, &f);
    *original = status == NT_OK ? f.found : 0;
    return status == NT_OK ? look_at_twin(s, &f, original) : status;
}

/*
 * late: requests that do not get on, and what becomes of them.
 *
 * A name server that does not answer costs PATIENCE once: then requests go on with the last good addresses, which
 * libcurl keeps for a minute as if they had been looked up.
 *
 * Each request ends at its time limit, which is libcurl's to keep. But libcurl that has run out of memory may have lost
 * the socket and the timer of a request (7.88: nothing wakes it again), so whoever has not ended OVERDUE after its
 * limit is ended here.
 *
 * DIAGNOSTICS: none; how a request ended is in its result.
 */
#include "base/clock.h"
#include "twilio/http_private.h"

enum {
    PATIENCE = 2000, /* ms; less with a short connect_timeout */
    OVERDUE = 2000,  /* ms */
};

static void at_latest(int64_t *next, int64_t at)
{
    if (*next < 0 || at < *next)
        *next = at;
}

void late_init(struct http *h)
{
    h->name_patience = h->connect_timeout / 2 < PATIENCE ? h->connect_timeout / 2 : PATIENCE;
    h->patience = h->overdue = -1;
}

bool late_begin(struct transfer *t)
{
    struct http *h = t->http;
    if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
        return false;
    t->overdue = clock_boot(clock_system()) + t->timeout + OVERDUE;
    at_latest(&h->overdue, t->overdue);
    if (!t->resolved && h->patience < 0)
        h->patience = t->begun + h->name_patience;
    return true;
}

int64_t late_next(const struct http *h)
{
    int64_t next = h->overdue;
    if (h->patience >= 0)
        at_latest(&next, h->patience);
    return next;
}

/* Requests whose name server does not answer go on with the last good addresses; how many ended because they cannot. */
static int lose_patience(struct http *h, int64_t now)
{
    int finished = 0;
    if (h->patience < 0 || now < h->patience)
        return 0;
    h->patience = -1;
    struct transfer *next;
    for (struct transfer *t = h->active; t; t = next) {
        next = t->next;
        if (t->resolved)
            continue;
        curl_off_t took = 0;
        curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &took);
        if (took > 0) {
            t->resolved = true;
        } else if (now - t->begun < h->name_patience) {
            at_latest(&h->patience, t->begun + h->name_patience);
        } else if (!t->used && transfer_use_addresses(t)) {
            curl_multi_remove_handle(h->multi, t->easy);
            if (!late_begin(t)) {
                http_finish(t, CURLE_COULDNT_RESOLVE_HOST);
                finished++;
                next = h->active; /* the callback may have dropped any of the others */
            }
        }
    }
    return finished;
}

/* How many libcurl had forgotten. */
static int end_forgotten(struct http *h, int64_t now)
{
    int finished = 0;
    if (h->overdue < 0 || now < h->overdue)
        return 0;
    h->overdue = -1;
    struct transfer *next;
    for (struct transfer *t = h->active; t; t = next) {
        next = t->next;
        if (now < t->overdue) {
            at_latest(&h->overdue, t->overdue);
            continue;
        }
        curl_multi_remove_handle(h->multi, t->easy);
        http_finish(t, CURLE_OPERATION_TIMEDOUT);
        finished++;
        next = h->active; /* the callback may have dropped any of the others */
    }
    return finished;
}

int late_turn(struct http *h, int64_t now)
{
    return lose_patience(h, now) + end_forgotten(h, now);
}

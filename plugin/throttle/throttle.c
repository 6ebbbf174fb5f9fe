/*
 * throttle: when a number may get its next page.
 *
 * A tier allows `pages` in every window of length `per`, half open: what was sent exactly `per` ago no longer counts.
 * With N pages allowed, the N-th last send is the one that has to leave the window:
 *
 *     tiers 3 in 60 s and 5 in 900 s; sent at 0, 1, 2, 100 s; asked at 101 s
 *     3 in 60 s:   the third last was sent at 1 s and leaves at 61 s: free
 *     5 in 900 s:  there is no fifth last: free                                   → now
 *     sent at 101 s as well, asked at 102 s
 *     3 in 60 s:   the third last was sent at 2 s: free
 *     5 in 900 s:  the fifth last was sent at 0 s and leaves at 900 s             → 900 s
 *
 * All tiers hold, so the latest of their moments counts; waiting never makes another tier tighter. Nothing is
 * remembered here: the history is the store's, so a restart forgets nothing.
 *
 * DIAGNOSTICS: none.
 */
#include "throttle/throttle.h"

static int64_t later(int64_t at, int64_t by)
{
    return by > 0 && at > INT64_MAX - by ? INT64_MAX : at + by;
}

int64_t throttle_next(const struct config_tiers *tiers, const int64_t *sent, size_t n, int64_t now)
{
    int64_t next = now;
    for (size_t i = 0; i < tiers->n; i++) {
        const struct config_tier *tier = &tiers->tier[i];
        int64_t free_at = now;
        if (tier->per <= 0)
            continue;
        if (tier->pages < 1) { /* nothing is allowed: hold_max decides when it goes all the same */
            free_at = later(now, tier->per);
        } else if ((size_t)tier->pages <= n) {
            int64_t last = sent[n - (size_t)tier->pages];
            free_at = later(last < now ? last : now, tier->per);
        }
        if (free_at > next)
            next = free_at;
    }
    return next;
}

int64_t throttle_span(const struct config_tiers *tiers)
{
    int64_t span = 0;
    for (size_t i = 0; i < tiers->n; i++) {
        if (tiers->tier[i].per > span)
            span = tiers->tier[i].per;
    }
    return span;
}

/*
 * pacing: a sender sends so many segments a second.
 *
 * Each message makes a debt of segments / rate; the next goes when it is paid:
 *
 *     rate 10, messages of 2 segments asked for at 0 ms: at 0, 200, 400 ms …
 *
 * Nobody looks exactly then. Were the debt counted from when somebody did, every delay would be lost for good, and at a
 * hundred messages a second a delay of 1 ms is a tenth. So a message that goes up to 50 ms late (and at most half of a
 * segment's time) counts as gone when it was due. Counted from where a busy time began, no more than the rate and one
 * message ever went. An idle sender saves nothing up.
 *
 * Above a thousand segments a second the clock's millisecond is longer than a segment: all that is due before the next
 * one goes in this one, else no more than one message a millisecond could.
 *
 * DIAGNOSTICS: none. A rate that is no positive number counts as 1.
 */
#include "throttle/pacing.h"

#include <math.h> /* names and macros alone: nothing of libm is worth its loading */

static const double credit_max = 50.0; /* ms */

void pacing_init(struct pacing *p, double segments_per_second)
{
    p->segments_per_second = isfinite(segments_per_second) && segments_per_second > 0 ? segments_per_second : 1;
    p->free_at = -INFINITY;
}

int64_t pacing_wait(const struct pacing *p, int64_t now)
{
    double wait = p->free_at - (double)now;
    double early = p->segments_per_second > 1000 ? 1 : 0;
    if (!(wait > 0) || wait < early)
        return 0;
    if (!(wait < 9e15))
        return INT64_MAX / 2;
    int64_t whole = (int64_t)wait;
    return (double)whole < wait ? whole + 1 : whole;
}

void pacing_take(struct pacing *p, int segments, int64_t now)
{
    double segment = 1000 / p->segments_per_second;
    double credit = segment / 2 < credit_max ? segment / 2 : credit_max;
    double start = p->free_at;
    if ((double)now - start > credit)
        start = (double)now;
    p->free_at = start + segment * (segments > 0 ? segments : 1);
}

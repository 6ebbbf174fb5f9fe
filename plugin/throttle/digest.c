/*
 * digest: what a message that stands for many names first.
 *
 * Badness is the severity of what is still wrong, whatever the monitor calls it: what has recovered is not bad,
 * although Zabbix says of a recovery how severe its problem was. A state that nobody knows ranks between warning and
 * critical, as one that may be either.
 *
 * DIAGNOSTICS: none.
 */
#include "throttle/digest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    int rank;
} ranks[] = {
    {"disaster", 70},    {"critical", 60},       {"down", 60},    {"high", 50},
    {"unreachable", 40}, {"unknown", 40},        {"average", 30}, {"warning", 20},
    {"information", 10}, {"not classified", 10}, {"ok", 0},       {"up", 0},
};

enum { UNKNOWN_RANK = 40, RANKS = sizeof ranks / sizeof *ranks };

static int rank_of(const char *word)
{
    for (size_t i = 0; i < RANKS; i++) {
        if (strcasecmp(word, ranks[i].word) == 0)
            return ranks[i].rank;
    }
    return -1;
}

int digest_badness(const struct alert *a)
{
    if (a->event == EVENT_RECOVERY || rank_of(a->state) == 0)
        return 0;
    int rank = rank_of(a->severity);
    if (rank <= 0) /* "ok" beside a state that is not: the state is the monitor's own word */
        rank = rank_of(a->state);
    return rank >= 0 ? rank : UNKNOWN_RANK;
}

static bool is_problem(const struct alert *a)
{
    return a->event == EVENT_PROBLEM || (a->event == EVENT_FLAPPING && a->phase == PHASE_START);
}

static int compare(const void *left, const void *right)
{
    const struct alert *a = *(const struct alert *const *)left, *b = *(const struct alert *const *)right;
    int bad_a = digest_badness(a), bad_b = digest_badness(b);
    if (bad_a != bad_b)
        return bad_a > bad_b ? -1 : 1;
    if (is_problem(a) != is_problem(b))
        return is_problem(a) ? -1 : 1;
    if (a->time != b->time)
        return a->time > b->time ? -1 : 1;
    if (a->received != b->received)
        return a->received > b->received ? -1 : 1;
    return strcmp(a->object, b->object); /* the same order every time */
}

void digest_order(const struct alert **alerts, size_t n)
{
    if (n > 1)
        qsort(alerts, n, sizeof *alerts, compare); /* NOLINT(bugprone-sizeof-expression): pointers are sorted */
}

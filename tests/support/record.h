/* record: every request as it came, what was wrong with it, and how busy it was. */
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include "base/json.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { RECORD_TALLIES = 128 };

struct entry {
    char *path; /* "POST /2010-04-01/…" */
    char *json;
};

/* How busy one sender was. */
struct tally {
    char *name;
    int64_t in_flight, peak, requests, accepted, segments;
    int64_t first, last; /* ms since the epoch, of requests */
};

struct record {
    struct entry *item; /* a ring of `keep` places; request number k (from 1) is at (k - 1) % keep */
    size_t size;        /* places in use so far */
    int64_t n;          /* requests so far */
    int64_t keep;
    FILE *file;
    struct strlist violations; /* JSON objects */
    struct tally all, tally[RECORD_TALLIES];
    int tallies;
    int64_t connections, open, open_peak;
    int64_t second, in_second, best_second; /* requests in the present second, and in the busiest */
    int64_t by_status[6];                   /* 0: no answer; else hundreds */
};

/* False: path cannot be opened. path NULL: memory only. */
bool record_init(struct record *r, int64_t keep, const char *path);
void record_clean(struct record *r);
/* Forgets requests, violations and counts; what is in flight stays. */
void record_reset(struct record *r);

/* The number the next request gets. */
int64_t record_next(const struct record *r);
/* path and json are copied. */
void record_add(struct record *r, const char *path, const char *json, int status, int64_t now);
void record_violation(struct record *r, int64_t request, const char *text);
/* Of a sender; the one for all that do not fit. Borrowed for the record's life. */
struct tally *record_tally(struct record *r, const char *sender);
void tally_begin(struct tally *t, int64_t now);
void tally_end(struct tally *t);

/* {"requests":[…],"next":N} of the requests numbered since and up, whose "METHOD path" contains part (NULL: all). */
void record_json(const struct record *r, int64_t since, const char *part, struct json *j);
void record_violations_json(const struct record *r, struct json *j);
void record_stats_json(const struct record *r, struct json *j);

#endif

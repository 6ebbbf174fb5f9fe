/*
 * support: what the tests of the queue share: a folder that goes away, and alerts and pages in one line.
 */
#ifndef NT_TEST_QUEUE_SUPPORT_H
#define NT_TEST_QUEUE_SUPPORT_H

#include "queue/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A moment for the tests: ms since the epoch. */
#define NOW    INT64_C(1700000000000)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define NUMBER  "+15005550001"
#define NUMBER2 "+15005550002"

struct scratch {
    char folder[64];
    char path[96]; /* folder/queue.db */
    char url[112]; /* sqlite:path */
};

void scratch_make(struct scratch *s);
/* In memory, if possible: for tests that open a store thousands of times. */
void scratch_make_quick(struct scratch *s);
void scratch_remove(struct scratch *s);
/* Setups and a teardown of cmocka around these: *state is the struct scratch. */
int scratch_setup(void **state);
int scratch_setup_quick(void **state);
int scratch_teardown(void **state);
/* Path of a file in the folder; static. */
const char *scratch_file(const struct scratch *s, const char *name);

struct store *open_store(const char *url);

/* In one line what an alert says. */
struct said {
    enum alert_source source;
    enum alert_event event;
    enum alert_phase phase;
    const char *state;    /* NULL: "CRITICAL" */
    const char *output;   /* NULL: "disk full" */
    const char *service;  /* NULL: "HTTP" */
    const char *identity; /* NULL: made of the others */
    long notification;    /* 0: unknown; else the number */
    bool routine;
};
struct alert *alert_of(const struct said *said);

/* An unsent page about the alert, filled as the flow would. */
struct page *page_of(const struct alert *a, const char *number, int64_t created);
/* Puts it in a transaction of its own, with one step. */
int64_t put_page(struct store *s, struct page *p);
/* put_page of page_of in a state, freed. */
int64_t put_said(struct store *s, const struct said *said, const char *number, int64_t created, enum page_state state,
                 unsigned flags);
/* With its alert stored. */
int64_t put_alert_page(struct store *s, const struct alert *a, const char *number, int64_t created,
                       enum page_state state, unsigned flags);

enum page_state state_of(struct store *s, int64_t id);
int64_t merged_into(struct store *s, int64_t id);
void set_state(struct store *s, int64_t id, enum page_state state, unsigned more_flags, int64_t merged);
/* Ids that a query visits, in order; their number. */
size_t ids_of(struct store *s, const struct store_query *q, int64_t *ids, size_t max);
/* The last step's words; static. */
const char *last_reason(struct store *s, int64_t id);

#endif

/*
 * bench: an engine that does not run: its parts are called one by one, in the world's time, on a store that fails when
 * it is told to.
 */
#ifndef NT_TEST_FLOW_BENCH_H
#define NT_TEST_FLOW_BENCH_H

#include "flow/engine.h"
#include "world.h"

struct bench {
    struct world *w;
    struct drain_options o;
    struct drainer d;
};

/* The engine's store is the monitors' (w->outside), behind w->frail. */
void bench_open(struct bench *b, const struct world_options *o);
void bench_close(struct bench *b);
/* A turn's beginning: the time is taken, and the store read anew. What was claimed is forgotten. */
void bench_look(struct bench *b);
void bench_begin(struct bench *b);
void bench_commit(struct bench *b);
/* As a page that another program has left: an urgent problem of `host`, due now. id for more. */
int64_t bench_page(struct bench *b, const char *number, const char *host, enum page_state state, unsigned flags,
                   int64_t merged_into);
/* A connection's answer, for mem_free(); NULL: none yet. "" when the connection has ended. */
char *bench_answer(int connection);

/* A part of a turn. */
typedef enum nt_status bench_part(struct bench *b);
/* In a transaction of its own that is rolled back, each operation of the store fails once, and each allocation. The
 * part either says so, or goes without: then there are `flights` claims. In the end, when nothing fails any more, it
 * says NT_OK. */
void bench_each_failure(struct bench *b, bench_part *part, int flights);

#endif

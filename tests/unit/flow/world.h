/*
 * world: the engine in a simulated world — a clock that only the simulation moves, a Twilio that does what it is told,
 * a real store in memory-backed files, monitors that alert.
 *
 *     struct world *w = world_new(&(struct world_options){0});
 *     world_twilio(w, (struct fault){.kind = FAULT_RESET_AFTER, .times = 1});
 *     int64_t id = world_problem(w, "+15005550001", "web01", "CRITICAL");
 *     world_start(w);
 *     world_run(w, 60 * SECOND);                        the engine lives through a minute
 *     assert_int_equal(world_state(w, id), PAGE_DELIVERED);
 *     world_free(w);                                    fails the test when a rule was broken meanwhile
 *
 * The engine runs in a thread of its own, but never beside the test: one of the two waits for the other, always. So
 * each run with the same seed is the same run. Rules that must hold at every request are looked at when it is made
 * (world_rules.c); since the test cannot fail from the engine's thread, what is broken is noted and told by the next
 * world_run().
 */
#ifndef NT_TEST_FLOW_WORLD_H
#define NT_TEST_FLOW_WORLD_H

#include "fake_twilio.h"
#include "flow/accept.h"
#include "flow/drain.h"
#include "frail_store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define ALICE "+15005550001"
#define BOB   "+15005550002"

enum { WORLD_ALARMS = 256, WORLD_TEXT = 600, WORLD_JUMPS = 64 };

struct world_options {
    const char *twilio;  /* further lines of the twilio section, each indented by two; NULL none */
    const char *senders; /* the list's lines; NULL: +15005550006, 100 segments a second */
    const char *message; /* inside the braces of the message section; NULL none */
    const char *config;  /* further top-level sections; NULL none */
    bool send;           /* a send's drainer, not a daemon */
    bool no_follow;      /* receipts are not asked for */
    bool unlocked;       /* could not take the drain lock */
    bool socket;         /* listens for hand-overs */
    uint64_t seed;       /* of everything that is random; 0: jitter is always in the middle */
};

struct world_alarm {
    int64_t at; /* boot */
    char text[WORLD_TEXT];
};

struct world {
    struct world_options options;
    char folder[64], config[96], socket[96];
    struct fake_clock clock;
    struct fake_twilio twilio;
    struct runtime inside, outside; /* the engine's; a monitor's */
    struct frail frail;
    struct drain_options drain;
    /* the engine's thread; `turn` says whose turn it is */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool engine_turn, alive, over;
    enum nt_status end; /* what drain_run() returned */
    volatile int stop;
    volatile int reload;
    const char *token; /* Twilio's, in the configuration; NULL: as ever */
    bool kill;
    int64_t run_until; /* boot: the test's turn again */
    long still;        /* loops of the engine without time going on */
    long turns;        /* loops of the engine */
    long starts;       /* drainers so far */
    bool spared;       /* requests were made without the store */
    bool respawn;      /* a drainer that has died is followed by another at once */
    /* what happened */
    struct world_alarm alarm[WORLD_ALARMS];
    size_t alarms;
    char broken[2 * WORLD_TEXT]; /* the first rule that was broken; "" none */
    int64_t jump[WORLD_JUMPS];   /* boot: when the clock was set */
    size_t jumps;
    uint64_t random;
};

/* The world that this process lives in (one at a time). */
struct world *world_here(void);

struct world *world_new(const struct world_options *o);
/* Kills the engine if it still runs; fails on broken rules. */
void world_free(struct world *w);
/* Frees without judging. */
void world_drop(struct world *w);

/* A new drainer on the store. */
void world_start(struct world *w);
/* As SIGHUP, with this token in the configuration (borrowed; NULL: as ever). */
void world_reload(struct world *w, const char *token);
/* Lets ms pass. Fails the test when a rule was broken. */
void world_run(struct world *w, int64_t ms);
/* As SIGKILL between two requests. */
void world_kill(struct world *w);
/* As SIGTERM; runs until the engine has ended. */
enum nt_status world_stop(struct world *w);
/* The clock is set by ms; Twilio's is not. */
void world_jump(struct world *w, int64_t ms);
/* ms since the world began. */
int64_t world_now(const struct world *w);
/* Notes a broken rule; the first one is kept. */
void world_break(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t world_random(struct world *w);
/* Gives the turn to the test (from the engine's thread). */
void world_yield(struct world *w);

/* Alarms whose text contains words. */
size_t world_alarmed(const struct world *w, const char *words);

/* ---- monitors ---- */

/* Accepts an alert as another process does; pairs KEY=VALUE up to NULL. The id of the first page. source NULL: generic.
 */
int64_t world_alert(struct world *w, const char *source, const char *to, ...) __attribute__((sentinel));
/* The same with a whole order; pages are in out (initialised by the caller). */
enum nt_status world_order(struct world *w, const struct order *order, struct accepted *out);
/* host/service is in state: problem or, with OK, recovery. */
int64_t world_problem(struct world *w, const char *to, const char *host, const char *state);
/* A connection to the socket for world_tell(), to close(). */
int world_connect(const struct world *w);
/* Hands an alert over on it and waits for nothing; answers to earlier ones are dropped. */
void world_tell(int connection, const char *to, ...) __attribute__((sentinel));
/* Hands an order over on the socket and waits at most so many ms. The answer, for mem_free(); NULL: none came. */
char *world_offer(struct world *w, const struct order *order, int64_t wait);
/* The same with an alert; the answer must come. */
char *world_hand_over(struct world *w, const char *to, ...) __attribute__((sentinel));

/* ---- looking ---- */

/* A monitor's connection to the store, which may have been exchanged for another. */
struct store *world_store(struct world *w);
struct page *world_page(struct world *w, int64_t id); /* for page_free() */
enum page_state world_state(struct world *w, int64_t id);
/* How many pages are in one of states. */
size_t world_count(struct world *w, unsigned states);
/* The newest page of the number with all of flags; 0 none. */
int64_t world_newest(struct world *w, const char *number, unsigned flags);
/* True when a step's reason of the page contains words. */
bool world_told(struct world *w, int64_t id, const char *words);
/* Prints the history of every page (for a failed test). */
void world_print(struct world *w);
void world_assert_state(struct world *w, int64_t id, enum page_state state, const char *file, int line);
#define assert_page(w, id, state) world_assert_state(w, id, state, __FILE__, __LINE__)

#endif

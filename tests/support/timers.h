/* timers: wakes parked exchanges at their time, from a thread of its own. */
#ifndef SIM_TIMERS_H
#define SIM_TIMERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void timer_call(void *arg);

struct timer {
    int64_t at; /* monotonic, ns */
    timer_call *call;
    void *arg;
};

struct timers {
    struct timer *item; /* a heap, the earliest first */
    size_t n, size;
    bool stop, started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
};

bool timers_start(struct timers *t);
/* Calls everything outstanding at once, then ends the thread. A timer added afterwards is called on the spot. */
void timers_stop(struct timers *t);
/* call(arg) after ns nanoseconds, from the timer thread. */
void timers_add(struct timers *t, int64_t ns, timer_call *call, void *arg);
int64_t timers_now(void); /* monotonic, ns */

#endif

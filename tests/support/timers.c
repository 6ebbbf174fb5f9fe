/*
 * timers: a heap of moments and one thread that waits for the next of them.
 *
 * Simulated latency must not hold a server thread: fifty connections that each wait 150 ms are fifty entries here and
 * no thread at all. Calls are made outside the lock, so a call may add a timer.
 *
 * DIAGNOSTICS: timers_start is false when there is no thread to be had.
 */
#include "timers.h"

#include "fields.h"

#include "base/mem.h"
#include "base/vector.h"

#include <time.h>

int64_t timers_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct timer take_first(struct timers *t)
{
    struct timer first = t->item[0], last = t->item[--t->n];
    size_t hole = 0;
    for (size_t child; (child = 2 * hole + 1) < t->n; hole = child) {
        if (child + 1 < t->n && t->item[child + 1].at < t->item[child].at)
            child++;
        if (last.at <= t->item[child].at)
            break;
        t->item[hole] = t->item[child];
    }
    t->item[hole] = last;
    return first;
}

static void *run(void *arg)
{
    struct timers *t = arg;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        if (t->n == 0) {
            if (t->stop)
                break;
            pthread_cond_wait(&t->changed, &t->lock);
            continue;
        }
        int64_t at = t->item[0].at;
        if (!t->stop && at > timers_now()) {
            struct timespec until = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
            pthread_cond_timedwait(&t->changed, &t->lock, &until);
            continue;
        }
        struct timer due = take_first(t);
        pthread_mutex_unlock(&t->lock);
        due.call(due.arg);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

bool timers_start(struct timers *t)
{
    pthread_condattr_t attr;
    *t = (struct timers){0};
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, &attr);
    pthread_condattr_destroy(&attr);
    t->started = pthread_create(&t->thread, NULL, run, t) == 0;
    return t->started;
}

void timers_stop(struct timers *t)
{
    if (!t->started)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    mem_free(t->item);
    t->item = NULL;
}

void timers_add(struct timers *t, int64_t ns, timer_call *call, void *arg)
{
    struct timer timer = {.at = timers_now() + ns, .call = call, .arg = arg};
    pthread_mutex_lock(&t->lock);
    if (t->stop) {
        pthread_mutex_unlock(&t->lock);
        call(arg);
        return;
    }
    need(VECTOR_GROW(t, item) ? t : NULL);
    size_t hole = t->n++;
    for (size_t parent; hole > 0 && t->item[parent = (hole - 1) / 2].at > timer.at; hole = parent)
        t->item[hole] = t->item[parent];
    t->item[hole] = timer;
    if (hole == 0)
        pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

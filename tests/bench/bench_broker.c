/*
 * bench_broker: a second broker module beside ours, which times what ours costs the core, in its main loop.
 *
 *     broker_module=…/bench_broker.so FILE
 *
 * It is asked before ours when a notification command is about to run, and hears of the line in the core's log that
 * ends each notification, whether ours has taken it over or the core goes on to run the command. The time between the
 * two, in microseconds, goes into FILE, a line each, when the core ends.
 *
 * DIAGNOSTICS: without FILE, or past TIMES_MAX notifications, nothing is kept.
 */
#include "neb/abi.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TIMES_MAX = 100000, LOG_DATA = 2, BEFORE_OURS = -100 };

struct log_data {
    int type, flags, attr;
    struct timeval timestamp;
    time_t entry_time;
    int data_type;
    char *data;
};

static double times[TIMES_MAX];
static size_t n;
static int64_t started;
static char path[4096];

#define EXPORTED __attribute__((visibility("default")))
EXPORTED extern int __neb_api_version;
EXPORTED int nebmodule_init(int flags, char *args, void *handle);
EXPORTED int nebmodule_deinit(int flags, int reason);
int __neb_api_version = 4;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int on_method(int kind, void *data)
{
    const struct neb_contact_method *m = data;
    if (kind == NEB_CONTACT_METHOD && m->type == NEB_METHOD_START)
        started = now();
    return NEB_GO_ON;
}

static int on_log(int kind, void *data)
{
    const struct log_data *l = data;
    if (kind == LOG_DATA && started && n < TIMES_MAX && l->data && strstr(l->data, " NOTIFICATION: ")) {
        times[n++] = (double)(now() - started) / 1e3;
        started = 0;
    }
    return NEB_GO_ON;
}

int nebmodule_init(int flags, char *args, void *handle)
{
    neb_register_function *reg;
    void *symbol = dlsym(RTLD_DEFAULT, "neb_register_callback");
    (void)flags;
    if (!symbol || !args)
        return 0;
    memcpy(&reg, &symbol, sizeof reg);
    snprintf(path, sizeof path, "%s", args);
    reg(NEB_CONTACT_METHOD, handle, BEFORE_OURS, on_method);
    reg(LOG_DATA, handle, BEFORE_OURS, on_log);
    return 0;
}

int nebmodule_deinit(int flags, int reason)
{
    neb_deregister_function *dereg;
    void *symbol = dlsym(RTLD_DEFAULT, "neb_deregister_callback");
    FILE *f = *path ? fopen(path, "w") : NULL;
    (void)flags;
    (void)reason;
    for (size_t i = 0; f && i < n; i++)
        fprintf(f, "%.1f\n", times[i]);
    if (f)
        fclose(f);
    if (symbol) {
        memcpy(&dereg, &symbol, sizeof dereg);
        dereg(NEB_CONTACT_METHOD, on_method);
        dereg(LOG_DATA, on_log);
    }
    return 0;
}

/* stub_core: what a core shows to its modules, and what it noticed. Two objects: host web01, service HTTP of it. */
#ifndef NT_TEST_NEB_STUB_CORE_H
#define NT_TEST_NEB_STUB_CORE_H

#include "neb/abi.h"

#include <stdbool.h>

struct stub_core {
    neb_callback *on_method, *on_process; /* as registered */
    void *handle;
    char log[32 * 1024]; /* lines, each "KIND text\n" */
    char title[64];
    const char *object_cache; /* OBJECTCACHEFILE */
    bool knows_no_host, registers_nothing;
    int grabbed; /* macros that were filled and not emptied */
};
extern struct stub_core stub_core;

void stub_core_reset(void);
/* How often the log has these words. */
int stub_core_said(const char *words);
/* Calls the module as the core does; its answer. */
int stub_core_notify(struct neb_contact_method *n);
/* A problem of the service, or of the host, for alice by the command "notify". */
struct neb_contact_method stub_core_problem(bool of_service);

/* The module, loaded as the cores do it. */
struct stub_module {
    void *library;
    int (*init)(int flags, char *args, void *handle);
    int (*deinit)(int flags, int reason);
    int api;
};
void stub_core_load(struct stub_module *m);
void stub_core_unload(struct stub_module *m);

#endif

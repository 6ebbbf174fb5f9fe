/*
 * runtime: what a process of ours has open — configuration, templates, store, clock.
 *
 * Owner of all of it. The store may be missing (broken, full, forbidden): then a spare store in memory takes its place,
 * so that pages go out all the same, and store_trouble says why.
 */
#ifndef NT_FLOW_RUNTIME_H
#define NT_FLOW_RUNTIME_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "config/problem.h"
#include "queue/store.h"
#include "template/template.h"

#include <stdbool.h>
#include <stdint.h>

struct runtime {
    struct config *config;
    struct template_set *templates;
    struct store *store;      /* NULL until runtime_open_store */
    bool spare;               /* store is the one in memory */
    struct buf store_trouble; /* why, when spare */
    const struct clock *clock;
};

/* Loads the configuration (or its last good copy) and prepares templates and the log. NT_ECONFIG with problems filled.
 * log_to: overrides the config's target ("stderr" for commands at a terminal), or NULL. */
enum nt_status runtime_open(const char *config_path, const char *log_to, struct runtime *out,
                            struct problems *problems) NT_MUST_USE;
void runtime_close(struct runtime *r);
/* Opens the store; on any failure logs loudly and opens the spare one. Only NT_ENOMEM-like disasters fail. */
enum nt_status runtime_open_store(struct runtime *r) NT_MUST_USE;
/* The store is damaged: sets it aside and goes on with a new one that has what could be read, under the same ids. When
 * that fails the damaged one stays open. */
enum nt_status runtime_rescue_store(struct runtime *r) NT_MUST_USE;
/* Gives the real store up for the spare one, with why. */
enum nt_status runtime_use_spare(struct runtime *r, const char *why) NT_MUST_USE;
/* Reads config and templates again; on failure nothing changes. */
enum nt_status runtime_reload(struct runtime *r, struct problems *problems) NT_MUST_USE;
/* False: the secret that a request needs could not be read. */
bool runtime_has_credentials(const struct runtime *r);

/* Opens the log again (a child that has closed every descriptor). */
void runtime_reopen_log(const struct runtime *r);

static inline int64_t runtime_now(const struct runtime *r)
{
    return clock_wall(r->clock);
}
/* The installed templates' folder: $NOTIFY_TWILIO_TEMPLATES, else beside the build or installation. */
const char *runtime_template_dir(void);

#endif

/*
 * reload: the configuration is read again while the drainer runs.
 *
 * DIAGNOSTICS: one that does not load leaves the present one in force: an error in the log, and the alarm.
 */
#include "base/hash.h"
#include "base/log.h"
#include "config/load.h"
#include "flow/alarm.h"
#include "flow/engine.h"
#include "twilio/request.h"

#include <string.h>

/* What Twilio lets us in by, or not: where, as whom, and the secret. Told apart without keeping it. */
static uint64_t access_of(const struct config_twilio *t)
{
    const char *part[4] = {t->base_url, t->account_sid, NULL, NULL};
    uint64_t hash = HASH_START;
    request_credentials(t, &part[2], &part[3]);
    for (size_t i = 0; i < 4; i++)
        hash = hash_add(hash, part[i], strlen(part[i]) + 1);
    return hash;
}

void reload_now(struct drainer *d)
{
    struct problems problems;
    uint64_t before = access_of(&d->r->config->twilio);
    problems_init(&problems);
    pictures_stop(d); /* they are made by the configuration that goes */
    sweep_stop(&d->sweep);
    enum nt_status st = runtime_reload(d->r, &problems);
    runtime_reopen_log(d->r); /* by its name: the old file may have been rotated away */
    for (size_t i = 0; i < problems.n; i++) {
        struct buf line;
        buf_init(&line, 4096);
        (void)problem_format(&problems.item[i], &line);
        log_error("%s", buf_text(&line));
        buf_clean(&line);
    }
    if (st == NT_OK) {
        log_info("configuration read again");
        d->http_stale = true;
        d->gate_until = 0; /* whatever closed the line may have been mended: try at once */
        line_clean(d);
        if (access_of(&d->r->config->twilio) != before)
            d->let_in = true;
        if (d->o->daemon && config_save_last_good(d->r->config, d->now, NULL) != NT_OK)
            log_warning("the last good copy of the configuration cannot be written");
    } else {
        alarm_raise(d->r, "config", false, "the configuration does not load; the one in force stays%s%s",
                    problems.n ? ": " : "", problems.n ? problems.item[0].message : "");
    }
    problems_clean(&problems);
}

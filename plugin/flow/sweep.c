/*
 * sweep: see sweep.h. Owner of a darkroom of its own while a sweep is under way.
 *
 * DIAGNOSTICS: what cannot be deleted is told by retention; a sweep that cannot begin is tried again at the next time.
 */
#include "flow/sweep.h"

#include "base/log.h"

enum { OFTEN = 1000, SELDOM = 10 * 60 * 1000, PART = 8, LOOK = 100 };

void sweep_init(struct sweep *s, int64_t first)
{
    *s = (struct sweep){.next = first};
}

/* How long until the next one: what is kept for a day may as well stay ten minutes longer. */
static int64_t pause_of(const struct config *c)
{
    int64_t pause = SELDOM;
    for (size_t i = 0; i < c->publishes; i++)
        if (c->publish[i].kind != CONFIG_PUBLISH_COMMAND && c->publish[i].keep / PART < pause)
            pause = c->publish[i].keep / PART;
    return pause < OFTEN ? OFTEN : pause;
}

static void begin(struct sweep *s, struct runtime *r, int64_t boot)
{
    s->next = boot + pause_of(r->config);
    if (!r->config->publishes || darkroom_open(&s->room, r) != NT_OK)
        return;
    if (retention_new(&s->room.env, r->config, &s->retention) != NT_OK)
        darkroom_close(&s->room);
}

void sweep_turn(struct sweep *s, struct runtime *r)
{
    int64_t boot = clock_boot(r->clock);
    if (!s->retention && boot >= s->next)
        begin(s, r, boot);
    if (!s->retention)
        return;
    darkroom_turn(&s->room);
    if (retention_turn(s->retention))
        return;
    size_t deleted = retention_deleted(s->retention);
    if (deleted)
        log_info("%zu old pictures deleted", deleted);
    sweep_stop(s);
}

int sweep_fds(const struct sweep *s, int out[DARKROOM_FDS])
{
    return s->retention ? darkroom_fds(&s->room, out) : 0;
}

int64_t sweep_next(const struct sweep *s, int64_t boot)
{
    if (!s->retention)
        return s->next;
    int64_t wait = retention_next(s->retention), room = darkroom_next(&s->room);
    return boot + (room >= 0 && room < wait ? room : wait);
}

void sweep_stop(struct sweep *s)
{
    if (!s->retention)
        return;
    retention_free(s->retention);
    s->retention = NULL;
    darkroom_close(&s->room);
}

void sweep_run(struct runtime *r, const volatile int *stop)
{
    struct sweep s;
    sweep_init(&s, 0);
    for (sweep_turn(&s, r); s.retention && !*stop; sweep_turn(&s, r)) {
        int64_t wait = retention_next(s.retention);
        darkroom_wait(&s.room, wait < LOOK ? wait : LOOK);
    }
    sweep_stop(&s);
}

void sweep_end(struct sweep *s)
{
    sweep_stop(s);
    s->next = INT64_MAX;
}

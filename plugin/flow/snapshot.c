/*
 * snapshot: see snapshot.h. A darkroom of its own, waited for.
 *
 * DIAGNOSTICS: words for people.
 */
#include "flow/snapshot.h"

#include "flow/darkroom.h"
#include "flow/draft.h"
#include "flow/media.h"
#include "media/probe.h"

#include <stdio.h>
#include <string.h>

enum { STEP_MAX = 100, PROBE_DEADLINE = 20000 };

/* ---- a source ---- */

struct take {
    struct source *source;
    bool ended;
    char why[MEDIA_WHY];
};

static void taken(void *arg, const char *why)
{
    struct take *t = arg;
    t->ended = true;
    snprintf(t->why, sizeof t->why, "%s", why ? why : "");
}

static enum nt_status take_picture(struct darkroom *room, const struct alert *alert, const struct config_graph *graph,
                                   struct picture *picture, struct buf *words)
{
    struct take t = {.ended = false};
    struct darkroom_alert expanded = {room, alert};
    const struct source_request request = {.env = &room->env,
                                           .graph = graph,
                                           .picture = picture,
                                           .expand = darkroom_expand,
                                           .expand_arg = &expanded,
                                           .done = taken,
                                           .arg = &t};
    int64_t start = clock_boot(room->r->clock), left = MEDIA_DEADLINE;
    source_start(&request, &t.source);
    while (!t.ended && (left = start + MEDIA_DEADLINE - clock_boot(room->r->clock)) > 0)
        darkroom_wait(room, left < STEP_MAX ? left : STEP_MAX);
    source_cancel(t.source);
    if (!t.ended)
        snprintf(t.why, sizeof t.why, "not there within %d s", MEDIA_DEADLINE / 1000);
    if (*t.why) {
        buf_adds(words, t.why);
        return NT_EREFUSED;
    }
    buf_addf(words, "%s, %zu bytes, in %lld ms", picture_type(picture->kind), picture->len,
             (long long)(clock_boot(room->r->clock) - start));
    if (picture->len > PICTURE_LARGE)
        buf_adds(words, "; over 1 MB, which some carriers shrink or drop");
    return NT_OK;
}

enum nt_status snapshot_take(struct runtime *r, const struct order *order, const char *graph, struct picture *picture,
                             struct buf *words)
{
    const struct config_graph *g = NULL;
    struct darkroom room;
    struct alert *alert = NULL;
    for (size_t i = 0; i < r->config->graphs; i++)
        if (!strcmp(r->config->graph[i].name, graph))
            g = &r->config->graph[i];
    if (!g) {
        buf_addf(words, "there is no graph '%s'", graph);
        return NT_ENOENT;
    }
    enum nt_status st = draft_alert(r, order, &alert, words);
    if (st != NT_OK)
        return st;
    st = darkroom_open(&room, r);
    if (st == NT_OK) {
        st = take_picture(&room, alert, g, picture, words);
        darkroom_close(&room);
    }
    alert_free(alert);
    return st;
}

/* ---- the way to Twilio ---- */

struct trip {
    struct buf *words;
    bool ended, ok;
};

static void arrived(void *arg, const struct probe_result *result)
{
    struct trip *t = arg;
    t->ended = true;
    t->ok = result->ok;
    buf_adds(t->words, result->words);
}

enum nt_status snapshot_probe(struct runtime *r, struct buf *words)
{
    struct darkroom room;
    struct probe *probe = NULL;
    struct trip t = {.words = words};
    if (!r->config->publishes) {
        buf_adds(words, "publish: is empty\n");
        return NT_ENOENT;
    }
    enum nt_status st = darkroom_open(&room, r);
    if (st != NT_OK)
        return st;
    const struct probe_request request = {
        .env = &room.env, .config = &r->config->publish[0], .done = arrived, .arg = &t};
    int64_t end = clock_boot(r->clock) + PROBE_DEADLINE, left;
    st = probe_start(&request, &probe);
    while (st == NT_OK && !t.ended && (left = end - clock_boot(r->clock)) > 0)
        darkroom_wait(&room, left < STEP_MAX ? left : STEP_MAX);
    if (st == NT_OK && !t.ended)
        buf_addf(words, "not done within %d s\n", PROBE_DEADLINE / 1000);
    if (st == NT_OK && !t.ok)
        st = NT_EREFUSED;
    probe_free(probe);
    darkroom_close(&room);
    return st;
}

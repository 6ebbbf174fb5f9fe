/*
 * job: see job.h. Owner of the pictures, and of what gets and publishes them.
 *
 * Each graph goes its own way: its source ends with a picture or words, the picture goes to the first publisher, which
 * ends with an address or words. Whatever ends, may end within the call that began it; so nothing is told from there:
 * job_turn() looks, and tells.
 *
 * DIAGNOSTICS: NT_ENOMEM at the start; everything else is a line in the result.
 */
#include "media/job.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { LINES_MAX = 16 * 1024 };

struct part {
    struct job *job;
    const char *name;
    struct source *source;
    struct publication *publication;
    struct picture picture;
    int64_t started; /* boot */
    int64_t gotten, published;
    bool over;
    char *url;
    char why[MEDIA_WHY];
};

struct job {
    const struct media_env *env;
    const struct config *config;
    struct strlist names;
    struct part *part; /* one a name */
    size_t bytes;      /* of all pictures that are whole */
    int64_t valid;
    job_done *done;
    void *arg;
    bool told;
};

static void fail(struct part *p, const char *why)
{
    source_cancel(p->source);
    publish_cancel(p->publication);
    p->over = true;
    if (!*p->why)
        snprintf(p->why, sizeof p->why, "%s", why);
    picture_clean(&p->picture);
}

static void published(void *arg, const char *url, const char *why)
{
    struct part *p = arg;
    if (!url) {
        fail(p, why && *why ? why : "publishing failed");
        return;
    }
    if (!(p->url = mem_strdup(url))) {
        fail(p, nt_status_text(NT_ENOMEM));
        return;
    }
    p->published = clock_boot(p->job->env->clock);
    p->over = true;
}

static void gotten(void *arg, const char *why)
{
    struct part *p = arg;
    struct job *j = p->job;
    if (why) {
        fail(p, why);
        return;
    }
    p->gotten = clock_boot(j->env->clock);
    if (p->picture.len > PICTURE_MAX - j->bytes) {
        fail(p, "all pictures together are larger than 5 MB");
        return;
    }
    j->bytes += p->picture.len;
    if (p->picture.len > PICTURE_LARGE)
        log_warning("graph %s: %zu KB; some carriers shrink or drop pictures of over 1 MB", p->name,
                    p->picture.len / 1024);
    if (!j->config->publishes) {
        fail(p, "there is no way to publish it (publish: is empty)");
        return;
    }
    const struct publish_request r = {.env = j->env,
                                      .config = &j->config->publish[0],
                                      .picture = &p->picture,
                                      .valid = j->valid,
                                      .done = published,
                                      .arg = p};
    publish_start(&r, &p->publication);
}

static const struct config_graph *graph_called(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->graphs; i++)
        if (!strcmp(c->graph[i].name, name))
            return &c->graph[i];
    return NULL;
}

static void start(struct part *p, const struct job_request *r)
{
    const struct config_graph *graph = graph_called(r->config, p->name);
    p->started = clock_boot(r->env->clock);
    if (!graph) {
        fail(p, "there is no graph of that name");
        return;
    }
    const struct source_request s = {.env = r->env,
                                     .graph = graph,
                                     .picture = &p->picture,
                                     .expand = r->expand,
                                     .expand_arg = r->expand_arg,
                                     .done = gotten,
                                     .arg = p};
    source_start(&s, &p->source);
}

enum nt_status job_start(const struct job_request *r, struct job **out)
{
    struct job *j = mem_zalloc(sizeof *j);
    *out = NULL;
    if (!j)
        return NT_ENOMEM;
    strlist_init(&j->names);
    j->env = r->env;
    j->config = r->config;
    j->valid = r->valid;
    j->done = r->done;
    j->arg = r->arg;
    if (strlist_copy(&j->names, r->graphs) != NT_OK || !(j->part = mem_array(j->names.n + 1, sizeof *j->part))) {
        strlist_clean(&j->names);
        mem_free(j);
        return NT_ENOMEM;
    }
    for (size_t i = 0; i < j->names.n; i++) {
        j->part[i].job = j;
        j->part[i].name = j->names.item[i];
        picture_init(&j->part[i].picture);
    }
    for (size_t i = 0; i < j->names.n; i++)
        start(&j->part[i], r);
    *out = j;
    return NT_OK;
}

static void tell(struct job *j)
{
    struct strlist media;
    struct buf why, notes;
    strlist_init(&media);
    buf_init(&why, LINES_MAX);
    buf_init(&notes, LINES_MAX);
    for (size_t i = 0; i < j->names.n; i++) {
        struct part *p = &j->part[i];
        if (p->url && strlist_add(&media, p->url) == NT_OK)
            buf_addf(&notes, "%s: %zu bytes, gotten in %lld ms, published in %lld ms\n", p->name, p->picture.len,
                     (long long)(p->gotten - p->started), (long long)(p->published - p->gotten));
        else
            buf_addf(&why, "%s: %s\n", p->name, *p->why ? p->why : nt_status_text(NT_ENOMEM));
        picture_clean(&p->picture);
    }
    const struct job_result result = {.media = &media, .why = buf_text(&why), .notes = buf_text(&notes)};
    j->told = true;
    j->done(j->arg, &result);
    strlist_clean(&media);
    buf_clean(&why);
    buf_clean(&notes);
}

bool job_turn(struct job *j)
{
    if (j->told)
        return true;
    for (size_t i = 0; i < j->names.n; i++)
        if (!j->part[i].over)
            return false;
    tell(j);
    return true;
}

void job_expire(struct job *j, const char *why)
{
    if (j->told)
        return;
    for (size_t i = 0; i < j->names.n; i++)
        if (!j->part[i].over)
            fail(&j->part[i], why);
    tell(j);
}

void job_free(struct job *j)
{
    if (!j)
        return;
    for (size_t i = 0; i < j->names.n; i++) {
        source_cancel(j->part[i].source);
        publish_cancel(j->part[i].publication);
        picture_clean(&j->part[i].picture);
        mem_free(j->part[i].url);
    }
    mem_free(j->part);
    strlist_clean(&j->names);
    mem_free(j);
}

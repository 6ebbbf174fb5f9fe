/*
 * darkroom: see darkroom.h. Owner of the HTTP client and the runner that pictures are made with.
 *
 * DIAGNOSTICS: NT_ENOMEM; what the kernel has no descriptors for.
 */
#include "flow/darkroom.h"

#include "base/log.h"
#include "base/mem.h"
#include "template/template.h"

#include <poll.h>
#include <string.h>

enum { TEXT_MAX = 64 * 1024, LONGER = 60 * 60 * 1000 };

/* The folder of the store is the folder for what outlives a process. */
static char *state_dir_of(const struct runtime *r)
{
    const char *path = r->config->store_path, *slash = path ? strrchr(path, '/') : NULL;
    return slash && !r->spare ? mem_strndup(path, (size_t)(slash - path)) : mem_strdup("");
}

enum nt_status darkroom_open(struct darkroom *d, struct runtime *r)
{
    memset(d, 0, sizeof *d);
    d->r = r;
    enum nt_status st = runner_new(&d->runner);
    if (st == NT_OK && !(d->state_dir = state_dir_of(r)))
        st = NT_ENOMEM;
    if (st != NT_OK) {
        runner_free(d->runner);
        d->runner = NULL;
        return st;
    }
    wire_init(&d->wire, r->config);
    d->env = (struct media_env){
        .transport = &d->wire.transport, .runner = d->runner, .clock = r->clock, .state_dir = d->state_dir};
    return NT_OK;
}

void darkroom_close(struct darkroom *d)
{
    runner_free(d->runner);
    d->runner = NULL;
    wire_clean(&d->wire);
    mem_free(d->state_dir);
    d->state_dir = NULL;
}

enum nt_status darkroom_expand(void *arg, const char *text, struct buf *out)
{
    const struct darkroom_alert *a = arg;
    const struct runtime *r = a->room->r;
    const struct render_options o = {
        .contact = "", .number = "", .timezone = r->config->message.timezone, .now = runtime_now(r)};
    struct rendering rendered;
    if (!strstr(text, "{{")) /* most arguments of a command */
        return buf_adds(out, text);
    rendering_init(&rendered, TEXT_MAX);
    enum nt_status st = template_render_text(r->templates, "graphs", text, a->alert, &o, &rendered);
    if (st == NT_OK)
        st = buf_adds(out, buf_text(&rendered.text));
    rendering_clean(&rendered);
    return st;
}

enum nt_status darkroom_begin(struct darkroom *d, const struct alert *alert, const struct strlist *graphs,
                              job_done *done, void *arg, struct job **out)
{
    const struct config *c = d->r->config;
    struct darkroom_alert expanded = {d, alert};
    const struct job_request request = {
        .env = &d->env,
        .config = c,
        .graphs = graphs,
        .expand = darkroom_expand,
        .expand_arg = &expanded,
        /* Twilio may fetch a picture as late as it may send its message */
        .valid = (c->expire_urgent > c->expire_routine ? c->expire_urgent : c->expire_routine) + LONGER,
        .done = done,
        .arg = arg,
    };
    return job_start(&request, out);
}

int darkroom_fds(const struct darkroom *d, int out[DARKROOM_FDS])
{
    int n = 0;
    out[n++] = runner_fd(d->runner);
    if (d->wire.http && http_fd(d->wire.http) >= 0)
        out[n++] = http_fd(d->wire.http);
    return n;
}

int64_t darkroom_next(const struct darkroom *d)
{
    int64_t next = runner_next(d->runner), http = d->wire.http ? http_next(d->wire.http) : -1;
    return next < 0 || (http >= 0 && http < next) ? http : next;
}

void darkroom_turn(struct darkroom *d)
{
    runner_turn(d->runner);
    if (d->wire.http && http_run(d->wire.http, NULL, NULL, 0, 0) != NT_OK)
        log_warning("the HTTP client for pictures cannot go on");
}

void darkroom_wait(struct darkroom *d, int64_t ms)
{
    int fds[DARKROOM_FDS], n = darkroom_fds(d, fds);
    struct pollfd set[DARKROOM_FDS];
    int64_t next = darkroom_next(d);
    for (int i = 0; i < n; i++)
        set[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (next >= 0 && next < ms)
        ms = next;
    (void)poll(set, (nfds_t)n, (int)ms);
    darkroom_turn(d);
}

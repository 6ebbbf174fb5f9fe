/*
 * source_command: a picture that a program writes to its standard output (rrdtool graph - …).
 *
 * Each argument is a template and stays one argument, whatever it is filled with: there is no shell. An argument that
 * begins with a field must not turn into an option by it: a host that is called "--output=/etc/passwd" gets no picture.
 *
 * DIAGNOSTICS: how the program ended, with the last line of its standard error.
 */
#include "media/source.h"

#include <errno.h>
#include <string.h>

enum { ARGUMENT_MAX = 64 * 1024 };

struct command_source {
    struct source source;
    struct run *run;
};

static bool take(void *arg, const char *data, size_t len)
{
    return source_take(arg, data, len);
}

static void ended(void *arg, const struct run_result *r)
{
    struct command_source *c = arg;
    c->run = NULL;
    if (!r->ok)
        source_fail(&c->source, "%s", r->words);
    source_end(&c->source, *c->source.why ? c->source.why : NULL);
}

static enum nt_status expand_all(struct source *s, source_expand *expand, void *arg, struct strlist *out)
{
    const struct strlist *templates = &s->graph->command;
    enum nt_status st = NT_OK;
    for (size_t i = 0; st == NT_OK && i < templates->n; i++) {
        struct buf text;
        buf_init(&text, ARGUMENT_MAX);
        st = source_text(s, expand, arg, "command", templates->item[i], &text);
        if (st == NT_OK && i && *buf_text(&text) == '-' && templates->item[i][0] != '-') {
            source_fail(s, "argument %zu of the command would turn into an option", i);
            st = NT_EINVAL;
        }
        if (st == NT_OK)
            st = strlist_add(out, buf_text(&text));
        buf_clean(&text);
    }
    return st;
}

static enum nt_status start(struct source *s, source_expand *expand, void *arg)
{
    struct command_source *c = (struct command_source *)s;
    struct strlist argv;
    strlist_init(&argv);
    enum nt_status st = expand_all(s, expand, arg, &argv);
    if (st == NT_OK) {
        const struct run_options o = {.argv = &argv, .in = -1, .take = take, .done = ended, .arg = c};
        st = run_start(s->env->runner, &o, &c->run);
        if (st != NT_OK)
            source_fail(s, "%s cannot be started: %s", argv.item[0], strerror(errno));
    }
    strlist_clean(&argv);
    return st;
}

static void clean(struct source *s)
{
    run_cancel(((struct command_source *)s)->run);
}

const struct source_ops source_command = {
    .name = "command", .size = sizeof(struct command_source), .start = start, .clean = clean};

/*
 * publish_command: a program takes the picture on its standard input and prints the address where it is to be had.
 *
 * One address on one line; a newline after it is fine, anything else is not: what a program prints besides (a progress
 * bar, a warning) would otherwise end up in front of Twilio. How long pictures are kept is the program's business.
 *
 * DIAGNOSTICS: how the program ended, with the last line of its standard error; too much or several lines printed.
 */
#include "media/publisher.h"

#include "base/strlist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct publish_command {
    struct publication base;
    struct run *run;
    struct buf printed;
};

static bool take(void *arg, const char *data, size_t len)
{
    struct publish_command *c = arg;
    if (buf_add(&c->printed, data, len) == NT_OK)
        return true;
    publication_fail(&c->base, "the command prints more than an address");
    return false;
}

/* Takes the end of the line away; false when it is not exactly one line. */
static bool one_line(struct buf *b)
{
    if (b->len && b->data[b->len - 1] == '\n')
        buf_truncate(b, b->len - 1);
    if (b->len && b->data[b->len - 1] == '\r')
        buf_truncate(b, b->len - 1);
    return !memchr(buf_text(b), '\n', b->len) && strlen(buf_text(b)) == b->len;
}

static void ended(void *arg, const struct run_result *r)
{
    struct publish_command *c = arg;
    struct publication *p = &c->base;
    c->run = NULL;
    if (!r->ok && !*p->why)
        publication_fail(p, "command: %s", r->words);
    else if (r->ok && !c->printed.len)
        publication_fail(p, "the command prints no address");
    else if (r->ok && !one_line(&c->printed))
        publication_fail(p, "the command prints more than an address");
    if (*p->why)
        publication_end(p, NULL, p->why);
    else
        publication_end(p, buf_text(&c->printed), NULL);
}

/* A descriptor of the command's own: it can neither change the picture nor move anybody's place in it. */
static int open_picture(const struct picture *picture)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", picture->fd);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (fd = fcntl(picture->fd, F_DUPFD_CLOEXEC, 0)) >= 0 && lseek(fd, 0, SEEK_SET) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum nt_status start(struct publication *p)
{
    struct publish_command *c = (struct publish_command *)p;
    buf_init(&c->printed, PUBLISH_LINK_MAX + 2); /* and the end of the line */
    int fd = open_picture(p->picture);
    enum nt_status status = fd < 0 ? nt_status_errno(errno) : NT_OK;
    if (!status) {
        const struct run_options options = {
            .argv = &p->config->command, .in = fd, .take = take, .done = ended, .arg = c};
        status = run_start(p->env->runner, &options, &c->run);
    }
    if (status)
        publication_fail(p, "%s cannot be started: %s", p->config->command.item[0], strerror(errno));
    if (fd >= 0)
        close(fd);
    return status;
}

static void clean(struct publication *p)
{
    struct publish_command *c = (struct publish_command *)p;
    run_cancel(c->run);
    buf_clean(&c->printed);
}

static size_t link_len(const struct config_publish *config)
{
    (void)config;
    return PUBLISH_LINK_GUESS;
}

const struct publisher_ops publish_command = {
    .name = "command",
    .size = sizeof(struct publish_command),
    .start = start,
    .clean = clean,
    .link_len = link_len,
};

/*
 * publisher: what all publications share: their names, their beginning and their end.
 *
 * Owner of a publication is this file, from publish_start() to publication_end() or publish_cancel(); the caller's
 * pointer to it is NULL again before his callback runs, so that he never cancels what has ended.
 *
 * A name is 128 bits of the kernel's randomness: whoever does not know the address cannot guess it, and the page's text
 * is the only place that tells. Where there is no such randomness nothing is published.
 *
 * DIAGNOSTICS: a failure is words for the page's history, never a status.
 */
#include "media/publisher.h"

#include "base/mem.h"
#include "base/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct publisher_ops *publisher_ops(enum config_publish_kind kind)
{
    switch (kind) {
    case CONFIG_PUBLISH_DIRECTORY:
        return &publish_directory;
    case CONFIG_PUBLISH_PUT:
        return &publish_put;
    case CONFIG_PUBLISH_S3:
        return &publish_s3;
    case CONFIG_PUBLISH_COMMAND:
        break;
    }
    return &publish_command;
}

enum nt_status publish_name(enum picture_kind kind, char out[PUBLISH_NAME])
{
    unsigned char byte[PUBLISH_RANDOM / 2];
    enum nt_status status = random_secret(byte, sizeof byte);
    if (status)
        return status;
    char *at = out;
    for (size_t i = 0; i < sizeof byte; i++) {
        *at++ = "0123456789abcdef"[byte[i] >> 4];
        *at++ = "0123456789abcdef"[byte[i] & 15];
    }
    snprintf(at, PUBLISH_NAME - PUBLISH_RANDOM, ".%s", picture_extension(kind));
    return NT_OK;
}

bool publish_is_name(const char *name)
{
    static const enum picture_kind kinds[] = {PICTURE_PNG, PICTURE_JPEG, PICTURE_GIF};
    if (strspn(name, "0123456789abcdef") != PUBLISH_RANDOM || name[PUBLISH_RANDOM] != '.')
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(name + PUBLISH_RANDOM + 1, picture_extension(kinds[i])))
            return true;
    return false;
}

enum nt_status publish_address(const char *folder, const char *name, struct buf *out)
{
    size_t len = strlen(folder);
    buf_adds(out, folder);
    if (len && folder[len - 1] != '/')
        buf_addc(out, '/');
    return buf_adds(out, name);
}

static void release(struct publication *p)
{
    if (p->ops->clean)
        p->ops->clean(p);
    mem_free(p);
}

void publish_start(const struct publish_request *r, struct publication **out)
{
    const struct publisher_ops *ops = publisher_ops(r->config->kind);
    struct publication *p = mem_zalloc(ops->size);
    *out = NULL;
    if (!p) {
        r->done(r->arg, NULL, nt_status_text(NT_ENOMEM));
        return;
    }
    p->ops = ops;
    p->env = r->env;
    p->config = r->config;
    p->picture = r->picture;
    p->valid = r->valid;
    p->owner = out;
    p->done = r->done;
    p->arg = r->arg;
    *out = p;
    enum nt_status status = publish_name(r->picture->kind, p->name);
    if (status)
        publication_fail(p, "no unguessable name can be made: %s", nt_status_text(status));
    else
        status = ops->start(p);
    if (status)
        publication_end(p, NULL, *p->why ? p->why : nt_status_text(status));
}

void publish_cancel(struct publication *p)
{
    if (!p)
        return;
    *p->owner = NULL;
    release(p);
}

void publication_end(struct publication *p, const char *url, const char *why)
{
    if (url && (strlen(url) > PUBLISH_LINK_MAX || !transport_url_ok(url))) {
        url = NULL;
        why = "what it says is no http or https address";
    }
    *p->owner = NULL;
    p->done(p->arg, url, url ? NULL : why);
    release(p);
}

void publication_fail(struct publication *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
}

size_t publish_link_len(const struct config_publish *config)
{
    return publisher_ops(config->kind)->link_len(config);
}

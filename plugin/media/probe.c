/*
 * probe: a picture is published, fetched back as Twilio would, and taken away again.
 *
 * One step follows the other: publish, GET, HEAD, remove. What cannot be fetched is removed all the same. A signed link
 * of S3 is for GET alone, so a HEAD that is refused there is told and is no fault.
 *
 * DIAGNOSTICS: words, one line a step; see probe.h.
 */
#include "media/probe.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/published.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 8192, TYPE_MAX = 80, VALID = 60 * 1000 };

/* 16 × 16 points, black and white. */
static const unsigned char chessboard[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x10, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x98, 0xa0, 0xbd, 0x00,
    0x00, 0x00, 0x1a, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0x0f, 0x04, 0x0c, 0x40, 0x00, 0xa3,
    0x19, 0xc8, 0x10, 0x20, 0x53, 0x1b, 0x8a, 0xc0, 0x20, 0x71, 0x07, 0x00, 0xc0, 0xfd, 0x7f, 0x81, 0xed,
    0x47, 0x01, 0xc8, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};

struct probe {
    const struct media_env *env;
    const struct config_publish *config;
    struct picture own;
    const struct picture *picture;
    struct publication *publication;
    struct transport_call *call;
    struct buf words;
    char *url;
    char fault[MEDIA_WHY]; /* the first thing that is wrong; "" nothing */
    size_t got;            /* bytes of the picture that came back */
    bool same;             /* so far */
    probe_done *done;
    void *arg;
};

void probe_free(struct probe *p)
{
    if (!p)
        return;
    publish_cancel(p->publication);
    if (p->call)
        p->env->transport->ops->cancel(p->env->transport, p->call);
    picture_clean(&p->own);
    buf_clean(&p->words);
    mem_free(p->url);
    mem_free(p);
}

/* The first fault is the one that matters. */
static void fault(struct probe *p, const char *text)
{
    if (!*p->fault)
        snprintf(p->fault, sizeof p->fault, "%s", text);
}

static void end(struct probe *p, bool ok)
{
    if (*p->fault) {
        ok = false;
        buf_addf(&p->words, "%s\n", p->fault);
    }
    const struct probe_result result = {.ok = ok, .words = buf_text(&p->words)};
    p->done(p->arg, &result);
}

/* The last step: nothing of it shall stay. */

/* The name in an address of ours; NULL when there is none. */
static const char *name_in(const char *url, char out[PUBLISH_NAME])
{
    size_t len = strcspn(url, "?");
    const char *slash = memrchr(url, '/', len);
    size_t n = slash ? (size_t)(url + len - slash) - 1 : 0;
    if (!n || n >= PUBLISH_NAME)
        return NULL;
    memcpy(out, slash + 1, n);
    out[n] = '\0';
    return publish_is_name(out) ? out : NULL;
}

static void removed(void *arg, const struct transport_result *r)
{
    struct probe *p = arg;
    char words[MEDIA_WHY];
    p->call = NULL;
    transport_words(r, words, sizeof words);
    bool gone = r->answered && ((r->status >= 200 && r->status < 300) || r->status == 404 || r->status == 410);
    if (gone) {
        char name[PUBLISH_NAME];
        if (name_in(p->url, name))
            published_forget(p->env->state_dir, name);
        buf_addf(&p->words, "removed again (%s)\n", words);
    } else {
        buf_addf(&p->words, "could not be removed again: %s\n", words);
        fault(p, "old pictures will stay on the server for ever");
    }
    end(p, true);
}

static void remove_file(struct probe *p, const char *name)
{
    struct buf path;
    buf_init(&path, 8192);
    enum nt_status status = buf_addf(&path, "%s/%s", p->config->directory, name);
    if (!status && unlink(buf_text(&path)))
        status = nt_status_errno(errno);
    if (status)
        buf_addf(&p->words, "could not be removed again: %s\n", nt_status_text(status));
    else
        buf_adds(&p->words, "removed again\n");
    buf_clean(&path);
    end(p, !status);
}

static void remove_picture(struct probe *p)
{
    char buffer[PUBLISH_NAME];
    const char *name = name_in(p->url, buffer);
    const struct publisher_ops *ops = publisher_ops(p->config->kind);
    struct transport *transport = p->env->transport;
    struct buf place;
    struct strlist headers;
    if (name && p->config->kind == CONFIG_PUBLISH_DIRECTORY) {
        remove_file(p, name);
        return;
    }
    if (!name || !ops->place) {
        end(p, true); /* a command's own business, or one place for all */
        return;
    }
    buf_init(&place, PUBLISH_LINK_MAX);
    strlist_init(&headers);
    enum nt_status status = ops->place(p->config, name, &place);
    if (!status)
        status = ops->removal(p->config, name, clock_wall(p->env->clock), &headers);
    if (!status) {
        const struct transport_request request = {.method = "DELETE",
                                                  .url = buf_text(&place),
                                                  .headers = &headers,
                                                  .outside = true,
                                                  .done = removed,
                                                  .arg = p};
        status = transport->ops->start(transport, &request, &p->call);
    }
    buf_clean(&place);
    for (size_t i = 0; i < headers.n; i++)
        explicit_bzero(headers.item[i], strlen(headers.item[i]));
    strlist_clean(&headers);
    if (status) {
        p->call = NULL;
        buf_addf(&p->words, "could not be removed again: %s\n", nt_status_text(status));
        end(p, false);
    }
}

/* As Twilio would fetch it. */

static bool take(void *arg, const char *data, size_t len)
{
    struct probe *p = arg;
    unsigned char block[4096];
    for (size_t done = 0; done < len && p->same;) {
        size_t n = len - done < sizeof block ? len - done : sizeof block;
        ssize_t there = picture_read(p->picture, p->got + done, block, n);
        p->same = there == (ssize_t)n && !memcmp(block, data + done, n);
        done += n;
    }
    p->got += len;
    return p->same;
}

/* A line about an answer; true when it is a good one. */
static bool tell(struct probe *p, const char *method, const struct transport_result *r)
{
    char words[MEDIA_WHY], type[TYPE_MAX];
    const char *expected = picture_type(p->picture->kind);
    transport_words(r, words, sizeof words);
    transport_header(r, "Content-Type", type, sizeof type);
    buf_addf(&p->words, "%s: %s%s%s\n", method, words, *type ? ", " : "", type);
    if (!r->answered || r->status != 200)
        return false;
    if (strncmp(type, expected, strlen(expected)) != 0) {
        fault(p, "the server calls the picture something else than it is: Twilio refuses such a one");
        return false;
    }
    return true;
}

static bool is_signed(const struct config_publish *c)
{
    return c->kind == CONFIG_PUBLISH_S3 && !*c->s3.public_url;
}

static void had_head(void *arg, const struct transport_result *r)
{
    struct probe *p = arg;
    p->call = NULL;
    if (!tell(p, "HEAD", r)) {
        if (is_signed(p->config))
            buf_adds(&p->words, "a signed address answers GET alone; with public_url HEAD works as well\n");
        else
            fault(p, "the picture cannot be asked for by HEAD, as Twilio does");
    }
    remove_picture(p);
}

static enum nt_status fetch(struct probe *p, const char *method, transport_done *done)
{
    struct transport *transport = p->env->transport;
    const struct transport_request request = {.method = method,
                                              .url = p->url,
                                              .redirects = TRANSPORT_REDIRECTS,
                                              .outside = true,
                                              .take = done == had_head ? NULL : take,
                                              .done = done,
                                              .arg = p};
    enum nt_status status = transport->ops->start(transport, &request, &p->call);
    if (status) {
        p->call = NULL;
        fault(p, nt_status_text(status));
    }
    return status;
}

static void had_picture(void *arg, const struct transport_result *r)
{
    struct probe *p = arg;
    p->call = NULL;
    if (!p->same) {
        fault(p, "under the published address there is something else than the picture");
    } else if (!tell(p, "GET", r)) {
        fault(p, "the picture cannot be fetched from here");
    } else if (p->got != p->picture->len) {
        fault(p, "under the published address there is only a part of the picture");
    }
    if (fetch(p, "HEAD", had_head))
        remove_picture(p);
}

static void published(void *arg, const char *url, const char *why)
{
    struct probe *p = arg;
    if (!url) {
        fault(p, why);
        end(p, false);
        return;
    }
    buf_addf(&p->words, "published as %s\n", url);
    p->url = mem_strdup(url);
    if (!p->url) {
        end(p, false);
        return;
    }
    if (fetch(p, "GET", had_picture))
        remove_picture(p);
}

enum nt_status probe_start(const struct probe_request *r, struct probe **out)
{
    struct probe *p = mem_zalloc(sizeof *p);
    *out = NULL;
    if (!p)
        return NT_ENOMEM;
    p->env = r->env;
    p->config = r->config;
    p->done = r->done;
    p->arg = r->arg;
    p->same = true;
    buf_init(&p->words, WORDS_MAX);
    picture_init(&p->own);
    p->picture = r->picture;
    if (!p->picture) {
        enum nt_status status = picture_add(&p->own, chessboard, sizeof chessboard);
        if (!status)
            status = picture_finish(&p->own);
        if (status) {
            probe_free(p);
            return status;
        }
        p->picture = &p->own;
    }
    *out = p;
    const struct publish_request request = {
        .env = r->env, .config = r->config, .picture = p->picture, .valid = VALID, .done = published, .arg = p};
    publish_start(&request, &p->publication);
    return NT_OK;
}

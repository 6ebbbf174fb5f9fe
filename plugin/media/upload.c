/*
 * upload: a picture sent by PUT, and what the answer means.
 *
 * That it is to be deleted one day is written down before the first byte leaves, and struck out when the server has
 * clearly refused it. So whatever dies in between, nothing stays on a server for ever.
 *
 * DIAGNOSTICS: the server's status, and the word that S3 has for its refusal; the transport's words when there was no
 * complete answer. A redirect is a refusal: a picture is not sent to somewhere that nobody configured.
 */
#include "media/upload.h"

#include "base/mem.h"
#include "media/published.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { CODE_MAX = 64 };

/* <Code>AccessDenied</Code> → "AccessDenied"; "" in any other answer. */
static void refusal(const struct transport_result *r, char out[CODE_MAX])
{
    static const char tag[] = "<Code>";
    const char *at = memmem(r->body, r->body_len, tag, sizeof tag - 1);
    size_t n = 0;
    if (at) {
        const char *end = r->body + r->body_len;
        for (at += sizeof tag - 1; at < end && isalnum((unsigned char)*at) && n < CODE_MAX - 1; at++)
            out[n++] = *at;
        if (at == end || *at != '<')
            n = 0;
    }
    out[n] = '\0';
}

void upload_words(const struct transport_result *r, char *out, size_t size)
{
    char code[CODE_MAX];
    transport_words(r, out, size);
    if (!r->answered)
        return;
    refusal(r, code);
    size_t used = strlen(out);
    if (*code)
        snprintf(out + used, size - used, " (%s)", code);
}

static void uploaded(void *arg, const struct transport_result *r)
{
    struct upload *u = arg;
    struct publication *p = &u->base;
    u->call = NULL;
    if (r->answered && (r->status == 200 || r->status == 201 || r->status == 204)) {
        publication_end(p, u->link, NULL);
        return;
    }
    if (r->answered && r->status >= 300 && r->status < 500)
        published_forget(p->env->state_dir, p->name);
    char words[MEDIA_WHY];
    upload_words(r, words, sizeof words);
    publication_fail(p, "upload: %s", words);
    publication_end(p, NULL, p->why);
}

enum nt_status upload_start(struct upload *u, const char *url, const char *link, const struct strlist *headers,
                            bool remember)
{
    struct publication *p = &u->base;
    struct transport *transport = p->env->transport;
    if (!(u->link = mem_strdup(link)))
        return NT_ENOMEM;
    if (remember)
        published_note(p->env->state_dir, p->name, url);
    const struct transport_request request = {
        .method = "PUT",
        .url = url,
        .headers = headers,
        .picture = p->picture,
        .outside = true,
        .done = uploaded,
        .arg = u,
    };
    enum nt_status status = transport->ops->start(transport, &request, &u->call);
    if (status) {
        u->call = NULL;
        published_forget(p->env->state_dir, p->name);
        if (status == NT_EINVAL)
            publication_fail(p, "nothing can be sent to such an address");
    }
    return status;
}

void upload_clean(struct publication *p)
{
    struct upload *u = (struct upload *)p;
    if (u->call)
        p->env->transport->ops->cancel(p->env->transport, u->call);
    u->call = NULL;
    mem_free(u->link);
}

/*
 * publish_put: a picture is sent to a web server by PUT (WebDAV, or anything that takes it).
 *
 * Where `put` ends with a slash it is a folder, and the picture's own name is appended to it and to public_url. Any
 * other is one place that each picture takes from the one before.
 *
 * DIAGNOSTICS: see upload.c; a header file that cannot be used is named, its contents are not.
 */
#include "media/upload.h"

#include <string.h>
#include <strings.h>

static bool is_folder(const struct config_publish *c)
{
    size_t len = strlen(c->put);
    return len && c->put[len - 1] == '/';
}

static bool has_header(const struct strlist *headers, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < headers->n; i++)
        if (!strncasecmp(headers->item[i], name, len) && headers->item[i][len] == ':')
            return true;
    return false;
}

static enum nt_status place(const struct config_publish *c, const char *name, struct buf *out)
{
    return is_folder(c) ? publish_address(c->put, name, out) : NT_ENOENT;
}

static void wipe(struct strlist *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        explicit_bzero(lines->item[i], strlen(lines->item[i]));
    strlist_clean(lines);
}

/* Where the pictures may be put they may be deleted. */
static enum nt_status removal(const struct config_publish *c, const char *name, int64_t now, struct strlist *out)
{
    (void)name;
    (void)now;
    return *c->header_file ? transport_header_file(c->header_file, out) : NT_OK;
}

static enum nt_status start(struct publication *p)
{
    const struct config_publish *c = p->config;
    struct buf url, link, type;
    struct strlist headers;
    buf_init(&url, PUBLISH_LINK_MAX);
    buf_init(&link, PUBLISH_LINK_MAX);
    buf_init(&type, 128);
    strlist_init(&headers);
    enum nt_status status = removal(c, p->name, 0, &headers);
    if (status) {
        publication_fail(p, "%s cannot be used: %s", c->header_file, nt_status_text(status));
        goto done;
    }
    if (!has_header(&headers, "Content-Type")) {
        status = buf_addf(&type, "Content-Type: %s", picture_type(p->picture->kind));
        if (!status)
            status = strlist_add(&headers, buf_text(&type));
    }
    bool folder = is_folder(c);
    if (!status)
        status = folder ? publish_address(c->put, p->name, &url) : buf_adds(&url, c->put);
    if (!status)
        status = folder ? publish_address(c->public_url, p->name, &link) : buf_adds(&link, c->public_url);
    if (!status)
        status = upload_start((struct upload *)p, buf_text(&url), buf_text(&link), &headers, folder);
done:
    wipe(&headers);
    buf_clean(&type);
    buf_clean(&link);
    buf_clean(&url);
    return status;
}

static size_t link_len(const struct config_publish *config)
{
    return strlen(config->public_url) + (is_folder(config) ? PUBLISH_RANDOM + strlen("/.png") : 0);
}

const struct publisher_ops publish_put = {
    .name = "put",
    .size = sizeof(struct upload),
    .start = start,
    .clean = upload_clean,
    .link_len = link_len,
    .place = place,
    .removal = removal,
};

/*
 * credentials: what the account is logged in to with, and the other secrets that stand in files of their own.
 *
 * A secret lives in its config and, wiped, nowhere else; the log is told never to show it.
 *
 * DIAGNOSTICS
 * A file that cannot be used is a problem, but the rest of the configuration is used: an alert can still be stored, and
 * Twilio's refusal raises the alarm and keeps the pages. No credentials at all, or half of a key, is fatal: such a file
 * is unfinished.
 */
#include "config/reading.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SECRET_MAX = 4096 };

void reading_set(struct reading *r, char **text, const char *value)
{
    char *copy = mem_strdup(value ? value : "");
    if (!copy) {
        r->status = NT_ENOMEM;
        return;
    }
    if (*text)
        explicit_bzero(*text, strlen(*text));
    mem_free(*text);
    *text = copy;
}

/* The file of that name in the folder that the service manager keeps for credentials; NULL: none (or no memory). */
static char *in_credentials_folder(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const char *name = strrchr(path, '/');
    struct buf b;
    struct stat st;
    if (!folder || !*folder)
        return NULL;
    buf_init(&b, 8192);
    buf_addf(&b, "%s/%s", folder, name ? name + 1 : path);
    char *found = buf_steal(&b);
    buf_clean(&b);
    if (found && stat(found, &st)) {
        mem_free(found);
        found = NULL;
    }
    return found;
}

/* A file that holds secrets: there, a file and not a pipe that would make us wait, closed to others. False: told. */
static bool look_at(struct reading *r, const struct node *n, const char *key, const char *path)
{
    struct stat st;
    if (stat(path, &st)) {
        reading_fault(r, n, false, "%s: %s cannot be read: %s", key, path, strerror(errno));
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        reading_fault(r, n, false, "%s: %s is not a file", key, path);
        return false;
    }
    if (st.st_mode & 07)
        reading_fault(r, n, false, "%s: others have access to %s (mode %04o): chmod o= %s", key, path,
                      (unsigned)(st.st_mode & 07777), path);
    return true;
}

static void read_secret(struct reading *r, const struct node *n, const char *key, const char *path, char **secret)
{
    struct buf b;
    buf_init(&b, SECRET_MAX);
    if (!look_at(r, n, key, path))
        return;
    enum nt_status status = file_read(path, &b, NULL);
    if (status == NT_ENOMEM) {
        r->status = status;
    } else if (status) {
        reading_fault(r, n, false, "%s: %s cannot be read: %s", key, path, strerror(errno));
    } else {
        while (b.len && strchr(" \t\r\n", b.data[b.len - 1]))
            buf_truncate(&b, b.len - 1);
        size_t plain = 0;
        while (plain < b.len && (unsigned char)b.data[plain] > ' ' && b.data[plain] != 0x7F)
            plain++;
        if (!b.len)
            reading_fault(r, n, false, "%s: %s is empty", key, path);
        else if (plain < b.len)
            reading_fault(r, n, false, "%s: %s must hold the secret and nothing else", key, path);
        else
            reading_set(r, secret, b.data);
    }
    if (b.data)
        explicit_bzero(b.data, b.size);
    buf_clean(&b);
}

/* Written without a folder; in a last good copy, whose paths are absolute, as if it had been. */
static bool plainly_named(const struct reading *r, const struct node *value, const char *path)
{
    if (r->mode != READING_COPY)
        return value && value->text && !strchr(value->text, '/');
    const char *name = strrchr(path, '/'), *own = strrchr(r->base, '/');
    return name && own && name - path == own - r->base && !strncmp(path, r->base, (size_t)(name - path));
}

/*
 * "auth_token" is looked for as $CREDENTIALS_DIRECTORY/auth_token, then beside the file; "/etc/secrets/token" as it
 * stands, and only when it is not there as $CREDENTIALS_DIRECTORY/token.
 */
void credentials_read(struct reading *r, const struct node *n, const char *path, char **secret)
{
    const char *key = "auth_token_file";
    struct stat st;
    if (r->mode == READING_TEXT || r->status)
        return;
    const struct node *value = n && n->value ? n->value : n;
    if (n && n->value && n->text)
        key = n->text;
    bool plain = plainly_named(r, value, path);
    char *given = in_credentials_folder(path);
    bool use_given = given && (plain || stat(path, &st));
    read_secret(r, value, key, use_given ? given : path, secret);
    mem_free(given);
    if (!r->status)
        log_secret(*secret);
}

void credentials_find(struct reading *r, const struct node *value, char **path)
{
    struct stat st;
    char *given = in_credentials_folder(*path);
    if (given && (plainly_named(r, value, *path) || stat(*path, &st)))
        reading_set(r, path, given);
    mem_free(given);
}

bool credentials_complete(const struct config *c)
{
    const struct config_twilio *t = &c->twilio;
    return *t->api_key_sid ? *t->api_key_secret != '\0' : *t->auth_token != '\0';
}

/* One of the two ways to give a secret. Returns whether either was tried. */
static bool take_secret(struct reading *r, const struct node *map, const char *inline_key, const char *file_key,
                        char **secret, char **file)
{
    const struct node *direct = node_key(map, inline_key), *named = node_key(map, file_key);
    bool has_direct = direct && !node_empty(direct->value), has_named = named && !node_empty(named->value);
    if (has_direct && has_named) {
        reading_fault(r, direct, false, "%s and %s are both given: %s is used", inline_key, file_key, inline_key);
        reading_set(r, file, "");
    }
    if (has_direct && r->open)
        reading_fault(r, direct, false, "%s: the file holds a secret, and others have access to it: chmod o= %s",
                      inline_key, r->file);
    if (has_direct && !r->status)
        log_secret(*secret);
    else if (has_named && **file)
        credentials_read(r, named, *file, secret);
    return has_direct || has_named;
}

void credentials_check(struct reading *r)
{
    struct config_twilio *t = &r->config->twilio;
    const struct node *map = node_get(r->root, "twilio");
    const struct node *key = node_key(map, "api_key_sid");
    if (!map || map->kind != NODE_MAP || r->status)
        return;
    bool has_key = key && !node_empty(key->value);
    bool token = take_secret(r, map, "auth_token", "auth_token_file", &t->auth_token, &t->auth_token_file);
    bool secret =
        take_secret(r, map, "api_key_secret", "api_key_secret_file", &t->api_key_secret, &t->api_key_secret_file);
    if (r->status)
        return;
    bool copy = r->mode == READING_COPY; /* which has no inline secrets, and gets them later */
    if (has_key && !secret && !copy)
        reading_fault(r, key, !token, "api_key_sid needs api_key_secret_file (or api_key_secret)");
    if (secret && !has_key)
        reading_fault(r, map, !token, "api_key_secret needs api_key_sid");
    if (!token && !has_key && !secret && !copy)
        reading_fault(r, map, true, "auth_token_file is missing (or auth_token, or api_key_sid and its secret)");
    if (!has_key || (!secret && !copy)) {
        reading_set(r, &t->api_key_sid, "");
        reading_set(r, &t->api_key_secret, "");
        reading_set(r, &t->api_key_secret_file, "");
    } else if (token) {
        reading_fault(r, key, false, "an auth token and an API key are both given: the API key is used");
        reading_set(r, &t->auth_token, "");
        reading_set(r, &t->auth_token_file, "");
    }
}

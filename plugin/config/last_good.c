/*
 * last_good: the copy of a configuration that is used when the file itself no longer loads.
 *
 * The copy is written from the configuration, not from its text: paths are absolute, what was faulty is gone, and the
 * secrets that stood in it stay out. A secret that has a file of its own is read from there, as ever. One that stood in
 * the file is looked for in the file as it is now, broken or not: the lines are searched for "auth_token:" and the
 * like.
 *
 *     # notify_twilio: the last good copy of /etc/notify_twilio/config.yaml
 *     # saved: 1735689600000
 *     twilio:
 *       account_sid: "AC…"
 *
 * DIAGNOSTICS
 * A copy that is missing or does not load leaves a reason in words. One whose secret is not found is used without it:
 * alerts are stored, Twilio's refusal raises the alarm, and the pages go once the file is repaired.
 */
#include "config/load.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/paths.h"
#include "config/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SAVED "\n# saved: "

enum { FILE_NAME_MAX = 200, NAME_ROOM = 32768, PATH_ROOM = 65536, COPY_MAX = NODE_TEXT_MAX };

/*
 * /etc/notify_twilio/config.yaml → last-good-etc-notify_twilio-config.yaml. A '-' or anything unusual in the path is
 * written %2D, so different paths never share a name; a very long one ends in its hash.
 */
char *config_last_good_path(const char *path)
{
    const char *list = getenv("STATE_DIRECTORY");
    size_t first = list ? strcspn(list, ":") : 0;
    struct buf name, whole;
    char hash[HASH_HEX];
    buf_init(&name, NAME_ROOM);
    buf_init(&whole, PATH_ROOM);
    for (const char *c = path + strspn(path, "/"); *c; c++) {
        bool usual =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("._", *c);
        if (*c == '/')
            buf_addc(&name, '-');
        else if (usual)
            buf_addc(&name, *c);
        else
            buf_addf(&name, "%%%02X", (unsigned char)*c);
    }
    if (name.len > FILE_NAME_MAX) {
        hash_hex(hash_text(path), hash);
        buf_truncate(&name, FILE_NAME_MAX - HASH_HEX);
        buf_addf(&name, "~%s", hash);
    }
    if (first)
        buf_add(&whole, list, first);
    else
        buf_adds(&whole, NT_STATE_DIR);
    buf_addf(&whole, "/last-good-%s", buf_text(&name));
    char *made = buf_status(&name) ? NULL : buf_steal(&whole);
    buf_clean(&name);
    buf_clean(&whole);
    return made;
}

enum nt_status config_save_last_good(const struct config *c, int64_t now, char **saved_to)
{
    struct buf text;
    char *path = NULL;
    enum nt_status status = NT_EINVAL;
    buf_init(&text, COPY_MAX);
    if (saved_to)
        *saved_to = NULL;
    if (c->last_good || c->salvaged)
        goto done; /* did not load from its file */
    buf_adds(&text, "# notify_twilio: the last good copy of ");
    for (const char *at = c->path; *at; at++)
        buf_addc(&text, (char)((unsigned char)*at < ' ' || *at == 0x7F ? '?' : *at));
    buf_addf(&text, SAVED "%lld\n", (long long)now);
    status = config_dump(c, &text);
    if (status)
        goto done;
    path = config_last_good_path(c->path);
    if (!path) {
        status = NT_ENOMEM;
        goto done;
    }
    status = file_replace(path, text.data, text.len, 0640);
    if (status) {
        log_error("cannot save the last good configuration as %s: %s", path, strerror(errno));
    } else if (saved_to) {
        *saved_to = path;
        path = NULL;
    }
done:
    mem_free(path);
    buf_clean(&text);
    return status;
}

/*
 * The value of a key, wherever in a text it stands: `auth_token: abc`, `{auth_token: "abc", …`. Comments do not count.
 * Blanks and escapes cannot be part of it, which no token of Twilio's has.
 */
static enum nt_status scan_secret(const char *text, const char *key, struct buf *out)
{
    size_t len = strlen(key);
    for (const char *at = text; (at = strstr(at, key)); at += len) {
        const char *line = at, *value = at + len;
        while (line > text && line[-1] != '\n')
            line--;
        bool starts = at == line || strchr(" \t{,\"'", at[-1]);
        if (!starts || memchr(line, '#', (size_t)(at - line)))
            continue;
        value += strspn(value, "\"' \t");
        if (*value != ':')
            continue;
        value += 1 + strspn(value + 1, " \t");
        const char *ends = *value == '"' ? "\"\r\n\\" : *value == '\'' ? "'\r\n" : ",}] \t\r\n";
        value += *value == '"' || *value == '\'';
        size_t n = strcspn(value, ends);
        if (n)
            return buf_add(out, value, n);
    }
    return NT_OK;
}

static enum nt_status recover(const char *text, const char *key, char **slot)
{
    struct buf found;
    buf_init(&found, FIELD_TEXT_MAX);
    enum nt_status status = scan_secret(text, key, &found);
    if (status == NT_ETOOBIG)
        status = NT_OK; /* no secret, whatever it is */
    if (!status && found.len) {
        struct reading r = {.status = NT_OK};
        reading_set(&r, slot, buf_text(&found));
        status = r.status;
        if (!status)
            log_secret(*slot);
    }
    if (found.data)
        explicit_bzero(found.data, found.size);
    buf_clean(&found);
    return status;
}

/* The secrets that stood in the file when the copy was made. */
static enum nt_status recover_secrets(const char *path, struct config *c)
{
    struct config_twilio *t = &c->twilio;
    struct buf text;
    buf_init(&text, NODE_TEXT_MAX);
    enum nt_status status = file_read(path, &text, NULL);
    if (status) {
        status = status == NT_ENOMEM ? status : NT_OK; /* gone: there is nothing to find */
        goto done;
    }
    if (*t->api_key_sid && !*t->api_key_secret && !*t->api_key_secret_file)
        status = recover(buf_text(&text), "api_key_secret", &t->api_key_secret);
    else if (!*t->api_key_sid && !*t->auth_token && !*t->auth_token_file)
        status = recover(buf_text(&text), "auth_token", &t->auth_token);
    if (!status && !*t->proxy) {
        /* Only one with a user was left out of the copy; another one is news that nobody has checked. */
        status = recover(buf_text(&text), "proxy", &t->proxy);
        if (!status && *t->proxy && !strchr(t->proxy, '@')) {
            struct reading r = {.status = NT_OK};
            reading_set(&r, &t->proxy, "");
            status = r.status;
        }
    }
done:
    if (text.data)
        explicit_bzero(text.data, text.size);
    buf_clean(&text);
    return status;
}

/* When the copy says that it was saved, else when its file was written. */
static int64_t saved_at(const char *path)
{
    struct buf head;
    struct stat st;
    int64_t when = 0;
    buf_init(&head, COPY_MAX);
    if (!file_read(path, &head, NULL)) {
        const char *saved = strstr(buf_text(&head), SAVED);
        if (saved)
            when = strtoll(saved + strlen(SAVED), NULL, 10);
    }
    buf_clean(&head);
    if (when <= 0 && !stat(path, &st))
        when = (int64_t)st.st_mtim.tv_sec * 1000;
    return when > 0 ? when : 1;
}

enum nt_status last_good_load(const char *path, struct config **out, struct buf *reason)
{
    struct problems problems;
    struct reading r = {.problems = &problems, .mode = READING_COPY};
    struct stat st;
    struct config *c = NULL;
    enum nt_status status = NT_ENOMEM;
    problems_init(&problems);
    *out = NULL;
    char *copy = config_last_good_path(path);
    if (!copy)
        goto done;
    if (stat(copy, &st)) {
        status = buf_addf(reason, "there is no last good copy (%s: %s)", copy, strerror(errno));
        goto done;
    }
    status = reading_file(&r, copy, path, &c);
    if (status)
        goto done;
    if (r.fatal) {
        problems_sort(&problems);
        buf_adds(reason, "the last good copy does not load: ");
        for (size_t i = 0; i < problems.n; i++)
            if (problems.item[i].fatal) {
                problem_format(&problems.item[i], reason);
                break;
            }
        status = buf_status(reason);
        goto done;
    }
    status = recover_secrets(path, c);
    if (status)
        goto done;
    c->last_good = saved_at(copy);
    *out = c;
    c = NULL;
done:
    config_free(c);
    problems_clean(&problems);
    mem_free(copy);
    return status;
}

/*
 * load: a configuration file → struct config, and what to do when it does not load.
 *
 *     the file ── loads ──────────────────────────────────────────→ used, less its faulty parts
 *        └─ does not ── last good copy loads ─────────────────────→ the copy
 *                          └─ does not ── account, senders right ─→ what is right in the file
 *                                            └─ no ───────────────→ NT_ECONFIG
 *
 * A page that goes out by a default that was not meant is better than none; a token sent to an address that was not
 * meant is not: so the last way is closed by any fault in the section twilio.
 *
 * DIAGNOSTICS
 * Problems, sorted by place. config_open() logs those of a file that is not used as it stands as errors, the others as
 * warnings, the first few of each.
 */
#include "config/load.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/paths.h"
#include "config/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOGGED_MAX = 5 };

static void check_all(struct reading *r)
{
    r->vital = true;
    credentials_check(r);
    twilio_check(r);
    r->vital = false;
    people_check(r);
    settings_check(r);
    media_check(r);
}

static void fill(struct reading *r)
{
    struct config *c = r->config;
    bind_section(r, &schema_config, r->root, c);
    if (!r->status)
        reading_set(r, &c->path, r->base);
    if (!r->status)
        reading_set(r, &c->last_good_reason, "");
    if (!r->status)
        reading_set(r, &c->store_path, "");
    if (!r->status)
        check_all(r);
}

enum nt_status reading_text(struct reading *r, const char *text, size_t len, struct config **out)
{
    struct node *root = NULL;
    size_t before = r->problems->n;
    *out = NULL;
    r->status = node_parse(r->file, text, len, r->problems, &root);
    /* Whatever YAML has to complain about may have swallowed anything. */
    if (r->status == NT_ECONFIG || r->problems->n > before)
        r->fatal = r->hopeless = true;
    if (r->status == NT_ECONFIG)
        return NT_OK;
    if (!r->status && node_empty(root)) {
        node_free(root);
        r->status = problems_add(r->problems, r->file, 0, 0, true, "holds no settings");
        r->fatal = r->hopeless = true;
        return r->status;
    }
    if (!r->status) {
        r->config = mem_zalloc(sizeof *r->config);
        if (!r->config)
            r->status = NT_ENOMEM;
    }
    if (!r->status) {
        r->root = root;
        fill(r);
    }
    r->root = NULL;
    node_free(root);
    if (r->status)
        config_free(r->config);
    else
        *out = r->config;
    r->config = NULL;
    return r->status;
}

enum nt_status reading_file(struct reading *r, const char *path, const char *base, struct config **out)
{
    struct buf text;
    buf_init(&text, NODE_TEXT_MAX);
    r->file = path;
    r->base = base;
    *out = NULL;
    mode_t mode = 0;
    enum nt_status status = file_read(path, &text, &mode);
    r->open = !status && mode & 07;
    if (status == NT_ENOMEM)
        goto done;
    if (status) {
        r->fatal = r->hopeless = true;
        if (status == NT_ETOOBIG)
            status = problems_add(r->problems, path, 0, 0, true, "is larger than %d MB", NODE_TEXT_MAX / 1024 / 1024);
        else
            status = problems_add(r->problems, path, 0, 0, true, "cannot be read: %s", strerror(errno));
    } else if (!text.len) {
        r->fatal = r->hopeless = true;
        status = problems_add(r->problems, path, 0, 0, true, "is empty");
    } else {
        status = reading_text(r, text.data, text.len, out);
    }
done:
    if (text.data)
        explicit_bzero(text.data, text.size);
    buf_clean(&text);
    return status;
}

enum nt_status config_load(const char *path, struct config **out, struct problems *problems)
{
    struct reading r = {.problems = problems, .mode = READING_FILE};
    *out = NULL;
    char *base = file_absolute(path);
    if (!base)
        return NT_ENOMEM;
    enum nt_status status = reading_file(&r, path, base, out);
    problems_sort(problems);
    if (!status && r.fatal) {
        config_free(*out);
        *out = NULL;
        status = NT_ECONFIG;
    }
    mem_free(base);
    return status;
}

/* The first few, fatal ones or others. */
static void log_problems(const struct problems *p, bool fatal, void (*log)(const char *format, ...))
{
    size_t matching = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct buf line;
        if (p->item[i].fatal != fatal || matching++ >= LOGGED_MAX)
            continue;
        buf_init(&line, 16384);
        if (!problem_format(&p->item[i], &line))
            log("%s", buf_text(&line));
        buf_clean(&line);
    }
    if (matching > LOGGED_MAX)
        log("and %zu more: see notify_twilio config check", matching - LOGGED_MAX);
}

/* What is wrong with the file in one line, for those who look at the config later. */
static enum nt_status describe(const struct problems *p, bool fatal, struct buf *out)
{
    for (size_t i = 0; fatal && i < p->n; i++)
        if (p->item[i].fatal)
            return problem_format(&p->item[i], out);
    return buf_adds(out, "its credentials cannot be read");
}

static void say_when(int64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm))
        memcpy(out, "an unknown time", sizeof "an unknown time");
}

/*
 * The file is no use, or has no credentials: the copy, if it is better. *c is what the file gave, if anything; it is
 * replaced when the copy is used. *why: what is wrong with the copy.
 */
static enum nt_status use_copy(const char *path, const struct problems *problems, bool fatal, struct config **c,
                               bool *used, struct buf *why)
{
    struct config *copy = NULL;
    struct buf reason;
    char when[32];
    enum nt_status status = last_good_load(path, &copy, why);
    buf_init(&reason, 16384);
    if (status || !copy)
        goto done;
    if (!fatal && !credentials_complete(copy)) {
        config_free(copy); /* no better than the file */
        goto done;
    }
    status = describe(problems, fatal, &reason);
    if (status) {
        config_free(copy);
        goto done;
    }
    mem_free(copy->last_good_reason);
    copy->last_good_reason = buf_steal(&reason);
    if (!copy->last_good_reason) {
        config_free(copy);
        status = NT_ENOMEM;
        goto done;
    }
    config_free(*c);
    *c = copy;
    *used = true;
    say_when(copy->last_good, when);
    log_error("THE CONFIGURATION %s CANNOT BE USED; the last good copy, of %s, is used instead", path, when);
    log_problems(problems, fatal, log_error);
done:
    buf_clean(&reason);
    return status;
}

/* What is right in the file. */
static enum nt_status salvage(const char *path, const struct problems *problems, struct config *c, const char *why)
{
    struct buf reason;
    buf_init(&reason, 16384);
    enum nt_status status = describe(problems, true, &reason);
    char *text = status ? NULL : buf_steal(&reason);
    buf_clean(&reason);
    if (!text)
        return status ? status : NT_ENOMEM;
    mem_free(c->last_good_reason);
    c->last_good_reason = text;
    c->salvaged = true;
    log_error("THE CONFIGURATION %s DOES NOT LOAD; %s; what is right in it is used, with defaults for the rest", path,
              why);
    log_problems(problems, true, log_error);
    return NT_OK;
}

enum nt_status config_open(const char *path, struct config **out, struct problems *problems)
{
    struct reading r = {.problems = problems, .mode = READING_FILE};
    struct config *c = NULL;
    struct buf why;
    bool copied = false;
    *out = NULL;
    buf_init(&why, 16384);
    char *base = file_absolute(path);
    enum nt_status status = base ? reading_file(&r, path, base, &c) : NT_ENOMEM;
    problems_sort(problems);
    if (status)
        goto done;
    if (r.fatal || !credentials_complete(c)) {
        status = use_copy(base, problems, r.fatal, &c, &copied, &why);
        if (status)
            goto done;
    }
    if (r.fatal && !copied) {
        const char *trouble = why.len ? buf_text(&why) : "there is no last good copy";
        if (c && !r.hopeless && c->twilio.senders)
            status = salvage(path, problems, c, trouble);
        else
            status = problems_add(problems, path, 0, 0, true, "cannot be used, and %s", trouble);
        if (!status && !(c && c->salvaged))
            status = NT_ECONFIG;
        if (status)
            goto done;
    }
    if (!copied)
        log_problems(problems, false, log_warning);
    *out = c;
    c = NULL;
done:
    config_free(c);
    mem_free(base);
    buf_clean(&why);
    return status;
}

const char *config_path(const char *option)
{
    const char *environment = getenv("NOTIFY_TWILIO_CONFIG");
    if (option && *option)
        return option;
    return environment && *environment ? environment : NT_CONFIG_PATH;
}

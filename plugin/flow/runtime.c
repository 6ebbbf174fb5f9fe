/*
 * runtime: opening and closing what a process of ours needs.
 *
 * DIAGNOSTICS: a store that cannot be used is an error in the log and a spare store in memory, never the end of a page;
 * a configuration that cannot be used at all (nor its last good copy) is NT_ECONFIG.
 */
#include "flow/runtime.h"

#include "base/log.h"
#include "base/paths.h"
#include "config/load.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TROUBLE_MAX = 4096 };
static const char spare_url[] = "sqlite::memory:";

/* In a build tree the executables lie in BUILD/notify and the templates in the source tree; CMake leaves a link
 * BUILD/templates. */
const char *runtime_template_dir(void)
{
    static char beside[PATH_MAX + 32];
    const char *given = getenv("NOTIFY_TWILIO_TEMPLATES");
    if (given && *given)
        return given;
    if (access(NT_TEMPLATE_DIR, R_OK) == 0)
        return NT_TEMPLATE_DIR;
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        char *slash = strrchr(self, '/');
        if (slash) {
            *slash = '\0';
            static const char *const places[] = {"/../templates", "/../../templates",
                                                 "/../share/notify_twilio/templates",
                                                 "/../../share/notify_twilio/templates"};
            for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                snprintf(beside, sizeof beside, "%s%s", self, places[i]);
                if (access(beside, R_OK) == 0)
                    return beside;
            }
        }
    }
    return NT_TEMPLATE_DIR;
}

static enum nt_status open_log(const struct config *c, const char *log_to)
{
    enum log_level level = LOG_LEVEL_INFO;
    if (log_level_parse(c->log_level, &level) != NT_OK)
        level = LOG_LEVEL_INFO;
    return log_open("notify_twilio", level, log_to ? log_to : c->log_to);
}

void runtime_reopen_log(const struct runtime *r)
{
    (void)open_log(r->config, NULL);
}

enum nt_status runtime_open(const char *config_path_given, const char *log_to, struct runtime *out,
                            struct problems *problems)
{
    memset(out, 0, sizeof *out);
    buf_init(&out->store_trouble, TROUBLE_MAX);
    out->clock = clock_system();
    enum nt_status st = config_open(config_path_given, &out->config, problems);
    if (st == NT_OK) {
        (void)open_log(out->config, log_to);                 /* falls back to stderr by itself */
        if (out->config->last_good || out->config->salvaged) /* said once more, now that the log is the admin's */
            log_error("%s is in use: %s",
                      out->config->last_good ? "the last good configuration" : "only part of the configuration",
                      out->config->last_good_reason);
        st = template_set_new(out->config->message.template_dir, runtime_template_dir(), &out->templates);
    }
    if (st != NT_OK)
        runtime_close(out);
    return st;
}

void runtime_close(struct runtime *r)
{
    store_close(r->store);
    r->store = NULL;
    template_set_free(r->templates);
    r->templates = NULL;
    config_free(r->config);
    r->config = NULL;
    buf_clean(&r->store_trouble);
}

enum nt_status runtime_use_spare(struct runtime *r, const char *why)
{
    struct buf error;
    struct store *spare = NULL;
    buf_init(&error, TROUBLE_MAX);
    log_error("store %s cannot be used: %s; pages go out without it and are not remembered", r->config->store, why);
    enum nt_status st = store_open(spare_url, &spare, &error);
    if (st == NT_OK) {
        store_close(r->store);
        r->store = spare;
        r->spare = true;
        buf_reset(&r->store_trouble);
        buf_adds(&r->store_trouble, why);
    } else {
        log_error("no spare store either: %s", buf_text(&error));
    }
    buf_clean(&error);
    return st;
}

enum nt_status runtime_rescue_store(struct runtime *r)
{
    struct buf error;
    struct store *fresh = NULL;
    size_t taken = 0;
    buf_init(&error, TROUBLE_MAX);
    log_error("store %s is corrupt: it is set aside and a new one begun", r->config->store);
    enum nt_status st = store_rescue(r->config->store, runtime_now(r), &fresh, &taken, &error);
    if (st == NT_OK) {
        log_error("store %s: %zu unfinished pages taken over from the corrupt one", r->config->store, taken);
        store_close(r->store);
        r->store = fresh;
    } else {
        log_error("store %s: no new one: %s", r->config->store, error.len ? buf_text(&error) : nt_status_text(st));
    }
    buf_clean(&error);
    return st;
}

enum nt_status runtime_open_store(struct runtime *r)
{
    struct buf error;
    buf_init(&error, TROUBLE_MAX);
    enum nt_status st = store_open(r->config->store, &r->store, &error);
    if (st == NT_ECORRUPT) {
        log_error("%s", buf_text(&error));
        buf_reset(&error);
        st = runtime_rescue_store(r);
    }
    if (st != NT_OK)
        st = runtime_use_spare(r, *buf_text(&error) ? buf_text(&error) : nt_status_text(st));
    buf_clean(&error);
    return st;
}

static bool has_credentials(const struct config_twilio *t)
{
    return *t->api_key_sid ? *t->api_key_secret != '\0' : *t->auth_token != '\0';
}

bool runtime_has_credentials(const struct runtime *r)
{
    return has_credentials(&r->config->twilio);
}

/* One whose secrets cannot be read (any more: a daemon that was started by root is nobody's now) is no better than the
 * one in force. */
enum nt_status runtime_reload(struct runtime *r, struct problems *problems)
{
    struct config *config = NULL;
    struct template_set *templates = NULL;
    enum nt_status st = config_load(r->config->path, &config, problems);
    if (st == NT_OK && !has_credentials(&config->twilio))
        st = NT_ECONFIG;
    if (st == NT_OK)
        st = template_set_new(config->message.template_dir, runtime_template_dir(), &templates);
    if (st != NT_OK) {
        config_free(config);
        return st;
    }
    template_set_free(r->templates);
    config_free(r->config);
    r->config = config;
    r->templates = templates;
    return NT_OK;
}

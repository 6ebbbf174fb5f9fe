/*
 * fixture: a folder with templates in it, a set over it, and what the tests ask of both.
 */
#ifndef NT_TESTS_TEMPLATE_FIXTURE_H
#define NT_TESTS_TEMPLATE_FIXTURE_H

#include "base/log.h"
#include "base/mem.h"
#include "ingest/alert.h"
#include "template/template.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define INSTALLED_TEMPLATES NT_SOURCE_DIR "/templates"

enum { TEXT_MAX = 64 * 1024, LOG_LINES = 8 };

/* 2026-11-23 02:12:00 UTC, a Monday. */
#define EVENT_AT INT64_C(1795399920)

struct fixture {
    char folder[64];
    struct template_set *set;
    struct rendering out;
    struct buf report; /* "file:line:column: message" lines; the file without its folder */
    int logged;
    char log[LOG_LINES][512];
};

static inline void fixture_tap(void *arg, enum log_level level, const char *line)
{
    struct fixture *f = arg;
    (void)level;
    if (f->logged < LOG_LINES)
        snprintf(f->log[f->logged], sizeof f->log[0], "%s", line);
    f->logged++;
}

static inline void fixture_open(struct fixture *f)
{
    *f = (struct fixture){.set = NULL};
    strcpy(f->folder, "/tmp/nt-template-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(template_set_new(f->folder, NULL, &f->set), NT_OK);
    rendering_init(&f->out, TEXT_MAX);
    buf_init(&f->report, TEXT_MAX);
    log_tap(fixture_tap, f);
}

/* As if the configuration had been read again. */
static inline void fixture_renew(struct fixture *f, const char *installed)
{
    template_set_free(f->set);
    assert_int_equal(template_set_new(f->folder, installed, &f->set), NT_OK);
    f->logged = 0;
}

static inline void fixture_empty_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlink(path) != 0)
            rmdir(path);
    }
    closedir(dir);
}

static inline void fixture_close(struct fixture *f)
{
    log_tap(NULL, NULL);
    template_set_free(f->set);
    rendering_clean(&f->out);
    buf_clean(&f->report);
    fixture_empty_folder(f->folder);
    rmdir(f->folder);
}

static inline void fixture_write_bytes(const struct fixture *f, const char *name, const char *text, size_t len)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s.mustache", f->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static inline void fixture_write(const struct fixture *f, const char *name, const char *text)
{
    fixture_write_bytes(f, name, text, strlen(text));
}

static inline void fixture_report(void *arg, const char *file, unsigned long line, unsigned long column,
                                  const char *message)
{
    struct fixture *f = arg;
    const char *slash = strrchr(file, '/');
    buf_addf(&f->report, "%s:%lu:%lu: %s\n", slash ? slash + 1 : file, line, column, message);
}

static inline struct render_options fixture_options(void)
{
    return (struct render_options){
        .contact = "alice", .number = "+15005550001", .timezone = "UTC", .now = EVENT_AT * 1000};
}

/* Renders the template `main` with JSON. The text is borrowed. */
static inline const char *fixture_json(struct fixture *f, const char *text, const char *json)
{
    struct render_options options = fixture_options();
    fixture_write(f, "main", text);
    fixture_renew(f, NULL);
    cJSON *data = cJSON_Parse(json);
    assert_non_null(data);
    buf_reset(&f->report);
    enum nt_status status = template_render_json(f->set, "main", data, &options, &f->out, fixture_report, f);
    cJSON_Delete(data);
    assert_int_equal(status, NT_OK);
    return buf_text(&f->out.text);
}

static inline void fixture_set(char **field, const char *value)
{
    assert_int_equal(alert_set(field, value), NT_OK);
}

/* A service problem as Nagios tells it. For alert_free(). */
static inline struct alert *fixture_alert(void)
{
    struct alert *a = alert_new();
    assert_non_null(a);
    a->source = SOURCE_NAGIOS;
    a->event = EVENT_PROBLEM;
    a->class = CLASS_URGENT;
    fixture_set(&a->state, "CRITICAL");
    fixture_set(&a->severity, "critical");
    fixture_set(&a->host, "web01.example.org");
    fixture_set(&a->host_alias, "Web server 1");
    fixture_set(&a->address, "192.0.2.10");
    fixture_set(&a->service, "HTTP");
    fixture_set(&a->output, "Connection refused");
    fixture_set(&a->long_output, "first\nsecond");
    fixture_set(&a->perfdata, "time=0.1s");
    fixture_set(&a->problem_id, "17");
    a->time = EVENT_AT;
    a->received = EVENT_AT * 1000;
    a->duration = 7500;
    a->notification_number = 2;
    assert_int_equal(kv_put(&a->macros, "HOSTNAME", "web01.example.org"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "SERVICEDESC", "HTTP"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "HOST.NAME", "zbx"), NT_OK);
    assert_int_equal(kv_put(&a->macros, "_SERVICERUNBOOK", "https://wiki.example.org/http"), NT_OK);
    return a;
}

/* Renders the template `problem` for an alert. The text is borrowed. */
static inline const char *fixture_page(struct fixture *f, const char *text, const struct alert *a)
{
    struct render_options options = fixture_options();
    fixture_write(f, "problem", text);
    fixture_renew(f, NULL);
    assert_int_equal(template_render_alert(f->set, NULL, a, &options, &f->out), NT_OK);
    return buf_text(&f->out.text);
}

#endif

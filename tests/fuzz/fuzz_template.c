/* Any bytes as a template, with and without being their own partial: parsed, checked by rendering it for an alert, a
 * digest and JSON. */
#include "fuzz.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ingest/alert.h"
#include "template/template.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 8192 };

static char folder[] = "/tmp/nt-fuzz-template-XXXXXX";

static void leave(void)
{
    static const char *const names[] = {"problem", "digest", "main"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s.mustache", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void write_template(const char *name, const uint8_t *data, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s.mustache", folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static struct alert *make_alert(void)
{
    struct alert *a = alert_new();
    if (!a || alert_set(&a->host, "web01.example.org") || alert_set(&a->service, "HTTP \xC3\xA4") ||
        alert_set(&a->state, "CRITICAL") || alert_set(&a->output, "Connection\nrefused \xFF\xF0\x9F\x94\xA5") ||
        kv_put(&a->macros, "HOSTNAME", "web01") || kv_put(&a->macros, "A.B", "1795399920"))
        abort();
    a->time = 1795399920;
    a->duration = 7500;
    return a;
}

/* Whatever the template was: clean text within its bound, spans in order and within the text. */
static void judge(enum nt_status status, const struct rendering *r)
{
    size_t end = 0;
    if (status || r->text.len > TEXT_MAX || !utf8_valid(buf_text(&r->text), r->text.len))
        abort();
    for (size_t i = 0; i < r->n; i++) {
        if (r->span[i].start < end || !r->span[i].len || r->span[i].len > r->text.len - r->span[i].start)
            abort();
        end = r->span[i].start + r->span[i].len;
    }
}

static void no_log(void *arg, const char *file, unsigned long line, unsigned long column, const char *message)
{
    (void)arg, (void)file, (void)column;
    if (line > 1 << 20 || !*message)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct alert *alert;
    static cJSON *json;
    if (!alert) {
        alert = make_alert();
        json = cJSON_Parse(
            "{\"a\":{\"b\":[1,2,{\"c\":\"x\"}],\"host\":\"h\"},\"t\":true,\"l\":[[],[1.5,\"y\"]],\"A.B\":\"m\"}");
        if (!json || !mkdtemp(folder) || log_open("fuzz", LOG_LEVEL_ERROR, "stderr"))
            abort();
        atexit(leave);
    }
    const struct alert *list[] = {alert, alert};
    const struct render_options options = {.contact = "alice",
                                           .number = "+15005550001",
                                           .timezone = "UTC",
                                           .now = 1795399999000,
                                           .late = (int64_t)(size % 2)};
    struct template_set *set = NULL;
    struct rendering out;
    write_template("problem", data, size);
    write_template("digest", data, size);
    write_template("main", data, size);
    if (template_set_new(folder, NULL, &set))
        abort();
    rendering_init(&out, TEXT_MAX);
    enum nt_status status = template_set_check(set, no_log, NULL);
    if (status && status != NT_EINVAL)
        abort();
    judge(template_render_alert(set, NULL, alert, &options, &out), &out);
    judge(template_render_digest(set, list, 2, 3, &options, &out), &out);
    status = template_render_json(set, "main", json, &options, &out, no_log, NULL);
    if (status != NT_EINVAL && status != NT_ENOENT)
        judge(status, &out);
    rendering_clean(&out);
    template_set_free(set);
    return 0;
}

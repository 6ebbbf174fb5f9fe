/*
 * set: finds templates by name, parses each once, and keeps it.
 *
 * The set owns its templates and zones. It lives as long as a configuration: an edited file is seen by the next set, a
 * new file at once. Not for two threads at the same time: looking up fills the caches.
 *
 * DIAGNOSTICS
 * NT_ENOMEM. A file that is there and cannot be read is logged, and the search goes on as if it were not there. A time
 * zone that cannot be loaded is logged once, and the system's is used.
 */
#include "template/set.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/vector.h"

#include <string.h>

enum {
    SET_MAX = 256, /* templates kept; a name read with many indentations counts many times */
    ZONES_MAX = 64,
    PATH_LENGTH_MAX = 4096
};

/* When every file is missing: a page must still say what has happened. Covers a digest as well. */
static const char last_resort[] =
    "{{#alerts}}{{state}} {{#service}}{{service}} on {{/service}}{{host}} {{time}}\n{{/alerts}}"
    "{{#count}}{{#more}}+{{more}} more of {{count}} alerts{{/more}}{{/count}}"
    "{{^count}}{{event | upper}}{{#phase}} {{phase}}{{/phase}}{{#state}} {{state}}{{/state}}"
    "{{#host}} {{#service}}{{service}} on {{/service}}{{host}}{{/host}} {{time}}"
    "{{#output}} {{output | oneline | fit}}{{/output}}{{/count}}";

enum nt_status template_set_new(const char *dir, const char *installed, struct template_set **out)
{
    const char *folder[SET_PLACES] = {"", dir ? dir : "", installed ? installed : ""};
    struct template_set *set = mem_zalloc(sizeof *set);
    *out = NULL;
    if (!set)
        return NT_ENOMEM;
    for (int i = 0; i < SET_PLACES; i++) {
        set->folder[i] = mem_strdup(folder[i]);
        if (!set->folder[i]) {
            template_set_free(set);
            return NT_ENOMEM;
        }
    }
    *out = set;
    return NT_OK;
}

static void forget_zones(struct template_set *set)
{
    for (size_t i = 0; i < set->zones.n; i++) {
        mem_free(set->zones.item[i].name);
        zone_free(set->zones.item[i].zone);
    }
    set->zones.n = 0;
}

void template_set_free(struct template_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->n; i++)
        template_free(set->item[i]);
    mem_free(set->item);
    template_free(set->builtin);
    forget_zones(set);
    mem_free(set->zones.item);
    for (int i = 0; i < SET_PLACES; i++)
        mem_free(set->folder[i]);
    mem_free(set);
}

void template_free(struct template *t)
{
    if (!t)
        return;
    mem_free(t->name);
    mem_free(t->indent);
    mem_free(t->path);
    template_tree_clean(&t->tree);
    mem_free(t);
}

/* Bytes that are no UTF-8 become '?'. Control characters wait: which of them matter is the renderer's to say. */
static void mend(struct buf *source)
{
    for (size_t i = 0, n; i < source->len; i += n) {
        uint32_t cp;
        n = utf8_next(source->data + i, source->len - i, &cp);
        if (n)
            continue;
        source->data[i] = '?';
        n = 1;
    }
}

/* The lines of `raw`, each with the indentation before it. */
static enum nt_status indent_lines(const char *raw, size_t len, const char *indent, struct buf *out)
{
    for (size_t i = 0; i < len;) {
        const char *newline = memchr(raw + i, '\n', len - i);
        size_t end = newline ? (size_t)(newline - raw) + 1 : len;
        buf_adds(out, indent);
        buf_add(out, raw + i, end - i);
        i = end;
    }
    return buf_status(out);
}

/* Takes raw's text. */
static enum nt_status template_make(struct buf *raw, const char *path, const char *name, const char *indent,
                                    struct template **out)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors put one in front */
    enum nt_status status = NT_ENOMEM;
    struct buf source;
    const char *text = buf_text(raw);
    size_t skip = strncmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
    struct template *t = mem_zalloc(sizeof *t);
    buf_init(&source, TEMPLATE_SOURCE_MAX);
    if (!t)
        goto done;
    buf_init(&t->tree.source, TEMPLATE_SOURCE_MAX);
    t->name = mem_strdup(name);
    t->indent = mem_strdup(indent);
    t->path = mem_strdup(path);
    if (!t->name || !t->indent || !t->path)
        goto done;
    status = indent_lines(text + skip, raw->len - skip, indent, &source);
    if (status)
        goto done;
    mend(&source);
    status = template_parse(&source, &t->tree);
    if (status)
        goto done;
    *out = t;
    t = NULL;
done:
    template_free(t);
    buf_clean(&source);
    return status;
}

enum nt_status template_load(const char *path, const char *name, const char *indent, struct template **out)
{
    struct buf raw;
    buf_init(&raw, TEMPLATE_SOURCE_MAX);
    *out = NULL;
    enum nt_status status = file_read(path, &raw, NULL);
    if (!status)
        status = template_make(&raw, path, name, indent, out);
    buf_clean(&raw);
    return status;
}

enum nt_status template_from_text(const char *text, const char *what, struct template **out)
{
    struct buf raw;
    buf_init(&raw, TEMPLATE_SOURCE_MAX);
    *out = NULL;
    enum nt_status status = buf_adds(&raw, text);
    if (!status)
        status = template_make(&raw, what, what, "", out);
    buf_clean(&raw);
    return status;
}

bool set_name_valid(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) <= TEMPLATE_NAME_MAX;
}

static struct template *cached(const struct template_set *set, const char *name, const char *indent,
                               enum set_place first)
{
    for (size_t i = 0; i < set->n; i++) {
        struct template *t = set->item[i];
        if (t->first == first && strcmp(t->name, name) == 0 && strcmp(t->indent, indent) == 0)
            return t;
    }
    return NULL;
}

static enum nt_status load_from(const struct template_set *set, enum set_place place, const char *name,
                                const char *indent, struct template **out)
{
    struct buf path;
    if (!*set->folder[place])
        return NT_ENOENT;
    buf_init(&path, PATH_LENGTH_MAX);
    enum nt_status status = buf_addf(&path, "%s/%s.mustache", set->folder[place], name);
    if (!status)
        status = template_load(buf_text(&path), name, indent, out);
    if (status && status != NT_ENOENT && status != NT_ENOMEM) {
        log_warning("template %s cannot be used: %s", buf_text(&path), nt_status_text(status));
        status = NT_ENOENT;
    }
    buf_clean(&path);
    return status;
}

enum nt_status set_find(struct template_set *set, const char *name, const char *indent, enum set_place first,
                        struct template **out)
{
    enum nt_status status = NT_ENOENT;
    struct template *t = NULL;
    *out = NULL;
    if (!set_name_valid(name))
        return NT_OK;
    *out = cached(set, name, indent, first);
    if (*out || set->n == SET_MAX)
        return NT_OK;
    int place = (int)first - 1;
    while (status == NT_ENOENT && ++place < SET_PLACES)
        status = load_from(set, (enum set_place)place, name, indent, &t);
    if (status)
        return status == NT_ENOENT ? NT_OK : status;
    t->first = first;
    t->place = (enum set_place)place;
    if (!VECTOR_GROW(set, item)) {
        template_free(t);
        return NT_ENOMEM;
    }
    *out = set->item[set->n++] = t;
    return NT_OK;
}

enum nt_status template_set_has(struct template_set *set, const char *name, bool *has)
{
    struct template *t = NULL;
    enum nt_status status = set_find(set, name, "", SET_BESIDE, &t);
    *has = !status && t;
    return status;
}

enum nt_status set_builtin(struct template_set *set, struct template **out)
{
    enum nt_status status = NT_OK;
    if (!set->builtin) {
        struct buf raw;
        buf_init(&raw, sizeof last_resort);
        status = buf_adds(&raw, last_resort);
        if (!status)
            status = template_make(&raw, "(built in)", "", "", &set->builtin);
        buf_clean(&raw);
    }
    *out = set->builtin;
    return status;
}

enum nt_status set_zone_find(struct template_set *set, const char *name, const struct zone **out)
{
    *out = NULL;
    if (!name || !*name)
        return NT_OK;
    for (size_t i = 0; i < set->zones.n; i++) {
        if (strcmp(set->zones.item[i].name, name) == 0) {
            *out = set->zones.item[i].zone;
            return NT_OK;
        }
    }
    if (set->zones.n == ZONES_MAX)
        forget_zones(set);
    if (!VECTOR_GROW(&set->zones, item))
        return NT_ENOMEM;
    struct set_zone entry = {.name = mem_strdup(name)};
    enum nt_status status = entry.name ? zone_load(zone_folder(), name, &entry.zone) : NT_ENOMEM;
    if (status == NT_ENOMEM) {
        mem_free(entry.name);
        return status;
    }
    if (status)
        log_warning("time zone \"%s\" cannot be used: %s; times are in the system's", name, nt_status_text(status));
    set->zones.item[set->zones.n++] = entry;
    *out = entry.zone;
    return NT_OK;
}

/*
 * check: graphs and the ways to publish them: each is of exactly one kind, and has what that kind needs.
 *
 * DIAGNOSTICS
 * Problems, all mild: a page whose picture does not come goes as text. Faulty graphs and publishers are left out.
 */
#include "config/reading.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Which of the keys is given; the number of keys when none is, and told when it is not exactly one. */
static size_t kind_of(struct reading *r, const struct node *item, const char *const *key, size_t keys, const char *what)
{
    size_t found = keys, given = 0;
    for (size_t i = 0; i < keys; i++)
        if (!node_empty(node_get(item, key[i]))) {
            found = i;
            given++;
        }
    if (given == 1)
        return found;
    reading_fault(r, item, false, "%s needs exactly one of %s, %s, %s and %s (left out)", what, key[0], key[1], key[2],
                  key[3]);
    return keys;
}

/* A program's name must be there; its arguments may be anything. */
static bool runnable(struct reading *r, const struct node *item, const struct strlist *command)
{
    if (command->n && *command->item[0])
        return true;
    const struct node *n = node_get(item, "command");
    if (n->kind == NODE_LIST)
        reading_fault(r, n, false, "command needs a program (left out)");
    return false;
}

static bool has(struct reading *r, const struct node *item, const char *value, const char *key, const char *with)
{
    if (*value)
        return true;
    if (node_empty(node_get(item, key)))
        reading_fault(r, item, false, "%s needs %s (left out)", with, key);
    return false;
}

/* Header lines often hold a token. The file is read anew at each use, so only its looks matter here. */
static void check_header_file(struct reading *r, const struct node *item, char **file)
{
    struct stat st;
    const struct node *n = node_get(item, "header_file");
    if (!**file || r->mode == READING_TEXT)
        return;
    credentials_find(r, n, file);
    const char *path = *file;
    if (stat(path, &st))
        reading_fault(r, n, false, "header_file: %s cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        reading_fault(r, n, false, "header_file: %s is not a file", path);
    else if (st.st_mode & 07)
        reading_fault(r, n, false, "header_file: others have access to %s (mode %04o): chmod o= %s", path,
                      (unsigned)(st.st_mode & 07777), path);
}

/* A secret of its own file or in the text. Without one the picture will not come: told, and kept. */
static void take_secret(struct reading *r, const struct node *map, const char *key, const char *file_key, char **secret,
                        const char *file)
{
    if (**secret)
        log_secret(*secret);
    else if (*file)
        credentials_read(r, node_key(map, file_key), file, secret);
    else if (r->mode != READING_COPY)
        reading_fault(r, map, false, "%s is missing (or %s)", file_key, key);
}

static bool check_graph(struct reading *r, const struct node *item, struct config_graph *g)
{
    static const char *const kinds[] = {"url", "command", "file", "zabbix"};
    _Static_assert(CONFIG_GRAPH_URL == 0 && CONFIG_GRAPH_COMMAND == 1 && CONFIG_GRAPH_FILE == 2 &&
                       CONFIG_GRAPH_ZABBIX == 3,
                   "the words above are in the order of enum config_graph_kind");
    size_t kind = kind_of(r, item, kinds, 4, "a graph");
    if (kind == 4 || !*g->name)
        return false;
    g->kind = (enum config_graph_kind)kind;
    check_header_file(r, item, &g->header_file);
    switch (g->kind) {
    case CONFIG_GRAPH_URL:
        return *g->url;
    case CONFIG_GRAPH_COMMAND:
        return runnable(r, item, &g->command);
    case CONFIG_GRAPH_FILE:
        return *g->file && has(r, item, g->root, "root", "file");
    default:
        take_secret(r, node_get(item, "zabbix"), "password", "password_file", &g->zabbix.password,
                    g->zabbix.password_file);
        return *g->zabbix.url && *g->zabbix.user && *g->zabbix.item;
    }
}

/* Twilio fetches a picture when it sends the page; until then it has to be there. */
static void check_keep(struct reading *r, const struct node *item, const struct config_publish *p)
{
    const struct config *c = r->config;
    int64_t longest = c->expire_urgent > c->expire_routine ? c->expire_urgent : c->expire_routine;
    const struct node *n = node_get(item, "keep");
    if (p->kind != CONFIG_PUBLISH_COMMAND && p->keep < longest)
        reading_fault(r, n ? n : item, false,
                      "keep is shorter than expire: a page may be sent after its picture is gone");
}

/* What lets one upload must not be there for everybody to read; on this machine nobody is in between. */
static void check_openness(struct reading *r, const struct node *item, const struct config_publish *p)
{
    struct buf kept;
    if (p->kind != CONFIG_PUBLISH_PUT || !*p->header_file || strncasecmp(p->put, "http://", 7) != 0)
        return;
    buf_init(&kept, FIELD_TEXT_MAX);
    if (form_api_url.look(p->put, &kept) == FORM_BAD)
        reading_fault(r, node_get(item, "put"), false,
                      "put goes without TLS: whoever is on the way can read what header_file holds");
    buf_clean(&kept);
}

static bool check_publish(struct reading *r, const struct node *item, struct config_publish *p)
{
    static const char *const kinds[] = {"directory", "put", "s3", "command"};
    _Static_assert(CONFIG_PUBLISH_DIRECTORY == 0 && CONFIG_PUBLISH_PUT == 1 && CONFIG_PUBLISH_S3 == 2 &&
                       CONFIG_PUBLISH_COMMAND == 3,
                   "the words above are in the order of enum config_publish_kind");
    size_t kind = kind_of(r, item, kinds, 4, "publish");
    if (kind == 4)
        return false;
    p->kind = (enum config_publish_kind)kind;
    check_header_file(r, item, &p->header_file);
    check_keep(r, item, p);
    check_openness(r, item, p);
    switch (p->kind) {
    case CONFIG_PUBLISH_DIRECTORY:
        return *p->directory && has(r, item, p->public_url, "public_url", "directory");
    case CONFIG_PUBLISH_PUT:
        return *p->put && has(r, item, p->public_url, "public_url", "put");
    case CONFIG_PUBLISH_COMMAND:
        return runnable(r, item, &p->command);
    default:
        take_secret(r, node_get(item, "s3"), "secret_access_key", "secret_access_key_file", &p->s3.secret_access_key,
                    p->s3.secret_access_key_file);
        return *p->s3.endpoint && *p->s3.region && *p->s3.bucket && *p->s3.access_key_id;
    }
}

static void check_graphs(struct reading *r)
{
    struct config *c = r->config;
    const struct node *list = node_get(r->root, "graphs");
    const struct node *item = list ? list->first : NULL;
    size_t kept = 0;
    for (size_t i = 0; i < c->graphs && item && !r->status; i++, item = item->next) {
        bool good = item->kind == NODE_MAP && check_graph(r, item, &c->graph[i]);
        for (size_t k = 0; good && k < kept; k++)
            if (!strcmp(c->graph[k].name, c->graph[i].name)) {
                reading_fault(r, node_get(item, "name"), false, "there is a graph '%.*s' already (left out)",
                              READING_QUOTE, c->graph[i].name);
                good = false;
            }
        if (r->status)
            return;
        if (!good) {
            unbind_section(&schema_graph, &c->graph[i]);
            continue;
        }
        struct config_graph moved = c->graph[i];
        c->graph[i] = (struct config_graph){0};
        c->graph[kept++] = moved;
    }
    if (!r->status)
        c->graphs = kept;
}

static void check_publishers(struct reading *r)
{
    struct config *c = r->config;
    const struct node *list = node_get(r->root, "publish");
    const struct node *item = list ? list->first : NULL;
    size_t kept = 0;
    for (size_t i = 0; i < c->publishes && item && !r->status; i++, item = item->next) {
        bool good = item->kind == NODE_MAP && check_publish(r, item, &c->publish[i]);
        if (r->status)
            return;
        if (!good) {
            unbind_section(&schema_publish, &c->publish[i]);
            continue;
        }
        struct config_publish moved = c->publish[i];
        c->publish[i] = (struct config_publish){0};
        c->publish[kept++] = moved;
    }
    if (!r->status)
        c->publishes = kept;
}

void media_check(struct reading *r)
{
    if (r->status)
        return;
    check_graphs(r);
    if (!r->status)
        check_publishers(r);
}

/*
 * check: what no table can say about a configuration that has been bound: senders, addresses, folders, tiers.
 *
 * Faulty parts are taken out here, so later stages find only what can be used.
 *
 * DIAGNOSTICS
 * Problems, mild wherever the rest can be used; fatal when no sender is left.
 */
#include "config/reading.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void reading_fault(struct reading *r, const struct node *n, bool fatal, const char *format, ...)
{
    struct buf b;
    va_list args;
    if (r->status)
        return;
    buf_init(&b, 16384);
    va_start(args, format);
    buf_addv(&b, format, args);
    va_end(args);
    r->status = buf_status(&b);
    if (!r->status)
        r->status = problems_add(r->problems, r->file, n ? n->line : 0, n ? n->column : 0, fatal, "%s", buf_text(&b));
    buf_clean(&b);
    r->fatal |= fatal;
    r->hopeless |= fatal && r->vital;
}

static void check_address(struct reading *r, const struct node *map)
{
    struct config_twilio *t = &r->config->twilio;
    const struct node *base = node_get(map, "base_url");
    struct buf b;
    if (!*t->edge && !*t->region)
        return;
    if (!node_empty(base) && strcmp(t->base_url, "https://api.twilio.com") != 0) {
        reading_fault(r, base, true, "base_url does not go with edge and region: leave one of them out");
        return;
    }
    /* An edge alone means Twilio's home region. */
    buf_init(&b, 512);
    if (*t->edge)
        buf_addf(&b, "https://api.%s.%s.twilio.com", t->edge, *t->region ? t->region : "us1");
    else
        buf_addf(&b, "https://api.%s.twilio.com", t->region);
    r->status = buf_status(&b);
    if (!r->status)
        reading_set(r, &t->base_url, buf_text(&b));
    buf_clean(&b);
}

static void check_senders(struct reading *r, const struct node *map)
{
    struct config_twilio *t = &r->config->twilio;
    const struct node *list = node_get(map, "senders");
    size_t kept = 0;
    if (node_empty(list) || list->kind != NODE_LIST)
        return; /* told */
    const struct node *item = list->first;
    for (size_t i = 0; i < t->senders && item; i++, item = item->next) {
        struct config_sender *s = &t->sender[i];
        bool from = !node_empty(node_get(item, "from")), service = !node_empty(node_get(item, "messaging_service_sid"));
        if (item->kind == NODE_MAP && from == service)
            reading_fault(r, item, false,
                          from ? "a sender has either from or messaging_service_sid, not both (left out)"
                               : "a sender needs from or messaging_service_sid (left out)");
        if (from == service || (!*s->from && !*s->messaging_service_sid)) {
            unbind_section(&schema_sender, s);
            continue;
        }
        struct config_sender moved = *s;
        *s = (struct config_sender){0};
        t->sender[kept++] = moved;
    }
    t->senders = kept;
    if (!kept)
        reading_fault(r, list, true, "no usable sender");
}

/* The password in an address is a secret wherever it turns up: "http://user:secret@host" → "secret". */
static void hide_password(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *user = scheme ? scheme + 3 : url;
    const char *at = user + strcspn(user, "@/");
    const char *colon = memchr(user, ':', (size_t)(at - user));
    if (*at != '@' || !colon)
        return;
    char *password = mem_strndup(colon + 1, (size_t)(at - colon - 1));
    if (password) {
        log_secret(password);
        explicit_bzero(password, strlen(password));
    }
    mem_free(password);
}

void twilio_check(struct reading *r)
{
    struct config_twilio *t = &r->config->twilio;
    const struct node *map = node_get(r->root, "twilio");
    if (!map || map->kind != NODE_MAP || r->status)
        return;
    check_address(r, map);
    if (r->status)
        return;
    check_senders(r, map);
    if (r->status)
        return;
    if (*t->ca_file && r->mode != READING_TEXT && access(t->ca_file, R_OK)) {
        reading_fault(r, node_get(map, "ca_file"), false, "ca_file: %s cannot be read: %s", t->ca_file,
                      strerror(errno));
        reading_set(r, &t->ca_file, "");
    }
    hide_password(t->proxy);
    hide_password(t->status_callback);
}

static void set_absolute(struct reading *r, char **text, const char *prefix, const char *path)
{
    struct buf b;
    char *absolute = file_beside(r->base, path);
    if (!absolute) {
        r->status = NT_ENOMEM;
        return;
    }
    buf_init(&b, FIELD_LINES_MAX);
    buf_addf(&b, "%s%s", prefix, absolute);
    mem_free(absolute);
    r->status = buf_status(&b);
    if (!r->status)
        reading_set(r, text, buf_text(&b));
    buf_clean(&b);
}

static void check_places(struct reading *r)
{
    struct config *c = r->config;
    const struct node *folder = node_get(node_get(r->root, "message"), "template_dir");
    struct stat st;
    struct sockaddr_un address;
    const char *path = c->store + strlen("sqlite:");
    set_absolute(r, &c->store_path, "", path);
    if (!r->status)
        set_absolute(r, &c->store, "sqlite:", c->store_path);
    if (!r->status && strcmp(c->log_to, "syslog") != 0 && strcmp(c->log_to, "stderr") != 0) {
        char *to = mem_strdup(c->log_to);
        if (to)
            set_absolute(r, &c->log_to, "", to);
        else
            r->status = NT_ENOMEM;
        mem_free(to);
    }
    if (r->status)
        return;
    if (strlen(c->socket) >= sizeof address.sun_path)
        reading_fault(r, node_get(node_get(r->root, "daemon"), "socket"), false,
                      "socket: the path is longer than %zu bytes, which no socket's may be",
                      sizeof address.sun_path - 1);
    if (node_empty(folder) || r->mode == READING_TEXT)
        return;
    /* A folder that was asked for; without it the installed texts are used. */
    if (stat(c->message.template_dir, &st))
        reading_fault(r, folder, false, "template_dir: %s: %s", c->message.template_dir, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        reading_fault(r, folder, false, "template_dir: %s is not a folder", c->message.template_dir);
}

/*
 * A tier that another one makes pointless: {pages: 10, per: 1m} beside {pages: 3, per: 15m} can never be what holds a
 * page. Most likely the two were mixed up. Tiers of a faulty item are taken out.
 */
static void check_tiers(struct reading *r, const struct node *list, struct config_tiers *t)
{
    if (list && list->kind == NODE_LIST && list->n == t->n)
        for (size_t i = 0; i < t->n; i++)
            for (size_t k = 0; k < t->n; k++) {
                const struct config_tier *a = &t->tier[i], *b = &t->tier[k];
                bool twins = a->pages == b->pages && a->per == b->per;
                if (i == k || a->pages < 1 || b->pages < 1 || b->pages > a->pages || b->per < a->per ||
                    (twins && k > i))
                    continue;
                reading_fault(r, node_at(list, i), false,
                              "this tier has no effect: the one in line %lu allows no more, and for longer",
                              node_at(list, k)->line);
                break;
            }
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->tier[i].pages > 0 && t->tier[i].per > 0)
            t->tier[kept++] = t->tier[i];
    t->n = kept;
}

static void inherit_tiers(struct reading *r, struct config_tiers *to, const struct config_tiers *from)
{
    struct config_tier *copy = mem_array(from->n ? from->n : 1, sizeof *copy);
    if (!copy) {
        r->status = NT_ENOMEM;
        return;
    }
    for (size_t i = 0; i < from->n; i++)
        copy[i] = from->tier[i];
    mem_free(to->tier);
    to->tier = copy;
    to->n = from->n;
}

static void check_throttle(struct reading *r, const struct node *map, struct config_throttle *t)
{
    t->given = map && map->kind == NODE_MAP;
    check_tiers(r, node_get(map, "urgent"), &t->urgent);
    check_tiers(r, node_get(map, "routine"), &t->routine);
}

void settings_check(struct reading *r)
{
    struct config *c = r->config;
    if (r->status)
        return;
    check_places(r);
    check_throttle(r, node_get(r->root, "throttle"), &c->throttle);
    const struct node *list = node_get(r->root, "contacts");
    const struct node *item = list ? list->first : NULL;
    for (size_t i = 0; i < c->contacts && item && !r->status; i++, item = item->next) {
        struct config_throttle *own = &c->contact[i].throttle;
        const struct node *map = node_get(item, "throttle");
        if (!map)
            continue;
        check_throttle(r, map, own);
        if (own->given && node_empty(node_get(map, "urgent")))
            inherit_tiers(r, &own->urgent, &c->throttle.urgent);
        if (own->given && !r->status && node_empty(node_get(map, "routine")))
            inherit_tiers(r, &own->routine, &c->throttle.routine);
    }
}

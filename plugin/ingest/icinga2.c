/*
 * icinga2: Icinga 2: its environment form and MACRO=VALUE pairs → the alert, and the options of its mail scripts.
 *
 * Icinga's names come without a prefix, among everything else that is in an environment. Only names of monitoring are
 * taken from there: whatever else is set may be a secret, and would end in the queue. HOSTNAME is a common shell
 * variable; alone it says nothing, so it counts only beside NOTIFICATIONTYPE. Anything may be passed as a pair.
 *
 * Icinga's output is the whole text with real newlines. An array in the environment is joined with ';'.
 *
 * The mail scripts' options each take a value, attached or as the next word, empty or beginning with '-'. Words that
 * belong to no option are passed over, as those scripts do.
 *
 * DIAGNOSTICS
 * NT_ENOMEM; icinga2_options(): NT_EINVAL for a letter that the script does not have.
 */
#include "base/log.h"
#include "ingest/macros.h"
#include "ingest/source.h"

#include <string.h>
#include <strings.h>

/* What Icinga's names begin with; the documentation's own and those that admins make up after them. */
static const char *const env_prefixes[] = {
    "NOTIFICATION",  "HOST",        "SERVICE", "CONTACT",   "LASTHOST",  "LASTSERVICE",
    "LONGHOST",      "LONGSERVICE", "ICINGA",  "USEREMAIL", "USERPAGER", "LONGDATETIME",
    "SHORTDATETIME", "TIMET",       "_HOST",   "_SERVICE",  "_CONTACT",
};

static bool is_env_name(const char *name, bool notification)
{
    if (!notification && !strcmp(name, "HOSTNAME"))
        return false;
    /* HOSTADDRESS and _SERVICERUNBOOK, but not SERVICE_PASSWORD. */
    if (strchr(name + 1, '_'))
        return false;
    for (size_t i = 0; i < sizeof env_prefixes / sizeof *env_prefixes; i++)
        if (!strncmp(name, env_prefixes[i], strlen(env_prefixes[i])))
            return true;
    return false;
}

/* "+15005550006;+15005550009" → "+15005550006,+15005550009" */
static void join_by_commas(char *list)
{
    for (char *at = list; (at = strchr(at, ';')); at++)
        *at = ',';
}

enum nt_status icinga2_read(const struct ingest_input *in, struct alert *a)
{
    enum nt_status status = NT_OK;
    bool notification = in->env && *kv_text(in->env, "NOTIFICATIONTYPE");
    for (size_t i = 0; in->env && i < in->env->n && !status; i++) {
        const struct kv_pair *p = &in->env->pair[i];
        if (is_env_name(p->key, notification))
            status = macros_put(&a->macros, p->key, strlen(p->key), p->value);
    }
    for (size_t i = 0; in->pairs && i < in->pairs->n && !status; i++) {
        const struct kv_pair *p = &in->pairs->pair[i];
        if (!notification_unresolved(p->value))
            status = macros_put(&a->macros, p->key, strlen(p->key), p->value);
    }
    if (!status)
        status = notification_read(a, in->urgent_states, false);
    if (!status)
        join_by_commas(a->pager);
    return status;
}

enum scope { OF_BOTH, OF_SERVICE };

/* The letters of mail-host-notification.sh and mail-service-notification.sh. -o and -s are about what the notification
 * is about. */
static const struct letter {
    char letter;
    enum scope scope;
    const char *host_macro, *service_macro;
} letters[] = {
    {'4', OF_BOTH, "HOSTADDRESS", "HOSTADDRESS"},
    {'6', OF_BOTH, "HOSTADDRESS6", "HOSTADDRESS6"},
    {'X', OF_BOTH, "HOSTNOTES", "HOSTNOTES"},
    {'b', OF_BOTH, "NOTIFICATIONAUTHORNAME", "NOTIFICATIONAUTHORNAME"},
    {'c', OF_BOTH, "NOTIFICATIONCOMMENT", "NOTIFICATIONCOMMENT"},
    {'d', OF_BOTH, "LONGDATETIME", "LONGDATETIME"},
    {'e', OF_SERVICE, NULL, "SERVICENAME"},
    {'f', OF_BOTH, "MAILFROM", "MAILFROM"},
    {'i', OF_BOTH, "ICINGAWEB2URL", "ICINGAWEB2URL"},
    {'l', OF_BOTH, "HOSTNAME", "HOSTNAME"},
    {'n', OF_BOTH, "HOSTDISPLAYNAME", "HOSTDISPLAYNAME"},
    {'o', OF_BOTH, "HOSTOUTPUT", "SERVICEOUTPUT"},
    {'r', OF_BOTH, "USEREMAIL", "USEREMAIL"},
    {'s', OF_BOTH, "HOSTSTATE", "SERVICESTATE"},
    {'t', OF_BOTH, "NOTIFICATIONTYPE", "NOTIFICATIONTYPE"},
    {'u', OF_SERVICE, NULL, "SERVICEDISPLAYNAME"},
    {'v', OF_BOTH, "VERBOSE", "VERBOSE"},
    {'x', OF_SERVICE, NULL, "SERVICENOTES"},
};

static const struct letter *find_letter(char c, bool service)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].letter == c && (service || letters[i].scope == OF_BOTH))
            return &letters[i];
    return NULL;
}

static enum nt_status take(const struct letter *l, const char *value, bool service, struct kv *macros,
                           struct strlist *to, bool *verbose)
{
    enum nt_status status = NT_OK;
    if (l->letter == 'v') {
        *verbose = !strcasecmp(value, "yes") || !strcasecmp(value, "true") || !strcmp(value, "1");
        return NT_OK;
    }
    if (l->letter == 'r')
        status = strlist_split(to, value, ",;");
    /* Templates may call it either; the environment form has both. */
    if (!status && l->letter == 'e')
        status = macros_put(macros, "SERVICEDESC", 11, value);
    const char *macro = service ? l->service_macro : l->host_macro;
    return status ? status : macros_put(macros, macro, strlen(macro), value);
}

enum nt_status icinga2_options(int argc, char *const argv[], bool service, struct kv *macros, struct strlist *to,
                               bool *verbose, struct buf *error)
{
    *verbose = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || !argv[i][1] || !strcmp(argv[i], "--")) {
            log_warning("\"%.64s\" belongs to no option: passed over", argv[i]);
            continue;
        }
        const struct letter *l = find_letter(argv[i][1], service);
        if (!l) {
            buf_addf(error, "option -%c is not one of the %s notification script's", argv[i][1],
                     service ? "service" : "host");
            return NT_EINVAL;
        }
        const char *value = argv[i] + 2;
        if (!*value)
            value = i + 1 < argc ? argv[++i] : "";
        enum nt_status status = take(l, value, service, macros, to, verbose);
        if (status)
            return status;
    }
    return NT_OK;
}

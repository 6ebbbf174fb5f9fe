/*
 * config: the whole configuration as data (a record: every later stage may read it).
 *
 * All strings are owned by the struct and never NULL unless said; "" = not given. Durations are in
 * milliseconds. Paths are absolute after loading.
 */
#ifndef NT_CONFIG_CONFIG_H
#define NT_CONFIG_CONFIG_H

#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_encoding { CONFIG_ENCODING_AUTO, CONFIG_ENCODING_GSM7, CONFIG_ENCODING_UCS2 };

struct config_sender {
    char *from;                 /* E.164, short code or alphanumeric; "" with a messaging service */
    char *messaging_service_sid; /* MG…; "" with from */
    double segments_per_second; /* > 0 */
    double media_per_second;    /* messages with pictures; 0 = as many as segments */
    struct strlist prefixes;    /* empty: serves every number */
};

struct config_twilio {
    char *account_sid;
    char *auth_token;          /* resolved: from the file, the credentials folder or inline; "" with an API key */
    char *auth_token_file;     /* absolute; "" when inline */
    char *api_key_sid;         /* "" without an API key */
    char *api_key_secret;      /* resolved */
    char *api_key_secret_file;
    char *base_url;            /* without a slash at the end; edge and region already applied */
    char *edge, *region;
    char *ca_file;
    char *proxy;
    int64_t connect_timeout, timeout; /* ms */
    int connections;
    char *status_callback;
    char *application_sid;
    char *risk_check;          /* "disable" or "enable" */
    struct config_sender *sender;
    size_t senders;
};

struct config_message {
    int max_segments;
    enum config_encoding encoding;
    char *template_dir;
    char *timezone;            /* "" = the system's */
};

struct config_tier {
    int pages;
    int64_t per;               /* ms */
};

struct config_tiers {
    struct config_tier *tier;
    size_t n;
};

struct config_throttle {
    bool given;                /* contacts: false = the global one holds; a class left out there is the global one's (filled in) */
    struct config_tiers urgent, routine;
};

struct config_contact {
    char *name;
    struct strlist aliases;
    struct strlist numbers;    /* E.164; may be empty */
    bool routine;
    char *timezone;            /* "" = message.timezone */
    struct config_throttle throttle;
};

struct config_group {
    char *name;
    struct strlist members;    /* names of contacts, groups, or numbers; unknown ones are removed at load (and reported) */
};

struct config_zabbix_graph {
    char *url, *user, *password, *password_file, *item;
};

enum config_graph_kind { CONFIG_GRAPH_URL, CONFIG_GRAPH_COMMAND, CONFIG_GRAPH_FILE, CONFIG_GRAPH_ZABBIX };

struct config_graph {
    char *name;
    enum config_graph_kind kind;
    char *url;
    struct strlist headers;
    char *header_file;
    struct strlist when;       /* "urgent", "routine", event names; empty = not given */
    struct strlist command;
    char *file, *root;
    struct config_zabbix_graph zabbix;
};

struct config_s3 {
    char *endpoint, *region, *bucket, *access_key_id, *secret_access_key, *secret_access_key_file, *prefix, *public_url;
    bool path_style;
};

enum config_publish_kind { CONFIG_PUBLISH_DIRECTORY, CONFIG_PUBLISH_PUT, CONFIG_PUBLISH_S3, CONFIG_PUBLISH_COMMAND };

struct config_publish {
    enum config_publish_kind kind;
    char *directory, *put, *public_url, *header_file;
    struct config_s3 s3;
    struct strlist command;
    int64_t keep;              /* ms after which a picture is deleted; not with command */
};

struct config {
    char *path;                /* absolute path of the file asked for, even when a last good copy was read */
    struct config_twilio twilio;
    struct config_message message;
    struct strlist urgent_states;
    struct config_contact *contact;
    size_t contacts;
    struct config_group *group;
    size_t groups;
    struct strlist fallback;
    struct config_throttle throttle;
    int64_t hold_max_urgent, hold_max_routine; /* ms */
    int64_t expire_urgent, expire_routine;
    int64_t deduplicate;
    int64_t retain;
    struct strlist alarm_command; /* empty: none */
    char *store;               /* "sqlite:/path" as given, the path absolute */
    char *store_path;          /* /path */
    char *socket;
    struct config_graph *graph;
    size_t graphs;
    struct config_publish *publish;
    size_t publishes;
    struct strlist media_prefixes;
    char *log_level;           /* error|warning|info|debug */
    char *log_to;              /* "syslog", "stderr" or an absolute path */
    int64_t last_good;         /* 0, or ms since the epoch of the last good copy that is used because the file does not load */
    char *last_good_reason;    /* why; "" otherwise */
    bool salvaged;             /* neither the file nor a last good copy loads: this is what is right in the file, defaults for the
                                * rest; last_good is 0, last_good_reason says why */
};

/* NULL is fine. Secrets are overwritten before they are freed. */
void config_free(struct config *c);

#endif

/*
 * schema: graphs and the ways to publish them.
 */
#include "config/field.h"

#include "config/config.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const occasions[] = {"urgent",   "routine",  "problem", "recovery", "acknowledgement",
                                        "flapping", "downtime", "custom",  "test",     NULL};

#define AT(member) offsetof(struct config_zabbix_graph, member)
static const struct field zabbix_fields[] = {
    {.key = "url",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_template_url,
     .offset = AT(url),
     .example = "https://zabbix.example.org/",
     .doc = "The frontend."},
    {.key = "user",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .offset = AT(user),
     .example = "graphs",
     .doc = "Who logs in."},
    {.key = "password_file",
     .type = FIELD_PATH,
     .offset = AT(password_file),
     .example = "zabbix_password",
     .doc = "A file with the password; as auth_token_file."},
    {.key = "password",
     .type = FIELD_SECRET,
     .offset = AT(password),
     .example = "…",
     .doc = "The password itself, instead of its file."},
    {.key = "item",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .offset = AT(item),
     .example = "\"{{ITEM.ID}}\"",
     .doc = "A template of the item's number."},
};
#undef AT

static const struct section zabbix_section = {
    .name = "zabbix",
    .doc = "A chart of the Zabbix frontend, fetched after logging in there.",
    .size = sizeof(struct config_zabbix_graph),
    .field = zabbix_fields,
    .fields = COUNT(zabbix_fields),
};

#define AT(member) offsetof(struct config_graph, member)
static const struct field graph_fields[] = {
    {.key = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_name,
     .offset = AT(name),
     .example = "cpu",
     .doc = "The name that --graph takes."},
    {.key = "url",
     .type = FIELD_TEXT,
     .flags = FIELD_QUIET,
     .form = &form_template_url,
     .offset = AT(url),
     .example = "\"https://grafana.example.org/render?host={{host | url}}\"",
     .doc = "A template of the address where the picture is."},
    {.key = "headers",
     .type = FIELD_LIST,
     .flags = FIELD_QUIET,
     .form = &form_header,
     .offset = AT(headers),
     .max = 100,
     .example = "[\"Accept: image/png\"]",
     .doc = "Header lines for the request. Secrets belong into header_file."},
    {.key = "header_file",
     .type = FIELD_PATH,
     .offset = AT(header_file),
     .example = "grafana_headers",
     .doc = "A file with further header lines, whole lines like 'Authorization: Bearer …'; looked for "
            "as auth_token_file."},
    {.key = "when",
     .type = FIELD_LIST,
     .words = occasions,
     .offset = AT(when),
     .max = 16,
     .example = "[urgent]",
     .doc = "urgent, routine, or names of events: the alerts that get it without being asked. Default: none; with "
            "--graph, "
            "urgent problems."},
    {.key = "command",
     .type = FIELD_LIST,
     .flags = FIELD_LINES,
     .offset = AT(command),
     .max = 256,
     .example = "[rrdtool, graph, \"-\", \"DEF:v={{host}}.rrd:v:AVERAGE\", \"LINE:v\"]",
     .doc = "A program and its arguments, each a template, run without a shell; the picture comes on its standard "
            "output."},
    {.key = "file",
     .type = FIELD_TEXT,
     .offset = AT(file),
     .example = "\"{{host}}/{{service}}.png\"",
     .doc = "A template of a file's path below root."},
    {.key = "root",
     .type = FIELD_PATH,
     .offset = AT(root),
     .example = "/srv/graphs",
     .doc = "The folder that file stays in. Links that lead out of it are not followed."},
    {.key = "zabbix", .type = FIELD_SECTION, .section = &zabbix_section, .offset = AT(zabbix)},
};
#undef AT

const struct section schema_graph = {
    .name = "graphs",
    .doc = "Pictures that can go with a page. Each has exactly one of url, command, file and zabbix.",
    .size = sizeof(struct config_graph),
    .field = graph_fields,
    .fields = COUNT(graph_fields),
};

#define AT(member) offsetof(struct config_s3, member)
static const struct field s3_fields[] = {
    {.key = "endpoint",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_api_url,
     .offset = AT(endpoint),
     .example = "https://s3.eu-central-1.amazonaws.com",
     .doc = "The service's address, without the bucket."},
    {.key = "region",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_label,
     .offset = AT(region),
     .example = "eu-central-1",
     .doc = "Its region."},
    {.key = "bucket",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .form = &form_label,
     .offset = AT(bucket),
     .example = "graphs",
     .doc = "The bucket."},
    {.key = "access_key_id",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .offset = AT(access_key_id),
     .example = "AKIA0000000000000000",
     .doc = "The key."},
    {.key = "secret_access_key_file",
     .type = FIELD_PATH,
     .offset = AT(secret_access_key_file),
     .example = "s3_secret",
     .doc = "A file with the key's secret; as auth_token_file."},
    {.key = "secret_access_key",
     .type = FIELD_SECRET,
     .offset = AT(secret_access_key),
     .example = "…",
     .doc = "The secret itself, instead of its file."},
    {.key = "path_style",
     .type = FIELD_BOOL,
     .offset = AT(path_style),
     .initial = "false",
     .doc = "true: the bucket is part of the path, not of the host's name. So it is anyway where the host is an IP "
            "address or localhost, and where the bucket's name has a dot."},
    {.key = "prefix",
     .type = FIELD_TEXT,
     .form = &form_key,
     .offset = AT(prefix),
     .example = "pages/",
     .doc = "What names begin with."},
    {.key = "public_url",
     .type = FIELD_TEXT,
     .form = &form_url,
     .offset = AT(public_url),
     .example = "https://graphs.example.org/",
     .doc = "Where everybody can have the pictures; the name is appended, prefix and all. Default: a signed address, "
            "which answers GET alone, for as long as the page may wait and the picture is kept (a week at most)."},
};
#undef AT

static const struct section s3_section = {
    .name = "s3",
    .doc = "A bucket.",
    .size = sizeof(struct config_s3),
    .field = s3_fields,
    .fields = COUNT(s3_fields),
};

#define AT(member) offsetof(struct config_publish, member)
static const struct field publish_fields[] = {
    {.key = "directory",
     .type = FIELD_PATH,
     .offset = AT(directory),
     .example = "/var/www/pages",
     .doc = "A folder that a web server serves at public_url, on a local file system: others can hang. Files appear in "
            "it whole, with mode 0644."},
    {.key = "put",
     .type = FIELD_TEXT,
     .flags = FIELD_QUIET,
     .form = &form_url,
     .offset = AT(put),
     .example = "https://www.example.org/upload/",
     .doc = "An address to upload to by PUT. When it ends with a slash, the picture's name is appended; else each "
            "picture takes the place of the one before."},
    {.key = "public_url",
     .type = FIELD_TEXT,
     .form = &form_url,
     .offset = AT(public_url),
     .example = "https://www.example.org/pages/",
     .doc = "Where Twilio finds what was published, with directory and put; the name is appended."},
    {.key = "header_file",
     .type = FIELD_PATH,
     .offset = AT(header_file),
     .example = "upload_headers",
     .doc = "A file with header lines for put, whole lines like 'Authorization: Basic …'; looked for as "
            "auth_token_file."},
    {.key = "s3", .type = FIELD_SECTION, .section = &s3_section, .offset = AT(s3)},
    {.key = "command",
     .type = FIELD_LIST,
     .flags = FIELD_LINES,
     .offset = AT(command),
     .max = 256,
     .example = "[/usr/local/bin/publish]",
     .doc = "A program and its arguments: the picture on its standard input, the address, and nothing else, on its "
            "standard output."},
    {.key = "keep",
     .type = FIELD_DURATION,
     .offset = AT(keep),
     .min = 1000,
     .max = INT64_C(366) * 24 * 3600 * 1000,
     .initial = "24h",
     .doc = "How long pictures are kept; then serve or queue flush deletes them. A command looks after its own."},
};
#undef AT

const struct section schema_publish = {
    .name = "publish",
    .doc = "How a picture gets to where Twilio can fetch it. The first is used. Each has exactly one of directory, "
           "put, s3 "
           "and command.",
    .size = sizeof(struct config_publish),
    .field = publish_fields,
    .fields = COUNT(publish_fields),
};

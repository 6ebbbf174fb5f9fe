/*
 * channel_request: one line of Icinga Notifications → what it asks for.
 *
 *     {"id":0,"jsonrpc":"2.0","method":"GetInfo"}          JSON-RPC 2.0; its ids begin at 0
 *     {"method":"SetConfig","params":{"wait":"5"},"id":2}  plain
 *
 * Whatever can be answered is answered, under the id it came with: who waits for an answer there has no time limit.
 * Settings that an older or newer version knows are passed over; those known here must make sense, and numbers may come
 * as texts. An empty value is none.
 *
 * The request owns its settings, macros and words; the parsed JSON is gone when the function returns.
 *
 * DIAGNOSTICS
 * NT_EINVAL with a JSON-RPC code in fault and words in error; NT_ENOMEM.
 */
#include "ingest/channel_private.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void channel_settings_init(struct channel_settings *s)
{
    *s = (struct channel_settings){.max_segments = -1, .wait = -1};
}

void channel_settings_clean(struct channel_settings *s)
{
    mem_free(s->config);
    mem_free(s->from);
    channel_settings_init(s);
}

void channel_request_init(struct channel_request *r, enum channel_dialect dialect)
{
    memset(r, 0, sizeof *r);
    r->dialect = dialect;
    memcpy(r->id, "null", sizeof "null");
    channel_settings_init(&r->settings);
    kv_init(&r->macros);
    strlist_init(&r->to);
}

void channel_request_clean(struct channel_request *r)
{
    channel_settings_clean(&r->settings);
    kv_clean(&r->macros);
    strlist_clean(&r->to);
    channel_request_init(r, r->dialect);
}

const char *channel_text(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(v) && v->valuestring ? v->valuestring : "";
}

static enum nt_status wrong(struct channel_request *r, enum channel_fault fault, struct buf *error, const char *words)
{
    r->fault = fault;
    buf_adds(error, words);
    return NT_EINVAL;
}

/* The id as it is to be sent back. A number that a double cannot hold exactly would come back as another one. */
static enum nt_status read_id(const cJSON *id, char out[CHANNEL_ID_MAX])
{
    struct buf text;
    buf_init(&text, CHANNEL_ID_MAX - 1);
    struct json j;
    json_begin(&j, &text);
    if (cJSON_IsString(id) && id->valuestring)
        json_string(&j, id->valuestring);
    else if (cJSON_IsNumber(id) && id->valuedouble >= 0 && id->valuedouble <= 9007199254740992.0 &&
             id->valuedouble == (double)(int64_t)id->valuedouble)
        json_int(&j, (int64_t)id->valuedouble);
    else if (cJSON_IsNull(id))
        json_null(&j);
    enum nt_status status = buf_status(&text);
    if (!status && !text.len)
        status = NT_EINVAL;
    if (!status)
        memcpy(out, buf_text(&text), text.len + 1);
    buf_clean(&text);
    return status == NT_ETOOBIG ? NT_EINVAL : status;
}

/* A setting that is a text; empty or null: none. */
static enum nt_status read_words(const cJSON *params, const char *name, char **out, struct buf *error)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(params, name);
    if (!v || cJSON_IsNull(v))
        return NT_OK;
    if (!cJSON_IsString(v) || !v->valuestring) {
        buf_addf(error, "%s: a text is expected", name);
        return NT_EINVAL;
    }
    if (!*v->valuestring)
        return NT_OK;
    *out = mem_strdup(v->valuestring);
    return *out ? NT_OK : NT_ENOMEM;
}

/* A setting that is a whole number, or the text of one. */
static enum nt_status read_number(const cJSON *params, const char *name, int least, int most, int *out,
                                  struct buf *error)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(params, name);
    int value = -1;
    if (!v || cJSON_IsNull(v) || (cJSON_IsString(v) && v->valuestring && !*v->valuestring))
        return NT_OK;
    if (cJSON_IsNumber(v) && v->valuedouble >= least && v->valuedouble <= most &&
        v->valuedouble == (double)(int)v->valuedouble)
        value = (int)v->valuedouble;
    if (cJSON_IsString(v) && v->valuestring) {
        size_t digits = strspn(v->valuestring, "0123456789");
        if (digits <= 6 && !v->valuestring[digits])
            value = (int)strtol(v->valuestring, NULL, 10);
    }
    if (value < least || value > most) {
        buf_addf(error, "%s: a whole number from %d to %d is expected", name, least, most);
        return NT_EINVAL;
    }
    *out = value;
    return NT_OK;
}

static void pass_over(const cJSON *params)
{
    static const char *const known[] = {"config", "from", "max_segments", "wait"};
    const cJSON *each;
    cJSON_ArrayForEach(each, params)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= !strcmp(each->string ? each->string : "", known[i]);
        if (!is_known)
            log_warning("the setting \"%.64s\" is not known: passed over", each->string ? each->string : "");
    }
}

static enum nt_status read_settings(const cJSON *params, struct channel_settings *s, struct buf *error)
{
    if (!params || cJSON_IsNull(params))
        return NT_OK; /* all as it was offered */
    if (!cJSON_IsObject(params)) {
        buf_adds(error, "params: an object is expected");
        return NT_EINVAL;
    }
    pass_over(params);
    enum nt_status status = read_words(params, "config", &s->config, error);
    if (!status && s->config && *s->config != '/') {
        buf_adds(error, "config: an absolute path is expected");
        status = NT_EINVAL;
    }
    if (!status)
        status = read_words(params, "from", &s->from, error);
    if (!status)
        status = read_number(params, "max_segments", 1, CHANNEL_SEGMENTS_MAX, &s->max_segments, error);
    if (!status)
        status = read_number(params, "wait", 0, CHANNEL_WAIT_MAX, &s->wait, error);
    return status;
}

static enum nt_status read_method(const cJSON *json, const char *type, struct channel_request *r, struct buf *error)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(json, "params");
    const char *method = channel_text(json, "method");
    enum nt_status status = NT_OK;
    if (!strcmp(method, "GetInfo")) {
        r->method = CHANNEL_GET_INFO;
    } else if (!strcmp(method, "SetConfig")) {
        r->method = CHANNEL_SET_CONFIG;
        status = read_settings(params, &r->settings, error);
    } else if (!strcmp(method, "SendNotification")) {
        r->method = CHANNEL_SEND_NOTIFICATION;
        status = channel_notification_read(params, type, r, error);
    } else {
        buf_addf(error, "unknown method: \"%.64s\"", method);
        r->fault = CHANNEL_NO_METHOD;
        return NT_EINVAL;
    }
    if (status == NT_EINVAL)
        r->fault = CHANNEL_BAD_PARAMS;
    return status;
}

static enum nt_status read_object(const cJSON *json, const char *type, struct channel_request *r, struct buf *error)
{
    if (!cJSON_IsObject(json))
        return wrong(r, CHANNEL_NO_REQUEST, error, "a request is one JSON object");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "jsonrpc");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(json, "method");
    r->dialect = version ? CHANNEL_JSONRPC : CHANNEL_PLAIN;
    if (!method && (cJSON_HasObjectItem(json, "result") || cJSON_HasObjectItem(json, "error")))
        return NT_ENOENT;
    enum nt_status status = id ? read_id(id, r->id) : NT_OK;
    if (status == NT_ENOMEM)
        return status;
    if (status)
        return wrong(r, CHANNEL_NO_REQUEST, error, "id: a whole number from 0 up or a short text is expected");
    r->silent = !id && version;
    if (version && strcmp(channel_text(json, "jsonrpc"), "2.0") != 0)
        return wrong(r, CHANNEL_NO_REQUEST, error, "jsonrpc: \"2.0\" is expected");
    if (!cJSON_IsString(method))
        return wrong(r, CHANNEL_NO_REQUEST, error, "method: a text is expected");
    return read_method(json, type, r, error);
}

enum nt_status channel_request_read(const char *line, size_t len, const char *type, struct channel_request *out,
                                    struct buf *error)
{
    /* cJSON wants the NUL to see that nothing follows the object. */
    char *text = mem_strndup(line, len);
    if (!text)
        return NT_ENOMEM;
    cJSON *json = cJSON_ParseWithLengthOpts(text, len + 1, NULL, true);
    enum nt_status status = json ? read_object(json, type, out, error)
                                 : wrong(out, CHANNEL_NO_JSON, error, "not one JSON object on one line");
    cJSON_Delete(json);
    mem_free(text);
    return status;
}

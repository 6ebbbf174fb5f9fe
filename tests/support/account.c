/*
 * account: the simulated account and its behaviour.
 *
 * The account is fixed at start; the settings change under the simulator's lock through the control interface, so that
 * one running simulator serves many tests.
 *
 * DIAGNOSTICS: adders return false on a malformed sender, service or key; settings_apply tells in words.
 */
#include "account.h"

#include "fields.h"
#include "ledger.h"

#include "base/mem.h"
#include "base/number.h"
#include "base/vector.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

bool sid_is(const char *s, const char *prefix)
{
    return s && strlen(s) == 34 && strncmp(s, prefix, 2) == 0 && strspn(s + 2, "0123456789abcdefABCDEF") == 32;
}

enum sender_kind sender_kind(const char *name)
{
    if (number_is_e164(name))
        return SENDER_NUMBER;
    size_t len = strlen(name);
    if (strspn(name, "0123456789") == len)
        return len >= 3 && len <= 8 ? SENDER_SHORT : SENDER_BAD;
    bool letter = false;
    for (const char *c = name; *c; c++) {
        letter |= isalpha((unsigned char)*c) != 0;
        if (!isalnum((unsigned char)*c) && !strchr(" &+-_", *c))
            return SENDER_BAD;
    }
    return letter && len <= 11 ? SENDER_ALPHA : SENDER_BAD;
}

void account_defaults(struct account *a)
{
    if (!a->sid[0])
        memcpy(a->sid, "AC00000000000000000000000000000000", SID_SIZE);
    if (!a->token)
        a->token = need_text("0123456789abcdef0123456789abcdef");
    if (!a->n_senders && !a->n_services)
        account_add_sender(a, "+15005550006");
}

void account_clean(struct account *a)
{
    mem_free(a->token);
    for (int i = 0; i < a->n_keys; i++)
        mem_free(a->key[i]);
    for (int i = 0; i < a->n_senders; i++)
        mem_free(a->sender[i].name);
    for (int i = 0; i < a->n_services; i++)
        for (int k = 0; k < a->service[i].n; k++)
            mem_free(a->service[i].pool[k]);
    *a = (struct account){0};
}

bool account_add_sender(struct account *a, const char *text)
{
    const char *colon = strchr(text, ':');
    if (a->n_senders == ACCOUNT_SENDERS || (colon && strcmp(colon, ":sms") != 0))
        return false;
    char *name = need(mem_strndup(text, colon ? (size_t)(colon - text) : strlen(text)));
    if (sender_kind(name) == SENDER_BAD) {
        mem_free(name);
        return false;
    }
    a->sender[a->n_senders++] = (struct sender){.name = name, .no_media = colon || sender_kind(name) == SENDER_ALPHA};
    return true;
}

bool account_add_service(struct account *a, const char *text)
{
    size_t len = strcspn(text, ":");
    if (a->n_services == ACCOUNT_SERVICES || len != 34)
        return false;
    struct service *s = &a->service[a->n_services];
    memcpy(s->sid, text, len);
    s->sid[len] = '\0';
    if (!sid_is(s->sid, "MG"))
        return false;
    a->n_services++;
    for (const char *at = text + len; *at; at += strcspn(at, ",")) {
        at++;
        char *name = need(mem_strndup(at, strcspn(at, ",")));
        if (s->n == SERVICE_POOL || sender_kind(name) == SENDER_BAD) {
            mem_free(name);
            return false;
        }
        s->pool[s->n++] = name;
    }
    if (s->n == 0)
        s->pool[s->n++] = need_text("+15005550006");
    return true;
}

bool account_add_key(struct account *a, const char *text)
{
    if (a->n_keys == ACCOUNT_KEYS || strlen(text) < 36 || text[34] != ':' || strncmp(text, "SK", 2) != 0)
        return false;
    a->key[a->n_keys++] = need_text(text);
    return true;
}

const struct sender *account_sender(const struct account *a, const char *name)
{
    for (int i = 0; i < a->n_senders; i++)
        if (strcmp(a->sender[i].name, name) == 0)
            return &a->sender[i];
    return NULL;
}

const struct service *account_service(const struct account *a, const char *sid)
{
    for (int i = 0; i < a->n_services; i++)
        if (strcmp(a->service[i].sid, sid) == 0)
            return &a->service[i];
    return NULL;
}

bool account_admits(const struct account *a, const char *user, const char *password)
{
    if (strcmp(user, a->sid) == 0 && strcmp(password, a->token) == 0)
        return true;
    for (int i = 0; i < a->n_keys; i++)
        if (strlen(user) == 34 && strncmp(a->key[i], user, 34) == 0 && strcmp(a->key[i] + 35, password) == 0)
            return true;
    return false;
}

void settings_init(struct settings *s)
{
    *s = (struct settings){.speed = 1.0, .step = {20, 20, 20, 40}, .balance = need_text("14.2500")};
}

static void forget_fates(struct settings *s)
{
    for (size_t i = 0; i < s->n; i++)
        mem_free(s->fate[i].to);
    mem_free(s->fate);
    s->fate = NULL;
    s->n = s->size = 0;
}

void settings_clean(struct settings *s)
{
    forget_fates(s);
    mem_free(s->balance);
    *s = (struct settings){0};
}

static bool apply_fates(struct settings *s, const cJSON *object, struct buf *error)
{
    if (!cJSON_IsObject(object)) {
        buf_adds(error, "outcomes: an object of number: {status, error, times} is expected");
        return false;
    }
    forget_fates(s);
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(item, "status");
        const cJSON *code = cJSON_GetObjectItemCaseSensitive(item, "error");
        const cJSON *times = cJSON_GetObjectItemCaseSensitive(item, "times");
        int known = cJSON_IsString(status) ? message_status_parse(status->valuestring) : -1;
        if (known < 0) {
            buf_addf(error, "outcomes: %s: no such status", item->string);
            return false;
        }
        need(VECTOR_GROW(s, fate) ? s : NULL);
        s->fate[s->n++] = (struct fate){.to = need_text(item->string),
                                        .status = known,
                                        .error = cJSON_IsNumber(code) ? code->valueint : 0,
                                        .left = cJSON_IsNumber(times) ? times->valueint : -1};
    }
    return true;
}

static bool apply_schedule(struct settings *s, const cJSON *object, struct buf *error)
{
    static const char *const name[STEPS] = {"accepted", "queued", "sending", "sent"};
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        int i = 0;
        while (i < STEPS && strcmp(name[i], item->string) != 0)
            i++;
        if (i == STEPS || !cJSON_IsNumber(item)) {
            buf_addf(error, "schedule: %s: not accepted|queued|sending|sent with milliseconds", item->string);
            return false;
        }
        s->step[i] = (int64_t)item->valuedouble;
    }
    return true;
}

bool settings_apply(struct settings *s, const cJSON *object, struct buf *error)
{
    const cJSON *item;
    if (!cJSON_IsObject(object)) {
        buf_adds(error, "an object is expected");
        return false;
    }
    cJSON_ArrayForEach(item, object)
    {
        const char *key = item->string;
        if (strcmp(key, "latency") == 0 && cJSON_IsNumber(item)) {
            s->latency = (int64_t)item->valuedouble;
        } else if (strcmp(key, "list_delay") == 0 && cJSON_IsNumber(item)) {
            s->list_delay = (int64_t)item->valuedouble;
        } else if (strcmp(key, "speed") == 0 && cJSON_IsNumber(item) && item->valuedouble > 0) {
            s->speed = item->valuedouble;
        } else if (strcmp(key, "max_concurrent") == 0 && cJSON_IsNumber(item)) {
            s->max_concurrent = item->valueint;
        } else if (strcmp(key, "trial") == 0 && cJSON_IsBool(item)) {
            s->trial = cJSON_IsTrue(item);
        } else if (strcmp(key, "redact") == 0 && cJSON_IsBool(item)) {
            s->redact = cJSON_IsTrue(item);
        } else if (strcmp(key, "lenient") == 0 && cJSON_IsBool(item)) {
            s->lenient = cJSON_IsTrue(item);
        } else if (strcmp(key, "balance") == 0 && cJSON_IsString(item)) {
            mem_free(s->balance);
            s->balance = need_text(item->valuestring);
        } else if (strcmp(key, "schedule") == 0 && cJSON_IsObject(item)) {
            if (!apply_schedule(s, item, error))
                return false;
        } else if (strcmp(key, "outcomes") == 0) {
            if (!apply_fates(s, item, error))
                return false;
        } else {
            buf_addf(error, "%s: unknown setting or wrong type", key);
            return false;
        }
    }
    return true;
}

void settings_json(const struct settings *s, struct json *j)
{
    json_object(j);
    json_key(j, "latency");
    json_int(j, s->latency);
    json_key(j, "list_delay");
    json_int(j, s->list_delay);
    json_key(j, "max_concurrent");
    json_int(j, s->max_concurrent);
    json_key(j, "trial");
    json_bool(j, s->trial);
    json_key(j, "redact");
    json_bool(j, s->redact);
    json_key(j, "lenient");
    json_bool(j, s->lenient);
    json_key(j, "balance");
    json_string(j, s->balance);
    json_key(j, "outcomes");
    json_object(j);
    for (size_t i = 0; i < s->n; i++) {
        json_key(j, s->fate[i].to);
        json_object(j);
        json_key(j, "status");
        json_string(j, message_status_name(s->fate[i].status));
        json_key(j, "error");
        json_int(j, s->fate[i].error);
        json_key(j, "left");
        json_int(j, s->fate[i].left);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

const struct fate *settings_fate(struct settings *s, const char *to)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->fate[i].to, to) == 0 && s->fate[i].left != 0) {
            if (s->fate[i].left > 0)
                s->fate[i].left--;
            return &s->fate[i];
        }
    return NULL;
}

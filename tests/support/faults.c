/*
 * faults: which rule, if any, strikes a request.
 *
 * Rules are looked at in order. One that matches counts the match; it strikes unless it is still to leave some alone
 * (`after`), has struck often enough (`times`) or its dice say no; otherwise the next rule is looked at. The dice are
 * seeded, so a run can be repeated.
 *
 * Example: {"to": "+15005550009", "do": "status", "status": 503, "times": 2, "after": 1} answers the second and third
 * request for that number with 503 and leaves all others alone.
 *
 * DIAGNOSTICS: faults_load refuses unknown keys and words, naming them; nothing is changed then.
 */
#include "faults.h"

#include "fields.h"

#include "base/mem.h"
#include "base/vector.h"

#include <cjson/cJSON.h>
#include <string.h>

static const char *const action_name[] = {"none", "status",  "reset",    "close", "hang",
                                          "slow", "garbage", "truncate", "short", "no_sid"};
static const char *const when_name[] = {"headers", "before", "after"};

const char *fault_action_name(enum fault_action a)
{
    return action_name[a];
}
const char *fault_when_name(enum fault_when w)
{
    return when_name[w];
}

static void rule_clean(struct fault_rule *r)
{
    mem_free(r->method);
    mem_free(r->path);
    mem_free(r->to);
    mem_free(r->from);
    mem_free(r->contains);
    mem_free(r->message);
    mem_free(r->body);
    mem_free(r->header);
}

void faults_clean(struct faults *f)
{
    for (size_t i = 0; i < f->n; i++)
        rule_clean(&f->item[i]);
    mem_free(f->item);
    *f = (struct faults){0};
}

static int word(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return (int)i;
    return -1;
}

static bool rule_text(struct fault_rule *r, const char *key, const char *value)
{
    const struct {
        const char *key;
        char **to;
    } place[] = {{"method", &r->method},     {"path", &r->path},       {"to", &r->to},     {"from", &r->from},
                 {"contains", &r->contains}, {"message", &r->message}, {"body", &r->body}, {"header", &r->header}};
    for (size_t i = 0; i < sizeof place / sizeof *place; i++)
        if (strcmp(place[i].key, key) == 0) {
            mem_free(*place[i].to);
            *place[i].to = need_text(value);
            return true;
        }
    if (strcmp(key, "do") == 0) {
        int action = word(action_name, sizeof action_name / sizeof *action_name, value);
        r->action = action > 0 ? (enum fault_action)action : FAULT_NONE;
        return action > 0;
    }
    if (strcmp(key, "when") == 0) {
        int when = word(when_name, sizeof when_name / sizeof *when_name, value);
        r->when = when >= 0 ? (enum fault_when)when : FAULT_BEFORE;
        return when >= 0;
    }
    return strcmp(key, "note") == 0;
}

static bool rule_number(struct fault_rule *r, const char *key, double value)
{
    if (strcmp(key, "status") == 0)
        r->status = (int)value;
    else if (strcmp(key, "code") == 0)
        r->code = (int)value;
    else if (strcmp(key, "retry_after") == 0)
        r->retry_after = (int64_t)value;
    else if (strcmp(key, "delay") == 0)
        r->delay = (int64_t)value;
    else if (strcmp(key, "after") == 0)
        r->after = (int64_t)value;
    else if (strcmp(key, "times") == 0)
        r->times = (int64_t)value;
    else if (strcmp(key, "probability") == 0)
        r->probability = value;
    else
        return false;
    return true;
}

static bool rule_parse(struct fault_rule *r, const cJSON *object, struct buf *error)
{
    *r = (struct fault_rule){.times = -1, .probability = 1, .retry_after = -1, .when = FAULT_AFTER};
    const cJSON *item;
    bool when = false;
    cJSON_ArrayForEach(item, object)
    {
        const char *key = item->string ? item->string : "";
        bool known = false;
        if (cJSON_IsString(item))
            known = rule_text(r, key, item->valuestring);
        else if (cJSON_IsNumber(item))
            known = rule_number(r, key, item->valuedouble);
        else if (cJSON_IsBool(item) && strcmp(key, "reused") == 0)
            known = (r->reused = cJSON_IsTrue(item) ? 1 : -1) != 0;
        when |= strcmp(key, "when") == 0;
        if (!known) {
            buf_addf(error, "fault rule: %s: unknown key, word or type", key);
            return false;
        }
    }
    if (r->action == FAULT_NONE) {
        buf_adds(error, "fault rule: \"do\" is missing");
        return false;
    }
    if (r->action == FAULT_STATUS && !when)
        r->when = FAULT_BEFORE; /* a refusal that took the message all the same must be asked for */
    if (r->action == FAULT_STATUS && (r->status < 200 || r->status > 599)) {
        buf_adds(error, "fault rule: status 200 to 599 is missing");
        return false;
    }
    if (r->when == FAULT_HEADERS && (r->to || r->from || r->contains)) {
        buf_adds(error, "fault rule: before the body is read, to, from and contains are not known");
        return false;
    }
    return true;
}

bool faults_load(struct faults *f, const cJSON *json, struct buf *error)
{
    const cJSON *list = cJSON_IsArray(json) ? json : cJSON_GetObjectItemCaseSensitive(json, "rules");
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(json, "seed");
    bool append = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "append"));
    struct faults fresh = {.random = cJSON_IsNumber(seed) ? (uint64_t)seed->valuedouble : f->random};
    if (!cJSON_IsArray(list)) {
        buf_adds(error, "faults: a list of rules is expected");
        return false;
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsObject(item)) {
            buf_adds(error, "faults: a rule is an object");
            faults_clean(&fresh);
            return false;
        }
        need(VECTOR_GROW(&fresh, item) ? f : NULL);
        if (!rule_parse(&fresh.item[fresh.n++], item, error)) {
            faults_clean(&fresh);
            return false;
        }
    }
    if (append) {
        for (size_t i = 0; i < fresh.n; i++) {
            need(VECTOR_GROW(f, item) ? f : NULL);
            f->item[f->n++] = fresh.item[i];
        }
        f->random = fresh.random;
        mem_free(fresh.item);
    } else {
        faults_clean(f);
        *f = fresh;
    }
    return true;
}

static bool matches(const struct fault_rule *r, const struct fault_subject *s)
{
    if ((r->when == FAULT_HEADERS) != s->headers_only)
        return false;
    if ((r->reused > 0 && !s->reused) || (r->reused < 0 && s->reused))
        return false;
    return (!r->method || strcmp(r->method, s->method) == 0) && (!r->path || strstr(s->path, r->path)) &&
           (!r->to || strcmp(r->to, s->to) == 0) && (!r->from || strcmp(r->from, s->from) == 0) &&
           (!r->contains || strstr(s->body, r->contains));
}

/* In [0, 1). */
static double dice(struct faults *f)
{
    uint64_t x = f->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

const struct fault_rule *faults_pick(struct faults *f, const struct fault_subject *subject)
{
    for (size_t i = 0; i < f->n; i++) {
        struct fault_rule *r = &f->item[i];
        if (!matches(r, subject))
            continue;
        r->matched++;
        if (r->matched <= r->after || (r->times >= 0 && r->applied >= r->times))
            continue;
        if (r->probability < 1 && dice(f) >= r->probability)
            continue;
        r->applied++;
        return r;
    }
    return NULL;
}

void faults_json(const struct faults *f, struct json *j)
{
    json_array(j);
    for (size_t i = 0; i < f->n; i++) {
        const struct fault_rule *r = &f->item[i];
        json_object(j);
        json_key(j, "do");
        json_string(j, action_name[r->action]);
        json_key(j, "when");
        json_string(j, when_name[r->when]);
        if (r->to) {
            json_key(j, "to");
            json_string(j, r->to);
        }
        json_key(j, "times");
        json_int(j, r->times);
        json_key(j, "matched");
        json_int(j, r->matched);
        json_key(j, "applied");
        json_int(j, r->applied);
        json_end(j);
    }
    json_end(j);
}

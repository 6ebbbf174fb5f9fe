/*
 * control: the tests' own door, /_sim/…, JSON, without a password.
 *
 *     GET  requests[?since=N&path=PART]   GET  messages[?to=+1…&since=MS]   GET violations
 *     GET  stats                          GET  faults                       GET settings
 *     POST faults    rules (see faults.h)         POST settings  (see account.h)
 *     POST settle    {"sid"|"to":…, "status":…, "error":N}: ends messages with a status
 *     POST plant     {"to","from"|"service","body","status","error","age"}: a message that was there before (age ms)
 *     POST advance   {"ms":N}: pushes the messages' clock on
 *     POST reset     {}: forgets requests, violations, counts, messages and faults
 *
 * DIAGNOSTICS: 400 with {"error":"…"} for what cannot be understood; 404 for an unknown path.
 */
#include "sim.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void complain(struct exchange *x, const char *words)
{
    struct json j;
    x->status = 400;
    buf_reset(&x->answer);
    json_begin(&j, &x->answer);
    json_object(&j);
    json_key(&j, "error");
    json_string(&j, words);
    json_end(&j);
}

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void say_n(struct exchange *x, const char *key, int64_t n)
{
    struct json j;
    json_begin(&j, &x->answer);
    json_object(&j);
    json_key(&j, key);
    json_int(&j, n);
    json_end(&j);
}

static void show_messages(struct sim *s, struct exchange *x)
{
    const char *to = fields_get(&x->query, "to"), *since = fields_get(&x->query, "since");
    int64_t from = since ? strtoll(since, NULL, 10) : 0, clock = sim_clock(s);
    struct json j;
    json_begin(&j, &x->answer);
    json_array(&j);
    for (size_t i = 0; i < s->ledger.n; i++) {
        const struct message *m = &s->ledger.item[i];
        if ((!to || strcmp(m->to, to) == 0) && m->created >= from)
            message_phone_json(m, clock, &j);
    }
    json_end(&j);
}

static void settle(struct sim *s, struct exchange *x, const cJSON *json)
{
    const char *sid = text_of(json, "sid"), *to = text_of(json, "to"), *word = text_of(json, "status");
    int status = word ? message_status_parse(word) : -1, settled = 0;
    if (status < 0) {
        complain(x, "settle: status is missing or no status");
        return;
    }
    for (size_t i = 0; i < s->ledger.n; i++) {
        struct message *m = &s->ledger.item[i];
        if ((sid && strcmp(m->sid, sid) != 0) || (to && strcmp(m->to, to) != 0))
            continue;
        message_settle(m, (enum message_status)status, (int)number_of(json, "error"));
        settled++;
    }
    say_n(x, "settled", settled);
}

static void plant(struct sim *s, struct exchange *x, const cJSON *json)
{
    const char *word = text_of(json, "status");
    int status = word ? message_status_parse(word) : MESSAGE_DELIVERED;
    struct draft d = {.to = text_of(json, "to"),
                      .from = text_of(json, "from"),
                      .service = text_of(json, "service"),
                      .body = text_of(json, "body"),
                      .age = (int64_t)number_of(json, "age")};
    if (!d.to || status < 0) {
        complain(x, "plant: to is missing, or status is none");
        return;
    }
    ledger_add(&s->ledger, &s->account, &s->settings, &d, sim_wall(), sim_clock(s));
    struct message *m = ledger_settle_in(&s->ledger);
    message_settle(m, (enum message_status)status, (int)number_of(json, "error"));
    struct json j;
    json_begin(&j, &x->answer);
    json_object(&j);
    json_key(&j, "sid");
    json_string(&j, m->sid);
    json_end(&j);
}

static void reset(struct sim *s, struct exchange *x)
{
    uint64_t seed = s->ledger.seed + (uint64_t)s->ledger.n + 1000003;
    record_reset(&s->record);
    ledger_clean(&s->ledger);
    ledger_init(&s->ledger, seed);
    faults_clean(&s->faults);
    say_n(x, "ok", 1);
}

static void post(struct sim *s, struct exchange *x, const char *what, const cJSON *json)
{
    struct buf error;
    buf_init(&error, 1000);
    if (strcmp(what, "faults") == 0) {
        if (faults_load(&s->faults, json, &error))
            say_n(x, "rules", (int64_t)s->faults.n);
        else
            complain(x, buf_text(&error));
    } else if (strcmp(what, "settings") == 0) {
        if (settings_apply(&s->settings, json, &error))
            say_n(x, "ok", 1);
        else
            complain(x, buf_text(&error));
    } else if (strcmp(what, "settle") == 0) {
        settle(s, x, json);
    } else if (strcmp(what, "plant") == 0) {
        plant(s, x, json);
    } else if (strcmp(what, "advance") == 0) {
        s->clock = sim_clock(s) + (int64_t)number_of(json, "ms");
        say_n(x, "clock", s->clock);
    } else if (strcmp(what, "reset") == 0) {
        reset(s, x);
    } else {
        complain(x, "no such control");
        x->status = 404;
    }
    buf_clean(&error);
}

void control_answer(struct sim *s, struct exchange *x)
{
    const char *what = x->path + strlen("/_sim/");
    struct json j;
    x->status = 200;
    json_begin(&j, &x->answer);
    if (strcmp(x->method, "POST") == 0) {
        cJSON *json = x->body.len ? cJSON_ParseWithLength(buf_text(&x->body), x->body.len) : cJSON_CreateObject();
        if (json)
            post(s, x, what, json);
        else
            complain(x, "not JSON");
        cJSON_Delete(json);
    } else if (strcmp(what, "requests") == 0) {
        const char *since = fields_get(&x->query, "since");
        record_json(&s->record, since ? strtoll(since, NULL, 10) : 1, fields_get(&x->query, "path"), &j);
    } else if (strcmp(what, "messages") == 0) {
        show_messages(s, x);
    } else if (strcmp(what, "violations") == 0) {
        record_violations_json(&s->record, &j);
    } else if (strcmp(what, "stats") == 0) {
        record_stats_json(&s->record, &j);
    } else if (strcmp(what, "faults") == 0) {
        faults_json(&s->faults, &j);
    } else if (strcmp(what, "settings") == 0) {
        settings_json(&s->settings, &j);
    } else {
        complain(x, "no such control");
        x->status = 404;
    }
    if (buf_status(&x->answer) != NT_OK)
        complain(x, "the answer is too long: ask for less");
}

/*
 * api: the calls of Twilio's REST interface that the simulator knows.
 *
 *     POST   …/Messages.json          create          GET  …/Messages.json        list
 *     GET    …/Messages/{sid}.json    read            POST …/Messages/{sid}.json  cancel, redact
 *     DELETE …/Messages/{sid}.json    forget          POST …/Calls.json           call
 *     GET    …/Balance.json           balance         GET  …/Accounts/{sid}.json  account
 *
 * Everything runs under the simulator's lock and only fills in the exchange; what really goes out (or does not) is
 * exchange.c's business. With `effect` false a request is judged and nothing happens: the fault strikes before it.
 */
#include "sim.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char root[] = "/2010-04-01/Accounts/";

/* Decodes base64 into out (NUL-terminated, cut at size); false when it is none. */
static bool base64(const char *text, char *out, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned value = 0, bits = 0;
    size_t n = 0;
    for (; *text && *text != '='; text++) {
        const char *d = strchr(digit, *text);
        if (!d)
            return false;
        value = value << 6 | (unsigned)(d - digit);
        if ((bits += 6) >= 8 && n + 1 < size)
            out[n++] = (char)(value >> (bits -= 8) & 0xff);
    }
    out[n] = '\0';
    return true;
}

static bool authorised(struct sim *s, struct exchange *x)
{
    char pair[512];
    const char *header = exchange_header(x, "Authorization");
    if (header && strncmp(header, "Basic ", 6) == 0 && base64(header + 6, pair, sizeof pair)) {
        char *colon = strchr(pair, ':');
        if (colon) {
            *colon = '\0';
            snprintf(x->user, sizeof x->user, "%.63s", pair);
            if (account_admits(&s->account, pair, colon + 1))
                return true;
        }
    }
    exchange_refuse(x, 401, 20003, "Authenticate");
    return false;
}

static void create(struct sim *s, struct exchange *x, bool effect)
{
    struct draft draft;
    if (!strict_message(s, x, &draft) || !effect)
        return;
    int64_t clock = sim_clock(s);
    struct message *m = ledger_add(&s->ledger, &s->account, &s->settings, &draft, sim_wall(), clock);
    struct json j;
    memcpy(x->sid, m->sid, sizeof x->sid);
    x->status = 201;
    json_begin(&j, &x->answer);
    message_json(m, &s->account, &s->settings, clock, &j);
    if (x->tally) {
        x->tally->accepted++;
        x->tally->segments += m->segments;
    }
    s->record.all.accepted++;
    s->record.all.segments += m->segments;
}

/* "2024-02-28" or a full ISO time in UTC → ms since the epoch of that day's start; false: neither. */
static bool day(const char *text, int64_t *ms)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (!end || (*end && *end != 'T' && *end != ' '))
        return false;
    *ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

static bool whole(struct exchange *x, const char *name, long low, long high, long *out)
{
    const char *text = fields_get(&x->query, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (!*text || *end || errno || value < low) {
        exchange_refuse(x, 400, 20001, "Invalid %s", name);
        return false;
    }
    *out = value > high ? high : value;
    return true;
}

/* The parameters of a list request; false: refused. */
static bool list_query(struct exchange *x, struct ledger_filter *f, long *page)
{
    enum { DAY = 86400000 };
    f->limit = 50;
    if (x->query.fault)
        exchange_violation(x, "query: %s", x->query.fault);
    for (size_t i = 0; i < x->query.n; i++) {
        const char *name = x->query.item[i].name, *value = x->query.item[i].value;
        int64_t at = 0;
        bool date = strncmp(name, "DateSent", 8) == 0;
        if (date && !day(name[8] && name[9] == '=' ? name + 10 : value, &at)) {
            exchange_refuse(x, 400, 20001, "Invalid %s", name);
            return false;
        }
        if (strcmp(name, "To") == 0) {
            f->to = value;
            if (value[0] == ' ')
                exchange_violation(x, "To begins with a space: a '+' that was not encoded");
        } else if (strcmp(name, "From") == 0) {
            f->from = value;
        } else if (date && name[8] == '>') {
            f->since = at;
        } else if (date && name[8] == '<') {
            f->before = at + DAY;
        } else if (date && !name[8]) {
            f->since = at;
            f->before = at + DAY;
        } else if (strcmp(name, "PageToken") == 0 && strncmp(value, "PA", 2) == 0) {
            f->after = value + 2;
        } else if (strcmp(name, "Page") != 0 && strcmp(name, "PageSize") != 0) {
            exchange_violation(x, "unknown query parameter %s", name);
            exchange_refuse(x, 400, 20001, "Unknown parameter %s", name);
            return false;
        }
    }
    return whole(x, "PageSize", 1, 1000, &f->limit) && whole(x, "Page", 0, 100000, page);
}

static void page_uri(struct sim *s, struct exchange *x, struct json *j, const char *key, long page, const char *token)
{
    struct buf uri;
    buf_init(&uri, 1 << 16);
    buf_addf(&uri, "%s%s/Messages.json?", root, s->account.sid);
    for (size_t i = 0; i < x->query.n; i++) {
        const char *name = x->query.item[i].name;
        if (strcmp(name, "Page") == 0 || strcmp(name, "PageToken") == 0)
            continue;
        fields_encode(&uri, name);
        buf_addc(&uri, '=');
        fields_encode(&uri, x->query.item[i].value);
        buf_addc(&uri, '&');
    }
    buf_addf(&uri, "Page=%ld", page);
    if (token)
        buf_addf(&uri, "&PageToken=PA%s", token);
    json_key(j, key);
    json_string(j, buf_text(&uri));
    buf_clean(&uri);
}

static void list(struct sim *s, struct exchange *x)
{
    struct ledger_filter f = {.now = sim_wall() - s->settings.list_delay};
    long page = 0;
    bool more;
    if (!list_query(x, &f, &page))
        return;
    f.skip = f.after ? 0 : page * f.limit;
    size_t *found = need(mem_array((size_t)f.limit, sizeof *found));
    int64_t clock = sim_clock(s);
    size_t n = ledger_list(&s->ledger, &f, clock, s->settings.speed, found, &more);

    struct json j;
    x->status = 200;
    json_begin(&j, &x->answer);
    json_object(&j);
    page_uri(s, x, &j, "first_page_uri", 0, NULL);
    json_key(&j, "end");
    json_int(&j, page * f.limit + (int64_t)n - (n ? 1 : 0));
    json_key(&j, "previous_page_uri");
    json_null(&j);
    json_key(&j, "messages");
    json_array(&j);
    for (size_t i = 0; i < n; i++)
        message_json(&s->ledger.item[found[i]], &s->account, &s->settings, clock, &j);
    json_end(&j);
    page_uri(s, x, &j, "uri", page, f.after);
    json_key(&j, "page_size");
    json_int(&j, f.limit);
    json_key(&j, "start");
    json_int(&j, page * f.limit);
    if (more) {
        page_uri(s, x, &j, "next_page_uri", page + 1, s->ledger.item[found[n - 1]].sid);
    } else {
        json_key(&j, "next_page_uri");
        json_null(&j);
    }
    json_key(&j, "page");
    json_int(&j, page);
    json_end(&j);
    mem_free(found);
}

static void update(struct exchange *x, struct message *m, enum message_status now, bool effect)
{
    const char *status = fields_get(&x->form, "Status"), *body = fields_get(&x->form, "Body");
    for (size_t i = 0; i < x->form.n; i++)
        if (strcmp(x->form.item[i].name, "Status") != 0 && strcmp(x->form.item[i].name, "Body") != 0)
            exchange_violation(x, "unknown parameter %s", x->form.item[i].name);
    if (status && strcmp(status, "canceled") == 0) {
        if (now != MESSAGE_ACCEPTED && now != MESSAGE_QUEUED)
            exchange_refuse(x, 409, 30409, "The message cannot be canceled: it is %s", message_status_name((int)now));
        else if (effect)
            message_settle(m, MESSAGE_CANCELED, 0);
    } else if (body && !*body) {
        m->emptied |= effect;
    } else {
        exchange_refuse(x, 400, 20001, "Status=canceled or an empty Body is expected");
    }
}

static void one_message(struct sim *s, struct exchange *x, const char *sid, bool effect)
{
    struct message *m = ledger_find(&s->ledger, sid);
    if (!m) {
        exchange_refuse(x, 404, 20404, "The requested resource %s was not found", x->path);
        return;
    }
    memcpy(x->sid, m->sid, sizeof x->sid);
    enum message_status now = message_status_at(m, sim_clock(s));
    x->status = 200;
    if (strcmp(x->method, "DELETE") == 0) {
        if (now < MESSAGE_SENT) {
            exchange_refuse(x, 409, 20009, "Cannot delete message because delivery has not been completed.");
            return;
        }
        m->deleted |= effect;
        x->status = 204;
        return;
    }
    if (strcmp(x->method, "POST") == 0)
        update(x, m, now, effect);
    if (x->status == 200) {
        struct json j;
        json_begin(&j, &x->answer);
        message_json(m, &s->account, &s->settings, sim_clock(s), &j);
    }
}

static void call(struct sim *s, struct exchange *x, bool effect)
{
    if (!strict_call(s, x) || !effect)
        return;
    struct json j;
    x->status = 201;
    snprintf(x->sid, sizeof x->sid, "CA%032llx", (unsigned long long)++s->ids);
    json_begin(&j, &x->answer);
    json_object(&j);
    json_key(&j, "sid");
    json_string(&j, x->sid);
    json_key(&j, "account_sid");
    json_string(&j, s->account.sid);
    json_key(&j, "to");
    json_string(&j, fields_get(&x->form, "To"));
    json_key(&j, "from");
    json_string(&j, fields_get(&x->form, "From"));
    json_key(&j, "status");
    json_string(&j, "queued");
    json_key(&j, "direction");
    json_string(&j, "outbound-api");
    json_key(&j, "duration");
    json_null(&j);
    json_end(&j);
}

static void words(struct exchange *x, const char *const *pair)
{
    struct json j;
    x->status = 200;
    json_begin(&j, &x->answer);
    json_object(&j);
    for (; *pair; pair += 2) {
        json_key(&j, pair[0]);
        json_string(&j, pair[1]);
    }
    json_end(&j);
}

void api_answer(struct sim *s, struct exchange *x, bool effect)
{
    x->status = 204; /* what a request that was not carried out leaves behind; the fault overrides it */
    if (x->query_text && s->account.token && strstr(x->query_text, s->account.token))
        exchange_violation(x, "the auth token in a URL");
    if (!authorised(s, x))
        return;
    size_t at = sizeof root - 1;
    if (strncmp(x->path, root, at) != 0 || strncmp(x->path + at, s->account.sid, 34) != 0) {
        exchange_violation(x, "%s: no such resource", x->path);
        exchange_refuse(x, 404, 20404, "The requested resource %s was not found", x->path);
        return;
    }
    const char *rest = x->path + at + 34;
    bool get = strcmp(x->method, "GET") == 0, post = strcmp(x->method, "POST") == 0;
    char sid[SID_SIZE];
    int end = 0;
    if (strcmp(rest, "/Messages.json") == 0 && post) {
        create(s, x, effect);
    } else if (strcmp(rest, "/Messages.json") == 0 && get) {
        list(s, x);
    } else if (sscanf(rest, "/Messages/%34[A-Za-z0-9].json%n", sid, &end) == 1 && end && !rest[end] &&
               (get || post || strcmp(x->method, "DELETE") == 0)) {
        one_message(s, x, sid, effect);
    } else if (strcmp(rest, "/Calls.json") == 0 && post) {
        call(s, x, effect);
    } else if (strcmp(rest, "/Balance.json") == 0 && get) {
        words(x, (const char *const[]){"currency", "USD", "balance", s->settings.balance, "account_sid", s->account.sid,
                                       NULL});
    } else if (strcmp(rest, ".json") == 0 && get) {
        words(x, (const char *const[]){"sid", s->account.sid, "status", "active", "friendly_name", "Simulated", "type",
                                       s->settings.trial ? "Trial" : "Full", NULL});
    } else {
        exchange_violation(x, "%s %s: no such resource", x->method, x->path);
        exchange_refuse(x, 404, 20404, "The requested resource %s was not found", x->path);
    }
}

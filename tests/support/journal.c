/*
 * journal: an exchange as the JSON line the tests read. Secrets stay out: of the credentials only the user is kept.
 */
#include "sim.h"

static void record_headers(struct exchange *x, struct json *j)
{
    static const char *const name[] = {"Host",   "User-Agent",        "Content-Type", "Content-Length",
                                       "Accept", "Transfer-Encoding", "Expect",       "Connection"};
    json_key(j, "headers");
    json_object(j);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const char *value = exchange_header(x, name[i]);
        if (value) {
            json_key(j, name[i]);
            json_string(j, value);
        }
    }
    json_end(j);
}

void record_exchange(struct sim *s, struct exchange *x)
{
    bool silent = x->action == FAULT_RESET || x->action == FAULT_CLOSE || x->action == FAULT_HANG;
    int64_t now = sim_wall(), number = record_next(&s->record);
    struct buf line;
    struct json j;
    for (size_t i = 0; i < x->violations.n; i++)
        record_violation(&s->record, number, x->violations.item[i]);
    buf_init(&line, 4 * BODY_MAX);
    json_begin(&j, &line);
    json_object(&j);
    json_key(&j, "n");
    json_int(&j, number);
    json_key(&j, "time");
    json_int(&j, now);
    json_key(&j, "connection");
    json_int(&j, x->link->number);
    json_key(&j, "served_before");
    json_int(&j, x->link->served);
    json_key(&j, "in_flight");
    json_int(&j, s->record.all.in_flight);
    json_key(&j, "method");
    json_string(&j, x->method);
    json_key(&j, "path");
    json_string(&j, x->path);
    json_key(&j, "query");
    fields_json(&x->query, &j);
    json_key(&j, "user");
    json_string(&j, x->user);
    record_headers(x, &j);
    json_key(&j, "form");
    fields_json(&x->form, &j);
    json_key(&j, "status"); /* 0: the client gets no answer */
    json_int(&j, silent ? 0 : x->status);
    json_key(&j, "code");
    json_int(&j, x->code);
    json_key(&j, "sid");
    json_string(&j, x->sid[0] ? x->sid : NULL);
    json_key(&j, "violations");
    json_array(&j);
    for (size_t i = 0; i < x->violations.n; i++)
        json_string(&j, x->violations.item[i]);
    json_end(&j);
    json_key(&j, "fault");
    json_string(&j, x->action ? fault_action_name(x->action) : NULL);
    json_key(&j, "when");
    json_string(&j, x->action ? fault_when_name(x->when) : NULL);
    json_end(&j);

    struct buf path;
    buf_init(&path, BODY_MAX);
    buf_addf(&path, "%s %s", x->method, x->path);
    record_add(&s->record, buf_text(&path), buf_text(&line), silent ? 0 : x->status, now);
    buf_clean(&path);
    buf_clean(&line);
}

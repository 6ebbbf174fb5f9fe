/*
 * reply: the words of the answers on the socket, a JSON object each.
 *
 *     an alert             {"ok":true,"exit":N,"pages":[…],"notes":"…"}
 *     one that is not      {"ok":false,"exit":N,"error":"…"}
 *     control=status       {"ok":true,"drainer":"serve","pid":N,"spare":false,"trouble":"","config":"…","last_good":""}
 *
 * DIAGNOSTICS: the buffer's status tells whether an answer fits.
 */
#include "flow/engine.h"

#include "base/json.h"
#include "flow/accepted.h"
#include "flow/report.h"

#include <unistd.h>

void reply_accepted(const struct accepted *a, struct buf *out, bool bodies)
{
    struct json j;
    json_begin(&j, out);
    json_object(&j);
    json_key(&j, "ok");
    json_bool(&j, true);
    json_key(&j, "exit");
    json_int(&j, accepted_exit(a));
    json_key(&j, "pages");
    json_array(&j);
    for (size_t i = 0; i < a->n; i++) {
        if (bodies) {
            report_page_json(&j, a->page[i]);
        } else {
            json_object(&j);
            json_key(&j, "id");
            json_int(&j, a->page[i]->id);
            json_key(&j, "to");
            json_string(&j, a->page[i]->number);
            json_key(&j, "state");
            json_string(&j, page_state_name(a->page[i]->state));
            json_end(&j);
        }
    }
    json_end(&j);
    json_key(&j, "notes");
    json_string(&j, bodies ? buf_text(&a->notes) : "");
    json_end(&j);
}

void reply_error(const char *error, int exit_status, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_object(&j);
    json_key(&j, "ok");
    json_bool(&j, false);
    json_key(&j, "exit");
    json_int(&j, exit_status);
    json_key(&j, "error");
    json_string(&j, error);
    json_end(&j);
}

void reply_status(const struct drainer *d, struct buf *out)
{
    struct json j;
    json_begin(&j, out);
    json_object(&j);
    json_key(&j, "ok");
    json_bool(&j, true);
    json_key(&j, "drainer");
    json_string(&j, d->o->daemon ? "serve" : "send");
    json_key(&j, "pid");
    json_int(&j, getpid());
    json_key(&j, "spare");
    json_bool(&j, d->r->spare);
    json_key(&j, "trouble");
    json_string(&j, buf_text(&d->r->store_trouble));
    json_key(&j, "config");
    json_string(&j, d->r->config->path);
    json_key(&j, "last_good");
    json_string(&j, d->r->config->last_good_reason);
    json_end(&j);
}

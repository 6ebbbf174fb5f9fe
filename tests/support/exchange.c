/*
 * exchange: one request from its first line to its answer, or to the fault it gets instead.
 *
 * An exchange arrives (headers, body), is judged under the lock, waits out its latency parked (suspended, without a
 * thread), and is answered. A fault may strike at the headers, before the judgement has any effect, or afterwards.
 *
 * A hung exchange is looked at five times a second, so that a client that has left does not hold a descriptor for ever.
 *
 * DIAGNOSTICS: none; what goes wrong here is what the tests ask for.
 */
#include "exchange.h"

#include "answer.h"
#include "sim.h"

#include "base/clock.h"
#include "base/mem.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 256 << 20, HANG_MS = 600000, HANG_LOOK_MS = 200 };

int64_t sim_wall(void)
{
    return clock_wall(clock_system());
}

int64_t sim_clock(struct sim *s)
{
    int64_t now = clock_boot(clock_system());
    s->clock += (int64_t)((double)(now - s->clock_at) * s->settings.speed);
    s->clock_at = now;
    return s->clock;
}

void exchange_violation(struct exchange *x, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!strlist_has(&x->violations, text))
        need(strlist_add(&x->violations, text) == NT_OK ? x : NULL);
}

void exchange_refuse(struct exchange *x, int status, int code, const char *format, ...)
{
    char message[600];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    x->status = status;
    x->code = code;
    answer_error(x, message);
}

const char *exchange_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = need(mem_zalloc(sizeof *x));
    size_t path = strcspn(uri, "?");
    x->sim = cls;
    x->connection = connection;
    x->path = need(mem_strndup(uri, path));
    x->query_text = need_text(uri[path] ? uri + path + 1 : "");
    x->retry_after = -1;
    x->control = strncmp(x->path, "/_sim/", 6) == 0;
    fields_decode(&x->query, x->query_text, strlen(x->query_text));
    buf_init(&x->body, BODY_MAX);
    buf_init(&x->answer, ANSWER_MAX);
    strlist_init(&x->violations);
    return x;
}

static void leave_flight(struct exchange *x)
{
    if (!x->in_flight)
        return;
    x->in_flight = false;
    pthread_mutex_lock(&x->sim->lock);
    tally_end(&x->sim->record.all);
    if (x->tally)
        tally_end(x->tally);
    pthread_mutex_unlock(&x->sim->lock);
}

/* Judges, lets the fault distort the answer, records. Needs the lock. */
static void judge(struct sim *s, struct exchange *x)
{
    bool effect = x->action == FAULT_NONE || x->action == FAULT_SLOW || x->when == FAULT_AFTER;
    snprintf(x->request_id, sizeof x->request_id, "RQ%032llx", (unsigned long long)++s->ids);
    if (x->too_big)
        exchange_refuse(x, 413, 20413, "Request too large");
    else if (s->settings.max_concurrent && s->record.all.in_flight > s->settings.max_concurrent)
        exchange_refuse(x, 429, 20429, "Too Many Requests");
    else
        api_answer(s, x, effect);
    answer_distort(x);
    record_exchange(s, x);
}

/* What is judged late is judged here, not by the resumed connection: a client that has left does not call it back. */
static void wake(void *arg)
{
    struct exchange *x = arg;
    if (x->step == EXCHANGE_LATE) {
        pthread_mutex_lock(&x->sim->lock);
        judge(x->sim, x);
        pthread_mutex_unlock(&x->sim->lock);
        x->step = EXCHANGE_ANSWER;
    }
    MHD_resume_connection(x->connection);
}

static enum MHD_Result park(struct exchange *x, int64_t ms, enum exchange_step next)
{
    x->step = next;
    MHD_suspend_connection(x->connection);
    timers_add(&x->sim->timers, ms * 1000000, wake, x);
    return MHD_YES;
}

static enum MHD_Result hang(struct exchange *x)
{
    struct pollfd p = {.fd = answer_socket(x), .events = POLLRDHUP};
    bool gone = poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
    if (x->sim->stopping || gone || timers_now() >= x->hung_until)
        return answer_close(x);
    return park(x, HANG_LOOK_MS, EXCHANGE_HANGING);
}

static enum MHD_Result answer(struct exchange *x)
{
    leave_flight(x);
    switch (x->action) {
    case FAULT_RESET:
        return answer_reset(x);
    case FAULT_CLOSE:
        return answer_close(x);
    case FAULT_HANG:
        x->hung_until = timers_now() + (int64_t)HANG_MS * 1000000;
        return hang(x);
    default:
        return answer_send(x);
    }
}

/* Needs the lock. */
static void choose_fault(struct sim *s, struct exchange *x, bool headers_only)
{
    const char *to = fields_get(&x->form, "To"), *from = fields_get(&x->form, "From");
    if (!from)
        from = fields_get(&x->form, "MessagingServiceSid");
    if (!to)
        to = fields_get(&x->query, "To");
    struct fault_subject subject = {.method = x->method,
                                    .path = x->path,
                                    .to = to ? to : "",
                                    .from = from ? from : "",
                                    .body = fields_get(&x->form, "Body") ? fields_get(&x->form, "Body") : "",
                                    .reused = x->link->served > 0,
                                    .headers_only = headers_only};
    const struct fault_rule *rule = faults_pick(&s->faults, &subject);
    if (!rule)
        return;
    x->action = rule->action;
    x->when = rule->when;
    x->delay = rule->delay;
    x->fault_status = rule->status;
    x->fault_code = rule->code;
    x->retry_after = rule->retry_after;
    x->header = rule->header ? need_text(rule->header) : NULL;
    x->fault_body = rule->body ? need_text(rule->body) : NULL;
    x->fault_message = rule->message ? need_text(rule->message) : NULL;
}

/* The request is complete. */
static enum MHD_Result arrived(struct exchange *x)
{
    struct sim *s = x->sim;
    pthread_mutex_lock(&s->lock);
    if (x->control) {
        control_answer(s, x);
        pthread_mutex_unlock(&s->lock);
        return answer_send(x);
    }
    fields_decode(&x->form, buf_text(&x->body), x->body.len);
    if (strcmp(x->method, "POST") == 0 && strstr(x->path, "/Messages.json")) {
        const char *sender = fields_get(&x->form, "MessagingServiceSid");
        if (!sender)
            sender = fields_get(&x->form, "From");
        x->tally = record_tally(&s->record, sender ? sender : "");
        tally_begin(x->tally, sim_wall());
    }
    tally_begin(&s->record.all, sim_wall());
    x->in_flight = true;
    choose_fault(s, x, false);
    x->delay += s->settings.latency;
    bool late = x->action == FAULT_SLOW && x->when == FAULT_BEFORE;
    if (!late)
        judge(s, x);
    pthread_mutex_unlock(&s->lock);
    if (x->delay > 0)
        return park(x, x->delay, late ? EXCHANGE_LATE : EXCHANGE_ANSWER);
    return answer(x);
}

static void count_link(struct sim *s, struct link *link)
{
    if (link->counted)
        return;
    link->counted = true;
    s->record.connections++;
    if (++s->record.open > s->record.open_peak)
        s->record.open_peak = s->record.open;
}

/* The headers are here; the body is not. */
static enum MHD_Result headers_arrived(struct exchange *x)
{
    struct sim *s = x->sim;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->link = info->socket_context;
    if (x->control)
        return MHD_YES;
    pthread_mutex_lock(&s->lock);
    count_link(s, x->link);
    choose_fault(s, x, true);
    if (x->action) {
        snprintf(x->request_id, sizeof x->request_id, "RQ%032llx", (unsigned long long)++s->ids);
        answer_distort(x);
        record_exchange(s, x);
    }
    pthread_mutex_unlock(&s->lock);
    return x->action ? answer(x) : MHD_YES;
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *data, size_t *size, void **con_cls)
{
    struct exchange *x = *con_cls;
    (void)cls, (void)connection, (void)url, (void)version;
    if (!x->begun) {
        x->begun = true;
        x->method = need_text(method);
        return headers_arrived(x);
    }
    if (*size) {
        if (buf_add(&x->body, data, *size) != NT_OK)
            x->too_big = true;
        *size = 0;
        return MHD_YES;
    }
    switch (x->step) {
    case EXCHANGE_ANSWER:
        return answer(x);
    case EXCHANGE_HANGING:
        return hang(x);
    default:
        return arrived(x);
    }
}

void exchange_end(void *cls, struct MHD_Connection *connection, void **con_cls, enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *con_cls;
    (void)cls, (void)connection, (void)why;
    if (!x)
        return;
    leave_flight(x);
    if (x->link)
        x->link->served++;
    mem_free(x->path);
    mem_free(x->method);
    mem_free(x->query_text);
    fields_clean(&x->query);
    fields_clean(&x->form);
    buf_clean(&x->body);
    buf_clean(&x->answer);
    strlist_clean(&x->violations);
    mem_free(x->header);
    mem_free(x->fault_body);
    mem_free(x->fault_message);
    mem_free(x);
    *con_cls = NULL;
}

void exchange_link(void *cls, struct MHD_Connection *connection, void **socket_context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct sim *s = cls;
    (void)connection;
    pthread_mutex_lock(&s->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct link *link = need(mem_zalloc(sizeof *link));
        link->number = ++s->links;
        *socket_context = link;
    } else {
        if (((struct link *)*socket_context)->counted)
            s->record.open--;
        mem_free(*socket_context);
        *socket_context = NULL;
    }
    pthread_mutex_unlock(&s->lock);
}
